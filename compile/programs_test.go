package compile_test

import (
	"fmt"
	"math"
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/ops"
)

// A program is a graph with outputs that the tests compile in every way and hold against the interpreter.
type program struct {
	name    string
	g       *graph.Graph
	outputs []*graph.Node
	loss    *graph.Node // a scalar that all parameters matter to
}

func typ(d graph.DType, dims ...int) graph.Type {
	return graph.Type{DType: d, Shape: graph.Sh(dims...)}
}

// batchNorm normalises the columns of x and moves the running statistics called name.
func batchNorm(x *graph.Node, name string) *graph.Node {
	g, n := x.Graph(), x.Shape().Dim(-1)
	mean := ops.MeanAxis(x, 0)
	centred := ops.Sub(x, mean)
	variance := ops.MeanAxis(ops.Square(centred), 0)
	for stat, now := range map[string]*graph.Node{"mean": mean, "var": variance} {
		s := g.State(name+".running_"+stat, typ(x.DType(), 1, n), graph.Zeros())
		g.Update(s, ops.Add(ops.Scale(g.Current(s), 0.9), ops.Scale(now, 0.1)))
	}
	return ops.Div(centred, ops.Sqrt(ops.Shift(variance, 1e-5)))
}

// mlp has dropout, one batch norm used twice on shared statistics, and two uses of one counter.
func mlp(d graph.DType) program {
	g := graph.New()
	x, labels := g.Input("x", typ(d, 6, 5)), g.Input("labels", typ(graph.I32, 6))
	w1, b1 := g.Param("w1", typ(d, 7, 5), graph.Normal(0, 0.5)), g.Param("b1", typ(d, 7), graph.Normal(0, 0.5))
	w2, b2 := g.Param("w2", typ(d, 3, 7), graph.Normal(0, 0.5)), g.Param("b2", typ(d, 3), graph.Zeros())
	step := g.State("step", typ(graph.I32), graph.Zeros())
	g.Update(step, g.Apply(ops.AddInt{C: 1}, step))
	h := ops.Relu(ops.Add(ops.MatMulT(x, w1), b1))
	h = batchNorm(batchNorm(h, "bn"), "bn")
	h = ops.Add(g.Apply(ops.Dropout{P: 0.3, Stream: 1}, h, step), g.Apply(ops.Dropout{P: 0.3, Stream: 2}, h, step))
	logits := ops.Add(ops.MatMulT(ops.Tanh(h), w2), b2)
	ce := g.Apply(ops.CrossEntropy{}, logits, labels)
	return program{"mlp", g, []*graph.Node{ce.Result(0), ce.Result(1), logits}, ce.Result(0)}
}

// band is the pattern of a chain of n: the neighbours of each entry.
func band(n int) ops.Pattern {
	ptr, col := []int32{0}, []int32{}
	for i := range n {
		for _, j := range []int{i - 1, i + 1} {
			if j >= 0 && j < n {
				col = append(col, int32(j))
			}
		}
		ptr = append(ptr, int32(len(col)))
	}
	return ops.Pattern{Rows: n, Cols: n, Ptr: graph.NewIndex(ptr...), Col: graph.NewIndex(col...)}
}

// chain is a multi-hop chain in instance position with a low-rank ψ(w), in every form that a structure pass knows.
func chain(d graph.DType) program {
	g := graph.New()
	const b, m, n, r = 12, 5, 40, 2
	x, p := g.Input("x", typ(d, b, m)), band(b)
	a := g.Apply(ops.Densify{P: p}, g.Const(typ(d, p.NNZ()), 0.5))
	v := g.Param("edges", typ(d, p.NNZ()), graph.Normal(0, 0.5))
	learned := g.Apply(ops.Densify{P: p}, v)
	psi := ops.MatMulT(g.Param("A", typ(d, n, r), graph.Normal(0, 0.5)), g.Param("B", typ(d, m, r), graph.Normal(0, 0.5)))
	u := g.Apply(ops.UpperOnes{DType: d, N: b})
	ys := []*graph.Node{
		ops.TMatMul(g.Apply(ops.MatPow{H: 3}, a), x),
		ops.MatMulN(g.Apply(ops.MatPow{H: 3, Accumulative: true}, a), x),
		ops.MatMulN(ops.Transpose(learned), x),
		ops.TMatMul(u, x),
		ops.MatMulN(u, x),
		ops.Transpose(ops.MatMulN(ops.Transpose(x), learned)),
		ops.MatMulN(ops.Sin(ops.Scale(learned, 2)), x),
		ops.MatMulN(g.Apply(ops.MatPow{H: 0}, learned), x),
	}
	edges := ops.Mul(ops.MatMulT(x, x), learned)
	ys = append(ys, ops.MatMulN(ops.Sub(ops.Scale(edges, 3), ops.Relu(edges)), x))
	sum := ops.Add(ys[0], ys[1:]...)
	y := ops.Relu(ops.MatMulT(sum, psi))
	return program{"chain", g, append(ys, y), ops.Mean(ops.Square(y))}
}

// attention is softmax(x·Q·Kᵀ·xᵀ)·x in two heads that are built alike, with two results kept.
func attention(d graph.DType) program {
	g := graph.New()
	const b, m, r, n = 5, 4, 2, 3
	x := g.Input("x", typ(d, b, m))
	var heads, maps []*graph.Node
	for h := range 2 {
		name := fmt.Sprintf("heads.%d.", h)
		q, k := g.Param(name+"q", typ(d, m, r), graph.Normal(0, 0.5)), g.Param(name+"k", typ(d, m, r), graph.Normal(0, 0.5))
		w := g.Param(name+"w", typ(d, n, m), graph.Normal(0, 0.5))
		scores := ops.MatMulT(ops.MatMulN(x, q), ops.MatMulN(x, k))
		a := g.Apply(ops.Softmax{Axis: -1}, ops.Scale(scores, 0.5))
		heads, maps = append(heads, ops.Tanh(ops.MatMulT(ops.MatMulN(a, x), w))), append(maps, a)
	}
	y := ops.Add(heads[0], heads[1])
	return program{"attention", g, []*graph.Node{y, maps[0]}, ops.Mean(ops.Square(y))}
}

// states reads states before and after their update: a counter, two that swap, one that becomes an input.
func states(d graph.DType) program {
	g := graph.New()
	x := g.Input("x", typ(d, 4))
	a, b := g.State("a", typ(d, 4), graph.Given(1, 2, 3, 4)), g.State("b", typ(d, 4), graph.Fill(7))
	last, w := g.State("last", typ(d, 2, 2), graph.Zeros()), g.Param("w", typ(d, 4), graph.Fill(1))
	g.Update(a, b)
	g.Update(b, a)
	g.Update(last, ops.Reshape(x, 2, 2))
	g.Update(w, ops.Sub(w, ops.Scale(a, 0.1)))
	after := ops.Add(g.Current(w), last.Graph().Const(typ(d, 4), 1))
	return program{"states", g, []*graph.Node{a, g.Current(a), last, after, w, ops.Reshape(b, 2, 2)}, ops.Sum(ops.Square(ops.Mul(w, x)))}
}

// several is about ops of several results, constants alone, slices that are views, and outputs that are inputs.
func several(d graph.DType) program {
	g := graph.New()
	x, w := g.Input("x", typ(d, 4, 6)), g.Param("w", typ(d, 6, 6), graph.Normal(0, 1))
	y := ops.MatMulN(x, w)
	top := g.Apply(ops.Extreme{Axis: 1}, y)
	rows := ops.SliceAxis(y, 0, 1, 3)
	c := ops.Exp(g.Const(typ(d, 2, 2), 1, 2, 3, 4))
	z := ops.Add(ops.Reshape(ops.SliceAxis(ops.Join(0, rows, rows), 0, 1, 3), 6, 2), ops.Reshape(rows, 6, 2))
	loss := ops.Add(ops.Mean(ops.Square(top.Result(0))), ops.Sum(ops.MatMulN(z, c)))
	return program{"several", g, []*graph.Node{x, top.Result(1), top.Result(0), rows, c, z, w, g.Const(typ(d), 3)}, loss}
}

// outer has products with flat outer products of every kind of block: D divides S, S divides D, neither.
func outer(d graph.DType) program {
	g := graph.New()
	const b, n, D = 3, 60, 192
	x := g.Input("x", typ(d, b, D))
	var ys []*graph.Node
	for _, s := range []int{2 * D, D / 2, 3 * D / 2, 5} {
		col, row := g.Param(fmt.Sprint("a", s), typ(d, n*D/s, 1), graph.Normal(0, 0.5)), g.Param(fmt.Sprint("b", s), typ(d, 1, s), graph.Normal(0, 0.5))
		ys = append(ys, ops.MatMulT(x, ops.Reshape(ops.Mul(col, row), n, D)))
	}
	return program{"outer", g, ys, ops.Mean(ops.Square(ops.Tanh(ops.Add(ys[0], ys[1:]...))))}
}

// normed is three heads alike with batch norm and running statistics, the mean of the second being an output too.
func normed(d graph.DType) program {
	g := graph.New()
	const b, m, n = 6, 5, 32
	x := g.Input("x", typ(d, b, m))
	var heads, means []*graph.Node
	for h := range 3 {
		name := fmt.Sprintf("heads.%d.", h)
		w, c := g.Param(name+"w", typ(d, n, m), graph.Normal(0, 0.5)), g.Param(name+"b", typ(d, n), graph.Normal(0, 0.5))
		norm := g.Apply(ops.ColumnNorm{Eps: 1e-5}, ops.Add(ops.MatMulT(x, w), c))
		for i, stat := range []string{"mean", "var"} {
			s := g.State(name+"running_"+stat, typ(d, n), graph.Zeros())
			g.Update(s, ops.Add(ops.Scale(s, 0.9), ops.Scale(norm.Result(1+i), 0.1)))
		}
		scale := g.Param(name+"scale", typ(d, n), graph.Fill(1))
		heads, means = append(heads, ops.Sigmoid(ops.Mul(norm.Result(0), scale))), append(means, norm.Result(1))
	}
	y := ops.Add(heads[0], heads[1:]...)
	return program{"normed", g, []*graph.Node{y, means[1]}, ops.Mean(ops.Square(y))}
}

// joined joins values that kernels compute, one of them an output, one in two joins, one that becomes a state.
func joined(d graph.DType) program {
	g := graph.New()
	x, w := g.Input("x", typ(d, 4, 4)), g.Param("w", typ(d, 4, 4), graph.Normal(0, 0.5))
	a, b, c := ops.MatMulN(x, w), ops.Tanh(ops.MatMulN(w, x)), ops.Sin(x)
	ab := ops.Join(0, a, b)
	abc, ca := ops.Join(0, ab, c), ops.Join(0, c, a)
	kept := g.State("kept", typ(d, 8, 4), graph.Fill(0.5))
	g.Update(kept, ops.Join(0, ops.Sigmoid(b), ops.MatMulN(x, x)))
	y := ops.MatMulT(abc, ops.Add(ca, kept))
	return program{"joined", g, []*graph.Node{b, y, ops.SliceAxis(abc, 0, 3, 9)}, ops.Mean(ops.Square(y))}
}

func programs(d graph.DType) []program {
	return []program{mlp(d), chain(d), attention(d), states(d), several(d), outer(d), powers(d), normed(d), joined(d),
		pictures(d, false), pictures(d, true), views(d, false), views(d, true), tested(d)}
}

// feed draws inputs of the program; labels are small integers.
func (p program) feed(seed uint64) map[string]*graph.Tensor {
	in := map[string]*graph.Tensor{}
	for _, n := range p.g.Leaves(graph.InputLeaf) {
		l, _ := n.Leaf()
		t := graph.Uniform(-1, 1).Tensor(n.Type(), seed, l.Path)
		for i := range t.I {
			t.I[i] = int32((uint64(i) + seed) % 3)
		}
		in[l.Path] = t
	}
	return in
}

// leaves are the inputs and what the store holds.
func leaves(in map[string]*graph.Tensor, st *compile.Store) graph.Leaves {
	l := graph.Leaves{}
	for name, t := range in {
		l[name] = t
	}
	for _, name := range st.Names() {
		l[name] = st.Get(name)
	}
	return l
}

// tolerance is how far a compiled program of element type d may be from the interpreter.
func tolerance(d graph.DType) float64 {
	if d == graph.F32 {
		return 1e-4
	}
	return 1e-10
}

// same fails unless got is want within tol, relative to the largest element.
func same(t *testing.T, what string, got, want *graph.Tensor, tol float64) {
	t.Helper()
	if got.Type != want.Type {
		t.Fatalf("%s: %v, want %v", what, got.Type, want.Type)
	}
	scale := 1.0
	for _, v := range want.F {
		scale = max(scale, math.Abs(v))
	}
	for i, v := range want.F {
		if d := math.Abs(got.F[i] - v); !(d <= tol*scale) {
			t.Fatalf("%s: element %d is %v, want %v", what, i, got.F[i], v)
		}
	}
	for i, v := range want.I {
		if got.I[i] != v {
			t.Fatalf("%s: element %d is %v, want %v", what, i, got.I[i], v)
		}
	}
}

// steps runs p three times and holds outputs and states against the interpreter on the graph as built, each time from
// equal state.
func steps(t *testing.T, p program, q *compile.Program, outputs []*graph.Node, tol float64) {
	t.Helper()
	for k := range uint64(3) {
		in := p.feed(k)
		l := leaves(in, q.Store())
		want, err := graph.Run(p.g, l, outputs...)
		if err != nil {
			t.Fatal(err)
		}
		got, err := q.RunTensors(in)
		if err != nil {
			t.Fatal(err)
		}
		for i, n := range outputs {
			same(t, fmt.Sprintf("%s run %d output %d", p.name, k, i), got[i], want.Of(n), tol)
		}
		l.Commit(p.g, want)
		for _, name := range q.Store().Names() {
			same(t, fmt.Sprintf("%s run %d state %s", p.name, k, name), q.Store().Get(name), l[name], tol)
		}
	}
}
