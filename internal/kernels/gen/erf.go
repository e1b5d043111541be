package main

// erf in one pass and without a branch: an odd polynomial for small arguments, 1 − erfc for larger ones, both computed for
// all lanes. erfc is e to a polynomial. ln erfc bends slowly where erfc itself falls by seventeen orders of magnitude,
// and what counts of it is its part of 1: the polynomial is fitted for the error relative to erf, which asks nothing of the
// far end. Both fits are minimax (Remez' exchange in 90 digits).

// erfBorder is where erf turns from the one form to the other, erfEnd the argument above which it rounds to 1.
const erfBorder = 0.92

func (s isa) erfEnd() float64 {
	if s.f64 {
		return 6
	}
	return 4
}

// erfNear is P in erf x = x + x·P(x²), |x| ≤ 0.92: relative error below 2⁻³¹ (float64: 2⁻⁵⁹).
func (s isa) erfNear() []float64 {
	if !s.f64 {
		return []float64{8.38202867e-05, -0.000814551975, 0.00520128019, -0.0268594983, 0.112836973, -0.376126339, 0.128379167}
	}
	return []float64{-8.3420120911894045e-10, 1.398493637517616e-08, -1.6263962304580168e-07, 1.6453990214320079e-06, -1.4925219138615025e-05,
		0.00012055317639275854, -0.00085483266628753917, 0.0052239776200552401, -0.026866170644655209, 0.11283791670952947, -0.37612638903183715, 0.12837916709551259}
}

// erfFar is R in erfc x = exp(x·R(x)), 0.92 ≤ x ≤ erfEnd: error relative to erf below 2⁻³⁰ (2⁻⁵⁷).
func (s isa) erfFar() []float64 {
	if !s.f64 {
		return []float64{-1.12297056e-05, 0.000322788022, -0.00364239614, 0.0237619339, -0.106236733, -0.635151401, -1.12864847}
	}
	return []float64{1.4943683937446148e-14, -8.7316590669814738e-13, 2.4056998795728008e-11, -4.1565713543272526e-10, 5.0509606515360561e-09,
		-4.5857605033907062e-08, 3.2218323061820616e-07, -1.7864182113666095e-06, 7.8703704106300952e-06, -2.7297808001823269e-05, 7.1590857611790514e-05,
		-0.00012340512148954148, 4.1027963531217797e-05, 0.00052910424757409119, -0.0016521056044768502, 0.00018451166059677273, 0.01913875903510058,
		-0.10277562777435437, -0.63661921731381299, -1.1283792150118543}
}

// erf returns erf x. The argument of erfc is clamped to erfEnd, where 1 − erfc is 1; the clamp leaves NaN alone.
func (e *elementwise) erf(in []vec) vec {
	size, sign := e.sizeAndSign(in[0])
	square, t := e.reg(), e.reg()
	e.lesser(t, e.constant(e.erfEnd()), size)
	far := e.polynomial(t, e.erfFar())
	e.mul(far, far, t)
	far = e.exp(far)
	e.sub(far, e.constant(1), far)

	e.mul(square, size, size)
	near := e.polynomial(square, e.erfNear())
	e.horner(near, size, size)
	y := e.choose(e.compare(size, e.constant(erfBorder), less), near, far)
	e.or(y, y, sign)
	return y
}

// sizeAndSign cuts x into |x| and its sign bit: functions that are odd are computed for |x| and get the bit back by OR,
// which keeps −0 and makes them odd to the last bit.
func (e *elementwise) sizeAndSign(x vec) (size, sign vec) {
	size, sign = e.reg(), e.reg()
	e.and(sign, x, e.signBit())
	e.xor(size, x, sign)
	return size, sign
}
