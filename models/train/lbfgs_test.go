package train_test

import (
	"context"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"rpnc/graph"
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
	h := fit(t, train.Trainer{Optimizer: optim.LBFGS{Iterations: 1}, Loss: train.MSE}, m, d, d)
	last := h.Epochs[len(h.Epochs)-1]
	if len(h.Epochs) > 20 || !h.Stopped || last.Loss > 1e-13 || !last.Tested || last.TestLoss > 1e-13 {
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
	var seen, steps int
	tr := train.Trainer{Optimizer: optim.LBFGS{Iterations: 5}, Epochs: 4, TrainRows: rows, TestRows: rest}
	tr.Hooks.Epoch = func(e train.Epoch) error { seen = e.Number; return nil }
	tr.Hooks.Step = func(at train.Position, _ float64) error {
		if want := (train.Position{Epoch: steps / 5, Batch: steps % 5}); at != want {
			t.Errorf("step %d is at %+v; want %+v", steps, at, want)
		}
		steps++
		return nil
	}
	m := model(t, net, nil)
	h := fit(t, tr, m, d, nil)
	first, last := h.Epochs[0], h.Epochs[len(h.Epochs)-1]
	if seen != 4 || len(h.Epochs) != 4 || steps != 20 || last.Loss > 0.1 || last.TestMetric < 0.9 || last.Loss >= first.Loss {
		t.Errorf("%d steps from %+v to %+v", steps, first, last)
	}
	// What the history says is of the parameters that the model has now.
	s, err := train.Evaluate(m, d, train.Evaluation{Rows: rows, Chunk: 150})
	if err != nil || math.Abs(s.Loss-last.Loss) > 1e-5 {
		t.Errorf("the model scores %+v, %v; the last iteration %v", s, err, last.Loss)
	}
}

// Running statistics, frozen parameters, evaluations as the measure of an epoch, the best epoch: all as with any optimizer.
func TestLBFGSDoesWhatATrainerIsAskedFor(t *testing.T) {
	d := flowers(t)
	quiet := noisy
	quiet.Finish.WithDropout = false
	m := model(t, quiet, f64)
	before := m.Store().Get("layers.0.heads.0.w")
	saved := 0
	tr := train.Trainer{Optimizer: optim.LBFGS{Iterations: 100, Evaluations: 12}, Epochs: 6, Frozen: []string{"layers.0.heads.0.w"}, Watch: train.Watch{Restore: true}}
	tr.Hooks.Checkpoint, tr.Hooks.CheckpointEvery = func(train.Position) error { saved++; return nil }, 1
	h := fit(t, tr, m, d, d)
	if last := h.Epochs[len(h.Epochs)-1]; saved != len(h.Epochs) || h.Best == 0 || last.TestMetric < 0.9 {
		t.Errorf("%d epochs, %d checkpoints, best %d, last %+v", len(h.Epochs), saved, h.Best, last)
	}
	if !reflect.DeepEqual(before, m.Store().Get("layers.0.heads.0.w")) {
		t.Error("a frozen parameter has moved")
	}
	score, err := train.Evaluate(m, d, train.Evaluation{})
	if best := h.Epochs[h.Best-1]; err != nil || math.Abs(score.Loss-best.TestLoss) > 1e-9 {
		t.Errorf("the model scores %v, %v; its best epoch %v", score.Loss, err, best.TestLoss)
	}
}

func TestLBFGSRefusesAndStops(t *testing.T) {
	d, ctx := flowers(t), context.Background()
	for _, c := range []struct {
		spec models.Spec
		tr   train.Trainer
		want string
	}{
		{noisy, train.Trainer{}, "without dropout"},
		{net, train.Trainer{Loss: train.MSE}, "train.Fit: the data have 0 target columns"},
		{net, train.Trainer{BatchSize: 32}, "batches of 32 with L-BFGS, which takes all 150 rows at once"},
		{net, train.Trainer{Schedule: optim.Cosine{Length: 3}}, "the schedule optim.Cosine with L-BFGS"},
		{net, train.Trainer{GradNorms: true}, "GradNorms with L-BFGS"},
		{net, train.Trainer{Frozen: []string{"layer.0"}}, `no parameter begins with "layer.0"`},
		{net, train.Trainer{Optimizer: optim.LBFGS{Memory: -1}}, "history_size = -1"},
	} {
		if c.tr.Optimizer == nil {
			c.tr.Optimizer = optim.LBFGS{}
		}
		if _, err := c.tr.Fit(ctx, model(t, c.spec, nil), d, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v; want one with %q", err, c.want)
		}
	}
	done, cancel := context.WithCancel(ctx)
	cancel()
	saved := 0
	tr := train.Trainer{Optimizer: optim.LBFGS{}}
	tr.Hooks.Checkpoint = func(train.Position) error { saved++; return nil }
	if h, err := tr.Fit(done, model(t, net, nil), d, nil); !errors.Is(err, context.Canceled) || len(h.Epochs) != 0 || saved != 1 {
		t.Errorf("a done context: %d epochs, %d checkpoints, error %v", len(h.Epochs), saved, err)
	}
	// No single program of a step does what L-BFGS does.
	if _, err := train.Program(model(t, net, nil), 8, train.CrossEntropy, optim.LBFGS{}); err == nil || !strings.Contains(err.Error(), "several times a step") {
		t.Errorf("a step: error %v", err)
	}
}

// Wherever L-BFGS stops, in an epoch or between two, it goes on to the bits of a training that never stopped: of float32
// parameters too, of which the search moves float64 ones, and with running statistics, which every evaluation moves.
func TestLBFGSGoesOnToTheSameBits(t *testing.T) {
	d := flowers(t)
	quiet := noisy
	quiet.Finish.WithDropout = false
	for _, o := range []*models.Options{{Seed: 2}, {Seed: 2, DType: graph.F64}} {
		for _, stop := range []train.Position{{Epoch: 0, Batch: 0}, {Epoch: 1, Batch: 1}, {Epoch: 2, Batch: 3}} {
			tr := train.Trainer{Epochs: 4, Optimizer: optim.LBFGS{Iterations: 4, Memory: 3, Evaluations: 9}}
			straight, parts := model(t, quiet, o), model(t, quiet, o)
			whole := fit(t, tr, straight, d, nil)
			ctx, cancel := context.WithCancel(context.Background())
			first := tr
			first.Hooks.Step = func(at train.Position, _ float64) error {
				if at == stop {
					cancel()
				}
				return nil
			}
			first.Hooks.Checkpoint = func(at train.Position) error { tr.From = at; return nil }
			if _, err := first.Fit(ctx, parts, d, nil); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			rest := fit(t, tr, parts, d, nil)
			if !reflect.DeepEqual(state(straight), state(parts)) {
				t.Errorf("%v, stopped at %+v and gone on from %+v: the model is another one", o.DType, stop, tr.From)
			}
			if a, b := whole.Epochs[len(whole.Epochs)-1], rest.Epochs[len(rest.Epochs)-1]; a.Loss != b.Loss || a.LearningRate != b.LearningRate || a.Number != b.Number {
				t.Errorf("%v from %+v: the last epoch is %+v; want %+v", o.DType, tr.From, b, a)
			}
		}
	}
}

// What the search remembers is of one point: parameters that were changed since begin a new search.
func TestLBFGSForgetsWhenTheParametersAreOthers(t *testing.T) {
	d := flowers(t)
	tr := train.Trainer{Epochs: 2, Optimizer: optim.LBFGS{Iterations: 3}}
	m := model(t, net, f64)
	fit(t, tr, m, d, nil)
	w := m.Store().Get("layers.0.heads.0.w")
	for i := range w.F {
		w.F[i] = 0.1 * float64(i%3)
	}
	if err := m.Store().Set("layers.0.heads.0.w", w); err != nil {
		t.Fatal(err)
	}
	score, err := train.Evaluate(m, d, train.Evaluation{})
	if err != nil {
		t.Fatal(err)
	}
	tr.From, tr.Epochs = train.Position{Epoch: 2}, 3
	h := fit(t, tr, m, d, nil)
	if len(h.Epochs) != 1 || h.Epochs[0].Loss >= score.Loss {
		t.Errorf("from a loss of %v the epochs are %+v; want one with a smaller loss", score.Loss, h.Epochs)
	}
}
