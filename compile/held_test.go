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

// move gives all parameters and states of a store other values: what a checkpoint does that is loaded while a model serves.
func move(t *testing.T, st *compile.Store) {
	t.Helper()
	for _, name := range st.Names() {
		v := st.Get(name)
		for i := range v.F {
			v.F[i] = 1.25*v.F[i] + 0.0625
		}
		if err := st.Set(name, v); err != nil {
			t.Fatal(err)
		}
	}
}

// checkHeld runs p over changing inputs, then over changed parameters, then over both, against the oracle. It answers with
// the number of kernels that the program holds.
func checkHeld(t *testing.T, p program, vm compile.VM, tol float64) int {
	t.Helper()
	q, err := compile.Forward(p.g, nil, &compile.Options{VM: vm, Check: true}, p.outputs...)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	for range 2 {
		steps(t, p, q, p.outputs, tol)
		move(t, q.Store())
	}
	steps(t, p, q, p.outputs, tol)
	return q.Stats().Held
}

func TestHeldResultsAreThoseOfTheParametersAtHand(t *testing.T) {
	held := 0
	for _, vm := range []compile.VM{compile.Tape, compile.Plan} {
		for _, p := range programs(graph.F64) {
			t.Run(p.name+"/"+vm.String(), func(t *testing.T) { held += checkHeld(t, p, vm, 1e-9) })
		}
		for seed := range uint64(20) {
			p := randomProgram(seed, graph.F64)
			t.Run(fmt.Sprint(seed, "/", vm), func(t *testing.T) { held += checkHeld(t, p, vm, 1e-9) })
		}
	}
	if held == 0 {
		t.Error("no program holds anything")
	}
}

// scaled is x·(W⊙exp(s)) with a row of sums of squares of W beside it, all of which but the product depends on parameters alone.
func scaled() program {
	g := graph.New()
	d := graph.F64
	x := g.Input("x", typ(d, 3, 4))
	w, s := g.Param("w", typ(d, 4, 5), graph.Normal(0, 1)), g.Param("s", typ(d, 1, 5), graph.Normal(0, 1))
	v := ops.Mul(w, ops.Exp(s))
	norms := ops.SumAxis(ops.Square(v), 0)
	return program{name: "scaled", g: g, outputs: []*graph.Node{ops.MatMulN(x, v), norms}, loss: ops.Sum(ops.MatMulN(x, v))}
}

func TestProfilesLeaveOutWhatIsHeld(t *testing.T) {
	p := scaled()
	q, err := compile.Forward(p.g, nil, nil, p.outputs...)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := q.Explain(&text); err != nil || !strings.Contains(text.String(), "held ") {
		t.Errorf("%v\n%s\nnames no kernel that is held", err, text.String())
	}
	left := func() (n int) {
		t.Helper()
		list, err := q.Profile()
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range list {
			if x.Held {
				n++
			}
		}
		return n
	}
	for i, want := range []int{0, q.Stats().Held, q.Stats().Held} {
		if got := left(); got != want {
			t.Errorf("run %d leaves %d kernels out, want %d", i, got, want)
		}
	}
	move(t, q.Store())
	if got := left(); got != 0 {
		t.Errorf("%d kernels are left out after the parameters have changed", got)
	}
}

func TestTrainingProgramsHoldNothing(t *testing.T) {
	p := scaled()
	predict, err := compile.Forward(p.g, nil, nil, p.outputs...)
	if err != nil {
		t.Fatal(err)
	}
	train, err := compile.Train(p.g, predict.Store(), nil, p.loss, momentum{})
	if err != nil {
		t.Fatal(err)
	}
	if train.Stats().Held != 0 || predict.Stats().Held == 0 {
		t.Errorf("training holds %d kernels, prediction %d", train.Stats().Held, predict.Stats().Held)
	}
	// What prediction holds is computed again after every step of the training.
	in := p.feed(1)
	in["lr"] = graph.Fill(0.01).Tensor(typ(graph.F64), 0, "lr")
	for range 3 {
		steps(t, p, predict, p.outputs, 1e-10)
		if _, err := train.RunTensors(in); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNothingIsHeldOfARunThatFailed(t *testing.T) {
	g := graph.New()
	d := graph.F64
	x, w := g.Input("x", typ(d, 2)), g.Param("w", typ(d, 2), graph.Fill(1))
	y := ops.Add(g.Apply(explode{}, x), ops.Exp(w)) // fails where x is negative
	z := ops.Mul(y, ops.Sinh(w))
	q, err := compile.Forward(g, nil, &compile.Options{Level: compile.O0}, z)
	if err != nil {
		t.Fatal(err)
	}
	run := func(v, w float64, fails bool) {
		t.Helper()
		in := graph.NewTensor(x.Type())
		in.F[0], in.F[1] = v, v
		out, err := q.RunTensors(map[string]*graph.Tensor{"x": in})
		if (err != nil) != fails {
			t.Fatalf("x = %g: %v", v, err)
		}
		if want := (v + math.Exp(w)) * math.Sinh(w); err == nil && math.Abs(out[0].F[0]-want) > 1e-12 {
			t.Errorf("x = %g, w = %g: %g, want %g", v, w, out[0].F[0], want)
		}
	}
	run(1, 1, false)
	two := q.Store().Get("w")
	two.F[0], two.F[1] = 2, 2
	if err := q.Store().Set("w", two); err != nil {
		t.Fatal(err)
	}
	run(-1, 2, true)
	run(3, 2, false)
	run(4, 2, false)
}
