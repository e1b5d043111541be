package ops

import (
	"fmt"
	"math"
	"sort"

	"rpnc/graph"
)

// Kth is the entry number K, counted from 0, of the entries along an axis in rising order, and its position (I32). The
// axis is kept with size 1. Equal entries count in the order of their positions; NaNs come last. Its gradient goes to
// that one entry.
//
// Medians and quantiles are made of it; the order is total, so its position is unique.
type Kth struct{ Axis, K int }

var _ = register(
	Sample{Op: Kth{Axis: 1, K: 1}, In: []graph.Type{f64(3, 4)}, Order: 2},
	Sample{Op: Kth{Axis: 0, K: 2}, In: []graph.Type{f64(3, 2, 2)}, Order: 2},
)

// Name shows number and axis.
func (o Kth) Name() string { return fmt.Sprintf("Kth{%d}@%d", o.K, o.Axis) }

// Infer gives values and positions; K must be a number of the axis.
func (o Kth) Infer(in []graph.Type) ([]graph.Type, error) {
	if err := oneFloat(in); err != nil {
		return nil, err
	}
	ax, err := axisOf(o.Axis, in[0].Shape)
	if err != nil {
		return nil, err
	}
	if n := in[0].Shape.Dim(ax); o.K < 0 || o.K >= n {
		return nil, fmt.Errorf("entry %d in order of axis %d of %v; want 0…%d", o.K, ax, in[0].Shape, n-1)
	}
	s := in[0].Shape.With(ax, 1)
	return []graph.Type{{DType: in[0].DType, Shape: s}, {DType: graph.I32, Shape: s}}, nil
}

// Eval sorts every line.
//
// The sort is stable, which is the order of positions among equals.
func (o Kth) Eval(dst, in []*graph.Tensor) error {
	i := 0
	lines(in[0].Type.Shape, o.Axis, func(at, n, stride int) {
		order := make([]int, n)
		for k := range order {
			order[k] = k
		}
		x := func(k int) float64 { return in[0].F[at+order[k]*stride] }
		sort.SliceStable(order, func(a, b int) bool {
			return x(a) < x(b) || math.IsNaN(x(b)) && !math.IsNaN(x(a))
		})
		dst[0].F[i], dst[1].I[i] = x(o.K), int32(order[o.K])
		i++
	})
	return nil
}

// VJP gives the cotangent to the entry that was taken.
func (o Kth) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	if dy[0] == nil {
		return []*graph.Node{nil}
	}
	return []*graph.Node{apply(Place{o.Axis, n.In[0].Shape().Dim(o.Axis)}, dy[0], n.Result(1))}
}

// KthAxis is entry number k in rising order along an axis, which it keeps with size 1.
func KthAxis(x *graph.Node, axis, k int) *graph.Node { return apply(Kth{axis, k}, x).Result(0) }
