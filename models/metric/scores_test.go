package metric_test

import (
	"math"
	"strings"
	"testing"

	"rpnc/models/metric"
)

func TestMetricsByName(t *testing.T) {
	classes := metric.Table{Scores: []float64{3, 2, 1, 0, 1, 2, 3, 0, 1, 0, 2, 0}, Cols: 3, Labels: []int32{0, 1, 2, 1}}
	numbers := metric.Table{Scores: []float64{0.2, 0.9, 1.4, 0.4}, Cols: 1, Y: []float64{0, 1, 1, 1}}
	logits := metric.Table{Scores: []float64{2, -1, 0.5, -3}, Cols: 2, Y: []float64{1, 0, 0, 0.4}}
	for _, c := range []struct {
		name  string
		table metric.Table
		want  float64
		shown string
		up    bool
	}{
		{"tinybig.metric.accuracy", classes, 0.5, "accuracy", true},
		{"accuracy", numbers, 0.75, "accuracy", true},
		{"accuracy", metric.Table{Scores: []float64{0.2, 0.9}, Cols: 1, Labels: []int32{0, 0}}, 0.5, "accuracy", true},
		{"binary_accuracy", logits, 0.75, "binary_accuracy", true},
		{"binary_accuracy", metric.Table{Scores: []float64{-1, 2}, Cols: 1, Labels: []int32{0, 0}}, 0.5, "binary_accuracy", true},
		{"top_3", classes, 1, "top_3", true},
		{"f1", numbers, 0.8, "f1", true},
		// Predicted 0, 2, 0, 1 for 0, 1, 2, 1: class F1s 2/3, 2/3, 0.
		{"f1_macro", classes, 4. / 9, "f1_macro", true},
		{"f1_micro", classes, 0.5, "f1_micro", true},
		{"f1_weighted", classes, 0.5, "f1_weighted", true},
		{"mse", numbers, (0.04 + 0.01 + 0.16 + 0.36) / 4, "mse", false},
		{"mean_squared_error", numbers, (0.04 + 0.01 + 0.16 + 0.36) / 4, "mse", false},
		{"mae", numbers, (0.2 + 0.1 + 0.4 + 0.6) / 4, "mae", false},
		{"r2", numbers, 1 - 0.57/0.75, "r2", true},
	} {
		e, ok := metric.Lookup(c.name)
		if !ok {
			t.Errorf("there is no %s", c.name)
			continue
		}
		got, err := e.Default.Measure(c.table)
		if err != nil || math.Abs(got-c.want) > 1e-12 || e.Default.String() != c.shown || e.Default.Larger() != c.up {
			t.Errorf("%s: %v, %v, shown as %v; want %v as %s", c.name, got, err, e.Default, c.want, c.shown)
		}
	}
	if _, ok := metric.Lookup("auc"); ok {
		t.Error("there is an auc")
	}
	for _, name := range metric.Names() {
		if _, ok := metric.Lookup(name); !ok {
			t.Errorf("the list has %s, which is not found", name)
		}
	}
}

func TestTopKCountsTheRank(t *testing.T) {
	// Ranks of the labels: 0, 1, 2 by position on ties, 3.
	scores := []float32{4, 1, 2, 3, 1, 4, 2, 3, 2, 2, 2, 2, 4, 3, 2, 1}
	labels := []int32{0, 3, 2, 3}
	for k, want := range []float64{1: 0.25, 2: 0.5, 3: 0.75, 4: 1, 5: 1} {
		if k == 0 {
			continue
		}
		if got, err := metric.TopK(scores, labels, 4, k); err != nil || got != want {
			t.Errorf("top %d is %v, %v; want %v", k, got, err, want)
		}
	}
}

func TestMetricsRejectWhatTheyCannotMeasure(t *testing.T) {
	nan := math.NaN()
	labels := metric.Table{Scores: []float64{1, 2}, Cols: 2, Labels: []int32{1}}
	for _, c := range []struct {
		m    metric.Metric
		t    metric.Table
		want string
	}{
		{metric.AccuracyScore{}, metric.Table{Scores: []float64{1, 2}, Cols: 2, Y: []float64{1, 2}}, "want labels"},
		{metric.AccuracyScore{}, metric.Table{Scores: []float64{nan}, Cols: 1, Y: []float64{1}}, "NaN"},
		{metric.F1Score{}, metric.Table{Scores: []float64{1, 2}, Cols: 2, Y: []float64{1, 2}}, "metric.F1"},
		{metric.MSEScore{}, labels, "metric.MSE: there are no targets"},
		{metric.MAEScore{}, labels, "metric.MAE: there are no targets"},
		{metric.R2Score{}, labels, "metric.R2: there are no targets"},
		{metric.BinaryScore{}, labels, "2 predictions for 0 true values"},
		{metric.TopKScore{K: -1}, labels, "k = -1"},
		{metric.TopKScore{}, metric.Table{Scores: []float64{1, 2, 3}, Cols: 2, Labels: []int32{1}}, "3 scores in rows of 2"},
		{metric.TopKScore{}, metric.Table{Scores: []float64{1, nan}, Cols: 2, Labels: []int32{0}}, "row 0: the score in column 1 is NaN"},
		{metric.TopKScore{}, metric.Table{Scores: []float64{1, 2}, Cols: 2, Labels: []int32{2}}, "labels are 0…1"},
		{metric.TopKScore{}, metric.Table{Cols: 2}, "no predictions"},
	} {
		if _, err := c.m.Measure(c.t); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v; want one with %q", c.m, err, c.want)
		}
	}
}

func TestAveragesHaveNames(t *testing.T) {
	for a := metric.Binary; a <= metric.Weighted; a++ {
		text, err := a.MarshalText()
		var back metric.Average
		if err != nil || back.UnmarshalText(text) != nil || back != a || a.String() != string(text) {
			t.Errorf("%v is written %q, %v and read as %v", a, text, err, back)
		}
	}
	if _, err := metric.Average(9).MarshalText(); err == nil {
		t.Error("average 9 has a name")
	}
	var a metric.Average
	if err := a.UnmarshalText([]byte("samples")); err == nil || !strings.Contains(err.Error(), "binary, micro, macro, weighted") {
		t.Errorf("an unknown average: error %v", err)
	}
}
