package ops

import (
	"fmt"

	"rpnc/graph"
)

// Three ops cut and join along one axis. They are each other's transposes: Slice and Pad directly,
// Concat through the slices of its cotangent. A tensor around an axis is (outer × size × inner) in
// memory, so each of them copies outer stretches of contiguous elements. An empty range is legal, and its gradient zeros.

// Slice takes the entries Lo…Hi−1 along an axis.
type Slice struct{ Axis, Lo, Hi int }

// Pad is the transpose of Slice: x becomes the entries from Lo on of an axis of size N, the rest is 0.
type Pad struct{ Axis, Lo, N int }

// Concat joins its operands along an axis.
type Concat struct{ Axis int }

var _ = register(
	Sample{Op: Slice{1, 1, 3}, In: []graph.Type{f64(2, 4)}, Order: 2},
	Sample{Op: Slice{-1, 0, 2}, In: []graph.Type{f64(2, 4, 3)}, Order: 2},
	Sample{Op: Slice{0, 1, 2}, In: []graph.Type{f64(3, 2)}, Order: 2},
	Sample{Op: Pad{1, 1, 5}, In: []graph.Type{f64(2, 3)}, Order: 2},
	Sample{Op: Concat{-1}, In: []graph.Type{f64(2, 3), f64(2, 1), f64(2, 2)}, Order: 2},
	Sample{Op: Concat{0}, In: []graph.Type{f64(1, 3), f64(2, 3)}, Order: 2},
)

// Name shows the range.
func (o Slice) Name() string { return fmt.Sprintf("Slice[%d:%d]@%d", o.Lo, o.Hi, o.Axis) }

// Infer wants 0 ≤ Lo ≤ Hi ≤ size of the axis.
func (o Slice) Infer(in []graph.Type) ([]graph.Type, error) {
	if err := oneFloat(in); err != nil {
		return nil, err
	}
	ax, err := axisOf(o.Axis, in[0].Shape)
	if err != nil {
		return nil, err
	}
	if n := in[0].Shape.Dim(ax); o.Lo < 0 || o.Hi < o.Lo || o.Hi > n {
		return nil, fmt.Errorf("entries %d…%d of axis %d of %v; want a range within 0…%d", o.Lo, o.Hi, ax, in[0].Shape, n)
	}
	return []graph.Type{{DType: in[0].DType, Shape: in[0].Shape.With(ax, o.Hi-o.Lo)}}, nil
}

// Eval copies the range.
func (o Slice) Eval(dst, in []*graph.Tensor) error {
	ax, _ := axisOf(o.Axis, in[0].Type.Shape)
	outer, n, inner := around(in[0].Type.Shape, ax)
	w := (o.Hi - o.Lo) * inner
	for i := range outer {
		copy(dst[0].F[i*w:(i+1)*w], in[0].F[(i*n+o.Lo)*inner:])
	}
	return nil
}

// VJP pads the cotangent.
func (o Slice) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	return []*graph.Node{apply(Pad{o.Axis, o.Lo, n.In[0].Shape().Dim(o.Axis)}, dy[0])}
}

// Name shows the place.
func (o Pad) Name() string { return fmt.Sprintf("Pad[%d/%d]@%d", o.Lo, o.N, o.Axis) }

// Infer wants the operand to fit.
func (o Pad) Infer(in []graph.Type) ([]graph.Type, error) {
	if err := oneFloat(in); err != nil {
		return nil, err
	}
	ax, err := axisOf(o.Axis, in[0].Shape)
	if err != nil {
		return nil, err
	}
	if n := in[0].Shape.Dim(ax); o.Lo < 0 || o.Lo+n > o.N {
		return nil, fmt.Errorf("%d entries from %d on do not fit into %d", n, o.Lo, o.N)
	}
	return []graph.Type{{DType: in[0].DType, Shape: in[0].Shape.With(ax, o.N)}}, nil
}

// Eval copies into the range.
func (o Pad) Eval(dst, in []*graph.Tensor) error {
	ax, _ := axisOf(o.Axis, in[0].Type.Shape)
	outer, n, inner := around(in[0].Type.Shape, ax)
	for i := range outer {
		copy(dst[0].F[(i*o.N+o.Lo)*inner:], in[0].F[i*n*inner:(i+1)*n*inner])
	}
	return nil
}

// VJP takes the range of the cotangent.
func (o Pad) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	return []*graph.Node{SliceAxis(dy[0], o.Axis, o.Lo, o.Lo+n.In[0].Shape().Dim(o.Axis))}
}

// Name shows the axis.
func (o Concat) Name() string { return fmt.Sprintf("Concat@%d", o.Axis) }

// Infer wants operands that agree but for the axis.
func (o Concat) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) == 0 {
		return nil, fmt.Errorf("nothing to join; want at least one operand")
	}
	ax, err := axisOf(o.Axis, in[0].Shape)
	if err != nil {
		return nil, err
	}
	n := 0
	for _, t := range in {
		if t.DType != in[0].DType || !t.DType.IsFloat() || t.Shape.With(ax, 0) != in[0].Shape.With(ax, 0) {
			return nil, fmt.Errorf("operands must agree but for axis %d: %v", ax, in)
		}
		n += t.Shape.Dim(ax)
	}
	return []graph.Type{{DType: in[0].DType, Shape: in[0].Shape.With(ax, n)}}, nil
}

// Eval copies operand after operand.
func (o Concat) Eval(dst, in []*graph.Tensor) error {
	ax, _ := axisOf(o.Axis, in[0].Type.Shape)
	outer, total, inner := around(dst[0].Type.Shape, ax)
	lo := 0
	for _, x := range in {
		n := x.Dim(ax)
		for i := range outer {
			copy(dst[0].F[(i*total+lo)*inner:], x.F[i*n*inner:(i+1)*n*inner])
		}
		lo += n
	}
	return nil
}

// VJP slices the cotangent.
func (o Concat) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	out, lo := make([]*graph.Node, len(n.In)), 0
	for i, x := range n.In {
		hi := lo + x.Shape().Dim(o.Axis)
		out[i] = SliceAxis(dy[0], o.Axis, lo, hi)
		lo = hi
	}
	return out
}

// SliceAxis takes the entries lo…hi−1 of x along an axis.
func SliceAxis(x *graph.Node, axis, lo, hi int) *graph.Node {
	if bad := badAxis("SliceAxis", x, axis); bad != nil {
		return bad
	}
	if lo == 0 && hi == x.Shape().Dim(axis) {
		return x
	}
	return apply(Slice{axis, lo, hi}, x)
}

// Join concatenates along an axis; a single operand is its own result.
func Join(axis int, xs ...*graph.Node) *graph.Node {
	if bad := badAxis("Join", xs[0], axis); bad != nil {
		return bad
	}
	if len(xs) == 1 {
		return xs[0]
	}
	return apply(Concat{axis}, xs...)
}

// Stack joins operands of one shape along a new first axis.
func Stack(xs ...*graph.Node) *graph.Node {
	rows := make([]*graph.Node, len(xs))
	for i, x := range xs {
		rows[i] = ReshapeTo(x, graph.Sh(append([]int{1}, x.Shape().Dims()...)...))
	}
	return Join(0, rows...)
}
