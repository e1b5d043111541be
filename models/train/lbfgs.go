package train

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/models"
	"rpnc/models/data"
	"rpnc/models/optim"
	"rpnc/rpnops"
)

// usualIterations are those of an epoch of L-BFGS where none are given.
const usualIterations = 20

// descend is Fit by [optim.LBFGS], which drives a program of loss and gradients over all rows. It suits small models and
// data without noise; float64 models come closer to a minimum. An epoch is some iterations, its LearningRate the length
// of the last step; a search that has come to its end ends the training. Where the search stands is in the store whenever a
// checkpoint is written, so that a training goes on as with any optimizer (see memory.go).
func (t Trainer) descend(ctx context.Context, o optim.LBFGS, m *models.Model, train, test *data.Dataset) (History, error) {
	if err := t.checkWhole(train); err != nil {
		return History{}, fmt.Errorf("train.Fit: %w", err)
	}
	if train != nil {
		t.BatchSize = train.Rows
	}
	r, err := t.check(m, train, test)
	if err != nil {
		return History{}, err
	}
	per := o.Iterations
	if per == 0 {
		per = usualIterations
	}
	r.screen = newProgress(t.Progress, r.Epochs, per, r.measures())
	defer r.screen.close()
	f, err := newObjective(m, train, r.Trainer)
	if err != nil {
		return History{}, err
	}
	defer f.program.Close()
	d := &lbfgs{run: r, o: o, per: per, objective: f, epoch: r.From.Epoch, steps: r.From.Batch, began: time.Now()}
	d.recall()
	o.Iterations, o.Evaluations = max(0, per*(r.Epochs-r.From.Epoch)-r.From.Batch), 0
	if err := ctx.Err(); err != nil {
		return History{}, r.stop(r.From, err)
	}
	if r.history.Stopped = d.over || r.watch.exhausted(); o.Iterations == 0 || r.history.Stopped {
		r.history.Best = r.watch.epoch
		return r.history, nil // all that is to be done is done
	}
	last, err := o.GoOn(f.at, &d.search, func(it optim.Iteration) error { return d.iterated(ctx, it) })
	if err == nil && last.Number == 0 {
		// The start is a minimum: an epoch that does nothing says so.
		last.Converged = true
		err = d.iterated(ctx, last)
	}
	if errors.Is(err, errDone) {
		err = nil
	}
	return r.history, err
}

// errDone ends a search at the last epoch, or where a watch wants no further one.
var errDone = errors.New("done")

// checkWhole says which settings do not go with all rows at once.
func (t Trainer) checkWhole(train *data.Dataset) error {
	_, constant := t.Schedule.(optim.Constant)
	switch {
	case train != nil && t.BatchSize != 0 && t.BatchSize < train.Rows:
		return fmt.Errorf("batches of %d with L-BFGS, which takes all %d rows at once; want BatchSize = 0, or another optimizer", t.BatchSize, train.Rows)
	case t.Schedule != nil && !constant:
		return fmt.Errorf("the schedule %T with L-BFGS, which finds the length of its steps itself; want none, or another optimizer", t.Schedule)
	case t.GradNorms:
		return errors.New("GradNorms with L-BFGS, which keeps none; want another optimizer")
	}
	return nil
}

// lbfgs is a training by L-BFGS under way.
type lbfgs struct {
	*run
	o         optim.LBFGS // with its limits for an epoch
	per       int         // iterations of an epoch
	objective *objective
	search    optim.Search // whose point is the parameters
	epoch     int          // those that are done
	steps     int          // of this one
	calls     int          // evaluations before this one; below zero where it goes on and had some
	over      bool         // the search came to its end in an earlier part of the training
	began     time.Time
}

// iterated takes an iteration in, and ends an epoch with its last one.
func (d *lbfgs) iterated(ctx context.Context, it optim.Iteration) error {
	// The last evaluation may have been of a point that was not taken.
	if err := d.objective.set(d.search.X); err != nil {
		return err
	}
	d.rate.F[0] = it.Step
	at := Position{d.epoch, d.steps}
	d.screen.step(at, it.Value, len(d.batches.order))
	d.steps++
	if d.Hooks.Step != nil {
		if err := d.Hooks.Step(at, it.Value); err != nil {
			return fmt.Errorf("train.Fit: hook after epoch %d, iteration %d: %w", at.Epoch+1, d.steps, err)
		}
	}
	over := it.Converged || d.steps >= d.per || d.o.Evaluations > 0 && it.Calls-d.calls >= d.o.Evaluations
	if over {
		if err := d.endEpoch(it); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil && d.epoch < d.Epochs {
		return errors.Join(d.remember(it), d.stop(Position{d.epoch, d.steps}, err))
	}
	return nil
}

// endEpoch measures and reports an epoch; the error is errDone where it was the last one.
func (d *lbfgs) endEpoch(it optim.Iteration) error {
	d.epoch++
	e := Epoch{Number: d.epoch, Loss: it.Value, LearningRate: it.Step}
	e.RowsPerSecond = float64((it.Calls-d.calls)*len(d.batches.order)) / max(time.Since(d.began), time.Nanosecond).Seconds()
	if it.Converged && d.epoch < d.Epochs {
		d.history.Stopped = true
		d.Epochs = d.epoch // the last one, to all that follows
	}
	early := d.history.Stopped
	d.steps, d.calls = 0, it.Calls
	if err := d.remember(it); err != nil {
		return err
	}
	stop, err := d.finish(e, d.began)
	d.history.Stopped = d.history.Stopped || early
	d.began = time.Now()
	if err == nil && (stop || d.epoch >= d.Epochs) {
		err = errDone
	}
	return err
}

// objective is the loss on all rows as a function of the parameters, one after the other in one vector.
type objective struct {
	program *compile.Program
	params  []*graph.Node
	values  []*graph.Tensor // reused
}

// newObjective compiles the program and fills in the data once.
func newObjective(m *models.Model, d *data.Dataset, t Trainer) (*objective, error) {
	g, _, y, err := m.Graph(d.Rows, true)
	if err != nil {
		return nil, fmt.Errorf("train.Fit: %d rows: %w", d.Rows, err)
	}
	if g.LeafByName(rpnops.StepName) != nil {
		return nil, errors.New("train.Fit: the model draws random numbers in training; want one without dropout, or another optimizer than L-BFGS")
	}
	s := stepper{data: d, rows: t.weights(d.Rows), classes: balance(t.Loss)}
	_, out := m.Dims()
	s.y, s.yCols = targets(d, out)
	l := build(g, t.Loss, y, s.weighted())
	o := &objective{params: g.Leaves(graph.ParamLeaf)}
	if len(t.Frozen) > 0 {
		// Which ones stay is decided in one place.
		var left trainable
		if err := (optim.Frozen{Optimizer: &left, Prefixes: t.Frozen}).Apply(g, o.params, o.params); err != nil {
			return nil, err
		}
		o.params = left.params
	}
	sort.Slice(o.params, func(i, j int) bool { return o.name(i) < o.name(j) })
	if o.program, err = compile.WithGrad(g, m.Store(), m.CompileOptions(), l, g.Scalar(l.DType(), 1), o.params); err != nil {
		return nil, err
	}
	p := newSized(o.program, d.Rows, s.weighted())
	if _, err := s.fill(p, oneBatch(d.Rows).order); err != nil {
		o.program.Close()
		return nil, fmt.Errorf("train.Fit: %w", err)
	}
	return o, nil
}

// trainable is an optimizer that only notes which parameters it is given.
type trainable struct {
	optim.Optimizer
	params []*graph.Node
}

// Apply notes the parameters.
func (t *trainable) Apply(_ *graph.Graph, params, _ []*graph.Node) error {
	t.params = params
	return nil
}

// name is that of parameter i.
func (o *objective) name(i int) string {
	l, _ := o.params[i].Leaf()
	return l.Path
}

// start is the vector of the parameters as they are.
func (o *objective) start() (x []float64) {
	for i := range o.params {
		t := o.program.Store().Get(o.name(i))
		o.values = append(o.values, t)
		x = append(x, t.F...)
	}
	return x
}

// set gives the parameters the values of x.
func (o *objective) set(x []float64) error {
	for i, t := range o.values {
		n := copy(t.F, x)
		x = x[n:]
		if err := o.program.Store().Set(o.name(i), t); err != nil {
			return err
		}
	}
	return nil
}

// at evaluates the loss and its gradient at x.
func (o *objective) at(x, g []float64) (float64, error) {
	if err := o.set(x); err != nil {
		return 0, err
	}
	if err := o.program.Run(); err != nil {
		return 0, fmt.Errorf("train.Fit: %w", err)
	}
	for i := range o.params {
		b := o.program.Output(i + 1)
		n := copy(g, b.F64)
		for j, v := range b.F32 {
			g[j] = float64(v)
			n++
		}
		g = g[n:]
	}
	return scalar(o.program.Output(0)), nil
}
