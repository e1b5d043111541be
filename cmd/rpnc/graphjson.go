package main

import (
	"fmt"
	"io"

	"rpnc/graph"
)

// nodeRecord is a node of a graph as programs read it.
type nodeRecord struct {
	ID    int      `json:"id"`
	Op    string   `json:"op"`
	Leaf  string   `json:"leaf,omitempty"` // of inputs, parameters and states: their name
	Types []string `json:"types"`          // of each result: f32
	Dims  [][]int  `json:"shapes"`         // likewise; of a single number empty
	In    []int    `json:"in"`             // the ids of the operands, all of them earlier in the list
	Site  string   `json:"site,omitempty"` // where it was built
}

// graphRecord is a graph as programs read it.
type graphRecord struct {
	Title   string         `json:"title"`
	Nodes   []nodeRecord   `json:"nodes"`
	Results []int          `json:"results"`
	Updates map[string]int `json:"updates,omitempty"` // of states and parameters by name: their value after the step
}

// writeGraph writes a graph as one JSON object: what the results and the updates need, operands first.
func writeGraph(w io.Writer, title string, g *graph.Graph, roots ...*graph.Node) error {
	out := graphRecord{Title: title, Updates: map[string]int{}}
	for _, n := range g.Live(roots...) {
		r := nodeRecord{ID: n.ID, Op: n.Op.Name(), In: []int{}, Site: n.Site()}
		if l, is := n.Leaf(); is {
			r.Op, r.Leaf = l.Kind.String(), l.Path
		}
		for _, t := range n.Types {
			r.Types = append(r.Types, fmt.Sprint(t.DType))
			r.Dims = append(r.Dims, append([]int{}, t.Shape.Dims()...)) // [] and not null for a number
		}
		for _, x := range n.In {
			r.In = append(r.In, x.ID)
		}
		out.Nodes = append(out.Nodes, r)
	}
	for _, r := range roots {
		out.Results = append(out.Results, r.ID)
	}
	for _, u := range g.Updates() {
		l, _ := u.State.Leaf()
		out.Updates[l.Path] = u.Value.ID
	}
	return printJSON(w, out)
}
