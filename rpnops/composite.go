package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// Nested applies transformations one after the other:
//
//	κ(x) = κ_k(… κ₂(κ₁(x)) …),  D as the last one gives it
//
// None are the identity. Transformation i has the scope composition_functions.i. Errors: those of the transformations.
type Nested struct {
	Functions []Transformation `yaml:"composition_functions"`
	Hooks     `yaml:",inline"`
}

// Extended applies transformations side by side:
//
//	κ(x) = [κ₁(x), …, κ_k(x)],  D = Σ Dᵢ
//
// Transformation i has the scope composition_functions.i. Errors: none given, those of the transformations.
type Extended struct {
	Functions []Transformation `yaml:"composition_functions"`
	Hooks     `yaml:",inline"`
}

var (
	_ = Register(Spec[Nested]{
		Name: "nested_expansion", Equation: "κ(x) = κ_k(… κ₁(x) …)", Params: "0",
		Samples: []Nested{{}, {Functions: []Transformation{Taylor{D: 2}, IdentityExpansion{Hooks{Pre: []Process{Tanh{}}}}}}},
	})
	_ = Register(Spec[Extended]{
		Name: "extended_expansion", Equation: "κ(x) = [κ₁(x), …, κ_k(x)]", Params: "0",
		Samples: []Extended{{Functions: []Transformation{IdentityExpansion{}, Taylor{D: 2}}, Hooks: Hooks{Pre: []Process{Tanh{}}}}},
	})
)

// children is the scope of transformation i.
func children(s *Scope, i int) *Scope { return s.Sub("composition_functions").SubN(i) }

// OutDim passes m through all.
func (o Nested) OutDim(m int) (D int, err error) {
	for _, f := range o.Functions {
		if m, err = f.OutDim(m); err != nil {
			return 0, err
		}
	}
	return m, nil
}

// Transform passes x through all.
func (o Nested) Transform(s *Scope, x *graph.Node) *graph.Node {
	x = o.pre(s, x)
	for i, f := range o.Functions {
		if x.Poisoned() {
			return x
		}
		x = f.Transform(children(s, i), x)
	}
	return o.post(s, x)
}

// OutDim adds up.
func (o Extended) OutDim(m int) (D int, err error) {
	if len(o.Functions) == 0 {
		return 0, errorf("Extended", "needs at least one function")
	}
	for _, f := range o.Functions {
		k, err := f.OutDim(m)
		if err != nil {
			return 0, err
		}
		D += k
	}
	return D, nil
}

// Transform joins.
func (o Extended) Transform(s *Scope, x *graph.Node) *graph.Node {
	if len(o.Functions) == 0 {
		return s.fail(errorf("Extended", "needs at least one function"))
	}
	x = o.pre(s, x)
	if x.Poisoned() {
		return x
	}
	var blocks []*graph.Node
	for i, f := range o.Functions {
		blocks = append(blocks, f.Transform(children(s, i), x))
	}
	return o.post(s, ops.Join(-1, blocks...))
}
