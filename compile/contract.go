package compile

import "rpnc/graph"

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
	live := g.Live(roots...)
	nodes := sideBySide(live, groups, member)
	if len(nodes) != len(live) {
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

// sideBySide orders nodes operands first with the members of each group in a row. Nodes on a circle of groups are
// missing from the answer.
func sideBySide(live []*graph.Node, groups [][]*graph.Node, member map[*graph.Node]int) (out []*graph.Node) {
	blocks := map[*graph.Node][]*graph.Node{} // keyed by the first member
	block := func(n *graph.Node) *graph.Node {
		if i, ok := member[n]; ok {
			return groups[i][0]
		}
		return n
	}
	waits, readers := map[*graph.Node]int{}, map[*graph.Node][]*graph.Node{}
	for _, n := range live {
		k := block(n)
		blocks[k] = append(blocks[k], n)
		for _, x := range n.In {
			if b := block(x); b != k {
				waits[k]++
				readers[b] = append(readers[b], k)
			}
		}
	}
	var ready []*graph.Node
	for _, n := range live {
		if block(n) == n && waits[n] == 0 {
			ready = append(ready, n)
		}
	}
	for len(ready) > 0 {
		k := ready[0]
		ready = ready[1:]
		out = append(out, blocks[k]...)
		for _, r := range readers[k] {
			if waits[r]--; waits[r] == 0 {
				ready = append(ready, r)
			}
		}
	}
	return out
}
