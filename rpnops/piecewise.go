package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// The activations with one branch for each sign of x. They are built from min(x, 0) = x − relu(x), which is exact and
// takes the left branch's derivative at 0. No branch is evaluated out of its range, so e^x never overflows, and there is
// no comparison to differentiate.
type (
	// LeakyRelu is x for x > 0, else slope·x; the slope is 0.01 unless it is set.
	LeakyRelu struct {
		Slope Opt[float64] `yaml:"negative_slope"`
	}
	// Elu is x for x > 0, else α(eˣ − 1); α is 1 unless it is set.
	Elu struct {
		Alpha Opt[float64] `yaml:"alpha"`
	}
	// Celu is x for x > 0, else α(e^(x/α) − 1); α is 1 where it is 0. Errors: a negative α.
	Celu struct {
		Alpha float64 `yaml:"alpha"`
	}
)

var (
	_ = Register(Spec[LeakyRelu]{
		Name: "leaky_relu", Aliases: []string{"LeakyReLU"}, Equation: "x for x > 0, else slope·x", Params: "0", Lo: -1, Hi: -0.2,
	})
	_ = Register(Spec[Elu]{
		Name: "elu", Aliases: []string{"ELU"}, Equation: "x for x > 0, else α(eˣ − 1)", Params: "0", Lo: -1, Hi: -0.2,
		Samples: []Elu{{}, {Alpha: Some(0.5)}},
	})
	_ = Register(Spec[Celu]{
		Name: "celu", Aliases: []string{"CELU"}, Equation: "x for x > 0, else α(e^(x/α) − 1)", Params: "0", Lo: -1, Hi: -0.2,
		Samples: []Celu{{}, {Alpha: 2}},
	})
)

// Apply builds the activation.
func (o LeakyRelu) Apply(_ *Scope, x *graph.Node) *graph.Node {
	positive := ops.Relu(x)
	return ops.Add(positive, ops.Scale(ops.Sub(x, positive), o.Slope.Or(0.01)))
}

// Apply builds the activation.
func (o Elu) Apply(_ *Scope, x *graph.Node) *graph.Node {
	positive := ops.Relu(x)
	return ops.Add(positive, ops.Scale(ops.Expm1(ops.Sub(x, positive)), o.Alpha.Or(1)))
}

// Apply builds the activation.
func (o Celu) Apply(s *Scope, x *graph.Node) *graph.Node {
	alpha := o.Alpha
	if alpha == 0 {
		alpha = 1
	}
	if alpha < 0 {
		return s.fail(errorf("Celu", "alpha = %v; want a positive number", alpha))
	}
	positive := ops.Relu(x)
	return ops.Add(positive, ops.Scale(ops.Expm1(ops.Scale(ops.Sub(x, positive), 1/alpha)), alpha))
}
