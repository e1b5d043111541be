// Package bench measures models: how well they learn small real data, beside figures of the reference, and how long whole
// steps of inference and training take.
//
//	RPNC_ACCURACY=all go test ./bench -run Accuracy -v -timeout 30m
//	go test ./bench -run xxx -bench . -count 10 | tee new.txt && benchstat -col /mode new.txt
//
// [Tasks] is the accuracy table. It may know everything; nobody but the command imports it.
package bench

import (
	"context"
	"fmt"
	"math"
	"time"

	"rpnc/models"
	"rpnc/models/data"
	"rpnc/models/optim"
	"rpnc/models/train"
	"rpnc/rpnops"
)

// How the two sides are made comparable. Each row of the table fixes what decides an accuracy: the
// data and their split, the scaling, the model to the number of its parameters, the optimizer with its
// rate and decay, the epochs and the size of a batch. What remains different is chance, the initial
// values and the order of the rows, and that is averaged over Seeds trainings on each side. A
// difference is then judged by [Outcome.Allowance] and not by the eye.

// Seeds is the number of trainings behind a mean: with the seeds 0 … Seeds−1.
const Seeds = 5

// Spread is the mean and the standard deviation √(Σ(xᵢ − mean)²/Seeds) of test accuracies, in per cent.
type Spread struct{ Mean, Std float64 }

// Task is a row of the accuracy table: a model, its data, and the settings that the reference was trained with.
//
// The number of parameters is checked before training: two models of different sizes would be no
// comparison.
type Task struct {
	Data, Model string
	Params      int // the number of parameters, the same on both sides
	Epochs      int
	Batch       int // 0: all rows at once
	LR          float64
	Reference   Spread // tinyBIG on PyTorch, after the last epoch
	spec        func() (models.Spec, error)
}

// Outcome is what the trainings of a task reached.
type Outcome struct {
	Test    Spread
	Train   float64 // mean accuracy on the training rows, in per cent
	Seconds float64 // of a training, evaluations included
	Rows    int     // that were tested
}

// Allowance is how far the mean may lie below the reference's before that is more than chance and one row make of it:
//
//	2·√((s₁² + s₂²)/Seeds) + 100/rows
//
// The first term is twice the standard error of a difference of two means of Seeds numbers each, which
// chance exceeds in one of twenty cases. The second is one row: accuracies on n rows come in steps of
// 100/n per cent, and iris has 30.
func (o Outcome) Allowance(reference Spread) float64 {
	return 2*math.Sqrt((o.Test.Std*o.Test.Std+reference.Std*reference.Std)/Seeds) + 100/float64(o.Rows)
}

// Tasks lists the table. The reference's CNN is measured with batch statistics, as it runs; ours has running ones.
func Tasks() []Task {
	return []Task{
		{"iris", "mlp", 131, 100, 16, 0.01, Spread{92.67, 1.33}, fixed(perceptrons(4, 16, 3))},
		{"iris", "kan", 504, 100, 16, 0.01, Spread{93.33, 0}, fixed(models.KAN{Dims: []int{4, 8, 3}, Splines: models.Splines{GridRange: []float64{-3, 3}}})},
		{"iris", "taylor_dlphm", 145, 100, 16, 0.01, Spread{93.33, 0}, fixed(taylors(4, 8, 3))},
		{"karate", "gcn", 576, 100, 0, 0.01, Spread{94.29, 1.75}, onKarate(func(g models.GCN) models.Spec { return g })},
		{"karate", "gat", 1988, 100, 0, 0.01, Spread{95, 1.75}, onKarate(func(g models.GCN) models.Spec { return models.GAT{GCN: g} })},
		{"digits", "mlp", 4810, 20, 64, 0.002, Spread{94.82, 0.28}, fixed(perceptrons(64, 64, 10))},
		{"digits", "kan", 21312, 20, 64, 0.002, Spread{98.05, 0.73}, fixed(models.KAN{Dims: []int{64, 32, 10}})},
		{"digits", "rnn", 5386, 100, 64, 0.002, Spread{84.01, 1.07}, fixed(models.RNN{Length: 8, Dims: []int{8, 64, 10},
			ChainOptions: models.ChainOptions{WithMultihop: true, H: rpnops.Some(2), Accumulative: true},
			Product:      models.Product{EnableBias: true}, Finish: models.Finish{WithRelu: true}})},
		{"digits", "cnn", 74778, 20, 64, 0.002, Spread{97.72, 0.81}, fixed(convolutions())},
	}
}

// fixed is a model that needs no data to be built.
func fixed(s models.Spec) func() (models.Spec, error) {
	return func() (models.Spec, error) { return s, nil }
}

// perceptrons is an MLP with biases and relu between layers.
func perceptrons(dims ...int) models.Spec {
	return models.MLP{Dims: dims, Product: models.Product{EnableBias: true}, Finish: models.Finish{WithRelu: true}, Plain: true}
}

// taylors are layers of second order in few parameters, each beside a linear map.
func taylors(dims ...int) (r models.RPN) {
	for i, n := range dims[1:] {
		m := dims[i]
		r.Layers = append(r.Layers, models.Layer{M: m, N: n, Heads: []models.Spec{models.Head{
			Transform:   rpnops.Taylor{D: 2},
			Fabrication: rpnops.DualLPHM{Blocks: rpnops.Blocks{P: 1, Q: m}, R: 2},
			Remainder:   rpnops.LinearRemainder{BiasOption: rpnops.BiasOption{EnableBias: true}},
		}}})
	}
	return r
}

// convolutions are two layers of 3×3 patches on the digits, a pooling by 2 and two perceptrons.
func convolutions() models.Spec {
	one, two := models.Int(1), models.Int(2)
	return models.CNN{
		Patching:    models.Patching{H: 8, W: 8, PH: one, PW: one, PD: models.Int(0), CDH: one, CDW: one, CDD: one},
		PoolCDH:     two,
		PoolCDW:     two,
		ChannelNums: []int{1, 16, 32}, FCDims: []int{128, 10},
		Product: models.Product{EnableBias: true}, WithBatchNorm: true, WithRelu: true,
	}
}

// onKarate is a model on the links of the karate club.
func onKarate(model func(models.GCN) models.Spec) func() (models.Spec, error) {
	return func() (models.Spec, error) {
		club, err := data.KarateClub()
		if err != nil {
			return nil, err
		}
		g := models.Default[models.GCN]()
		g.Dims, g.WithSoftmax = []int{club.Rows, 16, 2}, false
		g.Topology = rpnops.NumberedGraph(club.Rows, club.Edges, true)
		return model(g), nil
	}
}

// Run trains with every seed.
//
// Seeds decide initial values and the order of rows; the split of the data is the same for all.
func (t Task) Run(ctx context.Context) (o Outcome, err error) {
	began := time.Now()
	var tests [Seeds]float64
	for seed := range tests {
		test, fit, rows, err := t.once(ctx, uint64(seed))
		if err != nil {
			return o, fmt.Errorf("bench.Task: %s %s, seed %d: %w", t.Data, t.Model, seed, err)
		}
		tests[seed], o.Rows = 100*test, rows
		o.Train += 100 * fit / Seeds
	}
	o.Test = spread(tests[:])
	o.Seconds = time.Since(began).Seconds() / Seeds
	return o, nil
}

// spread is the mean and the deviation of the population, divided by n and not n − 1, as the
// reference's figures are.
func spread(x []float64) (s Spread) {
	for _, v := range x {
		s.Mean += v / float64(len(x))
	}
	for _, v := range x {
		s.Std += (v - s.Mean) * (v - s.Mean) / float64(len(x))
	}
	s.Std = math.Sqrt(s.Std)
	return s
}

// once trains with one seed: the accuracies on the rows tested, so many, and on those trained on.
//
// The model after the last epoch is measured, and not the best one: choosing an epoch by the rows that
// are tested would flatter whoever has more of them.
func (t Task) once(ctx context.Context, seed uint64) (test, fit float64, rows int, err error) {
	p, err := t.parts()
	if err != nil {
		return 0, 0, 0, err
	}
	spec, err := t.spec()
	if err != nil {
		return 0, 0, 0, err
	}
	m, err := models.New(spec, &models.Options{Seed: seed, Rows: p.rows(t.Batch)})
	if err != nil {
		return 0, 0, 0, err
	}
	defer m.Close()
	if n := m.NumParams(); n != t.Params {
		return 0, 0, 0, fmt.Errorf("the model has %d parameters; want %d", n, t.Params)
	}
	_, err = train.Trainer{
		Epochs: t.Epochs, BatchSize: t.Batch, Seed: seed, TrainRows: p.trainRows,
		Optimizer: optim.AdamW{LR: t.LR, WeightDecay: rpnops.Some(2e-4)},
	}.Fit(ctx, m, p.train, nil)
	if err != nil {
		return 0, 0, 0, err
	}
	held, err := train.Evaluate(m, p.test, train.Evaluation{Rows: p.testRows})
	if err != nil {
		return 0, 0, 0, err
	}
	seen, err := train.Evaluate(m, p.train, train.Evaluation{Rows: p.trainRows})
	return held.Metric, seen.Metric, p.tested(), err
}

// parts are the rows to train on and those to test on; of a graph all rows are in both, and lists pick them.
type parts struct {
	train, test         *data.Dataset
	trainRows, testRows []int
}

// rows is how many of them a step sees.
func (p parts) rows(batch int) int {
	if batch == 0 {
		return p.train.Rows
	}
	return batch
}

// tested is the number of rows that accuracy is measured on.
func (p parts) tested() int {
	if p.testRows != nil {
		return len(p.testRows)
	}
	return p.test.Rows
}

// parts loads and scales the data: every fifth row is tested; of the karate club all members but three of each faction.
func (t Task) parts() (p parts, err error) {
	var all *data.Dataset
	switch t.Data {
	case "iris":
		if all, err = data.Iris(); err == nil {
			all, err = standard(all)
		}
	case "digits":
		all, err = data.Digits() // of pixels in [0, 1]
	case "karate":
		return karate()
	default:
		err = fmt.Errorf("no data are called %q", t.Data)
	}
	if err != nil {
		return p, err
	}
	p.train, p.test, err = all.Split(func(i int) bool { return i%5 == 4 })
	return p, err
}

// standard scales the columns by mean and deviation of all rows, those of the test included: so the reference was
// measured.
func standard(d *data.Dataset) (*data.Dataset, error) {
	s, err := data.Standardize(d)
	if err != nil {
		return nil, err
	}
	return s.Apply(d)
}

// karate trains on three members next to each of the two leaders, and tests on the others.
//
// Those are members 0 and 33, the leaders, and two more of each side; factions are known of all, so
// the 28 others can be tested. The model sees all members and links in training too, as a graph model
// has to; only their factions are withheld.
func karate() (p parts, err error) {
	g, err := data.KarateClub()
	if err != nil {
		return p, err
	}
	p.train, p.test = &g.Dataset, &g.Dataset
	p.trainRows = []int{0, 1, 2, 31, 32, 33}
	for i := 3; i < 31; i++ {
		p.testRows = append(p.testRows, i)
	}
	return p, nil
}
