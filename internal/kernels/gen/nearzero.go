package main

// expm1 returns eˣ − 1 = 2ⁿ·((1 − 2⁻ⁿ) + q), where 1 − 2⁻ⁿ is exact for the n that
// matter: for n = 0 it is q itself, which keeps all digits of a small x.
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
