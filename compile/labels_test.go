package compile_test

import (
	"slices"
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/ops"
)

// The sum of a row of a one-hot table is known, scaled or not; one down the columns counts labels, and where classes have
// weights of their own it depends on the label.
func TestRowsOfLabelsAreNotAddedUp(t *testing.T) {
	const rows, classes = 4, 3
	row, column := graph.Sh(rows, 1), graph.Sh(classes)
	for name, c := range map[string]struct {
		build func(hot, w *graph.Node) *graph.Node
		known bool
		want  []float64
	}{
		"rows": {func(hot, _ *graph.Node) *graph.Node { return ops.SumToShape(hot, row) }, true, []float64{1, 1, 1, 1}},
		"scaled rows": {func(hot, _ *graph.Node) *graph.Node { return ops.SumToShape(ops.Scale(hot, -2.5), row) }, true,
			[]float64{-2.5, -2.5, -2.5, -2.5}},
		"columns": {func(hot, _ *graph.Node) *graph.Node { return ops.SumToShape(hot, column) }, false, []float64{2, 0, 2}},
		"weighted classes": {func(hot, w *graph.Node) *graph.Node { return ops.SumToShape(ops.Mul(hot, w), row) }, false,
			[]float64{30, 10, 10, 30}},
	} {
		g := graph.New()
		w := g.Input("w", typ(graph.F64, classes))
		hot := g.Apply(ops.OneHot{DType: graph.F64, N: classes}, g.Input("labels", typ(graph.I32, rows)))
		q, err := compile.Forward(g, nil, &compile.Options{Check: true, Only: []string{"simplify"}}, c.build(hot, w))
		if err != nil {
			t.Fatal(name, err)
		}
		if got := !slices.Contains(kernels(q), "OneHot{3}"); got != c.known {
			t.Errorf("%s: known is %v, want %v: %v", name, got, c.known, kernels(q))
		}
		if !c.known {
			copy(q.Input("labels").I32, []int32{2, 0, 0, 2})
		}
		if in := q.Input("w"); len(in.F64) == classes {
			copy(in.F64, []float64{10, 20, 30})
		}
		if err := q.Run(); err != nil {
			t.Fatal(name, err)
		}
		if got := q.Output(0).F64; !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
