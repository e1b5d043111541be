package ops

import (
	"fmt"
	"math"

	"rpnc/graph"
)

// Extremes come with positions, and positions are what makes them differentiable: the cotangent goes to
// the entry that won, by [Place], whose transpose is [Pick], so second order is right as well. Sharing
// it among equals would be as good a subgradient; the first of them is what the reference system's
// framework takes, and it needs no counting.
//
// NaN wins over every number. Comparisons with NaN are false, so a plain loop would drop one or keep it
// depending on where it stands.

// Extreme is the largest (Min: smallest) entry along an axis, which it keeps with size 1, and its position (I32).
// On ties the first entry wins and gets the whole gradient. A NaN wins over every number.
type Extreme struct {
	Axis int
	Min  bool
}

// Pick reads every line of x along an axis at positions of its own: y[…, k, …] = x[…, pos[…, k, …], …].
type Pick struct{ Axis int }

// Place is the transpose of Pick: zeros of size N along the axis, and x added at the positions.
type Place struct{ Axis, N int }

var _ = register(
	Sample{Op: Extreme{Axis: 1}, In: []graph.Type{f64(3, 4)}, Order: 2},
	Sample{Op: Extreme{Axis: 0, Min: true}, In: []graph.Type{f64(3, 4, 2)}, Order: 2},
	Sample{Op: Pick{1}, In: []graph.Type{f64(3, 4), i32(3, 1)}, Order: 2},
	Sample{Op: Place{1, 4}, In: []graph.Type{f64(3, 1), i32(3, 1)}, Order: 2},
	Sample{Op: Pick{1}, In: []graph.Type{f64(2, 3, 2), i32(2, 5, 2)}, Hi: 3, Order: 2},
	Sample{Op: Place{1, 3}, In: []graph.Type{f64(2, 5, 2), i32(2, 5, 2)}, Hi: 3, Order: 2},
)

// Name is Max or Min with the axis.
func (o Extreme) Name() string {
	if o.Min {
		return fmt.Sprintf("Min@%d", o.Axis)
	}
	return fmt.Sprintf("Max@%d", o.Axis)
}

// Infer gives values and positions.
func (o Extreme) Infer(in []graph.Type) ([]graph.Type, error) {
	if err := oneFloat(in); err != nil {
		return nil, err
	}
	ax, err := axisOf(o.Axis, in[0].Shape)
	if err != nil {
		return nil, err
	}
	if in[0].Shape.Dim(ax) == 0 {
		return nil, fmt.Errorf("axis %d of %v is empty and has no extreme entry", ax, in[0].Shape)
	}
	s := in[0].Shape.With(ax, 1)
	return []graph.Type{{DType: in[0].DType, Shape: s}, {DType: graph.I32, Shape: s}}, nil
}

// Eval compares one by one.
func (o Extreme) Eval(dst, in []*graph.Tensor) error {
	ax, _ := axisOf(o.Axis, in[0].Type.Shape)
	outer, n, inner := around(in[0].Type.Shape, ax)
	for i := range outer * inner {
		at := i/inner*n*inner + i%inner
		best := 0
		for k := 1; k < n; k++ {
			if o.beats(in[0].F[at+k*inner], in[0].F[at+best*inner]) {
				best = k
			}
		}
		dst[0].F[i], dst[1].I[i] = in[0].F[at+best*inner], int32(best)
	}
	return nil
}

// beats says whether a replaces b as the extreme so far. A NaN beats every number and nothing beats a NaN, so that
// one in the data is seen in the result. Ties keep the first.
func (o Extreme) beats(a, b float64) bool {
	switch {
	case math.IsNaN(b):
		return false
	case math.IsNaN(a):
		return true
	case o.Min:
		return a < b
	}
	return a > b
}

// VJP gives the cotangent to the entry that won.
//
// The positions are integers and have no cotangent.
func (o Extreme) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	if dy[0] == nil {
		return []*graph.Node{nil}
	}
	return []*graph.Node{apply(Place{o.Axis, n.In[0].Shape().Dim(o.Axis)}, dy[0], n.Result(1))}
}

// Name shows the axis.
func (o Pick) Name() string { return fmt.Sprintf("Pick@%d", o.Axis) }

// Infer wants positions of x's shape, of any size along the axis.
func (o Pick) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != 2 {
		return nil, errOperands(2, in)
	}
	ax, err := axisOf(o.Axis, in[0].Shape)
	if err != nil {
		return nil, err
	}
	pos := in[1].Shape
	if !in[0].DType.IsFloat() || in[1].DType != graph.I32 || pos.Rank() != in[0].Shape.Rank() || pos != in[0].Shape.With(ax, pos.Dim(ax)) {
		return nil, fmt.Errorf("x %v needs positions (i32) of its shape but for axis %d, have %v", in[0], ax, in[1])
	}
	return []graph.Type{{DType: in[0].DType, Shape: pos}}, nil
}

// Eval reads.
func (o Pick) Eval(dst, in []*graph.Tensor) error {
	ax, _ := axisOf(o.Axis, in[0].Type.Shape)
	_, n, inner := around(in[0].Type.Shape, ax)
	each := in[1].Dim(ax) * inner
	for i, k := range in[1].I {
		if k < 0 || int(k) >= n {
			return fmt.Errorf("position %d; want 0…%d", k, n-1)
		}
		dst[0].F[i] = in[0].F[(i/each*n+int(k))*inner+i%inner]
	}
	return nil
}

// VJP places the cotangent.
func (o Pick) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	return []*graph.Node{apply(Place{o.Axis, n.In[0].Shape().Dim(o.Axis)}, dy[0], n.In[1]), nil}
}

// Name shows axis and size.
func (o Place) Name() string { return fmt.Sprintf("Place@%d/%d", o.Axis, o.N) }

// Infer wants x and positions of one shape.
func (o Place) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != 2 {
		return nil, errOperands(2, in)
	}
	ax, err := axisOf(o.Axis, in[0].Shape)
	if err != nil {
		return nil, err
	}
	if !in[0].DType.IsFloat() || in[0].Shape != in[1].Shape || in[1].DType != graph.I32 {
		return nil, fmt.Errorf("want x (floats) and positions (i32) of one shape, have %v and %v", in[0], in[1])
	}
	return []graph.Type{{DType: in[0].DType, Shape: in[0].Shape.With(ax, o.N)}}, nil
}

// Eval adds.
func (o Place) Eval(dst, in []*graph.Tensor) error {
	ax, _ := axisOf(o.Axis, in[0].Type.Shape)
	_, n, inner := around(in[0].Type.Shape, ax)
	for i, k := range in[1].I {
		if k < 0 || int(k) >= o.N {
			return fmt.Errorf("position %d; want 0…%d", k, o.N-1)
		}
		dst[0].F[(i/(n*inner)*o.N+int(k))*inner+i%inner] += in[0].F[i]
	}
	return nil
}

// VJP picks the cotangent.
func (o Place) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	return []*graph.Node{apply(Pick{o.Axis}, dy[0], n.In[1]), nil}
}

// MaxAxis is the largest entry along an axis, which it keeps with size 1.
func MaxAxis(x *graph.Node, axis int) *graph.Node { return apply(Extreme{Axis: axis}, x).Result(0) }

// MinAxis is the smallest entry along an axis, which it keeps with size 1.
func MinAxis(x *graph.Node, axis int) *graph.Node {
	return apply(Extreme{Axis: axis, Min: true}, x).Result(0)
}

// ProdAxis is the product along an axis, which it keeps with size 1. It halves the axis until one entry is left, so
// its gradient is right also where factors are 0. The product of nothing is 1.
//
// The gradient of a product by division, y/xᵢ, is 0/0 at zeros; the tree needs about 2n multiplications
// forward and 4n backward for a line of n, and no division.
func ProdAxis(x *graph.Node, axis int) *graph.Node {
	if bad := badAxis("ProdAxis", x, axis); bad != nil {
		return bad
	}
	if x.Shape().Dim(axis) == 0 {
		return BroadcastTo(scalar(x, 1), x.Shape().With(axis, 1))
	}
	for n := x.Shape().Dim(axis); n > 1; n = x.Shape().Dim(axis) {
		y := Mul(SliceAxis(x, axis, 0, n/2), SliceAxis(x, axis, n/2, n/2*2))
		if n%2 == 1 {
			y = Join(axis, y, SliceAxis(x, axis, n-1, n))
		}
		x = y
	}
	return x
}
