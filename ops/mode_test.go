package ops_test

import (
	"math"
	"testing"

	"rpnc/graph"
	"rpnc/ops"
)

// Ties and NaNs, which random operands of the general tests do not have, on oracle and kernel.
func TestModeOfTies(t *testing.T) {
	nan := math.NaN()
	for _, e := range []struct {
		x    []float64
		want float64
		at   int32
	}{
		{[]float64{2, 1, 2, 1, 3}, 1, 1},
		{[]float64{2, 1, 2, 1, 2}, 2, 0},
		{[]float64{nan, 5, nan, 4, nan}, 4, 3},
		{[]float64{0, math.Copysign(0, -1), 1, 1, 0}, 0, 0},
		{[]float64{nan, nan, nan, nan, nan}, nan, 0},
	} {
		in := []graph.Type{{DType: graph.F64, Shape: graph.Sh(1, 5)}}
		op := ops.MostFrequent{Axis: -1}
		out, err := op.Infer(in)
		if err != nil {
			t.Fatal(err)
		}
		dst := []*graph.Tensor{graph.NewTensor(out[0]), graph.NewTensor(out[1])}
		if err := op.Eval(dst, []*graph.Tensor{{Type: in[0], F: e.x}}); err != nil {
			t.Fatal(err)
		}
		run, _, err := ops.Bind(op, in, out)
		if err != nil {
			t.Fatal(err)
		}
		have := []ops.Buffer{ops.NewBuffer(out[0]), ops.NewBuffer(out[1])}
		run(have, []ops.Buffer{{F64: e.x}})
		for who, y := range map[string]struct {
			v float64
			k int32
		}{"oracle": {dst[0].F[0], dst[1].I[0]}, "kernel": {have[0].F64[0], have[1].I32[0]}} {
			if y.v != e.want && !(math.IsNaN(y.v) && math.IsNaN(e.want)) || y.k != e.at {
				t.Errorf("%s of %v: %v at %d; want %v at %d", who, e.x, y.v, y.k, e.want, e.at)
			}
		}
	}
}
