package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// LayerNorm normalises along the last axis:
//
//	y = (x − mean) / √(var + ε),  with Trainable: y·weight + bias
//
// The variance is biased (divisor m). Untrained weight and bias would be 1 and 0 and do not exist. It is built of
// primitives: gradients of any order follow, and the compiler sees the sums that it may compute in another way. Errors: a
// width other than NormalizedShape where that is given.
//
// Ba, Kiros and Hinton, Layer Normalization (2016).
type LayerNorm struct {
	NormalizedShape int     `yaml:"normalized_shape"`
	Eps             float64 `yaml:"eps"` // 0 means 10⁻⁵
	Trainable       bool    `yaml:"trainable"`
}

var _ = Register(Spec[LayerNorm]{
	Name: "layer_norm", Aliases: []string{"LayerNorm"}, Default: LayerNorm{Eps: normEps},
	Equation: "(x − mean)/√(var + ε) along the last axis", Params: "0, or 2m trained ones",
	Samples: []LayerNorm{{}, {Trainable: true}, {Eps: 0.1}},
})

// normEps is ε of the norms.
const normEps = 1e-5

func epsOr(eps float64) float64 {
	if eps == 0 {
		return normEps
	}
	return eps
}

// Trained is the norm with weight and bias.
func (o LayerNorm) Trained() Process {
	o.Trainable = true
	return o
}

// Apply builds the norm.
func (o LayerNorm) Apply(s *Scope, x *graph.Node) *graph.Node {
	m := x.Shape().Dim(-1)
	if o.NormalizedShape > 0 && o.NormalizedShape != m && !x.Poisoned() {
		return s.fail(errorf("LayerNorm", "normalized_shape is %d, x %v has %d columns; make them equal", o.NormalizedShape, x.Shape(), m))
	}
	d := ops.Sub(x, ops.MeanAxis(x, -1))
	y := ops.Mul(d, rsqrt(ops.MeanAxis(ops.Square(d), -1), epsOr(o.Eps)))
	if !o.Trainable {
		return y
	}
	y = ops.Mul(y, s.Param("weight", graph.Fill(1), m))
	return ops.Add(y, s.Param("bias", graph.Zeros(), m))
}

// rsqrt is 1/√(x + ε).
func rsqrt(x *graph.Node, eps float64) *graph.Node {
	return ops.Recip(ops.Sqrt(ops.Shift(x, eps)))
}
