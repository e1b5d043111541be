package cuda

import (
	"os"
	"sync"
)

// library is the name of the driver; RPNC_LIBCUDA names another file.
func library() string {
	if name := os.Getenv("RPNC_LIBCUDA"); name != "" {
		return name
	}
	return "libcuda.so.1"
}

var (
	openOnce sync.Once
	opened   Device
	openErr  error
)

// Open is the first GPU of the machine. It is opened once, for the rest of the process; an error, which wraps
// [ErrNoDevice] where there is none that can be used, stays the answer, too.
func Open() (Device, error) {
	openOnce.Do(func() {
		if g, err := open(library()); err != nil {
			openErr = err
		} else {
			opened = g
		}
	})
	return opened, openErr
}
