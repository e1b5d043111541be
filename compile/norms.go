package compile

import (
	"rpnc/graph"
	"rpnc/ops"
)

// norm is a batch norm over rows with a relu behind it, as training builds it and differentiation leaves it:
//
//	y, mean, var, r = ColumnNorm(x + bias),  z = Relu(y·w + s),  dx = ColumnNormGrad(dz·Step(z)·w, y, r),  Σ dx
type norm struct {
	node, z     *graph.Node
	x, bias     *graph.Node // bias is nil where there is none
	w, s        *graph.Node
	group       []*graph.Node // the nodes that become one, operands first
	backs       []*graph.Node // each a ColumnNormGrad
	replacement *graph.Node   // the NormRelu in the new graph
}

// fuseNorms makes one op of every such norm and one of its gradient. Left apart they are seven passes over a batch of
// activations forward and eight backward, and elementwise fusion cannot reach into the norm, which needs all rows of a
// column first; in blocks of columns the whole is one pass forward and one backward.
//
// A bias before a norm moves the mean and nothing else: it is added to the mean alone.
func fuseNorms(g *graph.Graph, roots []*graph.Node) (*graph.Graph, []*graph.Node) {
	live := g.Live(roots...)
	readers := map[*graph.Node][]*graph.Node{}
	for _, n := range live {
		for _, x := range n.In {
			readers[x] = append(readers[x], n)
		}
	}
	kept := map[*graph.Node]bool{} // by an output or an update
	for _, n := range roots {
		kept[n] = true
	}
	for _, u := range g.Updates() {
		kept[u.Value] = true
	}
	var groups [][]*graph.Node
	of := map[*graph.Node]*norm{} // by the first node of a group
	for _, n := range live {
		if m := matchNorm(n, readers, kept); m != nil {
			groups = append(groups, m.group)
			of[m.group[0]] = m
			for _, back := range m.backs {
				groups = append(groups, append([]*graph.Node{back}, sumsOf(back, readers)...))
				of[back] = m
			}
		}
	}
	if groups == nil {
		return g, roots
	}
	out, mapped, _ := contract(g, roots, groups, func(h *graph.Graph, group []*graph.Node, at func(*graph.Node) *graph.Node) []*graph.Node {
		m := of[group[0]]
		if group[0] == m.node {
			return m.forward(h, group, at)
		}
		return m.backward(h, group, at)
	})
	return out, mapped
}

// matchNorm finds the norm of a ColumnNorm; nil if its result is read by anything else than scale, relu and gradient.
func matchNorm(n *graph.Node, readers map[*graph.Node][]*graph.Node, kept map[*graph.Node]bool) *norm {
	if !isColumnNorm(n) || n.In[0].Shape().Rank() != 2 || n.In[0].Shape().Size() == 0 {
		return nil
	}
	m := &norm{node: n, x: n.In[0], group: append([]*graph.Node{n}, readers[n]...)}
	if a := m.x; a.Op == (graph.Add{}) {
		if b := repeatedRow(a.In[1]); b != nil {
			m.x, m.bias = a.In[0], b
		}
	}
	var scaled *graph.Node
	for _, r := range readers[n] {
		if r.Op != (graph.Result{I: 0}) {
			continue
		}
		if kept[r] {
			return nil
		}
		for _, user := range readers[r] {
			switch {
			case user.Op == (ops.ColumnNormGrad{}) && user.In[1] == r:
				m.backs = append(m.backs, user)
			case user.Op == (ops.Binary{Kind: ops.KMul}) && scaled == nil && user.In[0] == r:
				scaled = user
			default:
				return nil
			}
		}
	}
	if scaled == nil || !m.follow(scaled, readers, kept) {
		return nil
	}
	for _, back := range m.backs {
		if m.cotangent(back) == nil {
			return nil
		}
	}
	return m
}

// follow finds scale, shift and relu behind the norm.
func (m *norm) follow(scaled *graph.Node, readers map[*graph.Node][]*graph.Node, kept map[*graph.Node]bool) bool {
	only := func(n *graph.Node) *graph.Node {
		if r := readers[n]; len(r) == 1 && !kept[n] {
			return r[0]
		}
		return nil
	}
	moved := only(scaled)
	if m.w = repeatedRow(scaled.In[1]); m.w == nil || moved == nil || moved.Op != (graph.Add{}) || moved.In[0] != scaled {
		return false
	}
	if m.s, m.z = repeatedRow(moved.In[1]), only(moved); m.s == nil || m.z == nil || m.z.Op != (ops.Unary{Kind: ops.KRelu}) {
		return false
	}
	m.group = append(m.group, scaled, moved, m.z)
	return true
}

// cotangent is dz of dz·Step(z)·w, what a ColumnNormGrad starts from; nil where it is something else.
func (m *norm) cotangent(back *graph.Node) *graph.Node {
	mul := ops.Binary{Kind: ops.KMul}
	d := back.In[0]
	if d.Op != mul || repeatedRow(d.In[1]) != m.w || d.In[0].Op != mul || back.In[2].Op != (graph.Result{I: 3}) || back.In[2].In[0] != m.node {
		return nil
	}
	step := d.In[0].In[1]
	if step.Op != (ops.Unary{Kind: ops.KStep}) || step.In[0] != m.z {
		return nil
	}
	return d.In[0].In[0]
}

// repeatedRow is the vector that a Broadcast repeats in every row of a matrix; nil of other nodes.
func repeatedRow(n *graph.Node) *graph.Node {
	if _, ok := n.Op.(ops.Broadcast); !ok || n.Shape().Rank() != 2 || n.In[0].Shape() != graph.Sh(n.Shape().Dim(1)) {
		return nil
	}
	return n.In[0]
}

// sumsOf are the readers of n that sum its columns.
func sumsOf(n *graph.Node, readers map[*graph.Node][]*graph.Node) (sums []*graph.Node) {
	for _, r := range readers[n] {
		if r.Op == (ops.SumTo{To: graph.Sh(n.Shape().Dim(1))}) {
			sums = append(sums, r)
		}
	}
	return sums
}

// forward replaces the norm, its results, scale, shift and relu.
func (m *norm) forward(h *graph.Graph, group []*graph.Node, at func(*graph.Node) *graph.Node) []*graph.Node {
	op := ops.NormRelu{Eps: m.node.Op.(ops.ColumnNorm).Eps, Heads: 1, Scale: 1}
	y := h.Apply(op, at(m.x), at(m.w), at(m.s))
	m.replacement = y
	out := make([]*graph.Node, len(group))
	for i, n := range group {
		out[i] = y.Result(0) // of nodes between, which nobody reads any more
		switch r, ok := n.Op.(graph.Result); {
		case n == m.node:
			out[i] = y
		case ok && r.I == 1 && m.bias != nil:
			out[i] = ops.Add(y.Result(1), at(m.bias))
		case ok:
			out[i] = y.Result(r.I)
		}
	}
	return out
}

// backward replaces a ColumnNormGrad and the sums of its columns.
func (m *norm) backward(h *graph.Graph, group []*graph.Node, at func(*graph.Node) *graph.Node) []*graph.Node {
	y := m.replacement
	dx := h.Apply(ops.NormReluGrad{Heads: 1, Scale: 1}, at(m.cotangent(group[0])), at(m.x), at(m.w), at(m.s), y.Result(1), y.Result(3))
	out := make([]*graph.Node, len(group))
	for i := range group {
		out[i] = dx.Result(min(i, 1))
	}
	return out
}
