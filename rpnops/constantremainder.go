package rpnops

import "rpnc/graph"

// The remainders that do not read x: act of a constant (n), broadcast over the rows. An activation that looks along the
// columns, a softmax or a norm, sees n equal entries.
type (
	// ConstantRemainder is π(x) = act(c), 1 without c.
	ConstantRemainder struct {
		C                Opt[float64] `yaml:"c"`
		BiasOption       `yaml:",inline"`
		RemainderOptions `yaml:",inline"`
	}
	// OneRemainder is π(x) = act(1).
	OneRemainder struct {
		BiasOption       `yaml:",inline"`
		RemainderOptions `yaml:",inline"`
	}
	// ZeroRemainder is π(x) = act(0). Heads leave it out, activations included, as they do without a remainder.
	ZeroRemainder struct {
		BiasOption       `yaml:",inline"`
		RemainderOptions `yaml:",inline"`
	}
)

var (
	_ = Register(Spec[ConstantRemainder]{
		Name: "constant_remainder", Default: ConstantRemainder{C: Some(1.0)}, Equation: "π(x) = act(c)", Params: "0",
		Samples: []ConstantRemainder{{}, {C: Some(-0.5), RemainderOptions: RemainderOptions{Activations: []Process{Tanh{}}}}},
	})
	_ = Register(Spec[OneRemainder]{Name: "one_remainder", Equation: "π(x) = act(1)", Params: "0"})
	_ = Register(Spec[ZeroRemainder]{Name: "zero_remainder", Equation: "π(x) = act(0), left out by heads", Params: "0"})
)

// NumParams is none.
func (o ConstantRemainder) NumParams(m, n int) (w, b int, err error) { return 0, 0, nil }

// Remain builds act of c (n).
func (o ConstantRemainder) Remain(s *Scope, _, _, _ *graph.Node, n int) *graph.Node {
	return o.act(s, s.Const(s.Type(n), o.C.Or(1)))
}

// NumParams is none.
func (o OneRemainder) NumParams(m, n int) (w, b int, err error) { return 0, 0, nil }

// Remain builds act of 1 (n).
func (o OneRemainder) Remain(s *Scope, _, _, _ *graph.Node, n int) *graph.Node {
	return o.act(s, s.Const(s.Type(n), 1))
}

// NumParams is none.
func (o ZeroRemainder) NumParams(m, n int) (w, b int, err error) { return 0, 0, nil }

// Remain builds act of 0 (n); nil, which means zero, without activations.
func (o ZeroRemainder) Remain(s *Scope, _, _, _ *graph.Node, n int) *graph.Node {
	if len(o.Activations) == 0 {
		return nil
	}
	return o.act(s, s.Const(s.Type(n)))
}
