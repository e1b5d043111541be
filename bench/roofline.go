package bench

import (
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"rpnc/internal/kernels"
)

// The two ceilings of the roofline, measured and not read off a data sheet: virtual machines share
// cores, clocks fall under wide vectors, and the kernels that the floor is held against run on this
// machine now. Products are measured with our own fastest kernel, so its distance from the processor's
// peak does not show as a model's; copies by the language's copy within a working set that fits half of
// the level, since a cache that is filled to the brim misses.

// Machine is what this machine can do at best with so many threads, measured: nothing runs faster than
//
//	floor = max(flops / Product, bytes / Copy of the level that the step lives in).
type Machine struct {
	Threads int
	Product float64 // float32 products in cache, GFLOPS
	Levels  []Level // of memory, the smallest first
}

// Level is a cache or the memory behind all of them.
type Level struct {
	Name string
	Size float64 // bytes that it holds
	Copy float64 // bandwidth of a copy that stays in it, bytes read and written, GB/s
}

// Floor is the least time in ms for a step of the workload.
//
// Rates are in 10⁹ a second, hence 10⁶ for milliseconds. A step lives in the smallest level that holds
// all it touches again.
func (m Machine) Floor(c Cost, mode string) float64 {
	if c == (Cost{}) || m.Product == 0 {
		return 0
	}
	level := m.Levels[len(m.Levels)-1]
	for _, l := range m.Levels {
		if c.Resident(mode) <= l.Size {
			level = l
			break
		}
	}
	return max(c.Flops(mode)/m.Product, c.Bytes(mode)/level.Copy) / 1e6
}

// Probe measures the machine with GOMAXPROCS threads; it takes about a second.
func Probe() Machine {
	m := Machine{Threads: runtime.GOMAXPROCS(0), Product: productRate()}
	for _, l := range levels() {
		l.Copy = copyRate(m.Threads, l.Size)
		m.Levels = append(m.Levels, l)
	}
	return m
}

// best is the shortest of the calls within the given time, after one that warms up.
//
// The minimum and not the mean: other work on the machine only ever adds.
func best(during time.Duration, f func()) time.Duration {
	f()
	least := time.Duration(math.MaxInt64)
	for began := time.Now(); time.Since(began) < during; {
		t := time.Now()
		f()
		least = min(least, time.Since(t))
	}
	return least
}

// productRate is the rate of the fastest product that we have: 384³, which stays in the second cache.
func productRate() float64 {
	const n = 384
	a, b, c := make([]float32, n*n), make([]float32, n*n), make([]float32, n*n)
	for i := range a {
		a[i], b[i] = float32(i%7)-3, float32(i%5)-2
	}
	took := best(200*time.Millisecond, func() { kernels.Gemm(n, n, n, a, n, 1, b, n, 1, c, n, false) })
	return 2 * n * n * n / float64(took.Nanoseconds())
}

// copyRate copies within a working set of half a level, each thread its own part of it.
//
// Sources are written before they are read: pages that were never written are one page of zeros, and
// reading them would measure a cache.
func copyRate(threads int, size float64) float64 {
	n := 1 << 25 / threads // of memory: 256 MiB, read and written
	if size < 1<<29 {
		n = int(size/2/2/4) / threads // half of a cache, half of that read, floats, a thread
	}
	src, dst := make([][]float32, threads), make([][]float32, threads)
	for t := range threads {
		src[t], dst[t] = make([]float32, n), make([]float32, n)
		for i := range src[t] {
			src[t][i], dst[t][i] = 1, 2 // pages that nobody wrote are one page
		}
	}
	repeats := max(1, 1<<22/n)
	took := best(150*time.Millisecond, func() {
		var all sync.WaitGroup
		for t := range threads {
			all.Go(func() {
				for range repeats {
					copy(dst[t], src[t])
				}
			})
		}
		all.Wait()
	})
	return 8 * float64(n) * float64(repeats) * float64(threads) / float64(took.Nanoseconds())
}

// largestL3 is what a step can hope to have of a last cache: a virtual machine is told of all that its host has.
const largestL3 = 32 << 20

// levels are the caches of the first core by Linux's account, or what is common, and the memory. Levels that cores have of
// their own count once a thread.
//
// A list of cores with a comma or a range is a cache that several share.
func levels() []Level {
	threads := float64(runtime.GOMAXPROCS(0))
	l2, l3 := 1<<20*threads, 32.0*(1<<20)
	files, _ := filepath.Glob("/sys/devices/system/cpu/cpu0/cache/index*")
	for _, dir := range files {
		size, shared := cacheSize(filepath.Join(dir, "size")), 0
		if list, err := os.ReadFile(filepath.Join(dir, "shared_cpu_list")); err == nil {
			shared = strings.Count(string(list), ",") + strings.Count(string(list), "-")
		}
		switch level, _ := os.ReadFile(filepath.Join(dir, "level")); {
		case size == 0:
		case strings.TrimSpace(string(level)) == "2" && shared == 0:
			l2 = size * threads
		case strings.TrimSpace(string(level)) == "2":
			l2 = size
		case strings.TrimSpace(string(level)) == "3":
			l3 = min(size, largestL3)
		}
	}
	return []Level{{Name: "L2", Size: l2}, {Name: "L3", Size: l3}, {Name: "DRAM", Size: math.Inf(1)}}
}

// cacheSize reads a size such as 2048K; 0 where there is none.
func cacheSize(file string) float64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	kib, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(string(text)), "K"))
	if err != nil {
		return 0
	}
	return float64(kib) * 1024
}
