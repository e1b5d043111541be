package compile

import (
	"slices"

	"rpnc/graph"
)

// What most passes ask of a graph before they change it.

// readersOf lists the readers of every node, once for each operand that it is.
func readersOf(live []*graph.Node) map[*graph.Node][]*graph.Node {
	readers := map[*graph.Node][]*graph.Node{}
	for _, n := range live {
		for _, x := range n.In {
			readers[x] = append(readers[x], n)
		}
	}
	return readers
}

// keptNodes are the outputs and the values of updates, which are read from outside whatever happens.
func keptNodes(g *graph.Graph, roots []*graph.Node) map[*graph.Node]bool {
	kept := map[*graph.Node]bool{}
	for _, n := range roots {
		kept[n] = true
	}
	for _, u := range g.Updates() {
		kept[u.Value] = true
	}
	return kept
}

// dependents are the nodes that depend on constants and leaves of the given kinds alone, such leaves included.
func dependents(live []*graph.Node, kinds ...graph.LeafKind) map[*graph.Node]bool {
	alone := map[*graph.Node]bool{}
	for _, n := range live {
		leaf, isLeaf := n.Leaf()
		other := func(x *graph.Node) bool { return !alone[x] }
		alone[n] = (!isLeaf || slices.Contains(kinds, leaf.Kind)) && !slices.ContainsFunc(n.In, other)
	}
	return alone
}
