//go:build !unix

package bench

import (
	"runtime"
	"time"
)

var started = time.Now()

// cpuTime is the time since the start, where the system does not count the processor's.
func cpuTime() time.Duration { return time.Since(started) }

// peakMB is what the runtime has taken from the system, in MiB, where the system does not say.
func peakMB() float64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.Sys) / (1 << 20)
}
