package kernels_test

import (
	"fmt"
	"math"
	"runtime"
	"testing"
	"time"

	"rpnc/internal/kernels"
)

// shape is a product (m×k)·(k×n) and how its factors lie: "NN" row-major both,
// "NT" B transposed as in x·Wᵀ, "TN" A transposed as in xᵀ·dy.
type shape struct {
	m, k, n int
	layout  string
}

// products are the shapes of models: squares, layers with the gradients of their
// weights and inputs, patches, thin ones.
var products = []shape{
	{256, 256, 256, "NN"}, {256, 256, 256, "NT"}, {256, 256, 256, "TN"},
	{512, 512, 512, "NN"}, {512, 512, 512, "NT"}, {512, 512, 512, "TN"},
	{1024, 1024, 1024, "NN"}, {1024, 1024, 1024, "NT"}, {1024, 1024, 1024, "TN"},
	{2048, 2048, 2048, "NN"},
	{64, 784, 512, "NN"}, {64, 784, 512, "NT"}, {784, 64, 512, "TN"},
	{64, 512, 10, "NN"}, {64, 512, 10, "NT"}, {512, 64, 10, "TN"}, {10, 64, 512, "TN"},
	{36864, 25, 16, "NN"}, {36864, 25, 32, "NN"}, {36864, 25, 64, "NN"}, {36864, 25, 32, "NT"}, {25, 36864, 32, "TN"},
	{6400, 400, 32, "NN"}, {6400, 400, 32, "NT"}, {1024, 900, 64, "NN"}, {1024, 900, 64, "NT"}, {900, 1024, 64, "TN"},
	{128, 784, 256, "NT"}, {256, 128, 784, "TN"},
	{128, 256, 128, "NT"}, {128, 128, 256, "NN"}, {128, 128, 256, "TN"},
	{128, 128, 10, "NT"}, {128, 10, 128, "NN"}, {10, 128, 128, "TN"},
	{64, 18032, 64, "NT"}, {64, 64, 18032, "NN"}, {64, 64, 18032, "TN"},
	{4096, 64, 64, "NT"}, {4096, 64, 64, "NN"}, {64, 4096, 64, "TN"},
	{16384, 64, 64, "NT"}, {16384, 64, 64, "NN"}, {64, 16384, 64, "TN"},
	{2708, 1433, 16, "NT"}, {16, 2708, 1433, "TN"},
	{1, 784, 256, "NT"}, {1, 256, 128, "NT"}, {1, 128, 10, "NT"}, {1, 784, 256, "NN"},
}

// bestTime is the least time of one call in rounds of some 100 µs each, over
// about the given time: what else the machine does only ever adds. With one core
// the time is that of the thread, so that waiting for a core does not count.
func bestTime(total time.Duration, cores int, f func()) float64 {
	now := func() time.Duration { return time.Duration(time.Now().UnixNano()) }
	if cores == 1 {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		now = threadTime
	}
	f()
	start := now()
	f()
	calls := 1 + int(100*time.Microsecond/max(1, now()-start))
	best := math.Inf(1)
	for begin := now(); now()-begin < total; {
		start := now()
		for range calls {
			f()
		}
		best = min(best, (now()-start).Seconds()/float64(calls))
	}
	return best
}

// benchmarkProduct reports the rate of the fastest round of a product.
func benchmarkProduct[T kernels.Float](b *testing.B, s shape, cores int) {
	var zero T
	b.Run(fmt.Sprintf("type=%T/layout=%s/m=%d/k=%d/n=%d/cores=%d", zero, s.layout, s.m, s.k, s.n, cores), func(b *testing.B) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
		rsA, csA, rsB, csB := s.k, 1, s.n, 1
		switch s.layout {
		case "NT":
			rsB, csB = 1, s.k
		case "TN":
			rsA, csA = 1, s.m
		}
		x, y, c := uniform[T](s.m*s.k, 1), uniform[T](s.k*s.n, 2), make([]T, s.m*s.n)
		for b.Loop() {
			best := bestTime(40*time.Millisecond, cores, func() {
				kernels.Gemm(s.m, s.n, s.k, x, rsA, csA, y, rsB, csB, c, s.n, false)
			})
			b.ReportMetric(2*float64(s.m)*float64(s.n)*float64(s.k)/best/1e9, "GFLOPS")
			b.ReportMetric(best*1e6, "µs/product")
		}
	})
}

// BenchmarkProducts measures the shapes of models; run it with -benchtime=1x.
func BenchmarkProducts(b *testing.B) {
	benchEveryTable(b, func(b *testing.B) {
		for _, s := range products {
			for cores := 1; cores <= min(2, runtime.NumCPU()); cores++ {
				benchmarkProduct[float32](b, s, cores)
				benchmarkProduct[float64](b, s, cores)
			}
		}
	})
}
