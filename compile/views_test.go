package compile_test

import (
	"slices"
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/ops"
)

// Rows of positions are flattened for the activation and apart again for the mean over the positions.
func TestAFunctionOfAProductInAnotherShapeStandsBesideTheProduct(t *testing.T) {
	g := graph.New()
	ty := func(dims ...int) graph.Type { return graph.Type{DType: graph.F64, Shape: graph.Sh(dims...)} }
	x, w := g.Input("x", ty(3, 4, 5)), g.Param("w", ty(6, 5), graph.Uniform(-1, 1))
	flat := ops.Reshape(ops.MatMulT(x, w), 3, 24)
	y := ops.MeanAxis(ops.Reshape(ops.Relu(flat), 3, 4, 6), 1)
	leaves := graph.Leaves{"x": graph.Uniform(-1, 1).Tensor(x.Type(), 1, "x")}
	leaves.Fill(g, 1)
	want, err := graph.Run(g, leaves, y)
	if err != nil {
		t.Fatal(err)
	}
	p, err := compile.Forward(g, nil, &compile.Options{Check: true}, y)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Store().Set("w", leaves["w"]); err != nil {
		t.Fatal(err)
	}
	got, err := p.RunTensors(map[string]*graph.Tensor{"x": leaves["x"]})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "y", got[0], want.Of(y), 1e-12)
	if names := kernels(p); slices.ContainsFunc(names, func(n string) bool { return n == "Reshape(3×24)" }) || len(names) > 3 {
		t.Errorf("kernels %v; want no flattened rows between product and mean", names)
	}
}
