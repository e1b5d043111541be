package compile

import (
	"rpnc/graph"
	"rpnc/ops"
)

// Norms of heads that fuse-heads has stacked: x (H×b×m) is laid side by side for the ColumnNorm and its result stacked
// again for scale, shift and relu, whose heads are sliced apart and added up, with a mean's factor behind. The op reads
// the heads side by side, as the product before writes them, and adds up as it goes, so that permutations and the
// heads of z, H times its size, are never in memory.

// swapped is the operand of a permutation that exchanges the first two of three or more axes; nil of other nodes.
func swapped(n *graph.Node) *graph.Node {
	op, ok := n.Op.(ops.Permuted)
	if !ok || n.Shape().Rank() < 3 {
		return nil
	}
	for i, a := range op.Axes() {
		if want := [...]int{1, 0}; i < 2 && a != want[i] || i >= 2 && a != i {
			return nil
		}
	}
	return n.In[0]
}

// reshaped is what n is another shape of, n itself if it is none.
func reshaped(n *graph.Node) *graph.Node {
	if _, ok := n.Op.(ops.Reshaped); ok {
		return n.In[0]
	}
	return n
}

// repeatedHeads is the (H×1×m) that a Broadcast repeats in the rows of every head; nil of other nodes.
func repeatedHeads(n *graph.Node) *graph.Node {
	if _, ok := n.Op.(ops.Broadcast); !ok || n.Shape().Rank() != 3 || n.In[0].Shape() != n.Shape().With(1, 1) {
		return nil
	}
	return n.In[0]
}

// stackedInput is the stack (H×b×m) that a norm of heads side by side reads; nil where it reads no such thing.
func stackedInput(n *graph.Node) *graph.Node {
	p := reshaped(n.In[0])
	x := swapped(p)
	if p == n.In[0] || x == nil || x.Shape().Rank() != 3 || n.In[0].Shape() != graph.Sh(x.Shape().Dim(1), x.Shape().Dim(0)*x.Shape().Dim(2)) {
		return nil
	}
	return x
}

// sideBySideHeads is a stack (H×b×m) as rows (b×H·m) in the new graph: what it was permuted from, where that is how it came
// to be a stack.
func sideBySideHeads(x *graph.Node, at func(*graph.Node) *graph.Node) *graph.Node {
	s := x.Shape()
	rows := graph.Sh(s.Dim(1), s.Dim(0)*s.Dim(2))
	p := reshaped(x)
	if from := swapped(p); from != nil && p.Shape().Dim(0) == s.Dim(0) && p.Shape().Dim(1) == s.Dim(1) {
		return ops.ReshapeTo(at(from), rows)
	}
	return ops.ReshapeTo(ops.Permute(at(x), 1, 0, 2), rows)
}

// sum finds the sum of all heads of z, and the factor of a mean behind it.
func (m *norm) sum(readers map[*graph.Node][]*graph.Node, kept map[*graph.Node]bool) bool {
	var parts []*graph.Node
	for _, r := range readers[m.z] {
		if r.Op == (ops.Unary{Kind: ops.KStep}) {
			continue
		}
		sl, ok := r.Op.(ops.Slice)
		if !ok || sl.Axis != 0 || sl.Hi != sl.Lo+1 || len(readers[r]) != 1 || kept[r] {
			return false
		}
		part := readers[r][0]
		if _, ok := part.Op.(ops.Reshaped); !ok || len(readers[part]) != 1 || kept[part] || part.Shape().Rank() != 2 {
			return false
		}
		parts = append(parts, part)
		m.group = append(m.group, r, part)
	}
	if len(parts) != m.heads || kept[m.z] {
		return false
	}
	top := readers[parts[0]][0]
	for top.Op == (graph.Add{}) && len(readers[top]) == 1 && !kept[top] && readers[top][0].Op == (graph.Add{}) {
		top = readers[top][0]
	}
	leaves := 0
	m.addends(top, parts, &leaves)
	if leaves != m.heads {
		return false
	}
	m.total, m.scale = top, 1
	if r := readers[top]; len(r) == 1 && !kept[top] && r[0].Op == (ops.Binary{Kind: ops.KMul}) {
		if c, ok := splat(r[0].In[1]); ok && c > 0 {
			m.total, m.scale = r[0], c
			m.group = append(m.group, r[0])
		}
	}
	return true
}

// addends counts the parts that a tree of sums adds up; any other leaf makes it more than there are.
func (m *norm) addends(n *graph.Node, parts []*graph.Node, leaves *int) {
	for _, p := range parts {
		if n == p {
			*leaves++
			return
		}
	}
	if n.Op != (graph.Add{}) {
		*leaves += m.heads + 1
		return
	}
	for _, x := range n.In {
		m.addends(x, parts, leaves)
	}
	m.group = append(m.group, n)
}

// unscaled is the cotangent of the scaled sum from that of the sum; nil where it does not come from there.
func (m *norm) unscaled(d *graph.Node) *graph.Node {
	if m.scale == 1 {
		return d
	}
	if c, ok := d, d.Op == (ops.Binary{Kind: ops.KMul}); ok {
		if v, ok := splat(c.In[1]); ok && v == m.scale {
			return c.In[0]
		}
	}
	return nil
}

// backGroup are a gradient of stacked heads and what only lays it out, operands first: views, the stack that it becomes,
// the sums of the columns of that, and the permutation by which it goes back to how it was.
func backGroup(back *graph.Node, readers map[*graph.Node][]*graph.Node, heads int) []*graph.Node {
	group := []*graph.Node{back}
	for _, v := range readers[back] {
		if v.Op != (ops.Reshaped{To: graph.Sh(v.Shape().Dim(0), heads, back.Shape().Dim(1)/heads)}) {
			continue
		}
		group = append(group, v)
		for _, p := range readers[v] {
			if swapped(p) == nil {
				continue
			}
			group = append(group, p)
			for _, r := range readers[p] {
				group = append(group, afterStack(r, p, readers)...)
			}
		}
	}
	return group
}

// afterStack is r, a reader of the stack p, if it sums the columns of every head, or if it is a view by which p goes back,
// with the permutations that do it.
func afterStack(r, p *graph.Node, readers map[*graph.Node][]*graph.Node) []*graph.Node {
	s := p.Shape()
	if r.Op == (ops.SumTo{To: s.With(1, 1)}) {
		return []*graph.Node{r}
	}
	if _, ok := r.Op.(ops.Reshaped); !ok || r.Shape().Rank() < 3 || r.Shape().Dim(0) != s.Dim(0) || r.Shape().Dim(1) != s.Dim(1) {
		return nil
	}
	group := []*graph.Node{r}
	for _, q := range readers[r] {
		if swapped(q) != nil {
			group = append(group, q)
		}
	}
	return group
}

// laidOut is what becomes of a member of a backGroup, whose gradient is dx in the new graph.
func laidOut(n, back, dx *graph.Node) *graph.Node {
	x := reshaped(n)
	switch from := swapped(n); {
	case from != nil && reshaped(from) == back: // the stack
		return ops.Permute(ops.ReshapeTo(dx, from.Shape()), 1, 0, 2)
	case x != n && x != back: // a view of the stack
		return ops.ReshapeTo(laidOut(x, back, dx), n.Shape())
	}
	return ops.ReshapeTo(dx, n.Shape())
}
