// Package train fits models to data.
//
// # Mental model
//
// A [Trainer] is settings; its zero value trains classes with AdamW. Fit compiles one program for a whole training step
// (forward, backward, optimizer, running statistics) for each batch size it meets, all over the store of the model,
// and runs it batch after batch:
//
//	h, err := train.Trainer{Epochs: 20, BatchSize: 64, Progress: os.Stderr}.Fit(ctx, m, rows, held)
//	score, err := train.Evaluate(m, held, train.Evaluation{})
//
// Where the rows belong together, as the nodes of a graph do, TrainRows names those that the loss is taken over; the
// model sees all of them, in one batch. With [optim.LBFGS] as the optimizer an epoch is some of its iterations, each over
// all rows at once with a step of its own length.
//
// The order of the rows is a pure function of (seed, epoch), and so is the mask of a dropout of (seed, step): a run is
// the same to the bit on any number of threads, and one that goes on from a [Position] with the store of that moment
// is the same as one that never stopped.
//
// # What it may know
//
// Package models, what is below it, and its other sub-packages.
package train

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"rpnc/graph"
	"rpnc/models"
	"rpnc/models/data"
	"rpnc/models/metric"
	"rpnc/models/optim"
)

// Trainer says how to train. The zero value serves.
type Trainer struct {
	Epochs    int             // passes over the data, those before From included; 0 means 100
	BatchSize int             // rows of a step; 0 means 64, or all where there are fewer
	Optimizer optim.Optimizer // nil means optim.AdamW{}
	Frozen    []string        // prefixes of the names of parameters that stay as they are
	Loss      Loss            // nil means CrossEntropy
	Metric    metric.Metric   // what is measured beside the loss; nil means DefaultMetric(Loss)
	Also      []metric.Metric // what else is; a Watch follows Metric
	TrainRows []int           // rows of the training data that the loss is taken over, all in one batch; nil: all, shuffled
	TestRows  []int           // rows of the test part that are measured; without a test part, of the training data
	Seed      uint64          // of the order of the rows
	Schedule  optim.Schedule  // of the learning rate; nil: constant
	EveryStep bool            // Schedule counts steps instead of epochs
	Watch     Watch           // early stopping, and the best epoch
	GradNorms bool            // write the norm of every parameter's gradient, at an epoch's last step, to the log
	EvalEvery int             // epochs between evaluations, the last epoch always has one; 0 means 1
	From      Position        // where to go on; the zero Position starts afresh, with step and moments at zero
	Log       io.Writer       // a line of JSON an epoch
	Progress  io.Writer       // a line that moves on a terminal, a line an epoch elsewhere
	Hooks     Hooks
}

// Position is a moment between two steps: so many epochs are done, and so many batches of the next one.
//
// With L-BFGS a batch is one of its iterations.
type Position struct{ Epoch, Batch int }

// Hooks are called between steps; the store is at rest then. An error of one ends the training.
type Hooks struct {
	Step  func(at Position, loss float64) error // after the step from a position; it should be quick
	Epoch func(Epoch) error                     // after every epoch
	// Batch is called after Step with what the model gave the rows of the step, those of TrainRows where there are some,
	// before the update. The program of a training that has it keeps that result. L-BFGS has no such results.
	Batch func(at Position, results metric.Table) error
	// Checkpoint is called after every CheckpointEvery epochs (0: never), at the end, and when the context is done: from
	// this position, with the store as it is, training goes on to the same bits.
	Checkpoint      func(Position) error
	CheckpointEvery int
}

// History is what training reached.
type History struct {
	Epochs  []Epoch
	Best    int  // number of the best epoch, where Watch has followed one; else 0
	Stopped bool // Watch has ended the training before its last epoch
}

// Epoch is what one epoch reached.
type Epoch struct {
	Number        int     // from 1 on
	Loss          float64 // mean over the rows trained on, each at its step
	LearningRate  float64 // of the last step
	Tested        bool    // the next two are known
	TestLoss      float64
	TestMetric    float64            // see [Trainer.Metric]
	Metrics       map[string]float64 // all measures by name, that one among them
	GradNorms     map[string]float64 // by parameter, where Trainer.GradNorms asks for them
	RowsPerSecond float64            // of the steps alone
	Duration      time.Duration
}

// Fit trains m on the rows of train, and measures it on those of test, where test is not nil.
//
// Without TrainRows every row is used in every epoch. A last batch that is short has a program of its own; one of a single row, which has
// no batch statistics, is joined to the batch before it.
//
// Errors: data that do not fit the model; with L-BFGS batches, a schedule or dropout; a loss that is no finite number, with epoch, step and the first parameter
// that is none; the error of ctx, wrapped, when it is done. The history holds all epochs that were finished.
func (t Trainer) Fit(ctx context.Context, m *models.Model, train, test *data.Dataset) (History, error) {
	if o, ok := t.Optimizer.(optim.LBFGS); ok {
		return t.descend(ctx, o, m, train, test)
	}
	r, err := t.start(m, train, test)
	if err != nil {
		return History{}, err
	}
	defer r.close()
	err = r.epochs(ctx)
	return r.history, err
}

// defaults fills in the settings left out.
func (t Trainer) defaults(rows int) (Trainer, error) {
	for _, s := range []struct {
		name  string
		value int
	}{{"Epochs", t.Epochs}, {"BatchSize", t.BatchSize}, {"EvalEvery", t.EvalEvery}, {"From.Epoch", t.From.Epoch},
		{"From.Batch", t.From.Batch}, {"Hooks.CheckpointEvery", t.Hooks.CheckpointEvery}} {
		if s.value < 0 {
			return t, fmt.Errorf("train.Trainer: %s = %d; want 0 or more", s.name, s.value)
		}
	}
	if t.Epochs == 0 {
		t.Epochs = 100
	}
	if t.BatchSize == 0 {
		t.BatchSize = 64
	}
	t.BatchSize = min(t.BatchSize, rows)
	if t.EvalEvery == 0 {
		t.EvalEvery = 1
	}
	if t.Optimizer == nil {
		t.Optimizer = optim.AdamW{}
	}
	if t.Schedule == nil {
		t.Schedule = optim.Constant{}
	}
	return t, nil
}

// losses fills in loss and metric.
func (t Trainer) losses() Trainer {
	if t.Loss == nil {
		t.Loss = CrossEntropy
	}
	if t.Metric == nil {
		t.Metric = DefaultMetric(t.Loss)
	}
	return t
}

// optimizer is Optimizer with what Frozen and GradNorms ask for.
func (t Trainer) optimizer() optim.Optimizer {
	o := t.Optimizer
	if t.GradNorms {
		o = optim.Norms{Optimizer: o}
	}
	if len(t.Frozen) > 0 {
		o = optim.Frozen{Optimizer: o, Prefixes: t.Frozen}
	}
	return o
}

// run is a training under way.
type run struct {
	Trainer
	model   *models.Model
	test    *data.Dataset
	batches *batches
	steps   stepper
	rate    *graph.Tensor // the learning rate, reused
	watch   *watcher
	screen  *progress
	history History
}

// start checks everything that can be wrong before the first step, and compiles the programs.
func (t Trainer) start(m *models.Model, train, test *data.Dataset) (*run, error) {
	r, err := t.check(m, train, test)
	if err != nil {
		return nil, err
	}
	if r.steps, err = newStepper(m, train, r.Trainer, t.weights(train.Rows), r.batches.sizes()); err != nil {
		return nil, err
	}
	r.screen = newProgress(t.Progress, r.Epochs, r.batches.count, r.measures())
	return r, nil
}

// check is start without the programs.
//
// A training that starts afresh clears what an optimizer has left in the store; one that goes on needs
// exactly that.
func (t Trainer) check(m *models.Model, train, test *data.Dataset) (*run, error) {
	t = t.losses()
	if test == nil && t.TestRows != nil {
		test = train
	}
	if err := t.checkParts(m, train, test); err != nil {
		return nil, fmt.Errorf("train.Fit: %w", err)
	}
	t, err := t.defaults(train.Rows)
	if err != nil {
		return nil, err
	}
	r := &run{Trainer: t, model: m, test: test, rate: graph.NewTensor(graph.Type{DType: m.DType()})}
	if r.batches, err = t.cut(train.Rows); err != nil {
		return nil, err
	}
	// Moments of an earlier training, perhaps with another optimizer, must not leak into this one.
	if t.From == (Position{}) {
		afresh(m.Store())
	}
	r.watch, err = newWatcher(m.Store(), t)
	return r, err
}

// measures are the names of the metrics, that which leads before the others.
func (t Trainer) measures() []string {
	names := []string{t.Metric.String()}
	for _, m := range t.Also {
		names = append(names, m.String())
	}
	return names
}

// checkParts holds both parts of the data against the model, the loss and the rows that are asked for.
func (t Trainer) checkParts(m *models.Model, train, test *data.Dataset) error {
	if err := checkData(t.Loss, m, train); err != nil {
		return err
	}
	if test != nil {
		if err := checkData(t.Loss, m, test); err != nil {
			return fmt.Errorf("test part: %w", err)
		}
		if err := checkRows("TestRows", t.TestRows, test.Rows); err != nil {
			return err
		}
	}
	if t.TrainRows != nil && len(t.TrainRows) == 0 {
		return fmt.Errorf("TrainRows is empty; want a row to train on, or nil for all")
	}
	if t.TrainRows != nil && t.BatchSize != 0 && t.BatchSize < train.Rows {
		return fmt.Errorf("BatchSize = %d with TrainRows, where all %d rows are one batch; want 0", t.BatchSize, train.Rows)
	}
	return checkRows("TrainRows", t.TrainRows, train.Rows)
}

// cut makes the batches: one of all rows in their order where TrainRows picks those that count.
func (t Trainer) cut(rows int) (b *batches, err error) {
	if t.TrainRows != nil {
		b = oneBatch(rows)
	} else if b, err = newBatches(rows, t.BatchSize, t.Seed); err != nil {
		return nil, err
	}
	if _, iterates := t.Optimizer.(optim.LBFGS); !iterates && t.From.Batch >= b.count {
		return nil, fmt.Errorf("train.Trainer: From.Batch = %d of %d; the position is of another batch size or of other data", t.From.Batch, b.count)
	}
	return b, nil
}

// weights are those of the rows: 1 for TrainRows, as often as they are named; nil where all count alike.
func (t Trainer) weights(rows int) []float64 {
	if t.TrainRows == nil {
		return nil
	}
	w := make([]float64, rows)
	for _, r := range t.TrainRows {
		w[r]++
	}
	return w
}

func (r *run) close() {
	r.screen.close()
	r.steps.close()
}

// epochs trains from the first epoch to the last. Only the first may begin in its middle.
func (r *run) epochs(ctx context.Context) error {
	first := r.From.Batch
	if r.watch.exhausted() {
		r.history.Best, r.history.Stopped = r.watch.epoch, true
		return nil // it was ended before
	}
	for e := r.From.Epoch; e < r.Epochs; e++ {
		began := time.Now()
		loss, rows, err := r.epoch(ctx, e, first)
		if err != nil {
			return err
		}
		took := max(time.Since(began), time.Nanosecond)
		done := Epoch{Number: e + 1, Loss: loss, LearningRate: r.rate.F[0], RowsPerSecond: float64(rows) / took.Seconds()}
		stop, err := r.finish(done, began)
		if err != nil {
			return err
		}
		if first = 0; stop {
			break
		}
	}
	return nil
}

// epoch runs the batches of epoch e from the given one on: the mean loss, and the number of rows.
func (r *run) epoch(ctx context.Context, e, first int) (mean float64, rows int, err error) {
	r.batches.shuffle(e)
	sum, weights := 0.0, 0.0 // of the losses of rows, so that a short batch counts by its length
	for i := first; i < r.batches.count; i++ {
		at := Position{e, i}
		// Between two steps the store is at rest, and that is the only place where a training stops.
		if err := ctx.Err(); err != nil {
			return 0, 0, r.stop(at, err)
		}
		loss, weight, err := r.step(at)
		if err != nil {
			return 0, 0, err
		}
		n := len(r.batches.rows(i))
		sum, weights, rows = sum+loss*weight, weights+weight, rows+n
		r.screen.step(at, sum/weights, n)
	}
	return sum / weights, rows, nil
}

// step runs the step at a position: its loss and the weight of its rows. It allocates nothing.
func (r *run) step(at Position) (loss, weight float64, err error) {
	if err := r.setRate(at); err != nil {
		return 0, 0, err
	}
	loss, weight, err = r.steps.step(r.batches.rows(at.Batch))
	if err != nil {
		return 0, 0, fmt.Errorf("train.Fit: epoch %d, step %d: %w", at.Epoch+1, at.Batch+1, err)
	}
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return 0, 0, fmt.Errorf("train.Fit: epoch %d, step %d: the loss is %v%s; want a smaller learning rate, ClipNorm, or scaled data",
			at.Epoch+1, at.Batch+1, loss, notFinite(r.model.Store()))
	}
	if r.Hooks.Step != nil {
		if err := r.Hooks.Step(at, loss); err != nil {
			return 0, 0, fmt.Errorf("train.Fit: hook after epoch %d, step %d: %w", at.Epoch+1, at.Batch+1, err)
		}
	}
	if r.Hooks.Batch != nil {
		if err := r.results(at); err != nil {
			return 0, 0, fmt.Errorf("train.Fit: results of epoch %d, step %d: %w", at.Epoch+1, at.Batch+1, err)
		}
	}
	return loss, weight, nil
}

// results hands the results of the last step over.
func (r *run) results(at Position) error {
	t, err := r.steps.table(r.batches.rows(at.Batch))
	if err == nil && r.TrainRows != nil {
		t, err = pick(t, r.TrainRows)
	}
	if err != nil {
		return err
	}
	return r.Hooks.Batch(at, t)
}

// setRate gives the program the learning rate of a step: the rate is a state, so a new one costs no compilation.
func (r *run) setRate(at Position) error {
	t := at.Epoch
	if r.EveryStep {
		t = at.Epoch*r.batches.count + at.Batch
	}
	r.rate.F[0] = r.Schedule.Rate(r.Optimizer.Rate(), t) * r.watch.factor()
	return r.model.Store().Set(optim.LRName, r.rate)
}

// finish measures and reports an epoch, and calls its hooks; stop says that the watch ends the training.
//
// The order matters: the measure comes first, the watch needs it, report and log have both. The best
// parameters come back before the last checkpoint, so that what is saved is what the caller gets.
func (r *run) finish(e Epoch, began time.Time) (stop bool, err error) {
	last := e.Number == r.Epochs
	if r.test != nil && (last || e.Number%r.EvalEvery == 0) {
		s, err := Evaluate(r.model, r.test, Evaluation{Loss: r.Loss, Metric: r.Metric, Also: r.Also, Rows: r.TestRows, Chunk: r.chunk()})
		if err != nil {
			return false, fmt.Errorf("train.Fit: epoch %d: %w", e.Number, err)
		}
		e.Tested, e.TestLoss, e.TestMetric, e.Metrics = true, s.Loss, s.Metric, s.Metrics
	}
	if stop, err = r.watch.see(e, r.Metric.Larger(), r.test != nil); err != nil {
		return false, fmt.Errorf("train.Fit: epoch %d: %w", e.Number, err)
	}
	if r.GradNorms {
		e.GradNorms = norms(r.model.Store())
	}
	e.Duration = time.Since(began)
	r.history.Epochs = append(r.history.Epochs, e)
	r.history.Best, r.history.Stopped = r.watch.epoch, stop && !last
	if err := r.report(e); err != nil {
		return false, err
	}
	if last || stop {
		if err := r.watch.restore(); err != nil {
			return false, fmt.Errorf("train.Fit: epoch %d: %w", e.Number, err)
		}
	}
	if every := r.Hooks.CheckpointEvery; last || stop || every > 0 && e.Number%every == 0 {
		err = r.checkpoint(Position{Epoch: e.Number})
	}
	return stop, err
}

// chunk is how many rows an evaluation takes at a time: all where they belong together.
func (r *run) chunk() int {
	if r.TrainRows != nil || r.TestRows != nil {
		return r.test.Rows
	}
	return r.BatchSize
}

// report tells person, log and hook of an epoch.
func (r *run) report(e Epoch) error {
	r.screen.epoch(e)
	if r.Log != nil {
		if err := writeLog(r.Log, e, r.measures()); err != nil {
			return err
		}
	}
	if r.Hooks.Epoch != nil {
		if err := r.Hooks.Epoch(e); err != nil {
			return fmt.Errorf("train.Fit: hook after epoch %d: %w", e.Number, err)
		}
	}
	return nil
}

// checkpoint hands the position over to whoever saves models.
func (r *run) checkpoint(at Position) error {
	if r.Hooks.Checkpoint == nil {
		return nil
	}
	if err := r.Hooks.Checkpoint(at); err != nil {
		return fmt.Errorf("train.Fit: checkpoint after %d epochs and %d batches: %w", at.Epoch, at.Batch, err)
	}
	return nil
}

// stop ends a training whose context is done.
//
// The checkpoint is made at the batch where it stopped. Its error does not hide the cause: both are
// returned.
func (r *run) stop(at Position, cause error) error {
	err := fmt.Errorf("train.Fit: stopped after %d epochs and %d batches: %w", at.Epoch, at.Batch, cause)
	return errors.Join(err, r.checkpoint(at))
}
