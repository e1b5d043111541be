package compile_test

import (
	"slices"
	"strings"
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/ops"
)

// Two heads aᵢ·(x·wᵢᵀ) side by side and a narrow map behind them, which reads its matrix either way.
func TestHeadsSideBySideAreMultipliedOneByOne(t *testing.T) {
	for _, transposed := range []bool{false, true} {
		g, draw := graph.New(), graph.Uniform(-1, 1)
		ty := func(dims ...int) graph.Type { return graph.Type{DType: graph.F64, Shape: graph.Sh(dims...)} }
		x := g.Input("x", ty(20, 16))
		head := func(name string) *graph.Node {
			return ops.MatMulN(g.Param("a"+name, ty(20, 20), draw), ops.MatMulT(x, g.Param("w"+name, ty(16, 16), draw)))
		}
		both := ops.Join(-1, head("0"), head("1"))
		y := ops.MatMulN(both, g.Param("c", ty(32, 3), draw))
		if transposed {
			y = ops.MatMulT(both, g.Param("ct", ty(3, 32), draw))
		}
		leaves := graph.Leaves{"x": draw.Tensor(x.Type(), 1, "x")}
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
		for name, v := range leaves {
			if name == "x" {
				continue
			}
			if err := p.Store().Set(name, v); err != nil {
				t.Fatal(err)
			}
		}
		got, err := p.RunTensors(map[string]*graph.Tensor{"x": leaves["x"]})
		if err != nil {
			t.Fatal(err)
		}
		same(t, "y", got[0], want.Of(y), 1e-12)
		names := kernels(p) // Concat@0 are parameters, which lie below each other
		if slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, "Concat") && n != "Concat@0" }) {
			t.Errorf("kernels %v; want heads that are never side by side", names)
		}
		names = slices.DeleteFunc(names, func(n string) bool { return !strings.HasPrefix(n, "MatMul") })
		if !transposed && len(names) != 3 {
			t.Errorf("products %v; want one of both heads for w, x and a each: the rows of c that meet them are a stack as they lie", names)
		}
	}
}
