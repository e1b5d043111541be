package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"rpnc/models/train"
)

// result is what a training says at the end.
type result struct {
	Epochs   int     `json:"epochs"`
	Loss     float64 `json:"loss"`
	Metric   string  `json:"metric"`
	Test     float64 `json:"test"`
	TestLoss float64 `json:"test_loss"`

	Metrics    map[string]float64 `json:"metrics,omitempty"` // where several are measured
	Seconds    float64            `json:"seconds"`
	Best       int                `json:"best_epoch,omitempty"` // where the best one was looked for
	Early      bool               `json:"early,omitempty"`      // it ended before its last epoch: nothing got better
	Stopped    bool               `json:"stopped"`              // by ctrl-C
	Checkpoint string             `json:"checkpoint,omitempty"`
}

// finish prints the curve and the result. stopped is the error of a training that was interrupted, which is no failure.
//
// Numbers are those of the last epoch that was finished; a training that was interrupted within its
// first has zeros.
func (t *training) finish(c *call, tr train.Trainer, h train.History, took time.Duration, stopped error) error {
	r := result{Metric: tr.Metric.String(), Seconds: took.Seconds(), Stopped: stopped != nil, Checkpoint: t.output, Epochs: t.At.Epoch}
	if n := len(h.Epochs); n > 0 {
		last := h.Epochs[n-1]
		r.Epochs, r.Loss, r.Test, r.TestLoss = last.Number, last.Loss, last.TestMetric, last.TestLoss
		if len(tr.Also) > 0 {
			r.Metrics = last.Metrics
		}
	}
	if stopped == nil && (len(h.Epochs) == 0 || tr.Watch.Restore) {
		// The model is not that of the last epoch here.
		if err := t.measure(tr, &r); err != nil {
			return err
		}
	}
	r.Best, r.Early = h.Best, h.Stopped
	if t.json {
		return printJSON(c.stdout, r)
	}
	curve(t.out, "loss", h.Epochs, func(e train.Epoch) float64 { return e.Loss })
	curve(t.out, "test "+r.Metric, h.Epochs, func(e train.Epoch) float64 { return e.TestMetric })
	if h.Best > 0 {
		fmt.Fprintf(t.out, "best epoch: %d\n", h.Best)
	}
	if h.Stopped && stopped == nil {
		fmt.Fprintln(t.out, t.why(tr))
	}
	if len(h.Epochs) == 0 && stopped == nil {
		fmt.Fprintln(t.out, "nothing was left to train")
	}
	if stopped != nil {
		fmt.Fprintf(t.out, "stopped after %d epochs\n", r.Epochs)
	} else {
		fmt.Fprintf(t.out, "test %s %s after %d epochs in %.1f s\n", r.Metric, percent(r.Metric, r.Test), r.Epochs, r.Seconds)
		for _, m := range tr.Also {
			fmt.Fprintf(t.out, "test %s %s\n", m, percent(m.String(), r.Metrics[m.String()]))
		}
	}
	if t.output != "" {
		fmt.Fprintf(t.out, "checkpoint: %s\n", t.output)
	}
	return nil
}

// measure fills in what the model scores on the rows held out.
//
// It is called where the history does not tell: nothing was left to train, or the model has gone back
// to its best epoch.
func (t *training) measure(tr train.Trainer, r *result) error {
	s, err := train.Evaluate(t.net, t.held, t.evaluation(tr))
	if err != nil {
		return err
	}
	if r.Test, r.TestLoss = s.Metric, s.Loss; len(tr.Also) > 0 {
		r.Metrics = s.Metrics
	}
	return nil
}

// why says why a training has ended before its last epoch.
func (t *training) why(tr train.Trainer) string {
	if tr.Watch.Patience == 0 {
		return "ended early: L-BFGS finds nothing better" // the only other reason
	}
	what := "the loss of the rows held out"
	if tr.Watch.Metric {
		what = tr.Metric.String()
	}
	epochs := "epochs"
	if tr.Watch.Patience == 1 {
		epochs = "epoch"
	}
	return fmt.Sprintf("ended early: %s got no better for %d %s", what, tr.Watch.Patience, epochs)
}

// percent shows an accuracy in per cent and any other measure as it is.
func percent(metric string, v float64) string {
	if metric == "accuracy" {
		return fmt.Sprintf("%.2f %%", 100*v)
	}
	return fmt.Sprintf("%.4g", v)
}

// widest is the number of blocks of a curve that still fits into a line.
const widest = 64

// curve draws a value over the epochs with blocks of eighths between its extremes, of many epochs some at equal distances.
//
// The value of a block is that of one epoch and no mean of several, so a single bad epoch may show or
// not; both ends always do.
func curve(w io.Writer, name string, epochs []train.Epoch, value func(train.Epoch) float64) {
	if len(epochs) < 2 {
		return
	}
	lo, hi := value(epochs[0]), value(epochs[0])
	for _, e := range epochs {
		lo, hi = min(lo, value(e)), max(hi, value(e))
	}
	var b strings.Builder
	blocks := []rune("▁▂▃▄▅▆▇█")
	for i, n := 0, min(len(epochs), widest); i < n; i++ {
		at := 0
		if x := value(epochs[i*(len(epochs)-1)/(n-1)]); hi > lo {
			at = int((x - lo) / (hi - lo) * float64(len(blocks)-1))
		}
		b.WriteRune(blocks[at])
	}
	fmt.Fprintf(w, "%-14s %8.4f %s %.4f\n", name, value(epochs[0]), b.String(), value(epochs[len(epochs)-1]))
}

// or is v, or d where v is zero.
func or[T comparable](v, d T) T {
	var zero T
	if v == zero {
		return d
	}
	return v
}
