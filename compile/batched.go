package compile

import (
	"rpnc/graph"
	"rpnc/ops"
)

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
	case ops.MatMul:
		ra, rb := n.In[0].Shape().Rank(), n.In[1].Shape().Rank()
		switch {
		case st.in[0].common != nil:
			return ra == 2
		case st.in[1].common != nil:
			return rb == 2
		}
		return ra == rb
	}
	return false
}

// build applies the form with one more axis.
func (st *stack) build(h *graph.Graph, of func(*graph.Node) *graph.Node) *graph.Node {
	n, count := st.members[0], len(st.members)
	in, stacked := make([]*graph.Node, len(st.in)), make([]bool, len(st.in))
	for i, o := range st.in {
		in[i], stacked[i] = o.value(of)
	}
	lift := func(s graph.Shape) graph.Shape { return graph.Sh(append([]int{count}, s.Dims()...)...) }
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
	case ops.Permuted:
		axes := []int{0}
		for _, a := range op.Axes() {
			axes = append(axes, a+1)
		}
		return ops.Permute(in[0], axes...)
	}
	return h.Apply(deeper(n.Op), in...)
}

// aligned is s with axes of size 1 in front, up to rank r.
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
