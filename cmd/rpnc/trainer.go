package main

import (
	"maps"
	"slices"

	"rpnc/models/loss"
	"rpnc/models/metric"
	"rpnc/models/optim"
	"rpnc/models/train"
)

// lbfgs is the optimizer that takes all rows at once.
const lbfgs = "lbfgs"

// optimizers are those of -optimizer.
var optimizers = map[string]func(s settings) optim.Optimizer{
	"adamw": func(s settings) optim.Optimizer {
		return optim.AdamW{LR: s.LR, ClipNorm: s.ClipNorm, ClipValue: s.ClipValue}
	},
	"adam": func(s settings) optim.Optimizer {
		return optim.Adam{LR: s.LR, ClipNorm: s.ClipNorm, ClipValue: s.ClipValue}
	},
	"rmsprop": func(s settings) optim.Optimizer {
		return optim.RMSProp{LR: s.LR, ClipNorm: s.ClipNorm, ClipValue: s.ClipValue}
	},
	"adagrad": func(s settings) optim.Optimizer {
		return optim.AdaGrad{LR: s.LR, ClipNorm: s.ClipNorm, ClipValue: s.ClipValue}
	},
	"sgd": func(s settings) optim.Optimizer {
		return optim.SGD{LR: s.LR, Momentum: 0.9, ClipNorm: s.ClipNorm, ClipValue: s.ClipValue}
	},
	lbfgs: func(s settings) optim.Optimizer { return optim.LBFGS{LR: s.LR, Change: 1e-9} },
}

// trainer is the training that the flags describe.
//
// A configuration's learner says all about steps; otherwise the flags do. The metric that leads is the
// one that curves and the choice of the best epoch use.
func (t *training) trainer() (tr train.Trainer, err error) {
	tr = train.Trainer{Epochs: t.Epochs, BatchSize: t.Batch, Seed: t.seed, From: t.At, TrainRows: t.trainRows, TestRows: t.testRows}
	if tr.Loss, err = t.loss(t.prepared); err != nil {
		return tr, err
	}
	if t.output != "" {
		tr.Hooks.Checkpoint = t.save
		tr.Hooks.CheckpointEvery = 1
	}
	if l := t.plan.learner(); l != nil {
		t.obey(&tr, l)
	} else if err := t.steps(&tr); err != nil {
		return tr, err
	}
	tr.Metric, tr.Also, err = measures(t.metrics, t.plan, tr.Loss)
	return tr, err
}

// steps settles by the flags: optimizer, schedule, and what to watch.
func (t *training) steps(tr *train.Trainer) (err error) {
	make, ok := optimizers[t.Optimizer]
	if !ok {
		return usagef("-optimizer %q is unknown%s", t.Optimizer, suggest(t.Optimizer, slices.Sorted(maps.Keys(optimizers))))
	}
	tr.Optimizer = make(t.settings)
	if t.Optimizer == lbfgs {
		if err := t.wholeSteps(); err != nil {
			return err
		}
	}
	if tr.Schedule, err = t.schedule(); err != nil {
		return err
	}
	tr.Watch = t.watch()
	return t.checkWatch()
}

// wholeSteps says which flags do not go with L-BFGS.
func (t *training) wholeSteps() error {
	switch {
	case t.Schedule != "constant":
		return usagef("-schedule %s and -optimizer lbfgs exclude each other: L-BFGS finds the length of its steps itself", t.Schedule)
	case t.Warmup > 0:
		return usagef("-warmup %d and -optimizer lbfgs exclude each other: L-BFGS finds the length of its steps itself", t.Warmup)
	case t.ClipNorm > 0 || t.ClipValue > 0:
		return usagef("-clip-norm, -clip-value and -optimizer lbfgs exclude each other: L-BFGS needs the gradient as it is")
	case t.Batch < t.rows.Rows:
		return usagef("-batch %d and -optimizer lbfgs exclude each other: L-BFGS takes all %d rows at once", t.Batch, t.rows.Rows)
	}
	return nil
}

// loss is the one of these settings, or that of the targets.
func (s settings) loss(p prepared) (train.Loss, error) {
	if s.Loss == "" {
		return p.loss(), nil
	}
	e, ok := loss.Lookup(s.Loss)
	if !ok {
		var names []string
		for _, e := range loss.Entries() {
			names = append(names, e.Short)
		}
		return nil, usagef("-loss %q is unknown%s", s.Loss, suggest(s.Loss, names))
	}
	return e.Default, nil
}

// metricNames are some metrics, for the help.
const metricNames = "accuracy, f1_macro, top_5, mse, r2, …"

// measures are the metrics of a flag, of a plan, or that of the loss: the one that leads, and the others.
func measures(names string, p *plan, l train.Loss) (lead metric.Metric, also []metric.Metric, err error) {
	var all []metric.Metric
	switch {
	case names != "":
		for _, name := range columns(names) {
			e, ok := metric.Lookup(name)
			if !ok {
				return nil, nil, usagef("-metric %q is unknown%s", name, suggest(name, metric.Names()))
			}
			all = append(all, e.Default)
		}
	case p != nil && len(p.Metrics) > 0:
		all = p.Metrics
	default:
		all = []metric.Metric{train.DefaultMetric(l)}
	}
	return all[0], all[1:], nil
}
