package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// RemainderOptions are what every remainder takes: functions that run on its value, in order. The legacy switches are
// accepted and say nothing that the remainder does not know.
type RemainderOptions struct {
	Activations []Process `yaml:"activation_functions"`
	Legacy      `yaml:",inline"`
}

func (o RemainderOptions) act(s *Scope, y *graph.Node) *graph.Node {
	return Apply(s, "activation_functions", o.Activations, y)
}

// LinearRemainder is the remainder
//
//	π(x) = act(x·Wᵀ + b),  x (b×m), W (n×m), b (n) where EnableBias says so
//
// W and b belong to the head. x is the head's input after its input processing and before κ, so a linear remainder is a
// linear model beside the head. Errors: require_parameters: false.
type LinearRemainder struct {
	BiasOption       `yaml:",inline"`
	RemainderOptions `yaml:",inline"`
}

// IdentityRemainder is π(x) = act(x), the skip connection of residual nets. It has no parameters, whatever
// require_parameters and enable_bias say. Errors: m ≠ n.
type IdentityRemainder struct {
	BiasOption       `yaml:",inline"`
	RemainderOptions `yaml:",inline"`
}

var (
	_ = Register(Spec[LinearRemainder]{
		Name: "linear_remainder", Equation: "π(x) = act(x·Wᵀ + b),  W (n×m)", Params: "nm, and n of bias",
		Samples: []LinearRemainder{{}, {BiasOption: BiasOption{true}}, {RemainderOptions: RemainderOptions{Activations: []Process{Tanh{}}}}},
	})
	_ = Register(Spec[IdentityRemainder]{
		Name: "identity_remainder", Equation: "π(x) = act(x),  m = n", Params: "0",
		Samples: []IdentityRemainder{{}, {RemainderOptions: RemainderOptions{Activations: []Process{Tanh{}, Softplus{}}}}},
	})
)

// NumParams is nm, and n where there is a bias.
func (o LinearRemainder) NumParams(m, n int) (w, b int, err error) {
	if !o.RequireParameters.Or(true) {
		return 0, 0, errorf("LinearRemainder", "require_parameters is false, but x·Wᵀ needs W; want true, or identity_remainder")
	}
	if o.EnableBias {
		b = n
	}
	return n * m, b, nil
}

// Remain builds act(x·Wᵀ + b).
func (o LinearRemainder) Remain(s *Scope, x, w, b *graph.Node, n int) *graph.Node {
	if _, _, err := o.NumParams(x.Shape().Dim(-1), n); err != nil {
		return s.fail(err)
	}
	y := ops.MatMulT(x, w)
	if b != nil {
		y = ops.Add(y, b)
	}
	return o.act(s, y)
}

// NumParams checks that m = n.
func (o IdentityRemainder) NumParams(m, n int) (w, b int, err error) {
	if m != n {
		return 0, 0, errorf("IdentityRemainder", "the input has %d columns, the head's output %d; want as many, or linear_remainder", m, n)
	}
	return 0, 0, nil
}

// Remain builds act(x).
func (o IdentityRemainder) Remain(s *Scope, x, _, _ *graph.Node, n int) *graph.Node {
	if _, _, err := o.NumParams(x.Shape().Dim(-1), n); err != nil && !x.Poisoned() {
		return s.fail(err)
	}
	return o.act(s, x)
}
