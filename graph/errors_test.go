package graph_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rpnc/graph"
	"rpnc/ops"
)

// update makes the golden tests write what they have: go test ./graph -update.
var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// golden compares text with a file of testdata.
func golden(t *testing.T, file, have string) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, []byte(have), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	a, b := strings.Split(have, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			t.Fatalf("%s differs from line %d on (-update accepts):\nhave %q\nwant %q", path, i+1, a[min(i, len(a)):], b[min(i, len(b)):])
		}
	}
}

// slice is an op that cannot be compared; nothing is one without results.
type (
	slice struct {
		opaque
		v []int
	}
	nothing struct{ opaque }
)

func (nothing) Infer([]graph.Type) ([]graph.Type, error) { return nil, nil }

// mistakes lists one mistake a line: its label stands for the user's line.
var mistakes = []struct {
	label string
	make  func(g *graph.Graph, x, w *graph.Node) // x (2×3), w (4×3)
}{
	{"nil operand", func(g *graph.Graph, x, _ *graph.Node) { g.Apply(graph.Add{}, x, nil) }},
	{"another graph", func(g *graph.Graph, x, _ *graph.Node) { g.Apply(graph.Add{}, x, graph.New().Input("x", f64(2, 3))) }},
	{"several results", func(g *graph.Graph, x, _ *graph.Node) { ops.Exp(g.Apply(ops.Extreme{Axis: 0}, x)) }},
	{"no such result", func(g *graph.Graph, x, _ *graph.Node) { g.Apply(ops.Extreme{Axis: 0}, x).Result(2) }},
	{"two results picked", func(g *graph.Graph, x, _ *graph.Node) { g.Apply(graph.Result{}, x, x) }},
	{"nil op", func(g *graph.Graph, x, _ *graph.Node) { g.Apply(nil, x) }},
	{"op with a slice", func(g *graph.Graph, x, _ *graph.Node) { g.Apply(slice{v: []int{1}}, x) }},
	{"op without results", func(g *graph.Graph, x, _ *graph.Node) { g.Apply(nothing{}, x) }},
	{"leaf applied", func(g *graph.Graph, _, _ *graph.Node) { g.Apply(graph.Leaf{Path: "x"}) }},
	{"leaf of another type", func(g *graph.Graph, _, _ *graph.Node) { g.Input("x", f64(7)) }},
	{"leaf of another kind", func(g *graph.Graph, _, _ *graph.Node) { g.State("x", f64(2, 3), graph.Zeros()) }},
	{"leaf without name", func(g *graph.Graph, _, _ *graph.Node) { g.Input("", f64(2, 3)) }},
	{"integer parameter", func(g *graph.Graph, _, _ *graph.Node) {
		g.Param("n", graph.Type{DType: graph.I32}, graph.Zeros())
	}},
	{"negative shape", func(g *graph.Graph, _, _ *graph.Node) { g.Input("y", f64(2, -3)) }},
	{"nine axes", func(g *graph.Graph, _, _ *graph.Node) { g.Const(f64(1, 1, 1, 1, 1, 1, 1, 1, 1)) }},
	{"huge", func(g *graph.Graph, _, _ *graph.Node) { g.Input("y", f64(1<<30, 1<<30)) }},
	{"constant", func(g *graph.Graph, _, _ *graph.Node) { g.Const(f64(2, 3), 1, 2, 3) }},
	{"integer constant", func(g *graph.Graph, _, _ *graph.Node) { g.Scalar(graph.I32, 0.5) }},
	{"update of an input", func(g *graph.Graph, x, _ *graph.Node) { g.Update(x, x) }},
	{"update of another type", func(g *graph.Graph, x, w *graph.Node) { g.Update(w, x) }},
	{"update of nil", func(g *graph.Graph, _, w *graph.Node) { g.Update(w, nil) }},
	{"update across graphs", func(g *graph.Graph, _, w *graph.Node) { g.Update(w, graph.New().Input("w", f64(4, 3))) }},
	{"gradient of a matrix", func(_ *graph.Graph, x, _ *graph.Node) { graph.Grad(x, x) }},
	{"cotangent of another type", func(_ *graph.Graph, x, w *graph.Node) { graph.VJP(x, w, x) }},
	{"no cotangent", func(_ *graph.Graph, x, _ *graph.Node) { graph.VJP(x, nil, x) }},
	{"gradient by nil", func(_ *graph.Graph, x, _ *graph.Node) { graph.VJP(x, x, nil) }},
	{"no gradient", func(g *graph.Graph, x, _ *graph.Node) { graph.Grad(ops.Sum(g.Apply(opaque{}, x)), x) }},
	{"inner dimensions", func(_ *graph.Graph, x, w *graph.Node) { ops.MatMulN(x, w) }},
	{"batch axes", func(_ *graph.Graph, x, w *graph.Node) {
		ops.MatMulT(ops.Stack(x, x), ops.Stack(w, w, w))
	}},
	{"no broadcast", func(_ *graph.Graph, x, w *graph.Node) { ops.Mul(x, w) }},
	{"operand count", func(g *graph.Graph, x, _ *graph.Node) { g.Apply(ops.MatMul{}, x) }},
	{"reshape", func(_ *graph.Graph, x, _ *graph.Node) { ops.Reshape(x, 4, 2) }},
	{"permutation", func(_ *graph.Graph, x, _ *graph.Node) { ops.Permute(x, 1, 1) }},
	{"axis", func(_ *graph.Graph, x, _ *graph.Node) { ops.SumAxis(x, 2) }},
	{"slice", func(_ *graph.Graph, x, _ *graph.Node) { ops.SliceAxis(x, 1, 2, 5) }},
	{"concat", func(_ *graph.Graph, x, w *graph.Node) { ops.Join(1, x, w) }},
	{"gather", func(g *graph.Graph, x, _ *graph.Node) { g.Apply(ops.Gather{Table: graph.NewIndex(0, 3)}, x) }},
	{"sum", func(_ *graph.Graph, x, _ *graph.Node) { ops.SumToShape(x, graph.Sh(2, 2)) }},
	{"power", func(g *graph.Graph, x, _ *graph.Node) { g.Apply(ops.MatPow{H: 2}, x) }},
	{"probability", func(g *graph.Graph, x, _ *graph.Node) { g.Apply(ops.Dropout{P: 1}, x, g.Scalar(graph.I32, 0)) }},
	{"labels", func(_ *graph.Graph, x, _ *graph.Node) { ops.SoftmaxCrossEntropy(x, x) }},
	{"pattern", func(g *graph.Graph, x, _ *graph.Node) { g.Apply(ops.SpMM{}, x, x) }},
	{"sparse product", func(g *graph.Graph, x, _ *graph.Node) {
		p := ops.Pattern{Rows: 1, Cols: 3, Ptr: graph.NewIndex(0, 2), Col: graph.NewIndex(0, 2)}
		g.Apply(ops.SpMM{P: p}, g.Const(f64(2)), x)
	}},
}

func TestWordingOfMistakes(t *testing.T) {
	var all strings.Builder
	for _, m := range mistakes {
		g := graph.New()
		x, w := g.Input("x", f64(2, 3)), g.Param("w", f64(4, 3), graph.Zeros())
		g.Label(m.label)
		m.make(g, x, w)
		if g.Err() == nil {
			t.Errorf("%s: no error", m.label)
			continue
		}
		var mistake *graph.BuildError
		if !errors.As(g.Err(), &mistake) || mistake.Site != m.label || mistake.Unwrap() == nil {
			t.Errorf("%s: %v is no BuildError of that place", m.label, g.Err())
		}
		fmt.Fprintln(&all, g.Err())
	}
	golden(t, "errors.golden", all.String())
}

func TestSitesAreTheUsersLines(t *testing.T) {
	g := graph.New()
	x := g.Input("x", f64(2, 3))
	helper := func() *graph.Node { return ops.Sum(ops.Tanh(x)) } // the library's frames in between do not count
	y := helper()
	for _, n := range g.Nodes() {
		if !strings.HasPrefix(n.Site(), "errors_test.go:") {
			t.Errorf("site %s", n.Site())
		}
	}
	if want := fmt.Sprintf("v2 = SumTo() f64 () v1  %s", y.Site()); y.String() != want || y.Site() == x.Site() {
		t.Errorf("%v, want %s", y, want)
	}
}
