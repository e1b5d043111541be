package main

import (
	"flag"

	"rpnc/models/train"
)

// settings are those flags that a checkpoint keeps, so that -resume goes on alike, and how far the training was.
type settings struct {
	Epochs    int     `json:"epochs"`
	Batch     int     `json:"batch"`
	LR        float64 `json:"lr"`
	Optimizer string  `json:"optimizer"`
	Schedule  string  `json:"schedule"`
	Warmup    int     `json:"warmup,omitempty"`
	Loss      string  `json:"loss,omitempty"` // "": that of the targets

	ClipNorm  float64 `json:"clip_norm,omitempty"`
	ClipValue float64 `json:"clip_value,omitempty"`

	Patience int     `json:"patience,omitempty"`
	MinDelta float64 `json:"min_delta,omitempty"`
	Best     bool    `json:"best,omitempty"`
	ByMetric bool    `json:"by_metric,omitempty"`

	At train.Position `json:"at"`
}

// register declares the flags. Their zero values stand for what suits the model, or for what the checkpoint says.
func (s *settings) register(fs *flag.FlagSet) {
	fs.IntVar(&s.Epochs, "epochs", 0, "passes over the data (default: what suits the model)")
	fs.IntVar(&s.Batch, "batch", 0, "rows of a step (default: what suits the model)")
	fs.Float64Var(&s.LR, "lr", 0, "learning rate (default: what suits the model)")
	fs.StringVar(&s.Schedule, "schedule", "", scheduleHelp)
	fs.IntVar(&s.Warmup, "warmup", 0, "epochs over which the learning rate rises before the schedule begins")
	fs.StringVar(&s.Optimizer, "optimizer", "", "optimizer: adamw, adam, rmsprop, adagrad, sgd with momentum 0.9, or lbfgs on all rows at once (default adamw)")
	fs.StringVar(&s.Loss, "loss", "", "what to make small: cross_entropy, nll, mse, mae, huber or bce (default: cross_entropy of classes, mse of numbers)")
	fs.Float64Var(&s.ClipNorm, "clip-norm", 0, "scale gradients down to this norm, taken over all parameters (default: any norm)")
	fs.Float64Var(&s.ClipValue, "clip-value", 0, "bring every element of the gradients between minus this and this (default: any value)")
	fs.IntVar(&s.Patience, "patience", 0, "end the training after so many epochs in a row in which the loss of the rows held out got no better (default: never)")
	fs.Float64Var(&s.MinDelta, "min-delta", 0, "with -patience and -best: a loss is better only if it is so much better")
	fs.BoolVar(&s.Best, "best", false, "at the end, take the parameters of the epoch with the best loss on the rows held out")
	fs.BoolVar(&s.ByMetric, "by-metric", false, "with -patience and -best: go by the first -metric instead of the loss")
}

// inLearner are the flags whose place is taken by the learner of a configuration.
var inLearner = []string{"lr", "optimizer", "schedule", "warmup", "loss", "clip-norm", "clip-value", "patience", "min-delta", "best", "by-metric"}

// check wants numbers that mean something, and no flag that does nothing.
func (s settings) check() error {
	switch {
	case s.Epochs < 0 || s.Batch < 0 || !(s.LR >= 0):
		return usagef("-epochs %d, -batch %d, -lr %g; want numbers, none below 0", s.Epochs, s.Batch, s.LR)
	case s.Warmup < 0 || !(s.ClipNorm >= 0) || !(s.ClipValue >= 0):
		return usagef("-warmup %d, -clip-norm %g, -clip-value %g; want numbers, none below 0", s.Warmup, s.ClipNorm, s.ClipValue)
	case s.Patience < 0 || !(s.MinDelta >= 0):
		return usagef("-patience %d, -min-delta %g; want numbers, none below 0", s.Patience, s.MinDelta)
	}
	return nil
}

// checkWatch wants something to watch for where flags say how; it is known once those of the checkpoint are.
func (s settings) checkWatch() error {
	if (s.MinDelta > 0 || s.ByMetric) && s.Patience == 0 && !s.Best {
		return usagef("-min-delta and -by-metric say what is better; want -patience or -best, which ask for it, beside them")
	}
	return nil
}

// or fills in from d what is left out.
func (s settings) or(d settings) settings {
	return settings{
		Epochs: or(s.Epochs, d.Epochs), Batch: or(s.Batch, d.Batch), LR: or(s.LR, d.LR), Optimizer: or(s.Optimizer, d.Optimizer),
		Schedule: or(s.Schedule, d.Schedule), Warmup: or(s.Warmup, d.Warmup), Loss: or(s.Loss, d.Loss),
		ClipNorm: or(s.ClipNorm, d.ClipNorm), ClipValue: or(s.ClipValue, d.ClipValue),
		Patience: or(s.Patience, d.Patience), MinDelta: or(s.MinDelta, d.MinDelta), Best: or(s.Best, d.Best), ByMetric: or(s.ByMetric, d.ByMetric),
		At: d.At,
	}
}

// watch is what to follow over the epochs.
func (s settings) watch() train.Watch {
	return train.Watch{Metric: s.ByMetric, Patience: s.Patience, MinDelta: s.MinDelta, Restore: s.Best}
}

// goOnFrom fills in what the checkpoint says and the command line does not. A zero on the command line switches off what the
// checkpoint has.
func (t *training) goOnFrom(before settings) error {
	given := map[string]string{}
	t.flags.Visit(func(f *flag.Flag) { given[f.Name] = f.Value.String() })
	if _, ok := given["batch"]; !ok {
		t.Batch = 0 // of the data of a configuration; the checkpoint knows what came of it
	}
	t.settings = t.settings.or(before)
	for _, name := range []string{"warmup", "clip-norm", "clip-value", "patience", "min-delta", "best", "by-metric"} {
		if value, ok := given[name]; ok {
			if err := t.flags.Set(name, value); err != nil {
				return err
			}
		}
	}
	return nil
}
