package compile

import (
	"slices"

	"rpnc/graph"
	"rpnc/ops"
)

// Rules on sums, products and joins, continued from simplify.go. Gradients are what they are for: the VJP of a repetition
// is a sum, that of a sum a repetition, that of a slice a padding, that of a transpose a transpose, and each of them is
// built without a look at its neighbours.

// sums: sums of sums, and sums of what was just repeated.
//
//	Σ_j Σ_i x = Σ_ij x
//	Σ_i (x repeated n times along i) = n·x
//	a sum over axes of length 1 is a reshape
func sums(n *graph.Node, _ func(int) bool) *graph.Node {
	to, ok := n.Op.(ops.SumTo)
	if !ok {
		return nil
	}
	x := n.In[0]
	switch x.Op.(type) {
	case ops.SumTo:
		return ops.SumToShape(x.In[0], to.To)
	case ops.Broadcast:
		if small := x.In[0]; small.Shape() == to.To {
			return ops.Scale(small, float64(x.Shape().Size())/float64(max(1, small.Shape().Size())))
		}
	}
	if x.Shape().Size() == n.Shape().Size() {
		return ops.ReshapeTo(x, to.To)
	}
	return nil
}

// labelSums: a row of a one-hot table has one 1 beside zeros, so that the sum over it is 1, or the factor of a scaled
// table. The gradient of log-softmax asks for it, where dy is such a table:
//
//	dx = dy − eʸ·Σ_j dy = c·hot − c·eʸ
func labelSums(n *graph.Node, _ func(int) bool) *graph.Node {
	to, ok := n.Op.(ops.SumTo)
	if !ok {
		return nil
	}
	x, factor := n.In[0], 1.0
	if x.Op == (ops.Binary{Kind: ops.KMul}) {
		if factor, ok = splat(x.In[1]); !ok {
			return nil
		}
		x = x.In[0]
	}
	hot, ok := x.Op.(ops.OneHot)
	if !ok || hot.N < 1 || to.To != x.In[0].Shape().Append(1) {
		return nil
	}
	return filled(n, factor)
}

// swapsLast says that n only swaps the last two axes of its operand.
//
// Products know only transposes of the last two axes; a permutation of batch axes stays where it is.
func swapsLast(n *graph.Node) bool {
	op, ok := n.Op.(ops.Permuted)
	if !ok || op.Rank < 2 {
		return false
	}
	r := int(op.Rank)
	for i, a := range op.Axes() {
		if i < r-2 && a != i {
			return false
		}
	}
	return op.Axes()[r-2] == r-1
}

// productFlags: transposes of operands become flags, and so do those of a product that only the transpose reads. A kernel
// reads a transposed operand in place, by strides.
//
//	xᵀ·y → MatMul{TA}(x, y),  x·yᵀ → MatMul{TB}(x, y),  (x·y)ᵀ → yᵀ·xᵀ
func productFlags(n *graph.Node, shared func(int) bool) *graph.Node {
	if mm, ok := n.Op.(ops.MatMul); ok {
		a, b := n.In[0], n.In[1]
		if swapsLast(a) {
			return n.Graph().Apply(ops.MatMul{TA: !mm.TA, TB: mm.TB}, a.In[0], b)
		}
		if swapsLast(b) {
			return n.Graph().Apply(ops.MatMul{TA: mm.TA, TB: !mm.TB}, a, b.In[0])
		}
		return nil
	}
	// With another reader, the product would be computed twice, once each way.
	if !swapsLast(n) || shared(0) {
		return nil
	}
	if mm, ok := n.In[0].Op.(ops.MatMul); ok {
		return n.Graph().Apply(ops.MatMul{TA: !mm.TB, TB: !mm.TA}, n.In[0].In[1], n.In[0].In[0])
	}
	return nil
}

// productIdentity: x·I and I·x are x, and a sum of no products is 0. An interdependence that is switched off is an
// identity matrix, and a model may have one in every head.
func productIdentity(n *graph.Node, _ func(int) bool) *graph.Node {
	mm, ok := n.Op.(ops.MatMul)
	if !ok {
		return nil
	}
	a, b := n.In[0], n.In[1]
	flipped := func(x *graph.Node, t bool) *graph.Node {
		if t {
			return ops.Transpose(x)
		}
		return x
	}
	switch {
	case inner(mm, a) == 0:
		return filled(n, 0)
	// The identity is recognised by how it is built (a diagonal pattern of ones), never by looking at values at run time.
	case isIdentity(b):
		return flipped(a, mm.TA)
	case isIdentity(a):
		return flipped(b, mm.TB)
	}
	return nil
}

// isIdentity says that n is a square identity matrix by construction.
func isIdentity(n *graph.Node) bool {
	if p, ok := n.Op.(ops.MatPow); ok {
		return p.H == 0 && !p.Accumulative || isIdentity(n.In[0]) && !p.Accumulative
	}
	d, ok := n.Op.(ops.Densify)
	if !ok || d.P.Rows != d.P.Cols || d.P.NNZ() != d.P.Rows {
		return false
	}
	if v, ok := splat(n.In[0]); !ok || v != 1 {
		return false
	}
	diagonal := true
	d.P.Each(func(_, i, j int) { diagonal = diagonal && i == j })
	return diagonal
}

// axisOf is the axis counted from the front.
func axisOf(axis int, s graph.Shape) int {
	if axis < 0 {
		return axis + s.Rank()
	}
	return axis
}

// joins: slices of slices, of the whole axis, and of joined operands; joins of joins, of neighbours and of one value.
//
//	x[2:9][1:4] → x[3:6]        [x y z][those of y] → y        [[x y] z] → [x y z]        [x[0:2] x[2:5]] → x[0:5]
//
// A model splits its parameters and data into heads and joins the results; layers of one width then undo each other.
func joins(n *graph.Node, _ func(int) bool) *graph.Node {
	switch op := n.Op.(type) {
	case ops.Slice:
		return sliceOf(n, op)
	case ops.Concat:
		return joined(n, axisOf(op.Axis, n.Shape()))
	}
	return nil
}

// sliceOf looks through what the slice is of, where the axes agree: x[a:b][c:d] is x[a+c:a+d], a slice of a join reads only
// the operands that it reaches, and a slice inside what was padded is a slice of the original.
//
// Where axes differ, slices commute, and neither order is better: nothing is done.
func sliceOf(n *graph.Node, op ops.Slice) *graph.Node {
	x := n.In[0]
	ax := axisOf(op.Axis, x.Shape())
	switch inner := x.Op.(type) {
	case ops.Slice:
		if axisOf(inner.Axis, x.Shape()) == ax {
			return ops.SliceAxis(x.In[0], ax, inner.Lo+op.Lo, inner.Lo+op.Hi)
		}
	case ops.Concat:
		if axisOf(inner.Axis, x.Shape()) == ax {
			return sliceOfJoin(n, x.In, ax, op.Lo, op.Hi)
		}
	case ops.Pad:
		// Within what was padded, the padding does not show.
		if lo := op.Lo - inner.Lo; axisOf(inner.Axis, x.Shape()) == ax && lo >= 0 && op.Hi-inner.Lo <= x.In[0].Shape().Dim(ax) {
			return ops.SliceAxis(x.In[0], ax, lo, op.Hi-inner.Lo)
		}
	}
	return ops.SliceAxis(x, ax, op.Lo, op.Hi)
}

// sliceOfJoin leaves out the operands of a join that the slice does not reach.
//
// A slice that begins or ends within an operand stays a slice, of a shorter join: [x y z][part of y and z] is a slice of
// [y z].
func sliceOfJoin(n *graph.Node, in []*graph.Node, ax, lo, hi int) *graph.Node {
	var keep []*graph.Node
	at, start := 0, 0
	for _, x := range in {
		end := at + x.Shape().Dim(ax)
		if end > lo && at < hi {
			if len(keep) == 0 {
				start = at
			}
			keep = append(keep, x)
		}
		at = end
	}
	if len(keep) == 0 || len(keep) == len(in) {
		return ops.SliceAxis(n.In[0], ax, lo, hi)
	}
	return ops.SliceAxis(ops.Join(ax, keep...), ax, lo-start, hi-start)
}

// joined merges joins of joins along one axis, and neighbouring slices of one value.
//
// The rule looks at neighbours only, so a join of many slices shrinks by one round after the other; a join of one operand
// is that operand.
func joined(n *graph.Node, ax int) *graph.Node {
	if x := once(n.In[0], ax); x.Shape().Dim(ax) == 1 && !slices.ContainsFunc(n.In, func(y *graph.Node) bool { return once(y, ax) != x }) {
		return ops.BroadcastTo(x, n.Shape())
	}
	var out []*graph.Node
	changed := false
	for _, x := range n.In {
		if c, ok := x.Op.(ops.Concat); ok && axisOf(c.Axis, x.Shape()) == ax {
			out, changed = append(out, x.In...), true
			continue
		}
		if len(out) > 0 {
			if both := adjacent(out[len(out)-1], x, ax); both != nil {
				out[len(out)-1], changed = both, true
				continue
			}
		}
		out = append(out, x)
	}
	if !changed && len(out) > 1 {
		return nil
	}
	return ops.Join(ax, out...)
}

// once is the value that a Broadcast repeats along ax alone; of other nodes, the node itself. Two of many equal operands may
// have become a repetition before the rest joined them.
func once(n *graph.Node, ax int) *graph.Node {
	if _, ok := n.Op.(ops.Broadcast); ok && n.In[0].Shape() == n.Shape().With(ax, 1) {
		return n.In[0]
	}
	return n
}

// adjacent is the slice that begins with slice a and ends with slice b of one value; nil if they are not that.
func adjacent(a, b *graph.Node, ax int) *graph.Node {
	sa, ok1 := a.Op.(ops.Slice)
	sb, ok2 := b.Op.(ops.Slice)
	if !ok1 || !ok2 || a.In[0] != b.In[0] || sa.Hi != sb.Lo || axisOf(sa.Axis, a.Shape()) != ax || axisOf(sb.Axis, b.Shape()) != ax {
		return nil
	}
	return ops.SliceAxis(a.In[0], ax, sa.Lo, sb.Hi)
}

// paddings: the sum of neighbouring pieces, each padded to the whole, is their join. Gradients of slices come so:
//
//	[a 0 0] + [0 b 0] + [0 0 c] → [a b c]
//
// The sum of k slices is left-associated, so the rule applies from the inside out: two pieces become one padded join,
// which then meets the third.
func paddings(n *graph.Node, _ func(int) bool) *graph.Node {
	if n.Op != (graph.Add{}) {
		return nil
	}
	a, b := n.In[0], n.In[1]
	pa, ok1 := a.Op.(ops.Pad)
	pb, ok2 := b.Op.(ops.Pad)
	if !ok1 || !ok2 || axisOf(pa.Axis, a.Shape()) != axisOf(pb.Axis, b.Shape()) {
		return nil
	}
	if pb.Lo < pa.Lo {
		a, b, pa, pb = b, a, pb, pa
	}
	ax := axisOf(pa.Axis, a.Shape())
	if pa.Lo+a.In[0].Shape().Dim(ax) != pb.Lo {
		return nil
	}
	both := ops.Join(ax, a.In[0], b.In[0])
	if both.Shape() == n.Shape() {
		return both
	}
	return n.Graph().Apply(ops.Pad{Axis: ax, Lo: pa.Lo, N: pa.N}, both)
}
