package compile

import (
	"slices"

	"rpnc/graph"
	"rpnc/ops"
)

// In inference the statistics of a norm are known, and bias, norm, scale and shift are a chain of vectors that are added to
// a matrix or multiplied with it, column by column. Behind a convolution, which takes no chain itself, that chain and
// its relu are one AffineRelu: its two vectors are computed once a call instead of once a row, and heads are added up
// where the product has left them.

// matchFixed finds the norm with known statistics that ends in the relu z; nil where it is none, or where what it
// normalises is no product with patches.
func matchFixed(z *graph.Node, readers map[*graph.Node][]*graph.Node, kept map[*graph.Node]bool) *norm {
	if z.Op != (ops.Unary{Kind: ops.KRelu}) || z.Shape().Size() == 0 {
		return nil
	}
	m := &norm{z: z, total: z, scale: 1}
	if z.Shape().Rank() == 3 {
		m.heads = z.Shape().Dim(0)
	}
	factors := 0
	for m.x = z.In[0]; isColumnwise(m.x) && m.repeated(m.x.In[1]) != nil; m.x = m.x.In[0] {
		if len(readers[m.x]) != 1 || kept[m.x] {
			return nil
		}
		if m.x.Op == (ops.Binary{Kind: ops.KMul}) {
			factors++
		}
		m.group = append(m.group, m.x)
	}
	product := reshaped(m.x)
	if from := swapped(product); from != nil && m.heads > 0 {
		product = reshaped(from)
	}
	if _, ok := product.Op.(ops.PatchMatMul); !ok || factors == 0 || m.heads == 0 && z.Shape().Rank() != 2 {
		return nil
	}
	slices.Reverse(m.group)
	m.columns = slices.Clone(m.group)
	m.group = append(m.group, z)
	if m.heads > 0 && (len(readers[z]) != m.heads || !m.sum(readers, kept)) {
		return nil
	}
	return m
}

// isColumnwise says that n adds to its first operand, subtracts from it, or multiplies with it.
func isColumnwise(n *graph.Node) bool {
	return n.Op == (graph.Add{}) || n.Op == (ops.Binary{Kind: ops.KSub}) || n.Op == (ops.Binary{Kind: ops.KMul})
}

// fixed replaces the chain, the relu and the sum of heads. From x on, every step moves a and c of a·x + c.
func (m *norm) fixed(h *graph.Graph, group []*graph.Node, at func(*graph.Node) *graph.Node) []*graph.Node {
	x := m.rows(at)
	columns := x.Type().Of(x.Shape().Dim(1))
	a, c := h.Const(columns, 1), h.Const(columns)
	for _, n := range m.columns {
		v := m.vector(m.repeated(n.In[1]), at)
		switch n.Op {
		case ops.Binary{Kind: ops.KMul}:
			a, c = ops.Mul(a, v), ops.Mul(c, v)
		case ops.Binary{Kind: ops.KSub}:
			c = ops.Sub(c, v)
		default:
			c = ops.Add(c, v)
		}
	}
	z := h.Apply(ops.AffineRelu{Heads: max(1, m.heads), Scale: m.scale}, x, a, c)
	out := make([]*graph.Node, len(group))
	for i, n := range group {
		if out[i] = z; n != m.total {
			out[i] = h.Const(n.Type()) // of nodes between, which nobody reads any more
		}
	}
	return out
}
