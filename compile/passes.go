package compile

import "rpnc/graph"

// passes is the table of passes in the order in which they run.
var passes = []pass{
	{"cse", prepare, "equal nodes become one and nodes that nobody needs go", clean},
	{"cse", optimise, "equal nodes become one and nodes that nobody needs go", clean},
	{"fuse-elementwise", optimise, "chains of elementwise nodes become one blocked op", fuseElementwise},
}

// orders is the table of order constraints; they hold within a phase.
var orders = []order{
	{"cse", "fuse-elementwise", "a node that is merged into a chain is no longer equal to its twin"},
}

// clean rebuilds the graph: hash-consing merges, and only what is live is copied.
func clean(g *graph.Graph, roots []*graph.Node) (*graph.Graph, []*graph.Node) {
	h, m := g.Rewrite(roots, nil)
	return h, m.All(roots)
}
