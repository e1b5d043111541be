package ops

import (
	"fmt"
	"math"

	"rpnc/graph"
)

// The Chebyshev distance of all pairs of columns, and its gradient. y[i, j] depends on the components
// that attain the extreme; where several do, each gets an equal share, as in the reference. Which of
// them tie is decided by equality with y, computed from the same difference and hence exact, so nothing
// but y and the counts is kept of k·m² differences. PairTies and PairTieSum are each other's transposes
// with respect to their last operand; the first two only choose.

// PairExtreme is the largest (Min: smallest) difference of components of every two columns of x (k×m): its results are
// y[i, j] = max_κ |x[κ, i] − x[κ, j]| (m×m) and the number of components that attain it, which share the gradient.
type PairExtreme struct{ Min bool }

// PairTies spreads s (m×m) over the components of x (k×m) that attain the extremes y (m×m):
//
//	z[κ, i] = Σⱼ s[i, j]·sgn(t)·[|t| = y[i, j]],  t = x[κ, i] − x[κ, j]
//
// z is (k×m). x and y decide and get no gradient.
type PairTies struct{}

// PairTieSum is the transpose of [PairTies]: from x, y and g (k×m) it makes z[i, j] = Σ_κ g[κ, i]·sgn(t)·[|t| = y[i, j]].
type PairTieSum struct{}

var _ = register(
	Sample{Op: PairExtreme{}, In: []graph.Type{f64(3, 4)}, Order: 2},
	Sample{Op: PairExtreme{Min: true}, In: []graph.Type{f64(3, 4)}, Order: 2},
	Sample{Op: PairExtreme{}, In: []graph.Type{f64(1, 5)}, Order: 2},
	Sample{Op: PairTies{}, In: []graph.Type{f64(3, 4), f64(4, 4), f64(4, 4)}},
	Sample{Op: PairTieSum{}, In: []graph.Type{f64(3, 4), f64(4, 4), f64(3, 4)}},
)

// Name is PairMax or PairMin.
func (o PairExtreme) Name() string {
	if o.Min {
		return "PairMin"
	}
	return "PairMax"
}

// Infer wants a matrix with at least one row.
func (o PairExtreme) Infer(in []graph.Type) ([]graph.Type, error) {
	if err := oneFloat(in); err != nil {
		return nil, err
	}
	if s := in[0].Shape; s.Rank() != 2 || s.Dim(0) == 0 {
		return nil, fmt.Errorf("x is %v; want a matrix of one component or more", s)
	}
	m := in[0].Shape.Dim(1)
	return []graph.Type{in[0].Of(m, m), in[0].Of(m, m)}, nil
}

// Eval compares one by one.
//
// The first component is compared with itself and counted there: ties begins at 0 for that reason.
func (o PairExtreme) Eval(dst, in []*graph.Tensor) error {
	m := in[0].Dim(1)
	for i := range m {
		for j := range m {
			best, ties := math.Abs(in[0].F[i]-in[0].F[j]), 0.0
			for c := i; c < len(in[0].F); c += m {
				switch t := math.Abs(in[0].F[c] - in[0].F[c-i+j]); {
				case t == best:
					ties++
				case t > best != o.Min || math.IsNaN(t):
					best, ties = t, 1
				}
			}
			dst[0].F[i*m+j], dst[1].F[i*m+j] = best, ties
		}
	}
	return nil
}

// VJP shares the cotangent evenly among ties. Both columns move the difference, so it is s + sᵀ that spreads.
func (o PairExtreme) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	if dy[0] == nil {
		return []*graph.Node{nil}
	}
	s := Div(Add(dy[0], Transpose(dy[0])), n.Result(1))
	return []*graph.Node{apply(PairTies{}, n.In[0], n.Result(0), s)}
}

// Name is PairTies.
func (PairTies) Name() string { return "PairTies" }

// Infer wants x and two square matrices for its columns.
func (PairTies) Infer(in []graph.Type) ([]graph.Type, error) {
	if err := tieOperands(in); err != nil {
		return nil, err
	}
	if in[2] != in[1] {
		return nil, fmt.Errorf("s is %v; want %v", in[2], in[1])
	}
	return in[:1:1], nil
}

// tieOperands wants three operands, x and the extremes first.
func tieOperands(in []graph.Type) error {
	if len(in) != 3 {
		return errOperands(3, in)
	}
	x := in[0]
	if !x.DType.IsFloat() || x.Shape.Rank() != 2 || in[1] != x.Of(x.Shape.Dim(1), x.Shape.Dim(1)) {
		return fmt.Errorf("x is %v, y is %v; want floats (k×m) and (m×m)", x, in[1])
	}
	return nil
}

// tie is sgn(u − v) where |u − v| is the extreme, else 0.
//
// It is 0 for t = 0 even if that is the extreme: |t| has no slope there, and the subgradient 0 is
// taken.
func tie[T float](u, v, extreme T) T {
	switch t := u - v; {
	case t > 0 && t == extreme:
		return 1
	case t < 0 && -t == extreme:
		return -1
	}
	return 0
}

// Eval adds one by one.
func (PairTies) Eval(dst, in []*graph.Tensor) error {
	m := in[0].Dim(1)
	for c := range dst[0].F {
		row, i := in[0].F[c/m*m:], c%m
		for j := range m {
			dst[0].F[c] += in[2].F[i*m+j] * tie(row[i], row[j], in[1].F[i*m+j])
		}
	}
	return nil
}

// VJP is the sum over ties for s. Which components tie does not change with x but where the gradient does not exist.
func (PairTies) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	return []*graph.Node{nil, nil, apply(PairTieSum{}, n.In[0], n.In[1], dy[0])}
}

// Name is PairTieSum.
func (PairTieSum) Name() string { return "PairTieSum" }

// Infer wants x, a square matrix for its columns, and g of x's type.
func (PairTieSum) Infer(in []graph.Type) ([]graph.Type, error) {
	if err := tieOperands(in); err != nil {
		return nil, err
	}
	if in[2] != in[0] {
		return nil, fmt.Errorf("g is %v; want %v", in[2], in[0])
	}
	return in[1:2:2], nil
}

// Eval adds one by one.
func (PairTieSum) Eval(dst, in []*graph.Tensor) error {
	m := in[0].Dim(1)
	for c := range in[0].F {
		row, i := in[0].F[c/m*m:], c%m
		for j := range m {
			dst[0].F[i*m+j] += in[2].F[c] * tie(row[i], row[j], in[1].F[i*m+j])
		}
	}
	return nil
}

// VJP spreads the cotangent for g.
func (PairTieSum) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	return []*graph.Node{nil, nil, apply(PairTies{}, n.In[0], n.In[1], dy[0])}
}
