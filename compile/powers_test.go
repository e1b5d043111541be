package compile_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/ops"
)

// squared is [x, x⊗x].
func squared(x *graph.Node) *graph.Node {
	b, m := x.Shape().Dim(0), x.Shape().Dim(1)
	return ops.Join(-1, x, ops.Reshape(ops.Mul(ops.Reshape(x, b, m, 1), ops.Reshape(x, b, 1, m)), b, m*m))
}

// layerNorm normalises rows.
func layerNorm(x *graph.Node) *graph.Node {
	d := ops.Sub(x, ops.MeanAxis(x, -1))
	return ops.Mul(d, ops.Recip(ops.Sqrt(ops.Shift(ops.MeanAxis(ops.Square(d), -1), 1e-5))))
}

// powers has normed powers of the data under a full matrix, one of low rank, and flat outer products whose second factor is
// a part of a row or three of two rows, and an own factor on either side.
func powers(d graph.DType) program {
	g := graph.New()
	const b, m, n, D = 16, 32, 24, 32 * 33
	w := func(name string, dims ...int) *graph.Node {
		return g.Param(name, typ(d, dims...), graph.Normal(0, 0.5))
	}
	x := g.Input("x", typ(d, b, m))
	kappa := layerNorm(squared(x))
	ys := []*graph.Node{
		ops.MatMulT(kappa, ops.Reshape(w("full", 1, n*D), n, D)),
		ops.MatMulT(kappa, ops.MatMulN(w("a", n, 2), w("b", 2, D))),
		ops.MatMulT(squared(ops.Tanh(ops.MatMulT(x, w("hidden", m, m)))), w("over", n, D)),
	}
	for _, s := range []int{D / 8, 3 * D / 16} {
		col, row := w(fmt.Sprint("col", s), n*D/s, 1), w(fmt.Sprint("row", s), 1, s)
		ys = append(ys, ops.MatMulT(kappa, ops.Reshape(ops.Mul(col, row), n, D)))
	}
	return program{"powers", g, ys, ops.Mean(ops.Square(ops.Tanh(ops.Add(ys[0], ys[1:]...))))}
}

func TestPowersAreNeverInMemory(t *testing.T) {
	const b, m, D = 16, 32, 32 * 33
	p := powers(graph.F32)
	q, err := compile.Train(p.g, nil, nil, p.loss, momentum{})
	if err != nil {
		t.Fatal(err)
	}
	if c := opNames(q); c["Quadratic"] != 3 || c["TrilinearSum"] != 3 {
		t.Errorf("%d contractions and %d gradients of theirs in %v; want 3 each", c["Quadratic"], c["TrilinearSum"], c)
	}
	if c := opNames(q); c["BlockPowers"] != 4 { // of both outer products, and by their rows
		t.Errorf("%d contractions of blocks and gradients in %v; want 4", c["BlockPowers"], c)
	}
	g, roots := q.Graph()
	for _, n := range g.Live(roots...) {
		if s := n.Shape(); s.Rank() > 1 && (s.Dim(0) == b || s.Dim(0) == b+1) && s.Size() >= b*m*m {
			t.Errorf("%v is as large as the powers of a batch", n)
		}
		if op, ok := n.Op.(ops.BlockPowers); ok && op.Out < 3 && n.Shape().Dim(0) != b {
			t.Errorf("%v multiplies a row of ones", n)
		}
	}
}

// Powers of higher order and products of two different matrices are the same form.
func TestPowersOfHigherOrderAreProductsWithLowerOnes(t *testing.T) {
	g := graph.New()
	const b, m, n = 40, 8, 4
	x := g.Input("x", typ(graph.F64, b, m))
	u := g.Input("u", typ(graph.F64, b, 60))
	kron := func(u, x *graph.Node) *graph.Node {
		p, q := u.Shape().Dim(1), x.Shape().Dim(1)
		return ops.Reshape(ops.Mul(ops.Reshape(u, b, p, 1), ops.Reshape(x, b, 1, q)), b, p*q)
	}
	two := kron(x, x)
	cube := ops.Join(-1, x, two, kron(two, x))
	ys := []*graph.Node{
		ops.MatMulT(layerNorm(cube), g.Param("w", typ(graph.F64, n, m+m*m+m*m*m), graph.Normal(0, 1))),
		ops.MatMulT(kron(u, x), g.Param("v", typ(graph.F64, n, 60*m), graph.Normal(0, 1))),
	}
	q, err := compile.Forward(g, nil, nil, ys...)
	if err != nil {
		t.Fatal(err)
	}
	if c := opNames(q); c["Trilinear→0"] != 2 {
		t.Errorf("%v; want two contractions", c)
	}
	p := program{"cube", g, ys, nil}
	steps(t, p, q, ys, 1e-10)
}

// Rows of equal numbers have a variance of 0, where differences of sums may be negative.
func TestNormsOfConstantPowersAreFinite(t *testing.T) {
	g := graph.New()
	const b, m, n = 64, 16, 3
	x := g.Input("x", typ(graph.F32, b, m))
	y := ops.MatMulT(layerNorm(squared(x)), g.Param("w", typ(graph.F32, n, m+m*m), graph.Normal(0, 1)))
	q, err := compile.Forward(g, nil, nil, y)
	if err != nil {
		t.Fatal(err)
	}
	if c := opNames(q); c["Quadratic"] != 1 {
		t.Fatalf("%v; want a contraction", c)
	}
	for i := range q.Input("x").F32 {
		q.Input("x").F32[i] = float32(math.Pow(3, float64(i/m)/8)) // 1 and 1⊗1 are equal, and the others far from 0
	}
	if err := q.Run(); err != nil {
		t.Fatal(err)
	}
	for i, v := range q.Output(0).F32 {
		if v != v || math.IsInf(float64(v), 0) {
			t.Fatalf("result %d is %v", i, v)
		}
	}
}

func TestSmallPowersAreFormed(t *testing.T) {
	g := graph.New()
	x := g.Input("x", typ(graph.F32, 8, 8))
	q, err := compile.Forward(g, nil, nil, ops.MatMulT(squared(x), g.Param("w", typ(graph.F32, 3, 72), graph.Normal(0, 1))))
	if err != nil {
		t.Fatal(err)
	}
	for name := range opNames(q) {
		if strings.HasPrefix(name, "Trilinear") {
			t.Errorf("%s for 576 numbers", name)
		}
	}
}
