package compile

import (
	"rpnc/graph"
	"rpnc/ops"
)

// Heads that stand side by side and are then mapped to a few columns hide their products from the order of products:
//
//	[y₁ | … | y_k]·C = Σ yᵢ·Cᵢ,  yᵢ = Aᵢᵀ·x·Wᵢᵀ,  Cᵢ the rows of C that meet yᵢ
//
// Apart, every head is a chain Aᵢᵀ·(x·(Wᵢᵀ·Cᵢ)) with as few columns as C has. Eight heads of attention before ten classes
// take half of the operations then: what is left are their scores.

// distribute multiplies products that stand side by side one by one, where what they are multiplied with is narrow. It
// reports whether there were any.
func distribute(g *graph.Graph, roots []*graph.Node) (*graph.Graph, []*graph.Node, bool) {
	found := false
	g, roots = applyRules(g, roots, []rule{func(n *graph.Node, shared func(int) bool) *graph.Node {
		out := overConcat(n, shared)
		found = found || out != nil
		return out
	}})
	return g, roots, found
}

// overConcat: a product with matrices side by side is a sum of products, if that makes each of them much cheaper.
func overConcat(n *graph.Node, shared func(int) bool) *graph.Node {
	op, ok := n.Op.(ops.MatMul)
	if !ok || op.TA || shared(0) || n.Shape().Rank() != 2 || n.In[1].Shape().Rank() != 2 {
		return nil
	}
	join, ok := n.In[0].Op.(ops.Concat)
	if !ok || join.Axis != -1 && join.Axis != 1 {
		return nil
	}
	axis, at := 0, 0
	if op.TB {
		axis = 1
	}
	var sum *graph.Node
	for _, y := range n.In[0].In {
		if !narrows(y, n.Shape().Dim(1)) {
			return nil
		}
		to := at + y.Shape().Dim(1)
		p := n.Graph().Apply(op, y, ops.SliceAxis(n.In[1], axis, at, to))
		if at = to; sum == nil {
			sum = p
		} else {
			sum = ops.Add(sum, p)
		}
	}
	return sum
}

// narrows says that y is a product at most half of which is left to do when it has so many columns.
func narrows(y *graph.Node, columns int) bool {
	return isProduct(y) && y.Shape().Rank() == 2 && 2*columns <= min(y.Shape().Dim(0), y.Shape().Dim(1))
}
