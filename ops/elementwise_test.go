package ops

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"rpnc/graph"
)

// randomChain builds elementwise nodes of one shape over leaves that broadcast to it, and picks some as outputs.
func randomChain(rng *rand.Rand, g *graph.Graph) (nodes, outputs []*graph.Node) {
	d := graph.F64
	to := graph.Sh(3, 1, 5)
	float := func(name string, dims ...int) *graph.Node {
		return g.Input(name, graph.Type{DType: d, Shape: graph.Sh(dims...)})
	}
	values := []*graph.Node{float("full", 3, 1, 5), BroadcastTo(float("row", 5), to), BroadcastTo(float("column", 3, 1, 1), to),
		BroadcastTo(float("scalar"), to), BroadcastTo(g.Scalar(d, 0.75), to), g.Const(graph.Type{DType: d, Shape: to}, -1.5)}
	step := g.Input("step", graph.Type{DType: graph.I32})
	for range 1 + rng.IntN(12) {
		x, y := values[rng.IntN(len(values))], values[rng.IntN(len(values))]
		var n *graph.Node
		switch rng.IntN(6) {
		case 0:
			n = Tanh(x)
		case 1:
			n = Sub(x, y)
		case 2:
			n = Mul(x, y)
		case 3:
			n = Sin(x)
		case 4:
			n = g.Apply(Dropout{P: 0.4, Seed: 1, Stream: uint32(rng.IntN(3))}, x, step)
		default:
			n = Add(x, y)
		}
		values = append(values, n)
	}
	for _, n := range g.Nodes() {
		if Fusable(n) {
			nodes = append(nodes, n)
		}
	}
	outputs = []*graph.Node{nodes[len(nodes)-1]}
	for _, n := range nodes[:len(nodes)-1] {
		if rng.IntN(4) == 0 {
			outputs = append(outputs, n)
		}
	}
	return nodes, outputs
}

func randomLeaves(rng *rand.Rand, g *graph.Graph) graph.Leaves {
	l := graph.Leaves{}
	for _, n := range g.Leaves(graph.InputLeaf) {
		x := graph.NewTensor(n.Type())
		for i := range x.F {
			x.F[i] = 2*rng.Float64() - 1
		}
		leaf, _ := n.Leaf()
		l[leaf.Path] = x
	}
	return l
}

func TestFusedChainComputesWhatItsNodesDo(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		g := graph.New()
		nodes, outputs := randomChain(rng, g)
		op, inputs := FuseElementwise(nodes, outputs)
		fused := g.Apply(op, inputs...)
		if err := g.Err(); err != nil {
			t.Fatal(err)
		}
		val, err := graph.Run(g, randomLeaves(rng, g))
		if err != nil {
			t.Fatal(err)
		}
		run, native, err := Bind(op, typesOf(inputs), fused.Types)
		if err != nil || !native {
			t.Fatal(native, err)
		}
		var src, dst []Buffer
		for _, x := range inputs {
			b := NewBuffer(x.Type())
			b.Load(val.Of(x))
			src = append(src, b)
		}
		for _, ty := range fused.Types {
			dst = append(dst, NewBuffer(ty))
		}
		run(dst, src)
		for i, y := range outputs {
			for j, want := range val.Of(y).F {
				if oracle, kernel := val[fused][i].F[j], dst[i].F64[j]; oracle != want || math.Abs(kernel-want) > 1e-12*(1+math.Abs(want)) {
					t.Fatalf("seed %d, %s, result %d: oracle %v, kernel %v; want %v", seed, op.Name(), i, oracle, kernel, want)
				}
			}
		}
	}
}

func typesOf(ns []*graph.Node) (ts []graph.Type) {
	for _, n := range ns {
		ts = append(ts, n.Type())
	}
	return ts
}

func TestFusedChainHasTheGradientOfItsNodes(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 2))
		g := graph.New()
		nodes, outputs := randomChain(rng, g)
		op, inputs := FuseElementwise(nodes, outputs)
		plain, fused := g.Scalar(graph.F64, 0), g.Scalar(graph.F64, 0)
		node := g.Apply(op, inputs...)
		for i, y := range outputs {
			plain, fused = Add(plain, Sum(y)), Add(fused, Sum(node.Result(i)))
		}
		full := g.LeafByName("full")
		want, got := graph.Grad(plain, full)[0], graph.Grad(fused, full)[0]
		if (want == nil) != (got == nil) {
			t.Fatalf("seed %d, %s: gradient %v; want %v", seed, op.Name(), got, want)
		}
		if want == nil {
			continue
		}
		val, err := graph.Run(g, randomLeaves(rng, g), want, got)
		if err != nil {
			t.Fatal(err)
		}
		for j, w := range val.Of(want).F {
			if math.Abs(val.Of(got).F[j]-w) > 1e-12*(1+math.Abs(w)) {
				t.Fatalf("seed %d, %s: gradient %v; want %v", seed, op.Name(), val.Of(got).F[j], w)
			}
		}
	}
}

func TestEqualProgramsAreEqual(t *testing.T) {
	if sampleChain() != sampleChain() || sampleDropChain() != sampleDropChain() {
		t.Error("two programs of one content differ")
	}
	for i, c := range sampleDropChain().Prog.Instrs() {
		if want := []graph.Op{Binary{KMul}, Dropout{P: 0.3, Seed: 5, Stream: 2}, Unary{KExp}}[i]; c.Op != want {
			t.Errorf("instruction %d decodes to %v; want %v", i, c.Op, want)
		}
	}
}

func TestChainNamesShowTheExpression(t *testing.T) {
	want := "Elementwise{t3=Mul(Tanh(Mul(Add(x0,x1),2)),x2); Add(t3,x3), t3}"
	if got := sampleChain().Name(); got != want {
		t.Errorf("%s; want %s", got, want)
	}
}

func TestBadProgramsAreErrors(t *testing.T) {
	x, step := f64(2, 3), i32()
	for _, c := range []struct {
		want string
		p    Program
		in   []graph.Type
	}{
		{"no elementwise op", NewProgram(1, nil, []Instr{{MatMul{}, 0, 0}}, 1), []graph.Type{x}},
		{"want values before 1", NewProgram(1, nil, []Instr{{Unary{KExp}, 1, -1}}, 1), []graph.Type{x}},
		{"needs a result", NewProgram(1, nil, nil), []graph.Type{x}},
		{"result is value 7", NewProgram(1, nil, nil, 7), []graph.Type{x}},
		{"0 ≤ p < 1", NewProgram(2, nil, []Instr{{Dropout{P: 1}, 0, 1}}, 2), []graph.Type{x, step}},
		{"want one step", NewProgram(2, nil, []Instr{{Dropout{}, 0, 1}}, 2), []graph.Type{x, x}},
		{"computes with a step", NewProgram(2, nil, []Instr{{Dropout{}, 0, 1}, {graph.Add{}, 2, 1}}, 3), []graph.Type{x, step}},
		{"a step is no result", NewProgram(2, nil, []Instr{{Dropout{}, 0, 1}}, 1), []graph.Type{x, step}},
		{"does not broadcast", NewProgram(1, nil, nil, 0), []graph.Type{f64(4, 3)}},
		{"operands differ", NewProgram(2, nil, nil, 0, 1), []graph.Type{x, {DType: graph.F32, Shape: x.Shape}}},
		{"want 2 operands", NewProgram(2, nil, nil, 0), []graph.Type{x}},
	} {
		_, err := Elementwise{c.p, graph.Sh(2, 3)}.Infer(c.in)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v; want %q", err, c.want)
		}
	}
}
