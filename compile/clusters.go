package compile

import (
	"slices"

	"rpnc/graph"
	"rpnc/ops"
)

// clusters is a partition of the nodes whose quotient graph has no circles: no path leaves a cluster and comes back, or
// the fused op would wait for itself. The clusters stand in a row in which operands come first, kept up to date: a path
// between two of them then only passes through those that stand between them, and the search for one is short where the
// two are near each other. What is further apart than window is not merged, so the time is linear in the nodes.
type clusters struct {
	of      map[*graph.Node]int
	members [][]*graph.Node
	pos     []int // of a cluster in the row
	row     []int // the clusters in order; −1 where one went into another
	seen    []int // the number of the last search that met a cluster
	search  int
	closed  []bool // ends in a sum, so that nothing can be added
	readers map[*graph.Node][]*graph.Node
	kept    map[*graph.Node]bool // an output or an update: read from outside whatever happens
	root    map[*graph.Node]bool
	late    map[*graph.Node]bool // leads to updates alone
	fixed   map[*graph.Node]bool // depends on constants alone
}

// window is the largest distance in the row of clusters that are merged. A value that is read that much later is better
// read from memory than kept in a chain.
const window = 2048

// newClusters starts with every node alone.
func newClusters(g *graph.Graph, live, roots []*graph.Node) *clusters {
	c := &clusters{of: map[*graph.Node]int{}, readers: readersOf(live), root: map[*graph.Node]bool{},
		kept: keptNodes(g, roots), fixed: dependents(live), seen: make([]int, len(live)), closed: make([]bool, len(live))}
	for i, n := range live {
		c.of[n] = i
		c.members = append(c.members, []*graph.Node{n})
		c.pos, c.row = append(c.pos, i), append(c.row, i)
	}
	for _, n := range roots {
		c.root[n] = true
	}
	c.lateNodes(live)
	return c
}

// lateNodes are the elementwise nodes that lead to updates through elementwise nodes alone: the end of a step, which
// belongs to the commit.
func (c *clusters) lateNodes(live []*graph.Node) {
	c.late = map[*graph.Node]bool{}
	for i := len(live) - 1; i >= 0; i-- {
		n := live[i]
		// A node without readers here is an update or dead; both end nowhere else.
		early := slices.ContainsFunc(c.readers[n], func(r *graph.Node) bool { return !c.late[r] })
		c.late[n] = ops.Fusable(n) && !c.root[n] && !early
	}
}

// fusable says whether n may be in a chain. A Broadcast is looked through where it is read, and what depends on
// constants alone is computed once, not in every run.
func (c *clusters) fusable(n *graph.Node) bool {
	_, repeats := n.Op.(ops.Broadcast)
	return !repeats && ops.Fusable(n) && !c.fixed[n]
}

// single says that n has one reader and no other use.
func (c *clusters) single(n *graph.Node) bool { return len(c.readers[n]) == 1 && !c.kept[n] }

// join merges the clusters of two fusable nodes of one type, where that is legal and worth it.
func (c *clusters) join(x, y *graph.Node) {
	if c.fusable(x) && c.fusable(y) && x.Type() == y.Type() && c.late[x] == c.late[y] {
		c.merge(c.of[x], c.of[y])
	}
}

// joinSum ends the chain of x with the sum of x, if nothing else reads x.
func (c *clusters) joinSum(x, sum *graph.Node) {
	// At this time every cluster is a tree whose one result is its root, here x: what is summed is the whole cluster.
	if c.fusable(x) && c.single(x) && c.merge(c.of[x], c.of[sum]) {
		c.closed[c.of[sum]] = true
	}
}

// merge makes one cluster of two, and says whether it may.
func (c *clusters) merge(i, j int) bool {
	if c.pos[i] > c.pos[j] {
		i, j = j, i
	}
	if i == j || c.closed[i] || c.closed[j] || len(c.members[i])+len(c.members[j]) > maxChain || c.pos[j]-c.pos[i] > window || c.between(i, j) {
		return false
	}
	for _, n := range c.members[j] {
		c.of[n] = i
	}
	c.members[i], c.members[j] = append(c.members[i], c.members[j]...), nil
	c.reorder(i, j)
	return true
}

// between says that a path leads from cluster i through others to cluster j. It leaves a mark (seen) on all clusters
// between the two in the row that depend on i.
func (c *clusters) between(i, j int) bool {
	c.search++
	todo := []int{i}
	for len(todo) > 0 {
		k := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, n := range c.members[k] {
			for _, r := range c.readers[n] {
				next := c.of[r]
				if next == j && k != i {
					return true
				}
				if c.pos[next] < c.pos[j] && next != i && c.seen[next] != c.search {
					c.seen[next] = c.search
					todo = append(todo, next)
				}
			}
		}
	}
	return false
}

// reorder puts the row right after cluster j went into i. Of the clusters between them, those that the search marked
// depend on i, and the others do not: first the others, then the merged cluster, then the marked ones, each in the order
// that they had.
func (c *clusters) reorder(i, j int) {
	lo, hi := c.pos[i], c.pos[j]
	var before, after []int
	for _, k := range c.row[lo+1 : hi] {
		switch {
		case k < 0:
		case c.seen[k] == c.search:
			after = append(after, k)
		default:
			before = append(before, k)
		}
	}
	at := lo
	for _, k := range slices.Concat(before, []int{i}, after) {
		c.row[at], c.pos[k] = k, at
		at++
	}
	for ; at <= hi; at++ {
		c.row[at] = -1
	}
}

// siblings merges clusters that read the same value.
func (c *clusters) siblings(live []*graph.Node) {
	for _, x := range live {
		var first *graph.Node
		for _, r := range c.readers[x] {
			switch {
			case behindBroadcast(x).Shape().Size() <= 1 || !c.fusable(r): // a shared scalar is no reason to fuse
			case first == nil:
				first = r
			default:
				c.join(first, r)
			}
		}
	}
}

// groups are the clusters to fuse, members in the order of live. A single node gains where it reads a Broadcast or a
// constant.
func (c *clusters) groups(live []*graph.Node) (out [][]*graph.Node) {
	ordered := map[int][]*graph.Node{}
	for _, n := range live {
		if k := c.of[n]; c.fusable(n) || c.closed[k] {
			ordered[k] = append(ordered[k], n)
		}
	}
	for _, n := range live {
		if group := ordered[c.of[n]]; len(group) > 0 && group[0] == n && (len(group) > 1 || absorbs(n)) && len(c.outside(group)) > 0 {
			out = append(out, group)
		}
	}
	return out
}

// absorbs says that n reads a Broadcast or a constant, which a chain reads without writing it out first.
func absorbs(n *graph.Node) bool {
	for _, x := range n.In {
		_, isConst := x.Op.(graph.Const)
		if _, repeats := x.Op.(ops.Broadcast); repeats || isConst {
			return true
		}
	}
	return false
}

// outside are the members of a group that something else reads.
func (c *clusters) outside(group []*graph.Node) (out []*graph.Node) {
	for _, n := range group {
		if c.kept[n] || slices.ContainsFunc(c.readers[n], func(r *graph.Node) bool { return c.of[r] != c.of[n] }) {
			out = append(out, n)
		}
	}
	return out
}
