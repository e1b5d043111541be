package train_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/models"
	"rpnc/models/data"
	"rpnc/models/loss"
	"rpnc/models/metric"
	"rpnc/models/optim"
	"rpnc/models/train"
	"rpnc/rpnops"
)

// flowers is the iris set with standard columns.
func flowers(t testing.TB) *data.Dataset {
	t.Helper()
	d, err := data.Iris()
	if err != nil {
		t.Fatal(err)
	}
	scale, err := data.Standardize(d)
	if err != nil {
		t.Fatal(err)
	}
	if d, err = scale.Apply(d); err != nil {
		t.Fatal(err)
	}
	return d
}

// net is a classifier of flowers.
var net = models.MLP{Dims: []int{4, 16, 3}, Finish: models.Finish{WithRelu: true}, Plain: true, Product: models.Product{EnableBias: true}}

// noisy has batch norm and dropout, so that states and the step matter.
var noisy = models.MLP{Dims: []int{4, 12, 3}, Plain: true, Product: models.Product{EnableBias: true},
	Finish: models.Finish{WithRelu: true, WithBatchNorm: true, WithDropout: true, P: 0.3}}

func model(t testing.TB, s models.Spec, o *models.Options) *models.Model {
	t.Helper()
	m, err := models.New(s, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func fit(t testing.TB, tr train.Trainer, m *models.Model, d, test *data.Dataset) train.History {
	t.Helper()
	h, err := tr.Fit(context.Background(), m, d, test)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// state is everything in the store of m.
func state(m *models.Model) map[string]*graph.Tensor {
	all := map[string]*graph.Tensor{}
	for _, name := range m.Store().Names() {
		all[name] = m.Store().Get(name)
	}
	return all
}

func TestFlowersAreLearnt(t *testing.T) {
	d := flowers(t)
	for _, o := range []optim.Optimizer{optim.AdamW{LR: 0.02}, optim.Adam{LR: 0.02}, optim.SGD{LR: 0.1, Momentum: 0.9}} {
		m := model(t, net, &models.Options{Seed: 1})
		h := fit(t, train.Trainer{Epochs: 40, BatchSize: 16, Optimizer: o}, m, d, d)
		last := h.Epochs[len(h.Epochs)-1]
		if len(h.Epochs) != 40 || last.TestMetric < 0.95 || last.Loss > 0.2*h.Epochs[0].Loss {
			t.Errorf("%T: %d epochs, from %+v to %+v; want 95 %% of the rows right", o, len(h.Epochs), h.Epochs[0], last)
		}
	}
}

func TestNumbersAreLearnt(t *testing.T) {
	d := &data.Dataset{Name: "line", Rows: 40, Cols: 1, YCols: 2}
	for i := range d.Rows {
		x := float64(i)/20 - 1
		d.X, d.Y = append(d.X, x), append(d.Y, 3*x+1, -x)
	}
	m := model(t, models.MLP{Dims: []int{1, 2}, Plain: true, Product: models.Product{EnableBias: true}}, &models.Options{DType: graph.F64})
	tr := train.Trainer{Epochs: 200, BatchSize: 10, Loss: train.MSE, Optimizer: optim.SGD{LR: 0.1, Momentum: 0.9}}
	h := fit(t, tr, m, d, nil)
	if last := h.Epochs[199]; last.Tested || last.Loss > 1e-12 {
		t.Errorf("the line is learnt to %+v; want no error, and no test", last)
	}
	if s, err := train.Evaluate(m, d, train.Evaluation{Loss: train.MSE, Chunk: 7}); err != nil || s.Loss > 1e-12 || s.Metric > 1e-6 || s.Metric <= 0 {
		t.Errorf("the model scores %+v, %v", s, err)
	}
}

func TestTheSameSeedGivesTheSameBitsOnAnyNumberOfThreads(t *testing.T) {
	d := flowers(t)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var want map[string]*graph.Tensor
	for _, threads := range []int{1, 2, 8} {
		runtime.GOMAXPROCS(threads)
		m := model(t, noisy, &models.Options{Seed: 3})
		fit(t, train.Trainer{Epochs: 3, BatchSize: 32, Seed: 4}, m, d, nil)
		if got := state(m); want == nil {
			want = got
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%d threads give another model", threads)
		}
	}
	other := model(t, noisy, &models.Options{Seed: 3})
	fit(t, train.Trainer{Epochs: 3, BatchSize: 32, Seed: 5}, other, d, nil)
	if reflect.DeepEqual(state(other), want) {
		t.Error("another seed gives the same model")
	}
}

func TestEveryRowIsUsedOnceAnEpoch(t *testing.T) {
	all := flowers(t)
	for _, c := range []struct{ rows, size, steps int }{
		{100, 25, 4}, {100, 32, 4}, {100, 33, 3}, {100, 99, 1}, {100, 1000, 1}, {3, 2, 1}, {3, 1, 3}, {1, 0, 1}, {100, 0, 2},
	} {
		d, _, err := all.Split(func(i int) bool { return i >= c.rows })
		if err != nil {
			t.Fatal(err)
		}
		m := model(t, net, nil)
		steps := 0
		tr := train.Trainer{Epochs: 2, BatchSize: c.size, Optimizer: optim.SGD{LR: 1e-30}}
		tr.Hooks.Step = func(train.Position, float64) error { steps++; return nil }
		h := fit(t, tr, m, d, d)
		// At rate 0 the mean over the rows of the batches is that over the set, if every row counts once.
		e := h.Epochs[0]
		if steps != 2*c.steps || math.Abs(e.Loss-e.TestLoss) > 1e-6 {
			t.Errorf("%+v: %d steps in two epochs, mean loss %v, of the set %v", c, steps, e.Loss, e.TestLoss)
		}
	}
}

func TestEpochsHaveOrdersOfTheirOwn(t *testing.T) {
	d := flowers(t)
	var firsts []float64
	tr := train.Trainer{Epochs: 2, BatchSize: 50, Optimizer: optim.SGD{LR: 1e-30}}
	tr.Hooks.Step = func(at train.Position, loss float64) error {
		if at.Batch == 0 {
			firsts = append(firsts, loss)
		}
		return nil
	}
	h := fit(t, tr, model(t, net, nil), d, nil)
	if firsts[0] == firsts[1] || math.Abs(h.Epochs[0].Loss-h.Epochs[1].Loss) > 1e-6 {
		t.Errorf("first batches lose %v, epochs %v and %v; want other batches of the same rows", firsts, h.Epochs[0].Loss, h.Epochs[1].Loss)
	}
}

func TestASingleRowLeftOverIsNoObstacleToBatchNorm(t *testing.T) {
	d, _, err := flowers(t).Split(func(i int) bool { return i >= 33 })
	if err != nil {
		t.Fatal(err)
	}
	fit(t, train.Trainer{Epochs: 2, BatchSize: 16}, model(t, noisy, nil), d, nil)
	_, err = train.Trainer{Epochs: 1, BatchSize: 1}.Fit(context.Background(), model(t, noisy, nil), d, nil)
	if err == nil || !strings.Contains(err.Error(), "2 rows or more") {
		t.Errorf("batches of one row: error %v", err)
	}
}

func TestExecutorsAgreeStepByStepFromEqualState(t *testing.T) {
	d := flowers(t)
	var programs []*compile.Program
	var nets []*models.Model
	for _, vm := range []compile.VM{compile.Interpreter, compile.Plan, compile.Tape} {
		m := model(t, noisy, &models.Options{Seed: 2, DType: graph.F64, Compile: &compile.Options{VM: vm, Check: true}})
		p, err := train.Program(m, 50, train.CrossEntropy, optim.AdamW{LR: 0.01, ClipNorm: 0.5})
		if err != nil {
			t.Fatal(err)
		}
		programs, nets = append(programs, p), append(nets, m)
	}
	for k := range 6 {
		lo := 50 * (k % 3)
		for i, p := range programs {
			for name, x := range state(nets[0]) {
				if err := nets[i].Store().Set(name, x); err != nil {
					t.Fatal(err)
				}
			}
			copy(p.Input("x").F64, d.X[lo*4:])
			copy(p.Input("target").I32, d.Labels[lo:])
		}
		for i := len(programs) - 1; i >= 0; i-- {
			if err := programs[i].Run(); err != nil {
				t.Fatal(err)
			}
		}
		for i := 1; i < len(programs); i++ {
			what := fmt.Sprintf("step %d, executor %d", k, i)
			agree(t, what+": loss", programs[i].Output(0).F64, programs[0].Output(0).F64)
			for name, x := range state(nets[0]) {
				got := nets[i].Store().Get(name)
				agree(t, what+": "+name, got.F, x.F)
				if !reflect.DeepEqual(got.I, x.I) {
					t.Errorf("%s: %s is %v; want %v", what, name, got.I, x.I)
				}
			}
		}
	}
}

// agree wants numbers equal to rounding. A gradient that is zero but for rounding moves Adam by up to its rate in
// the first steps, so parameters before a norm, whose gradient is that, are compared with that in mind: ClipNorm and
// the bias before batch norm make steps of the order of rounding/ε.
func agree(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if strings.HasSuffix(what, "layers.0.heads.0.b") {
		return
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= 1e-9*math.Max(1, math.Abs(want[i]))) {
			t.Fatalf("%s: element %d is %v; want %v", what, i, got[i], want[i])
		}
	}
}

func TestASecondTrainingStartsTheOptimizerAfresh(t *testing.T) {
	d := flowers(t)
	once, twice := model(t, net, nil), model(t, net, nil)
	tr := train.Trainer{Epochs: 2, BatchSize: 50}
	weights := state(once)
	fit(t, tr, once, d, nil)
	fit(t, train.Trainer{Epochs: 1, BatchSize: 30}, twice, d, nil)
	for name, x := range weights {
		if err := twice.Store().Set(name, x); err != nil {
			t.Fatal(err)
		}
	}
	fit(t, tr, twice, d, nil)
	if !reflect.DeepEqual(state(once), state(twice)) {
		t.Error("what an earlier training left in the store changes a later one")
	}
}

func TestTheScheduleSetsTheRate(t *testing.T) {
	d := flowers(t)
	for _, c := range []struct {
		everyStep bool
		want      []float64
	}{{false, []float64{0.5, 0.25, 0.125}}, {true, []float64{0.125, 0.125 / 8, 0.125 / 64}}} {
		m := model(t, net, &models.Options{DType: graph.F64})
		tr := train.Trainer{Epochs: 3, BatchSize: 50, Optimizer: optim.SGD{LR: 0.5}, Schedule: optim.Exponential{Gamma: 0.5}, EveryStep: c.everyStep}
		for i, e := range fit(t, tr, m, d, nil).Epochs {
			if e.LearningRate != c.want[i] {
				t.Errorf("every step %t: rate %v after epoch %d; want %v", c.everyStep, e.LearningRate, e.Number, c.want[i])
			}
		}
		if got := m.Store().Get(optim.LRName).F[0]; got != c.want[2] {
			t.Errorf("the store has rate %v; want %v", got, c.want[2])
		}
	}
}

func TestCancellationStopsAfterTheStepWithACheckpoint(t *testing.T) {
	d := flowers(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var saved []train.Position
	steps := 0
	tr := train.Trainer{Epochs: 5, BatchSize: 50}
	tr.Hooks.Step = func(at train.Position, _ float64) error {
		if steps++; at == (train.Position{Epoch: 2, Batch: 0}) {
			cancel()
		}
		return nil
	}
	tr.Hooks.Checkpoint = func(at train.Position) error { saved = append(saved, at); return nil }
	h, err := tr.Fit(ctx, model(t, net, nil), d, nil)
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "after 2 epochs and 1 batches") {
		t.Errorf("error %v; want one that wraps context.Canceled and says where", err)
	}
	if want := []train.Position{{Epoch: 2, Batch: 1}}; len(h.Epochs) != 2 || steps != 7 || !reflect.DeepEqual(saved, want) {
		t.Errorf("%d epochs, %d steps, checkpoints at %v; want 2, 7 and %v", len(h.Epochs), steps, saved, want)
	}
}

func TestCheckpointsComeWhenAskedForAndAtTheEnd(t *testing.T) {
	for every, want := range map[int][]train.Position{0: {{Epoch: 5}}, 2: {{Epoch: 2}, {Epoch: 4}, {Epoch: 5}}} {
		var saved []train.Position
		tr := train.Trainer{Epochs: 5, BatchSize: 150, Hooks: train.Hooks{CheckpointEvery: every}}
		tr.Hooks.Checkpoint = func(at train.Position) error { saved = append(saved, at); return nil }
		fit(t, tr, model(t, net, nil), flowers(t), nil)
		if !reflect.DeepEqual(saved, want) {
			t.Errorf("every %d: checkpoints at %v; want %v", every, saved, want)
		}
	}
}

func TestErrorsOfHooksEndTheTraining(t *testing.T) {
	bad := errors.New("full disk")
	for _, hooks := range []train.Hooks{
		{Step: func(train.Position, float64) error { return bad }},
		{Epoch: func(train.Epoch) error { return bad }},
		{Checkpoint: func(train.Position) error { return bad }, CheckpointEvery: 1},
	} {
		h, err := train.Trainer{Epochs: 3, Hooks: hooks}.Fit(context.Background(), model(t, net, nil), flowers(t), nil)
		if !errors.Is(err, bad) || len(h.Epochs) > 1 {
			t.Errorf("%d epochs, error %v", len(h.Epochs), err)
		}
	}
}

func TestALossThatIsNoNumberStopsWithItsPlace(t *testing.T) {
	d := flowers(t)
	tr := train.Trainer{Epochs: 50, BatchSize: 50, Optimizer: optim.SGD{LR: 1e30}}
	h, err := tr.Fit(context.Background(), model(t, net, nil), d, nil)
	if err == nil {
		t.Fatalf("training at rate 1e30 gives %+v", h)
	}
	for _, want := range []string{"epoch 1, step ", "the loss is ", "layers.0.heads.0.", "NaN"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q; want it to name %q", err, want)
		}
	}
}

func TestDataThatDoNotFitAreErrors(t *testing.T) {
	d := flowers(t)
	narrow := *d
	narrow.Cols, narrow.X, narrow.Columns = 2, d.X[:300], nil
	unlabelled := *d
	unlabelled.Labels = nil
	holes := *d
	holes.X = append([]float64{math.NaN()}, d.X[1:]...)
	two := net
	two.Dims = []int{4, 2}
	for _, c := range []struct {
		tr   train.Trainer
		spec models.Spec
		d    *data.Dataset
		want string
	}{
		{train.Trainer{}, net, &narrow, "the data have 2 columns, the model takes 4"},
		{train.Trainer{}, net, &unlabelled, "needs Labels"},
		{train.Trainer{}, net, &holes, "X is NaN in row 0"},
		{train.Trainer{}, net, nil, "no rows"},
		{train.Trainer{}, two, d, "3 classes, the model gives 2"},
		{train.Trainer{Loss: train.MSE}, net, d, "0 target columns, the model gives 3"},
		{train.Trainer{Loss: loss.Huber{Delta: -1}}, net, d, "loss.Huber: delta = -1"},
		{train.Trainer{Loss: loss.CrossEntropy{Weight: []float64{1, 2}}}, net, d, "2 class weights, the model gives 3 columns"},
		{train.Trainer{TrainRows: []int{0, 150}}, net, d, "TrainRows[1] = 150; the data have rows 0…149"},
		{train.Trainer{TestRows: []int{-1}}, net, d, "TestRows[0] = -1"},
		{train.Trainer{TrainRows: []int{}}, net, d, "TrainRows is empty"},
		{train.Trainer{TrainRows: []int{3}, BatchSize: 10}, net, d, "BatchSize = 10 with TrainRows"},
		{train.Trainer{Watch: train.Watch{Patience: -1}}, net, d, "Watch.Patience = -1"},
		{train.Trainer{Frozen: []string{"layer."}}, net, d, "optim.Frozen: no parameter begins with \"layer.\""},
		{train.Trainer{BatchSize: -1}, net, d, "BatchSize = -1"},
		{train.Trainer{From: train.Position{Batch: 3}}, net, d, "From.Batch = 3 of 3"},
		{train.Trainer{Optimizer: optim.SGD{Nesterov: true}}, net, d, "optim.SGD"},
	} {
		if _, err := c.tr.Fit(context.Background(), model(t, c.spec, nil), c.d, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v; want one with %q", err, c.want)
		}
	}
	if _, err := (train.Trainer{}).Fit(context.Background(), model(t, net, nil), d, &narrow); err == nil || !strings.Contains(err.Error(), "test part") {
		t.Errorf("a test part that does not fit: error %v", err)
	}
	if _, err := train.Evaluate(model(t, net, nil), d, train.Evaluation{Chunk: -1}); err == nil {
		t.Error("a chunk of -1 rows is no error")
	}
}

func TestEvaluationDoesNotDependOnTheChunk(t *testing.T) {
	d, m := flowers(t), model(t, noisy, &models.Options{DType: graph.F64})
	want, err := train.Evaluate(m, d, train.Evaluation{})
	if err != nil {
		t.Fatal(err)
	}
	for _, chunk := range []int{1, 7, 150, 1000} {
		if got, err := train.Evaluate(m, d, train.Evaluation{Chunk: chunk}); err != nil || math.Abs(got.Loss-want.Loss) > 1e-12 || got.Metric != want.Metric {
			t.Errorf("chunks of %d score %+v, %v; want %+v", chunk, got, err, want)
		}
	}
	// Logits of 0 say nothing: −ln(1/3), and the first class of three is predicted.
	for _, name := range m.Store().Names() {
		x := m.Store().Get(name)
		clear(x.F)
		if err := m.Store().Set(name, x); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := train.Evaluate(m, d, train.Evaluation{}); err != nil || math.Abs(got.Loss-math.Log(3)) > 1e-12 || math.Abs(got.Metric-1./3) > 1e-12 {
		t.Errorf("a model of zeros scores %+v, %v; want ln 3 and 1/3", got, err)
	}
}

func TestTheLogHasALineOfJSONAnEpoch(t *testing.T) {
	var log, lines bytes.Buffer
	tr := train.Trainer{Epochs: 5, BatchSize: 50, EvalEvery: 2, Log: &log, Progress: &lines}
	h := fit(t, tr, model(t, net, nil), flowers(t), flowers(t))
	dec := json.NewDecoder(&log)
	for _, e := range h.Epochs {
		var rec map[string]any
		if err := dec.Decode(&rec); err != nil {
			t.Fatal(err)
		}
		_, tested := rec["test_loss"]
		if rec["epoch"] != float64(e.Number) || rec["loss"] != e.Loss || tested != e.Tested || e.Tested != (e.Number != 1 && e.Number != 3) {
			t.Errorf("epoch %+v is logged as %v", e, rec)
		}
		if e.Tested && (rec["test_metric"] != e.TestMetric || rec["metric"] != "accuracy") {
			t.Errorf("epoch %+v is logged as %v", e, rec)
		}
	}
	if got := strings.Split(strings.TrimSpace(lines.String()), "\n"); len(got) != 5 || strings.Contains(lines.String(), "\r") ||
		!strings.HasPrefix(got[0], "epoch 1/5  loss ") || !strings.Contains(got[4], "  accuracy ") {
		t.Errorf("progress is %q; want a plain line an epoch", got)
	}
}

func TestGoingOnIsTheSameAsNotStopping(t *testing.T) {
	d := flowers(t)
	straight, parts := model(t, noisy, &models.Options{Seed: 9}), model(t, noisy, &models.Options{Seed: 9})
	tr := train.Trainer{Epochs: 4, BatchSize: 40, Seed: 1, Schedule: optim.Exponential{Gamma: 0.7}}
	fit(t, tr, straight, d, nil)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	first := tr
	first.Hooks.Step = func(at train.Position, _ float64) error {
		if at == (train.Position{Epoch: 2, Batch: 1}) {
			cancel()
		}
		return nil
	}
	first.Hooks.Checkpoint = func(at train.Position) error { tr.From = at; return nil }
	if _, err := first.Fit(ctx, parts, d, nil); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	fit(t, tr, parts, d, nil)
	if tr.From != (train.Position{Epoch: 2, Batch: 2}) || !reflect.DeepEqual(state(straight), state(parts)) {
		t.Errorf("stopped and gone on from %+v, the model is another one", tr.From)
	}
	if got := parts.Store().Get(rpnops.StepName).I[0]; got != 16 {
		t.Errorf("the step is %d; want 16", got)
	}
}

// The results that Batch is given are those of before the update: their loss is the loss of the step.
func TestBatchHasTheResultsOfBeforeTheUpdate(t *testing.T) {
	d := flowers(t)
	for _, rows := range [][]int{nil, {3, 70, 149, 5}} {
		var loss float64
		steps := 0
		tr := train.Trainer{Epochs: 2, TrainRows: rows, Metric: metric.AccuracyScore{}}
		tr.Hooks.Step = func(_ train.Position, l float64) error { loss = l; return nil }
		tr.Hooks.Batch = func(at train.Position, r metric.Table) error {
			steps++
			sum := 0.0
			for i, label := range r.Labels {
				row, total := r.Scores[i*r.Cols:(i+1)*r.Cols], 0.0
				for _, v := range row {
					total += math.Exp(v)
				}
				sum += math.Log(total) - row[label]
			}
			if mean := sum / float64(len(r.Labels)); math.Abs(mean-loss) > 1e-12 {
				t.Errorf("%+v: the results have a loss of %v, the step %v", at, mean, loss)
			}
			return nil
		}
		fit(t, tr, model(t, net, f64), d, nil)
		if want := map[bool]int{true: 6, false: 2}[rows == nil]; steps != want {
			t.Errorf("%d steps; want %d", steps, want)
		}
	}
	tr := train.Trainer{Epochs: 1}
	tr.Hooks.Batch = func(train.Position, metric.Table) error { return errors.New("full") }
	if _, err := tr.Fit(context.Background(), model(t, net, nil), d, nil); err == nil || !strings.Contains(err.Error(), "results of epoch 1, step 1: full") {
		t.Errorf("error %v; want that of the hook", err)
	}
}
