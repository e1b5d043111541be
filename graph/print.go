package graph

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Text writes the graph in static single assignment form: a line a node as by [Node.String], operands first, then the
// roots and the updates. With roots only what they and the updates need is written, without roots everything.
//
//	v0 = Input:x f64 (2×3)  model.go:11
//	v1 = Tanh f64 (2×3) v0  model.go:12
//	result v1
//	update running_mean ← v7
func (g *Graph) Text(w io.Writer, roots ...*Node) error {
	b := bufio.NewWriter(w)
	for _, n := range g.shown(roots) {
		fmt.Fprintln(b, n)
	}
	for _, r := range roots {
		fmt.Fprintf(b, "result v%d\n", r.ID)
	}
	for _, u := range g.updates {
		l, _ := u.State.Leaf()
		fmt.Fprintf(b, "update %s ← v%d\n", l.Path, u.Value.ID)
	}
	return b.Flush()
}

// shown lists what a printer prints.
func (g *Graph) shown(roots []*Node) []*Node {
	if len(roots) == 0 {
		return g.nodes
	}
	return g.Live(roots...)
}

// DOT writes the graph for Graphviz: nodes coloured by kind, edges labelled with the shape that flows along them,
// roots with a double border, updates as dashed edges back to their states.
func (g *Graph) DOT(w io.Writer, title string, roots ...*Node) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "digraph {\n\tlabel=%s; labelloc=t; rankdir=TB; fontname=sans;\n", quoted(title))
	fmt.Fprintf(b, "\tnode [shape=box, style=\"filled,rounded\", fontname=sans, fontsize=11];\n")
	fmt.Fprintf(b, "\tedge [fontname=sans, fontsize=9];\n")
	isRoot := map[*Node]bool{}
	for _, r := range roots {
		isRoot[r] = true
	}
	for _, n := range g.shown(roots) {
		border := 1
		if isRoot[n] {
			border = 2
		}
		fmt.Fprintf(b, "\tv%d [label=%s, fillcolor=%q, peripheries=%d, tooltip=%s];\n",
			n.ID, quoted(fmt.Sprintf("v%d %s", n.ID, n.Op.Name())), colour(n), border, quoted(n.Site()))
		for _, x := range n.In {
			fmt.Fprintf(b, "\tv%d -> v%d [label=%s];\n", x.ID, n.ID, quoted(flowing(n, x)))
		}
	}
	for _, u := range g.updates {
		fmt.Fprintf(b, "\tv%d -> v%d [style=dashed, constraint=false, label=update];\n", u.Value.ID, u.State.ID)
	}
	fmt.Fprintln(b, "}")
	return b.Flush()
}

// quoted is a string of the DOT language, in which only the quote and the backslash need care.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}

// flowing is the shape of what n reads of x.
func flowing(n, x *Node) string {
	if r, ok := n.Op.(Result); ok && r.I < len(x.Types) {
		return x.Types[r.I].Shape.String()
	}
	return x.Shape().String()
}

// colour tells kinds of nodes apart: leaves warm, constants grey, fused ops green, the rest blue or white.
func colour(n *Node) string {
	switch op := n.Op.(type) {
	case Leaf:
		return map[LeafKind]string{InputLeaf: "#fff3c4", ParamLeaf: "#ffd0c2", StateLeaf: "#f3d5f7"}[op.Kind]
	case Const:
		return "#e8e8e8"
	case Result:
		return "#ffffff"
	case Fused:
		return "#cdeccf"
	}
	return "#d6e8fa"
}
