package compile_test

import (
	"errors"
	"math"
	"runtime/debug"
	"strings"
	"sync"
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/ops"

	"github.com/google/go-cmp/cmp"
)

var executors = []compile.VM{compile.Interpreter, compile.Tape, compile.Plan}

// executorsOf are those that programs of an element type run on. What depends on the type are the kernels, so that the short
// tests run the slow executors with float64 alone.
func executorsOf(d graph.DType) []compile.VM {
	if testing.Short() && d == graph.F32 {
		return []compile.VM{compile.Plan}
	}
	return executors
}

func TestExecutorsAgreeWithTheInterpreter(t *testing.T) {
	for _, d := range []graph.DType{graph.F64, graph.F32} {
		for _, vm := range executorsOf(d) {
			for _, level := range []compile.Level{compile.O0, compile.Fused} {
				for _, p := range programs(d) {
					t.Run(p.name+"/"+d.String()+"/"+vm.String(), func(t *testing.T) {
						q, err := compile.Forward(p.g, nil, &compile.Options{VM: vm, Level: level, Check: true}, p.outputs...)
						if err != nil {
							t.Fatal(err)
						}
						steps(t, p, q, p.outputs, tolerance(d))
					})
				}
			}
		}
	}
}

// explode is an op that panics, or fails, where its operand is negative.
type explode struct{ Fail bool }

func (o explode) Name() string { return "Explode" }

func (o explode) Infer(in []graph.Type) ([]graph.Type, error) { return in, nil }

func (o explode) Eval(dst, in []*graph.Tensor) error {
	dst[0].Copy(in[0])
	switch {
	case in[0].F[0] >= 0:
		return nil
	case o.Fail:
		return errors.New("negative")
	}
	panic("boom")
}

func TestAFailingKernelIsAnErrorWithItsPlaceAndTheProgramGoesOn(t *testing.T) {
	for _, vm := range executors[1:] {
		for _, op := range []graph.Op{explode{}, explode{Fail: true}} {
			g := graph.New()
			x, s := g.Input("x", typ(graph.F64, 2)), g.State("s", typ(graph.F64, 2), graph.Zeros())
			y := g.Apply(op, ops.Add(x, s))
			g.Update(s, ops.Add(s, y))
			q, err := compile.Forward(g, nil, &compile.Options{VM: vm}, y)
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range []float64{1, -5, 2} {
				q.Input("x").F64[0] = v
				err := q.Run()
				if fails := v < 0; fails != (err != nil) {
					t.Fatalf("%v run %d: error %v", vm, i, err)
				}
				if err != nil && (!strings.Contains(err.Error(), "Explode") || !strings.Contains(err.Error(), "exec_test.go:")) {
					t.Errorf("error %q names no op and line", err)
				}
			}
			if got := q.Store().Get("s").F[0]; got != 4 { // 1, then 1 + (2 + 1)
				t.Errorf("%v: state %v, want 4: a failed run commits nothing", vm, got)
			}
		}
	}
}

func TestForwardLeavesInputsAndWeightsAlone(t *testing.T) {
	for _, vm := range executors {
		p := attention(graph.F32)
		q, err := compile.Forward(p.g, nil, &compile.Options{VM: vm, Check: true}, p.outputs...)
		if err != nil {
			t.Fatal(err)
		}
		in := p.feed(1)
		before := leaves(in, q.Store())
		for range 3 {
			if _, err := q.RunTensors(in); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range q.Store().Names() {
			same(t, name, q.Store().Get(name), before[name], 0)
		}
		x := graph.NewTensor(in["x"].Type)
		q.Input("x").Store(x)
		same(t, "x", x, in["x"], 1e-7)
	}
}

func TestPlanAllocatesNothing(t *testing.T) {
	for _, p := range programs(graph.F32) {
		q, err := compile.Train(p.g, nil, &compile.Options{VM: compile.Plan}, p.loss, momentum{}, p.outputs...)
		if err != nil {
			t.Fatal(err)
		}
		if len(q.Stats().Oracles) > 0 {
			t.Errorf("%s runs oracles: %v", p.name, q.Stats().Oracles)
			continue
		}
		run := func() {
			if err := q.Run(); err != nil {
				t.Fatal(err)
			}
		}
		run()
		if n := allocations(run); n > 0 {
			t.Errorf("%s: %v allocations a run", p.name, n)
		}
	}
}

// allocations is how many f makes, the least of several counts without garbage collections: what the runtime allocates for
// itself now and then is not in all of them, and what f does is.
func allocations(f func()) float64 {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	least := math.Inf(1)
	for count := 0; count < 5 && least > 0; count++ {
		least = min(least, testing.AllocsPerRun(4, f))
	}
	return least
}

func TestTwoProgramsShareAStore(t *testing.T) {
	st := compile.NewStore()
	p := mlp(graph.F64)
	train, err := compile.Train(p.g, st, nil, p.loss, momentum{})
	if err != nil {
		t.Fatal(err)
	}
	predict, err := compile.Forward(p.g, st, nil, p.outputs[2])
	if err != nil {
		t.Fatal(err)
	}
	in := p.feed(3)
	in["lr"] = &graph.Tensor{Type: typ(graph.F64), F: []float64{0.5}}
	before := run(t, predict, in)[0]
	run(t, train, in)
	want, err := graph.Run(p.g, leaves(in, st), p.outputs[2])
	if err != nil {
		t.Fatal(err)
	}
	after := run(t, predict, in)[0]
	same(t, "prediction after a step", after, want.Of(p.outputs[2]), 1e-10)
	if cmp.Equal(before.F, after.F) {
		t.Error("a training step changed nothing for the other program")
	}
}

func run(t *testing.T, q *compile.Program, in map[string]*graph.Tensor) []*graph.Tensor {
	t.Helper()
	out, err := q.RunTensors(in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestForwardProgramsOverOneStoreRunAtTheSameMoment(t *testing.T) {
	st := compile.NewStore()
	p := attention(graph.F64)
	want := run(t, compiled(t, p, st), p.feed(0))
	var group sync.WaitGroup
	for range 2 {
		q := compiled(t, p, st)
		group.Go(func() {
			for range 50 {
				got, err := q.RunTensors(p.feed(0))
				if err != nil || !cmp.Equal(got[0].F, want[0].F) {
					t.Errorf("got %v and error %v, want %v", got, err, want[0].F)
					return
				}
			}
		})
	}
	group.Wait()
}

func compiled(t *testing.T, p program, st *compile.Store) *compile.Program {
	t.Helper()
	q, err := compile.Forward(p.g, st, nil, p.outputs...)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestTheStoreChecksTypes(t *testing.T) {
	g := graph.New()
	st := compile.NewStore()
	w := g.Param("w", typ(graph.F64, 2), graph.Fill(3))
	q, err := compile.Forward(g, st, nil, ops.Scale(w, 2))
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Set("w", graph.NewTensor(typ(graph.F64, 3))); err == nil {
		t.Error("Set took another shape")
	}
	if err := st.Set("w", &graph.Tensor{Type: typ(graph.F64, 2), F: []float64{1, 2}}); err != nil {
		t.Fatal(err)
	}
	if got := run(t, q, nil)[0].F; !cmp.Equal(got, []float64{2, 4}) {
		t.Errorf("got %v after Set, want [2 4]", got)
	}
	h := graph.New()
	if _, err := compile.Forward(h, st, nil, h.Param("w", typ(graph.F32, 2), graph.Zeros())); err == nil {
		t.Error("a graph with another type of w compiled")
	}
	if st.Bytes() != 16 || !cmp.Equal(st.Names(), []string{"w"}) || st.Get("v") != nil {
		t.Errorf("store of %v, %d bytes", st.Names(), st.Bytes())
	}
}

func TestNaNsAreFoundWhereTheyArise(t *testing.T) {
	for _, vm := range executors[1:] {
		g := graph.New()
		x := g.Input("x", typ(graph.F32, 3))
		q, err := compile.Forward(g, nil, &compile.Options{VM: vm, NaN: true, Level: compile.O0}, ops.Exp(ops.Log(x)))
		if err != nil {
			t.Fatal(err)
		}
		copy(q.Input("x").F32, []float32{1, 2, -1})
		if err := q.Run(); err == nil || !strings.Contains(err.Error(), "Log") || !strings.Contains(err.Error(), "element 2") {
			t.Errorf("%v: got %v, want an error that names Log and element 2", vm, err)
		}
	}
}

func TestAutoSaysWhatItTookAndWhy(t *testing.T) {
	for n, want := range map[int]string{4: "plan", 2048: "tape"} {
		g := graph.New()
		x := g.Input("x", typ(graph.F32, n, n))
		q, err := compile.Forward(g, nil, nil, ops.MatMulN(x, x))
		if err != nil {
			t.Fatal(err)
		}
		if s := q.Stats(); s.VM != want || s.Why == "" || s.Instructions != 1 || s.Kernels != 1 {
			t.Errorf("n = %d: %+v, want one instruction on %s with a reason", n, s, want)
		}
	}
}

func TestMistakesOfTheCallerAreErrors(t *testing.T) {
	g, other := graph.New(), graph.New()
	x := g.Input("x", typ(graph.F64, 2, 2))
	several := g.Apply(ops.Extreme{Axis: 0}, x)
	for what, outputs := range map[string][]*graph.Node{
		"nil": {nil}, "another graph": {other.Input("y", typ(graph.F64))}, "several results": {several},
	} {
		if _, err := compile.Forward(g, nil, nil, outputs...); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	q, err := compile.Forward(g, nil, nil, x)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.RunTensors(nil); err == nil || !strings.Contains(err.Error(), `"x"`) {
		t.Errorf("got %v, want an error that names the input", err)
	}
	ops.MatMulN(x, g.Input("z", typ(graph.F64, 3, 3)))
	if _, err := compile.Forward(g, nil, nil, x); err == nil || !strings.Contains(err.Error(), "exec_test.go:") {
		t.Errorf("got %v, want the mistake in the graph with its line", err)
	}
}
