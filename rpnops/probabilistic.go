package rpnops

import (
	"math"

	"rpnc/graph"
	"rpnc/ops"
)

// Sampling is what the compressions that draw have in common. What they draw from is z, x itself unless told otherwise;
// densities of z are the weights, and no gradient goes through weights.
//
// A draw is a function of the seed, the training step, the place in the model, the row and x. So rows draw independently,
// every step of training draws anew, and evaluation draws as at the last step: the same data gives the same result. The
// reference draws anew there, too; results agree with it in distribution.
type Sampling struct {
	K           int     `yaml:"k" rpn:"min=1"`       // number of draws; 0 means 1
	Transformed bool    `yaml:"simply_sampling,not"` // give z, or its density, instead of x
	Metric      Process `yaml:"metric"`              // z = metric(x), of the same shape
	Replace     bool    `yaml:"with_replacement"`
	Raw         bool    `yaml:"require_normalization,not"` // leave out z = 0.99·σ(z) + 0.001
	LogProb     bool    `yaml:"log_prob"`                  // where Transformed: give ln p(z) instead of z
}

// ProbabilisticCompression draws k columns of every row, column j with a weight proportional to the density p at z_j,
// and gives them in the order of x:
//
//	κ(x) = [x_{i₁}, …, x_{i_k}], or z or ln p(z) there,  i₁ ≤ … ≤ i_k drawn,  x (b×m) → (b×k)
//
// Errors: k > m, also with replacement; a metric that changes the shape; a distribution that has no density somewhere on
// 0.001…0.991, where z is, or without normalisation anywhere.
type ProbabilisticCompression struct {
	Sampling     `yaml:",inline"`
	Distribution Distribution `yaml:"distribution_function,inline"` // none means uniform on 0…1
	Hooks        `yaml:",inline"`

	forced bool // of classes that normalise, whatever is set
}

var (
	_ = Register(sampledSpec("naive_probabilistic_compression", nil, false, Laplace{Loc: -1}))
	_ = Register(sampledSpec("naive_uniform_probabilistic_compression", Uniform{High: Some(1.0)}, true, Uniform{Low: -1}))
	_ = Register(sampledSpec("naive_normal_probabilistic_compression", Normal{Std: 1}, false, Normal{Mean: 0.5}))
	_ = Register(sampledSpec("naive_cauchy_probabilistic_compression", Cauchy{Scale: 1}, false, Cauchy{Loc: 0.5}))
	_ = Register(sampledSpec("naive_chi2_probabilistic_compression", Chi2{DF: 1}, true, Chi2{DF: 3}))
	_ = Register(sampledSpec("naive_exponential_probabilistic_compression", Exponential{Rate: 0.5}, true, Exponential{Rate: 2}))
	_ = Register(sampledSpec("naive_gamma_probabilistic_compression", Gamma{Concentration: 1, Rate: 1}, true, Gamma{Concentration: 2}))
	_ = Register(sampledSpec("naive_laplace_probabilistic_compression", Laplace{Scale: 1}, false, Laplace{Loc: -1}))
)

// sampledSpec is the entry of the class of one distribution; samples have the distribution sample, too.
func sampledSpec(name string, none Distribution, forced bool, sample Distribution) Spec[ProbabilisticCompression] {
	of := func(p Distribution, s Sampling) ProbabilisticCompression {
		return ProbabilisticCompression{Sampling: s, Distribution: p, forced: forced}
	}
	return Spec[ProbabilisticCompression]{
		Name: name, Default: of(none, Sampling{}),
		Equation: "κ(x) = [x_i], k columns i drawn by their density", Params: "0",
		Samples: []ProbabilisticCompression{
			of(none, Sampling{K: 2}), of(sample, Sampling{K: 3, Transformed: true, LogProb: true}),
			of(sample, Sampling{K: 2, Transformed: true, Replace: true, Metric: Tanh{}}),
		},
	}
}

// squashedLo and squashedHi are what 0.99·σ(z) + 0.001 lies between.
const squashedLo, squashedHi = 0.001, 0.991

// k is the number of draws from m columns.
func (o Sampling) k(name string, m int) (int, error) {
	k := max(1, o.K)
	if o.K < 0 || k > m {
		return 0, errorf(name, "k = %d draws from %d columns; want 1…%d", o.K, m, m)
	}
	return k, nil
}

// z is what the density is taken of.
func (o Sampling) z(s *Scope, name string, x *graph.Node, raw bool) *graph.Node {
	z := x
	if o.Metric != nil {
		z = o.Metric.Apply(s.Sub("metric"), x)
	}
	if !z.Poisoned() && z.Shape() != x.Shape() {
		return s.fail(errorf(name, "the metric turns %v into %v; want one that keeps the shape", x.Shape(), z.Shape()))
	}
	if raw {
		return z
	}
	return squashTight.of(z)
}

// draw draws k positions of every row by the logarithms of their weights.
func (o Sampling) draw(s *Scope, k int, logs *graph.Node) *graph.Node {
	return s.G.Apply(ops.Draw{K: k, Replace: o.Replace, Seed: s.Seed, Stream: s.Stream()}, logs, s.Step())
}

// pick reads every row of x at positions of its own.
func pick(x, at *graph.Node) *graph.Node {
	return x.Graph().Apply(ops.Pick{Axis: x.Shape().Rank() - 1}, x, at)
}

// distribution is p, once its density is known to be defined wherever z may be.
func (o ProbabilisticCompression) distribution() (Distribution, error) {
	p := o.Distribution
	if p == nil {
		p = Uniform{}
	}
	lo, hi, err := p.Support()
	switch {
	case err != nil:
		return nil, err
	case o.raw() && !(math.IsInf(lo, -1) && math.IsInf(hi, 1)):
		return nil, errorf("ProbabilisticCompression", "%T has no density outside of %v…%v; want require_normalization, or a distribution on all numbers", p, lo, hi)
	case lo > squashedLo || hi < squashedHi:
		return nil, errorf("ProbabilisticCompression", "%T has no density outside of %v…%v; want one on %v…%v, where the data is once normalised", p, lo, hi, squashedLo, squashedHi)
	}
	return p, nil
}

// raw says whether normalisation is left out.
func (o ProbabilisticCompression) raw() bool { return o.Raw && !o.forced }

// OutDim is k.
func (o ProbabilisticCompression) OutDim(m int) (int, error) {
	if _, err := o.distribution(); err != nil {
		return 0, err
	}
	return o.k("ProbabilisticCompression", m)
}

// Transform draws.
func (o ProbabilisticCompression) Transform(s *Scope, x *graph.Node) *graph.Node {
	x = o.pre(s, x)
	if x.Poisoned() {
		return x
	}
	p, err := o.distribution()
	if err != nil {
		return s.fail(err)
	}
	k, err := o.k("ProbabilisticCompression", x.Shape().Dim(-1))
	if err != nil {
		return s.fail(err)
	}
	z := o.z(s, "ProbabilisticCompression", x, o.raw())
	at := o.draw(s, k, p.LogDensity(s, z))
	switch {
	case !o.Transformed:
		return o.post(s, pick(x, at))
	case o.LogProb:
		return o.post(s, p.LogDensity(s, pick(z, at)))
	}
	return o.post(s, pick(z, at))
}
