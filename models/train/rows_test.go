package train_test

import (
	"context"
	"math"
	"reflect"
	"strings"
	"testing"

	"rpnc/graph"
	"rpnc/models"
	"rpnc/models/loss"
	"rpnc/models/metric"
	"rpnc/models/optim"
	"rpnc/models/train"
)

var f64 = &models.Options{DType: graph.F64, Seed: 1}

// close64 compares stores in float64.
func close64(t *testing.T, what string, a, b *models.Model) {
	t.Helper()
	for name, x := range state(a) {
		for i, v := range x.F {
			if got := b.Store().Get(name).F[i]; !(math.Abs(got-v) <= 1e-9*math.Max(1, math.Abs(v))) {
				t.Fatalf("%s: %s[%d] is %v; want %v", what, name, i, got, v)
			}
		}
	}
}

// A row of weight 0 is as if it were not there, where rows have nothing to do with each other.
func TestTrainingOnSomeRowsIsTrainingOnThoseAlone(t *testing.T) {
	d := flowers(t)
	rows := []int{149, 3, 77, 50, 51, 120, 9, 60}
	part, err := d.Select(rows)
	if err != nil {
		t.Fatal(err)
	}
	numbers, parts := *d, *part
	for i := range d.Rows {
		numbers.Y = append(numbers.Y, float64(i%3), float64(i%5), 1)
	}
	for _, r := range rows {
		parts.Y = append(parts.Y, float64(r%3), float64(r%5), 1)
	}
	numbers.YCols, parts.YCols = 3, 3
	for _, l := range []train.Loss{nil, loss.CrossEntropy{Weight: []float64{1, 2, 0.5}}, loss.NLL{}, loss.MSE{}, loss.Huber{}} {
		tr := train.Trainer{Epochs: 5, Loss: l, Optimizer: optim.SGD{LR: 0.1, Momentum: 0.9}}
		some, alone := model(t, net, f64), model(t, net, f64)
		tr.TrainRows, tr.TestRows = rows, rows
		a := fit(t, tr, some, &numbers, nil)
		tr.TrainRows, tr.TestRows = nil, nil
		b := fit(t, tr, alone, &parts, &parts)
		close64(t, "model", alone, some)
		for i := range a.Epochs {
			x, y := a.Epochs[i], b.Epochs[i]
			if math.Abs(x.Loss-y.Loss) > 1e-9 || math.Abs(x.TestLoss-y.TestLoss) > 1e-9 || math.Abs(x.TestMetric-y.TestMetric) > 1e-9 || !x.Tested {
				t.Errorf("%T: epoch %+v; want %+v", l, x, y)
			}
		}
	}
}

// A class of weight two is as if its rows were there twice.
func TestWeightsOfClassesCountTheirRows(t *testing.T) {
	d := flowers(t)
	var twice []int
	for i, label := range d.Labels {
		twice = append(twice, i)
		if label == 1 {
			twice = append(twice, i)
		}
	}
	more, err := d.Select(twice)
	if err != nil {
		t.Fatal(err)
	}
	weighted, repeated := model(t, net, f64), model(t, net, f64)
	tr := train.Trainer{Epochs: 3, BatchSize: 200, Optimizer: optim.SGD{LR: 0.5}}
	fit(t, tr, repeated, more, nil)
	tr.Loss = loss.CrossEntropy{Weight: []float64{3, 6, 3}}
	h := fit(t, tr, weighted, d, nil)
	close64(t, "model", repeated, weighted)
	s, err := train.Evaluate(weighted, d, train.Evaluation{Loss: tr.Loss})
	want, wrong := train.Evaluate(weighted, more, train.Evaluation{})
	if err != nil || wrong != nil || math.Abs(s.Loss-want.Loss) > 1e-12 || s.Loss > h.Epochs[2].Loss {
		t.Errorf("the loss is %+v, %v; want %+v, %v", s, err, want, wrong)
	}
}

func TestABatchWithoutWeightIsAnError(t *testing.T) {
	d := flowers(t)
	tr := train.Trainer{Epochs: 1, BatchSize: 2, Loss: loss.CrossEntropy{Weight: []float64{0, 1, 0}}}
	_, err := tr.Fit(context.Background(), model(t, net, nil), d, nil)
	if err == nil || !strings.Contains(err.Error(), "all 2 rows of a batch have weight 0") || !strings.Contains(err.Error(), "epoch 1, step ") {
		t.Errorf("error %v", err)
	}
}

func TestEveryLossIsLearnt(t *testing.T) {
	d := flowers(t)
	hot := *d
	for _, label := range d.Labels {
		row := []float64{0, 0, 0}
		row[label] = 1
		hot.Y = append(hot.Y, row...)
	}
	hot.YCols = 3
	logNet := net
	logNet.Finish.WithSoftmax = false
	for _, l := range []train.Loss{loss.MSE{}, loss.MAE{}, loss.Huber{Delta: 0.5}, loss.BCE{}, loss.BCE{PosWeight: []float64{2}}, loss.CrossEntropy{Weight: []float64{1, 1, 2}}} {
		tr := train.Trainer{Epochs: 30, BatchSize: 16, Loss: l, Optimizer: optim.AdamW{LR: 0.02}}
		h := fit(t, tr, model(t, logNet, f64), &hot, &hot)
		if first, last := h.Epochs[0], h.Epochs[29]; last.TestLoss > 0.6*first.TestLoss {
			t.Errorf("%T: from %+v to %+v", l, first, last)
		}
	}
}

// Labels of two classes serve a loss of numbers where the model gives one column.
func TestTwoClassesAreNumbersOfOneColumn(t *testing.T) {
	d, _, err := flowers(t).Split(func(i int) bool { return i >= 100 })
	if err != nil {
		t.Fatal(err)
	}
	one := net
	one.Dims = []int{4, 8, 1}
	tr := train.Trainer{Epochs: 30, BatchSize: 20, Loss: loss.BCE{}, Optimizer: optim.AdamW{LR: 0.02}}
	m := model(t, one, nil)
	if h := fit(t, tr, m, d, d); h.Epochs[29].TestMetric != 1 {
		t.Errorf("the last epoch is %+v; want all rows right", h.Epochs[29])
	}
	if _, err := train.Evaluate(m, flowers(t), train.Evaluation{Loss: loss.BCE{}}); err == nil || !strings.Contains(err.Error(), "the target of row 100, column 0 is 2") {
		t.Errorf("three classes: error %v", err)
	}
	s, err := train.Evaluate(m, d, train.Evaluation{Loss: loss.MSE{}, Metric: metric.R2Score{}})
	if err != nil || s.Metric >= 1 {
		t.Errorf("as numbers: %+v, %v", s, err)
	}
}

func TestTheMetricIsTheOneAskedFor(t *testing.T) {
	d, m := flowers(t), model(t, net, f64)
	tr := train.Trainer{Epochs: 1, Metric: metric.F1Score{Average: metric.Macro}}
	h := fit(t, tr, m, d, d)
	y, err := m.Predict(d.X)
	if err != nil {
		t.Fatal(err)
	}
	want, err := tr.Metric.Measure(metric.Table{Scores: y, Cols: 3, Labels: d.Labels})
	if err != nil || h.Epochs[0].TestMetric != want {
		t.Errorf("the metric is %v; want %v, %v", h.Epochs[0].TestMetric, want, err)
	}
	some, err := train.Evaluate(m, d, train.Evaluation{Rows: []int{0, 50, 100}, Metric: tr.Metric})
	three, wrong := d.Select([]int{0, 50, 100})
	if wrong != nil {
		t.Fatal(wrong)
	}
	if same, err2 := train.Evaluate(m, three, train.Evaluation{Metric: tr.Metric}); err != nil || err2 != nil || !reflect.DeepEqual(some, same) {
		t.Errorf("three rows score %+v, %v; alone %+v, %v", some, err, same, err2)
	}
}
