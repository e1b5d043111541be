package compile_test

import (
	"fmt"
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/ops"
)

// kernels are the names of what a program runs, without shapes and attributes, in order.
func kernels(q *compile.Program) (names []string) {
	g, roots := q.Graph()
	for _, n := range g.Live(roots...) {
		switch n.Op.(type) {
		case graph.Leaf, graph.Const, graph.Result:
		default:
			names = append(names, n.Op.Name())
		}
	}
	return names
}

func TestAChainThatOnlyASumReadsIsOneKernelWithIt(t *testing.T) {
	const rows, cols = 6, 5
	for name, c := range map[string]struct {
		build func(x, y *graph.Node) []*graph.Node
		want  []string
	}{
		"loss": {func(x, y *graph.Node) []*graph.Node { return []*graph.Node{ops.Sum(ops.Square(ops.Sub(x, y)))} },
			[]string{"MapSum(){Square(Sub(x0,x1))}"}},
		"columns": {func(x, y *graph.Node) []*graph.Node {
			return []*graph.Node{ops.SumToShape(ops.Mul(x, y), graph.Sh(cols))}
		},
			[]string{"MapSum(5){Mul(x0,x1)}"}},
		"lines": {func(x, y *graph.Node) []*graph.Node { return []*graph.Node{ops.SumAxis(ops.Relu(ops.Add(x, y)), 1)} },
			[]string{"MapSum(6×1){Relu(Add(x0,x1))}"}},
		"a factor that has another reader stays outside": {func(x, y *graph.Node) []*graph.Node {
			d := ops.Sub(x, y)
			return []*graph.Node{ops.Sum(ops.Mul(d, x)), d}
		}, []string{"Sub", "MapSum(){Mul(x0,x1)}"}},
		"a sum of what is read elsewhere stays a sum": {func(x, y *graph.Node) []*graph.Node {
			d := ops.Tanh(ops.Sub(x, y))
			return []*graph.Node{ops.Sum(d), ops.MatMulT(d, x)}
		}, []string{"Elementwise{Tanh(Sub(x0,x1))}", "SumTo()", "MatMul·ᵀ"}},
		"a sum of an output stays a sum": {func(x, y *graph.Node) []*graph.Node {
			d := ops.Tanh(ops.Sub(x, y))
			return []*graph.Node{ops.Sum(d), d}
		}, []string{"Elementwise{Tanh(Sub(x0,x1))}", "SumTo()"}},
		"two sums of one chain": {func(x, y *graph.Node) []*graph.Node {
			d := ops.Square(ops.Sub(x, y))
			return []*graph.Node{ops.Sum(d), ops.SumToShape(d, graph.Sh(cols))}
		}, []string{"Elementwise{Square(Sub(x0,x1))}", "SumTo()", "SumTo(5)"}},
	} {
		g := graph.New()
		x, y := g.Input("x", typ(graph.F64, rows, cols)), g.Input("y", typ(graph.F64, rows, cols))
		out := c.build(x, y)
		q, err := compile.Forward(g, nil, &compile.Options{Check: true, Only: []string{"fuse-elementwise"}}, out...)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		for _, k := range kernels(q) {
			got[k]++
		}
		for _, k := range c.want {
			got[k]--
		}
		for k, n := range got {
			if n != 0 {
				t.Errorf("%s: kernels %v, want %v (%s: %+d)", name, kernels(q), c.want, k, n)
			}
		}
		steps(t, program{name, g, out, nil}, q, out, 1e-12)
	}
}

// deep is a network of n dense layers, alike but for their parameters.
func deep(n int) (*graph.Graph, *graph.Node) {
	g := graph.New()
	x := g.Input("x", typ(graph.F32, 8, 16))
	for i := range n {
		w := g.Param(fmt.Sprintf("w%03d", i), typ(graph.F32, 16, 16), graph.Normal(0, 0.2))
		b := g.Param(fmt.Sprintf("b%03d", i), typ(graph.F32, 16), graph.Zeros())
		x = ops.Relu(ops.Add(ops.MatMulT(x, w), b))
	}
	return g, ops.Mean(ops.Square(x))
}

func TestFusionFindsAllChainsOfADeepNetwork(t *testing.T) {
	const layers = 60
	g, loss := deep(layers)
	q, err := compile.Train(g, nil, nil, loss, momentum{})
	if err != nil {
		t.Fatal(err)
	}
	// Forward 2 a layer; backward 5: the mask, the bias gradient and two products; and one update a parameter.
	if s, most := q.Stats(), layers*(2+4+2)+8; s.Kernels > most {
		t.Errorf("%d kernels of %d layers, want at most %d", s.Kernels, layers, most)
	}
}

// BenchmarkCompile shows how compiling grows with the number of layers.
func BenchmarkCompile(b *testing.B) {
	for _, layers := range []int{50, 200, 1000} { // 1,000 layers are some 20,000 nodes
		g, loss := deep(layers)
		b.Run(fmt.Sprintf("layers=%d", layers), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				q, err := compile.Train(g, nil, &compile.Options{VM: compile.Plan}, loss, momentum{})
				if err != nil {
					b.Fatal(err)
				}
				for _, p := range q.Stats().Passes {
					if p.Name == "optimise/fuse-elementwise" {
						b.ReportMetric(float64(p.Took.Microseconds()), "µs-fuse")
					}
				}
			}
		})
	}
}
