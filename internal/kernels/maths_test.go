package kernels_test

import (
	"fmt"
	"math"
	"testing"

	"rpnc/internal/kernels"
)

var (
	nan = math.NaN()
	inf = math.Inf(1)
)

// unary is a map with the reference that defines it.
type unary[T kernels.Float] struct {
	name string
	f    func(dst, x []T)
	ref  func(float64) float64
	ulps float64 // allowed in float32 over all floats; 0: not scanned
}

// unaries lists every map of one input. Maps with constants have them bound.
func unaries[T kernels.Float]() []unary[T] {
	return []unary[T]{
		{"Exp", kernels.Exp[T], math.Exp, 2},
		{"Log", kernels.Log[T], math.Log, 2},
		{"Tanh", kernels.Tanh[T], math.Tanh, 2},
		{"Sigmoid", kernels.Sigmoid[T], func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, 2},
		{"Log1p", kernels.Log1p[T], math.Log1p, 2},
		{"Expm1", kernels.Expm1[T], math.Expm1, 2},
		{"Sqrt", kernels.Sqrt[T], math.Sqrt, 1},
		{"Sin", kernels.Sin[T], math.Sin, 2},
		{"Cos", kernels.Cos[T], math.Cos, 2},
		{"Sinh", kernels.Sinh[T], math.Sinh, 2},
		{"Cosh", kernels.Cosh[T], math.Cosh, 2},
		{"Asin", kernels.Asin[T], math.Asin, 2},
		{"Acos", kernels.Acos[T], math.Acos, 2},
		{"Atan", kernels.Atan[T], math.Atan, 2},
		{"Asinh", kernels.Asinh[T], math.Asinh, 2},
		{"Acosh", kernels.Acosh[T], math.Acosh, 2},
		{"Atanh", kernels.Atanh[T], math.Atanh, 2},
		{"Erf", kernels.Erf[T], math.Erf, 2},
		{"Softplus", kernels.Softplus[T], func(x float64) float64 {
			if x > 20 {
				return x
			}
			return math.Log1p(math.Exp(x))
		}, 2},
		{"Neg", kernels.Neg[T], func(x float64) float64 { return -x }, 0},
		{"Abs", kernels.Abs[T], math.Abs, 0},
		{"Relu", kernels.Relu[T], func(x float64) float64 { return math.Max(x, 0) }, 0},
		{"Step", kernels.Step[T], func(x float64) float64 { return truth(x > 0) }, 0},
		{"Sign", kernels.Sign[T], func(x float64) float64 {
			if x == 0 || x != x {
				return x
			}
			return math.Copysign(1, x)
		}, 0},
		{"Pow(2)", powOf[T](2), func(x float64) float64 { return x * x }, 0},
		{"Pow(1)", powOf[T](1), func(x float64) float64 { return x }, 0},
		{"Pow(-1)", powOf[T](-1), func(x float64) float64 { return 1 / x }, 0},
		{"Pow(0)", powOf[T](0), func(x float64) float64 { return 1 }, 0},
		{"Pow(0.5)", powOf[T](0.5), func(x float64) float64 { return math.Pow(x, 0.5) }, 0},
		{"Pow(3)", powOf[T](3), func(x float64) float64 { return math.Pow(x, 3) }, 0},
		{"Scale", func(dst, x []T) { kernels.Scale(dst, x, 3) }, func(x float64) float64 { return 3 * x }, 0},
		{"Affine", func(dst, x []T) { kernels.Affine(dst, x, 2, 1) }, func(x float64) float64 { return 2*x + 1 }, 0},
		{"MaxScalar", func(dst, x []T) { kernels.MaxScalar(dst, x, 0.5) }, func(x float64) float64 { return math.Max(x, 0.5) }, 0},
		{"MinScalar", func(dst, x []T) { kernels.MinScalar(dst, x, 0.5) }, func(x float64) float64 { return math.Min(x, 0.5) }, 0},
	}
}

// powOf binds the exponent of Pow.
func powOf[T kernels.Float](p float64) func(dst, x []T) {
	return func(dst, x []T) { kernels.Pow(dst, x, p) }
}

// truth is 1 for true and 0 for false.
func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// matches reports whether got is want rounded to T, to within tol·ulp(want);
// infinities, NaN and the sign of zero must be right.
func matches[T kernels.Float](got T, want, tol float64) bool {
	g, w := float64(got), float64(T(want))
	if w != w || math.IsInf(w, 0) || w == 0 || math.IsInf(g, 0) {
		return math.Float64bits(g) == math.Float64bits(w) || w != w && g != g ||
			// The last float before overflow may be a rounding away from Inf.
			math.IsInf(g, 0) != math.IsInf(w, 0) && g*w > 0 && math.Abs(want) > math.MaxFloat32*(1-1e-7) ||
			w == 0 && want != 0 && math.Abs(g-want) <= math.SmallestNonzeroFloat32
	}
	return math.Abs(g-want) <= tol*ulp[T](want)
}

// ulp is the distance of the numbers of type T around x.
func ulp[T kernels.Float](x float64) float64 {
	_, e := math.Frexp(x)
	if epsilon[T]() > 1e-10 {
		return math.Ldexp(1, max(e-24, -149))
	}
	return math.Ldexp(1, max(e-53, -1074))
}

// specials are the values where a map changes its branch, for float32 or at all:
// zeros, the limits of exp, of sigmoid and of tanh, denormals, the largest floats.
var specials = []float64{0, math.Copysign(0, -1), 1, -1, 0.5, -0.5, 2, 20, 20.5, -20, 88, 89, 90, -87.5, -103, -105, 1e-40, -1e-40, 1e-8, -1e-8,
	0.3, -0.3, 9, -9, 9.2, -9.2, 1e30, -1e30, math.MaxFloat32, -math.MaxFloat32, inf, -inf, nan}

// checkSpecials compares every map with its reference on specials, and in place.
func checkSpecials[T kernels.Float](t *testing.T) {
	x := make([]T, len(specials))
	for i, v := range specials {
		x[i] = T(v)
	}
	for _, u := range unaries[T]() {
		got := make([]T, len(x))
		u.f(got, x)
		for i, v := range x {
			if want := u.ref(float64(v)); !matches(got[i], want, max(1, u.ulps)) {
				t.Errorf("%T %s(%v) = %v, want %v", v, u.name, v, got[i], T(want))
			}
		}
		inPlace := append([]T(nil), x...)
		u.f(inPlace, inPlace)
		if !sameBits(inPlace, got) {
			t.Errorf("%s in place differs", u.name)
		}
	}
}

func TestUnaryMapsMatchMathOnSpecialValuesAndInPlace(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		checkSpecials[float32](t)
		checkSpecials[float64](t)
	})
}

// checkBinaries compares every map of two inputs on all pairs of specials.
func checkBinaries[T kernels.Float](t *testing.T) {
	var x, y []T
	for _, v := range specials {
		for _, w := range specials {
			x, y = append(x, T(v)), append(y, T(w))
		}
	}
	for name, op := range map[string]struct {
		f   func(dst, x, y []T)
		ref func(x, y float64) float64
	}{
		"Add":       {kernels.Add[T], func(x, y float64) float64 { return x + y }},
		"Sub":       {kernels.Sub[T], func(x, y float64) float64 { return x - y }},
		"Mul":       {kernels.Mul[T], func(x, y float64) float64 { return x * y }},
		"Div":       {kernels.Div[T], func(x, y float64) float64 { return x / y }},
		"Gate":      {kernels.Gate[T], func(x, y float64) float64 { return x * truth(y > 0) }},
		"Less":      {kernels.Less[T], func(x, y float64) float64 { return truth(x < y) }},
		"LessEqual": {kernels.LessEqual[T], func(x, y float64) float64 { return truth(x <= y) }},
		"Equal":     {kernels.Equal[T], func(x, y float64) float64 { return truth(x == y) }},
		"Maximum":   {kernels.Maximum[T], func(x, y float64) float64 { return max(x, y) }},
		"Minimum":   {kernels.Minimum[T], func(x, y float64) float64 { return min(x, y) }},
		"Axpy": {func(dst, x, y []T) {
			z := append([]T(nil), x...)
			kernels.Axpy(z, 0.5, y)
			copy(dst, z)
		}, func(x, y float64) float64 { return x + 0.5*y }},
		"Mark": {func(dst, x, y []T) {
			z := append([]T(nil), y...)
			kernels.Mark(z, x, y, 7)
			copy(dst, z)
		}, func(x, y float64) float64 {
			if x == y || x != x {
				return 7
			}
			return y
		}},
	} {
		got := make([]T, len(x))
		op.f(got, x, y)
		for i := range x {
			if want := op.ref(float64(x[i]), float64(y[i])); !matches(got[i], want, 1) {
				t.Errorf("%T %s(%v, %v) = %v, want %v", x[i], name, x[i], y[i], got[i], T(want))
			}
		}
		inPlace := append([]T(nil), y...)
		op.f(inPlace, x, inPlace)
		if !sameBits(inPlace, got) {
			t.Errorf("%s over its second input differs", name)
		}
	}
}

func TestBinaryMapsMatchIEEE754(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		checkBinaries[float32](t)
		checkBinaries[float64](t)
	})
}

func TestMapsRefuseUnequalLengths(t *testing.T) {
	for _, u := range unaries[float32]() {
		if !panics(func() { u.f(make([]float32, 3), make([]float32, 4)) }) {
			t.Errorf("%s: no panic", u.name)
		}
	}
	if !panics(func() { kernels.Add(make([]float32, 3), make([]float32, 3), make([]float32, 4)) }) {
		t.Error("Add: no panic")
	}
}

// benchmarkMaps times every map of one input.
func benchmarkMaps[T kernels.Float](b *testing.B) {
	x, dst := uniform[T](4096, 1), make([]T, 4096)
	kernels.Affine(x, x, 4, 4.5)
	for _, u := range unaries[T]() {
		b.Run(fmt.Sprintf("type=%T/op=%s/n=%d", x[0], u.name, len(x)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				u.f(dst, x)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(x)), "ns/element")
		})
	}
}

func BenchmarkMaps(b *testing.B) {
	benchEveryTable(b, func(b *testing.B) {
		benchmarkMaps[float32](b)
		benchmarkMaps[float64](b)
	})
}
