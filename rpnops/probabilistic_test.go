package rpnops

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"rpnc/graph"
)

// frequencies draws one column of many equal rows and counts.
func frequencies(t *testing.T, k Transformation, row ...float64) map[float64]float64 {
	t.Helper()
	const rows = 20000
	r := newTrial(t, false)
	y := k.Transform(r.s, r.input("x", rows, len(row)))
	val, _ := r.run(y, map[string][]float64{"x": slices.Repeat(row, rows)})
	part := map[float64]float64{}
	for _, v := range val.Of(y).F {
		part[v] += 1.0 / rows
	}
	return part
}

// TestDrawsHaveTheDensitysWeights compares frequencies of a single draw with normalised densities.
func TestDrawsHaveTheDensitysWeights(t *testing.T) {
	row := []float64{-2, 0, 0.5, 3}
	normalised := func(x float64) float64 { return 0.99/(1+math.Exp(-x)) + 0.001 }
	for _, e := range []struct {
		k       Transformation
		density func(x float64) float64
	}{
		{ProbabilisticCompression{}, func(float64) float64 { return 1 }},
		{ProbabilisticCompression{Distribution: Normal{Std: 0.2}}, func(x float64) float64 { z := normalised(x) / 0.2; return math.Exp(-z * z / 2) }},
		{ProbabilisticCompression{Distribution: Normal{Mean: 1}, Sampling: Sampling{Raw: true}}, func(x float64) float64 { return math.Exp(-(x - 1) * (x - 1) / 2) }},
		{ProbabilisticCompression{Distribution: Exponential{Rate: 3}, forced: true, Sampling: Sampling{Raw: true, Replace: true}}, func(x float64) float64 { return math.Exp(-3 * normalised(x)) }},
		{CombinatorialCompression{Sampling: Sampling{Raw: true}}, func(x float64) float64 { return math.Exp(-x * x / 2) }},
		{CombinatorialCompression{Sampling: Sampling{Metric: Tanh{}}}, func(x float64) float64 { z := normalised(math.Tanh(x)); return math.Exp(-z * z / 2) }},
	} {
		total := 0.0
		for _, x := range row {
			total += e.density(x)
		}
		have := frequencies(t, e.k, row...)
		for _, x := range row {
			if want := e.density(x) / total; math.Abs(have[x]-want) > 0.015 { // over four standard deviations
				t.Errorf("%+v: %v comes with frequency %.3f, want %.3f", e.k, x, have[x], want)
			}
		}
	}
}

// TestDrawsOfAllAreDeterministic draws every column, every tuple.
func TestDrawsOfAllAreDeterministic(t *testing.T) {
	z := func(x float64) float64 { return 0.99/(1+math.Exp(-x)) + 0.001 }
	logs := func(x float64) float64 { return -z(x)*z(x)/2 - math.Log(2*math.Pi)/2 }
	all := Sampling{K: 3}
	value, density := Sampling{K: 3, Transformed: true}, Sampling{K: 3, Transformed: true, LogProb: true}
	mixed := density
	mixed.Metric = Relu{}
	for _, e := range []struct {
		k    Transformation
		want []float64
	}{
		{ProbabilisticCompression{Sampling: all}, []float64{1, 2, 3}},
		{ProbabilisticCompression{Sampling: value}, []float64{z(1), z(2), z(3)}},
		{ProbabilisticCompression{Sampling: density}, []float64{0, 0, 0}},
		{ProbabilisticCompression{Sampling: density, Distribution: Normal{}}, []float64{logs(1), logs(2), logs(3)}},
		{CombinatorialCompression{Sampling: all}, []float64{1, 2, 3}},
		{CombinatorialCompression{D: 2, Sampling: all}, []float64{1, 1, 2, 2, 1, 3, 3, 2, 3}},
		{CombinatorialCompression{Sampling: value}, []float64{z(1), z(2), z(3)}},
		{CombinatorialCompression{D: 2, Sampling: density}, []float64{logs(1), logs(2), logs(3), logs(1) + logs(2), logs(1) + logs(3), logs(2) + logs(3)}},
		{CombinatorialCompression{D: 2, Sampling: mixed}, []float64{logs(1), logs(2), logs(3), logs(1) + logs(2), logs(1) + logs(3), logs(2) + logs(3)}},
	} {
		r := newTrial(t, false)
		r.want(fmt.Sprintf("%T%+v", e.k, e.k), e.k.Transform(r.s, r.input("x", 1, 3)), map[string][]float64{"x": {1, 2, 3}}, e.want...)
	}
}

// TestDrawsChangeWithTheStepInTraining has the state of training after a step draw anew, and evaluation repeat itself.
func TestDrawsChangeWithTheStepInTraining(t *testing.T) {
	draw := func(train bool, step int32) []float64 {
		r := newTrial(t, train)
		x := r.input("x", 30, 5)
		y := ProbabilisticCompression{Sampling: Sampling{K: 2}}.Transform(r.s, x)
		count := graph.NewTensor(graph.Type{DType: graph.I32})
		count.I[0] = step
		val, err := graph.Run(r.s.G, graph.Leaves{"x": &graph.Tensor{Type: x.Type(), F: ramp(150)}, StepName: count}, y)
		if err != nil {
			t.Fatal(err)
		}
		return val.Of(y).F
	}
	if slices.Equal(draw(true, 1), draw(true, 2)) {
		t.Error("two steps draw the same")
	}
	if !slices.Equal(draw(false, 2), draw(true, 2)) || !slices.Equal(draw(false, 2), draw(false, 2)) {
		t.Error("evaluation does not draw as the last step")
	}
}

// TestDrawsPassGradientsToWhatIsDrawn leaves columns that were not drawn alone.
func TestDrawsPassGradientsToWhatIsDrawn(t *testing.T) {
	r := newTrial(t, false)
	x := r.input("x", 1, 6)
	y := ProbabilisticCompression{Sampling: Sampling{K: 4, Replace: true}}.Transform(r.s, x)
	d := graph.VJP(y, r.s.Const(y.Type(), 1), x)[0]
	in := map[string][]float64{"x": {1, 2, 3, 4, 5, 6}}
	drawn, _ := r.run(y, in)
	want := make([]float64, 6)
	for _, v := range drawn.Of(y).F {
		want[int(v)-1]++
	}
	r.want("gradient", d, in, want...)
}

// TestSamplingErrors wants what cannot be drawn to be said.
func TestSamplingErrors(t *testing.T) {
	for want, f := range map[string]Transformation{
		"rpnops.ProbabilisticCompression: k = 4 draws from 3 columns; want 1…3":    ProbabilisticCompression{Sampling: Sampling{K: 4, Replace: true}},
		"rpnops.Uniform has no density outside of 0…1; want require_normalization": ProbabilisticCompression{Sampling: Sampling{Raw: true}},
		"rpnops.Uniform has no density outside of 0.5…1; want one on 0.001…0.991":  ProbabilisticCompression{Distribution: Uniform{Low: 0.5}},
		"rpnops.Normal: std = -1": ProbabilisticCompression{Distribution: Normal{Std: -1}},
		"k = 2 draws from 1 tuples of 3 of 3 columns; want 1…1, or replacement":           CombinatorialCompression{D: 3, Sampling: Sampling{K: 2}},
		"rpnops.CombinatorialCompression: d = 4 for 3 columns":                            CombinatorialCompression{D: 4},
		"transformed tuples of up to 2 columns; want log_prob, simply_sampling, or d = 1": CombinatorialCompression{D: 2, Sampling: Sampling{Transformed: true}},
	} {
		r := newTrial(t, false)
		f.Transform(r.s, r.input("x", 2, 3))
		r.wantError(want)
		if _, err := f.OutDim(3); err == nil {
			t.Errorf("%+v: OutDim accepts it", f)
		}
	}
	r := newTrial(t, false)
	wider := ProbabilisticCompression{Sampling: Sampling{Metric: halves{}}}
	wider.Transform(r.s, r.input("x", 2, 4))
	r.wantError("the metric turns (2×4) into (2×2)")
}

// halves is a metric that changes the shape.
type halves struct{}

func (halves) Apply(_ *Scope, x *graph.Node) *graph.Node { return gather(x, []int32{0, 1}) }
