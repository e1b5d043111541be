//go:build unix

package bench

import (
	"runtime"
	"syscall"
	"time"
)

// usage is what the system counted for this process.
func usage() (u syscall.Rusage) {
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return syscall.Rusage{}
	}
	return u
}

// cpuTime is the processor's time of all threads of this process.
func cpuTime() time.Duration {
	u := usage()
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peakMB is the most memory that this process had at one time, in MiB. Linux counts in KiB, macOS in bytes.
func peakMB() float64 {
	kib := float64(usage().Maxrss)
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		kib /= 1024
	}
	return kib / 1024
}
