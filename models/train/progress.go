package train

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"
)

// Two forms of one report. On a terminal a line moves, rewritten at most ten times a second, since
// writing to a terminal may cost more than a small step; in a file or a pipe only the lines of epochs
// appear. The log is for programs and has everything, an object of JSON a line, so that it can be read
// while the training runs and after it was cut off.

// progress tells a person how training goes. A nil progress tells nothing.
type progress struct {
	w        io.Writer
	terminal bool
	measures []string // the names of the metrics
	epochs   int
	batches  int
	began    time.Time
	shown    time.Time
	steps    int    // reported so far
	rows     int    // of those after the first
	metric   string // of the last evaluation
	open     bool   // the moving line is on the screen
}

// refresh is how often the line on a terminal moves.
const refresh = 100 * time.Millisecond

func newProgress(w io.Writer, epochs, batches int, measures []string) *progress {
	if w == nil {
		return nil
	}
	return &progress{w: w, terminal: isTerminal(w), measures: measures, epochs: epochs, batches: batches}
}

// isTerminal says whether w is a character device, as terminals are.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// step reports a step with the mean loss of the epoch so far.
func (p *progress) step(at Position, loss float64, rows int) {
	if p == nil {
		return
	}
	now := time.Now()
	if p.steps == 0 {
		// The first step shows what a program costs that is warm only afterwards: it is not part of the rate.
		p.began = now
	} else {
		p.rows += rows
	}
	p.steps++
	if !p.terminal || now.Sub(p.shown) < refresh {
		return
	}
	p.shown = now
	p.open = true
	fmt.Fprintf(p.w, "\r%s\x1b[K", p.line(at, loss, now.Sub(p.began)))
}

// line is epoch 3/10  step 120/938  loss 0.2314  accuracy 0.912  52310 rows/s  1m12s left.
//
// Rates are over all steps since the first: a rate of the last moments would jump where an evaluation
// falls between.
func (p *progress) line(at Position, loss float64, passed time.Duration) string {
	s := fmt.Sprintf("epoch %d/%d  step %d/%d  loss %.4g", at.Epoch+1, p.epochs, at.Batch+1, p.batches, loss)
	if p.metric != "" {
		s += "  " + p.metric
	}
	if p.steps < 2 || passed <= 0 {
		return s
	}
	// The time of evaluations is in passed, so it is in what is left, too.
	done := at.Epoch*p.batches + at.Batch + 1
	left := passed * time.Duration(p.epochs*p.batches-done) / time.Duration(p.steps-1)
	return s + fmt.Sprintf("  %.0f rows/s  %v left", float64(p.rows)/passed.Seconds(), left.Round(time.Second))
}

// epoch reports an epoch with a line that stays.
func (p *progress) epoch(e Epoch) {
	if p == nil {
		return
	}
	s := fmt.Sprintf("epoch %d/%d  loss %.4g", e.Number, p.epochs, e.Loss)
	if e.Tested {
		p.metric = fmt.Sprintf("%s %.4g", p.measures[0], e.TestMetric)
		s += fmt.Sprintf("  test loss %.4g  %s", e.TestLoss, p.metric)
		for _, name := range p.measures[1:] {
			s += fmt.Sprintf("  %s %.4g", name, e.Metrics[name])
		}
	}
	s += fmt.Sprintf("  %.0f rows/s  %v", e.RowsPerSecond, e.Duration.Round(time.Millisecond))
	if p.terminal {
		s = "\r" + s + "\x1b[K"
	}
	p.open = false
	fmt.Fprintln(p.w, s)
}

// close leaves the moving line as it is, so that what comes next, an error perhaps, has a line of its own.
func (p *progress) close() {
	if p != nil && p.open {
		fmt.Fprintln(p.w)
	}
}

// record is an epoch as the log has it. A score of 0 is written, one that was not measured is left out: hence the
// pointers.
type record struct {
	Epoch         int                `json:"epoch"`
	Loss          float64            `json:"loss"`
	LearningRate  float64            `json:"learning_rate"`
	TestLoss      *float64           `json:"test_loss,omitempty"`
	TestMetric    *float64           `json:"test_metric,omitempty"`
	Metric        string             `json:"metric,omitempty"`
	Metrics       map[string]float64 `json:"metrics,omitempty"` // where there are several
	RowsPerSecond float64            `json:"rows_per_second"`
	Seconds       float64            `json:"seconds"`
	GradNorms     map[string]float64 `json:"grad_norms,omitempty"`
}

// writeLog writes an epoch as a line of JSON.
func writeLog(w io.Writer, e Epoch, measures []string) error {
	rec := record{Epoch: e.Number, Loss: e.Loss, LearningRate: e.LearningRate, RowsPerSecond: e.RowsPerSecond, Seconds: e.Duration.Seconds(), GradNorms: e.GradNorms}
	if e.Tested {
		rec.TestLoss, rec.TestMetric, rec.Metric = &e.TestLoss, &e.TestMetric, measures[0]
		if len(measures) > 1 {
			rec.Metrics = e.Metrics
		}
	}
	line, err := json.Marshal(rec)
	if err == nil {
		_, err = w.Write(append(line, '\n'))
	}
	if err != nil {
		return fmt.Errorf("train.Fit: log: %w", err)
	}
	return nil
}
