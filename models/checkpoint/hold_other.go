//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package checkpoint

import (
	"errors"
	"io"
)

// hold marks nothing: there are no locks here that a dead writer gives back.
func hold(string) (io.Closer, error) { return nil, errors.ErrUnsupported }

// dead does not know.
func dead(string) (mark io.Closer, dead, known bool) { return nil, false, false }
