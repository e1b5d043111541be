package rpnops

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"rpnc/graph"
)

func TestExpansionsOfWorkedExamples(t *testing.T) {
	c := [][]float64{{1, 2}, {3, 4}}
	for _, e := range []struct {
		k       Transformation
		x, want []float64 // x (2×2)
	}{
		{IdentityExpansion{}, []float64{1, 2, 3, 4}, []float64{1, 2, 3, 4}},
		{LinearExpansion{}, []float64{1, 2, 3, 4}, []float64{1, 2, 3, 4}},
		{LinearExpansion{PreC: c}, []float64{1, 0, 0, 1}, []float64{1, 2, 3, 4}},
		{LinearExpansion{PostC: c}, []float64{0, 1, 1, 0}, []float64{3, 4, 1, 2}},
		{LinearExpansion{C: Some(0.0), PreC: c}, []float64{1, 2, 3, 4}, []float64{0, 0, 0, 0}},
		{LinearExpansion{PreC: c, PostC: [][]float64{{7}}}, []float64{1, 0, 0, 1}, []float64{1, 2, 3, 4}},
		{ReciprocalExpansion{}, []float64{2, 0, math.Copysign(0, -1), -1e-9}, []float64{0.5, 1e6, 1e6, -1e6}},
		{ReciprocalExpansion{}, []float64{1e-6, -1e-6, 2e-6, -2e-6}, []float64{1e6, -1e6, 5e5, -5e5}},
		{Taylor{D: 2}, []float64{2, 3, 0, 1}, []float64{2, 3, 4, 6, 6, 9, 0, 1, 0, 0, 0, 1}},
	} {
		r := newTrial(t, false)
		r.want(fmt.Sprintf("%T%+v", e.k, e.k), e.k.Transform(r.s, r.input("x", 2, 2)), map[string][]float64{"x": e.x}, e.want...)
	}
}

func TestReciprocalHasNoGradientInTheClippedBand(t *testing.T) {
	r := newTrial(t, false)
	x := r.input("x", 2, 2)
	y := ReciprocalExpansion{}.Transform(r.s, x)
	d := graph.VJP(y, r.s.Const(y.Type(), 1), x)[0]
	r.want("gradient", d, map[string][]float64{"x": {2, 0, 1e-7, -0.5}}, -0.25, 0, 0, -4)
}

func TestLinearExpansionSaysWhatDoesNotFit(t *testing.T) {
	c := [][]float64{{1, 2}, {3, 4}}
	for _, e := range []struct {
		k    LinearExpansion
		want string
	}{
		{LinearExpansion{PostC: c}, "rpnops.LinearExpansion: post_C is 2×2 and x has 4 columns; want 4×4"},
		{LinearExpansion{PreC: c}, "rpnops.LinearExpansion: pre_C is 2×2 and x has 3 rows; want 3×3"},
		{LinearExpansion{PreC: [][]float64{{1, 0, 0}, {1}, {0, 0, 1}}}, "pre_C is 3×1"},
		{LinearExpansion{PostC: [][]float64{}}, "post_C is empty"},
	} {
		r := newTrial(t, false)
		e.k.Transform(r.s, r.input("x", 3, 4))
		if err := r.s.G.Err(); err == nil || !strings.Contains(err.Error(), e.want) {
			t.Errorf("%+v: %v; want %q", e.k, err, e.want)
		}
	}
}
