package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// LogDensity is the expansion in logarithms of densities: block i has the density of distribution i at every column of x,
//
//	κ(x)[i·m + j] = ln pᵢ(u(x_j)),  x (b×m) → (b×im), i = 1…D/m
//
// Densities that live above 0 are taken of a squashed column, u = c·σ(x) + 0.001, all others of x itself. The classes
// of the reference differ in their lists of distributions alone, which no setting changes.
type LogDensity struct {
	Of    DensityList `yaml:"-"`
	Hooks `yaml:",inline"`
}

// DensityList is the list of distributions of a class. The naive ones have one distribution, D = m.
type DensityList uint8

// The lists, as the classes are called.
const (
	NaiveNormal DensityList = iota
	NormalList
	NaiveCauchy
	CauchyList
	NaiveChi2
	Chi2List
	NaiveGamma
	GammaList
	NaiveLaplace
	LaplaceList
	NaiveExponential
	ExponentialList
	HybridProbabilistic
	densityLists
)

// squash says what a density is taken of: x itself, or c·σ(x) + 0.001, which stays off the pole at 0.
type squash float64

const (
	unsquashed  squash = 0
	squashWide  squash = 1    // 0.001…1.001
	squashTight squash = 0.99 // 0.001…0.991
)

// of builds the argument of a density.
func (c squash) of(x *graph.Node) *graph.Node {
	if c == unsquashed {
		return x
	}
	return ops.Shift(scaled(ops.Sigmoid(x), float64(c)), 0.001)
}

// density is one block.
type density struct {
	u squash
	p Distribution
}

// densities has the blocks of every class in the order of columns. Normal has its scales outside, Cauchy and Laplace
// have theirs inside; chi2 alone squashes widely, but not in the hybrid class; the exponential distributions of the naive
// and of the hybrid class have different rates. All that is the reference's.
var densities = [densityLists]struct {
	name   string
	blocks []density
}{
	NaiveNormal: {"naive_normal", []density{{unsquashed, Normal{}}}},
	NormalList: {"normal", []density{{unsquashed, Normal{}}, {unsquashed, Normal{Mean: 1}}, {unsquashed, Normal{Mean: -1}},
		{unsquashed, Normal{Std: 0.1}}, {unsquashed, Normal{Mean: 1, Std: 0.1}}, {unsquashed, Normal{Mean: -1, Std: 0.1}}}},
	NaiveCauchy: {"naive_cauchy", []density{{unsquashed, Cauchy{}}}},
	CauchyList: {"cauchy", []density{{unsquashed, Cauchy{}}, {unsquashed, Cauchy{Scale: 0.5}}, {unsquashed, Cauchy{Loc: 1}},
		{unsquashed, Cauchy{Loc: 1, Scale: 0.5}}, {unsquashed, Cauchy{Loc: -1}}, {unsquashed, Cauchy{Loc: -1, Scale: 0.5}}}},
	NaiveChi2:  {"naive_chi2", []density{{squashWide, Chi2{DF: 1}}}},
	Chi2List:   {"chi2", []density{{squashWide, Chi2{DF: 1}}, {squashWide, Chi2{DF: 2}}}},
	NaiveGamma: {"naive_gamma", []density{{squashTight, Gamma{Concentration: 0.5}}}},
	GammaList: {"gamma", []density{{squashTight, Gamma{Concentration: 0.5}}, {squashTight, Gamma{Concentration: 0.5, Rate: 2}}, {squashTight, Gamma{}},
		{squashTight, Gamma{Rate: 2}}, {squashTight, Gamma{Concentration: 2}}, {squashTight, Gamma{Concentration: 2, Rate: 2}}}},
	NaiveLaplace: {"naive_laplace", []density{{unsquashed, Laplace{}}}},
	LaplaceList: {"laplace", []density{{unsquashed, Laplace{}}, {unsquashed, Laplace{Scale: 2}}, {unsquashed, Laplace{Loc: 1}},
		{unsquashed, Laplace{Loc: 1, Scale: 2}}, {unsquashed, Laplace{Loc: -1}}, {unsquashed, Laplace{Loc: -1, Scale: 2}}}},
	NaiveExponential: {"naive_exponential", []density{{squashTight, Exponential{Rate: 0.5}}}},
	ExponentialList: {"exponential", []density{{squashTight, Exponential{Rate: 0.5}}, {squashTight, Exponential{Rate: 0.75}}, {squashTight, Exponential{Rate: 1}},
		{squashTight, Exponential{Rate: 2}}, {squashTight, Exponential{Rate: 3}}, {squashTight, Exponential{Rate: 5}}}},
	HybridProbabilistic: {"hybrid_probabilistic", []density{{unsquashed, Normal{}}, {unsquashed, Cauchy{}}, {squashTight, Chi2{DF: 1}},
		{squashTight, Gamma{Concentration: 0.5}}, {unsquashed, Laplace{}}, {squashTight, Exponential{Rate: 1}}}},
}

var _ = registerDensities()

// registerDensities registers a class for every list. Data between the kinks of the Laplace densities at −1, 0 and 1
// suits all.
func registerDensities() struct{} {
	for of, l := range densities {
		k := LogDensity{Of: DensityList(of)}
		squashed := k
		squashed.Pre = []Process{Tanh{}}
		Register(Spec[LogDensity]{
			Name: l.name + "_expansion", Default: k, Equation: "κ(x) = ln pᵢ(x) for the distributions i of the class", Params: "0",
			Samples: []LogDensity{k, squashed}, Lo: 0.1, Hi: 0.9,
		})
	}
	return struct{}{}
}

// String is the name of the class without its suffix.
func (l DensityList) String() string {
	if l >= densityLists {
		return "unknown"
	}
	return densities[l].name
}

// OutDim is m for each distribution.
func (o LogDensity) OutDim(m int) (int, error) {
	if o.Of >= densityLists {
		return 0, errorf("LogDensity", "number %d is none of the %d lists of distributions", o.Of, densityLists)
	}
	return m * len(densities[o.Of].blocks), nil
}

// Transform builds the blocks. Those that share an argument share its node.
func (o LogDensity) Transform(s *Scope, x *graph.Node) *graph.Node {
	if _, err := o.OutDim(0); err != nil {
		return s.fail(err)
	}
	x = o.pre(s, x)
	var blocks []*graph.Node
	for _, d := range densities[o.Of].blocks {
		blocks = append(blocks, d.p.LogDensity(s, d.u.of(x)))
	}
	return o.post(s, ops.Join(-1, blocks...))
}
