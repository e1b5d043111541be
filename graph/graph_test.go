package graph_test

import (
	"strings"
	"testing"

	"rpnc/graph"
)

func TestHashConsing(t *testing.T) {
	g := graph.New()
	f := graph.Type{DType: graph.F64, Shape: graph.Sh(2, 3)}
	x := g.Input("x", f)
	if x != g.Input("x", f) {
		t.Error("the same name and type is another node")
	}
	a := g.Apply(graph.Add{}, x, x)
	if a != g.Apply(graph.Add{}, x, x) {
		t.Error("equal ops on equal operands are two nodes")
	}
	if g.Const(f, 1) != g.Const(f, 1) || g.Const(f, 1) == g.Const(f, 2) {
		t.Error("constants do not compare by content")
	}
}

func TestErrorsAreStickyAndIndependent(t *testing.T) {
	g := graph.New()
	x := g.Input("x", graph.Type{DType: graph.F64, Shape: graph.Sh(2, 3)})
	y := g.Input("y", graph.Type{DType: graph.F64, Shape: graph.Sh(3, 2)})
	bad := g.Apply(graph.Add{}, x, y)
	g.Apply(graph.Add{}, bad, x) // silent: a consequence
	g.Apply(graph.Add{}, x, nil)
	err := g.Err()
	if err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Fatalf("want two mistakes, have: %v", err)
	}
	if !strings.HasPrefix(err.Error(), "graph_test.go:") {
		t.Errorf("the error does not start with the user's line: %v", err)
	}
}

func TestFanInAddsCotangents(t *testing.T) {
	g := graph.New()
	f := graph.Type{DType: graph.F64}
	x := g.Input("x", f)
	y := g.Apply(graph.Add{}, g.Apply(graph.Add{}, x, x), x)
	d := graph.Grad(y, x)
	one, _ := graph.Floats(f, 1)
	v, err := graph.Run(g, graph.Leaves{"x": one})
	if err != nil {
		t.Fatal(err)
	}
	if got := v.Of(d[0]).F[0]; got != 3 {
		t.Errorf("d(3x)/dx = %v", got)
	}
}
