//go:build !linux || !(amd64 || arm64)

package cuda

import (
	"fmt"
	"runtime"
)

// open knows no driver here: on this system libraries cannot be opened without cgo, or there is no driver.
func open(string) (Device, error) {
	return nil, fmt.Errorf("%w: the driver can be used on Linux on amd64 and arm64 only, not on %s/%s", ErrNoDevice, runtime.GOOS, runtime.GOARCH)
}
