package metric_test

import (
	"math"
	"strings"
	"testing"

	"rpnc/models/metric"
)

func TestErrorsOfWorkedExamples(t *testing.T) {
	for _, c := range []struct {
		pred, y  []float64
		mse, mae float64
	}{
		{[]float64{1.582, -0.909, -0.592, 0.188, -0.33}, []float64{0.441, -0.331, 2.431, -0.252, 0.11}, 2.2323388, 1.1244},
		{[]float64{-1.511, 0.645, -0.981, -0.857, -0.872, -0.423, 0.996, 0.712},
			[]float64{-1.193, -0.205, -0.359, 0.603, -1.665, -0.7, 1.151, 1.857}, 0.672842, 0.7025},
		{[]float64{3}, []float64{3}, 0, 0},
	} {
		if got, err := metric.MSE(c.pred, c.y); err != nil || math.Abs(got-c.mse) > 1e-12 {
			t.Errorf("MSE %v, %v, want %v", got, err, c.mse)
		}
		if got, err := metric.MAE(c.pred, c.y); err != nil || math.Abs(got-c.mae) > 1e-12 {
			t.Errorf("MAE %v, %v, want %v", got, err, c.mae)
		}
	}
}

func TestSumsAreTakenInFloat64(t *testing.T) {
	// In float32 the sum would stop growing at 2²⁴.
	n := 1<<24 + 1<<20
	pred := make([]float32, n)
	for i := range pred {
		pred[i] = 1
	}
	if got, err := metric.MSE(pred, make([]float64, n)); err != nil || got != 1 {
		t.Errorf("MSE %v, %v, want 1", got, err)
	}
}

func TestR2OfWorkedExamples(t *testing.T) {
	for _, c := range []struct {
		name    string
		pred, y []float64
		cols    int
		want    float64
	}{
		{"perfect", []float64{1, 2, 3}, []float64{1, 2, 3}, 1, 1},
		{"the mean", []float64{2, 2, 2}, []float64{1, 2, 3}, 1, 0},
		{"worse than the mean", []float64{3, 2, 1}, []float64{1, 2, 3}, 1, -3},
		{"one column", []float64{2.5, 0, 2, 8}, []float64{3, -0.5, 2, 7}, 1, 1 - 1.5/29.1875},
		{"mean of columns", []float64{1, 2, 2, 2, 3, 2}, []float64{1, 1, 2, 2, 3, 3}, 2, 0.5},
		{"constant, met", []float64{0.1, 0.1, 0.1, 0.1, 0.1, 0.1}, []float64{0.1, 0.1, 0.1, 0.1, 0.1, 0.1}, 1, 1},
		{"constant, missed", []float64{0.1, 0.1, 0.1, 0.1, 0.1, 0.2}, []float64{0.1, 0.1, 0.1, 0.1, 0.1, 0.1}, 1, 0},
	} {
		if got, err := metric.R2(c.pred, c.y, c.cols); err != nil || math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: %v, %v, want %v", c.name, got, err, c.want)
		}
	}
}

func TestANaNIsSeenInTheResult(t *testing.T) {
	nan := math.NaN()
	for _, c := range [][2][]float64{{{nan, 1}, {0, 1}}, {{0, 1}, {nan, 1}}, {{nan, 1}, {1, 1}}} {
		mse, err1 := metric.MSE(c[0], c[1])
		mae, err2 := metric.MAE(c[0], c[1])
		r2, err3 := metric.R2(c[0], c[1], 1)
		if !math.IsNaN(mse) || !math.IsNaN(mae) || !math.IsNaN(r2) || err1 != nil || err2 != nil || err3 != nil {
			t.Errorf("%v: %v %v %v, %v %v %v", c, mse, mae, r2, err1, err2, err3)
		}
	}
}

func TestNumberMetricsRejectWhatCannotBeCompared(t *testing.T) {
	for name, measure := range map[string]func(pred, y []float64) error{
		"MSE": func(p, y []float64) error { _, err := metric.MSE(p, y); return err },
		"MAE": func(p, y []float64) error { _, err := metric.MAE(p, y); return err },
		"R2":  func(p, y []float64) error { _, err := metric.R2(p, y, 1); return err },
	} {
		if err := measure([]float64{1, 2}, []float64{1}); err == nil || !strings.HasPrefix(err.Error(), "metric."+name+": 2 predictions for 1 true") {
			t.Errorf("%s: got error %v for different lengths", name, err)
		}
		if err := measure(nil, nil); err == nil || !strings.HasPrefix(err.Error(), "metric."+name+": no predictions") {
			t.Errorf("%s: got error %v for nothing", name, err)
		}
	}
	for _, c := range []struct{ n, cols int }{{1, 1}, {2, 2}, {5, 2}, {4, 0}, {4, -2}} {
		if _, err := metric.R2(make([]float64, c.n), make([]float64, c.n), c.cols); err == nil || !strings.Contains(err.Error(), "at least two whole rows") {
			t.Errorf("%+v: got error %v", c, err)
		}
	}
}
