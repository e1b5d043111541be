package models

import (
	"rpnc/graph"
	"rpnc/rpnops"
)

// Cliques are the sets of columns whose joint density a probabilistic graphical model looks at.
type Cliques struct {
	Distribution  Distribution     `yaml:"distribution"` // only the normal one has joint densities
	rpnops.Tuples `yaml:",inline"` // D is 2 unless given
}

var cliquesDefault = Cliques{Tuples: rpnops.Tuples{D: 2}}

func (c Cliques) transformation() rpnops.Transformation {
	if c.D == 0 {
		c.D = cliquesDefault.D
	}
	return rpnops.CombinatorialNormal{Tuples: c.Tuples}
}

// PGMHead weighs the evidence of single columns and of their combinations, the cliques of a graphical model:
//
//	y = κ(x)·ψ(w)ᵀ + b + x·W_rᵀ,  x (b×m) → (b×n)
//
// with κ the log densities of all tuples of 1…d columns, D = Σ C(m, i) without replacement; see [rpnops.CombinatorialNormal].
// Dual LPHM goes beyond the reference. Errors: sizes below 1, d > m without replacement, a distribution that is not the
// normal one.
type PGMHead struct {
	M            int `yaml:"m"`
	N            int `yaml:"n"`
	Channels     int `yaml:"channel_num" rpn:"min=1"`
	Base         `yaml:",inline"`
	Cliques      `yaml:",inline"`
	Product      `yaml:",inline"`
	WithResidual bool       `yaml:"with_residual"`
	Init         InitMethod `yaml:"parameters_init_method"`
}

// PGMLayer is a layer of PGM heads, x (b×m) → (b×n).
type PGMLayer struct {
	PGMHead `yaml:",inline"`
	Width   `yaml:",inline"`
}

// PGM is a stack of PGM layers, dims[0] → … → dims[k]: a Bayesian network, where there is one. Its results
// are scores, not normalised. Errors: fewer than two widths, and those of the heads.
type PGM struct {
	Dims         []int `yaml:"dims"`
	Channels     int   `yaml:"channel_num" rpn:"min=1"`
	Cliques      `yaml:",inline"`
	Product      `yaml:",inline"`
	WithResidual bool       `yaml:"with_residual"`
	Width        Width      `yaml:",inline"`
	Init         InitMethod `yaml:"parameters_init_method"`
}

var pgmDefault = PGMHead{Cliques: cliquesDefault, Product: Product{R: 3}}

var _ = Register(Entry{Name: "pgm_head", Kind: "head", Doc: "log densities of all tuples of columns, times ψ(w)ᵀ", Default: pgmDefault})
var _ = Register(Entry{Name: "pgm_layer", Kind: "layer", Doc: "PGM heads", Default: PGMLayer{PGMHead: pgmDefault}})
var _ = Register(Entry{Name: "pgm", Kind: "model", Doc: "probabilistic graphical model", Default: PGM{Cliques: cliquesDefault, Product: Product{R: 3}}})

// InOut is (m, n).
func (h PGMHead) InOut() (in, out int, err error) {
	if h.Distribution != NormalDistribution {
		return 0, 0, errorf(h, "distribution %v has no joint density of several columns; want %v", h.Distribution, NormalDistribution)
	}
	return expanded(h, h.M, h.N, h.transformation())
}

// Build builds the head.
func (h PGMHead) Build(s *rpnops.Scope, x *graph.Node) *graph.Node {
	if _, _, err := h.InOut(); err != nil {
		return s.Fail("%w", err)
	}
	return h.head(Head{
		M: h.M, N: h.N, Channels: h.Channels,
		Transform: h.transformation(), Fabrication: h.reconciliation(), Remainder: residual(h.WithResidual),
		Init: h.Init.or(XavierNormal),
	}).Build(s, x)
}

// InOut is that of the heads.
func (l PGMLayer) InOut() (in, out int, err error) { return l.layer(l.PGMHead).InOut() }

// Build builds the layer.
func (l PGMLayer) Build(s *rpnops.Scope, x *graph.Node) *graph.Node {
	return l.layer(l.PGMHead).Build(s, x)
}

func (m PGM) stack() (RPN, error) {
	return stackOf(m, m.Dims, func(in, out int) Spec {
		return PGMLayer{PGMHead{M: in, N: out, Channels: m.Channels, Cliques: m.Cliques, Product: m.Product,
			WithResidual: m.WithResidual, Init: m.Init}, m.Width}
	})
}

// InOut is (dims[0], dims[k]).
func (m PGM) InOut() (in, out int, err error) { return stackInOut(m) }

// Build builds the model.
func (m PGM) Build(s *rpnops.Scope, x *graph.Node) *graph.Node { return stackBuild(m, s, x) }
