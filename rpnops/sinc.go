package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// sincTerms is the number of terms of the series of sin v/v, whose remainder for |v| ≤ 1 is below rounding of f64, as are
// those of its first two derivatives.
const sincTerms = 10

// sinc is sin v/v, 1 at 0. For |v| ≤ 1 it is the series Σ (−1)ᵏv²ᵏ/(2k+1)!, because there the derivatives of the quotient,
// cos v/v − sin v/v² and so on, cancel, and are no numbers at 0; so autodiff of this form is right of every order.
// The branches are joined by masks, exactly 0 or 1 and without gradient, and each gets a harmless argument where the
// other one counts: the quotient 1, the series 0.
func sinc(v *graph.Node) *graph.Node {
	one := v.Graph().Scalar(v.DType(), 1)
	outside := ops.Step(ops.Shift(ops.Abs(v), -1))
	inside := ops.Sub(one, outside)
	far := ops.Mul(v, outside)
	argument := ops.Add(far, inside)
	quotient := ops.Div(ops.Sin(argument), argument)
	return ops.Add(ops.Mul(outside, quotient), ops.Mul(inside, sincSeries(ops.Square(ops.Sub(v, far)))))
}

// sincSeries is the series in z = v² by Horner's rule: 1 − z/6·(1 − z/20·(1 − …)).
func sincSeries(z *graph.Node) *graph.Node {
	sum := z.Graph().Const(z.Type(), 1)
	for k := sincTerms - 1; k >= 1; k-- {
		sum = ops.Shift(ops.Mul(ops.Scale(z, -1/float64(2*k*(2*k+1))), sum), 1)
	}
	return sum
}
