package rpnops

import "rpnc/graph"

// IdentityExpansion is κ(x) = x, D = m. With hooks it is a plain way to put activations or a norm in front of ψ.
type IdentityExpansion struct {
	Hooks `yaml:",inline"`
}

var _ = Register(Spec[IdentityExpansion]{
	Name: "identity_expansion", Equation: "κ(x) = x,  D = m", Params: "0",
	Samples: []IdentityExpansion{{}, {Hooks{Pre: []Process{Tanh{}}, Post: []Process{Softplus{}, LayerNorm{}}}}},
})

// OutDim is m.
func (IdentityExpansion) OutDim(m int) (int, error) { return m, nil }

// Transform runs the hooks.
func (o IdentityExpansion) Transform(s *Scope, x *graph.Node) *graph.Node {
	return o.post(s, o.pre(s, x))
}
