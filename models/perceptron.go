package models

import (
	"rpnc/graph"
	"rpnc/rpnops"
)

// PerceptronHead is y = out(κ(x)·ψ(w)ᵀ + b + x·W_rᵀ), x (b×m) → (b×n): the head of multi-layer perceptrons.
type PerceptronHead struct {
	M            int `yaml:"m"`
	N            int `yaml:"n"`
	Channels     int `yaml:"channel_num" rpn:"min=1"`
	Base         `yaml:",inline"`
	Expansion    `yaml:",inline"`
	Product      `yaml:",inline"`
	WithResidual bool `yaml:"with_residual"`
	Finish       `yaml:",inline"`
	WithHybrid   bool       `yaml:"with_hybrid_expansion"` // must stay false: the reference ignores it
	Init         InitMethod `yaml:"parameters_init_method"`
}

var _ = Register(Entry{Name: "perceptron_head", Kind: "head", Doc: "κ(x)·ψ(w)ᵀ + b", Default: PerceptronHead{
	Expansion: Expansion{D: 2}, Product: Product{R: 3, EnableBias: true}, Finish: Finish{WithDropout: true, P: 0.5}}})

// InOut is (m, n).
func (h PerceptronHead) InOut() (in, out int, err error) {
	if err = positive(h, "m", h.M, "n", h.N); err == nil {
		err = h.Finish.check(h)
	}
	if err == nil && h.WithHybrid {
		err = errorf(h, "with_hybrid_expansion has no meaning; leave it out")
	}
	return h.M, h.N, err
}

// Build builds the head.
func (h PerceptronHead) Build(s *rpnops.Scope, x *graph.Node) *graph.Node {
	if _, _, err := h.InOut(); err != nil {
		return s.Fail("%w", err)
	}
	return h.head(Head{
		M: h.M, N: h.N, Channels: h.Channels,
		Transform: h.transformation(), Fabrication: h.reconciliation(), Remainder: residual(h.WithResidual),
		Output: h.processes(h.N), Init: h.Init.or(XavierNormal),
	}).Build(s, x)
}
