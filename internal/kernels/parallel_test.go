package kernels_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rpnc/internal/kernels"
)

// onCores runs f with GOMAXPROCS set to n.
func onCores(n int, f func()) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(n))
	f()
}

func TestParallelVisitsEveryIndexOnceInFixedChunks(t *testing.T) {
	for _, procs := range []int{1, 2, 8} {
		onCores(procs, func() {
			for _, n := range []int{-1, 0, 1, 5, 64, 1000} {
				for _, grain := range []int{0, 1, 3, 64, 5000} {
					visits := make([]atomic.Int32, max(n, 0))
					kernels.Parallel(n, grain, func(lo, hi int) {
						if g := max(grain, 1); lo%g != 0 || hi != min(lo+g, n) {
							t.Errorf("n=%d grain=%d: chunk [%d, %d)", n, grain, lo, hi)
						}
						for i := lo; i < hi; i++ {
							visits[i].Add(1)
						}
					})
					for i := range visits {
						if visits[i].Load() != 1 {
							t.Fatalf("n=%d grain=%d procs=%d: index %d visited %d times", n, grain, procs, i, visits[i].Load())
						}
					}
				}
			}
		})
	}
}

func TestParallelUsesSeveralCores(t *testing.T) {
	onCores(2, func() {
		// The first chunk lasts long enough for workers to be woken. The others wait
		// for each other: on one goroutine this would hang.
		var begun atomic.Int32
		kernels.Parallel(3, 1, func(lo, _ int) {
			if lo == 0 {
				time.Sleep(time.Millisecond)
				return
			}
			begun.Add(1)
			for begun.Load() < 2 {
				runtime.Gosched()
			}
		})
	})
}

func TestParallelTakesChunksFromAHeldUpCore(t *testing.T) {
	onCores(4, func() {
		// The first chunk lasts long enough for workers to be woken. Another waits for all the rest,
		// which would hang if whoever has it also kept the rest of its share.
		for held := 1; held < 16; held++ {
			var done atomic.Int32
			kernels.Parallel(16, 1, func(lo, _ int) {
				if lo == 0 {
					time.Sleep(100 * time.Microsecond)
				}
				for lo == held && done.Load() < 15 {
					runtime.Gosched()
				}
				done.Add(1)
			})
			if done.Load() != 16 {
				t.Errorf("chunk %d held up: %d of 16 chunks ran", held, done.Load())
			}
		}
	})
}

func TestParallelNestsAndRunsConcurrently(t *testing.T) {
	onCores(4, func() {
		var sum atomic.Int64
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 50 {
					kernels.Parallel(10, 1, func(lo, hi int) {
						kernels.Parallel(10, 3, func(lo, hi int) { sum.Add(int64(hi - lo)) })
					})
				}
			})
		}
		wg.Wait()
		if sum.Load() != 4*50*100 {
			t.Errorf("counted %d of %d inner indices", sum.Load(), 4*50*100)
		}
	})
}

func TestParallelReturnsAPanicAndGoesOn(t *testing.T) {
	onCores(4, func() {
		for bad := range 20 {
			if !panics(func() {
				kernels.Parallel(20, 1, func(lo, _ int) {
					if lo == bad {
						panic("chunk")
					}
				})
			}) {
				t.Errorf("the panic of chunk %d was lost", bad)
			}
		}
		var n atomic.Int32
		kernels.Parallel(20, 1, func(lo, hi int) { n.Add(1) })
		if n.Load() != 20 {
			t.Errorf("after panics %d of 20 chunks ran", n.Load())
		}
	})
}

func TestParallelDoesNotAllocate(t *testing.T) {
	var sum atomic.Int64
	f := func(lo, hi int) { sum.Add(int64(hi - lo)) }
	noAllocs(t, "Parallel", func() { kernels.Parallel(100, 7, f) })
}

func BenchmarkParallel(b *testing.B) {
	f := func(lo, hi int) {}
	b.Run("chunks=2", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			kernels.Parallel(2, 1, f)
		}
	})
}
