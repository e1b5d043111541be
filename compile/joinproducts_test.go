package compile_test

import (
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/ops"
)

// thinProducts are products of one large x with narrow matrices, lying either way and read from either side.
func thinProducts() (y *graph.Node, params []*graph.Node, leaves graph.Leaves) {
	const rows, cols = 1024, 256
	g, draw := graph.New(), graph.Uniform(-1, 1)
	ty := func(dims ...int) graph.Type { return graph.Type{DType: graph.F64, Shape: graph.Sh(dims...)} }
	x := g.Input("x", ty(rows, cols))
	a, b, c := g.Param("a", ty(cols, 5), draw), g.Param("b", ty(7, cols), draw), g.Param("c", ty(3, cols), draw)
	p, q, r := ops.MatMulN(x, a), ops.MatMulT(x, b), ops.MatMulT(c, x)
	sum := func(x *graph.Node) *graph.Node { return ops.Scale(ops.Sum(ops.Square(x)), 1e-4) }
	y = ops.Add(ops.Mul(sum(p), sum(ops.Tanh(q))), sum(r))
	leaves = graph.Leaves{"x": draw.Tensor(x.Type(), 1, "x")}
	leaves.Fill(g, 1)
	return y, []*graph.Node{a, b, c}, leaves
}

func TestNarrowMatricesThatMeetALargeOneAreOneProduct(t *testing.T) {
	y, params, leaves := thinProducts()
	g := y.Graph()
	grads := graph.Grad(y, params...)
	want, err := graph.Run(g, leaves, append(grads, y)...)
	if err != nil {
		t.Fatal(err)
	}
	p, err := compile.WithGrad(g, nil, &compile.Options{Check: true}, y, g.Scalar(graph.F64, 1), params)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, l := range params {
		path, _ := l.Leaf()
		if err := p.Store().Set(path.Path, leaves[path.Path]); err != nil {
			t.Fatal(err)
		}
	}
	got, err := p.RunTensors(map[string]*graph.Tensor{"x": leaves["x"]})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "y", got[0], want.Of(y), 1e-10)
	for i, d := range grads {
		same(t, "gradient of "+params[i].String(), got[i+1], want.Of(d), 1e-10)
	}
	products := 0
	h, roots := p.Graph()
	for _, v := range h.Live(roots...) {
		if _, ok := v.Op.(ops.MatMul); ok {
			products++
		}
	}
	if products != 2 {
		t.Errorf("%d products; want one with x and one with xᵀ", products)
	}
}
