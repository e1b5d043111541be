package optim_test

import (
	"math"
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/models/optim"
)

func TestFrozenParametersStay(t *testing.T) {
	for _, vm := range executors {
		frozen := given(t, graph.F64, vm, optim.Frozen{Optimizer: optim.AdamW{LR: 0.1}, Prefixes: []string{"w"}})
		all := given(t, graph.F64, vm, optim.AdamW{LR: 0.1})
		for _, p := range []*compile.Program{frozen, all} {
			copy(p.Input("gw").F64, []float64{1, 2, 3, 4})
			copy(p.Input("gb").F64, []float64{5, 6})
			if err := p.Run(); err != nil {
				t.Fatal(err)
			}
		}
		near(t, "w", frozen.Store().Get("w").F, start[:4], 0)
		near(t, "b", frozen.Store().Get("b").F, all.Store().Get("b").F, 0)
	}
}

func TestNormsAreThoseOfTheGradientsBeforeClipping(t *testing.T) {
	for _, vm := range executors {
		p := given(t, graph.F64, vm, optim.Norms{Optimizer: optim.SGD{LR: 0.1, ClipNorm: 0.1}})
		copy(p.Input("gw").F64, []float64{1, -2, 2, 4})
		copy(p.Input("gb").F64, []float64{3, -4})
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
		near(t, "norm of w", p.Store().Get(optim.NormName("w")).F, []float64{5}, 1e-15)
		near(t, "norm of b", p.Store().Get(optim.NormName("b")).F, []float64{5}, 1e-15)
		// The step itself has length lr·0.1, of the whole gradient's √50.
		if step := start[4] - p.Store().Get("b").F[0]; math.Abs(step-0.1*0.1*3/math.Sqrt(50)) > 1e-15 {
			t.Errorf("the first bias moves by %v", step)
		}
	}
}
