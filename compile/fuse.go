package compile

import (
	"math/bits"
	"slices"

	"rpnc/graph"
	"rpnc/ops"
)

// maxChain bounds the nodes of one fused chain: each value of a chain takes a block of L1.
const maxChain = 64

// fuseElementwise makes one op of elementwise nodes of one type that read one another or the same values. Nothing is
// computed twice: a value with readers outside becomes one of several results. A chain that feeds updates alone stays
// apart from others, so that the commit can write its results in place.
func fuseElementwise(g *graph.Graph, roots []*graph.Node) (*graph.Graph, []*graph.Node) {
	live := g.Live(roots...)
	c := newClusters(g, live, roots)
	// A value with a single reader goes with its reader first: the mask of a relu is computed where the gradient needs
	// it, not written in the forward and read in the backward.
	for _, only := range []bool{true, false} {
		for _, n := range live {
			for _, x := range n.In {
				if x = behindBroadcast(x); !only || len(c.readers[x]) == 1 {
					c.join(x, n)
				}
			}
		}
	}
	c.siblings(live)
	out, mapped, _ := contract(g, roots, c.groups(live), func(h *graph.Graph, group []*graph.Node, of func(*graph.Node) *graph.Node) []*graph.Node {
		return fuseGroup(h, group, c.outside(group), of)
	})
	return out, mapped
}

// fuseGroup applies one Elementwise for the nodes of a group.
func fuseGroup(h *graph.Graph, group, outputs []*graph.Node, of func(*graph.Node) *graph.Node) []*graph.Node {
	op, inputs := ops.FuseElementwise(group, outputs)
	in := make([]*graph.Node, len(inputs))
	for i, x := range inputs {
		in[i] = of(x)
	}
	fused := h.Apply(op, in...)
	results := make([]*graph.Node, len(group))
	for i, n := range group {
		results[i] = fused // of inner nodes, which nobody reads any more
		for k, o := range outputs {
			if o == n {
				results[i] = fused.Result(k)
			}
		}
	}
	return results
}

// fusable says whether n may be in a chain. A Broadcast is looked through where it is read, and what depends on
// constants alone is computed once, not in every run.
func (c *clusters) fusable(n *graph.Node) bool {
	_, repeats := n.Op.(ops.Broadcast)
	return !repeats && ops.Fusable(n) && !c.fixed[n]
}

// behindBroadcast is the value that x repeats, x itself if it repeats nothing.
func behindBroadcast(x *graph.Node) *graph.Node {
	for {
		if _, ok := x.Op.(ops.Broadcast); !ok {
			return x
		}
		x = x.In[0]
	}
}

// clusters is a partition of the nodes whose quotient graph has no circles: no path leaves a cluster and comes back, or
// the fused op would wait for itself. Two clusters may be merged if every path between them is direct, which the
// transitive dependencies, kept as bit sets, tell at once.
type clusters struct {
	of      map[*graph.Node]int
	members [][]*graph.Node
	deps    []bitset // clusters that a cluster depends on, transitively
	readers map[*graph.Node][]*graph.Node
	root    map[*graph.Node]bool
	update  map[*graph.Node]bool
	late    map[*graph.Node]bool // leads to updates alone
	fixed   map[*graph.Node]bool // depends on constants alone
}

type bitset []uint64

// The set operations of bitset: i and all of o.
func (b bitset) has(i int) bool { return b[i/64]>>(i%64)&1 == 1 }
func (b bitset) set(i int)      { b[i/64] |= 1 << (i % 64) }
func (b bitset) clear(i int)    { b[i/64] &^= 1 << (i % 64) }
func (b bitset) or(o bitset) {
	for i, w := range o {
		b[i] |= w
	}
}

// each calls f with the elements until it answers false.
func (b bitset) each(f func(i int) bool) {
	for k, w := range b {
		for ; w != 0; w &= w - 1 {
			if !f(k*64 + bits.TrailingZeros64(w)) {
				return
			}
		}
	}
}

// newClusters starts with every node alone.
func newClusters(g *graph.Graph, live, roots []*graph.Node) *clusters {
	c := &clusters{of: map[*graph.Node]int{}, readers: map[*graph.Node][]*graph.Node{}, root: map[*graph.Node]bool{}, update: map[*graph.Node]bool{}, fixed: fixedNodes(live)}
	for i, n := range live {
		c.of[n] = i
		c.members = append(c.members, []*graph.Node{n})
		d := make(bitset, len(live)/64+1)
		for _, x := range n.In {
			d.set(c.of[x])
			d.or(c.deps[c.of[x]])
			c.readers[x] = append(c.readers[x], n)
		}
		c.deps = append(c.deps, d)
	}
	for _, n := range roots {
		c.root[n] = true
	}
	for _, u := range g.Updates() {
		c.update[u.Value] = true
	}
	c.lateNodes(live)
	return c
}

// fixedNodes are those that depend on constants alone.
func fixedNodes(live []*graph.Node) map[*graph.Node]bool {
	fixed := map[*graph.Node]bool{}
	for _, n := range live {
		_, leaf := n.Leaf()
		fixed[n] = !leaf && !slices.ContainsFunc(n.In, func(x *graph.Node) bool { return !fixed[x] })
	}
	return fixed
}

// join merges the clusters of two fusable nodes of one type, where that is legal and worth it.
func (c *clusters) join(x, y *graph.Node) {
	if !c.fusable(x) || !c.fusable(y) || x.Type() != y.Type() || c.late[x] != c.late[y] {
		return
	}
	i, j := c.of[x], c.of[y]
	if i == j || len(c.members[i])+len(c.members[j]) > maxChain || c.between(i, j) || c.between(j, i) {
		return
	}
	c.merge(i, j)
}

// between says that a path leads from cluster i through a third one to cluster j.
func (c *clusters) between(i, j int) (found bool) {
	if !c.deps[j].has(i) {
		return false
	}
	c.deps[j].each(func(k int) bool {
		found = k != i && c.deps[k].has(i)
		return !found
	})
	return found
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

// merge moves cluster j into i and keeps the dependencies transitive.
func (c *clusters) merge(i, j int) {
	for _, n := range c.members[j] {
		c.of[n] = i
	}
	// What j depended on, i now does; itself it cannot depend on, or there would have been a path between.
	c.members[i], c.members[j] = append(c.members[i], c.members[j]...), nil
	c.deps[i].or(c.deps[j])
	c.deps[i].clear(i)
	c.deps[i].clear(j)
	// Who depended on either depends on the merged cluster and on all that it depends on.
	for k := range c.deps {
		if c.deps[k].has(i) || c.deps[k].has(j) {
			c.deps[k].clear(j)
			c.deps[k].set(i)
			c.deps[k].or(c.deps[i])
		}
	}
}

// siblings merges clusters that read the same value.
func (c *clusters) siblings(live []*graph.Node) {
	for _, x := range live {
		var first *graph.Node
		for _, r := range c.readers[x] {
			switch {
			case x.Shape().Size() <= 1 || !c.fusable(r): // a shared scalar is no reason to fuse
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
		if c.fusable(n) {
			ordered[c.of[n]] = append(ordered[c.of[n]], n)
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
		read := c.root[n] || c.update[n]
		for _, r := range c.readers[n] {
			read = read || c.of[r] != c.of[n]
		}
		if read {
			out = append(out, n)
		}
	}
	return out
}
