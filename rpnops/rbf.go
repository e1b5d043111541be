package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// Centres are the fixed centres c₁…c_k of radial basis functions: a base, or k equidistant points of a range with both
// ends, of which a single one is the lower end.
type Centres struct {
	BaseRange   []float64    `yaml:"base_range"`               // lo, hi; none means −1, 1
	NumInterval int          `yaml:"num_interval" rpn:"min=1"` // k; 0 means 10
	Epsilon     Opt[float64] `yaml:"epsilon"`                  // ε, 1 unless it is set
	Base        []float64    `yaml:"base"`                     // the centres themselves, k numbers
}

var defaultCentres = Centres{BaseRange: []float64{-1, 1}, NumInterval: 10, Epsilon: Some(1.0)}

// The expansions in radial basis functions of the distance of x from the centres:
//
//	κ(x)[j·k + i] = φ(ε(x_j − cᵢ)),  x (b×m) → (b×mk)
//
// Neither the centres nor ε are trained. Errors: a range that is not two numbers, k < 1, a base of another length than k.
type (
	// GaussianRBF has φ(r) = e^(−r²).
	GaussianRBF struct {
		Centres `yaml:",inline"`
		Hooks   `yaml:",inline"`
	}
	// InverseQuadraticRBF has φ(r) = 1/(1+r²).
	InverseQuadraticRBF struct {
		Centres `yaml:",inline"`
		Hooks   `yaml:",inline"`
	}
)

var (
	_ = Register(Spec[GaussianRBF]{
		Name: "gaussian_rbf_expansion", Default: GaussianRBF{Centres: defaultCentres},
		Equation: "κ(x) = exp(−ε²(x_j − cᵢ)²), i = 1…k,  D = mk", Params: "0",
		Samples: []GaussianRBF{{}, {Centres: Centres{Base: []float64{-0.5, 2}, NumInterval: 2, Epsilon: Some(0.7)}}},
	})
	_ = Register(Spec[InverseQuadraticRBF]{
		Name: "inverse_quadratic_rbf_expansion", Aliases: []string{"inverse_quadratic_rbf"}, Default: InverseQuadraticRBF{Centres: defaultCentres},
		Equation: "κ(x) = 1/(1 + ε²(x_j − cᵢ)²), i = 1…k,  D = mk", Params: "0",
		Samples: []InverseQuadraticRBF{{}, {Centres: Centres{BaseRange: []float64{-2, 1}, NumInterval: 1, Epsilon: Some(2.0)}}},
	})
)

// points are the centres.
func (o Centres) points() ([]float64, error) {
	lo, hi, k := -1.0, 1.0, o.NumInterval
	if k == 0 {
		k = 10
	}
	switch {
	case k < 1:
		return nil, errorf("Centres", "num_interval = %d; want 1 or more", k)
	case o.Base != nil && len(o.Base) != k:
		return nil, errorf("Centres", "base has %d numbers and num_interval is %d; make them equal", len(o.Base), k)
	case o.Base != nil:
		return o.Base, nil
	case o.BaseRange != nil && len(o.BaseRange) != 2:
		return nil, errorf("Centres", "base_range %v; want two numbers, lo and hi", o.BaseRange)
	case o.BaseRange != nil:
		lo, hi = o.BaseRange[0], o.BaseRange[1]
	}
	if err := atMost("Centres", "num_interval", k, mostPoints); err != nil {
		return nil, err
	}
	c := make([]float64, k)
	for i := range c {
		t := float64(i) / float64(max(1, k-1))
		c[i] = lo*(1-t) + hi*t // exact at both ends
	}
	return c, nil
}

// OutDim is mk.
func (o Centres) OutDim(m int) (int, error) {
	c, err := o.points()
	return m * len(c), err
}

// expand builds post(φ((ε(x_j − cᵢ))²)) with the centres along a last axis.
func (o Centres) expand(s *Scope, h Hooks, x *graph.Node, φ func(r2 *graph.Node) *graph.Node) *graph.Node {
	c, err := o.points()
	if err != nil {
		return s.fail(err)
	}
	x = h.pre(s, x)
	b, m := x.Shape().Dim(0), x.Shape().Dim(1)
	r := ops.Sub(ops.Reshape(x, b, m, 1), s.Const(s.Type(len(c)), c...))
	y := φ(ops.Square(ops.Scale(r, o.Epsilon.Or(1))))
	return h.post(s, ops.Reshape(y, b, m*len(c)))
}

// Transform builds e^(−r²).
func (o GaussianRBF) Transform(s *Scope, x *graph.Node) *graph.Node {
	return o.expand(s, o.Hooks, x, func(r2 *graph.Node) *graph.Node { return ops.Exp(ops.Neg(r2)) })
}

// Transform builds 1/(1+r²).
func (o InverseQuadraticRBF) Transform(s *Scope, x *graph.Node) *graph.Node {
	return o.expand(s, o.Hooks, x, func(r2 *graph.Node) *graph.Node { return ops.Recip(ops.Shift(r2, 1)) })
}
