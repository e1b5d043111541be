package models

import (
	"rpnc/graph"
	"rpnc/rpnops"
)

// ChainOptions selects the interdependence along a chain; the exponential approximation goes before the inverse one,
// that before several hops, that before the plain chain.
type ChainOptions struct {
	BiDirectional   bool                `yaml:"bi_directional"`
	WithMultihop    bool                `yaml:"with_multihop"`
	H               rpnops.Opt[int]     `yaml:"h"` // hops; 1 unless given
	Accumulative    bool                `yaml:"accumulative"`
	WithInverse     bool                `yaml:"with_inverse_approx"`
	WithExponential bool                `yaml:"with_exponential_approx"`
	NoSelf          bool                `yaml:"self_dependence,not"`
	SelfScaling     rpnops.Opt[float64] `yaml:"self_scaling"` // weight of an element in its own sum; 1 unless given
}

// interdependence is the instance interdependence of a chain of the given length.
func (o ChainOptions) interdependence(length int) rpnops.Interdependence {
	chain := rpnops.Chain{Length: length, BiDirectional: o.BiDirectional, NoSelf: o.NoSelf, SelfScaling: o.SelfScaling}
	switch {
	case o.WithExponential:
		return rpnops.ExponentialChain{Chain: chain}
	case o.WithInverse:
		return rpnops.InverseChain{Chain: chain}
	case o.WithMultihop:
		return rpnops.MultihopChain{Chain: chain, H: o.H, Accumulative: o.Accumulative}
	}
	return chain
}

// ChainHead relates the L positions of every row, each of m attributes, and maps each position with the same
// parameters:
//
//	Y[t] = ψ(w)·Σ_s A[s,t]·X[s] + b + W_r·X[t],  x (b×L·m) position-major → (b×L·n)
//
// Softmax runs over all L·n results of a row; batch norm over the n features of all positions.
type ChainHead struct {
	M            int `yaml:"m"`
	N            int `yaml:"n"`
	Length       int `yaml:"chain_length"`
	Channels     int `yaml:"channel_num" rpn:"min=1"`
	Base         `yaml:",inline"`
	ChainOptions `yaml:",inline"`
	Product      `yaml:",inline"`
	WithResidual bool `yaml:"with_residual"`
	Finish       `yaml:",inline"`
	Expansion    `yaml:",inline"` // accepted and without effect: κ is the identity
	Init         InitMethod       `yaml:"parameters_init_method"`
}

var chainDefault = ChainHead{ChainOptions: ChainOptions{H: rpnops.Some(1), SelfScaling: rpnops.Some(1.0)}, Product: Product{R: 3}, Expansion: Expansion{D: 2},
	Finish: Finish{WithRelu: true, WithSoftmax: true, P: 0.25}}

var _ = Register(Entry{Name: "chain_interdependence_head", Kind: "head", Doc: "Aᵀ·x along a chain, then ψ(w) at every position", Default: chainDefault})

// InOut is (L·m, L·n).
func (h ChainHead) InOut() (in, out int, err error) {
	if err = positive(h, "m", h.M, "n", h.N, "chain_length", h.Length); err == nil {
		err = h.Finish.check(h)
	}
	return h.Length * h.M, h.Length * h.N, err
}

// Build builds the head.
func (h ChainHead) Build(s *rpnops.Scope, x *graph.Node) *graph.Node {
	in, out, err := h.InOut()
	if err != nil {
		return s.Fail("%w", err)
	}
	return layout{positions: h.Length, chain: true, Head: h.head(Head{
		M: in, N: out, Channels: h.Channels, Instance: h.interdependence(h.Length),
		Fabrication: h.reconciliation(), Remainder: residual(h.WithResidual),
		Output: h.processes(h.N), Init: h.Init.or(XavierNormal),
	})}.build(s, x)
}
