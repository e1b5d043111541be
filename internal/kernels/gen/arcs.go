package main

import "math"

// The inverse functions. Near zero each is x + x³·P(x²), with P a minimax polynomial (Remez' exchange in 90 digits; relative
// error of the whole below 2⁻²⁹ in float32 and 2⁻⁵⁹ in float64). Elsewhere an identity leads back to that polynomial (arcs of
// circles) or to a logarithm whose argument is far from 1 (arcs of hyperbolas), so that no digits are lost. Both forms are computed for
// all lanes.

// coefficients picks those of the element type.
func (s isa) coefficients(f32, f64 []float64) []float64 {
	if s.f64 {
		return f64
	}
	return f32
}

// odd returns s + s·z·P(z).
func (e *elementwise) odd(s, z vec, p []float64) vec {
	y := e.polynomial(z, p)
	e.mul(y, y, z)
	e.horner(y, s, s)
	return y
}

// halfPi is π/2 in two parts, the first of the element type.
func (s isa) halfPi() (high, low float64) {
	if s.f64 {
		return math.Pi / 2, 0x1.1a62633145c07p-54
	}
	return 0x1.921fb6p+0, -0x1.777a5cp-25
}

// atan returns arctan x = ½π − arctan(1/x) for |x| > 1. The low part of ½π goes to the smaller term.
func (e *elementwise) atan(in []vec) vec {
	size, sign := e.sizeAndSign(in[0])
	inverse, z, far := e.reg(), e.reg(), e.reg()
	e.div(inverse, e.constant(1), size)
	beyond := e.compare(size, e.constant(1), greaterThan)
	s := e.choose(beyond, inverse, size)
	e.mul(z, s, s)
	y := e.odd(s, z, e.coefficients(
		[]float64{0.00113930088, -0.00744546462, 0.0228105622, -0.045007827, 0.0676412398, -0.0882094753, 0.110608372, -0.142802274, 0.199997006, -0.333333277},
		[]float64{-8.9005461559234256e-06, 0.00010646667789384153, -0.00060558667282268426, 0.0021898674825174187, -0.0056920482513155742,
			0.011438992199463744, -0.018754233213924096, 0.026276697218329953, -0.032872867997323689, 0.038258255015838051, -0.042884864452143616,
			0.047456426598119841, -0.052596249600703852, 0.058817554441919662, -0.066665898272617596, 0.076923004097945571, -0.090909086037912812,
			0.11111111089513728, -0.14285714285138659, 0.19999999999992235, -0.33333333333333298}))
	high, low := e.halfPi()
	e.sub(far, y, e.constant(low))
	e.sub(far, e.constant(high), far)
	y = e.choose(beyond, far, y)
	e.or(y, y, sign)
	return y
}

// arcSine prepares asin and acos: for |x| ≤ ½ it returns s = |x|, else s = √((1 − |x|)/2), of which arccos |x| is twice the
// arc; square is s² as it was before the root, product is s·P·s², so that the arc is s + product. Beyond 1 the root is NaN.
func (e *elementwise) arcSine(size vec) (s, product vec, beyond mask) {
	half, root, z := e.reg(), e.reg(), e.reg()
	e.move(half, e.constant(0.5))
	e.fnma(half, size, e.constant(0.5))
	e.sqrt(root, half)
	e.mul(z, size, size)
	beyond = e.compare(size, e.constant(0.5), greaterThan)
	z = e.choose(beyond, half, z)
	s = e.choose(beyond, root, size)
	product = e.polynomial(z, e.coefficients(
		[]float64{0.037482399, 0.0144674437, 0.031798408, 0.0445183675, 0.0750049433, 0.166666602},
		[]float64{0.032491882322782502, -0.020767060615839085, 0.021532610941611831, 0.0037834944759072855, 0.010758209379713885, 0.011403194679551983,
			0.013980245096571035, 0.01735166541712382, 0.022372211630472316, 0.030381942845017905, 0.044642857171224612, 0.07499999999975189, 0.16666666666666738}))
	e.mul(product, product, z)
	e.mul(product, product, s)
	return s, product, beyond
}

// asin returns arcsin x = ½π − 2·arcsin √((1 − x)/2) for x > ½. The low part of ½π goes to the small product, so that one
// subtraction is left, whose result is no smaller than ½.
func (e *elementwise) asin(in []vec) vec {
	size, sign := e.sizeAndSign(in[0])
	s, product, beyond := e.arcSine(size)
	high, low := e.halfPi()
	near, rest, far := e.reg(), e.reg(), e.copyOf(high)
	e.add(near, s, product)
	e.sub(rest, product, e.constant(low/2))
	e.add(rest, rest, s)
	e.fnma(far, rest, e.constant(2))
	y := e.choose(beyond, far, near)
	e.or(y, y, sign)
	return y
}

// acos returns arccos x: ½π − arcsin x for |x| ≤ ½, 2·arcsin √((1 − x)/2) above, and π minus that of −x below.
func (e *elementwise) acos(in []vec) vec {
	x := in[0]
	size, sign := e.sizeAndSign(x)
	s, product, beyond := e.arcSine(size)
	high, low := e.halfPi()
	near, far := e.reg(), e.reg()
	e.add(s, s, product)
	e.add(far, s, s)
	// ½π − (±s), twice where s is half of the arc: π − 2s of a negative x.
	e.xor(near, s, sign)
	e.sub(near, near, e.constant(low))
	e.sub(near, e.constant(high), near)
	opposite := e.reg()
	e.sub(opposite, s, e.constant(low))
	e.sub(opposite, e.constant(high), opposite)
	e.add(opposite, opposite, opposite)
	far = e.choose(e.negative(x), opposite, far)
	return e.choose(beyond, far, near)
}

// hyperbolicFar is from where x² + 1 and x² − 1 are x²: the logarithm is then that of 2x, whose factor may overflow.
const hyperbolicFar = 0x1p30

// logSum returns ln(size + √square), and ln size + ln 2 where size > hyperbolicFar.
func (e *elementwise) logSum(size, square vec) vec {
	sum, y := e.reg(), e.reg()
	e.sqrt(sum, square)
	e.add(sum, sum, size)
	far := e.compare(size, e.constant(hyperbolicFar), greaterThan)
	l := e.log([]vec{e.choose(far, size, sum)})
	e.add(y, l, e.only(far, e.constant(math.Ln2)))
	return y
}

// asinhBorder is where arsinh turns from its polynomial to a logarithm: above, it exceeds 1, whose unit is twice that below, so that the
// roundings of the logarithm's argument count half.
const asinhBorder = 1.1755

// asinh returns arsinh x = ln(x + √(x² + 1)), by its polynomial for |x| < asinhBorder.
func (e *elementwise) asinh(in []vec) vec {
	size, sign := e.sizeAndSign(in[0])
	z, more := e.reg(), e.copyOf(1)
	e.mul(z, size, size)
	near := e.odd(size, z, e.coefficients(
		[]float64{-4.60362359e-05, 0.000432304439, -0.00187076594, 0.00504488898, -0.0098144163, 0.0154186061, -0.0217475016, 0.030250679, -0.0446265, 0.0749989726, -0.166666644},
		[]float64{-4.8687984926594911e-08, 8.5755727758486532e-07, -7.1639617670449633e-06, 3.7846904204908758e-05, -0.00014237784923432436, 0.00040777374388641823,
			-0.00093023858266122299, 0.0017514802817003444, -0.0028103347435408251, 0.0039676862739559419, -0.005095462214437697, 0.0061542050716082959,
			-0.0072026607332405252, 0.0083568352219865142, -0.009753435798408025, 0.011550236076884046, -0.013964614423155207, 0.017352739515515803,
			-0.022372157172641603, 0.030381944346125924, -0.044642857139817201, 0.074999999999952258, -0.16666666666666641}))
	e.fma(more, size, size)
	y := e.choose(e.compare(size, e.constant(asinhBorder), less), near, e.logSum(size, more))
	e.or(y, y, sign)
	return y
}

// acosh returns arcosh x = ln(x + √(x² − 1)), and √(2t)·(1 + t·P(t)), t = x − 1, for x < 2. Below 1 the root is NaN.
func (e *elementwise) acosh(in []vec) vec {
	x := in[0]
	t, root, below := e.reg(), e.reg(), e.copyOf(-1)
	e.sub(t, x, e.constant(1))
	e.add(root, t, t)
	e.sqrt(root, root)
	near := e.odd(root, t, e.coefficients(
		[]float64{-2.67031563e-05, 0.000174728896, -0.000630482756, 0.00186994046, -0.00557352092, 0.0187491938, -0.0833332968},
		[]float64{-6.4193878958102457e-09, 6.5551484072665512e-08, -3.3226447323991908e-07, 1.1513819620459423e-06, -3.2004776506571482e-06,
			7.9478929743663298e-06, -1.8942532755748164e-05, 4.5078137552476365e-05, -0.00010908763931984867, 0.00027113442510344308, -0.00069912962454584402,
			0.0018988714962756572, -0.0055803571411237292, 0.018749999999949838, -0.08333333333333276}))
	e.fma(below, x, x)
	return e.choose(e.compare(x, e.constant(2), less), near, e.logSum(x, below))
}

// atanh returns artanh x = ½·ln((1 + x)/(1 − x)), by its polynomial for |x| < ½. The quotient is Inf at 1 and negative beyond.
func (e *elementwise) atanh(in []vec) vec {
	size, sign := e.sizeAndSign(in[0])
	z, quotient, below := e.reg(), e.reg(), e.reg()
	e.mul(z, size, size)
	near := e.odd(size, z, e.coefficients(
		[]float64{0.176775287, 0.0513153343, 0.118241921, 0.142228334, 0.200025033, 0.333333007},
		[]float64{0.23962774861779637, -0.19346301251413181, 0.17283302933766226, -0.0043460700854364214, 0.059259627284158289, 0.050645350889949529,
			0.05906443224673015, 0.066645932159731885, 0.076924323683233181, 0.090909040168734273, 0.11111111243515563, 0.14285714283693501, 0.20000000000015217, 0.33333333333333293}))
	e.add(quotient, size, e.constant(1))
	e.sub(below, e.constant(1), size)
	e.div(quotient, quotient, below)
	far := e.log([]vec{quotient})
	e.mul(far, far, e.constant(0.5))
	y := e.choose(e.compare(size, e.constant(0.5), less), near, far)
	e.or(y, y, sign)
	return y
}

// halfExp returns ½·eˣ of x ≥ 0: Inf only where sinh and cosh are, which is beyond the end of eˣ.
func (e *elementwise) halfExp(x vec) vec {
	_, high := e.expRange()
	q, n := e.expParts(x, 0, high+1)
	e.add(q, q, e.constant(1))
	e.sub(n, n, e.constant(1))
	return e.scale(q, n)
}

// sinh returns h − 1/(4h), h = ½e^|x|, and the series of sinh for |x| < 1, where the difference would cancel.
func (e *elementwise) sinh(in []vec) vec {
	size, sign := e.sizeAndSign(in[0])
	z, far := e.reg(), e.reg()
	e.mul(z, size, size)
	terms := 5
	if e.f64 {
		terms = 9
	}
	series := make([]float64, terms)
	for i := range series {
		series[terms-1-i] = 1 / math.Gamma(float64(2*i+4))
	}
	near := e.odd(size, z, series)
	h := e.halfExp(size)
	e.div(far, e.constant(0.25), h)
	e.sub(far, h, far)
	y := e.choose(e.compare(size, e.constant(1), less), near, far)
	e.or(y, y, sign)
	return y
}

// cosh returns h + 1/(4h), h = ½e^|x|.
func (e *elementwise) cosh(in []vec) vec {
	size, _ := e.sizeAndSign(in[0])
	y := e.reg()
	h := e.halfExp(size)
	e.div(y, e.constant(0.25), h)
	e.add(y, h, y)
	return y
}
