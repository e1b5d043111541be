package train_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"rpnc/models"
	"rpnc/models/data"
	"rpnc/models/optim"
	"rpnc/models/train"
)

// A linear model by mean squares has its minimum where the normal equations say, and L-BFGS gets there.
func TestLBFGSSolvesLeastSquares(t *testing.T) {
	d := &data.Dataset{Name: "plane", Rows: 30, Cols: 2, YCols: 1}
	for i := range d.Rows {
		a, b := float64(i%6), float64(i/6)
		d.X, d.Y = append(d.X, a, b), append(d.Y, 2*a-3*b+0.5)
	}
	m := model(t, models.MLP{Dims: []int{2, 1}, Plain: true, Product: models.Product{EnableBias: true}}, f64)
	h, err := train.LBFGS{Loss: train.MSE}.Fit(context.Background(), m, d, d)
	if err != nil {
		t.Fatal(err)
	}
	last := h.Epochs[len(h.Epochs)-1]
	if len(h.Epochs) > 20 || last.Loss > 1e-13 || !last.Tested || last.TestLoss > 1e-13 {
		t.Errorf("after %d iterations %+v", len(h.Epochs), last)
	}
	w, b := m.Store().Get("layers.0.heads.0.w").F, m.Store().Get("layers.0.heads.0.b").F
	for i, want := range []float64{2, -3, 0.5} {
		if got := append(append([]float64(nil), w...), b...)[i]; math.Abs(got-want) > 1e-6 {
			t.Errorf("coefficient %d is %v; want %v", i, got, want)
		}
	}
}

func TestLBFGSLearnsFlowersOnSomeRows(t *testing.T) {
	d := flowers(t)
	var rows, rest []int
	for i := range d.Rows {
		if i%3 == 0 {
			rest = append(rest, i)
		} else {
			rows = append(rows, i)
		}
	}
	var seen int
	tr := train.LBFGS{LBFGS: optim.LBFGS{Iterations: 20}, TrainRows: rows, TestRows: rest, Epoch: func(e train.Epoch) error { seen = e.Number; return nil }}
	m := model(t, net, nil)
	h, err := tr.Fit(context.Background(), m, d, nil)
	if err != nil {
		t.Fatal(err)
	}
	first, last := h.Epochs[0], h.Epochs[len(h.Epochs)-1]
	if seen != len(h.Epochs) || last.Loss > 0.1 || last.TestMetric < 0.9 || last.Loss >= first.Loss {
		t.Errorf("from %+v to %+v", first, last)
	}
	// What the history says is of the parameters that the model has now.
	s, err := train.Evaluate(m, d, train.Evaluation{Rows: rows, Chunk: 150})
	if err != nil || math.Abs(s.Loss-last.Loss) > 1e-5 {
		t.Errorf("the model scores %+v, %v; the last iteration %v", s, err, last.Loss)
	}
}

func TestLBFGSRefusesAndStops(t *testing.T) {
	d := flowers(t)
	if _, err := (train.LBFGS{}).Fit(context.Background(), model(t, noisy, nil), d, nil); err == nil || !strings.Contains(err.Error(), "without dropout") {
		t.Errorf("a model with dropout: error %v", err)
	}
	if _, err := (train.LBFGS{Loss: train.MSE}).Fit(context.Background(), model(t, net, nil), d, nil); err == nil || !strings.Contains(err.Error(), "train.LBFGS: the data have 0 target columns") {
		t.Errorf("no targets: error %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if h, err := (train.LBFGS{}).Fit(ctx, model(t, net, nil), d, nil); !errors.Is(err, context.Canceled) || len(h.Epochs) != 0 {
		t.Errorf("a done context: %d iterations, error %v", len(h.Epochs), err)
	}
}
