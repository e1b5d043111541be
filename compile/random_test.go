package compile_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/ops"
)

// randomProgram builds a graph by random choices out of all that the passes look for: elementwise functions, products
// in every orientation, shapes, sums, structure, parameters that are alike, states. Values stay small.
func randomProgram(seed uint64, d graph.DType) program {
	r := rand.New(rand.NewPCG(seed, 7))
	g := graph.New()
	x := g.Input("x", typ(d, 4, 6))
	pool := []*graph.Node{x, g.Const(typ(d, 4, 6), 0.5), g.Param("p", typ(d, 6, 4), graph.Uniform(-1, 1)), g.Const(typ(d), 1), g.Const(typ(d, 6, 6), 0)}
	pick := func() *graph.Node { return pool[len(pool)-1-min(r.IntN(len(pool)), r.IntN(len(pool)))] }
	for i := range 30 {
		y := randomNode(r, g, d, i, pick)
		if y == nil || y.Shape().Size() > 200 {
			continue
		}
		pool = append(pool, ops.Tanh(y), y)
		if r.IntN(6) == 0 {
			s := g.State(fmt.Sprint("s", i), y.Type(), graph.Fill(0.1))
			g.Update(s, ops.Add(ops.Scale(g.Current(s), 0.5), ops.Tanh(y)))
			pool = append(pool, ops.Mul(s, ops.Tanh(y)))
		}
	}
	loss := g.Const(typ(d), 0)
	for _, y := range pool {
		loss = ops.Add(loss, ops.Mean(ops.Square(ops.Tanh(y))))
	}
	return program{fmt.Sprint("random ", seed), g, []*graph.Node{pool[len(pool)-1], pick(), pick()}, loss}
}

// randomNode applies one random op to nodes of the pool that fit; nil where none does.
func randomNode(r *rand.Rand, g *graph.Graph, d graph.DType, i int, pick func() *graph.Node) *graph.Node {
	a, b := pick(), pick()
	s := a.Shape()
	switch r.IntN(14) {
	case 0:
		return g.Apply(ops.Unary{Kind: []ops.UnaryKind{ops.KNeg, ops.KSquare, ops.KSin, ops.KSigmoid, ops.KSoftplus}[r.IntN(5)]}, a)
	case 1, 2:
		if _, ok := ops.BroadcastShapes(s, b.Shape()); ok {
			return []func(a, b *graph.Node) *graph.Node{ops.Sub, ops.Mul, func(a, b *graph.Node) *graph.Node { return ops.Add(a, b) }}[r.IntN(3)](a, b)
		}
	case 3, 4:
		return randomProduct(r, a, b)
	case 5:
		if s.Rank() == 2 {
			return ops.Transpose(a)
		}
	case 6:
		return ops.Reshape(a, s.Size())
	case 7:
		if s.Rank() == 1 && s.Size()%6 == 0 {
			return ops.Reshape(a, s.Size()/6, 6)
		}
	case 8:
		if s.Rank() > 0 {
			return ops.SumAxis(a, r.IntN(s.Rank()))
		}
	case 9:
		if s.Rank() > 0 && s.Dim(0) > 1 {
			k := s.Dim(0) / 2
			return ops.Join(0, ops.SliceAxis(a, 0, k, s.Dim(0)), ops.SliceAxis(a, 0, 0, k))
		}
	case 10:
		if s.Rank() > 0 {
			return g.Apply(ops.Softmax{Axis: r.IntN(s.Rank())}, a)
		}
	case 11:
		return randomStructure(r, g, d, a)
	case 12:
		if s.Rank() == 2 {
			return alike(g, d, fmt.Sprint("w", i), a)
		}
	case 13:
		return ops.Scale(a, []float64{0, 1, -1, 0.5}[r.IntN(4)])
	}
	return nil
}

func randomProduct(r *rand.Rand, a, b *graph.Node) *graph.Node {
	if a.Shape().Rank() != 2 || b.Shape().Rank() != 2 {
		return nil
	}
	op := ops.MatMul{TA: r.IntN(2) == 0, TB: r.IntN(2) == 0}
	if _, err := op.Infer([]graph.Type{a.Type(), b.Type()}); err != nil {
		return nil
	}
	return ops.Scale(a.Graph().Apply(op, a, b), 0.3)
}

func randomStructure(r *rand.Rand, g *graph.Graph, d graph.DType, x *graph.Node) *graph.Node {
	if x.Shape().Rank() != 2 || x.Shape().Dim(0) < 2 {
		return nil
	}
	n := x.Shape().Dim(0)
	p := band(n)
	v := g.Const(typ(d, p.NNZ()), 0.5)
	if r.IntN(2) == 0 {
		v = g.Param(fmt.Sprint("edges", n), v.Type(), graph.Uniform(-0.5, 0.5))
	}
	a := g.Apply(ops.Densify{P: p}, v)
	switch r.IntN(4) {
	case 0:
		a = g.Apply(ops.MatPow{H: r.IntN(4), Accumulative: r.IntN(2) == 0}, a)
	case 1:
		a = g.Apply(ops.UpperOnes{DType: d, N: n}, nil...)
	case 2:
		a = ops.Sin(a)
	}
	if r.IntN(2) == 0 {
		return ops.Scale(ops.TMatMul(a, x), 0.3)
	}
	return ops.Scale(ops.MatMulN(ops.Transpose(x), a), 0.3)
}

// alike is the sum of three heads over x.
func alike(g *graph.Graph, d graph.DType, name string, x *graph.Node) *graph.Node {
	var heads []*graph.Node
	for h := range 3 {
		w := g.Param(fmt.Sprintf("%s.%d.w", name, h), typ(d, 3, x.Shape().Dim(1)), graph.Uniform(-0.5, 0.5))
		b := g.Param(fmt.Sprintf("%s.%d.b", name, h), typ(d, 3), graph.Uniform(-0.5, 0.5))
		heads = append(heads, ops.Tanh(ops.Add(ops.MatMulT(x, w), b)))
	}
	return ops.Add(heads[0], heads[1:]...)
}

func checkRandom(t *testing.T, seed uint64) {
	t.Helper()
	for _, d := range []graph.DType{graph.F64, graph.F32} {
		p := randomProgram(seed, d)
		if err := p.g.Err(); err != nil {
			t.Fatal(err)
		}
		vm := executors[1+seed%2]
		tol := map[graph.DType]float64{graph.F64: 1e-9, graph.F32: 1e-3}[d]
		q, err := compile.Train(p.g, nil, &compile.Options{VM: vm, Check: true, Shuffle: seed}, p.loss, momentum{}, p.outputs...)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		want := randomProgram(seed, d).asBuilt(t)
		steps(t, want, q, append([]*graph.Node{want.loss}, want.outputs...), tol)
	}
}

func TestRandomProgramsTrainLikeTheInterpreter(t *testing.T) {
	for seed := range uint64(20) {
		checkRandom(t, seed)
	}
}

func FuzzRandomProgramsTrainLikeTheInterpreter(f *testing.F) {
	f.Add(uint64(1000))
	f.Fuzz(checkRandom)
}
