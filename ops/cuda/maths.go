package cuda

import (
	"math"

	"rpnc/ops"
)

// Why series and no tables or libraries: the module has to stand alone (no device library is linked),
// and PTX's own approximations (ex2.approx, lg2.approx, sin.approx) are right to some 2⁻²² only, and
// differ between generations of cards. In double precision with Taylor coefficients a result rounded to
// float32 is right in all but very few cases, and a result in float64 to a few units, the same on every
// card.
//
// Each function is written for |x| or a reduced argument, and sign, poles and NaN are put back by
// selections, since a branch would split a warp.

// The functions here compute in double precision. Each is a reduction to a small argument and a power series with the
// obvious coefficients, long enough for the remainder to be below half a unit in the last place; what is lost to the
// reduction is a few units. Double precision costs little next to memory on data-centre cards; on others it is slower.

// The parts of ln 2 and π/2: each is exact in few enough bits that multiples of it are exact, the last takes the rest.
const (
	ln2Hi  = 0x1.62e42fefa39efp-1
	ln2Lo  = 0x1.abc9e3b39803fp-56
	halfPi = 0x1.921fb54442d18p0
	piMid  = 0x1.1a62633145c07p-54
	piLow  = -0x1.f1976b7ed8fbcp-110
)

// d is an immediate in double precision.
func d(x float64) val { return num(f64, x) }

// poly is Σ coefᵢ·xⁱ by Horner's rule.
//
// All coefficients are immediates of the code.
func (c *code) poly(x val, coef []float64) val {
	y := d(coef[len(coef)-1])
	for i := len(coef) - 2; i >= 0; i-- {
		y = c.fma(y, x, d(coef[i]))
	}
	return y
}

// series are n coefficients f(0), f(1), ….
func series(n int, f func(k int) float64) []float64 {
	s := make([]float64, n)
	for k := range s {
		s[k] = f(k)
	}
	return s
}

// factorial is k!.
func factorial(k int) float64 { return math.Gamma(float64(k) + 1) }

// pow2 is 2ⁿ for −1022 ≤ n ≤ 1023, made of its bits.
func (c *code) pow2(n val) val {
	biased := c.op(i64, "cvt.s64.s32", c.add(n, val{i32, "1023"}))
	return c.move(f64, c.bit("shl", biased, val{i32, "52"}))
}

// split writes x = n·ln 2 + r with |r| ≤ ln 2/2. x beyond ±745 is cut off, where eˣ is 0 or Inf anyway; NaN stays.
//
// 745.13 is where eˣ falls below half of the smallest denormal number.
func (c *code) split(x val) (k, r val) {
	x = c.pick(c.cmp("gt", x, d(746)), d(746), x)
	x = c.pick(c.cmp("lt", x, d(-746)), d(-746), x)
	k = c.to(i32, c.mul(x, d(math.Log2E)))
	whole := c.neg(c.to(f64, k))
	r = c.fma(whole, d(ln2Hi), x)
	return k, c.fma(whole, d(ln2Lo), r)
}

// exp is eˣ: 2ⁿ·eʳ, the power in two factors so that it never overflows alone.
//
// |r| ≤ 0.347, r¹⁴/14! < 5·10⁻¹⁸: fourteen terms.
func (c *code) exp(x val) val {
	k, r := c.split(x)
	y := c.poly(r, series(14, func(k int) float64 { return 1 / factorial(k) }))
	half := c.op(i32, "shr.s32", k, n(1))
	return c.mul(c.mul(y, c.pow2(half)), c.pow2(c.sub(k, half)))
}

// expm1 is eˣ − 1; near 0 the series without its 1.
func (c *code) expm1(x val) val {
	small := c.mul(x, c.poly(x, series(15, func(k int) float64 { return 1 / factorial(k+1) })))
	near := c.cmp("lt", c.abs(x), d(0.35))
	return c.pick(near, small, c.sub(c.exp(x), d(1)))
}

// log is ln x: x = 2ⁿ·m with √½ ≤ m < √2, and ln m = 2·artanh((m−1)/(m+1)).
//
// Exponent and mantissa are read from the bits.
func (c *code) log(x val) val {
	// Numbers below 2⁻¹⁰²² have no leading 1; a power of two brings them up.
	tiny := c.cmp("lt", x, d(0x1p-1022))
	up := c.pick(tiny, c.mul(x, d(0x1p54)), x)
	bits := c.move(i64, up)
	e := c.op(i32, "cvt.s32.s64", c.sub(c.bit("shr", bits, n(52)), val{i64, "1023"}))
	m := c.move(f64, c.bit("or", c.bit("and", bits, bits64(1<<52-1)), bits64(1023<<52)))
	big := c.cmp("gt", m, d(math.Sqrt2))
	m = c.pick(big, c.mul(m, d(0.5)), m)
	e = c.pick(big, c.add(e, n(1)), e)
	e = c.pick(tiny, c.sub(e, n(54)), e)
	y := c.log1(c.sub(m, d(1)), c.to(f64, e))
	// What is no positive number: ln 0 = −Inf, ln Inf = Inf, all others are NaN.
	y = c.pick(c.cmp("gt", x, d(math.MaxFloat64)), x, y)
	y = c.pick(c.cmp("eq", x, d(0)), d(math.Inf(-1)), y)
	return c.pick(c.cmp("ge", x, d(0)), y, d(math.NaN()))
}

// log1 is n·ln 2 + ln(1+f) for −0.3 < f < 0.42.
func (c *code) log1(f, whole val) val {
	s := c.div(f, c.add(f, d(2)))
	z := c.mul(s, s)
	tail := c.mul(z, c.poly(z, series(11, func(k int) float64 { return 2 / float64(2*k+3) })))
	// 2s = f − s·f, where f is exact.
	y := c.add(c.mul(c.neg(s), c.sub(f, tail)), f)
	return c.fma(whole, d(ln2Hi), c.fma(whole, d(ln2Lo), y))
}

// log1p is ln(1+x): with u = 1+x as rounded, ln u·(x/(u−1)) mends the rounding.
func (c *code) log1p(x val) val {
	u := c.add(x, d(1))
	y := c.mul(c.log(u), c.div(x, c.sub(u, d(1))))
	y = c.pick(c.cmp("eq", u, d(1)), x, y)
	return c.pick(c.cmp("gt", u, d(math.MaxFloat64)), u, y)
}

// signed is y with the sign of x, for y that is not negative.
func (c *code) signed(y, x val) val { return c.op(f64, "copysign.f64", x, y) }

// tanh is e/(e+2) with e = e²ˣ − 1; beyond 22 it is 1.
//
// e²ˣ − 1 keeps its digits near 0, where e²ˣ alone would not.
func (c *code) tanh(x val) val {
	a := c.abs(x)
	e := c.expm1(c.add(a, a))
	y := c.div(e, c.add(e, d(2)))
	y = c.pick(c.cmp("gt", a, d(22)), d(1), y)
	return c.signed(y, x)
}

// sigmoid is 1/(1+e⁻ˣ).
func (c *code) sigmoid(x val) val { return c.div(d(1), c.add(c.exp(c.neg(x)), d(1))) }

// softplus is ln(1+eˣ), linear above 20.
func (c *code) softplus(x val) val {
	return c.pick(c.cmp("gt", x, d(20)), x, c.log1p(c.exp(x)))
}

// sinh is (e + e/(e+1))/2 with e = e^|x| − 1. The half goes first, lest the sum overflow.
func (c *code) sinh(x val) val {
	e := c.expm1(c.abs(x))
	half := c.mul(e, d(0.5))
	y := c.fma(d(0.5), c.div(e, c.add(e, d(1))), half)
	// Inf/Inf is no number; the limit is Inf.
	y = c.pick(c.cmp("gt", e, d(math.MaxFloat64)), e, y)
	return c.signed(y, x)
}

// cosh is (e^|x| + e^−|x|)/2.
func (c *code) cosh(x val) val {
	e := c.exp(c.abs(x))
	return c.fma(d(0.5), e, c.div(d(0.5), e))
}

// turn writes x = q·π/2 + r with |r| ≤ π/4; beyond |x| of 2³⁰ digits are lost.
//
// Three parts of π/2 hold some 160 bits together.
func (c *code) turn(x val) (q, r val) {
	q = c.to(i32, c.mul(x, d(2/math.Pi)))
	whole := c.neg(c.to(f64, q))
	r = c.fma(whole, d(halfPi), x)
	r = c.fma(whole, d(piMid), r)
	return q, c.fma(whole, d(piLow), r)
}

// sine is sin(x + quarter·π/2).
func (c *code) sine(x val, quarter int) val {
	q, r := c.turn(x)
	q = c.add(q, n(quarter))
	z := c.mul(r, r)
	s := c.mul(r, c.poly(z, series(10, func(k int) float64 { return alternate(k) / factorial(2*k+1) })))
	t := c.poly(z, series(10, func(k int) float64 { return alternate(k) / factorial(2*k) }))
	odd := c.cmp("eq", c.bit("and", q, n(1)), n(1))
	y := c.pick(odd, t, s)
	return c.pick(c.cmp("eq", c.bit("and", q, n(2)), n(2)), c.neg(y), y)
}

// alternate is (−1)ᵏ.
func alternate(k int) float64 { return float64(1 - 2*(k%2)) }

// erf is 2/√π·e^(−x²)·Σ 2ⁿx²ⁿ⁺¹/(2n+1)!!, whose terms are all of one sign; beyond 6 it is 1.
//
// No term is subtracted, so nothing cancels; at |x| = 6 it takes some hundred terms, near 0 a few.
func (c *code) erf(x val) val {
	a := c.abs(x)
	a = c.pick(c.cmp("gt", a, d(6)), d(6), a)
	square := c.mul(a, a)
	twice := c.add(square, square)
	term, sum, odd := c.variable(a), c.variable(a), c.variable(d(1))
	c.while(func() val {
		c.set(odd, c.add(odd, d(2)))
		c.set(term, c.mul(term, c.div(twice, odd)))
		c.set(sum, c.add(sum, term))
		return c.cmp("gt", term, c.mul(sum, d(0x1p-56)))
	})
	y := c.mul(c.mul(sum, d(2/math.Sqrt(math.Pi))), c.exp(c.neg(square)))
	// NaN passes the cut, since comparisons with it are false.
	return c.signed(y, x)
}

// atan is arctan x: 1/x where |x| > 1, then the half angle until the series is short.
//
// The half angle t/(1 + √(1 + t²)) is at most tan(π/8) = 0.414.
func (c *code) atan(x val) val {
	a := c.abs(x)
	over := c.cmp("gt", a, d(1))
	t := c.pick(over, c.div(d(1), a), a)
	t = c.div(t, c.add(c.sqrt(c.fma(t, t, d(1))), d(1)))
	z := c.mul(t, t)
	y := c.mul(t, c.poly(z, series(24, func(k int) float64 { return 2 * alternate(k) / float64(2*k+1) })))
	y = c.pick(over, c.sub(d(math.Pi/2), y), y)
	return c.signed(y, x)
}

// asin is arctan(x/√(1−x²)), and acos 2·arctan √((1−x)/(1+x)).
func (c *code) asin(x val) val {
	return c.atan(c.div(x, c.sqrt(c.mul(c.sub(d(1), x), c.add(x, d(1))))))
}

func (c *code) acos(x val) val {
	t := c.atan(c.sqrt(c.div(c.sub(d(1), x), c.add(x, d(1)))))
	return c.add(t, t)
}

// asinh is ln(1 + |x| + x²/(1+√(1+x²))) with the sign of x. Where x² would overflow it is ln 2|x|.
func (c *code) asinh(x val) val {
	a := c.abs(x)
	z := c.mul(a, a)
	near := c.log1p(c.add(a, c.div(z, c.add(c.sqrt(c.add(z, d(1))), d(1)))))
	far := c.add(c.log(a), d(math.Ln2))
	return c.signed(c.pick(c.cmp("gt", a, d(1e9)), far, near), x)
}

// acosh is ln(1 + t + √(2t+t²)) with t = x−1. Where t² would overflow it is ln 2x.
func (c *code) acosh(x val) val {
	t := c.sub(x, d(1))
	near := c.log1p(c.add(t, c.sqrt(c.fma(t, t, c.add(t, t)))))
	far := c.add(c.log(x), d(math.Ln2))
	y := c.pick(c.cmp("gt", x, d(1e9)), far, near)
	return c.pick(c.cmp("ge", x, d(1)), y, d(math.NaN()))
}

// atanh is ½·ln(1 + 2|x|/(1−|x|)) with the sign of x.
func (c *code) atanh(x val) val {
	a := c.abs(x)
	return c.signed(c.mul(d(0.5), c.log1p(c.div(c.add(a, a), c.sub(d(1), a)))), x)
}

// pow is aᵖ for a ≥ 0: by products for small whole p, else e^(p·ln a).
func (c *code) pow(a val, p float64) val {
	switch p {
	case 0:
		return d(1)
	case 1, 2, 3:
		y := a
		for range int(p) - 1 {
			y = c.mul(y, a)
		}
		return y
	}
	return c.exp(c.mul(c.log(a), d(p)))
}

// transcendental are the functions computed in double precision.
var transcendental = map[ops.UnaryKind]func(c *code, x val) val{
	ops.KExp: (*code).exp, ops.KLog: (*code).log, ops.KLog1p: (*code).log1p, ops.KExpm1: (*code).expm1,
	ops.KSin: func(c *code, x val) val { return c.sine(x, 0) }, ops.KCos: func(c *code, x val) val { return c.sine(x, 1) },
	ops.KTanh: (*code).tanh, ops.KSigmoid: (*code).sigmoid, ops.KSoftplus: (*code).softplus, ops.KErf: (*code).erf,
	ops.KSinh: (*code).sinh, ops.KCosh: (*code).cosh, ops.KAsin: (*code).asin, ops.KAcos: (*code).acos, ops.KAtan: (*code).atan,
	ops.KAsinh: (*code).asinh, ops.KAcosh: (*code).acosh, ops.KAtanh: (*code).atanh,
}

// simple are the functions of a few instructions, in the precision of x.
var simple = map[ops.UnaryKind]func(c *code, x val) val{
	ops.KNeg: (*code).neg, ops.KAbs: (*code).abs, ops.KSqrt: (*code).sqrt,
	ops.KSquare: func(c *code, x val) val { return c.mul(x, x) },
	ops.KRecip:  func(c *code, x val) val { return c.div(num(x.kind, 1), x) },
	ops.KRelu:   func(c *code, x val) val { return c.pick(c.cmp("lt", x, num(x.kind, 0)), num(x.kind, 0), x) },
	ops.KStep: func(c *code, x val) val {
		return c.pick(c.cmp("gt", x, num(x.kind, 0)), num(x.kind, 1), num(x.kind, 0))
	},
	ops.KSign:    (*code).sign,
	ops.KNonZero: func(c *code, x val) val { return c.abs(c.sign(x)) },
}

// sign is −1, 0 or 1; 0 and NaN stay.
func (c *code) sign(x val) val {
	y := c.pick(c.cmp("gt", x, num(x.kind, 0)), num(x.kind, 1), x)
	return c.pick(c.cmp("lt", x, num(x.kind, 0)), num(x.kind, -1), y)
}

// wide computes f in double precision and rounds to the kind of x.
func (c *code) wide(f func(c *code, x val) val, x val) val { return c.to(x.kind, f(c, c.to(f64, x))) }
