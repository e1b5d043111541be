package graph_test

import (
	"fmt"
	"os"

	"rpnc/graph"
	"rpnc/ops"
)

// A linear layer, its loss, one step of gradient descent.
func Example() {
	g := graph.New()
	row := graph.Type{DType: graph.F64, Shape: graph.Sh(1, 2)}
	x, w := g.Input("x", row), g.Param("w", row, graph.Given(1, -1))
	loss := ops.Square(ops.Shift(ops.Sum(ops.MatMulT(x, w)), -1)) // (x·wᵀ − 1)²
	dw := graph.Grad(loss, w)[0]
	g.Update(w, ops.Sub(w, ops.Scale(dw, 0.025)))
	if err := g.Err(); err != nil {
		fmt.Println(err)
		return
	}

	in, _ := graph.Floats(row, 3, 1)
	leaves := graph.Leaves{"x": in}
	leaves.Fill(g, 1)
	for range 3 {
		v, err := graph.Run(g, leaves, loss)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("loss %.2f at w = %.2f\n", v.Of(loss).F[0], leaves["w"].F)
		leaves.Commit(g, v)
	}
	// Output:
	// loss 1.00 at w = [1.00 -1.00]
	// loss 0.25 at w = [0.85 -1.05]
	// loss 0.06 at w = [0.78 -1.07]
}

// Mistakes are collected while building and carry the user's line, or the label that stands for it.
func ExampleGraph_Err() {
	g := graph.New()
	g.Label("model.yaml:7")
	x := g.Input("x", graph.Type{DType: graph.F32, Shape: graph.Sh(64, 784)})
	w := g.Param("w", graph.Type{DType: graph.F32, Shape: graph.Sh(785, 10)}, graph.Zeros())
	y := ops.MatMulN(x, w)
	ops.Softplus(ops.Scale(y, 2)) // silent: y is poisoned
	fmt.Println(g.Err())
	// Output: model.yaml:7: ops.MatMul: inner dimensions differ: a (64×784) · b (785×10)
}

func ExampleGraph_Text() {
	g := graph.New()
	g.Label("model.yaml:7")
	n := g.State("n", graph.Type{DType: graph.F64}, graph.Zeros())
	g.Label("model.yaml:8")
	g.Update(n, ops.Shift(n, 1))
	if err := g.Text(os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// v0 = State:n f64 ()  model.yaml:7
	// v1 = Const(1) f64 ()  model.yaml:8
	// v2 = Add f64 () v0 v1  model.yaml:8
	// update n ← v2
}

// A pass that replaces x·x by x².
func ExampleGraph_Rewrite() {
	g := graph.New()
	x := g.Input("x", graph.Type{DType: graph.F64})
	y := ops.Exp(ops.Mul(x, x))
	h, m := g.Rewrite([]*graph.Node{y}, func(_ *graph.Graph, n *graph.Node, in []*graph.Node) *graph.Node {
		if n.Op == (ops.Binary{Kind: ops.KMul}) && in[0] == in[1] {
			return ops.Square(in[0])
		}
		return nil
	})
	for _, n := range h.Live(m[y]) {
		fmt.Println(n.Op.Name())
	}
	fmt.Println(graph.Verify(h))
	// Output:
	// Input:x
	// Square
	// Exp
	// <nil>
}
