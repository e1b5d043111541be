package compile

import (
	"math"

	"rpnc/graph"
	"rpnc/ops"
)

// Products are written where a function is defined, and their order is seldom the cheap one. A head with a low-rank ψ is
//
//	x·(A·B)ᵀ,  x (b×D), A (n×r), B (r×D):   2·n·r·D + 2·b·n·D as written, 2·b·D·r + 2·b·r·n as (x·Bᵀ)·Aᵀ
//
// For b = 64, n = D = 512, r = 2 that is 34.6 and 0.26 million operations. The dynamic programme for matrix chains finds
// the best order of any chain; matrices of which the pattern is known are factors with a cost of their own. Running before
// differentiation, it also keeps ψ(w) out of the gradient.

// factor is one matrix of a chain of products: dense, transposed where t says so, or sparse.
type factor struct {
	n      *graph.Node // the matrix, or the values of the sparse one
	t      bool
	p      ops.Pattern
	sparse bool
}

// rows and cols are the sizes of the factor as it is multiplied, that is after its transposition.
func (f factor) rows() int { return f.dim(false) }
func (f factor) cols() int { return f.dim(true) }

// dim is the number of columns, or rows. Batch axes of the first factor count as rows.
func (f factor) dim(columns bool) int {
	if f.sparse {
		if columns != f.t {
			return f.p.Cols
		}
		return f.p.Rows
	}
	s := f.n.Shape()
	if columns != f.t {
		return s.Dim(-1)
	}
	return s.Size() / max(1, s.Dim(-1))
}

// reassociate multiplies chains of products in the cheapest order: x·(A·B)ᵀ without forming A·B, X·W·Xᵀ·K from the
// right. Only products that nobody else reads are opened.
func reassociate(g *graph.Graph, roots []*graph.Node) (*graph.Graph, []*graph.Node) {
	g, roots = orderChains(g, roots)
	// How narrow a factor is behind matrices side by side is known once the chain there has its order.
	g, roots, found := distribute(g, roots)
	if found {
		g, roots = orderChains(g, roots)
	}
	return g, roots
}

// orderChains rebuilds every chain of products in its cheapest order.
func orderChains(g *graph.Graph, roots []*graph.Node) (*graph.Graph, []*graph.Node) {
	uses := useCounts(g, roots)
	done := map[*graph.Node]*graph.Node{}
	h, m := g.Rewrite(roots, func(h *graph.Graph, n *graph.Node, in []*graph.Node) *graph.Node {
		of := func(x *graph.Node) *graph.Node {
			if l, ok := x.Leaf(); ok {
				return h.LeafByName(l.Path)
			}
			return done[x]
		}
		if c := openChain(n, uses); c != nil {
			done[n] = c.rebuild(h, of)
		} else if c, at := openSampled(n, uses); c != nil {
			done[n] = c.rebuildSampled(h, of, n.Op.(ops.SDDMM), at)
		}
		if done[n] == nil {
			done[n] = h.Apply(n.Op, in...)
		}
		return done[n]
	})
	return h, m.All(roots)
}

// chain is a product of factors with the best way to split every part of it.
type chain struct {
	factors []factor
	split   [][]int
}

// openChain finds the factors of the product n; nil where the order that it has is as cheap as any.
func openChain(n *graph.Node, uses map[*graph.Node]int) *chain {
	if !isProduct(n) {
		return nil
	}
	c, now := &chain{}, 0.0
	c.open(n, false, true, uses, &now)
	if len(c.factors) < 3 {
		return nil
	}
	// Costs are sums of floats in another order; a gain below one per cent is rounding.
	if best := c.costs()[0][len(c.factors)-1]; best >= 0.99*now {
		return nil
	}
	return c
}

// isProduct says that n is a product of matrices; the first of a dense one may have batch axes.
func isProduct(n *graph.Node) bool {
	switch op := n.Op.(type) {
	case ops.MatMul:
		a, b := n.In[0].Shape(), n.In[1].Shape()
		return b.Rank() == 2 && (a.Rank() == 2 || !op.TA)
	case ops.SpMM:
		return n.Shape().Rank() == 2
	}
	return false
}

// open appends the factors of n, transposed where t says so, and adds up what the products cost in the order they have.
//
// A transposed product is opened from behind, (a·b)ᵀ = bᵀ·aᵀ, so that the list of factors is a product from left to right
// whatever the flags were.
func (c *chain) open(n *graph.Node, t, top bool, uses map[*graph.Node]int, now *float64) {
	// A product that others read is computed anyway: it is a factor. So is one with batch axes that would be transposed.
	if !isProduct(n) || !top && (uses[n] > 1 || t && n.Shape().Rank() > 2) {
		c.factors = append(c.factors, factor{n: n, t: t})
		return
	}
	*now += flops(n)
	if op, ok := n.Op.(ops.SpMM); ok {
		s := factor{n: n.In[0], p: op.P, t: op.T != t, sparse: true}
		if !t {
			c.factors = append(c.factors, s)
		}
		c.open(n.In[1], t, false, uses, now)
		if t {
			c.factors = append(c.factors, s)
		}
		return
	}
	op := n.Op.(ops.MatMul)
	if t {
		c.open(n.In[1], !op.TB, false, uses, now)
		c.open(n.In[0], !op.TA, false, uses, now)
		return
	}
	c.open(n.In[0], op.TA, false, uses, now)
	c.open(n.In[1], op.TB, false, uses, now)
}

// costs is the dynamic programme of matrix chains: cost[i][j] is that of the product of factors i…j.
//
// cost[i][j] = min over s of cost[i][s] + cost[s+1][j] + (product of the two parts), for parts of rising width; k is 3 or
// 4 in practice.
func (c *chain) costs() [][]float64 {
	k := len(c.factors)
	cost := make([][]float64, k)
	c.split = make([][]int, k)
	for i := range cost {
		cost[i], c.split[i] = make([]float64, k), make([]int, k)
	}
	for width := 2; width <= k; width++ {
		for i := 0; i+width <= k; i++ {
			j := i + width - 1
			cost[i][j] = math.Inf(1)
			for s := i; s < j; s++ {
				// The first of equal splits wins, so that the order is the same on every machine.
				if v := cost[i][s] + cost[s+1][j] + c.product(i, s, j); v < cost[i][j] {
					cost[i][j], c.split[i][j] = v, s
				}
			}
		}
	}
	return cost
}

// product is the cost of (factors i…s)·(factors s+1…j). Two sparse factors are never multiplied with each other.
func (c *chain) product(i, s, j int) float64 {
	left, right := c.factors[i], c.factors[j]
	leftSparse, rightSparse := i == s && left.sparse, s+1 == j && right.sparse
	switch {
	case leftSparse && rightSparse:
		return math.Inf(1) // there is no op for it, and its pattern would have to be computed
	case leftSparse:
		return 2 * float64(left.p.NNZ()) * float64(right.cols())
	case rightSparse:
		return 2 * float64(right.p.NNZ()) * float64(left.rows())
	}
	return 2 * float64(left.rows()) * float64(c.factors[s].cols()) * float64(right.cols())
}

// rebuild applies the products in the order found.
func (c *chain) rebuild(h *graph.Graph, of func(*graph.Node) *graph.Node) *graph.Node {
	return c.part(h, of, 0, len(c.factors)-1).n
}

// part is the product of factors i…j. A single factor keeps its transposition for the product that reads it; the result
// of a product has none.
func (c *chain) part(h *graph.Graph, of func(*graph.Node) *graph.Node, i, j int) factor {
	if i == j {
		f := c.factors[i]
		f.n = of(f.n)
		return f
	}
	s := c.split[i][j]
	a, b := c.part(h, of, i, s), c.part(h, of, s+1, j)
	switch {
	case a.sparse:
		return factor{n: h.Apply(ops.SpMM{P: a.p, T: a.t}, a.n, upright(b.n, b.t))}
	case b.sparse: // a·S = (Sᵀ·aᵀ)ᵀ
		return factor{n: ops.Transpose(h.Apply(ops.SpMM{P: b.p, T: !b.t}, b.n, upright(a.n, !a.t)))}
	}
	return factor{n: h.Apply(ops.MatMul{TA: a.t, TB: b.t}, a.n, b.n)}
}
