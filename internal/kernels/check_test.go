package kernels_test

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"rpnc/internal/kernels"
)

// poison fills what a kernel must neither read into a result nor write.
const poison = 1e30

// onEveryTable runs f as a subtest with each table that the machine can run.
func onEveryTable(t *testing.T, f func(t *testing.T)) {
	for _, name := range kernels.Tables() {
		t.Run("table="+name, func(t *testing.T) {
			defer kernels.UseTable(name)()
			f(t)
		})
	}
}

// benchEveryTable runs f as a sub-benchmark with each table.
func benchEveryTable(b *testing.B, f func(b *testing.B)) {
	for _, name := range kernels.Tables() {
		b.Run("table="+name, func(b *testing.B) {
			defer kernels.UseTable(name)()
			f(b)
		})
	}
}

// uniform returns n values in [−1, 1), the same for the same seed.
func uniform[T kernels.Float](n int, seed uint64) []T {
	r := rand.New(rand.NewPCG(seed, 1))
	x := make([]T, n)
	for i := range x {
		x[i] = T(2*r.Float64() - 1)
	}
	return x
}

// filled returns n copies of v.
func filled[T kernels.Float](n int, v T) []T {
	x := make([]T, n)
	for i := range x {
		x[i] = v
	}
	return x
}

// epsilon is the unit roundoff of T.
func epsilon[T kernels.Float]() float64 {
	if one := T(1); one+T(0x1p-40) == one {
		return 0x1p-24
	}
	return 0x1p-53
}

// sameBits reports whether x and y are equal, NaNs and signs of zero included.
func sameBits[T kernels.Float](x, y []T) bool {
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if math.Float64bits(float64(x[i])) != math.Float64bits(float64(y[i])) {
			return false
		}
	}
	return true
}

// sameForAnyCores fails unless f gives the same bits for GOMAXPROCS 1, 2 and 8.
func sameForAnyCores[T kernels.Float](t *testing.T, f func() []T) {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	want := f()
	for _, procs := range []int{2, 8} {
		runtime.GOMAXPROCS(procs)
		for range 3 {
			if !sameBits(f(), want) {
				t.Errorf("GOMAXPROCS=%d: other bits than with 1", procs)
			}
		}
	}
}

// noAllocs fails if f allocates on several cores once it has run before.
// testing.AllocsPerRun would measure on one core, without the workers. Waking and
// starting threads makes the runtime allocate now and then, so that the best of
// some rounds counts: what f itself allocates is in every round.
func noAllocs(t *testing.T, name string, f func()) {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	f()
	var before, after runtime.MemStats
	best := uint64(math.MaxUint64)
	for round := 0; round < 20 && best > 0; round++ {
		runtime.ReadMemStats(&before)
		for range 5 {
			f()
		}
		runtime.ReadMemStats(&after)
		best = min(best, after.Mallocs-before.Mallocs)
	}
	if best > 0 {
		t.Errorf("%s: at least %d allocations in 5 calls; want 0", name, best)
	}
}

// panics reports whether f panics.
func panics(f func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	f()
	return
}
