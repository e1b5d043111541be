package compile_test

import (
	"math"
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/models/optim"
	"rpnc/ops"
)

// wide is a layer of more parameters than a cache holds, under a narrow one.
func wide(d graph.DType) program {
	g := graph.New()
	const b, m, n = 3, 1024, 512
	x := g.Input("x", typ(d, b, m))
	h := ops.Tanh(ops.MatMulT(x, ops.Reshape(g.Param("w", typ(d, 1, n*m), graph.Normal(0, 0.05)), n, m)))
	loss := ops.Mean(ops.Square(ops.MatMulT(h, g.Param("v", typ(d, 2, n), graph.Normal(0, 0.1)))))
	return program{"wide", g, nil, loss}
}

func TestLargeGradientsThatOnlyAStepReadsAreNotInMemory(t *testing.T) {
	arena := map[bool]int{}
	var after [2]*graph.Tensor
	for i, disable := range [][]string{nil, {"fuse-steps"}} {
		p, st := wide(graph.F32), compile.NewStore()
		q, err := compile.Train(p.g, st, &compile.Options{Check: true, Disable: disable}, p.loss, optim.AdamW{LR: 0.01})
		if err != nil {
			t.Fatal(err)
		}
		arena[i == 0] = q.Stats().ArenaBytes
		in := p.feed(7)
		for name, x := range q.Inputs() {
			if in[name] == nil { // the learning rate
				in[name] = graph.Fill(0.01).Tensor(x, 0, name)
			}
		}
		for range 3 {
			if _, err := q.RunTensors(in); err != nil {
				t.Fatal(err)
			}
		}
		after[i] = st.Get("w")
	}
	if arena[true] > 1<<16 || arena[false] < 4*512*1024 {
		t.Errorf("arenas of %d bytes with the pass and %d without", arena[true], arena[false])
	}
	for i, v := range after[0].F {
		if v != after[1].F[i] {
			t.Fatalf("parameter %d is %v with the pass, %v without", i, v, after[1].F[i])
		}
	}
}

// A gradient with another reader is computed once, for both.
func TestGradientsWithOtherReadersStay(t *testing.T) {
	p := wide(graph.F32)
	st := compile.NewStore()
	d := graph.Grad(p.loss, p.g.LeafByName("w"))
	q, err := compile.Train(p.g, st, nil, p.loss, optim.AdamW{}, ops.Sum(ops.Square(d[0])))
	if err != nil {
		t.Fatal(err)
	}
	if c := opNames(q); c["AdamW"] != 2 {
		t.Errorf("%v; want two steps that read their gradients", c)
	}
}

// Steps of many parameters are one piece of work; where one's gradient is another's value, it is read before it is written.
func TestStepsOfManyParametersAreThoseOfEach(t *testing.T) {
	g := graph.New()
	var loss *graph.Node
	var names []string
	for i, n := range []int{3, 4000, 1, 9000, 500, 500} {
		name := string(rune('a' + i))
		names = append(names, name)
		p := g.Param(name, typ(graph.F32, n), graph.Normal(0, 0.5))
		term := ops.Sum(ops.Square(p))
		if i == 5 { // d/de = f and d/df = e
			term = ops.Sum(ops.Mul(p, g.LeafByName("e")))
		}
		if loss == nil {
			loss = term
		} else {
			loss = ops.Add(loss, term)
		}
	}
	st := compile.NewStore()
	q, err := compile.Train(g, st, &compile.Options{Check: true}, loss, optim.AdamW{LR: 0.1, Eps: 1e-3})
	if err != nil {
		t.Fatal(err)
	}
	before := map[string][]float64{}
	for _, name := range names {
		before[name] = append([]float64(nil), st.Get(name).F...)
	}
	in := map[string]*graph.Tensor{}
	for name, x := range q.Inputs() {
		in[name] = graph.Fill(0.1).Tensor(x, 0, name)
	}
	if _, err := q.RunTensors(in); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		for i, p := range before[name] {
			d := 2 * p
			switch name {
			case "e":
				d += before["f"][i]
			case "f":
				d = before["e"][i]
			}
			// The first step: m/(1 − β₁) is the gradient, √(v/(1 − β₂)) its size.
			want := p*(1-0.1*0.01) - 0.1*d/(math.Abs(d)+1e-3)
			if got := st.Get(name).F[i]; math.Abs(got-want) > 1e-5 {
				t.Fatalf("%s[%d] = %v, want %v", name, i, got, want)
			}
		}
	}
}
