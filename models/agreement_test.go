package models_test

import (
	"fmt"
	"math"
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/models"
	"rpnc/rpnops"
)

// smooth settings of every kind of head and model: no dropout, and no kink near a datum that matters to differences.
func agreeing() map[string]models.Spec {
	full := models.Finish{WithBatchNorm: true, WithSoftmax: true, TrainNorm: true}
	patches := models.Patching{H: 3, W: 2, PH: models.Int(1), PW: models.Int(0)}
	lorr := models.Product{WithLoRR: true, R: 2, EnableBias: true}
	dual := models.Product{WithDualLPHM: true, R: 2, EnableBias: true}
	wide := models.Width{Width: 2}
	onGraph := models.GraphOptions{Nodes: []string{"a", "b", "c", "d"}, Links: [][2]string{{"a", "b"}, {"b", "c"}, {"c", "a"}, {"a", "d"}}, Normalize: true}
	return map[string]models.Spec{
		"perceptron": models.PerceptronHead{M: 4, N: 3, Channels: 2, Expansion: models.Expansion{WithTaylor: true}, Product: lorr, WithResidual: true, Finish: full},
		"dual LPHM":  models.PerceptronHead{M: 4, N: 6, Expansion: models.Expansion{WithTaylor: true}, Product: dual, Finish: full},
		"chain": models.ChainLayer{ChainHead: models.ChainHead{M: 2, N: 3, Length: 4, ChainOptions: models.ChainOptions{WithMultihop: true, H: rpnops.Some(2)},
			Product: lorr, WithResidual: true, Finish: full}, Width: wide},
		"chain inverse": models.ChainHead{M: 2, N: 2, Length: 5, ChainOptions: models.ChainOptions{WithInverse: true}},
		"bilinear":      models.BilinearLayer{BilinearHead: models.BilinearHead{M: 3, N: 2, Attention: models.Attention{WithLoRRXi: true, RXi: 1}, Product: lorr, WithResidual: true}, Width: wide},
		"grid":          models.GridLayer{GridHead: models.GridHead{Patching: patches, InChannel: 2, OutChannel: 2, Product: models.Product{EnableBias: true}, Finish: full}, Width: wide},
		"pooling":       models.PoolingHead{Patching: patches, Channels: 2, Metric: rpnops.Mean},
		"mlp":           models.MLP{Dims: []int{3, 4, 2}, Product: models.Product{EnableBias: true}, Finish: models.Finish{WithSoftmax: true}},
		"cnn":           models.CNN{Patching: patches, ChannelNums: []int{1, 2, 2}, FCDims: []int{3, 2}, WithBatchNorm: true, Metric: rpnops.Mean},
		"rnn":           models.RNN{Length: 3, Dims: []int{2, 3, 2}, Finish: models.Finish{WithSoftmax: true}},
		"transformer": models.Transformer{Dims: []int{3, 4}, FCDims: []int{2}, Attention: models.Attention{WithLoRRXi: true, RXi: 2},
			Product: models.Product{EnableBias: true}, WithResidual: true, Width: wide},
		"svm": models.SVMLayer{SVMHead: models.SVMHead{M: 3, N: 2, Channels: 2, Kernel: models.Kernel{Kernel: models.GaussianKernel, NumInterval: 3},
			Product: lorr, WithResidual: true, Finish: full}, Width: wide},
		"svm linear":          models.SVM{Dims: []int{3, 2}, Product: dual},
		"svm inverse":         models.SVM{Dims: []int{3, 4, 2}, Kernel: models.Kernel{Kernel: models.InverseQuadraticKernel, NumInterval: 2}, Channels: 2},
		"kan":                 models.KAN{Dims: []int{3, 4, 2}, Splines: models.Splines{GridRange: []float64{-3, 3}, T: 3}, Product: models.Product{EnableBias: true}, Width: wide},
		"naive Bayes":         models.NaiveBayes{Dims: []int{3, 4}, Distribution: models.GammaDistribution, Product: lorr, WithResidual: true, Width: wide},
		"naive Bayes, normal": models.NaiveBayesLayer{NaiveBayesHead: models.NaiveBayesHead{M: 3, N: 2, Channels: 2}},
		"pgm":                 models.PGM{Dims: []int{4, 3}, Cliques: models.Cliques{Tuples: rpnops.Tuples{D: 3}}, Product: lorr, WithResidual: true, Width: wide},
		"pgm, replacement":    models.PGMHead{M: 2, N: 2, Channels: 2, Cliques: models.Cliques{Tuples: rpnops.Tuples{Replace: true}}},
		"gcn":                 models.GCN{Dims: []int{3, 4, 2}, GraphOptions: onGraph, Product: lorr, WithResidual: true, Finish: full, Width: wide},
		"gat": models.GAT{GCN: models.GCN{Dims: []int{3, 2}, GraphOptions: onGraph, Channels: 2, Finish: models.Finish{WithSoftmax: true}, Width: wide},
			Attention: models.Attention{WithLoRRXi: true, RXi: 2}},
		"head with every role": models.Head{M: 3, N: 2, Transform: rpnops.Taylor{}, Attribute: rpnops.Parameterized{}, Instance: rpnops.Bilinear{Reconcile: rpnops.LoRR{}},
			Fabrication: rpnops.HM{}, Remainder: rpnops.LinearRemainder{}, Output: []rpnops.Process{rpnops.Tanh{}}},
	}
}

func TestModelGradientsAgreeWithDifferences(t *testing.T) {
	cases, worst := 0, 0.0
	for name, spec := range agreeing() {
		m, err := models.New(spec, &models.Options{Seed: 3, Rows: 4})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		r, err := m.GradCheck(4)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		cases, worst = cases+r.Cases, math.Max(worst, r.Worst)
	}
	t.Logf("%d comparisons, worst relative error %.1e", cases, worst)
}

// gradients compiles a spec in training mode with the gradients of data and parameters, and runs it on fixed data.
func gradients(t *testing.T, spec models.Spec, o *compile.Options) []*graph.Tensor {
	t.Helper()
	g := graph.New()
	s := rpnops.NewScope(g, true, graph.F64)
	in, _, err := spec.InOut()
	if err != nil {
		t.Fatal(err)
	}
	x := g.Input(models.InputName, s.Type(4, in))
	y := spec.Build(s, x)
	dy := g.Input("dy", y.Type())
	p, err := compile.WithGrad(g, nil, o, y, dy, append([]*graph.Node{x}, g.Leaves(graph.ParamLeaf)...))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	k := graph.NewKey(5, "data")
	feed := map[string]*graph.Tensor{models.InputName: graph.NewTensor(x.Type()), "dy": graph.NewTensor(y.Type())}
	for name, v := range feed {
		for i := range v.F {
			v.F[i] = k.Sub(uint64(len(name))).Uniform(uint64(i))*2 - 1
		}
	}
	var out []*graph.Tensor
	for range 2 { // a second run must not depend on the first, but for running statistics, which training does not read
		if out, err = p.RunTensors(feed); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestEveryCompilationAgrees(t *testing.T) {
	options := map[string]*compile.Options{
		"interpreter":      {VM: compile.Interpreter, Level: compile.O0},
		"tape, no passes":  {VM: compile.Tape, Level: compile.O0},
		"plan, no passes":  {VM: compile.Plan, Level: compile.O0},
		"tape, all passes": {VM: compile.Tape, Check: true},
		"plan, all passes": {VM: compile.Plan, Check: true},
	}
	orders := uint64(20)
	if testing.Short() {
		orders = 3
	}
	for i, pass := range compile.PassNames() {
		options["without "+pass] = &compile.Options{VM: compile.Plan, Check: true, Disable: []string{pass}, Shuffle: uint64(i)}
		if !testing.Short() { // package compile has its programs with each pass alone
			options[pass+" alone"] = &compile.Options{VM: compile.Plan, Check: true, Only: []string{pass}, Shuffle: uint64(i)}
		}
	}
	for seed := range orders {
		options[fmt.Sprintf("order %d", seed)] = &compile.Options{VM: compile.Plan, Check: true, Shuffle: seed}
	}
	for name, spec := range agreeing() {
		want := gradients(t, spec, options["interpreter"])
		for how, o := range options {
			for i, got := range gradients(t, spec, o) {
				if at := furthest(got, want[i]); at > 1e-9 {
					t.Errorf("%s, %s: result %d is off by %.1e of its largest entry", name, how, i, at)
				}
			}
		}
	}
}

// furthest is the largest difference relative to the largest entry of want, or to 1.
func furthest(got, want *graph.Tensor) float64 {
	worst, scale := 0.0, 1.0
	for _, v := range want.F {
		scale = math.Max(scale, math.Abs(v))
	}
	for i, v := range want.F {
		if d := math.Abs(got.F[i] - v); !(d <= worst) {
			worst = d
		}
	}
	return worst / scale
}

func TestModelThatFixesItsRowsRefusesOthers(t *testing.T) {
	h := models.Head{M: 2, N: 2, Instance: rpnops.Chain{Length: 5}, Fabrication: rpnops.IdentityReconciliation{}}
	if _, err := models.New(h, nil); err == nil {
		t.Error("a chain of 5 rows was built for 2")
	}
	m, err := models.New(h, &models.Options{Rows: 5})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Predict(make([]float64, 10)); err != nil {
		t.Errorf("5 rows: %v", err)
	}
	if _, err := m.Predict(make([]float64, 8)); err == nil {
		t.Error("4 rows were accepted")
	} else {
		t.Log(err)
	}
}
