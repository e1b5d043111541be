package models

import (
	"math"

	"rpnc/graph"
	"rpnc/rpnops"
)

// Attention says how a bilinear head fabricates the matrix of its scores; LoRR goes before dual LPHM.
type Attention struct {
	WithLoRRXi     bool `yaml:"with_lorr_interdependence"`
	WithDualLPHMXi bool `yaml:"with_dual_lphm_interdependence"`
	RXi            int  `yaml:"r_interdependence" rpn:"min=1"` // rank; 0 means 3
}

// reconciliation of the (m×m) matrix W of the scores x·W·xᵀ.
func (a Attention) scores(m int) rpnops.Reconciliation {
	switch {
	case a.WithLoRRXi:
		return rpnops.LoRR{R: rank(a.RXi)}
	case a.WithDualLPHMXi:
		p := rpnops.CloseFactor(m)
		return rpnops.DualLPHM{Blocks: rpnops.Blocks{P: p, Q: p}, R: rank(a.RXi)}
	}
	return nil
}

// BilinearHead relates the rows of a batch by attention:
//
//	y = out(Aᵀ·κ(x)·ψ(w)ᵀ + b + x·W_rᵀ),  A = softmax↓(√n·x·W·xᵀ),  x (b×m) → (b×n)
//
// The softmax runs down each column; scores that are exactly 0 are masked.
type BilinearHead struct {
	M            int `yaml:"m"`
	N            int `yaml:"n"`
	Channels     int `yaml:"channel_num" rpn:"min=1"`
	Base         `yaml:",inline"`
	Attention    `yaml:",inline"`
	Expansion    `yaml:",inline"`
	Product      `yaml:",inline"`
	WithResidual bool `yaml:"with_residual"`
	Finish       `yaml:",inline"`
	Init         InitMethod `yaml:"parameters_init_method"`
}

var bilinearDefault = BilinearHead{Attention: Attention{RXi: 3}, Expansion: Expansion{D: 2}, Product: Product{R: 3},
	Finish: Finish{WithRelu: true, WithSoftmax: true, P: 0.25}}

var _ = Register(Entry{Name: "bilinear_interdependence_head", Kind: "head", Doc: "attention over the rows of a batch", Default: bilinearDefault})

// InOut is (m, n).
func (h BilinearHead) InOut() (in, out int, err error) {
	if err = positive(h, "m", h.M, "n", h.N); err == nil {
		err = h.Finish.check(h)
	}
	return h.M, h.N, err
}

// Build builds the head.
func (h BilinearHead) Build(s *rpnops.Scope, x *graph.Node) *graph.Node {
	if _, _, err := h.InOut(); err != nil {
		return s.Fail("%w", err)
	}
	softmax := rpnops.OperatorNormalize{MaskZeros: true, RescaleFactor: rpnops.Some(math.Sqrt(float64(h.N))), Mode: rpnops.SoftmaxColumns}
	return h.head(Head{
		M: h.M, N: h.N, Channels: h.Channels,
		Instance:  rpnops.Bilinear{Reconcile: h.scores(h.M), Hooks: rpnops.Hooks{Post: []rpnops.Process{softmax}}},
		Transform: h.transformation(), Fabrication: h.reconciliation(), Remainder: residual(h.WithResidual),
		Output: h.processes(h.N), Init: h.Init.or(XavierNormal),
	}).Build(s, x)
}
