//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package checkpoint

import (
	"io"
	"os"
	"syscall"
)

// hold marks a file as that of a live writer until the mark is closed, or the writer dies: the system takes a lock back
// from whoever ends, however it ends. It waits for a sweeper that looks at the file, which may have removed it since.
func hold(path string) (mark io.Closer, err error) { return lock(path, syscall.LOCK_EX) }

// dead says whether nobody holds a file; known, whether this file system can tell. The file stays marked until the mark is
// closed.
func dead(path string) (mark io.Closer, dead, known bool) {
	mark, err := lock(path, syscall.LOCK_EX|syscall.LOCK_NB)
	return mark, err == nil, err == nil || err == syscall.EWOULDBLOCK
}

// lock opens a file anew and locks it.
func lock(path string, how int) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	for {
		if err = syscall.Flock(int(f.Fd()), how); err != syscall.EINTR {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
