package kernels_test

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"rpnc/internal/kernels"
)

// slice is what bench/products.py asks for: a product (m×k)·(k×n), how its factors lie ("NN" row-major both, "NT" B
// transposed as in x·Wᵀ, "TN" A transposed as in xᵀ·dy, "peak" none: the rate of the processor), and for how many µs it is
// to be computed again and again. Programs that are compared run slices in turn, so that what the machine's clock does
// meets all of them alike.
type slice struct {
	table, dtype, layout string
	m, k, n, cores       int
	micros               int
}

// run computes the product for its time and returns the rate in GFLOP/s, after half as much to warm up: caches fill, and the
// clock of a core takes part of a ms to follow what it does. On one core the time is that of the thread, so that waiting for
// a core does not count.
func (s slice) run(compute func() (operations float64)) float64 {
	now := func() time.Duration { return time.Duration(time.Now().UnixNano()) }
	if s.cores == 1 {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		now = threadTime
	}
	length := time.Duration(s.micros) * time.Microsecond
	compute()
	for begin := now(); now()-begin < length/2; {
		compute()
	}
	sum, calls, begin := 0.0, 1, now()
	for {
		for range calls {
			sum += compute()
		}
		switch took := now() - begin; {
		case took >= length:
			return sum / float64(took.Nanoseconds())
		case calls < 64:
			calls *= 2 // so that asking for the time takes none
		}
	}
}

// operands are factors and a result, made once for all slices of a product.
type operands[T kernels.Float] struct{ x, y, c []T }

// product returns what a slice computes.
func product[T kernels.Float](s slice, made map[slice]any) func() float64 {
	if s.layout == "peak" {
		return kernels.Peak[T]
	}
	key := slice{dtype: s.dtype, m: s.m, k: s.k, n: s.n}
	o, ok := made[key].(operands[T])
	if !ok {
		clear(made)
		o = operands[T]{uniform[T](s.m*s.k, 1), uniform[T](s.k*s.n, 2), make([]T, s.m*s.n)}
		made[key] = o
	}
	rsA, csA, rsB, csB := s.k, 1, s.n, 1
	switch s.layout {
	case "NT":
		rsB, csB = 1, s.k
	case "TN":
		rsA, csA = 1, s.m
	}
	return func() float64 {
		kernels.Gemm(s.m, s.n, s.k, o.x, rsA, csA, o.y, rsB, csB, o.c, s.n, false)
		return 2 * float64(s.m) * float64(s.k) * float64(s.n)
	}
}

// BenchmarkSlices answers the slices that it reads, a line each, with their rates. It is bench/products.py that runs it.
func BenchmarkSlices(b *testing.B) {
	made := map[slice]any{}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var s slice
		if _, err := fmt.Sscan(in.Text(), &s.table, &s.dtype, &s.layout, &s.m, &s.k, &s.n, &s.cores, &s.micros); err != nil {
			b.Fatalf("%q: %v", in.Text(), err)
		}
		fmt.Printf("rate %.2f\n", answer(s, made))
	}
}

// answer runs a slice with its table on its cores.
func answer(s slice, made map[slice]any) float64 {
	defer kernels.UseTable(s.table)()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(s.cores))
	if s.dtype == "float64" {
		return s.run(product[float64](s, made))
	}
	return s.run(product[float32](s, made))
}
