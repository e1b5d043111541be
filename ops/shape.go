package ops

import (
	"fmt"

	"rpnc/graph"
)

// Shape alone: no arithmetic, and mostly no copies either. A reshape shares its operand's memory, and a
// permutation is folded into the strides of the op that reads it, where that op has strides (products,
// elementwise chains).

// Reshaped reads x under another shape of the same size; it is a view and costs nothing.
type Reshaped struct{ To graph.Shape }

// Permuted reorders the axes: axis i of the result is axis Perm[i] of x.
//
// The array is of fixed size so that the op is comparable: two permutations are one node if they are
// equal.
type Permuted struct {
	Rank int8
	Perm [graph.MaxRank]int8
}

var _ = register(
	Sample{Op: Reshaped{graph.Sh(3, 4)}, In: []graph.Type{f64(2, 6)}, Order: 2},
	Sample{Op: perm(1, 0), In: []graph.Type{f64(2, 3)}, Order: 2},
	Sample{Op: perm(2, 0, 1), In: []graph.Type{f64(2, 3, 4)}, Order: 2},
	Sample{Op: perm(0, 2, 1, 3), In: []graph.Type{f64(2, 3, 2, 2)}, Order: 2},
)

// Name shows the shape.
func (o Reshaped) Name() string { return "Reshape" + o.To.String() }

// Infer wants as many elements as To has.
func (o Reshaped) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != 1 {
		return nil, errOperands(1, in)
	}
	if in[0].Shape.Size() != o.To.Size() {
		return nil, fmt.Errorf("%v has %d elements, %v needs %d", in[0].Shape, in[0].Shape.Size(), o.To, o.To.Size())
	}
	return []graph.Type{{DType: in[0].DType, Shape: o.To}}, nil
}

// Eval copies.
func (o Reshaped) Eval(dst, in []*graph.Tensor) error { dst[0].Copy(in[0]); return nil }

// VJP reshapes back.
func (o Reshaped) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	return []*graph.Node{ReshapeTo(dy[0], n.In[0].Shape())}
}

// View marks the result as the operand's memory.
func (o Reshaped) View() {}

// ReshapeTo reads x under shape s.
func ReshapeTo(x *graph.Node, s graph.Shape) *graph.Node {
	if x.Shape() == s {
		return x
	}
	return apply(Reshaped{s}, x)
}

// Reshape reads x under the shape of dims.
func Reshape(x *graph.Node, dims ...int) *graph.Node { return ReshapeTo(x, graph.Sh(dims...)) }

// perm is the op of an order of axes. Axes that no tensor has become −1, too many of them a Rank that no tensor has:
// the shape rule rejects both.
func perm(axes ...int) Permuted {
	if len(axes) > graph.MaxRank {
		return Permuted{Rank: -1}
	}
	o := Permuted{Rank: int8(len(axes))}
	for i, a := range axes {
		if o.Perm[i] = int8(a); a < 0 || a >= graph.MaxRank {
			o.Perm[i] = -1
		}
	}
	return o
}

// Axes is the permutation as a slice.
func (o Permuted) Axes() []int {
	p := make([]int, max(0, min(o.Rank, graph.MaxRank)))
	for i := range p {
		p[i] = int(o.Perm[i])
	}
	return p
}

// Name shows the order of the axes.
func (o Permuted) Name() string { return fmt.Sprintf("Permute%v", o.Axes()) }

// Infer wants a permutation of the operand's axes.
func (o Permuted) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != 1 {
		return nil, errOperands(1, in)
	}
	s := in[0].Shape
	seen, dims := [graph.MaxRank]bool{}, []int{}
	for _, a := range o.Axes() {
		if a < 0 || a >= s.Rank() || seen[a] {
			return nil, fmt.Errorf("%v is not an order of the %d axes of %v", o.Axes(), s.Rank(), s)
		}
		seen[a] = true
		dims = append(dims, s.Dim(a))
	}
	if int(o.Rank) != s.Rank() {
		return nil, fmt.Errorf("%v is not an order of the %d axes of %v", o.Axes(), s.Rank(), s)
	}
	return []graph.Type{{DType: in[0].DType, Shape: graph.Sh(dims...)}}, nil
}

// Eval moves every element.
//
// The index of the result is taken apart from its last axis on and put together with the strides of x.
func (o Permuted) Eval(dst, in []*graph.Tensor) error {
	from, to := in[0].Type.Shape, dst[0].Type.Shape
	for i := range to.Size() {
		j, rest := 0, i
		for ax := to.Rank() - 1; ax >= 0; ax-- {
			j += rest % to.Dim(ax) * from.Sub(int(o.Perm[ax])+1, from.Rank()).Size()
			rest /= to.Dim(ax)
		}
		if in[0].Type.DType == graph.I32 {
			dst[0].I[i] = in[0].I[j]
		} else {
			dst[0].F[i] = in[0].F[j]
		}
	}
	return nil
}

// VJP permutes back.
func (o Permuted) VJP(_ *graph.Node, dy []*graph.Node) []*graph.Node {
	return []*graph.Node{apply(o.Inverse(), dy[0])}
}

// Inverse is the permutation that undoes o.
func (o Permuted) Inverse() Permuted {
	inv := Permuted{Rank: o.Rank}
	for i, a := range o.Axes() {
		inv.Perm[a] = int8(i)
	}
	return inv
}

// Permute reorders axes: axis i of the result is axis axes[i] of x.
func Permute(x *graph.Node, axes ...int) *graph.Node {
	same := len(axes) == x.Shape().Rank()
	for i, a := range axes {
		same = same && i == a
	}
	if same {
		return x
	}
	return apply(perm(axes...), x)
}

// Transpose swaps the last two axes.
func Transpose(x *graph.Node) *graph.Node {
	r := x.Shape().Rank()
	if r < 2 {
		return apply(perm(1, 0), x) // reports the rank
	}
	axes := make([]int, r)
	for i := range axes {
		axes[i] = i
	}
	axes[r-2], axes[r-1] = r-1, r-2
	return Permute(x, axes...)
}
