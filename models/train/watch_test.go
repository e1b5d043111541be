package train_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"rpnc/graph"
	"rpnc/models/optim"
	"rpnc/models/train"
	"rpnc/rpnops"
)

// parameters are what a model is made of, without what a training keeps.
func parameters(all map[string]*graph.Tensor) map[string]*graph.Tensor {
	out := map[string]*graph.Tensor{}
	for name, x := range all {
		if !strings.HasPrefix(name, rpnops.OptimizerPrefix) && name != rpnops.StepName {
			out[name] = x
		}
	}
	return out
}

// unsteady has a rate at which the test loss goes up and down.
var unsteady = train.Trainer{Epochs: 30, BatchSize: 30, Optimizer: optim.SGD{LR: 1.5, Momentum: 0.5}}

func TestTheBestEpochIsGivenBack(t *testing.T) {
	d := flowers(t)
	for _, byMetric := range []bool{false, true} {
		tr, m := unsteady, model(t, noisy, f64)
		tr.Watch = train.Watch{Restore: true, Metric: byMetric}
		var after []map[string]*graph.Tensor
		tr.Hooks.Epoch = func(train.Epoch) error { after = append(after, parameters(state(m))); return nil }
		h := fit(t, tr, m, d, d)
		best := 0
		for i, e := range h.Epochs {
			if byMetric && e.TestMetric > h.Epochs[best].TestMetric || !byMetric && e.TestLoss < h.Epochs[best].TestLoss {
				best = i
			}
		}
		if h.Best != best+1 || h.Best == 30 || h.Stopped || !reflect.DeepEqual(parameters(state(m)), after[best]) {
			t.Errorf("by metric %t: best epoch %d of %d; want %d, and its parameters", byMetric, h.Best, len(h.Epochs), best+1)
		}
	}
}

func TestTrainingStopsWhenNothingGetsBetter(t *testing.T) {
	d := flowers(t)
	tr := unsteady
	whole := fit(t, tr, model(t, net, f64), d, d)
	tr.Watch = train.Watch{Patience: 3, MinDelta: 0.01}
	saved := 0
	tr.Hooks.Checkpoint = func(train.Position) error { saved++; return nil }
	h := fit(t, tr, model(t, net, f64), d, d)
	// The same, followed on the losses of the whole training.
	best, at, last := math.Inf(1), 0, 0
	for i, e := range whole.Epochs {
		if e.TestLoss < best-0.01 {
			best, at = e.TestLoss, i+1
		}
		if last = i + 1; last-at == 3 {
			break
		}
	}
	if last == 30 {
		t.Fatal("the example never stops; the test shows nothing")
	}
	if len(h.Epochs) != last || h.Best != at || !h.Stopped || saved != 1 {
		t.Errorf("%d epochs, best %d, stopped %t, %d checkpoints; want %d, %d, true, 1", len(h.Epochs), h.Best, h.Stopped, saved, last, at)
	}
	// Without a test part the training loss is followed.
	tr.Watch = train.Watch{Patience: 2}
	tr.Optimizer = optim.SGD{LR: 1e-30}
	if h := fit(t, tr, model(t, net, f64), d, nil); len(h.Epochs) > 6 || !h.Stopped {
		t.Errorf("a model that does not move is trained for %d epochs", len(h.Epochs))
	}
}

func TestAPlateauLowersTheRateOfATraining(t *testing.T) {
	d := flowers(t)
	tr := train.Trainer{Epochs: 6, BatchSize: 150, Optimizer: optim.SGD{LR: 1e-20},
		Schedule: optim.Plateau{Patience: rpnops.Some(1), Factor: rpnops.Some(0.5)}}
	var rates []float64
	for _, e := range fit(t, tr, model(t, net, f64), d, d).Epochs {
		rates = append(rates, e.LearningRate*1e20)
	}
	if want := []float64{1, 1, 1, 0.5, 0.5, 0.25}; !reflect.DeepEqual(rates, want) {
		t.Errorf("the rates are %v; want %v", rates, want)
	}
}

// What a watch remembers, the best parameters too, is in the store: going on is the same as not stopping.
func TestAWatchGoesOnFromTheStore(t *testing.T) {
	d := flowers(t)
	tr := unsteady
	tr.Watch = train.Watch{Patience: 8, Restore: true}
	tr.Schedule = optim.Plateau{Patience: rpnops.Some(1)}
	straight, parts := model(t, noisy, f64), model(t, noisy, f64)
	want := fit(t, tr, straight, d, d)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	first := tr
	first.Hooks.Epoch = func(e train.Epoch) error {
		if e.Number == want.Best+1 {
			cancel()
		}
		return nil
	}
	first.Hooks.Checkpoint = func(at train.Position) error { tr.From = at; return nil }
	if _, err := first.Fit(ctx, parts, d, d); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	h := fit(t, tr, parts, d, d)
	if h.Best != want.Best || h.Stopped != want.Stopped || !reflect.DeepEqual(state(straight), state(parts)) {
		t.Errorf("gone on from %+v: best epoch %d, stopped %t; want %d, %t and the same store", tr.From, h.Best, h.Stopped, want.Best, want.Stopped)
	}
}

func TestFrozenLayersKeepTheirValues(t *testing.T) {
	d, m := flowers(t), model(t, net, nil)
	before := state(m)
	fit(t, train.Trainer{Epochs: 2, Frozen: []string{"layers.0."}}, m, d, nil)
	for name, x := range before {
		if same := reflect.DeepEqual(m.Store().Get(name), x); same != strings.HasPrefix(name, "layers.0.") {
			t.Errorf("%s is unchanged: %t", name, same)
		}
	}
}

func TestTheLogHasTheNormsOfGradients(t *testing.T) {
	d, m := flowers(t), model(t, net, f64)
	var log bytes.Buffer
	h := fit(t, train.Trainer{Epochs: 1, BatchSize: 150, GradNorms: true, Log: &log, Optimizer: optim.SGD{LR: 1e-30}}, m, d, nil)
	var rec struct {
		Norms map[string]float64 `json:"grad_norms"`
	}
	if err := json.Unmarshal(log.Bytes(), &rec); err != nil {
		t.Fatal(err)
	}
	if len(rec.Norms) != 4 || !reflect.DeepEqual(rec.Norms, h.Epochs[0].GradNorms) {
		t.Errorf("the log has %v; want the norms of four parameters, %v", rec.Norms, h.Epochs[0].GradNorms)
	}
	for name, norm := range rec.Norms {
		if !(norm > 0) || math.IsInf(norm, 0) {
			t.Errorf("the norm of %s is %v", name, norm)
		}
	}
	var plain bytes.Buffer
	fit(t, train.Trainer{Epochs: 1, Log: &plain}, model(t, net, nil), d, nil)
	if strings.Contains(plain.String(), "grad_norms") {
		t.Errorf("nobody asked for norms: %s", plain.String())
	}
}
