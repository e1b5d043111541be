package bench

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"rpnc/models"
	"rpnc/models/config"
	"rpnc/models/data"
	"rpnc/models/train"
)

// Fitting is a row of the table of functions that are learned from samples: a whole configuration, and what the reference
// reached with it.
type Fitting struct {
	Function  string  // in words: E.14, arcsinh(x + y)
	File      string  // of the configuration, in testdata/configs
	Params    int     // the number of parameters, the same on both sides
	Published float64 // mean squared error on the test half after the last epoch, one seed of the reference
	Seeds     int     // trainings behind the mean: their errors lie apart by orders of magnitude
}

// Fittings lists the table, the worked examples of the reference's documentation.
func Fittings() []Fitting {
	return []Fitting{
		{"E.14: arcsinh(x + y)", "fit_elementary.yaml", 47, 1.509e-9, 20},
		{"C.3: exp(x + y) + ln(x + y)", "fit_composite.yaml", 2441, 3.823e-7, 5},
		{"I.9.18: G·m₁·m₂/|r₂ − r₁|²", "fit_feynman.yaml", 313, 5.744e-5, 20},
	}
}

// Fit is what one training reached: mean squared errors on the test half.
type Fit struct {
	First, Last float64 // after the first epoch and after the last
	Train       float64 // of the last epoch on the rows trained on, each at its step
	Epochs      int
	Seconds     float64
}

// Run trains with a seed, of the samples and of the initial values; epochs 0 means those of the configuration.
//
// The test half is evaluated in every epoch, as the reference does, though only the first and the last
// are kept.
//
// The metric of the configuration leads, so First and Last are its values and not those of the loss,
// which may have a scale of its own.
func (f Fitting) Run(ctx context.Context, configs string, seed uint64, epochs int) (Fit, error) {
	r, parts, err := f.load(configs, seed)
	if err != nil {
		return Fit{}, err
	}
	m, err := models.New(r.Model, &models.Options{Seed: seed, Rows: parts.TrainBatch})
	if err != nil {
		return Fit{}, err
	}
	defer m.Close()
	if n := m.NumParams(); n != f.Params {
		return Fit{}, fmt.Errorf("bench.Fitting: %s: the model has %d parameters; want %d", f.File, n, f.Params)
	}
	l, ok := r.Learner.(config.BackwardLearner)
	if !ok {
		return Fit{}, fmt.Errorf("bench.Fitting: %s: the learner is a %T; want a BackwardLearner", f.File, r.Learner)
	}
	if epochs == 0 {
		epochs = l.Epochs
	}
	began := time.Now()
	h, err := train.Trainer{
		Epochs: epochs, BatchSize: parts.TrainBatch, Seed: seed,
		Optimizer: l.Optimizer, Schedule: l.Schedule, Loss: l.Loss, Metric: r.Metrics[0],
	}.Fit(ctx, m, parts.Train, parts.Test)
	if err != nil {
		return Fit{}, err
	}
	last := h.Epochs[len(h.Epochs)-1]
	return Fit{h.Epochs[0].TestMetric, last.TestMetric, last.Loss, epochs, time.Since(began).Seconds()}, nil
}

// load reads the configuration and samples its function.
//
// The seed of the samples replaces that of the file, as the mean is to be over samples as well as over
// initial values.
func (f Fitting) load(configs string, seed uint64) (*config.Run, *data.Parts, error) {
	file := filepath.Join(configs, f.File)
	r, err := config.LoadRun(file)
	if err != nil {
		return nil, nil, err
	}
	entry, ok := data.Lookup(r.Data.Class)
	if !ok || len(r.Metrics) != 1 {
		return nil, nil, fmt.Errorf("bench.Fitting: %s: data %s, %d metrics; want a set of functions and the mean squared error", file, r.Data.Class, len(r.Metrics))
	}
	set, err := r.Data.Decode(file, entry.Default)
	if err != nil {
		return nil, nil, err
	}
	sampled, ok := set.(data.FormulaSet)
	if !ok {
		return nil, nil, fmt.Errorf("bench.Fitting: %s: the data are a %T; want a FormulaSet", file, set)
	}
	sampled.Seed = seed
	parts, err := sampled.Load("")
	return r, parts, err
}

// geometric is the geometric mean, which errors of different orders of magnitude call for:
//
//	exp(Σ ln xᵢ / n)
func geometric(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += math.Log(v)
	}
	return math.Exp(sum / float64(len(x)))
}
