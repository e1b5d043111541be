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

// A band of many diagonals has more values than a weight may have that every tile reads, and few beside the rows of a tile.
func TestProductsWithBandsOfManyDiagonalsGoTileByTile(t *testing.T) {
	g := graph.New()
	const rows, positions, m, width = 16, 512, 16, 20
	ptr, col := []int32{0}, []int32{}
	for i := range positions {
		for j := i; j < min(i+width, positions); j++ {
			col = append(col, int32(j))
		}
		ptr = append(ptr, int32(len(col)))
	}
	band := ops.Pattern{Rows: positions, Cols: positions, Ptr: graph.NewIndex(ptr...), Col: graph.NewIndex(col...)}
	x := g.Input("x", typ(graph.F32, rows, positions, m))
	a := g.Const(typ(graph.F32, len(col)), 0.5)
	w := g.Param("w", typ(graph.F32, m, m), graph.Uniform(-1, 1))
	p, err := compile.Forward(g, nil, nil, ops.Tanh(ops.MatMulT(g.Apply(ops.SpMM{P: band}, a, ops.Tanh(x)), w)))
	if err != nil {
		t.Fatal(err)
	}
	h, roots := p.Graph()
	for _, n := range h.Live(roots...) {
		if _, alone := n.Op.(ops.SpMM); alone {
			t.Errorf("%v is a product of its own", n.Op.Name())
		}
	}
}
