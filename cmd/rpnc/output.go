package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"rpnc/models"
	"rpnc/models/data"
	"rpnc/models/loss"
	"rpnc/models/metric"
	"rpnc/models/train"
)

// records are what a configuration with output_configs wants as a file: JSON with the fields of the reference's records of
// a training and of its result of a test. Where there are several metrics, metrics has them all, and the scores of batches are
// of the first. L-BFGS, whose batches are iterations over all rows, has no scores of them.
type records struct {
	path string

	Preparation struct {
		TimeCost float64 `json:"preparation_time_cost"` // seconds
	} `json:"preparation"`
	Training map[string]*epochRecord `json:"training"` // by the number of the epoch, from 0
	testRecord
	Metrics map[string]float64 `json:"metrics,omitempty"`
	Pred    []int32            `json:"y_pred,omitempty"` // of targets that are classes, or near their numbers
	True    any                `json:"y_true"`
	Score   [][]float64        `json:"y_score"`
}

// epochRecord is an epoch. Times are seconds since 1970, costs are seconds.
type epochRecord struct {
	Start   float64                `json:"start_time"`
	Batches map[string]batchRecord `json:"batch_records"` // by the number of the batch, from 0
	End     float64                `json:"end_time"`
	Cost    float64                `json:"time_cost"`
	Test    *testRecord            `json:"test_result,omitempty"`
}

// batchRecord is a step: when it ended, how long it took, and the loss of its batch before the update.
type batchRecord struct {
	Time float64 `json:"time"`
	Cost float64 `json:"time_cost"`
	Loss float64 `json:"loss"`

	// What the model scored on the batch before its update, dropout and all.
	Score  *float64 `json:"score,omitempty"`
	Metric string   `json:"metric_name,omitempty"`
}

// testRecord is a measurement on the rows held out, by the metric that leads.
type testRecord struct {
	Loss   float64 `json:"test_loss"`
	Score  float64 `json:"test_score"`
	Cost   float64 `json:"time_cost"`
	Metric string  `json:"metric_name"`
}

// newRecords follows a training by its hooks; prepared is when it was begun to be made ready. That the file cannot be
// written is found out before the training.
//
// A step's cost is the time since the step before, so that reading data counts too; that of a test is
// the time between the last step and the end of the epoch.
func newRecords(path string, tr *train.Trainer, prepared time.Time) (*records, error) {
	if err := writable(path); err != nil {
		return nil, fmt.Errorf("output_configs: %w", err)
	}
	r := &records{path: path, Training: map[string]*epochRecord{}}
	last := time.Now()
	r.Preparation.TimeCost = last.Sub(prepared).Seconds()
	tr.Hooks.Step = func(at train.Position, value float64) error {
		now := time.Now()
		e := r.Training[strconv.Itoa(at.Epoch)]
		if e == nil {
			e = &epochRecord{Start: seconds(last), Batches: map[string]batchRecord{}}
			r.Training[strconv.Itoa(at.Epoch)] = e
		}
		e.Batches[strconv.Itoa(at.Batch)] = batchRecord{Time: seconds(now), Cost: now.Sub(last).Seconds(), Loss: value}
		last = now
		return nil
	}
	name := tr.Metric.String()
	tr.Hooks.Batch = func(at train.Position, t metric.Table) error {
		score, err := tr.Metric.Measure(t)
		if err != nil {
			return err
		}
		batches := r.Training[strconv.Itoa(at.Epoch)].Batches
		b := batches[strconv.Itoa(at.Batch)]
		b.Score, b.Metric = &score, name
		batches[strconv.Itoa(at.Batch)] = b
		return nil
	}
	tr.Hooks.Epoch = func(e train.Epoch) error {
		rec := r.Training[strconv.Itoa(e.Number-1)]
		if rec == nil {
			return nil
		}
		now := time.Now()
		rec.End, rec.Cost = seconds(now), seconds(now)-rec.Start
		if e.Tested {
			rec.Test = &testRecord{e.TestLoss, e.TestMetric, now.Sub(last).Seconds(), name}
		}
		last = now
		return nil
	}
	return r, nil
}

// writable makes the folder of a file and says whether the file can be written.
func writable(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return canWrite(path)
}

// canWrite says whether a file can be written, by making another one beside it for a moment.
func canWrite(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a folder; want the path of a file", path)
	}
	dir := filepath.Dir(path)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("%s cannot be written: there is no folder %s", path, dir)
	}
	f, err := os.CreateTemp(dir, ".rpnc-*")
	if err != nil {
		return fmt.Errorf("%s cannot be written: the folder %s takes no file: %w", path, dir, errors.Unwrap(err))
	}
	f.Close()
	return os.Remove(f.Name())
}

// seconds is a moment as the reference has it.
func seconds(t time.Time) float64 { return float64(t.UnixNano()) / 1e9 }

// write measures the model on the rows held out and writes everything.
func (r *records) write(m *models.Model, held *data.Dataset, ask train.Evaluation) error {
	began := time.Now()
	s, err := train.Evaluate(m, held, ask)
	if err != nil {
		return err
	}
	r.testRecord = testRecord{s.Loss, s.Metric, time.Since(began).Seconds(), ask.Metric.String()}
	if len(ask.Also) > 0 {
		r.Metrics = s.Metrics
	}
	r.table(s.Table, ask.Loss.Target() == loss.Labels)
	return writeFile(r.path, func(w io.Writer) error { return json.NewEncoder(w).Encode(r) })
}

// table takes predictions, truth and scores over. The truth is what the loss compares with.
func (r *records) table(t metric.Table, labels bool) {
	r.Pred, _, _ = t.Classes() // targets of several numbers have none
	r.Score = matrix(t.Scores, t.Cols)
	if r.True = t.Labels; !labels {
		r.True = matrix(t.Y, t.Cols)
	}
}

// matrix cuts values into rows.
func matrix(values []float64, cols int) (rows [][]float64) {
	for i := 0; i < len(values); i += cols {
		rows = append(rows, values[i:i+cols])
	}
	return rows
}

// writeFile makes a file by way of another one beside it, so that there is never half a file under its name.
//
// Renaming within one folder is atomic. The file is made readable for all first, since a temporary one
// is not.
func writeFile(path string, write func(io.Writer) error) error {
	if err := canWrite(path); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".rpnc-*")
	if err != nil {
		return err
	}
	err = write(f)
	if wrong := f.Close(); err == nil {
		err = wrong
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
