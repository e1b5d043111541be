package compile

import "rpnc/graph"

// A pass that makes one node of several has one difficulty: the nodes are spread over the graph, and the new one stands in
// one place, after all that any of them reads and before all that reads any of them. contract finds an order of the old
// nodes in which the members of every group stand side by side, and builds the new graph in that order.

// merger makes one computation of a group of nodes: one replacement a member, nil for members that nobody outside
// reads. of finds what became of nodes that the group reads.
type merger func(h *graph.Graph, group []*graph.Node, of func(*graph.Node) *graph.Node) []*graph.Node

// contract rebuilds the graph with every group replaced. Groups are disjoint, and no path may leave a group and come
// back to it; ok is false, and nothing has happened, where one does.
func contract(g *graph.Graph, roots []*graph.Node, groups [][]*graph.Node, merge merger) (*graph.Graph, []*graph.Node, bool) {
	member := map[*graph.Node]int{}
	for i, group := range groups {
		for _, n := range group {
			member[n] = i
		}
	}
	nodes := sideBySide(g.Live(roots...), groups, member)
	if nodes == nil {
		return g, roots, false
	}
	done, merged := map[*graph.Node]*graph.Node{}, map[int]bool{}
	var h *graph.Graph
	of := func(n *graph.Node) *graph.Node {
		if l, ok := n.Leaf(); ok {
			return h.LeafByName(l.Path)
		}
		return done[n]
	}
	out, m := g.Reorder(nodes, func(to *graph.Graph, n *graph.Node, in []*graph.Node) *graph.Node {
		h = to
		if i, ok := member[n]; ok && !merged[i] {
			merged[i] = true
			for k, r := range merge(h, groups[i], of) {
				done[groups[i][k]] = r
			}
		}
		if done[n] == nil {
			done[n] = h.Apply(n.Op, in...)
		}
		return done[n]
	})
	return out, m.All(roots), true
}

// sideBySide orders nodes operands first with the members of each group in a row, and otherwise as they were, so that
// values live as briefly as before. It answers nil where groups wait for each other in a circle.
//
// The order matters beyond being legal: kernels run in it, and the longer a value waits for its reader, the more memory
// is in use at a time and the less of it in cache.
func sideBySide(live []*graph.Node, groups [][]*graph.Node, member map[*graph.Node]int) []*graph.Node {
	o := ordering{groups: groups, member: member, state: map[*graph.Node]visit{}}
	for _, n := range live {
		if !o.place(n) {
			return nil
		}
	}
	return o.out
}

type ordering struct {
	groups [][]*graph.Node
	member map[*graph.Node]int
	state  map[*graph.Node]visit // by the first member of a group
	out    []*graph.Node
}

type visit uint8

const (
	unseen visit = iota
	waiting
	placed
)

// place puts what n and its group read into the list, and then the group; it reports false on a circle.
//
// The search is depth first, by groups: a group is placed when all that its members read is placed. To meet a group again
// while what it reads is being placed means that a path leads out of the group and back.
func (o *ordering) place(n *graph.Node) bool {
	block := []*graph.Node{n}
	if i, ok := o.member[n]; ok {
		block = o.groups[i]
	}
	switch o.state[block[0]] {
	case waiting:
		return false
	case placed:
		return true
	}
	o.state[block[0]] = waiting
	for _, m := range block {
		for _, x := range m.In {
			if !inBlock(x, n, o.member) && !o.place(x) {
				return false
			}
		}
	}
	o.state[block[0]] = placed
	o.out = append(o.out, block...)
	return true
}

// inBlock says that x and n are members of one group.
func inBlock(x, n *graph.Node, member map[*graph.Node]int) bool {
	i, ok := member[x]
	j, too := member[n]
	return ok && too && i == j
}
