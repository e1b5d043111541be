package compile

import (
	"math"

	"rpnc/graph"
	"rpnc/ops"
)

// A sampled product reads entries of a chain of products, y_e = (f₁·…·f_k)[i, j] for the entries e = (i, j) of a pattern.
// Its operands are the two parts of the chain, and where the chain is cut decides how much there is to do. Attention on a
// graph has scores x·A·B·xᵀ, x (n×m), with A·B of rank r:
//
//	SDDMM(x·(A·B), x)       2·n·m·r twice, and 2·m an entry
//	SDDMM(x·A, x·Bᵀ)        2·n·m·r twice, and 2·r an entry; no (n×m) matrix, neither here nor in the gradient

// openSampled finds the chain of a sampled product and the factor behind which to cut it; nil where the cut that it has is
// as cheap as any.
func openSampled(n *graph.Node, uses map[*graph.Node]int) (c *chain, at int) {
	op, ok := n.Op.(ops.SDDMM)
	if !ok || n.In[0].Shape().Rank() != 2 {
		return nil, 0
	}
	c, now := &chain{}, flops(n)
	c.open(n.In[0], false, false, uses, &now)
	c.open(n.In[1], true, false, uses, &now)
	if len(c.factors) < 3 {
		return nil, 0
	}
	cost, best := c.costs(), math.Inf(1)
	last := len(c.factors) - 1
	for s := range last {
		if s == 0 && c.factors[0].sparse || s+1 == last && c.factors[last].sparse {
			continue // a sampled product has dense operands
		}
		if v := cost[0][s] + cost[s+1][last] + 2*float64(op.P.NNZ())*float64(c.factors[s].cols()); v < best {
			best, at = v, s
		}
	}
	if best >= 0.99*now {
		return nil, 0
	}
	return c, at
}

// rebuildSampled applies the products on both sides of the cut. The second operand has a row for each column of the
// pattern, so it is the transpose of its part of the chain: (f·g)ᵀ = gᵀ·fᵀ, of which no matrix is turned.
func (c *chain) rebuildSampled(h *graph.Graph, of func(*graph.Node) *graph.Node, op ops.SDDMM, at int) *graph.Node {
	left, last := c.part(h, of, 0, at), len(c.factors)-1
	a := upright(left.n, left.t)
	if at+1 == last {
		right := c.part(h, of, last, last)
		return h.Apply(op, a, upright(right.n, !right.t))
	}
	s := c.split[at+1][last]
	f, g := c.part(h, of, at+1, s), c.part(h, of, s+1, last)
	if f.sparse || g.sparse {
		return h.Apply(op, a, ops.Transpose(c.part(h, of, at+1, last).n))
	}
	return h.Apply(op, a, h.Apply(ops.MatMul{TA: !g.t, TB: !f.t}, g.n, f.n))
}
