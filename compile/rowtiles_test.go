package compile_test

import (
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/ops"
)

// tiled says whether a training step of two narrow layers on so many rows of positions runs tile by tile.
func tiled(t *testing.T, rows int) bool {
	g := graph.New()
	const positions, m = 32, 24
	h := ops.Reshape(g.Input("x", graph.Type{DType: graph.F32, Shape: graph.Sh(rows, positions*m)}), rows*positions, m)
	for _, name := range []string{"u", "v"} {
		h = ops.Tanh(ops.MatMulT(h, g.Param(name, graph.Type{DType: graph.F32, Shape: graph.Sh(m, m)}, graph.Uniform(-1, 1))))
	}
	p, err := compile.Forward(g, nil, nil, h)
	if err != nil {
		t.Fatal(err)
	}
	h2, roots := p.Graph()
	for _, n := range h2.Live(roots...) {
		if _, ok := n.Op.(ops.RowTiles); ok {
			return true
		}
	}
	return false
}

func TestBatchesThatGoIntoSingleRowsAloneAreNotTiled(t *testing.T) {
	for rows, want := range map[int]bool{64: true, 60: true, 61: false, 62: false, 7: false} {
		if got := tiled(t, rows); got != want {
			t.Errorf("%d rows: tiled %t; want %t", rows, got, want)
		}
	}
}
