package ops

import (
	"math"
	"strings"
	"testing"

	"rpnc/graph"
)

// optimize runs an optimizer over a sequence of gradients of one parameter, by its oracle or its kernel, and answers
// with the parameter after each step.
func optimize(t *testing.T, op graph.Op, moments int, lr float64, p []float64, grads [][]float64, native bool) (path [][]float64) {
	t.Helper()
	n := len(p)
	vector := func(v []float64) *graph.Tensor {
		x := graph.NewTensor(f64(n))
		copy(x.F, v)
		return x
	}
	state := []*graph.Tensor{vector(p)}
	for range moments {
		state = append(state, vector(nil))
	}
	rate := graph.NewTensor(f64())
	rate.F[0] = lr
	for step, g := range grads {
		count, err := graph.Ints(graph.Sh(), int32(step))
		if err != nil {
			t.Fatal(err)
		}
		in := append([]*graph.Tensor{state[0], vector(g)}, state[1:]...)
		in = append(in, count, rate)
		if native {
			state = runOn(t, op, in...)
		} else {
			types := make([]graph.Type, len(state))
			for i := range types {
				types[i] = f64(n)
			}
			if state, err = graph.EvalOp(op, types, in); err != nil {
				t.Fatal(err)
			}
		}
		path = append(path, state[0].F)
	}
	return path
}

func TestOptimizersTakeTheKnownSteps(t *testing.T) {
	ones := [][]float64{{1}, {1}}
	for _, c := range []struct {
		op      graph.Op
		moments int
		lr      float64
		p       []float64
		grads   [][]float64
		want    [][]float64
	}{
		{AdamW{0.9, 0.999, 1e-8, 0.01, true}, 2, 0.1, []float64{1, -2}, [][]float64{{0.1, -0.2}, {0.3, 0.1}, {-0.5, 0}},
			[][]float64{{0.8990000, -1.8980000}, {0.8063229, -1.8694683}, {0.8216080, -1.8470110}}},
		{AdamW{0.5, 0.5, 0, 1, false}, 2, 0.1, []float64{2}, [][]float64{{1}}, [][]float64{{1.9}}},
		{SGD{}, 1, 0.5, []float64{0}, ones, [][]float64{{-0.5}, {-1}}},
		{SGD{WeightDecay: 0.1}, 1, 0.5, []float64{2}, [][]float64{{1}}, [][]float64{{1.4}}},
		{SGD{Momentum: 0.5}, 1, 0.5, []float64{0}, ones, [][]float64{{-0.5}, {-1.25}}},
		{SGD{Momentum: 0.5, Dampening: 0.5}, 1, 0.5, []float64{0}, ones, [][]float64{{-0.5}, {-1}}},
		{SGD{Momentum: 0.5, Nesterov: true}, 1, 0.5, []float64{0}, ones, [][]float64{{-0.75}, {-1.625}}},
	} {
		for _, native := range []bool{false, true} {
			got := optimize(t, c.op, c.moments, c.lr, c.p, c.grads, native)
			for s, want := range c.want {
				for i, w := range want {
					if math.Abs(got[s][i]-w) > 1e-7 {
						t.Errorf("%s (kernel %v), step %d, element %d: %.7f; want %.7f", c.op.Name(), native, s, i, got[s][i], w)
					}
				}
			}
		}
	}
}

func TestFirstStepIgnoresOldMomentum(t *testing.T) {
	op := SGD{Momentum: 0.9}
	in := make([]*graph.Tensor, 5)
	for i, ty := range optimizerTypes(3, 1) {
		in[i] = graph.NewTensor(ty)
	}
	in[1].F[0], in[2].F[0], in[4].F[0] = 1, 1e6, 1
	if out := runOn(t, op, in...); out[0].F[0] != -1 || out[1].F[0] != 1 {
		t.Errorf("p = %v, u = %v; want −1 and 1", out[0].F[0], out[1].F[0])
	}
}

func TestBadOptimizersAreErrors(t *testing.T) {
	good := optimizerTypes(3, 2)
	for _, c := range []struct {
		want string
		op   graph.Op
		in   []graph.Type
	}{
		{"want 0 ≤ β < 1", AdamW{Beta1: 1}, optimizerTypes(4, 2)},
		{"want 6 operands", AdamW{}, good},
		{"operands differ", SGD{}, []graph.Type{f64(2), f64(3), f64(2), i32(), f64()}},
		{"want one i32", SGD{}, []graph.Type{f64(2), f64(2), f64(2), f64(), f64()}},
		{"want one i32", SGD{}, []graph.Type{f64(2), f64(2), f64(2), i32(), f64(2)}},
		{"Nesterov", SGD{Nesterov: true}, good},
		{"Nesterov", SGD{Momentum: 0.9, Dampening: 0.1, Nesterov: true}, good},
	} {
		if _, err := c.op.Infer(c.in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v; want %q", c.op.Name(), err, c.want)
		}
	}
	late := []*graph.Tensor{}
	for _, ty := range good {
		late = append(late, graph.NewTensor(ty))
	}
	late[3].I[0] = -1
	if _, ok := panicOf(func() { runOn(t, SGD{}, late...) }).(error); !ok {
		t.Error("a negative step is no error")
	}
}
