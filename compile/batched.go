package compile

import (
	"rpnc/graph"
	"rpnc/ops"
)

// Stacked forms, by op: x and y have a new first axis of size H, one lane a member.
//
//	elementwise, slices, softmax, …   the same op, axes from the front moved by one (deeper)
//	MatMul with a common operand      a batched product that shares it
//	MatMul of a common stack          one product with the rows of all lanes below each other (joinsRows)
//	ColumnNorm                        columns of all lanes side by side (sideways)
//	Broadcast, SumTo                  shapes are aligned from the right, so 1s go between the new axis and the old ones

// batches says whether the op of the members has a form with one more axis in front.
func (st *stack) batches() bool {
	n := st.members[0]
	if n.Shape().Rank() >= graph.MaxRank {
		return false
	}
	switch n.Op.(type) {
	case ops.Unary, ops.Binary, graph.Add, ops.Broadcast, ops.SumTo, ops.Reshaped, ops.Permuted, ops.Slice, ops.Pad, ops.Concat,
		ops.Softmax, ops.LogSoftmax, ops.CumSum, ops.Gather, ops.ScatterAdd:
		return true
	case ops.SpMM:
		return st.in[0].common != nil
	case ops.ColumnNorm:
		return n.Shape().Dim(-1) >= shortLine
	case graph.Result:
		return st.in[0].stack != nil
	case ops.MatMul:
		ra, rb := n.In[0].Shape().Rank(), n.In[1].Shape().Rank()
		// A batch axis is the first of three, so what is shared must be a matrix and what is stacked become rank 3.
		switch {
		case st.joinsRows():
			return true
		case st.in[0].common != nil:
			return ra == 2
		case st.in[1].common != nil:
			return rb == 2
		}
		return ra == rb
	}
	return false
}

// joinsRows says that the members are products of one stack of matrices with a matrix of their own each, whose rows are
// rows or columns of the results: then one product with all those rows serves.
//
// Heads on a grid have it: the patches of all rows, one stack, times the parameters of each head. A batched product would
// read the patches once a head.
func (st *stack) joinsRows() bool {
	n := st.members[0]
	op, ok := n.Op.(ops.MatMul)
	if !ok || n.Shape().Rank() != 3 {
		return false
	}
	if st.in[0].common != nil {
		return op.TB && n.In[1].Shape().Rank() == 2
	}
	return st.in[1].common != nil && !op.TA && n.In[0].Shape().Rank() == 2
}

// buildRows is the product of joinsRows: the rows of all members below each other, and the results apart again.
func (st *stack) buildRows(h *graph.Graph, in []*graph.Node) *graph.Node {
	s, count := st.members[0].Shape(), len(st.members)
	join := func(x *graph.Node) *graph.Node {
		return ops.Reshape(x, count*x.Shape().Dim(-2), x.Shape().Dim(-1))
	}
	if st.in[0].common != nil {
		y := h.Apply(st.members[0].Op, in[0], join(in[1]))
		return ops.Permute(ops.Reshape(y, s.Dim(0), s.Dim(1), count, s.Dim(2)), 2, 0, 1, 3)
	}
	y := h.Apply(st.members[0].Op, join(in[0]), in[1])
	return ops.Permute(ops.Reshape(y, s.Dim(0), count, s.Dim(1), s.Dim(2)), 1, 0, 2, 3)
}

// build applies the form with one more axis.
func (st *stack) build(h *graph.Graph, of func(*graph.Node) *graph.Node) *graph.Node {
	n, count := st.members[0], len(st.members)
	in, stacked := make([]*graph.Node, len(st.in)), make([]bool, len(st.in))
	for i, o := range st.in {
		in[i], stacked[i] = o.value(of)
	}
	lift := func(s graph.Shape) graph.Shape { return graph.Sh(append([]int{count}, s.Dims()...)...) }
	if st.joinsRows() {
		return st.buildRows(h, in)
	}
	switch op := n.Op.(type) {
	case ops.Binary, graph.Add, ops.Concat:
		for i, x := range in {
			if !stacked[i] {
				in[i] = ops.BroadcastTo(x, lift(x.Shape()))
			}
		}
	case ops.Broadcast:
		return ops.BroadcastTo(ops.ReshapeTo(in[0], lift(aligned(n.In[0].Shape(), op.To.Rank()))), lift(op.To))
	case ops.SumTo:
		x := n.In[0].Shape()
		return ops.ReshapeTo(ops.SumToShape(in[0], lift(aligned(op.To, x.Rank()))), lift(op.To))
	case ops.Reshaped:
		return ops.ReshapeTo(in[0], lift(op.To))
	case ops.ColumnNorm:
		return h.Apply(op, sideways(in[0]))
	case graph.Result:
		y := in[0].Result(op.I)
		if op.I > 0 { // statistics, one a column
			return ops.ReshapeTo(y, lift(n.Shape()))
		}
		return upwards(y, count)
	case ops.Permuted:
		axes := []int{0}
		for _, a := range op.Axes() {
			axes = append(axes, a+1)
		}
		return ops.Permute(in[0], axes...)
	}
	return h.Apply(deeper(n.Op), in...)
}

// shortLine is the length from which laying lines of a stack side by side and back costs less than the kernels that one
// ColumnNorm for all members saves: measured, 8 heads of 16 columns lose a sixth and 8 of 64 gain a quarter.
const shortLine = 32

// isColumnNorm says that n normalises columns: the one op of several results that is stacked. It treats every column by
// itself, so members are columns side by side.
func isColumnNorm(n *graph.Node) bool { _, ok := n.Op.(ops.ColumnNorm); return ok }

// sideways lays the members of a stack (H×…×m) side by side, (…×H·m).
func sideways(x *graph.Node) *graph.Node {
	r := x.Shape().Rank()
	axes := make([]int, r)
	for i := range r - 2 {
		axes[i] = i + 1
	}
	axes[r-2], axes[r-1] = 0, r-1
	d := x.Shape().Dims()
	return ops.Reshape(ops.Permute(x, axes...), append(d[1:r-1:r-1], d[0]*d[r-1])...)
}

// upwards undoes sideways: of count members side by side, a stack.
func upwards(x *graph.Node, count int) *graph.Node {
	d := x.Shape().Dims()
	last := len(d) - 1
	axes := []int{last}
	for i := range last {
		axes = append(axes, i)
	}
	return ops.Permute(ops.Reshape(x, append(d[:last:last], count, d[last]/count)...), append(axes, last+1)...)
}

// aligned is s with axes of size 1 in front, up to rank r.
//
// Broadcasting aligns shapes from the right, and a new axis in front of (n) would be taken for rows: (H×n) must be
// (H×1×n) to mean one row a lane.
func aligned(s graph.Shape, r int) graph.Shape {
	d := s.Dims()
	for len(d) < r {
		d = append([]int{1}, d...)
	}
	return graph.Sh(d...)
}

// deeper is the op with its axis moved by one; axes counted from the end stay.
func deeper(op graph.Op) graph.Op {
	move := func(axis *int) {
		if *axis >= 0 {
			*axis++
		}
	}
	switch o := op.(type) {
	case ops.Slice:
		move(&o.Axis)
		return o
	case ops.Pad:
		move(&o.Axis)
		return o
	case ops.Concat:
		move(&o.Axis)
		return o
	case ops.Softmax:
		move(&o.Axis)
		return o
	case ops.LogSoftmax:
		move(&o.Axis)
		return o
	case ops.CumSum:
		move(&o.Axis)
		return o
	}
	return op
}
