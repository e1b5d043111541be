package train

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sort"
	"time"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/models"
	"rpnc/models/data"
	"rpnc/models/metric"
	"rpnc/models/optim"
	"rpnc/rpnops"
)

// LBFGS fits a model to all rows at once by [optim.LBFGS], which drives a program of loss and gradients. It suits small
// models and data without noise; float64 models come closer to a minimum.
type LBFGS struct {
	optim.LBFGS
	Loss      Loss          // nil means CrossEntropy
	Metric    metric.Metric // nil means DefaultMetric(Loss)
	TrainRows []int         // rows that the loss is taken over, as in [Trainer]
	TestRows  []int
	Log       io.Writer         // a line of JSON an iteration
	Progress  io.Writer         // a line an iteration
	Epoch     func(Epoch) error // after every iteration, which counts as an epoch; may be nil
}

// Fit moves the parameters of m to a minimum of the loss on train and measures m on test, where there is one, after
// every iteration. An epoch of the history is an iteration, its LearningRate the length of the step.
//
// Errors: as of [Trainer.Fit]; a model with dropout, whose loss is another one at every evaluation.
func (t LBFGS) Fit(ctx context.Context, m *models.Model, train, test *data.Dataset) (History, error) {
	tr := Trainer{Loss: t.Loss, Metric: t.Metric, TrainRows: t.TrainRows, TestRows: t.TestRows, Log: t.Log}.losses()
	if test == nil && t.TestRows != nil {
		test = train
	}
	if err := tr.checkParts(m, train, test); err != nil {
		return History{}, fmt.Errorf("train.LBFGS: %w", err)
	}
	if t.Iterations == 0 {
		t.Iterations = 100
	}
	tr.Hooks.Epoch, tr.Epochs, tr.BatchSize, tr.EvalEvery = t.Epoch, t.Iterations, train.Rows, 1
	tr.Optimizer, tr.Schedule = optim.SGD{}, optim.Constant{}
	r := &run{Trainer: tr, model: m, test: test, batches: oneBatch(train.Rows), rate: graph.NewTensor(graph.Type{DType: m.DType()})}
	r.screen = newProgress(t.Progress, t.Iterations, 1, tr.Metric.String())
	defer r.screen.close()
	var err error
	if r.watch, err = newWatcher(m.Store(), tr); err != nil {
		return History{}, err
	}
	o, err := newObjective(m, train, tr)
	if err != nil {
		return History{}, err
	}
	defer o.program.Close()
	x := o.start()
	began := time.Now()
	_, err = t.LBFGS.Minimize(o.at, x, func(it optim.Iteration) error {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("train.LBFGS: stopped after %d iterations: %w", it.Number, err)
		}
		// The last evaluation may have been of a point that was not taken.
		if err := o.set(x); err != nil {
			return err
		}
		r.rate.F[0] = it.Step
		e := Epoch{Number: it.Number, Loss: it.Value, LearningRate: it.Step}
		e.RowsPerSecond = float64(train.Rows) / max(time.Since(began), time.Nanosecond).Seconds()
		_, err := r.finish(e, began)
		began = time.Now()
		return err
	})
	return r.history, errors.Join(err, o.set(x))
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
		return nil, fmt.Errorf("train.LBFGS: %d rows: %w", d.Rows, err)
	}
	if g.LeafByName(rpnops.StepName) != nil {
		return nil, errors.New("train.LBFGS: the model draws random numbers in training; want one without dropout, or a Trainer")
	}
	s := stepper{data: d, rows: t.weights(d.Rows), classes: balance(t.Loss)}
	_, out := m.Dims()
	s.y, s.yCols = targets(d, out)
	l := build(g, t.Loss, y, s.weighted())
	o := &objective{params: g.Leaves(graph.ParamLeaf)}
	sort.Slice(o.params, func(i, j int) bool { return o.name(i) < o.name(j) })
	if o.program, err = compile.WithGrad(g, m.Store(), m.CompileOptions(), l, g.Scalar(l.DType(), 1), o.params); err != nil {
		return nil, err
	}
	p := newSized(o.program, d.Rows, s.weighted())
	if _, err := s.fill(p, oneBatch(d.Rows).order); err != nil {
		o.program.Close()
		return nil, fmt.Errorf("train.LBFGS: %w", err)
	}
	return o, nil
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
		return 0, fmt.Errorf("train.LBFGS: %w", err)
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
