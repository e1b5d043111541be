package compile_test

import (
	"math"
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/ops"
)

// A factor of ones may be wider than the ones that the other factor ends with: its columns are not among those, then.
func TestWideOnesAreNotTheLastColumnsOfAFactor(t *testing.T) {
	t.Setenv("RPNC_DEBUG", "only=quadratic")
	const rows, n = 40, 3
	g := graph.New()
	in := func(r, c int) graph.Type { return graph.Type{DType: graph.F64, Shape: graph.Sh(r, c)} }
	ones := func(cols int) *graph.Node {
		return ops.Join(0, g.Const(in(rows/2, cols), 1), g.Const(in(rows/2, cols), 1))
	}
	u := ops.Join(1, g.Input("a", in(rows, 3)), ones(1))
	w := g.Input("w", in(n, 4*2))
	p, err := compile.Forward(g, nil, nil, g.Apply(ops.Trilinear{Out: 0}, u, ones(2), w))
	if err != nil {
		t.Fatal(err)
	}
	draw := func(name string, t graph.Type) *graph.Tensor { return graph.Uniform(-1, 1).Tensor(t, 5, name) }
	a, v := draw("a", in(rows, 3)), draw("w", in(n, 8))
	out, err := p.RunTensors(map[string]*graph.Tensor{"a": a, "w": v})
	if err != nil {
		t.Fatal(err)
	}
	for r := range rows {
		for i := range n {
			want := v.F[i*8+6] + v.F[i*8+7]
			for j := range 3 {
				want += a.F[r*3+j] * (v.F[i*8+2*j] + v.F[i*8+2*j+1])
			}
			if got := out[0].F[r*n+i]; math.Abs(got-want) > 1e-12 {
				t.Fatalf("y[%d, %d] is %v; want %v", r, i, got, want)
			}
		}
	}
}
