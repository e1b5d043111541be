package compile

import (
	"slices"

	"rpnc/graph"
	"rpnc/ops"
)

// rowTiles makes one op of nodes that work on the rows of a batch independently of each other: forward, loss and
// backward of a part of the batch run one after the other in the cache of one core (ops.RowTiles).
//
//	h = relu(x·Wᵀ); s = A·h; y = relu(s·Vᵀ)      three passes over memory, and the cores meet after each
//	RowTiles{MatMul; SpMM; MatMul}                h and s are never in memory, and the cores meet once
//
// What it is worth depends on the weights: a core reads them for every tile, so products with large ones stay outside.
//
// Heads side by side are a batch, too, with a matrix each for a row (see batchLanes).
func rowTiles(g *graph.Graph, roots []*graph.Node) (*graph.Graph, []*graph.Node) {
	t := newTiling(g, roots)
	if t.batchRows(g.Live(roots...)); t.rows >= leastRows {
		g, roots = t.tile(g, roots)
	}
	t = newTiling(g, roots)
	if t.batchLanes(g.Live(roots...)); t.rows >= leastLanes {
		g, roots = t.tile(g, roots)
	}
	return g, roots
}

// tile finds groups and makes one op of each.
func (t *tiling) tile(g *graph.Graph, roots []*graph.Node) (*graph.Graph, []*graph.Node) {
	for nodes := g.Live(roots...); len(nodes) > 0; {
		nodes = t.grow(nodes)
	}
	out, mapped, _ := contract(g, roots, t.groups, t.merge)
	return out, mapped
}

const (
	// leastRows is the number of rows of a batch from which cutting pays.
	leastRows = 8
	// largeWeight is the number of elements of an operand that is not cut from which reading it for every tile costs more
	// than it saves.
	largeWeight = 1 << 13
	// largePattern is the same for the values of a sparse product. They are all that it reads again, and few beside the rows of a
	// tile that every one of them multiplies.
	largePattern = 1 << 16
	// largeSum is the same for a sum over rows, which every part of the batch has for itself.
	largeSum = 1 << 14
	// leastTile is the number of elements between the ops of a group, within one tile, from which it pays to keep them in
	// cache: every op takes its time to begin, tile after tile. A batch of 61 rows can be cut into single ones alone.
	leastTile = 1 << 13
)

// tiling finds groups of nodes that work row by row.
type tiling struct {
	rows    int
	lanes   bool // rows are lanes
	readers map[*graph.Node][]*graph.Node
	kept    map[*graph.Node]bool
	batch   map[*graph.Node]bool // data of the batch: cut, but computed outside
	groups  [][]*graph.Node
	member  map[*graph.Node]bool // of the group that grows
	sum     map[*graph.Node]bool // a member that sums over rows
}

// newTiling knows who reads what.
func newTiling(g *graph.Graph, roots []*graph.Node) *tiling {
	return &tiling{readers: readersOf(g.Live(roots...)), kept: keptNodes(g, roots), batch: map[*graph.Node]bool{}}
}

// batchRows takes the number of rows from the largest input.
func (t *tiling) batchRows(live []*graph.Node) {
	size := 0
	for _, n := range live {
		l, leaf := n.Leaf()
		if leaf && l.Kind == graph.InputLeaf && n.DType().IsFloat() && n.Shape().Rank() > 0 && n.Shape().Size() > size {
			t.rows, size = n.Shape().Dim(0), n.Shape().Size()
		}
	}
}

// Groups are grown from the first node on, and greedily: whatever fits and needs nothing that comes after the group belongs to
// it. A node between two others of a group has to be a member, or the group would wait for a node that waits for the group; so
// whatever reads a member and is none is late, and so is all that reads what is late:
//
//	x ── MatMul ── tanh ── MatMul ─────── late: reads a sum, or a weight that is too large
//	                └── Σ over rows ──┘   a member; nobody within the group may read it
//
// Late nodes are the material of the next group. One pass over them in order is enough for each.

// grow makes one group of nodes, which are in order, and answers with those that come after it: they depend on the group, and
// are not in it.
func (t *tiling) grow(nodes []*graph.Node) (after []*graph.Node) {
	t.member, t.sum = map[*graph.Node]bool{}, map[*graph.Node]bool{}
	late := map[*graph.Node]bool{}
	var group []*graph.Node
	for _, n := range nodes {
		switch {
		case t.isBatch(n):
			t.batch[n] = true
		case !slices.ContainsFunc(n.In, func(x *graph.Node) bool { return late[x] }) && t.fits(n):
			t.member[n] = true
			group = append(group, n)
		case slices.ContainsFunc(n.In, func(x *graph.Node) bool { return late[x] || t.member[x] }):
			late[n] = true
			after = append(after, n)
		}
	}
	if group = t.trim(group); t.pays(group) {
		t.groups = append(t.groups, group)
	}
	return after
}

// isBatch says that n is data of the batch under some shape.
func (t *tiling) isBatch(n *graph.Node) bool {
	if t.lanes || n.Shape().Rank() == 0 || n.Shape().Dim(0)%t.rows != 0 {
		return false
	}
	l, leaf := n.Leaf()
	_, view := n.Op.(ops.Viewer)
	return leaf && l.Kind == graph.InputLeaf || view && t.batch[n.In[0]]
}

// fits says that n works row by row on the batch or on members, and notes whether it sums.
func (t *tiling) fits(n *graph.Node) bool {
	if op, port := n.Op.(graph.Result); port {
		if !t.member[n.In[0]] {
			return false
		}
		_, sums, _ := t.cut(n.In[0])
		t.sum[n] = sums[op.I]
		return true
	}
	cut, sums, ok := t.cut(n)
	if !ok {
		return false
	}
	begins := false
	for i, x := range n.In {
		switch {
		case t.sum[x] || !cut[i] && (t.member[x] || x.Shape().Size() > largestWhole(n.Op) && !t.lanes):
			return false
		case cut[i] && (t.batch[x] || t.member[x] || t.lanes && t.isStack(x)):
			begins = true
		}
	}
	for i, s := range sums {
		if s && n.Types[i].Shape.Size() > largeSum {
			return false
		}
	}
	t.sum[n] = len(sums) == 1 && sums[0]
	return begins
}

// largestWhole is the number of elements up to which op may read an operand whole for every tile.
func largestWhole(op graph.Op) int {
	if _, sparse := op.(ops.SpMM); sparse {
		return largePattern
	}
	return largeWeight
}

// cut is ops.RowCut of a node.
func (t *tiling) cut(n *graph.Node) (cut, sums []bool, ok bool) {
	if len(n.In) == 0 {
		return nil, nil, false
	}
	in := make([]graph.Type, len(n.In))
	for i, x := range n.In {
		in[i] = x.Type()
	}
	return ops.RowCut(n.Op, in, n.Types, t.rows)
}

// trim takes views at the ends of a group out again: outside they cost nothing.
func (t *tiling) trim(group []*graph.Node) []*graph.Node {
	for i := len(group) - 1; i >= 0; i-- {
		n := group[i]
		_, view := n.Op.(ops.Viewer)
		if view && !slices.ContainsFunc(t.readers[n], func(r *graph.Node) bool { return t.member[r] }) {
			delete(t.member, n)
			group = slices.Delete(group, i, i+1)
		}
	}
	return group
}

// pays weighs what stays in cache: values that one member writes and others read. Views have no memory, ports are counted
// with the op that they belong to, and sums are small.
func (t *tiling) pays(group []*graph.Node) bool {
	between := 0
	for _, n := range group {
		_, view := n.Op.(ops.Viewer)
		_, port := n.Op.(graph.Result)
		if !view && !port && !t.sum[n] && slices.ContainsFunc(t.readers[n], func(r *graph.Node) bool { return t.member[r] }) {
			between += n.Types[len(n.Types)-1].Shape.Size()
		}
	}
	return between/ops.FewestTiles(t.rows) >= leastTile
}

// merge applies one op for a group. Its operands are what members read from outside, each once, and its results the members
// that somebody outside reads; values between are numbers in the program and no nodes any more.
func (t *tiling) merge(h *graph.Graph, group []*graph.Node, of func(*graph.Node) *graph.Node) []*graph.Node {
	in := map[*graph.Node]bool{}
	for _, n := range group {
		in[n] = true
	}
	p, value := &ops.RowProgram{Rows: t.rows}, map[*graph.Node]int{}
	var operands []*graph.Node
	for _, n := range group {
		cut, _, _ := t.cut(n)
		for i, x := range n.In {
			if _, known := value[x]; !in[x] && !known {
				value[x] = len(operands)
				operands = append(operands, of(x))
				p.Cut = append(p.Cut, cut[i])
			}
		}
	}
	next := len(operands)
	var outside []int // by value, the members that others read
	for k, n := range group {
		if op, port := n.Op.(graph.Result); port {
			value[n] = value[n.In[0]] + op.I
		} else {
			s := ops.RowStep{Op: n.Op}
			for _, x := range n.In {
				s.In = append(s.In, value[x])
			}
			value[n] = next
			next += len(n.Types)
			p.Steps = append(p.Steps, s)
		}
		if t.kept[n] || slices.ContainsFunc(t.readers[n], func(r *graph.Node) bool { return !in[r] }) {
			p.Out = append(p.Out, value[n])
			outside = append(outside, k)
		}
	}
	y := h.Apply(ops.RowTiles{P: p}, operands...)
	results := make([]*graph.Node, len(group))
	for k := range group {
		results[k] = y
	}
	for i, k := range outside {
		results[k] = y.Result(i)
	}
	return results
}
