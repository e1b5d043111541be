package compile

import (
	"slices"

	"rpnc/graph"
	"rpnc/ops"
)

// norm is a batch norm over rows with a relu behind it, as training builds it and differentiation leaves it:
//
//	y, mean, var, r = ColumnNorm(x + bias),  z = Relu(y·w + s),  dx = ColumnNormGrad(dz·Step(z)·w, y, r),  Σ dx
//
// and, where w and s are trained, their gradients Σ dz·Step(z)·y and Σ dz·Step(z).
type norm struct {
	node, z     *graph.Node
	x, bias     *graph.Node // bias is nil where there is none
	w, s        *graph.Node
	group       []*graph.Node // the nodes that become one, operands first
	backs       []*graph.Node // each a ColumnNormGrad
	columns     []*graph.Node // without a node: the steps from x to z's operand
	along       []*graph.Node // each a dz·Step(z)·y, whose sum is the gradient of w
	heads       int           // stacked heads; 0 where there are none and x is rows
	total       *graph.Node   // what takes the place of z: z itself, or the sum of its heads
	scale       float64       // of that sum
	replacement *graph.Node   // the NormRelu in the new graph
}

// fuseNorms makes one op of every such norm and one of its gradient. Left apart they are seven passes over a batch of
// activations forward and eight backward, and elementwise fusion cannot reach into the norm, which needs all rows of a
// column first; in blocks of columns the whole is one pass forward and one backward.
//
// A bias before a norm moves the mean and nothing else: it is added to the mean alone.
func fuseNorms(g *graph.Graph, roots []*graph.Node) (*graph.Graph, []*graph.Node) {
	live := g.Live(roots...)
	readers, kept := readersOf(live), keptNodes(g, roots)
	var groups [][]*graph.Node
	of := map[*graph.Node]*norm{} // by the first node of a group
	for _, n := range live {
		if m := matchFixed(n, readers, kept); m != nil {
			groups = append(groups, m.group)
			of[m.group[0]] = m
		} else if m := matchNorm(n, readers, kept); m != nil {
			groups = append(groups, m.group)
			of[m.group[0]] = m
			for _, back := range m.backs {
				group := append([]*graph.Node{back}, sumsOf(back, readers)...)
				if m.heads > 0 {
					group = backGroup(back, readers, m.heads)
				}
				groups = append(groups, append(group, m.trained(back, readers)...))
				of[back] = m
			}
		}
	}
	if groups == nil {
		return g, roots
	}
	out, mapped, _ := contract(g, roots, groups, func(h *graph.Graph, group []*graph.Node, at func(*graph.Node) *graph.Node) []*graph.Node {
		m := of[group[0]]
		if m.node == nil {
			return m.fixed(h, group, at)
		}
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
	m := &norm{node: n, x: n.In[0], group: append([]*graph.Node{n}, readers[n]...), scale: 1}
	if x := stackedInput(n); x != nil {
		m.x, m.heads = x, x.Shape().Dim(0)
	}
	if a := m.x; a.Op == (graph.Add{}) {
		if b := m.repeated(a.In[1]); b != nil {
			m.x, m.bias = a.In[0], b
		}
	}
	scaled := m.users(readers, kept)
	if scaled == nil || !m.follow(scaled, readers, kept) {
		return nil
	}
	steps := map[*graph.Node]bool{}
	for _, back := range m.backs {
		if m.cotangent(back) == nil {
			return nil
		}
		steps[m.stepped(back)] = true
	}
	for _, a := range m.along {
		if !steps[a.In[0]] || kept[a] || len(m.sums(a, readers)) != len(readers[a]) {
			return nil
		}
	}
	if m.heads > 0 && !m.enclosed(steps, readers, kept) {
		return nil
	}
	return m
}

// enclosed says that nobody but the gradients that are replaced reads Step(z): the heads of z are never in memory.
func (m *norm) enclosed(steps map[*graph.Node]bool, readers map[*graph.Node][]*graph.Node, kept map[*graph.Node]bool) bool {
	for _, step := range readers[m.z] {
		if step.Op != (ops.Unary{Kind: ops.KStep}) {
			continue
		}
		for _, t := range readers[step] {
			if !steps[t] || kept[step] {
				return false
			}
		}
	}
	for _, back := range m.backs {
		t, n := m.stepped(back), back.In[0]
		for ; n != t; n = n.In[0] {
			if len(readers[n]) != 1 || kept[n] {
				return false
			}
		}
		others := len(m.sums(t, readers))
		for _, a := range m.along {
			if a.In[0] == t {
				others++
			}
		}
		if kept[t] || len(readers[t]) != 1+others {
			return false
		}
	}
	return true
}

// users sorts what reads the normalised values, stacked or not: the scale, which it returns, gradients and products
// along them. It returns nil if there is no scale or anything else.
func (m *norm) users(readers map[*graph.Node][]*graph.Node, kept map[*graph.Node]bool) (scaled *graph.Node) {
	for _, y := range readers[m.node] {
		if y.Op != (graph.Result{I: 0}) {
			continue
		}
		if kept[y] {
			return nil
		}
		for _, user := range readers[y] {
			products, of := []*graph.Node{user}, y
			if user.Op == (ops.ColumnNormGrad{}) && user.In[1] == y {
				m.backs = append(m.backs, user)
				continue
			}
			if m.heads > 0 {
				if of = m.stacked(user, readers, kept); of == nil {
					return nil
				}
				products = readers[of]
			}
			for _, p := range products {
				switch mul := p.Op == (ops.Binary{Kind: ops.KMul}); {
				case mul && p.In[0] == of && m.repeated(p.In[1]) != nil && scaled == nil:
					scaled = p
				case mul && p.In[1] == of:
					m.along = append(m.along, p)
				default:
					return nil
				}
			}
		}
	}
	return scaled
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
	if m.w = m.repeated(scaled.In[1]); m.w == nil || moved == nil || moved.Op != (graph.Add{}) || moved.In[0] != scaled {
		return false
	}
	if m.s, m.z = m.repeated(moved.In[1]), only(moved); m.s == nil || m.z == nil || m.z.Op != (ops.Unary{Kind: ops.KRelu}) {
		return false
	}
	m.group = append(m.group, scaled, moved, m.z)
	if m.total = m.z; m.heads > 0 {
		return m.sum(readers, kept)
	}
	return true
}

// stacked is the stack that a view of the norm's result becomes; nil where it becomes something else.
func (m *norm) stacked(view *graph.Node, readers map[*graph.Node][]*graph.Node, kept map[*graph.Node]bool) *graph.Node {
	if _, ok := view.Op.(ops.Reshaped); !ok || len(readers[view]) != 1 || kept[view] {
		return nil
	}
	stack := readers[view][0]
	if swapped(stack) == nil || stack.Shape() != m.x.Shape() || kept[stack] {
		return nil
	}
	m.group = append(m.group, view, stack)
	return stack
}

// repeated is the vector behind a Broadcast, an entry a column.
func (m *norm) repeated(n *graph.Node) *graph.Node {
	if m.heads > 0 {
		return repeatedHeads(n)
	}
	return repeatedRow(n)
}

// stepped is dz·Step(z), what a ColumnNormGrad starts from but for the scale w; nil where it starts from something else.
func (m *norm) stepped(back *graph.Node) *graph.Node {
	mul := ops.Binary{Kind: ops.KMul}
	d := back.In[0]
	if m.heads > 0 {
		if d = swapped(reshaped(d)); d == nil {
			return nil
		}
	}
	if d.Op != mul || m.repeated(d.In[1]) != m.w || d.In[0].Op != mul || back.In[2].Op != (graph.Result{I: 3}) || back.In[2].In[0] != m.node {
		return nil
	}
	step := d.In[0].In[1]
	if step.Op != (ops.Unary{Kind: ops.KStep}) || step.In[0] != m.z {
		return nil
	}
	return d.In[0]
}

// cotangent is dz of the stepped dz; nil where there is none.
func (m *norm) cotangent(back *graph.Node) *graph.Node {
	t := m.stepped(back)
	if t == nil {
		return nil
	}
	dz := t.In[0]
	if m.heads == 0 {
		return dz
	}
	// All heads of a sum have one cotangent: (b×m), repeated.
	one := reshaped(behindBroadcast(dz))
	if one.Shape() != m.total.Shape() || dz.Shape() != m.z.Shape() {
		return nil
	}
	return m.unscaled(one)
}

// repeatedRow is the vector that a Broadcast repeats in every row of a matrix; nil of other nodes.
func repeatedRow(n *graph.Node) *graph.Node {
	if _, ok := n.Op.(ops.Broadcast); !ok || n.Shape().Rank() != 2 || n.In[0].Shape() != graph.Sh(n.Shape().Dim(1)) {
		return nil
	}
	return n.In[0]
}

// sums are the readers of n that sum its columns to vectors like w.
func (m *norm) sums(n *graph.Node, readers map[*graph.Node][]*graph.Node) (sums []*graph.Node) {
	for _, r := range readers[n] {
		if r.Op == (ops.SumTo{To: m.w.Shape()}) {
			sums = append(sums, r)
		}
	}
	return sums
}

// trained are the gradients of w and s beside a ColumnNormGrad, operands first.
func (m *norm) trained(back *graph.Node, readers map[*graph.Node][]*graph.Node) (group []*graph.Node) {
	t := m.stepped(back)
	for _, a := range m.along {
		if a.In[0] == t {
			group = append(append(group, a), m.sums(a, readers)...)
		}
	}
	return append(group, m.sums(t, readers)...)
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
	op := ops.NormRelu{Eps: m.node.Op.(ops.ColumnNorm).Eps, Heads: max(1, m.heads), Scale: m.scale}
	y := h.Apply(op, m.rows(at), m.vector(m.w, at), m.vector(m.s, at))
	m.replacement = y
	out := make([]*graph.Node, len(group))
	for i, n := range group {
		switch r, ok := n.Op.(graph.Result); {
		case n == m.node:
			out[i] = y
		case n == m.total:
			out[i] = y.Result(0)
		case ok && r.I == 1 && m.bias != nil:
			out[i] = ops.Add(y.Result(1), m.vector(m.bias, at))
		case ok && r.I > 0:
			out[i] = y.Result(r.I)
		default:
			out[i] = h.Const(n.Type()) // of nodes between, which nobody reads any more
		}
	}
	return out
}

// rows and vector are x and a vector in the new graph, heads side by side.
func (m *norm) rows(at func(*graph.Node) *graph.Node) *graph.Node {
	if m.heads == 0 {
		return at(m.x)
	}
	return sideBySideHeads(m.x, at)
}

func (m *norm) vector(v *graph.Node, at func(*graph.Node) *graph.Node) *graph.Node {
	return ops.ReshapeTo(at(v), graph.Sh(v.Shape().Size()))
}

// backward replaces a ColumnNormGrad, the sums of its columns and the gradients of w and s.
func (m *norm) backward(h *graph.Graph, group []*graph.Node, at func(*graph.Node) *graph.Node) []*graph.Node {
	y := m.replacement
	dx := h.Apply(ops.NormReluGrad{Heads: max(1, m.heads), Scale: m.scale}, at(m.cotangent(group[0])), m.rows(at), m.vector(m.w, at),
		m.vector(m.s, at), y.Result(1), y.Result(3))
	out := make([]*graph.Node, len(group))
	for i, n := range group {
		_, sum := n.Op.(ops.SumTo)
		switch {
		case slices.Contains(m.along, n):
			out[i] = h.Const(n.Type()) // its sum alone is read
		case sum && slices.Contains(m.along, n.In[0]):
			out[i] = ops.ReshapeTo(dx.Result(2), n.Shape())
		case sum && n.In[0] == m.stepped(group[0]):
			out[i] = ops.ReshapeTo(dx.Result(3), n.Shape())
		case sum:
			out[i] = ops.ReshapeTo(dx.Result(1), n.Shape())
		default:
			out[i] = laidOut(n, group[0], dx.Result(0))
		}
	}
	return out
}
