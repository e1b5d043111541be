package kernels

import "math"

// Errors of the maps in assembly are below 2 ULP, of those in Go below 1 ULP,
// denormal results included, unless a comment says otherwise.

// piece is the number of elements handed to a kernel at once: assembly keeps a
// garbage collection waiting until it returns, some 10 µs at most.
const piece = 1 << 13

// map1 computes dst = f(x) piece by piece.
func map1[T Float](op string, f func(dst, x []T), dst, x []T) {
	checkLen(op, "x", len(x), len(dst))
	for len(dst) > piece {
		f(dst[:piece], x[:piece])
		dst, x = dst[piece:], x[piece:]
	}
	f(dst, x)
}

// Exp computes dst = eˣ.
func Exp[T Float](dst, x []T) { map1("Exp", engineOf[T]().exp, dst, x) }

// Log computes dst = ln x: −Inf at ±0, NaN below.
func Log[T Float](dst, x []T) { map1("Log", engineOf[T]().log, dst, x) }

// Tanh computes dst = tanh x; ±0 is kept.
func Tanh[T Float](dst, x []T) { map1("Tanh", engineOf[T]().tanh, dst, x) }

// Sigmoid computes dst = 1/(1 + e⁻ˣ).
func Sigmoid[T Float](dst, x []T) { map1("Sigmoid", engineOf[T]().sigmoid, dst, x) }

// Sin computes dst = sin x, x in radians.
func Sin[T Float](dst, x []T) { map1("Sin", engineOf[T]().sin, dst, x) }

// Cos computes dst = cos x, x in radians.
func Cos[T Float](dst, x []T) { map1("Cos", engineOf[T]().cos, dst, x) }

// Log1p computes dst = ln(1 + x), precise near 0.
func Log1p[T Float](dst, x []T) { map1("Log1p", engineOf[T]().log1p, dst, x) }

// Expm1 computes dst = eˣ − 1, precise near 0.
func Expm1[T Float](dst, x []T) { map1("Expm1", engineOf[T]().expm1, dst, x) }

// Sqrt computes dst = √x: NaN below 0, −0 is kept.
func Sqrt[T Float](dst, x []T) { map1("Sqrt", engineOf[T]().sqrt, dst, x) }

// Sinh computes dst = sinh x.
func Sinh[T Float](dst, x []T) { mapMath("Sinh", dst, x, math.Sinh) }

// Cosh computes dst = cosh x.
func Cosh[T Float](dst, x []T) { mapMath("Cosh", dst, x, math.Cosh) }

// Asin computes dst = arcsin x: NaN where |x| > 1.
func Asin[T Float](dst, x []T) { mapMath("Asin", dst, x, math.Asin) }

// Acos computes dst = arccos x: NaN where |x| > 1.
func Acos[T Float](dst, x []T) { mapMath("Acos", dst, x, math.Acos) }

// Atan computes dst = arctan x.
func Atan[T Float](dst, x []T) { mapMath("Atan", dst, x, math.Atan) }

// Asinh computes dst = arsinh x.
func Asinh[T Float](dst, x []T) { mapMath("Asinh", dst, x, math.Asinh) }

// Acosh computes dst = arcosh x: NaN where x < 1.
func Acosh[T Float](dst, x []T) { mapMath("Acosh", dst, x, math.Acosh) }

// Atanh computes dst = artanh x: ±Inf at ±1, NaN where |x| > 1.
func Atanh[T Float](dst, x []T) { mapMath("Atanh", dst, x, math.Atanh) }

// Erf computes dst = 2/√π ∫₀ˣ exp(−t²) dt.
func Erf[T Float](dst, x []T) { mapMath("Erf", dst, x, math.Erf) }

// Softplus computes dst = ln(1 + eˣ), and x itself for x > 20, where the two
// differ by less than e⁻²⁰.
func Softplus[T Float](dst, x []T) { map1("Softplus", engineOf[T]().softplus, dst, x) }

// softplus is ln(1 + eˣ); log1p keeps the digits of a small eˣ.
func softplus(x float64) float64 {
	if x > 20 {
		return x
	}
	return math.Log1p(math.Exp(x))
}

// Pow computes dst = xᵖ for one exponent p; p = 0 gives 1 even for NaN, and a
// negative base with an exponent that is no integer gives NaN.
func Pow[T Float](dst, x []T, p float64) {
	checkLen("Pow", "x", len(x), len(dst))
	switch p { // exponents that need no logarithm
	case 2:
		Mul(dst, x, x)
	case 1:
		copy(dst, x)
	case -1:
		map1("Pow", engineOf[T]().recip, dst, x)
	case 3:
		for i, v := range x { // in float64, as the others: float32 is rounded once
			dst[i] = T(float64(v) * float64(v) * float64(v))
		}
	default:
		for i, v := range x {
			dst[i] = T(math.Pow(float64(v), p))
		}
	}
}

// mapMath computes dst = f(x) in float64, rounded once to T.
func mapMath[T Float](op string, dst, x []T, f func(float64) float64) {
	checkLen(op, "x", len(x), len(dst))
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = T(f(float64(x[i])))
	}
}

// The float64 maps are package math's, whose errors are below 1 ULP, but for the
// ends of the range.

func exp64(dst, x []float64)  { mapMath("Exp", dst, x, math.Exp) }
func tanh64(dst, x []float64) { mapMath("Tanh", dst, x, math.Tanh) }

// log64 lifts denormals, which math.Log takes for other numbers on amd64.
func log64(dst, x []float64) {
	for i, v := range x {
		if v > 0 && v < 0x1p-1022 {
			dst[i] = math.Log(v*0x1p54) - 54*math.Ln2
		} else {
			dst[i] = math.Log(v)
		}
	}
}

// sigmoid64 keeps e⁻ˣ from overflow below, where results are denormal.
func sigmoid64(dst, x []float64) {
	for i, v := range x {
		if v < 0 {
			e := math.Exp(v)
			dst[i] = e / (1 + e)
		} else {
			dst[i] = 1 / (1 + math.Exp(-v))
		}
	}
}

func sinGo[T Float](dst, x []T) { mapMath("Sin", dst, x, math.Sin) }
func cosGo[T Float](dst, x []T) { mapMath("Cos", dst, x, math.Cos) }

func expm1Go[T Float](dst, x []T)    { mapMath("Expm1", dst, x, math.Expm1) }
func log1pGo[T Float](dst, x []T)    { mapMath("Log1p", dst, x, math.Log1p) }
func softplusGo[T Float](dst, x []T) { mapMath("Softplus", dst, x, softplus) }

func recipGo[T Float](dst, x []T) {
	for i, v := range x {
		dst[i] = 1 / v
	}
}
