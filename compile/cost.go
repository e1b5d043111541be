package compile

import (
	"fmt"

	"rpnc/graph"
	"rpnc/ops"
)

// Costs are counts of operations, not times: the same on every machine, so that one model gives one program. Passes that
// choose between forms of different speed weigh the counts themselves (sparseRate, denseShare).

// flops estimates the floating-point operations of a node: twice the products of a matrix product, one an element
// read or written for the rest.
func flops(n *graph.Node) float64 {
	size := func(x *graph.Node) float64 { return float64(x.Shape().Size()) }
	switch op := n.Op.(type) {
	case ops.MatMul:
		return 2 * size(n) * float64(inner(op, n.In[0]))
	case ops.MatMulMap:
		return float64(op.Map.Shape.Size()) * float64(1+2*inner(op.Mul, n.In[0]))
	case ops.MatMulSum:
		a := n.In[0].Shape()
		batch := a.Size() / (a.Dim(-2) * a.Dim(-1))
		return 2 * size(n) * float64(batch*inner(ops.MatMul(op), n.In[0]))
	case ops.PatchMatMul:
		return 2 * size(n) * float64(n.In[0].Shape().Dim(1))
	case ops.PatchMatMulGrad:
		return 2 * size(n.In[0]) * float64(n.Shape().Dim(1))
	case ops.Trilinear: // of the rows with every entry of W
		return 2 * float64(n.Shape().Dim(0)) * size(n.In[2])
	case ops.BlockPowers: // of the rows with every entry of u⊗x
		return 2 * op.Terms(n)
	case ops.Quadratic: // products of two columns once, with W folded
		return float64(n.Shape().Dim(0)+1) * size(n.In[1])
	case ops.TrilinearSum:
		return 2 * float64(n.In[0].Shape().Dim(0)) * size(n)
	case ops.TiledStep: // the gradient's sum over rows, which its first operand has, and a step of some ten operations
		rows := n.In[5].Shape().Dim(0) // behind p, m, v, the number of the step and its rate
		return float64(2*rows+10) * float64(n.Types[0].Shape.Size())
	case ops.SpMM:
		return 2 * float64(op.P.NNZ()) * size(n) / float64(max(1, n.Shape().Dim(-2)))
	case ops.SDDMM:
		return 2 * float64(op.P.NNZ()) * size(n.In[0]) / float64(max(1, op.P.Rows))
	case ops.RowTiles:
		return unfused(op, n)
	case ops.Expanded:
		return unfused(op, n)
	case ops.ExpandedGrad:
		return unfused(op, n)
	case graph.Leaf, graph.Const, graph.Result, ops.Viewer:
		return 0
	}
	// Elementwise functions differ in cost, but none of the choices made with this number is between them.
	total := 0.0
	for _, t := range n.Types {
		total += float64(t.Shape.Size())
	}
	for _, x := range n.In {
		total = max(total, size(x))
	}
	return total
}

// inner is the length that a product sums over.
func inner(op ops.MatMul, a *graph.Node) int {
	if op.TA {
		return a.Shape().Dim(-2)
	}
	return a.Shape().Dim(-1)
}

// unfused adds up what a fused op stands for.
func unfused(op graph.Fused, n *graph.Node) (total float64) {
	g, in := graph.New(), make([]*graph.Node, len(n.In))
	for i, x := range n.In {
		in[i] = g.Input(fmt.Sprint(i), x.Type())
	}
	for _, x := range g.Live(op.Unfused(in)...) {
		total += flops(x)
	}
	return total
}
