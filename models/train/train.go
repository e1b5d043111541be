// Package train fits models to data.
//
// # Mental model
//
// A [Trainer] is settings; its zero value trains classes with AdamW. Fit compiles one program for a whole training step
// (forward, backward, optimizer, running statistics) for each batch size it meets, all over the store of the model,
// and runs it batch after batch:
//
//	h, err := train.Trainer{Epochs: 20, BatchSize: 64, Progress: os.Stderr}.Fit(ctx, m, rows, held)
//	score, err := train.Evaluate(m, held, train.CrossEntropy, 256)
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
	"rpnc/models/optim"
)

// Trainer says how to train. The zero value serves.
type Trainer struct {
	Epochs    int             // passes over the data, those before From included; 0 means 100
	BatchSize int             // rows of a step; 0 means 64, or all where there are fewer
	Optimizer optim.Optimizer // nil means optim.AdamW{}
	Loss      Loss
	Seed      uint64         // of the order of the rows
	Schedule  optim.Schedule // factor on the optimizer's rate; nil: none
	EveryStep bool           // Schedule counts steps instead of epochs
	EvalEvery int            // epochs between evaluations, the last epoch always has one; 0 means 1
	From      Position       // where to go on; the zero Position starts afresh, with step and moments at zero
	Log       io.Writer      // a line of JSON an epoch
	Progress  io.Writer      // a line that moves on a terminal, a line an epoch elsewhere
	Hooks     Hooks
}

// Position is a moment between two steps: so many epochs are done, and so many batches of the next one.
type Position struct{ Epoch, Batch int }

// Hooks are called between steps; the store is at rest then. An error of one ends the training.
type Hooks struct {
	Step  func(at Position, loss float64) error // after the step from a position; it should be quick
	Epoch func(Epoch) error                     // after every epoch
	// Checkpoint is called after every CheckpointEvery epochs (0: never), at the end, and when the context is done: from
	// this position, with the store as it is, training goes on to the same bits.
	Checkpoint      func(Position) error
	CheckpointEvery int
}

// History is what training reached.
type History struct {
	Epochs []Epoch
}

// Epoch is what one epoch reached.
type Epoch struct {
	Number        int     // from 1 on
	Loss          float64 // mean over the rows trained on, each at its step
	LearningRate  float64 // of the last step
	Tested        bool    // the next two are known
	TestLoss      float64
	TestMetric    float64 // see [Loss.Metric]
	RowsPerSecond float64 // of the steps alone
	Duration      time.Duration
}

// Fit trains m on the rows of train, and measures it on those of test, where test is not nil.
//
// Every row is used in every epoch. A last batch that is short has a program of its own; one of a single row, which has
// no batch statistics, is joined to the batch before it.
//
// Errors: data that do not fit the model; a loss that is no finite number, with epoch, step and the first parameter
// that is none; the error of ctx, wrapped, when it is done. The history holds all epochs that were finished.
func (t Trainer) Fit(ctx context.Context, m *models.Model, train, test *data.Dataset) (History, error) {
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
		t.Schedule = optim.Constant()
	}
	return t, nil
}

// run is a training under way.
type run struct {
	Trainer
	model   *models.Model
	test    *data.Dataset
	batches *batches
	steps   stepper
	rate    *graph.Tensor // the learning rate, reused
	screen  *progress
	history History
}

// start checks everything that can be wrong before the first step, and compiles the programs.
func (t Trainer) start(m *models.Model, train, test *data.Dataset) (*run, error) {
	if err := t.Loss.check(m, train); err != nil {
		return nil, fmt.Errorf("train.Fit: %w", err)
	}
	if test != nil {
		if err := t.Loss.check(m, test); err != nil {
			return nil, fmt.Errorf("train.Fit: test part: %w", err)
		}
	}
	t, err := t.defaults(train.Rows)
	if err != nil {
		return nil, err
	}
	r := &run{Trainer: t, model: m, test: test, rate: graph.NewTensor(graph.Type{DType: m.DType()})}
	if r.batches, err = newBatches(train.Rows, t.BatchSize, t.Seed); err != nil {
		return nil, err
	}
	if t.From.Batch >= r.batches.count {
		return nil, fmt.Errorf("train.Trainer: From.Batch = %d of %d; the position is of another batch size or of other data", t.From.Batch, r.batches.count)
	}
	// Moments of an earlier training, perhaps with another optimizer, must not leak into this one.
	if t.From == (Position{}) {
		afresh(m.Store())
	}
	if r.steps, err = newStepper(m, train, t.Loss, t.Optimizer, r.batches.sizes()); err != nil {
		return nil, err
	}
	r.screen = newProgress(t.Progress, t.Epochs, r.batches.count, t.Loss)
	return r, nil
}

func (r *run) close() {
	r.screen.close()
	r.steps.close()
}

// epochs trains from the first epoch to the last. Only the first may begin in its middle.
func (r *run) epochs(ctx context.Context) error {
	first := r.From.Batch
	for e := r.From.Epoch; e < r.Epochs; e++ {
		began := time.Now()
		loss, rows, err := r.epoch(ctx, e, first)
		if err != nil {
			return err
		}
		took := max(time.Since(began), time.Nanosecond)
		done := Epoch{Number: e + 1, Loss: loss, LearningRate: r.rate.F[0], RowsPerSecond: float64(rows) / took.Seconds()}
		if err := r.finish(done, began); err != nil {
			return err
		}
		first = 0
	}
	return nil
}

// epoch runs the batches of epoch e from the given one on: the mean loss, and the number of rows.
func (r *run) epoch(ctx context.Context, e, first int) (mean float64, rows int, err error) {
	r.batches.shuffle(e)
	sum := 0.0 // of the losses of rows, so that a short batch counts by its length
	for i := first; i < r.batches.count; i++ {
		at := Position{e, i}
		// Between two steps the store is at rest, and that is the only place where a training stops.
		if err := ctx.Err(); err != nil {
			return 0, 0, r.stop(at, err)
		}
		loss, err := r.step(at)
		if err != nil {
			return 0, 0, err
		}
		n := len(r.batches.rows(i))
		sum, rows = sum+loss*float64(n), rows+n
		r.screen.step(at, sum/float64(rows), n)
	}
	return sum / float64(rows), rows, nil
}

// step runs the step at a position. It allocates nothing.
func (r *run) step(at Position) (loss float64, err error) {
	if err := r.setRate(at); err != nil {
		return 0, err
	}
	loss, err = r.steps.step(r.batches.rows(at.Batch))
	if err != nil {
		return 0, fmt.Errorf("train.Fit: epoch %d, step %d: %w", at.Epoch+1, at.Batch+1, err)
	}
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return 0, fmt.Errorf("train.Fit: epoch %d, step %d: the loss is %v%s; want a smaller learning rate, ClipNorm, or scaled data",
			at.Epoch+1, at.Batch+1, loss, notFinite(r.model.Store()))
	}
	if r.Hooks.Step != nil {
		if err := r.Hooks.Step(at, loss); err != nil {
			return 0, fmt.Errorf("train.Fit: hook after epoch %d, step %d: %w", at.Epoch+1, at.Batch+1, err)
		}
	}
	return loss, nil
}

// setRate gives the program the learning rate of a step: the rate is a state, so a new one costs no compilation.
func (r *run) setRate(at Position) error {
	t := at.Epoch
	if r.EveryStep {
		t = at.Epoch*r.batches.count + at.Batch
	}
	r.rate.F[0] = r.Optimizer.Rate() * r.Schedule(t)
	return r.model.Store().Set(optim.LRName, r.rate)
}

// finish measures and reports an epoch, and calls its hooks.
func (r *run) finish(e Epoch, began time.Time) error {
	last := e.Number == r.Epochs
	if r.test != nil && (last || e.Number%r.EvalEvery == 0) {
		s, err := Evaluate(r.model, r.test, r.Loss, r.BatchSize)
		if err != nil {
			return fmt.Errorf("train.Fit: epoch %d: %w", e.Number, err)
		}
		e.Tested, e.TestLoss, e.TestMetric = true, s.Loss, s.Metric
	}
	e.Duration = time.Since(began)
	r.history.Epochs = append(r.history.Epochs, e)
	r.screen.epoch(e)
	if r.Log != nil {
		if err := writeLog(r.Log, e, r.Loss); err != nil {
			return err
		}
	}
	if r.Hooks.Epoch != nil {
		if err := r.Hooks.Epoch(e); err != nil {
			return fmt.Errorf("train.Fit: hook after epoch %d: %w", e.Number, err)
		}
	}
	if every := r.Hooks.CheckpointEvery; last || every > 0 && e.Number%every == 0 {
		return r.checkpoint(Position{Epoch: e.Number})
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
func (r *run) stop(at Position, cause error) error {
	err := fmt.Errorf("train.Fit: stopped after %d epochs and %d batches: %w", at.Epoch, at.Batch, cause)
	return errors.Join(err, r.checkpoint(at))
}
