package compile

import (
	"slices"
	"strings"
	"testing"

	"rpnc/graph"
	"rpnc/ops"
)

func TestEveryOrderConstraintNamesPassesAndSaysWhy(t *testing.T) {
	for _, c := range orders {
		if !isPass(c.first) || !isPass(c.then) || c.why == "" {
			t.Errorf("constraint %+v", c)
		}
	}
	for _, p := range passes {
		if p.does == "" || p.run == nil {
			t.Errorf("pass %q does not say what it does", p.name)
		}
	}
}

func TestEveryOrderConstraintIsChecked(t *testing.T) {
	for _, c := range orders {
		table := slices.Clone(passes)
		slices.Reverse(table)
		err := checkOrder(table, []order{c})
		if err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s before %s: the reversed table gives %v", c.first, c.then, err)
		}
	}
}

// lowered plans the graph of outputs as it is.
func lowered(outputs ...*graph.Node) (*schedule, int) {
	st := NewStore()
	s := lower(outputs[0].Graph(), st, outputs)
	return s, s.plan(true)
}

func TestMemoryIsReusedOnceItsLastReaderIsDone(t *testing.T) {
	g := graph.New()
	x := g.Input("x", graph.Type{DType: graph.F64, Shape: graph.Sh(16, 16)})
	y := x
	for range 10 {
		y = ops.MatMulN(y, x)
	}
	if _, bytes := lowered(ops.Sum(y)); bytes != 2*16*16*8 {
		t.Errorf("ten products in a row take %d bytes, want two matrices", bytes)
	}
	z := x
	for range 10 {
		z = ops.Tanh(ops.Square(z))
	}
	if _, bytes := lowered(ops.Sum(z)); bytes != 16*16*8 {
		t.Errorf("elementwise nodes in a row take %d bytes, want one matrix", bytes)
	}
}

func TestValuesThatLiveTogetherShareNoMemory(t *testing.T) {
	g := graph.New()
	var ys []*graph.Node
	x := g.Input("x", graph.Type{DType: graph.F32, Shape: graph.Sh(4, 4)})
	for i := range 6 { // sizes that do not fill their places
		ys = append(ys, ops.MatMulN(x, g.Input(string(rune('a'+i)), graph.Type{DType: graph.F32, Shape: graph.Sh(4, 3+i)})))
	}
	s, _ := lowered(ops.Sum(ops.Join(1, ys...)), ops.Sum(ys[2]))
	for _, a := range s.all {
		for _, b := range s.all {
			if a == b || a.kind != tempSlot || b.kind != tempSlot || a.parent != nil || b.parent != nil || a.last < b.def || b.last < a.def {
				continue
			}
			if overlap(a.buf.F32, b.buf.F32) {
				t.Errorf("%v (kernels %d…%d) and %v (%d…%d) overlap", a.t, a.def, a.last, b.t, b.def, b.last)
			}
		}
	}
}

func TestJoinsOfWholesAndSlicesOfThemCostNothing(t *testing.T) {
	g := graph.New()
	mat := func(r, c int) graph.Type { return graph.Type{DType: graph.F64, Shape: graph.Sh(r, c)} }
	x, w := g.Input("x", mat(4, 4)), g.Input("w", mat(4, 4))
	a, b, c := ops.MatMulN(x, w), ops.Tanh(ops.MatMulN(w, x)), ops.Exp(x)
	for name, j := range map[string]struct {
		n       *graph.Node
		kernels int
	}{
		"rows":               {ops.Join(0, a, b, c), 0},
		"columns of one row": {ops.Join(1, ops.Reshape(a, 1, 16), ops.Reshape(b, 1, 16)), 0},
		"a join of joins":    {ops.Join(0, ops.Join(0, a, b), c), 0},
		"a slice of a join":  {ops.SliceAxis(ops.Join(0, a, b), 0, 2, 7), 0},
		"columns":            {ops.Join(1, a, b), 1},
		"an input":           {ops.Join(0, a, x), 1},
		"one value twice":    {ops.Join(0, a, a), 1},
		"part of a value":    {ops.Join(0, b, ops.SliceAxis(a, 0, 1, 3)), 1},
	} {
		s, _ := lowered(ops.MatMulT(j.n, j.n), ops.Sum(a))
		got := 0
		for _, u := range s.steps() {
			switch u.node.Op.(type) {
			case ops.Concat, ops.Slice:
				got++
			}
		}
		if got != j.kernels {
			t.Errorf("%s: %d kernels that copy, want %d", name, got, j.kernels)
		}
	}
}

// overlap writes one slice and looks whether the other one changes.
func overlap(a, b []float32) bool {
	for i := range a {
		a[i] = 1
	}
	for i := range b {
		b[i] = 2
	}
	return slices.Contains(a, 2)
}

func TestFreeMemoryIsPoisonedUnderCheck(t *testing.T) {
	g := graph.New()
	x := g.Input("x", graph.Type{DType: graph.F64, Shape: graph.Sh(2, 2)})
	y := ops.MatMulN(x, x)
	s, _ := lowered(ops.MatMulN(y, y))
	for _, u := range s.steps() {
		if err := u.bind(); err != nil {
			t.Fatal(err)
		}
		u.exec()
	}
	if v := s.slots[y][0].buf.F64[0]; v == v {
		t.Errorf("memory of a value without readers left holds %v, want NaN", v)
	}
}
