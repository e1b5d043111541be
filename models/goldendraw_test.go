package models_test

import (
	"fmt"
	"maps"
	"slices"

	"rpnc/graph"
	"rpnc/ops"
)

// injected is the graph with the positions that the reference drew, sampled_indices.0, .1, …, in place of our draws, in
// the order of building. Both gather in rising order, which the case's are not in. Draws that y does not depend on, since
// all densities are equal, are gone.
func (c *golden) injected(g *graph.Graph, b built) (*graph.Graph, built, error) {
	if _, ok := c.Consts["sampled_indices.0"]; !ok {
		return g, b, nil
	}
	names := slices.Sorted(maps.Keys(b.others))
	roots := []*graph.Node{b.y}
	for _, name := range names {
		roots = append(roots, b.others[name])
	}
	var err error
	draws := 0
	h, m := g.Rewrite(roots, func(h *graph.Graph, n *graph.Node, _ []*graph.Node) *graph.Node {
		if _, ok := n.Op.(ops.Draw); !ok {
			return nil
		}
		v := c.Consts[fmt.Sprintf("sampled_indices.%d", draws)]
		if draws++; !slices.Equal(v.Shape, n.Shape().Dims()) {
			err = fmt.Errorf("draw %d is %v, the case has %v", draws-1, n.Shape(), v.Shape)
		}
		return h.Const(n.Type(), rising(v)...)
	})
	b.y = m[b.y]
	for _, name := range names {
		b.others[name] = m[b.others[name]]
	}
	return h, b, err
}

// rising are the rows of a matrix, each sorted.
func rising(v vector) (out []float64) {
	for _, x := range v.Data {
		out = append(out, float64(x))
	}
	for n := v.Shape[1]; n <= len(out); n += v.Shape[1] {
		slices.Sort(out[n-v.Shape[1] : n])
	}
	return out
}
