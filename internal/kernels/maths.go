package kernels

import "math"

// Errors of the maps in assembly are below 2 ULP, denormal results included. In
// Go those of float32 are below 1 ULP and those of float64, which are package
// math's but for the places where that is worse, below 3.

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

// SinCos computes sin = sin x and cos = cos x, as [Sin] and [Cos] do. One of them may be x.
func SinCos[T Float](sin, cos, x []T) {
	checkLen("SinCos", "cos", len(cos), len(sin))
	checkLen("SinCos", "x", len(x), len(sin))
	f := engineOf[T]().sinCos
	for ; len(sin) > piece; sin, cos, x = sin[piece:], cos[piece:], x[piece:] {
		f(sin[:piece], cos[:piece], x[:piece])
	}
	f(sin, cos[:len(sin)], x[:len(sin)])
}

// Gauss computes dst = exp(−x²), as [Exp] does of the rounded −x².
func Gauss[T Float](dst, x []T) { map1("Gauss", engineOf[T]().gauss, dst, x) }

// Log1p computes dst = ln(1 + x), precise near 0.
func Log1p[T Float](dst, x []T) { map1("Log1p", engineOf[T]().log1p, dst, x) }

// Expm1 computes dst = eˣ − 1, precise near 0.
func Expm1[T Float](dst, x []T) { map1("Expm1", engineOf[T]().expm1, dst, x) }

// Sqrt computes dst = √x: NaN below 0, −0 is kept.
func Sqrt[T Float](dst, x []T) { map1("Sqrt", engineOf[T]().sqrt, dst, x) }

// Sinh computes dst = sinh x.
func Sinh[T Float](dst, x []T) { map1("Sinh", engineOf[T]().sinh, dst, x) }

// Cosh computes dst = cosh x.
func Cosh[T Float](dst, x []T) { map1("Cosh", engineOf[T]().cosh, dst, x) }

// Asin computes dst = arcsin x: NaN where |x| > 1.
func Asin[T Float](dst, x []T) { map1("Asin", engineOf[T]().asin, dst, x) }

// Acos computes dst = arccos x: NaN where |x| > 1.
func Acos[T Float](dst, x []T) { map1("Acos", engineOf[T]().acos, dst, x) }

// Atan computes dst = arctan x.
func Atan[T Float](dst, x []T) { map1("Atan", engineOf[T]().atan, dst, x) }

// Asinh computes dst = arsinh x.
func Asinh[T Float](dst, x []T) { map1("Asinh", engineOf[T]().asinh, dst, x) }

// Acosh computes dst = arcosh x: NaN where x < 1.
func Acosh[T Float](dst, x []T) { map1("Acosh", engineOf[T]().acosh, dst, x) }

// Atanh computes dst = artanh x: ±Inf at ±1, NaN where |x| > 1.
func Atanh[T Float](dst, x []T) { map1("Atanh", engineOf[T]().atanh, dst, x) }

// Erf computes dst = 2/√π ∫₀ˣ exp(−t²) dt.
func Erf[T Float](dst, x []T) { map1("Erf", engineOf[T]().erf, dst, x) }

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

func exp64(dst, x []float64)  { mapMath("Exp", dst, x, exp) }
func tanh64(dst, x []float64) { mapMath("Tanh", dst, x, math.Tanh) }

func gauss64(dst, x []float64) {
	for i, v := range x {
		dst[i] = exp(-(v * v))
	}
}

// exp is eˣ: math.Exp is Inf from 709.44 on with amd64, where eˣ still is a number.
func exp(x float64) float64 {
	if x > 709 && x < 710 {
		half := math.Exp(x / 2)
		return half * half
	}
	return math.Exp(x)
}

// largeHyperbolic is where package math's sinh and cosh are about to be Inf.
const largeHyperbolic = 709

// sinh and cosh are Inf beyond 710.47 only, as eˣ is beyond 709.78.
func sinh(x float64) float64 {
	if math.Abs(x) < largeHyperbolic {
		return math.Sinh(x)
	}
	half := math.Exp(math.Abs(x) / 2)
	return math.Copysign(0.5*half*half, x)
}

func cosh(x float64) float64 {
	if math.Abs(x) < largeHyperbolic {
		return math.Cosh(x)
	}
	half := math.Exp(math.Abs(x) / 2)
	return 0.5 * half * half
}

// asin and acos keep the digits near ±1 that 1 − x² would lose.
func asin(x float64) float64 { return math.Atan2(x, math.Sqrt((1-x)*(1+x))) }
func acos(x float64) float64 { return 2 * math.Atan2(math.Sqrt(1-x), math.Sqrt(1+x)) }

// sinusoidLimit is where package math takes over, which reduces arguments of any size, to an error of some 2⁻⁵² of 1.
const sinusoidLimit = 1 << 28

// sin and cos are exact to an ULP also close to multiples of π/2, where math.Sin and math.Cos lose digits: FMA
// subtracts n·π/2, n = round(x·2/π), without a rounding before the last.
func sin(x float64) float64 {
	if !(math.Abs(x) <= sinusoidLimit) || x == 0 {
		return math.Sin(x)
	}
	return quarterTurn(x, 0)
}

func cos(x float64) float64 {
	if !(math.Abs(x) <= sinusoidLimit) {
		return math.Cos(x)
	}
	return quarterTurn(x, 1)
}

// quarterTurn is sin(x + turn·π/2).
func quarterTurn(x float64, turn int) float64 {
	n := math.RoundToEven(x * (2 / math.Pi))
	r := math.FMA(-n, 0x1.921fb54442d18p0, x)
	r = math.FMA(-n, 0x1.1a62633145c07p-54, r)
	r = math.FMA(-n, -0x1.f1976b7ed8fbcp-110, r)
	switch (int(n) + turn) & 3 {
	case 0:
		return math.Sin(r)
	case 1:
		return math.Cos(r)
	case 2:
		return -math.Sin(r)
	}
	return -math.Cos(r)
}

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

func sinGo[T Float](dst, x []T) { mapMath("Sin", dst, x, sin) }
func cosGo[T Float](dst, x []T) { mapMath("Cos", dst, x, cos) }

func sinCosGo[T Float](dst, second, x []T) {
	for i, v := range x {
		dst[i], second[i] = T(sin(float64(v))), T(cos(float64(v)))
	}
}

func erfGo[T Float](dst, x []T)   { mapMath("Erf", dst, x, math.Erf) }
func sinhGo[T Float](dst, x []T)  { mapMath("Sinh", dst, x, sinh) }
func coshGo[T Float](dst, x []T)  { mapMath("Cosh", dst, x, cosh) }
func asinGo[T Float](dst, x []T)  { mapMath("Asin", dst, x, asin) }
func acosGo[T Float](dst, x []T)  { mapMath("Acos", dst, x, acos) }
func atanGo[T Float](dst, x []T)  { mapMath("Atan", dst, x, math.Atan) }
func asinhGo[T Float](dst, x []T) { mapMath("Asinh", dst, x, math.Asinh) }
func acoshGo[T Float](dst, x []T) { mapMath("Acosh", dst, x, math.Acosh) }
func atanhGo[T Float](dst, x []T) { mapMath("Atanh", dst, x, math.Atanh) }

func expm1Go[T Float](dst, x []T)    { mapMath("Expm1", dst, x, math.Expm1) }
func log1pGo[T Float](dst, x []T)    { mapMath("Log1p", dst, x, math.Log1p) }
func softplusGo[T Float](dst, x []T) { mapMath("Softplus", dst, x, softplus) }

func recipGo[T Float](dst, x []T) {
	for i, v := range x {
		dst[i] = 1 / v
	}
}
