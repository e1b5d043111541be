package main

import "math"

// How the logarithm and the sines work. Both split their argument with bit operations or FMA, exactly,
// and leave a short polynomial.
//
// ln: a float is 2ᵏ·m already; k is moved so that √½ ≤ m < √2, which makes f = m − 1 exact (Sterbenz)
// and keeps k·ln 2 and ln m from cancelling: for k ≠ 0 the former is larger than twice the latter. With
// s = f/(2 + f) the series of ln((1 + s)/(1 − s)) has odd powers only and |s| ≤ 0.172, so four terms
// serve float32 and nine float64.
//
// sin, cos: n counts quarter turns, r = x − n·π/2 lies in ±π/4, and the low bits of n choose the
// polynomial and the sign. Each lane computes both polynomials and takes one.

// log returns ln x = k·ln 2 + ln m, √½ ≤ m < √2, with f = m − 1, s = f/(2 + f):
//
//	ln(1 + f) = f − (f²/2 − s·(f²/2 + R)),  R = ⅔s² + ⅖s⁴ + 2/7 s⁶ + …
//
// (the form of fdlibm's log; |s| ≤ 0.172 bounds the terms that R needs).
//
// The order of operations is the point: f is exact and large, everything subtracted from it is small,
// and the high part of k·ln 2, exact as well, comes last.
func (e *elementwise) log(in []vec) vec {
	x := in[0]
	m, k := e.logSplit(x)
	ln2High, ln2Low := e.ln2()
	f, s, half, z := e.reg(), e.reg(), e.reg(), e.reg()
	e.sub(f, m, e.constant(1))
	e.add(s, f, e.constant(2))
	e.div(s, f, s)
	e.mul(z, s, s)
	terms := 4
	if e.f64 {
		terms = 9
	}
	series := make([]float64, terms)
	for i := range series {
		series[terms-1-i] = 2 / float64(2*i+3)
	}
	r := e.polynomial(z, series)
	e.mul(r, r, z)
	e.mul(half, f, f)
	e.mul(half, half, e.constant(0.5))
	e.add(r, r, half)
	e.mul(r, r, s)
	e.fma(r, k, e.constant(ln2Low))
	e.sub(half, half, r)
	e.sub(f, f, half)
	e.fma(f, k, e.constant(ln2High))
	return e.logSpecial(x, f)
}

// logSplit returns m and k of a positive x = 2ᵏ·m. The exponent is that of x/√½.
//
// On the bits of x as an integer, subtracting those of √½ and adding those of 1 moves the border
// between exponents from 1 to √½: the exponent field of u is then k + bias, and its mantissa added to
// √½ as an integer gives m. Denormals have no hidden bit; they are multiplied by 2 to the bits + 2
// first and k is lowered by as much.
//
// There is no conversion of 64-bit integers in AVX2: k is ORed into the mantissa of 2 to the bits,
// whose unit is 1, and that power subtracted as a float.
func (e *elementwise) logSplit(x vec) (m, k vec) {
	bits := e.mantissaBits()
	lift, smallest := math.Ldexp(1, bits+2), e.bits(0x00800000, 0x0010000000000000)
	denormal := e.compare(x, e.constant(smallest), less)
	m = e.reg()
	e.mul(m, x, e.constant(lift))
	m = e.choose(denormal, m, x)

	halfRoot := e.bits(0x3f3504f3, 0x3fe6a09e667f3bcd)
	u := e.reg()
	e.subInt(u, m, e.constant(halfRoot))
	e.addInt(u, u, e.constant(1))
	k = e.reg()
	e.shiftRight(k, u, bits) // k + bias, as an integer: into the mantissa of 2ᵇⁱᵗˢ
	power := math.Ldexp(1, bits)
	e.or(k, k, e.constant(power))
	e.sub(k, k, e.constant(power+e.bias()))
	lowered := e.reg()
	e.sub(lowered, k, e.constant(float64(bits+2)))
	k = e.choose(denormal, lowered, k)

	e.and(m, u, e.constant(e.bits(0x007fffff, 0x000fffffffffffff)))
	e.addInt(m, m, e.constant(halfRoot))
	return m, k
}

// logSpecial replaces y where x is not a positive number: −Inf at 0, NaN below,
// x itself at +Inf and NaN.
func (e *elementwise) logSpecial(x, y vec) vec {
	zero := e.reg()
	e.zero(zero)
	y = e.choose(e.compare(x, e.constant(math.Inf(1)), notLess), x, y)
	y = e.choose(e.compare(x, zero, equal), e.constant(math.Inf(-1)), y)
	return e.choose(e.compare(x, zero, less), e.constant(e.bits(0x7fc00000, 0x7ff8000000000000)), y)
}

// sinLimit bounds |x| where three parts of π/2 reduce it without loss: the
// caller computes the sine of larger arguments otherwise.
//
// n·(first part) is subtracted exactly as long as x is a multiple of the unit of that part, and the third part holds what
// the argument that comes closest to a multiple of π/2 leaves: 24·3 and 53·3 bits in all.
func (s isa) sinLimit() float64 {
	if s.f64 {
		return 1 << 28
	}
	return 1 << 16
}

// tooFar are the lanes with |x| > sinLimit, Inf included.
//
// A NaN is not too far: the comparison is false for it, and the kernel's result is NaN.
func (e *elementwise) tooFar(x vec) mask {
	size := e.reg()
	e.andNot(size, e.signBit(), x)
	return e.compare(size, e.constant(e.sinLimit()), greaterThan)
}

// quarters are π/2 in three parts.
func (s isa) quarters() []float64 {
	return s.coefficients(
		[]float64{0x1.921fb4p0, 0x1.4442d0p-24, 0x1.846988p-48},
		[]float64{0x1.921fb54442d18p0, 0x1.1a62633145c07p-54, -0x1.f1976b7ed8fbcp-110})
}

// sinusoid returns sin(x + quarter·π/2). With n = round(x·2/π) and
// r = x − n·π/2 it is ±sin r or ±cos r by n + quarter mod 4. FMA makes the first
// step of the reduction exact and rounds the others relative to r.
//
// Where x is close to a multiple of π/2 its leading bits cancel, and what is left of r must come from the later parts. n + rounder
// in t holds n in its low bits (see rounder), whose lowest bit says sine or
// cosine and whose second the sign; for the cosine, quarter is added to it as an integer.
//
// The polynomials are those of Cephes' sinf and cosf, sin and cos (S. L. Moshier), on ±π/4.
func (e *elementwise) sinusoid(x vec, quarter int) vec {
	t, r := e.turns(x)
	sin, cos := e.sineAndCosine(r)
	odd, sign := e.reg(), e.reg()
	if quarter != 0 {
		one := e.constant(e.bits(uint32(quarter), uint64(quarter)))
		e.addInt(t, t, one)
	}
	e.shiftLeft(odd, t, 8*e.size()-1)
	y := e.choose(e.negative(odd), cos, sin)
	e.shiftLeft(sign, t, 8*e.size()-2)
	e.and(sign, sign, e.signBit())
	e.xor(y, y, sign)
	if quarter != 0 {
		return y
	}
	return e.keepZero(x, y)
}

// turns returns n, the number of quarter turns in x, in the low bits of t, and what is left of x.
func (e *elementwise) turns(x vec) (t, r vec) {
	t, r = e.reg(), e.reg()
	n := e.reg()
	e.broadcast(t, e.number(e.rounder()))
	e.fma(t, x, e.constant(2/math.Pi))
	e.sub(n, t, e.constant(e.rounder())) // +0 for x = −0, so that r keeps the sign
	e.move(r, x)
	for _, part := range e.quarters() {
		e.fnma(r, n, e.constant(part))
	}
	return t, r
}

// keepZero is y, but x where x is 0: the sum of the series loses the sign of −0.
func (e *elementwise) keepZero(x, y vec) vec {
	zero := e.reg()
	e.zero(zero)
	return e.choose(e.compare(x, zero, equal), x, y)
}

// sinCos returns sin x and leaves cos x as the second result, bit by bit what sinusoid returns for each: both polynomials
// are computed for either anyway.
func (e *elementwise) sinCos(in []vec) vec {
	x := in[0]
	t, r := e.turns(x)
	sine, cosine := e.sineAndCosine(r)
	odd, sign := e.reg(), e.reg()
	e.shiftLeft(odd, t, 8*e.size()-1)
	swap := e.negative(odd)
	sin := e.choose(swap, cosine, sine)
	e.other = e.choose(swap, sine, cosine)
	e.shiftLeft(sign, t, 8*e.size()-2)
	e.and(sign, sign, e.signBit())
	e.xor(sin, sin, sign)
	e.addInt(t, t, e.constant(e.bits(1, 1)))
	e.shiftLeft(t, t, 8*e.size()-2)
	e.and(t, t, e.signBit())
	e.xor(e.other, e.other, t)
	return e.keepZero(x, sin)
}

// sineAndCosine returns sin r and cos r for |r| ≤ π/4.
func (e *elementwise) sineAndCosine(r vec) (sin, cos vec) {
	z := e.reg()
	sin = e.reg()
	e.mul(z, r, r)
	e.mul(sin, z, r)
	p := e.polynomial(z, e.coefficients(
		[]float64{-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1},
		[]float64{1.58962301576546568060e-10, -2.50507477628578072866e-8, 2.75573136213857245213e-6, -1.98412698295895385996e-4, 8.33333333332211858878e-3, -1.66666666666666307295e-1}))
	e.horner(sin, p, r)
	cos = e.polynomial(z, e.coefficients(
		[]float64{2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2, -0.5},
		[]float64{-1.13585365213876817300e-11, 2.08757008419747316778e-9, -2.75573141792967388112e-7, 2.48015872888517045348e-5, -1.38888888888730564116e-3, 4.16666666666665929218e-2, -0.5}))
	e.horner(cos, z, e.constant(1))
	return sin, cos
}
