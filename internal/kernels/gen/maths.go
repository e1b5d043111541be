package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// How the exponentials work: reduce, approximate, rebuild.
//
//	x = n·ln 2 + r,  n = round(x/ln 2),  |r| ≤ ½ ln 2 ≈ 0.3466
//	eˣ = 2ⁿ·eʳ,      eʳ = 1 + (r + r²·P(r))
//
// The danger lies in r: for x near 88 the product n·ln 2 cancels all but a few bits of x. ln 2 is
// therefore split into a high part of so few bits that n times it is exact, and a low part for the rest
// (Cody & Waite, Software Manual for the Elementary Functions, 1980). With FMA both subtractions round
// once, relative to r.
//
// Arguments are clamped before n is formed, so that n never leaves the range in which 2ⁿ can be built.
// The clamp lies just beyond the arguments whose result is 0 or Inf already, hence the last scaling
// still gives these, and denormal results in between.
//
// sigmoid, tanh, expm1, log1p and softplus are built of exp and log in forms without cancellation: each
// of them is exact to a few ULP where the plain formula (eˣ − 1, 1 − 2/(e²ˣ + 1)) would have no correct
// bit.

// maths writes the transcendental maps. Errors stay below 2 ULP, denormal
// arguments and results included; where the tests of package kernels scan all
// floats, they hold the bound.
func maths(s isa) {
	hoist := append(s.expConstants(), 1)
	for _, e := range []*elementwise{
		{op: "exp", hoist: hoist, body: func(e *elementwise, x []vec) vec { return e.exp(x[0]) }},
		{op: "gauss", hoist: hoist, body: (*elementwise).gauss},
		{op: "sigmoid", hoist: hoist, body: (*elementwise).sigmoid},
		{op: "tanh", hoist: hoist, body: (*elementwise).tanh},
		{op: "log", hoist: []float64{1}, body: (*elementwise).log},
		{op: "expm1", hoist: hoist, body: (*elementwise).expm1},
		{op: "log1p", hoist: []float64{1}, body: func(e *elementwise, x []vec) vec { return e.log1p(x[0]) }},
		{op: "softplus", hoist: []float64{1}, body: (*elementwise).softplus},
		{op: "erf", hoist: hoist, body: (*elementwise).erf},
		{op: "sinh", hoist: hoist, body: (*elementwise).sinh},
		{op: "cosh", hoist: hoist, body: (*elementwise).cosh},
		{op: "asin", hoist: []float64{0.5}, body: (*elementwise).asin},
		{op: "acos", hoist: []float64{0.5}, body: (*elementwise).acos},
		{op: "atan", hoist: []float64{1}, body: (*elementwise).atan},
		{op: "asinh", hoist: []float64{1}, body: (*elementwise).asinh},
		{op: "acosh", hoist: []float64{1}, body: (*elementwise).acosh},
		{op: "atanh", hoist: []float64{1}, body: (*elementwise).atanh},
	} {
		e.isa, e.inputs = s, 1
		e.write()
	}
	for quarter, op := range []string{"sin", "cos"} {
		e := &elementwise{isa: s, op: op, inputs: 1, stop: (*elementwise).tooFar}
		e.body = func(e *elementwise, x []vec) vec { return e.sinusoid(x[0], quarter) }
		e.write()
	}
	e := &elementwise{isa: s, op: "sinCos", second: "second", inputs: 1, stop: (*elementwise).tooFar, body: (*elementwise).sinCos}
	e.write()
}

// gauss returns exp(−x²).
func (e *elementwise) gauss(x []vec) vec {
	y := e.reg()
	e.mul(y, x[0], x[0])
	e.xor(y, y, e.signBit())
	return e.exp(y)
}

// expRange are arguments beyond which eˣ is 0 or Inf.
//
// float32: the smallest denormal is 2⁻¹⁴⁹ and e⁻¹⁰⁴ < 2⁻¹⁵⁰ rounds to 0; the largest number is just
// below e⁸⁸·⁷³. float64: 2⁻¹⁰⁷⁴ and e⁷⁰⁹·⁷⁹.
func (s isa) expRange() (low, high float64) {
	if s.f64 {
		return -746, 710
	}
	return -104, 89
}

// ln2 is ln 2 in two parts, the first with so few bits that its product with an
// exponent is exact.
//
// |n| ≤ 150 has 8 bits and 10 bits of ln 2 make 18 of the 24 that float32 holds; in float64 |n| ≤ 1077
// has 11 bits, which with 20 are far below 53. The low part is rounded to the element type, an error of
// 2⁻²⁴ relative to a part that is itself below 2⁻¹⁰.
func (s isa) ln2() (high, low float64) {
	bits := 20
	if !s.f64 {
		bits = 10
	}
	high = math.Ldexp(math.Floor(math.Ldexp(math.Ln2, bits)), -bits)
	const rest = 2.319046813846299616e-17 // ln 2 beyond float64
	return high, math.Ln2 - high + rest
}

// expPolynomial are the coefficients of P, highest first, in
//
//	eʳ = 1 + r + r²·P(r),  |r| ≤ ½ ln 2
//
// float32: S. L. Moshier's minimax polynomial of Cephes' expf (relative error
// below 2e-9); float64: the Taylor series (below 4e-18).
func (s isa) expPolynomial() (p []float64) {
	if !s.f64 {
		return []float64{1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1}
	}
	for n := 13.; n >= 2; n-- {
		p = append(p, 1/math.Gamma(n+1))
	}
	return p
}

// expConstants are all constants of exp.
func (s isa) expConstants() []float64 {
	low, high := s.expRange()
	ln2High, ln2Low := s.ln2()
	return append(s.expPolynomial(), low, high, math.Log2E, ln2High, ln2Low)
}

// exp returns eˣ = 2ⁿ·(1 + q), n = round(x/ln 2). Adding q to 1 in the last step
// leaves the rounding of that sum as the larger part of the error.
//
// The clamp and q leave NaN alone, so eᴺᵃᴺ is NaN.
func (e *elementwise) exp(x vec) vec {
	low, high := e.expRange()
	q, n := e.expParts(x, low, high)
	e.add(q, q, e.constant(1))
	return e.scale(q, n)
}

// expParts returns q and n of exp for x clamped to [low, high].
//
// q is returned without the 1 so that expm1 may add 1 − 2⁻ⁿ instead. The range is an argument because
// expm1 stops earlier than exp.
func (e *elementwise) expParts(x vec, low, high float64) (q, n vec) {
	ln2High, ln2Low := e.ln2()
	r, square := e.reg(), e.reg()
	n = e.reg()
	e.lesser(r, e.constant(high), x) // NaN stays
	e.greater(r, e.constant(low), r)
	e.mul(n, r, e.constant(math.Log2E))
	e.round(n, n)
	e.fnma(r, n, e.constant(ln2High))
	e.fnma(r, n, e.constant(ln2Low))
	e.mul(square, r, r)
	q = e.polynomial(r, e.expPolynomial())
	e.horner(q, square, r) // q = P·r² + r
	return q, n
}

// polynomial evaluates coefficients, highest first, at x.
//
// Horner's rule: one FMA a coefficient, each waiting for the one before. Estrin's scheme would be
// shorter in latency; the loop does not need it, since the next registers of x fill the gaps.
func (e *elementwise) polynomial(x vec, coefficients []float64) vec {
	p := e.copyOf(coefficients[0])
	for _, c := range coefficients[1:] {
		e.horner(p, x, e.constant(c))
	}
	return p
}

// round rounds to the nearest integer.
//
// Ties go to even; which side a tie of n falls to does not matter, as r is then ±½ ln 2 either way.
func (s isa) round(dst, x vec) {
	const nearest, quiet = 0, 8
	switch {
	case s.zmm:
		s.pick(VRNDSCALEPS, VRNDSCALEPD)(U8(nearest|quiet), x, dst)
	case s.f64:
		VROUNDPD(U8(nearest|quiet), x, dst)
	default:
		VROUNDPS(U8(nearest|quiet), x, dst)
	}
}

// scale returns x·2ⁿ for 1 ≤ |x| < 2 or so. Where no instruction does it, two
// factors keep a result that is denormal, or just below overflow, right.
//
// VSCALEF does it with AVX-512. The split is 2ⁿ = 2^round(n/2)·2^(n − round(n/2)): n down to −150 would
// leave the exponent field, its half does not. The first product is exact, so a denormal result is
// rounded once.
func (e *elementwise) scale(x, n vec) vec {
	y := e.reg()
	if e.zmm {
		e.pick(VSCALEFPS, VSCALEFPD)(n, x, y)
		return y
	}
	half := e.reg()
	e.mul(half, n, e.constant(0.5))
	e.round(half, half)
	e.sub(n, n, half)
	e.mul(y, x, e.power(half))
	e.mul(y, y, e.power(n))
	return y
}

// power returns 2ⁿ for an integer n in the range of normal numbers. n is lost.
//
// Adding the rounder leaves n as an integer in the low bits; the shift moves it into the exponent field
// and drops the rest; adding the bits of 1.0 adds the bias. Three instructions, and no conversion
// between integers and floats.
func (e *elementwise) power(n vec) vec {
	e.add(n, n, e.constant(e.rounder()))
	e.shiftLeft(n, n, e.mantissaBits())
	e.addInt(n, n, e.constant(1)) // the exponent of 1.0 is the bias
	return n
}

// signBit is the constant whose only bit is the sign.
func (e *elementwise) signBit() vec { return e.constant(math.Copysign(0, -1)) }

// sigmoid returns 1 − t for x ≥ 0 and e − e·t below, e = e⁻ˡˣˡ, t = e/(1 + e): no
// overflow, and of a small result all but the last rounding is that of e.
//
// With s = ±1 the sign of x: σ(x) = y − y·t where y is 1 or e. e never exceeds 1, so 1 + e is at most
// 2; the naive 1/(1 + e⁻ˣ) overflows in e⁻ˣ and returns 0 where σ(x) is a small normal number.
func (e *elementwise) sigmoid(in []vec) vec {
	x := in[0]
	y, zero, t := e.reg(), e.reg(), e.reg()
	e.or(y, x, e.signBit())
	small := e.exp(y)
	e.zero(zero)
	y = e.choose(e.compare(x, zero, greaterEqual), e.constant(1), small)
	e.add(t, small, e.constant(1))
	e.div(t, small, t)
	e.fnma(y, y, t)
	return y
}

// tanhSmall is where tanh |x| turns from a polynomial to exponentials.
const tanhSmall = 0.625

// tanh returns x + x³·P(x²) for |x| < 0.625, else 1 − 2/(e²ˣ + 1), after
// Cephes' tanhf and tanh (S. L. Moshier).
//
// Both branches are computed for all lanes and one is chosen: there is no jump on data. e²ˣ overflows
// to Inf for x > 44 (355), and 1 − 2/Inf is 1 as it should be. The sign is taken off first and put back
// by OR, so tanh is odd to the last bit and tanh(−0) = −0.
func (e *elementwise) tanh(in []vec) vec {
	x := in[0]
	size, sign, square := e.reg(), e.reg(), e.reg()
	e.and(sign, x, e.signBit())
	e.xor(size, x, sign)
	e.mul(square, size, size)
	small := e.tanhFraction(square)
	e.mul(small, small, square)
	e.horner(small, size, size)

	large := e.reg()
	e.add(large, size, size)
	large = e.exp(large)
	e.add(large, large, e.constant(1))
	e.div(large, e.constant(2), large)
	e.sub(large, e.constant(1), large)
	y := e.choose(e.compare(size, e.constant(tanhSmall), less), small, large)
	e.or(y, y, sign)
	return y
}

// tanhFraction is P(z) for float32, P(z)/Q(z) for float64.
func (e *elementwise) tanhFraction(z vec) vec {
	if !e.f64 {
		return e.polynomial(z, []float64{-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1})
	}
	p := e.polynomial(z, []float64{-9.64399179425052238628e-1, -9.92877231001918586564e1, -1.61468768441708447952e3})
	q := e.polynomial(z, []float64{1, 1.12811678491632931402e2, 2.23548839060100448583e3, 4.84406305325125486048e3})
	e.div(p, p, q)
	return p
}
