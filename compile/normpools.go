package compile

import (
	"rpnc/graph"
	"rpnc/ops"
)

// pooledNorm is a norm with a relu behind it of which only the largest entries of patches are wanted, as the norm before a
// pooling is:
//
//	norm = NormRelu(x, w, s),  y = PatchExtreme(norm₀),  NormReluGrad(PatchExtremeGrad(norm₀, y, d), x, w, s, norm₁, norm₃)
//
// or AffineRelu(x, a, c) where statistics are known. Views lie between.
type pooledNorm struct {
	norm, y     *graph.Node
	cells       int
	pool        ops.PatchExtreme
	group       []*graph.Node // the nodes that become one, the norm first
	backs       [][]*graph.Node
	replacement *graph.Node // the NormMax in the new graph
}

// poolCache is how much of a grid, all rows of it, a pooled norm keeps in the cache of a core: x and z beside it. A larger
// batch goes through memory in both forms, and the norm alone has smaller blocks.
const poolCache = 1 << 20

// fusePools makes one op of a norm, its relu and the pooling behind it, and one of their gradients. What lies between is as
// large as what is normalised: it would be written and read forward, and read twice, written and read backward.
func fusePools(g *graph.Graph, roots []*graph.Node) (*graph.Graph, []*graph.Node) {
	live := g.Live(roots...)
	readers, kept := readersOf(live), keptNodes(g, roots)
	var groups [][]*graph.Node
	of := map[*graph.Node]*pooledNorm{}
	for _, n := range live {
		if m := matchPooled(n, readers, kept); m != nil {
			for _, group := range append([][]*graph.Node{m.group}, m.backs...) {
				groups, of[group[0]] = append(groups, group), m
			}
		}
	}
	if groups == nil {
		return g, roots
	}
	out, mapped, _ := contract(g, roots, groups, func(h *graph.Graph, group []*graph.Node, at func(*graph.Node) *graph.Node) []*graph.Node {
		if m := of[group[0]]; group[0] != m.norm {
			return m.backward(h, group, at)
		}
		return of[group[0]].forward(h, group, at)
	})
	return out, mapped
}

// matchPooled finds the pooling y of a norm's result, and what leads back through both; nil where anybody else reads what
// lies between.
func matchPooled(y *graph.Node, readers map[*graph.Node][]*graph.Node, kept map[*graph.Node]bool) *pooledNorm {
	pool, ok := y.Op.(ops.PatchExtreme)
	if !ok || pool.Min || y.Shape().Size() == 0 {
		return nil
	}
	m := &pooledNorm{y: y, pool: pool, cells: y.In[0].Shape().Dim(1)}
	z := reshaped(y.In[0])
	m.norm = z
	if z.Op == (graph.Result{I: 0}) {
		m.norm = z.In[0]
	}
	if !m.fits() || kept[z] || kept[y.In[0]] || z != y.In[0] && len(readers[z]) != 1 {
		return nil
	}
	m.group = []*graph.Node{m.norm}
	if z != m.norm {
		m.group = append(m.group, readers[m.norm]...)
	}
	if z != y.In[0] {
		m.group = append(m.group, y.In[0])
	}
	m.group = append(m.group, y)
	for _, back := range readers[y.In[0]] {
		if back == y {
			continue
		}
		group := m.gradient(back, readers, kept)
		if group == nil {
			return nil
		}
		m.backs = append(m.backs, group)
	}
	return m
}

// fits says that the norm is one of one head, and that a grid of it stays in cache.
func (m *pooledNorm) fits() bool {
	x := m.norm
	switch op := m.norm.Op.(type) {
	case ops.NormRelu:
		x = x.In[0]
		if op.Heads != 1 || op.Scale != 1 {
			return false
		}
	case ops.AffineRelu:
		if op.Heads != 1 || op.Scale != 1 {
			return false
		}
	default:
		return false
	}
	size := 4
	if x.Type().DType == graph.F64 {
		size = 8
	}
	return m.norm.In[0].Shape().Dim(1)%m.cells == 0 && 2*x.Shape().Dim(0)*m.cells*size <= poolCache
}

// gradient is the way back from a PatchExtremeGrad through the norm, operands first: its view, the NormReluGrad and the results
// of that; nil where it is something else.
func (m *pooledNorm) gradient(back *graph.Node, readers map[*graph.Node][]*graph.Node, kept map[*graph.Node]bool) []*graph.Node {
	if back.Op != (ops.PatchExtremeGrad{Table: m.pool.Table, Size: m.pool.Size}) || back.In[0] != m.y.In[0] || back.In[1] != m.y {
		return nil
	}
	group := []*graph.Node{back}
	for n := back; ; {
		if kept[n] || len(readers[n]) != 1 {
			return nil
		}
		n = readers[n][0]
		group = append(group, n)
		if _, ok := n.Op.(ops.Reshaped); ok {
			continue
		}
		if n.Op != (ops.NormReluGrad{Heads: 1, Scale: 1}) || n.In[1] != m.norm.In[0] || n.In[2] != m.norm.In[1] || n.In[3] != m.norm.In[2] ||
			reshaped(n.In[0]) != back || !m.isResult(n.In[4], 1) || !m.isResult(n.In[5], 3) {
			return nil
		}
		return append(group, readers[n]...)
	}
}

// isResult says that n is result i of the norm.
func (m *pooledNorm) isResult(n *graph.Node, i int) bool {
	return n.Op == (graph.Result{I: i}) && n.In[0] == m.norm
}

// forward replaces the norm, its results and the pooling.
func (m *pooledNorm) forward(h *graph.Graph, group []*graph.Node, at func(*graph.Node) *graph.Node) []*graph.Node {
	x, w, s := at(m.norm.In[0]), at(m.norm.In[1]), at(m.norm.In[2])
	var y *graph.Node
	if op, ok := m.norm.Op.(ops.NormRelu); ok {
		m.replacement = h.Apply(ops.NormMax{Eps: op.Eps, Cells: m.cells, Table: m.pool.Table, Size: m.pool.Size}, x, w, s)
		y = m.replacement.Result(0)
	} else {
		y = h.Apply(ops.AffineMax{Cells: m.cells, Table: m.pool.Table, Size: m.pool.Size}, x, w, s)
	}
	out := make([]*graph.Node, len(group))
	for i, n := range group {
		r, ok := n.Op.(graph.Result)
		switch {
		case n == m.y:
			out[i] = ops.ReshapeTo(y, n.Shape())
		case ok && r.I > 0:
			out[i] = m.replacement.Result(r.I)
		case i == 0 && m.replacement != nil:
			out[i] = m.replacement
		default:
			out[i] = h.Const(n.Type()) // of what lies between, which nobody reads any more
		}
	}
	return out
}

// backward replaces the way back.
func (m *pooledNorm) backward(h *graph.Graph, group []*graph.Node, at func(*graph.Node) *graph.Node) []*graph.Node {
	d, norm := group[0].In[2], m.replacement
	d = ops.ReshapeTo(at(d), norm.Result(0).Shape())
	dx := h.Apply(ops.NormMaxGrad{Cells: m.cells, Table: m.pool.Table, Size: m.pool.Size}, d, at(m.norm.In[0]), at(m.norm.In[1]),
		at(m.norm.In[2]), norm.Result(1), norm.Result(3))
	out := make([]*graph.Node, len(group))
	for i, n := range group {
		switch r, ok := n.Op.(graph.Result); {
		case ok:
			out[i] = dx.Result(r.I)
		case n.Op == (ops.NormReluGrad{Heads: 1, Scale: 1}):
			out[i] = dx
		default:
			out[i] = h.Const(n.Type()) // of what lies between, which nobody reads any more
		}
	}
	return out
}
