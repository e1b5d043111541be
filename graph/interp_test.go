package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"rpnc/graph"
	"rpnc/ops"
)

func floats(t *testing.T, ty graph.Type, v ...float64) *graph.Tensor {
	t.Helper()
	x, err := graph.Floats(ty, v...)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestUpdatesAreCommittedTogether(t *testing.T) {
	g := graph.New()
	a, b := g.State("a", f64(), graph.Fill(1)), g.Param("b", f64(), graph.Fill(2))
	n := g.State("n", graph.Type{DType: graph.I32}, graph.Fill(5))
	g.Update(a, b) // a swap: both read the values before the step
	g.Update(b, a)
	g.Update(n, g.Apply(ops.AddInt{C: 1}, n))
	leaves := graph.Leaves{}
	leaves.Fill(g, 1)
	for step := range 3 {
		v, err := graph.Run(g, leaves, a)
		if err != nil {
			t.Fatal(err)
		}
		leaves.Commit(g, v)
		wantA, wantB := float64(1+(step+1)%2), float64(2-(step+1)%2)
		if leaves["a"].F[0] != wantA || leaves["b"].F[0] != wantB || leaves["n"].I[0] != int32(6+step) {
			t.Errorf("after step %d: a %v, b %v, n %v", step+1, leaves["a"].F, leaves["b"].F, leaves["n"].I)
		}
	}
}

func TestCurrentChainsUpdates(t *testing.T) {
	g := graph.New()
	s, x := g.State("s", f64(), graph.Fill(10)), g.Input("x", f64())
	if g.Current(s) != s {
		t.Error("a state without an update is its own current value")
	}
	for range 2 { // one layer, used twice
		g.Update(s, ops.Add(ops.Scale(g.Current(s), 0.5), x))
	}
	if n := len(g.Updates()); n != 1 {
		t.Fatalf("%d updates of one state", n)
	}
	leaves := graph.Leaves{"x": floats(t, f64(), 1)}
	leaves.Fill(g, 1)
	v, err := graph.Run(g, leaves)
	if err != nil {
		t.Fatal(err)
	}
	if leaves.Commit(g, v); leaves["s"].F[0] != 4 { // (10/2 + 1)/2 + 1
		t.Errorf("s = %v, want 4", leaves["s"].F)
	}
}

func TestFillKeepsGivenValues(t *testing.T) {
	g := graph.New()
	g.Param("w", f64(2), graph.Fill(3))
	g.State("s", f64(2), graph.Fill(4))
	g.Input("x", f64(2))
	leaves := graph.Leaves{"w": floats(t, f64(2), 8, 9)}
	leaves.Fill(g, 1)
	if fmt.Sprint(leaves["w"].F, leaves["s"].F, leaves["x"]) != "[8 9] [4 4] <nil>" {
		t.Errorf("w %v, s %v, x %v", leaves["w"].F, leaves["s"].F, leaves["x"])
	}
}

func TestRunEvaluatesOnlyWhatRootsNeed(t *testing.T) {
	g := graph.New()
	x := g.Input("x", f64(2))
	y := ops.Exp(x)
	dead := ops.Sin(g.Input("not fed", f64(2)))
	v, err := graph.Run(g, graph.Leaves{"x": floats(t, f64(2), 0, 0)}, y)
	if err != nil || v[dead] != nil || v.Of(y).F[0] != 1 {
		t.Errorf("values %v, error %v", v, err)
	}
}

func TestRunReportsWhatIsMissing(t *testing.T) {
	g := graph.New()
	x := g.Input("x", f64(2))
	label := g.Input("label", graph.Type{DType: graph.I32, Shape: graph.Sh(2)})
	g.Label("model.yaml:9")
	hot := g.Apply(ops.OneHot{DType: graph.F64, N: 3}, label)
	g.Label("")
	labels, _ := graph.Ints(graph.Sh(2), 0, 3)
	for want, c := range map[string]struct {
		root   *graph.Node
		leaves graph.Leaves
	}{
		"no value for Input:x":                       {x, nil},
		"Input:x is f64 (2), given f64 (3)":          {x, graph.Leaves{"x": floats(t, f64(3), 1, 2, 3)}},
		"Input:x is f64 (2), given i32 (2)":          {x, graph.Leaves{"x": labels}},
		"Input:label is i32 (2), given f64 (2)":      {label, graph.Leaves{"label": floats(t, f64(2), 1, 2)}},
		"model.yaml:9: ops.OneHot: label 3 of row 1": {hot, graph.Leaves{"label": labels}},
	} {
		if _, err := graph.Run(g, c.leaves, c.root); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, have %v", want, err)
		}
	}
	bad := ops.MatMulN(x, x)
	if _, err := graph.Run(g, nil, bad); err == nil || err.Error() != g.Err().Error() {
		t.Errorf("a graph with mistakes runs: %v", err)
	}
}

func TestTensorsHoldTheirNumberOfElements(t *testing.T) {
	if _, err := graph.Floats(f64(2), 1); err == nil || !strings.Contains(err.Error(), "needs 2 floats, have 1") {
		t.Error(err)
	}
	if _, err := graph.Floats(graph.Type{DType: graph.I32}, 1); err == nil {
		t.Error("floats in an integer tensor")
	}
	if _, err := graph.Ints(graph.Sh(2, 2), 1); err == nil || !strings.Contains(err.Error(), "needs 4 integers, have 1") {
		t.Error(err)
	}
	x := floats(t, f64(2, 3), 1, 2, 3, 4, 5, 6)
	y := x.Clone()
	if y.F[0] = 9; x.F[0] != 1 || x.Dim(-1) != 3 || x.Dim(0) != 2 {
		t.Errorf("clone is not independent: %v", x)
	}
}

func TestShapes(t *testing.T) {
	s := graph.Sh(2, 3, 4)
	for _, c := range []struct{ what, have, want string }{
		{"printed", s.String(), "(2×3×4)"},
		{"scalar", graph.Sh().String(), "()"},
		{"type", f64(2, 3).String(), "f64 (2×3)"},
		{"with", s.With(-1, 7).String(), "(2×3×7)"},
		{"with, out of range", s.With(3, 7).String(), "(2×3×4)"},
		{"sub", s.Sub(1, 9).String(), "(3×4)"},
		{"sub, empty", s.Sub(2, 2).String(), "()"},
		{"append", s.Append(5).String(), "(2×3×4×5)"},
		{"dims", fmt.Sprint(s.Dim(0), s.Dim(-1), s.Dim(3), s.Dim(-4)), "2 4 0 0"},
		{"size", fmt.Sprint(s.Size(), graph.Sh().Size(), graph.Sh(3, 0).Size()), "24 1 0"},
		{"bytes", fmt.Sprint(f64(2, 3).Bytes(), graph.Type{DType: graph.I32}.Bytes()), "48 4"},
	} {
		if c.have != c.want {
			t.Errorf("%s: %s, want %s", c.what, c.have, c.want)
		}
	}
	if s != graph.Sh(s.Dims()...) || s.Sub(0, 2) != graph.Sh(2, 3) {
		t.Error("equal shapes differ")
	}
	for what, bad := range map[string]graph.Shape{"2⁴⁸ elements": graph.Sh(1<<20, 1<<28), "negative": graph.Sh(-1), "at most 8 axes": graph.Sh(1, 1, 1, 1, 1, 1, 1, 1, 1)} {
		if err := bad.Check(); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%v: want %q, have %v", bad, what, err)
		}
	}
	if err := graph.Sh(1<<20, 1<<27).Check(); err != nil {
		t.Error(err)
	}
}
