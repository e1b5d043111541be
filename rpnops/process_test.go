package rpnops

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"rpnc/graph"
)

func TestProcessesOfWorkedExamples(t *testing.T) {
	m, masked := []float64{1, 0, 2, 3}, OperatorNormalize{MaskZeros: true, RescaleFactor: Some(2.0)}
	plain := OperatorNormalize{RescaleFactor: Some(2.0)}
	mode := func(o OperatorNormalize, m SoftmaxMode) Process { o.Mode = m; return o }
	signs, e := []float64{-1, 0, 2, -3}, math.Expm1
	for _, c := range []struct {
		p       Process
		x, want []float64 // (2×2)
	}{
		{mode(plain, SoftmaxColumns), m, []float64{0.11920292, 0.00247262, 0.88079708, 0.99752738}},
		{mode(masked, SoftmaxColumns), m, []float64{0.11920292, 0, 0.88079708, 1}},
		{masked, m, []float64{1, 0, 0.11920292, 0.88079708}},
		{mode(masked, SoftmaxRowsThenColumns), m, []float64{0.70698739, 0, 0.29301261, 0.70698739}},
		{mode(masked, SoftmaxRowsThenColumns), []float64{0, 0, 2, 2}, []float64{0, 0, 0.5, 0.5}},
		{masked, []float64{0, 0, 1, 1}, []float64{0, 0, 0.5, 0.5}},
		{LeakyRelu{}, signs, []float64{-0.01, 0, 2, -0.03}},
		{LeakyRelu{Slope: Some(0.5)}, signs, []float64{-0.5, 0, 2, -1.5}},
		{Elu{}, signs, []float64{e(-1), 0, 2, e(-3)}},
		{Elu{Alpha: Some(2.0)}, signs, []float64{2 * e(-1), 0, 2, 2 * e(-3)}},
		{Celu{}, signs, []float64{e(-1), 0, 2, e(-3)}},
		{Celu{Alpha: 2}, signs, []float64{2 * e(-0.5), 0, 2, 2 * e(-1.5)}},
		{Softmax{}, []float64{0, 0, 1, 1}, []float64{0.5, 0.5, 0.5, 0.5}},
		{Softmax{Dim: Some(0)}, []float64{0, 1, 0, 1}, []float64{0.5, 0.5, 0.5, 0.5}},
		{LogSoftmax{}, []float64{0, 0, 1, 1}, times([]float64{-math.Ln2}, 1, 1, 1, 1)},
		{LayerNorm{}, []float64{1, 3, 5, 5}, []float64{-1 / math.Sqrt(1.00001), 1 / math.Sqrt(1.00001), 0, 0}},
		{LayerNorm{Eps: 3, Trainable: true}, []float64{1, 3, 5, 5}, []float64{-0.5, 0.5, 0, 0}},
	} {
		r := newTrial(t, false)
		r.want(fmt.Sprintf("%T%+v", c.p, c.p), c.p.Apply(r.s, r.input("x", 2, 2)), map[string][]float64{"x": c.x}, c.want...)
	}
}

func TestActivationsTakeTheLeftDerivativeAtZero(t *testing.T) {
	for _, c := range []struct {
		p    Process
		want float64
	}{{Relu{}, 0}, {LeakyRelu{}, 0.01}, {Elu{Alpha: Some(3.0)}, 3}, {Celu{}, 1}} {
		r := newTrial(t, false)
		x := r.input("x", 1, 1)
		r.want(fmt.Sprintf("%T", c.p), graph.Grad(c.p.Apply(r.s, x), x)[0], map[string][]float64{"x": {0}}, c.want)
	}
}

// normed is the column (1, 2, 4) with mean 0 and variance 1, but for ε.
var normed = times([]float64{-4, -1, 5}, 1/(3*math.Sqrt(14.0/9+1e-5)))

func TestBatchNormOfWorkedExample(t *testing.T) {
	for _, uses := range []int{1, 2} {
		r := newTrial(t, true)
		x := r.input("x", 3, 1)
		var y *graph.Node
		for range uses {
			y = BatchNorm1d{}.Apply(r.s, x)
		}
		val, leaves := r.run(y, map[string][]float64{"x": {1, 2, 4}})
		leaves.Commit(r.s.G, val)
		mean, variance := 0.7/3, 0.9+0.1*7/3
		if uses == 2 {
			mean, variance = mean*1.9, 0.9*variance+0.1*7/3
		}
		wantNumbers(t, "y", val.Of(y).F, normed)
		wantNumbers(t, "running mean", leaves["running_mean"].F, []float64{mean})
		wantNumbers(t, "running variance", leaves["running_var"].F, []float64{variance})
		if n := leaves["num_batches_tracked"].I[0]; int(n) != uses {
			t.Errorf("%d uses are counted as %d", uses, n)
		}
	}
}

func TestBatchNormInEvaluationUsesRunningStatistics(t *testing.T) {
	r := newTrial(t, false)
	y := BatchNorm1d{NumFeatures: 1, Eps: 2}.Apply(r.s, r.input("x", 1, 1))
	r.want("(5−3)/√(7+2)·4+1", y, map[string][]float64{"x": {5}, "running_mean": {3}, "running_var": {7}, "weight": {4}, "bias": {1}}, 11.0/3)
	if len(r.s.G.Updates()) != 0 {
		t.Error("evaluation moves statistics")
	}
}

func TestAlwaysTrainEvaluatesWithBatchStatistics(t *testing.T) {
	r := newTrial(t, false)
	r.s.AlwaysTrain = true
	x := r.input("x", 3, 1)
	r.want("y", BatchNorm1d{}.Apply(r.s, x), map[string][]float64{"x": {1, 2, 4}}, normed...)
	if (Dropout{}).Apply(r.s, x) == x {
		t.Error("dropout does nothing")
	}
	if len(r.s.G.Updates()) != 0 {
		t.Error("evaluation moves statistics")
	}
}

func TestNormsAreFrozenUnlessTheyAreTrained(t *testing.T) {
	for _, c := range []struct {
		p               Module
		frozen, trained int // parameters
	}{{BatchNorm1d{}, 0, 2}, {LayerNorm{}, 0, 2}} {
		for p, want := range map[Process]int{c.p: c.frozen, c.p.Trained(): c.trained} {
			r := newTrial(t, true)
			p.Apply(r.s, r.input("x", 2, 3))
			if n := len(r.s.G.Leaves(graph.ParamLeaf)); n != want {
				t.Errorf("%T%+v has %d parameters, want %d", p, p, n, want)
			}
		}
	}
}

func TestDropoutDependsOnModeStepAndPlace(t *testing.T) {
	const n = 2000
	ones := times([]float64{1}, slices.Repeat([]float64{1}, n)...)
	r := newTrial(t, true)
	x := r.input("x", 1, n)
	first, second := Dropout{P: Some(0.25)}.Apply(r.s, x), Dropout{P: Some(0.25)}.Apply(r.s, x)
	val, leaves := r.run(first, map[string][]float64{"x": ones})
	kept := 0
	for _, v := range val.Of(first).F {
		if v != 0 {
			wantNumbers(t, "what is kept", []float64{v}, []float64{4.0 / 3})
			kept++
		}
	}
	if kept < n*7/10 || kept > n*8/10 {
		t.Errorf("%d of %d are kept at p = 0.25", kept, n)
	}
	again, _ := r.run(second, map[string][]float64{"x": ones})
	if slices.Equal(again.Of(second).F, val.Of(first).F) {
		t.Error("two places drop the same entries")
	}
	leaves.Commit(r.s.G, val)
	next, err := graph.Run(r.s.G, leaves, first)
	if err != nil || slices.Equal(next.Of(first).F, val.Of(first).F) {
		t.Errorf("two steps drop the same entries, or %v", err)
	}
	e := newTrial(t, false)
	if x := e.input("x", 1, n); (Dropout{}).Apply(e.s, x) != x {
		t.Error("dropout acts in evaluation")
	}
	if (Dropout{P: Some(0.0)}).Apply(r.s, x) != x {
		t.Error("dropout of p = 0 acts")
	}
}

func TestProcessesSayWhatDoesNotFit(t *testing.T) {
	r := newTrial(t, true)
	row, x := r.input("row", 1, 4), r.input("x", 3, 4)
	BatchNorm1d{}.Apply(r.s, row)
	BatchNorm1d{NumFeatures: 5}.Apply(r.s, x)
	LayerNorm{NormalizedShape: 5}.Apply(r.s, x)
	Dropout{P: Some(1.0)}.Apply(r.s, x)
	Celu{Alpha: -1}.Apply(r.s, x)
	r.wantError("rpnops.BatchNorm1d: x is (1×4) in training: one row has no variance; want a batch of 2 rows or more",
		"rpnops.BatchNorm1d: x is (3×4); want rows of 5 columns", "rpnops.LayerNorm: normalized_shape is 5, x (3×4) has 4 columns",
		"rpnops.Dropout: p = 1; want 0 ≤ p < 1", "rpnops.Celu: alpha = -1; want a positive number")
	var m SoftmaxMode
	if err := m.UnmarshalText([]byte("row_column")); err == nil || !strings.Contains(err.Error(), "want row, column or row-column") {
		t.Error(err)
	}
	if err := m.UnmarshalText([]byte("row-column")); err != nil || m != SoftmaxRowsThenColumns {
		t.Error(m, err)
	}
}

func TestNamesOfProcessesInAllTheirForms(t *testing.T) {
	for name, want := range map[string]any{
		"relu": Relu{}, "ReLU": Relu{}, "torch.nn.ReLU": Relu{}, "torch.exp": Exp{}, "RELU": Relu{}, "torch.nn.functional.leaky_relu": LeakyRelu{},
		"torch.nn.LeakyReLU": LeakyRelu{}, "torch.nn.Softmax": Softmax{}, "log_softmax": LogSoftmax{}, "torch.nn.GELU": Gelu{}, "ELU": Elu{},
		"torch.nn.LayerNorm": LayerNorm{Eps: 1e-5}, "torch.nn.Dropout": Dropout{P: Some(0.5)},
		"torch.nn.BatchNorm1d": BatchNorm1d{Eps: 1e-5, Momentum: Some(0.1)},
	} {
		if got, err := New(name, nil); err != nil || got != want {
			t.Errorf("%s is %T%+v, %v; want %T%+v", name, got, got, err, want, want)
		}
	}
	if _, err := New("torch.nn.RelU6x", nil); err == nil {
		t.Error("an unknown name is found")
	}
}
