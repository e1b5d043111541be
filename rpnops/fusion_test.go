package rpnops

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"rpnc/graph"
	"rpnc/ops"
)

// fuse builds the fusion of rows, one an input, with weights 1, 2, 3, …
func fuse(r trial, f Fusion, rows ...[]float64) (*graph.Node, map[string][]float64) {
	r.t.Helper()
	var xs []*graph.Node
	dims, values := []int{}, map[string][]float64{}
	for i, row := range rows {
		name := fmt.Sprint("x", i)
		xs, dims, values[name] = append(xs, r.input(name, 1, len(row))), append(dims, len(row)), row
	}
	l, err := f.NumParams(dims)
	if err != nil {
		r.t.Fatal(err)
	}
	var w *graph.Node
	if l > 0 {
		w = r.weights(l)
	}
	return f.Fuse(r.s, xs, w), values
}

func TestFusionsOfWorkedExamples(t *testing.T) {
	a, b, d := []float64{1, 2}, []float64{3, -4}, []float64{0, 10}
	trained := FusionOptions{Legacy: Legacy{RequireParameters: Some(true)}}
	for _, c := range []struct {
		f    Fusion
		rows [][]float64
		want []float64
	}{
		{MetricFusion{}, [][]float64{a, b, d}, []float64{4.0 / 3, 8.0 / 3}},
		{AverageFusion{}, [][]float64{a, b, d}, []float64{4.0 / 3, 8.0 / 3}},
		{MetricFusion{Metric: Prod}, [][]float64{a, b, d}, []float64{0, -80}},
		{MetricFusion{Metric: Max}, [][]float64{a, b, d}, []float64{3, 10}},
		{MetricFusion{Metric: Min}, [][]float64{a, b, d}, []float64{0, -4}},
		{MetricFusion{Metric: Median}, [][]float64{a, b, d}, []float64{1, 2}},
		{MetricFusion{Metric: Sum}, [][]float64{a, b, d}, []float64{4, 8}},
		{SummationFusion{}, [][]float64{a, b, d}, []float64{4, 8}},
		{MetricFusion{Metric: Median}, [][]float64{a, b}, []float64{1, -4}},
		{MetricFusion{Metric: L1Norm}, [][]float64{a, b}, []float64{4, 6}},
		{MetricFusion{Metric: L2Norm}, [][]float64{a, b}, []float64{math.Sqrt(10), math.Sqrt(20)}},
		{MetricFusion{Metric: Variance}, [][]float64{a, b}, []float64{2, 18}},
		{MetricFusion{Metric: Std}, [][]float64{a, b}, []float64{math.Sqrt(2), math.Sqrt(18)}},
		{WeightedSummationFusion{Weights: []float64{2, -1}}, [][]float64{a, b}, []float64{-1, 8}},
		{WeightedSummationFusion{FusionOptions: trained}, [][]float64{a, b, d}, []float64{7, 24}},
		{ConcatenationFusion{}, [][]float64{a, {5, 7, 9}}, []float64{1, 2, 5, 7, 9}},
		{ParameterizedConcatenationFusion{}, [][]float64{a, b}, []float64{-2, 6}},
		{ParameterizedConcatenationFusion{N: 3}, [][]float64{a, {5, 7, 9}}, []float64{93, 213, 333}},
		{ParameterizedConcatenationFusion{N: 2, Reconcile: LoRR{}}, [][]float64{a, {5, 7, 9}}, []float64{807, 1803}},
		{ParameterizedConcatenationFusion{Reconcile: HM{Blocks: Blocks{P: 2}}}, [][]float64{a, b}, []float64{-1, 15}},
		{ParameterizedConcatenationFusion{Reconcile: LPHM{Blocks: Blocks{P: 2}, R: 1}}, [][]float64{a, b}, []float64{0, 100}},
	} {
		r := newTrial(t, false)
		y, values := fuse(r, c.f, c.rows...)
		r.want(fmt.Sprintf("%T%+v", c.f, c.f), y, values, c.want...)
	}
}

func TestTiesAndKinksOfMetricsHaveTheirGradients(t *testing.T) {
	for _, c := range []struct {
		m       Metric
		x, want []float64 // the gradients of the two inputs
	}{
		{Max, []float64{3, 3}, []float64{1, 0}},
		{Min, []float64{3, 3}, []float64{1, 0}},
		{Median, []float64{3, 3}, []float64{1, 0}},
		{L1Norm, []float64{0, -2}, []float64{0, -1}},
		{L2Norm, []float64{0, 0}, []float64{0, 0}},
		{Std, []float64{3, 3}, []float64{0, 0}},
		{Prod, []float64{0, 5}, []float64{5, 0}},
	} {
		r := newTrial(t, false)
		y, values := fuse(r, MetricFusion{Metric: c.m}, c.x[:1], c.x[1:])
		g := r.s.G
		d := graph.Grad(y, g.LeafByName("x0"), g.LeafByName("x1"))
		r.want(c.m.String(), ops.Join(-1, d[0], d[1]), values, c.want...)
	}
}

func TestFunctionsBeforeAFusionSeeTheStackOfEqualInputs(t *testing.T) {
	f := SummationFusion{FusionOptions{Hooks: Hooks{Pre: []Process{Softmax{Dim: Some(0)}}, Post: []Process{Relu{}}}}}
	r := newTrial(t, false)
	y, values := fuse(r, f, []float64{1, 2}, []float64{3, -4})
	r.want("softmax over the inputs sums to 1", y, values, 1, 1)

	r = newTrial(t, false)
	join := ConcatenationFusion{FusionOptions{Hooks: Hooks{Pre: []Process{Softmax{}}}}}
	y, values = fuse(r, join, []float64{0, 0}, []float64{1, 1, 1, 1})
	r.want("each of unequal inputs sums to 1", y, values, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25)
}

func TestFusionsSayWhatDoesNotFit(t *testing.T) {
	declared := FusionOptions{Dims: []int{2, 2}}
	for _, c := range []struct {
		f    Fusion
		dims []int
		want string
	}{
		{MetricFusion{}, []int{2, 3}, "rpnops.MetricFusion: inputs of widths [2 3]; want equal ones"},
		{MetricFusion{}, nil, "there is nothing to fuse"},
		{ConcatenationFusion{}, nil, "there is nothing to fuse"},
		{SummationFusion{declared}, []int{2, 2, 2}, "dims are declared [2 2], the inputs have widths [2 2 2]"},
		{WeightedSummationFusion{}, []int{2, 2}, "0 weights for 2 inputs; want one an input"},
		{ParameterizedConcatenationFusion{}, []int{2, 3}, "inputs of widths [2 3]"},
	} {
		if _, err := c.f.OutDim(c.dims); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%T%+v of %v: %v; want %q", c.f, c.f, c.dims, err, c.want)
		}
	}
	if n, err := (MetricFusion{FusionOptions: declared}).OutDim(nil); n != 2 || err != nil {
		t.Errorf("without inputs the declared width counts: %d, %v", n, err)
	}
	r := newTrial(t, false)
	SummationFusion{}.Fuse(r.s, []*graph.Node{r.input("a", 2, 3), r.input("b", 1, 3)}, nil)
	ConcatenationFusion{}.Fuse(r.s, []*graph.Node{r.input("a", 2, 3), r.input("b", 1, 3)}, nil)
	SummationFusion{}.Fuse(r.s, nil, nil)
	r.wantError("SummationFusion: inputs of shapes (2×3) and (1×3); want equal ones",
		"ConcatenationFusion: inputs of shapes (2×3) and (1×3); want equal ones but for the last axis", "nothing to fuse")
}

func TestMetricsHaveTheReferencesNames(t *testing.T) {
	for _, name := range []string{"max", "batch_max", "tinybig.koala.statistics.batch_max"} {
		var m Metric
		if err := m.UnmarshalText([]byte(name)); err != nil || m != Max {
			t.Errorf("%s is %v, %v", name, m, err)
		}
	}
	var m Metric
	if err := m.UnmarshalText([]byte("largest")); err == nil || !strings.Contains(err.Error(), "want one of mean, sum") {
		t.Error(err)
	}
}
