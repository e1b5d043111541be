package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// BSpline is the expansion in uniform B-splines of degree d over t intervals of a range:
//
//	κ(x)[j·(t+d) + i] = B_{i,d}(x_j),  x (b×m) → (b×m(t+d))
//
// Outside of the range, widened by d intervals on both sides, all columns are 0; inside they sum to 1. The recurrences
// are those of [ops.BSpline]. Errors: an empty range, t < 1.
type BSpline struct {
	GridRange []float64 `yaml:"grid_range"`    // lo, hi; none means −1, 1
	T         int       `yaml:"t" rpn:"min=1"` // intervals; 0 means 5
	D         Opt[int]  `yaml:"d" rpn:"min=0"` // degree; 3 by default
	Hooks     `yaml:",inline"`
}

var _ = Register(Spec[BSpline]{
	Name: "bspline_expansion", Default: BSpline{GridRange: []float64{-1, 1}, T: 5, D: Some(3)},
	Equation: "κ(x) = B_{i,d}(x_j), i = 0…t+d−1", Params: "0",
	Samples: []BSpline{{}, {GridRange: []float64{-2, 1}, T: 3, D: Some(2)}},
})

// op is the basis with the defaults in place.
func (o BSpline) op() (ops.BSpline, error) {
	b := ops.BSpline{Lo: -1, Hi: 1, T: o.T, D: o.D.Or(3)}
	if b.T == 0 {
		b.T = 5
	}
	switch {
	case o.GridRange != nil && len(o.GridRange) != 2:
		return b, errorf("BSpline", "grid_range %v; want two numbers, lo and hi", o.GridRange)
	case o.GridRange != nil:
		b.Lo, b.Hi = o.GridRange[0], o.GridRange[1]
	}
	if !(b.Lo < b.Hi) || b.T < 1 || b.D < 0 {
		return b, errorf("BSpline", "range [%v, %v), t = %d, d = %d; want lo < hi, t ≥ 1, d ≥ 0", b.Lo, b.Hi, b.T, b.D)
	}
	if err := atMost("BSpline", "t", b.T, mostPoints); err != nil {
		return b, err
	}
	return b, atMost("BSpline", "d", b.D, mostTerms)
}

// OutDim is m(t+d).
func (o BSpline) OutDim(m int) (int, error) {
	b, err := o.op()
	return m * (b.T + b.D), err
}

// Transform builds the bases of every entry.
func (o BSpline) Transform(s *Scope, x *graph.Node) *graph.Node {
	b, err := o.op()
	if err != nil {
		return s.fail(err)
	}
	x = o.pre(s, x)
	if x.Poisoned() {
		return x
	}
	return o.post(s, ops.Reshape(s.G.Apply(b, x), x.Shape().Dim(0), x.Shape().Dim(1)*(b.T+b.D)))
}
