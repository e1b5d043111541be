//go:build !linux

package kernels_test

import "time"

// threadTime is wall time where the time of a thread is not to be had.
func threadTime() time.Duration { return time.Duration(time.Now().UnixNano()) }
