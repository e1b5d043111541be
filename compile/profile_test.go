package compile_test

import (
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/ops"
)

// A profiled run is a run: the same loss and the same new parameters, and a time for every kernel.
func TestProfiledRunsAreRuns(t *testing.T) {
	profiledRunsAreRuns(t, &compile.Options{Seed: 3})
	emulated(t)
	profiledRunsAreRuns(t, &compile.Options{Seed: 3, Device: "cuda"})
}

func profiledRunsAreRuns(t *testing.T, opts *compile.Options) {
	t.Helper()
	step := func(run func(p *compile.Program) error) (float64, float64) {
		g := graph.New()
		x := g.Input("x", graph.Type{DType: graph.F64, Shape: graph.Sh(4, 3)})
		w := g.Param("w", graph.Type{DType: graph.F64, Shape: graph.Sh(3, 2)}, graph.Uniform(-1, 1))
		loss := ops.Mean(ops.Square(ops.MatMulN(x, w)))
		p, err := compile.Train(g, nil, opts, loss, momentum{})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		p.Input("x").Load(graph.Uniform(-1, 1).Tensor(x.Type(), 1, "x"))
		p.Input("lr").F64[0] = 0.1
		if err := run(p); err != nil {
			t.Fatal(err)
		}
		return p.Output(0).F64[0], p.Store().Get("w").F[0]
	}
	l1, w1 := step((*compile.Program).Run)
	l2, w2 := step(func(p *compile.Program) error {
		list, err := p.Profile()
		if n := p.Stats().Kernels; len(list) != n {
			t.Errorf("%d timings of %d kernels", len(list), n)
		}
		if last := list[len(list)-1]; !last.Commit || last.Bytes == 0 || last.Start <= list[0].Start {
			t.Errorf("the last kernel is %+v; want an update of w after all others", last)
		}
		return err
	})
	if l1 != l2 || w1 != w2 {
		t.Errorf("a profiled run gives %v and w %v; want %v and %v", l2, w2, l1, w1)
	}
}
