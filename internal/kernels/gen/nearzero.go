package main

// Functions whose result near zero is the small difference of larger numbers. eˣ − 1 and ln(1 + x)
// computed as they are written lose all digits for |x| below half a unit of 1: 1 + x rounds to 1 there.
// The two below carry what the rounding drops instead of avoiding it, so that they cost one exp or log
// and a few operations more, with no second polynomial and no branch.

// expm1 returns eˣ − 1 = 2ⁿ·((1 − 2⁻ⁿ) + q), where 1 − 2⁻ⁿ is exact for the n that
// matter: for n = 0 it is q itself, which keeps all digits of a small x.
//
// Two ends need care. For n beyond 60 the 2⁻ⁿ is far below half a unit of 1 and its exponent field
// would leave the range: it is clamped. For x below −60 the result is −1 to the last bit, and clamping
// x keeps 2⁻ⁿ finite.
func (e *elementwise) expm1(in []vec) vec {
	x := in[0]
	_, high := e.expRange()
	low, far := -60., 60. // beyond, eˣ and 2⁻ⁿ are lost beside 1
	q, n := e.expParts(x, low, high)
	t := e.reg()
	e.lesser(t, e.constant(far), n)
	e.sub(t, e.clear(), t)
	t = e.power(t)
	y := e.reg()
	e.sub(y, e.constant(1), t)
	e.add(y, y, q)
	y = e.scale(y, n)
	return e.choose(e.compare(x, e.clear(), equal), x, y) // −0 is kept
}

// log1p returns ln u + (x − (u − 1))/u for u = 1 + x as rounded: the quotient is
// what the rounding has taken from ln (1 + x), after W. Kahan.
//
// u − 1 and x − (u − 1) are exact, or nearly so where |x| is large and the quotient small. Higher terms
// of ln((1 + x)/u) = d/u − (d/u)²/2 + … are below a unit, since d/u is below half a unit.
func (e *elementwise) log1p(x vec) vec {
	u := e.reg()
	e.add(u, x, e.constant(1))
	y := e.log([]vec{u})
	lost := e.reg()
	e.sub(lost, u, e.constant(1))
	e.sub(lost, x, lost)
	e.div(lost, lost, u) // NaN where ln u is an end: u is 0 or Inf, or x is none
	sum := e.reg()
	e.add(sum, y, lost)
	y = e.choose(e.compare(lost, lost, unordered), y, sum)
	return e.choose(e.compare(x, e.clear(), equal), x, y) // −0 is kept
}

// softplusLinear is from where ln (1 + eˣ) is x.
const softplusLinear = 20

// softplus returns ln(1 + eˣ), and x itself above softplusLinear.
//
// Above it e⁻ˣ < 2.1e-9 is below half a unit of x in float32, and in float64 the choice costs 1.0e-10 relative at its worst; eˣ may be Inf there.
func (e *elementwise) softplus(in []vec) vec {
	x := in[0]
	y := e.log1p(e.exp(x))
	return e.choose(e.compare(x, e.constant(softplusLinear), greaterThan), x, y)
}

// recip returns 1/x.
func (e *elementwise) recip(in []vec) vec {
	y := e.reg()
	e.div(y, e.constant(1), in[0])
	return y
}
