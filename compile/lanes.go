package compile

import (
	"slices"

	"rpnc/graph"
	"rpnc/ops"
)

// Rules and tiles for values of several lanes: heads or channels that fuse-heads has stacked along a new first axis.

// sumOfLanes: products of all lanes that are added up are one sum over their axis. Its gradient is one matrix that all lanes
// share, where that of a chain of sums would be put together from as many pieces.
//
//	Y[0] + Y[1] + … + Y[H−1] → Σ_h Y[h]
func sumOfLanes(n *graph.Node, _ func(int) bool) *graph.Node {
	if n.Op != (graph.Add{}) {
		return nil
	}
	terms := termsOf(n, nil)
	stack, _ := laneOf(terms[0])
	if stack == nil || !isMatrixProduct(stack) || stack.Shape().Dim(0) != len(terms) {
		return nil
	}
	met := make([]bool, len(terms))
	for _, x := range terms {
		y, i := laneOf(x)
		if y != stack || met[i] || x.Shape() != stack.Shape().Sub(1, stack.Shape().Rank()) {
			return nil
		}
		met[i] = true
	}
	return ops.SumToShape(stack, n.Shape())
}

// termsOf appends the terms of a sum.
func termsOf(n *graph.Node, terms []*graph.Node) []*graph.Node {
	if n.Op != (graph.Add{}) {
		return append(terms, n)
	}
	return termsOf(n.In[1], termsOf(n.In[0], terms))
}

// laneOf reads n as lane i of a stack; stack is nil for other nodes.
func laneOf(n *graph.Node) (stack *graph.Node, i int) {
	if _, ok := n.Op.(ops.Reshaped); ok {
		n = n.In[0]
	}
	if at, size, ok := partOf(n); ok && size == 1 {
		return n.In[0], at
	}
	return nil, 0
}

// sharedFactor: a matrix that is repeated for every product of a batch is shared by the batch.
//
//	A·[B … B] → A·B of a batch A and one matrix B
func sharedFactor(n *graph.Node, _ func(int) bool) *graph.Node {
	op, ok := n.Op.(ops.MatMul)
	if !ok {
		return nil
	}
	for i, x := range n.In {
		if _, repeats := x.Op.(ops.Broadcast); !repeats || x.Shape().Rank() < 3 || n.In[1-i].Shape().Rank() < 3 {
			continue
		}
		one := x.Shape().Sub(x.Shape().Rank()-2, x.Shape().Rank())
		if small := x.In[0]; small.Shape().Size() == one.Size() && aligned(small.Shape(), x.Shape().Rank()) == aligned(one, x.Shape().Rank()) {
			in := slices.Clone(n.In)
			in[i] = ops.ReshapeTo(small, one)
			return n.Graph().Apply(op, in...)
		}
	}
	return nil
}

// leastLanes is the number of lanes from which on they are tiles: cores take them one by one, and those of a small number
// would wait for each other.
const leastLanes = 4

// batchLanes takes the number of lanes from the products with stacked parameters. A lane of attention is a chain of products
// and functions of some hundred kilobytes each: the stacks of all lanes go through memory between any two of them, and those
// of one stay in the cache of the core that has it.
//
//	S = (x·W)·xᵀ, A = softmax(S), y = Aᵀ·v      for one head after the other, on as many cores as there are
//
// What is not stacked is read whole for each lane, as by products of all lanes.
func (t *tiling) batchLanes(live []*graph.Node) {
	work := map[int]float64{}
	t.lanes = true
	for _, n := range live {
		switch n.Op.(type) {
		case ops.MatMul, ops.MatMulMap:
			lanes := max(stackedParameters(n.In[0]), stackedParameters(n.In[1]))
			if work[lanes] += flops(n); lanes > 0 && work[lanes] > work[t.rows] {
				t.rows = lanes
			}
		}
	}
}

// stackedParameters is the number of parameters that n is a stack of, under whatever shapes; 0 for other nodes.
func stackedParameters(n *graph.Node) int {
	if n.Shape().Rank() != 3 {
		return 0
	}
	lanes, below := n.Shape().Dim(0), reshaped(n)
	if join, ok := below.Op.(ops.Concat); !ok || axisOf(join.Axis, below.Shape()) != 0 || len(below.In) != lanes {
		return 0
	}
	for _, x := range below.In {
		if l, leaf := reshaped(x).Leaf(); !leaf || l.Kind == graph.InputLeaf || x.Shape().Size() != n.Shape().Size()/lanes {
			return 0
		}
	}
	return lanes
}

// isStack says that n has a matrix for each lane.
func (t *tiling) isStack(n *graph.Node) bool {
	return n.Shape().Rank() == 3 && n.Shape().Dim(0) == t.rows
}
