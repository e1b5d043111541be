package compile

import (
	"rpnc/graph"
	"rpnc/ops"
)

// blockPowers multiplies powers that flat outer products contract block by block (see outerProducts) without forming them
// or the matrices of their segments, where blocks begin evenly further along the rows (see [ops.BlockPowers]); others are
// left to contractPowers.
func blockPowers(g *graph.Graph, roots []*graph.Node) (*graph.Graph, []*graph.Node) {
	return applyRules(g, roots, []rule{evenBlocks})
}

// fewBlocks is the number of blocks from which views of them make products as large as those of ops.Trilinear, which one
// block is.
const fewBlocks = 4

// evenBlocks: (u⊗x read as blocks of G columns)·bᵀ.
func evenBlocks(n *graph.Node, _ func(int) bool) *graph.Node {
	u, x := blocksOfPowers(n)
	if u == nil {
		return nil
	}
	R, p, q := u.Shape().Dim(0), u.Shape().Dim(1), x.Shape().Dim(1)
	L, G := n.In[1].Shape().Dim(0), n.In[1].Shape().Dim(1)
	if p*q/G < fewBlocks || !ops.BlockPowersFit(p, q, G) {
		return nil
	}
	b, blocks := n.In[1], p*q/G
	var y *graph.Node
	if v, z := aboveOnes(u), aboveOnes(x); v != nil && z != nil {
		sums := ops.BroadcastTo(ops.Reshape(ops.SumAxis(b, 1), 1, 1, L), graph.Sh(1, blocks, L))
		y = ops.Join(0, n.Graph().Apply(ops.BlockPowers{G: G}, v, z, b), ops.Reshape(sums, 1, blocks*L))
	} else {
		y = n.Graph().Apply(ops.BlockPowers{G: G}, u, x, b)
	}
	return ops.Reshape(y, R*blocks, L)
}

// aboveOnes is the matrix that n is but for a last row of ones (see withOnes), nil for others. All powers of ones are 1: that
// row of the product are sums of the matrix's rows, and to multiply them out would take a tile of a product for one row.
func aboveOnes(n *graph.Node) *graph.Node {
	join, ok := n.Op.(ops.Concat)
	if !ok || len(n.In) != 2 || axisOf(join.Axis, n.Shape()) != 0 || n.In[1].Shape().Dim(0) != 1 {
		return nil
	}
	if v, same := splat(n.In[1]); !same || v != 1 {
		return nil
	}
	return n.In[0]
}

// blocksOfPowers recognises a product of u⊗x, read as rows of G columns, with a matrix, where few segments of its rows are
// in a block; nil for others.
func blocksOfPowers(n *graph.Node) (u, x *graph.Node) {
	if n.Op != (ops.MatMul{TB: true}) || n.In[1].Shape().Rank() != 2 {
		return nil, nil
	}
	if _, ok := n.In[0].Op.(ops.Reshaped); !ok || n.In[0].Shape().Rank() != 2 {
		return nil, nil
	}
	if u, x = behindReshape(n.In[0]); u == nil {
		return nil, nil
	}
	p, q, G := u.Shape().Dim(1), x.Shape().Dim(1), n.In[1].Shape().Dim(1)
	if G == 0 || p*q%G != 0 || p*q/G > p/2 { // more segments than that cost more than forming κ
		return nil, nil
	}
	return u, x
}
