package compile

import (
	"rpnc/graph"
	"rpnc/ops"
)

// A layer computes x·Wᵀ, both factors lie along the sum, and the kernel turns W into panels before it multiplies: for a batch
// of 64 rows a sixth of the time. A program without updates holds what it makes of parameters alone (held.go), so it may as
// well hold Wᵀ, whose rows are what panels are made of. It costs the memory of a second W.

const (
	// Few rows are dots of x with rows of W, which read W as it lies; for many rows the turning is nothing beside the product.
	turnedFrom, turnedTo = 8, 512
	// A larger W comes from memory in every run, and a second one is more than speed is worth.
	turnedBytes = 4 << 20
	// A W of fewer rows than a vector has lanes makes one panel.
	turnedRows = 16
)

// turnWeights turns the weights of layers once instead of in every run.
func turnWeights(g *graph.Graph, roots []*graph.Node) (*graph.Graph, []*graph.Node) {
	if len(g.Updates()) > 0 {
		return g, roots
	}
	steady := dependents(g.Live(roots...), graph.ParamLeaf, graph.StateLeaf)
	h, m := g.Rewrite(roots, func(h *graph.Graph, n *graph.Node, in []*graph.Node) *graph.Node {
		switch op := n.Op.(type) {
		case ops.MatMul:
			if turnable(op, n, steady) {
				return h.Apply(ops.MatMul{TA: op.TA}, in[0], ops.Transpose(in[1]))
			}
		case ops.MatMulMap:
			if turnable(op.Mul, n, steady) {
				op.Mul.TB = false
				in := append([]*graph.Node{in[0], ops.Transpose(in[1])}, in[2:]...)
				return h.Apply(op, in...)
			}
		}
		return nil
	})
	return h, m.All(roots)
}

// turnable says whether n, or the product in it, is one with a transposed matrix of parameters that is worth turning.
func turnable(op ops.MatMul, n *graph.Node, steady map[*graph.Node]bool) bool {
	w, rows := n.In[1], n.In[0].Shape().Size()
	if !op.TB || w.Shape().Rank() != 2 || !steady[w] || steady[n.In[0]] {
		return false
	}
	rows /= inner(op, n.In[0])
	return rows >= turnedFrom && rows <= turnedTo && w.Shape().Dim(0) >= turnedRows && w.Type().Bytes() <= turnedBytes
}
