package kernels_test

import (
	"math"
	"testing"

	"rpnc/internal/kernels"
)

// mergedArguments are small, large, far too large and no numbers, among more than one register of them.
func mergedArguments[T kernels.Float]() []T {
	x := uniform[T](300, 5)
	for i, v := range []float64{0, math.Copysign(0, -1), nan, inf, -inf, 1e5, 3e9, -1e30, 1e-30, math.Pi, 40, -13} {
		x[i*23+7] = T(v)
	}
	return x
}

// checkMerged holds two results against each other, NaN being equal to NaN.
func checkMerged[T kernels.Float](t *testing.T, name string, x, got, want []T) {
	t.Helper()
	for i, v := range want {
		if g := got[i]; g != v && (g == g || v == v) || math.Signbit(float64(g)) != math.Signbit(float64(v)) && v == v {
			t.Fatalf("%s(%v) = %v, alone it is %v", name, x[i], g, v)
		}
	}
}

func checkMerges[T kernels.Float](t *testing.T) {
	t.Helper()
	x := mergedArguments[T]()
	n := len(x)
	sin, cos, wantSin, wantCos := make([]T, n), make([]T, n), make([]T, n), make([]T, n)
	kernels.Sin(wantSin, x)
	kernels.Cos(wantCos, x)
	kernels.SinCos(sin, cos, x)
	checkMerged(t, "sin", x, sin, wantSin)
	checkMerged(t, "cos", x, cos, wantCos)
	copy(sin, x)
	kernels.SinCos(sin, cos, sin)
	checkMerged(t, "sin in place", x, sin, wantSin)
	copy(cos, x)
	kernels.SinCos(sin, cos, cos)
	checkMerged(t, "cos in place", x, cos, wantCos)
	bell, want := make([]T, n), make([]T, n)
	kernels.Mul(want, x, x)
	kernels.Neg(want, want)
	kernels.Exp(want, want)
	kernels.Gauss(bell, x)
	checkMerged(t, "gauss", x, bell, want)
}

func TestMergedMapsAreThoseOneAfterTheOther(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		checkMerges[float32](t)
		checkMerges[float64](t)
	})
}
