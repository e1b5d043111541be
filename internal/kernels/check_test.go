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
// testing.AllocsPerRun would measure on one core, without the workers.
func noAllocs(t *testing.T, name string, f func()) {
	t.Helper()
	const runs = 50
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	var before, after runtime.MemStats
	for range runs {
		f() // as many jobs and scratches as ever are in use at once
	}
	runtime.ReadMemStats(&before)
	for range runs {
		f()
	}
	runtime.ReadMemStats(&after)
	// A worker may first meet an idle scratch list late: well below one a call.
	if n := after.Mallocs - before.Mallocs; n > runs/4 {
		t.Errorf("%s: %d allocations in %d calls; want 0 a call", name, n, runs)
	}
}

// panics reports whether f panics.
func panics(f func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	f()
	return
}
