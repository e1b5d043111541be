package compile_test

import (
	"slices"
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/ops"
)

func TestAChainThatAloneReadsAProductIsOneKernelWithIt(t *testing.T) {
	for name, c := range map[string]struct {
		build func(x, w, b *graph.Node) []*graph.Node
		want  []string
	}{
		"layer": {func(x, w, b *graph.Node) []*graph.Node {
			return []*graph.Node{ops.Relu(ops.Add(ops.MatMulT(x, w), b))}
		}, []string{"MatMul·ᵀ{x0; Relu(Add(x0,x1))}"}},
		"one function": {func(x, w, _ *graph.Node) []*graph.Node { return []*graph.Node{ops.Tanh(ops.MatMulT(x, w))} },
			[]string{"MatMul·ᵀ{x0; Tanh(x0)}"}},
		"a sum of the relu": {func(x, w, _ *graph.Node) []*graph.Node {
			return []*graph.Node{ops.Sum(ops.Relu(ops.MatMulT(x, w)))}
		}, []string{"MatMul·ᵀ{x0; Relu(x0)}", "SumTo()"}},
		"a sum of another function": {func(x, w, _ *graph.Node) []*graph.Node {
			return []*graph.Node{ops.Sum(ops.Tanh(ops.MatMulT(x, w)))}
		}, []string{"MatMul·ᵀ", "MapSum(){Tanh(x0)}"}},
		"two results": {func(x, w, b *graph.Node) []*graph.Node {
			y := ops.Add(ops.MatMulT(x, w), b)
			return []*graph.Node{ops.Sigmoid(y), y}
		}, []string{"MatMul·ᵀ{x0; t0=Add(x0,x1); t0, Sigmoid(t0)}"}},
		"the last of two products": {func(x, w, _ *graph.Node) []*graph.Node {
			return []*graph.Node{ops.Add(ops.MatMulT(x, w), ops.MatMulT(ops.Exp(x), w))}
		}, []string{"MatMul·ᵀ", "Exp", "MatMul·ᵀ{x1; Add(x0,x1)}"}},
		"a product that something else reads": {func(x, w, b *graph.Node) []*graph.Node {
			p := ops.MatMulT(x, w)
			return []*graph.Node{ops.Relu(ops.Add(p, b)), ops.TMatMul(p, x)}
		}, []string{"MatMul·ᵀ", "Elementwise{Relu(Add(x0,x1))}", "MatMulᵀ·"}},
		"a product that is an output": {func(x, w, b *graph.Node) []*graph.Node {
			p := ops.MatMulT(x, w)
			return []*graph.Node{ops.Relu(ops.Add(p, b)), p}
		}, []string{"MatMul·ᵀ", "Elementwise{Relu(Add(x0,x1))}"}},
		"a product that the chain repeats": {func(x, w, _ *graph.Node) []*graph.Node {
			row := ops.MatMulT(ops.SliceAxis(x, 0, 0, 1), w)
			return []*graph.Node{ops.Add(ops.BroadcastTo(row, graph.Sh(6, 4)), ops.SliceAxis(x, 1, 0, 4))}
		}, []string{"Slice[0:1]@0", "MatMul·ᵀ", "Slice[0:4]@1", "Elementwise{Add(x0,x1)}"}},
	} {
		g := graph.New()
		x, w, b := g.Input("x", typ(graph.F64, 6, 5)), g.Input("w", typ(graph.F64, 4, 5)), g.Input("b", typ(graph.F64, 4))
		out := c.build(x, w, b)
		q, err := compile.Forward(g, nil, &compile.Options{Check: true, Only: []string{"fuse-elementwise", "epilogues"}}, out...)
		if err != nil {
			t.Fatal(err)
		}
		got := kernels(q)
		slices.Sort(got)
		slices.Sort(c.want)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: kernels %q, want %q", name, got, c.want)
		}
		steps(t, program{name, g, out, nil}, q, out, 1e-12)
	}
}

// The commit writes parameters where they are; a product that wrote there first would lose the values before the step.
func TestAProductIsNotMergedWithAnUpdate(t *testing.T) {
	g := graph.New()
	x, w := g.Input("x", typ(graph.F64, 6, 4)), g.State("w", typ(graph.F64, 4, 4), graph.Normal(0, 1))
	g.Update(w, ops.Sub(w, ops.TMatMul(x, x)))
	y := ops.Sum(ops.MatMulN(x, w))
	q, err := compile.Forward(g, nil, &compile.Options{Check: true}, y)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kernels(q) {
		if k == "MatMulᵀ·{x1; Sub(x0,x1)}" {
			t.Errorf("kernels %q", kernels(q))
		}
	}
	steps(t, program{"update", g, []*graph.Node{y}, nil}, q, []*graph.Node{y}, 1e-12)
}
