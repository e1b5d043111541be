package models

import (
	"rpnc/graph"
	"rpnc/rpnops"
)

// Distribution names the density of probabilistic heads.
type Distribution uint8

// The distributions, each with the parameters of the naive expansion of its name.
const (
	NormalDistribution Distribution = iota
	ExponentialDistribution
	CauchyDistribution
	GammaDistribution
	Chi2Distribution
	LaplaceDistribution
)

var distributionNames = []string{"normal", "exponential", "cauchy", "gamma", "chi2", "laplace"}

var naiveDensities = []rpnops.DensityList{rpnops.NaiveNormal, rpnops.NaiveExponential, rpnops.NaiveCauchy, rpnops.NaiveGamma,
	rpnops.NaiveChi2, rpnops.NaiveLaplace}

func (d Distribution) String() string { return distributionNames[d] }

// MarshalText writes the reference's name.
func (d Distribution) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the reference's name.
func (d *Distribution) UnmarshalText(text []byte) (err error) {
	*d, err = oneOf[Distribution]("distribution", distributionNames, text)
	return err
}

// NaiveBayesHead weighs the evidence of columns that are taken as independent:
//
//	y = κ(x)·ψ(w)ᵀ + b + x·W_rᵀ,  κ(x)[j] = ln p(x_j),  x (b×m) → (b×n)
//
// The parameters of p are fixed and the same in every column; what is learned is the weight of each column in each
// class. Densities that live above 0 are taken of a squashed column; see [rpnops.LogDensity]. Dual LPHM goes beyond the
// reference. Errors: sizes below 1, an unknown distribution.
type NaiveBayesHead struct {
	M            int `yaml:"m"`
	N            int `yaml:"n"`
	Channels     int `yaml:"channel_num" rpn:"min=1"`
	Base         `yaml:",inline"`
	Distribution Distribution `yaml:"distribution"`
	Product      `yaml:",inline"`
	WithResidual bool       `yaml:"with_residual"`
	Init         InitMethod `yaml:"parameters_init_method"`
}

// NaiveBayesLayer is a layer of naive Bayes heads, x (b×m) → (b×n).
type NaiveBayesLayer struct {
	NaiveBayesHead `yaml:",inline"`
	Width          `yaml:",inline"`
}

// NaiveBayes is a stack of naive Bayes layers, dims[0] → … → dims[k]; the classifier proper has one. Its
// results are scores, not normalised. Errors: fewer than two widths, and those of the heads.
type NaiveBayes struct {
	Dims         []int        `yaml:"dims"`
	Channels     int          `yaml:"channel_num" rpn:"min=1"`
	Distribution Distribution `yaml:"distribution"`
	Product      `yaml:",inline"`
	WithResidual bool       `yaml:"with_residual"`
	Width        Width      `yaml:",inline"`
	Init         InitMethod `yaml:"parameters_init_method"`
}

var naiveBayesDefault = NaiveBayesHead{Product: Product{R: 3}}

var _ = Register(Entry{Name: "naive_bayes_head", Kind: "head", Doc: "log densities of every entry, times ψ(w)ᵀ", Default: naiveBayesDefault})
var _ = Register(Entry{Name: "naive_bayes_layer", Kind: "layer", Doc: "naive Bayes heads", Default: NaiveBayesLayer{NaiveBayesHead: naiveBayesDefault}})
var _ = Register(Entry{Name: "naive_bayes", Kind: "model", Doc: "naive Bayes classifier", Default: NaiveBayes{Product: Product{R: 3}}})

func (h NaiveBayesHead) transformation() rpnops.Transformation {
	return rpnops.LogDensity{Of: naiveDensities[h.Distribution]}
}

// InOut is (m, n).
func (h NaiveBayesHead) InOut() (in, out int, err error) {
	if err = known(h, "distribution", h.Distribution, distributionNames); err != nil {
		return 0, 0, err
	}
	return expanded(h, h.M, h.N, h.transformation())
}

// Build builds the head.
func (h NaiveBayesHead) Build(s *rpnops.Scope, x *graph.Node) *graph.Node {
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
func (l NaiveBayesLayer) InOut() (in, out int, err error) { return l.layer(l.NaiveBayesHead).InOut() }

// Build builds the layer.
func (l NaiveBayesLayer) Build(s *rpnops.Scope, x *graph.Node) *graph.Node {
	return l.layer(l.NaiveBayesHead).Build(s, x)
}

func (m NaiveBayes) stack() (RPN, error) {
	return stackOf(m, m.Dims, func(in, out int) Spec {
		return NaiveBayesLayer{NaiveBayesHead{M: in, N: out, Channels: m.Channels, Distribution: m.Distribution, Product: m.Product,
			WithResidual: m.WithResidual, Init: m.Init}, m.Width}
	})
}

// InOut is (dims[0], dims[k]).
func (m NaiveBayes) InOut() (in, out int, err error) { return stackInOut(m) }

// Build builds the model.
func (m NaiveBayes) Build(s *rpnops.Scope, x *graph.Node) *graph.Node { return stackBuild(m, s, x) }
