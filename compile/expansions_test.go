package compile_test

import (
	"math"
	"runtime"
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/models/optim"
	"rpnc/ops"
)

// features is a layer on an expansion of 96 columns: interleaved powers, Gaussians, splines, sines beside cosines. The same
// expansion may be read by a sum besides.
func features(d graph.DType, outputs int, also bool) program {
	g := graph.New()
	const b, m = 32, 96
	x := g.Input("x", typ(d, b, m))
	cell := ops.Reshape(x, b, m, 1)
	powers := ops.Reshape(ops.Join(-1, cell, ops.Reshape(ops.Square(x), b, m, 1)), b, 2*m)
	centres := g.Const(typ(d, 20), graph.Uniform(-1, 1).Tensor(typ(d, 20), 1, "c").F...)
	away := ops.Sub(ops.BroadcastTo(cell, graph.Sh(b, m, 20)), ops.BroadcastTo(centres, graph.Sh(b, m, 20)))
	gauss := ops.Reshape(ops.Exp(ops.Neg(ops.Square(away))), b, 20*m)
	splines := ops.Reshape(g.Apply(ops.BSpline{Lo: -1, Hi: 1, T: 15, D: 3}, x), b, 18*m)
	times := g.Const(typ(d, 4, 1), 1, 2, 3, 4)
	angle := ops.Mul(ops.BroadcastTo(ops.Reshape(x, b, 1, m), graph.Sh(b, 4, m)), ops.BroadcastTo(times, graph.Sh(b, 4, m)))
	waves := ops.Reshape(ops.Join(1, ops.Cos(angle), ops.Sin(angle)), b, 8*m)
	k := ops.Join(-1, powers, gauss, splines, waves)
	w := g.Param("w", typ(d, 1, outputs*48*m), graph.Normal(0, 0.05))
	loss := ops.Mean(ops.Square(ops.Tanh(ops.MatMulT(k, ops.Reshape(w, outputs, 48*m)))))
	if also {
		loss = ops.Add(loss, ops.Mean(k))
	}
	return program{"features", g, nil, loss}
}

// featuresAfter is w after a step of training, and the names of the ops.
func featuresAfter(t *testing.T, p program, opt *compile.Options) (*graph.Tensor, map[string]int) {
	t.Helper()
	st := compile.NewStore()
	q, err := compile.Train(p.g, st, opt, p.loss, optim.AdamW{LR: 0.01, Eps: 1e-3})
	if err != nil {
		t.Fatal(err)
	}
	in := p.feed(7)
	for name, x := range q.Inputs() {
		if in[name] == nil { // the learning rate
			in[name] = graph.Fill(0.01).Tensor(x, 0, name)
		}
	}
	if _, err := q.RunTensors(in); err != nil {
		t.Fatal(err)
	}
	made := map[string]int{}
	h, roots := q.Graph()
	for _, n := range h.Live(roots...) {
		switch op := n.Op.(type) {
		case ops.Expanded:
			made["forward"]++
		case ops.ExpandedGrad:
			made["gradient"]++
		case ops.TiledStep:
			if _, ok := op.Grad.(ops.ExpandedGrad); ok {
				made["step"]++
			}
		}
	}
	return st.Get("w"), made
}

func TestFeaturesAreMadeWhereProductsReadThem(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, c := range []struct {
		d         graph.DType
		outputs   int
		backward  string
		tolerance float64
	}{{graph.F64, 16, "gradient", 1e-12}, {graph.F32, 16, "gradient", 1e-5}, {graph.F32, 120, "step", 1e-5}} {
		want, none := featuresAfter(t, features(c.d, c.outputs, false), &compile.Options{Check: true, Disable: []string{"expansions"}})
		got, made := featuresAfter(t, features(c.d, c.outputs, false), &compile.Options{Check: true})
		if len(none) != 0 || made["forward"] != 1 || made[c.backward] != 1 {
			t.Errorf("%d outputs: %v without the pass, %v with it; want a product and a %s", c.outputs, none, made, c.backward)
		}
		for i, v := range got.F {
			if math.Abs(v-want.F[i]) > c.tolerance {
				t.Fatalf("%d outputs: parameter %d is %v with the pass, %v without", c.outputs, i, v, want.F[i])
			}
		}
		runtime.GOMAXPROCS(1)
		alone, _ := featuresAfter(t, features(c.d, c.outputs, false), nil)
		runtime.GOMAXPROCS(4)
		for i, v := range alone.F {
			if v != got.F[i] {
				t.Fatalf("%d outputs: parameter %d is %v on one core, %v on more", c.outputs, i, v, got.F[i])
			}
		}
	}
}

func TestFeaturesThatOthersReadAreInMemory(t *testing.T) {
	if _, made := featuresAfter(t, features(graph.F32, 16, true), nil); len(made) != 0 {
		t.Errorf("%v; want the features in memory for the sum", made)
	}
}
