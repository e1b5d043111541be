package compile

import (
	"rpnc/graph"
	"rpnc/ops"
)

// Powers of order two are products of the columns of one matrix, so that a matrix meets every product of two different
// columns twice. A contraction with both sides of them needs half of the operations once the two are one (see
// [ops.Quadratic]); gradients of the two sides are taken before that, each by the rules that it has.

// quadraticRows is the number of rows from which folding the matrix costs less than it saves.
const quadraticRows = 16

// quadraticForms makes quadratic forms of contractions with the products of a matrix's own columns.
func quadraticForms(g *graph.Graph, roots []*graph.Node) (*graph.Graph, []*graph.Node) {
	return applyRules(g, roots, []rule{quadraticForm})
}

// quadraticForm: Σⱼₖ u[r, j]·x[r, k]·w[i, j, k] where x is what the last columns of u are.
func quadraticForm(n *graph.Node, _ func(int) bool) *graph.Node {
	if n.Op != (ops.Trilinear{Out: 0}) || n.Shape().Dim(0) < quadraticRows {
		return nil
	}
	u, x := n.In[0], n.In[1]
	if !endsWith(u, x) {
		return nil
	}
	return n.Graph().Apply(ops.Quadratic{Lead: u.Shape().Dim(1) - x.Shape().Dim(1)}, u, n.In[2])
}

// endsWith says that x is the last columns of u, or all of it: by how the two are built.
func endsWith(u, x *graph.Node) bool {
	if u == x {
		return true
	}
	a, ok := u.Op.(ops.Concat)
	if !ok || u.Shape().Dim(1) < x.Shape().Dim(1) {
		return false
	}
	if axisOf(a.Axis, u.Shape()) == 1 {
		return endsWith(u.In[len(u.In)-1], x)
	}
	// Rows below each other: part by part, where a part of one value (rows of ones) is as wide as it likes.
	b, ok := x.Op.(ops.Concat)
	if !ok || axisOf(b.Axis, x.Shape()) != 0 || len(u.In) != len(x.In) {
		return false
	}
	for i, part := range u.In {
		if part.Shape().Dim(0) != x.In[i].Shape().Dim(0) || !endsWith(part, x.In[i]) && !equalSplats(part, x.In[i]) {
			return false
		}
	}
	return true
}

// equalSplats says that all elements of both are one known value.
func equalSplats(a, b *graph.Node) bool {
	v, ok := splat(a)
	w, too := splat(b)
	return ok && too && v == w
}
