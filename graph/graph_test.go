package graph_test

import (
	"math"
	"runtime"
	"strings"
	"sync"
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

func TestTablesOfEqualContentsAreOnePointer(t *testing.T) {
	a := graph.NewIndex(3, 1, 4)
	if a != graph.NewIndex(3, 1, 4) || a == graph.NewIndex(3, 1) || a == graph.NewIndex(3, 1, 4, 0) {
		t.Error("tables do not compare by content")
	}
	if a.Len() != 3 || a.At(2) != 4 || !strings.HasPrefix(a.String(), "#3·") {
		t.Errorf("%v of %d entries, the last %d", a, a.Len(), a.At(2))
	}
	minus := math.Copysign(0, -1)
	if graph.NewData(math.NaN()) != graph.NewData(math.NaN()) || graph.NewData(0) == graph.NewData(minus) {
		t.Error("numbers do not compare by bits")
	}
	given := []int32{1, 2}
	b := graph.NewIndex(given...)
	if given[0] = 9; b.At(0) != 1 {
		t.Error("a table changes with the slice that it was made of")
	}
}

// Many models are built at once: one content is one pointer whoever comes first, also while the collector takes others.
func TestInterningIsSafeForConcurrentUse(t *testing.T) {
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range int32(300) {
				a := graph.NewIndex(i, -1)
				if i%100 == 0 {
					runtime.GC()
				}
				if b := graph.NewIndex(i, -1); a != b {
					t.Errorf("two tables of (%d, -1)", i)
				}
			}
		})
	}
	wg.Wait()
}

func TestConstants(t *testing.T) {
	f := graph.Type{DType: graph.F64, Shape: graph.Sh(3)}
	g := graph.New()
	for _, c := range []struct {
		n     *graph.Node
		want  [3]float64
		splat bool
		name  string
	}{
		{g.Const(f), [3]float64{}, true, "Const(#0·"},
		{g.Const(f, 7), [3]float64{7, 7, 7}, true, "Const(7)"},
		{g.Const(f, 7, 8, 9), [3]float64{7, 8, 9}, false, "Const(#3·"},
	} {
		op := c.n.Op.(graph.Const)
		v, err := graph.Run(g, nil, c.n)
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range v.Of(c.n).F {
			if x != c.want[i] || op.At(i) != x {
				t.Errorf("%v: element %d is %v and %v, want %v", c.n, i, x, op.At(i), c.want[i])
			}
		}
		if x, ok := op.Splat(); ok != c.splat || ok && x != c.want[0] {
			t.Errorf("%v: splat %v, %v", c.n, x, ok)
		}
		if !strings.HasPrefix(op.Name(), c.name) {
			t.Errorf("name %s, want %s…", op.Name(), c.name)
		}
	}
}
