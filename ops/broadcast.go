package ops

import (
	"fmt"

	"rpnc/graph"
)

// Broadcasting is an op of its own in the graph, and sums over what was repeated are its transpose.
// Every elementwise op then has operands of one shape and a gradient rule of one line; the price is
// nodes that repeat a number, which the compiler folds into the loops that read them (strides of 0), so
// nothing is repeated in memory.

// Broadcast repeats x along axes of size 1 and along new leading axes, as NumPy does: x → To.
type Broadcast struct{ To graph.Shape }

// SumTo is the transpose of Broadcast: it sums x over the axes along which To would have been repeated.
type SumTo struct{ To graph.Shape }

var _ = register(
	Sample{Op: Broadcast{graph.Sh(4, 2, 3)}, In: []graph.Type{f64(2, 1)}, Order: 2},
	Sample{Op: Broadcast{graph.Sh(4, 3)}, In: []graph.Type{f64()}, Order: 2},
	Sample{Op: Broadcast{graph.Sh(5, 3)}, In: []graph.Type{f64(3)}, Order: 2},
	Sample{Op: SumTo{graph.Sh(2, 1)}, In: []graph.Type{f64(4, 2, 3)}, Order: 2},
	Sample{Op: SumTo{graph.Sh()}, In: []graph.Type{f64(4, 3)}, Order: 2},
	Sample{Op: SumTo{graph.Sh(3)}, In: []graph.Type{f64(5, 3)}, Order: 2},
	Sample{Op: SumTo{graph.Sh(5, 1)}, In: []graph.Type{f64(5, 3)}, Order: 2},
)

// BroadcastShapes is the shape of a and b together: axes aligned at the end, sizes equal or 1.
func BroadcastShapes(a, b graph.Shape) (graph.Shape, bool) {
	r := max(a.Rank(), b.Rank())
	d := make([]int, r)
	for i := range d {
		x, y := 1, 1
		if i >= r-a.Rank() {
			x = a.Dim(i - r)
		}
		if i >= r-b.Rank() {
			y = b.Dim(i - r)
		}
		switch {
		case x == y || y == 1:
			d[i] = x
		case x == 1:
			d[i] = y
		default:
			return graph.Shape{}, false
		}
	}
	return graph.Sh(d...), true
}

// broadcastsTo reports whether s can be repeated into to.
func broadcastsTo(s, to graph.Shape) bool {
	b, ok := BroadcastShapes(s, to)
	return ok && b == to
}

// SourceStrides gives, for each axis of to, the stride in a row-major tensor of shape s that broadcasts to it: 0
// along repeated axes.
//
// With it an element of the broadcast tensor at coordinates c is element Σ cₐ·stride[a] of the source.
func SourceStrides(s, to graph.Shape) []int {
	st := make([]int, to.Rank())
	stride := 1
	for i := 1; i <= s.Rank(); i++ {
		if s.Dim(-i) != 1 {
			st[to.Rank()-i] = stride
		}
		stride *= s.Dim(-i)
	}
	return st
}

// eachSource calls f with every flat index of to and the index of s that it repeats.
//
// It is an odometer: one addition an element in most steps, and no division.
func eachSource(s, to graph.Shape, f func(i, j int)) {
	st, at := SourceStrides(s, to), make([]int, to.Rank())
	j := 0
	for i := range to.Size() {
		f(i, j)
		for ax := to.Rank() - 1; ax >= 0; ax-- {
			at[ax]++
			j += st[ax]
			if at[ax] < to.Dim(ax) {
				break
			}
			j -= st[ax] * at[ax]
			at[ax] = 0
		}
	}
}

// Name shows the shape.
func (o Broadcast) Name() string { return "Broadcast" + o.To.String() }

// Infer wants a float operand that broadcasts to To.
func (o Broadcast) Infer(in []graph.Type) ([]graph.Type, error) {
	if err := oneFloat(in); err != nil {
		return nil, err
	}
	if !broadcastsTo(in[0].Shape, o.To) {
		return nil, fmt.Errorf("%v does not broadcast to %v: aligned at the end, sizes must be equal or 1", in[0].Shape, o.To)
	}
	return []graph.Type{{DType: in[0].DType, Shape: o.To}}, nil
}

// Eval repeats.
func (o Broadcast) Eval(dst, in []*graph.Tensor) error {
	eachSource(in[0].Type.Shape, o.To, func(i, j int) { dst[0].F[i] = in[0].F[j] })
	return nil
}

// VJP sums the cotangent over what was repeated.
func (o Broadcast) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	return []*graph.Node{SumToShape(dy[0], n.In[0].Shape())}
}

// Name shows the shape.
func (o SumTo) Name() string { return "SumTo" + o.To.String() }

// Infer wants a float operand to which To broadcasts.
func (o SumTo) Infer(in []graph.Type) ([]graph.Type, error) {
	if err := oneFloat(in); err != nil {
		return nil, err
	}
	if !broadcastsTo(o.To, in[0].Shape) {
		return nil, fmt.Errorf("%v cannot be summed to %v, which does not broadcast to it", in[0].Shape, o.To)
	}
	return []graph.Type{{DType: in[0].DType, Shape: o.To}}, nil
}

// Eval sums.
//
// Sums are in the order of the elements of x.
func (o SumTo) Eval(dst, in []*graph.Tensor) error {
	eachSource(o.To, in[0].Type.Shape, func(i, j int) { dst[0].F[j] += in[0].F[i] })
	return nil
}

// VJP repeats the cotangent.
func (o SumTo) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	return []*graph.Node{BroadcastTo(dy[0], n.In[0].Shape())}
}

// BroadcastTo repeats x into shape s.
func BroadcastTo(x *graph.Node, s graph.Shape) *graph.Node {
	if x.Shape() == s {
		return x
	}
	return apply(Broadcast{s}, x)
}

// SumToShape sums x to shape s.
func SumToShape(x *graph.Node, s graph.Shape) *graph.Node {
	if x.Shape() == s {
		return x
	}
	return apply(SumTo{s}, x)
}

// broadcastPair brings two operands to their common shape. Shapes without one are left to the op to report.
func broadcastPair(a, b *graph.Node) (*graph.Node, *graph.Node) {
	if a.Poisoned() || b.Poisoned() {
		return a, b
	}
	s, ok := BroadcastShapes(a.Shape(), b.Shape())
	if !ok {
		bad := a.Graph().Fail("ops.Broadcast: shapes %v and %v do not broadcast: aligned at the end, sizes must be equal or 1", a.Shape(), b.Shape())
		return bad, bad
	}
	return BroadcastTo(a, s), BroadcastTo(b, s)
}

// Sum is the sum of all elements, of shape ().
func Sum(x *graph.Node) *graph.Node { return SumToShape(x, graph.Sh()) }

// Mean is the mean of all elements, of shape ().
func Mean(x *graph.Node) *graph.Node { return Scale(Sum(x), 1/float64(max(1, x.Shape().Size()))) }

// SumAxis sums along one axis (negative: from the end) and keeps it with size 1.
func SumAxis(x *graph.Node, axis int) *graph.Node {
	if bad := badAxis("SumAxis", x, axis); bad != nil {
		return bad
	}
	return SumToShape(x, x.Shape().With(axis, 1))
}

// MeanAxis is the mean along one axis, which it keeps with size 1.
func MeanAxis(x *graph.Node, axis int) *graph.Node {
	return Scale(SumAxis(x, axis), 1/float64(max(1, x.Shape().Dim(axis))))
}
