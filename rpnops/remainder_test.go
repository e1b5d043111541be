package rpnops

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"rpnc/graph"
)

func TestRemaindersOfWorkedExamples(t *testing.T) {
	act := RemainderOptions{Activations: []Process{Tanh{}, Softplus{}}}
	f := func(x float64) float64 { return math.Log1p(math.Exp(math.Tanh(x))) }
	for _, c := range []struct {
		pi   Remainder
		n    int
		want []float64 // for x = (1, 2), W = 1, 2, 3, …, b = 1, 2, 3, …
	}{
		{LinearRemainder{}, 3, []float64{5, 11, 17}},
		{LinearRemainder{BiasOption: BiasOption{true}}, 2, []float64{6, 13}},
		{LinearRemainder{RemainderOptions: RemainderOptions{Activations: []Process{Sigmoid{}}}}, 1, []float64{1 / (1 + math.Exp(-5))}},
		{IdentityRemainder{}, 2, []float64{1, 2}},
		{IdentityRemainder{RemainderOptions: act}, 2, []float64{f(1), f(2)}},
		{ConstantRemainder{C: Some(1.5)}, 3, []float64{1.5, 1.5, 1.5}},
		{ConstantRemainder{RemainderOptions: act}, 1, []float64{f(1)}},
		{OneRemainder{RemainderOptions: act}, 2, []float64{f(1), f(1)}},
	} {
		r := newTrial(t, false)
		nw, nb, err := c.pi.NumParams(2, c.n)
		if err != nil {
			t.Fatal(err)
		}
		var w, b *graph.Node
		if nw > 0 {
			w = r.s.Param("w", graph.Given(ramp(nw)...), c.n, 2)
		}
		if nb > 0 {
			b = r.s.Param("b", graph.Given(ramp(nb)...), nb)
		}
		y := c.pi.Remain(r.s, r.input("x", 1, 2), w, b, c.n)
		r.want(fmt.Sprintf("%T%+v", c.pi, c.pi), y, map[string][]float64{"x": {1, 2}}, c.want...)
	}
}

func TestZeroRemainderIsNothingWithoutActivations(t *testing.T) {
	r := newTrial(t, false)
	x := r.input("x", 1, 2)
	if y := (ZeroRemainder{}).Remain(r.s, x, nil, nil, 2); y != nil {
		t.Errorf("it is %v", y)
	}
	pi := ZeroRemainder{RemainderOptions: RemainderOptions{Activations: []Process{Sigmoid{}}}}
	r.want("act(0)", pi.Remain(r.s, x, nil, nil, 2), nil, 0.5, 0.5)
}

func TestRemaindersSayWhatDoesNotFit(t *testing.T) {
	off := RemainderOptions{Legacy: Legacy{RequireParameters: Some(false)}}
	for _, c := range []struct {
		pi   Remainder
		want string
	}{
		{LinearRemainder{RemainderOptions: off}, "rpnops.LinearRemainder: require_parameters is false"},
		{IdentityRemainder{}, "rpnops.IdentityRemainder: the input has 2 columns, the head's output 3"},
	} {
		if _, _, err := c.pi.NumParams(2, 3); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%T: %v; want %q", c.pi, err, c.want)
		}
		r := newTrial(t, false)
		c.pi.Remain(r.s, r.input("x", 1, 2), nil, nil, 3)
		r.wantError(c.want)
	}
	on := RemainderOptions{Legacy: Legacy{RequireParameters: Some(true)}}
	if w, b, err := (IdentityRemainder{RemainderOptions: on}).NumParams(2, 2); w != 0 || b != 0 || err != nil {
		t.Errorf("a remainder without parameters takes %d and %d, %v", w, b, err)
	}
}
