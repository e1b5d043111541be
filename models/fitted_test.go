package models_test

import (
	"math"
	"strings"
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/models"
	"rpnc/models/optim"
	"rpnc/models/train"
	"rpnc/rpnops"
)

// fittedHeads compress by what is fitted while the model trains.
func fittedHeads() map[string]models.Head {
	two := rpnops.Reduced{D: 2}
	heads := map[string]models.Head{}
	for name, k := range map[string]rpnops.Transformation{
		"PCA":        rpnops.IncrementalPCA{Reduced: two},
		"projection": rpnops.RandomProjection{Reduced: two},
		"variances":  rpnops.VarianceThreshold{Reduced: two},
		"clusters":   rpnops.FeatureClustering{Reduced: two},
		"isomap":     rpnops.ManifoldCompression{D: 2, Function: rpnops.Embedding[rpnops.Isomap]{Method: rpnops.Isomap{NNeighbors: 2}}},
	} {
		heads[name] = models.Head{M: 3, N: 2, Channels: 2, Transform: k, Remainder: rpnops.LinearRemainder{}}
	}
	return heads
}

// Fits, which run on the host and move states, agree on every executor, in the second step after the first.
func TestFittedHeadsAgree(t *testing.T) {
	for name, h := range fittedHeads() {
		want := gradients(t, h, &compile.Options{VM: compile.Interpreter, Level: compile.O0})
		for _, o := range []*compile.Options{{VM: compile.Tape, Level: compile.O0}, {VM: compile.Tape, Check: true}, {VM: compile.Plan, Check: true, Shuffle: 1}} {
			for i, got := range gradients(t, h, o) {
				if at := furthest(got, want[i]); at > 1e-9 {
					t.Errorf("%s, %v: result %d is off by %.1e of its largest entry", name, o.VM, i, at)
				}
			}
		}
	}
}

// A model that was trained in f32 predicts a single row with what was fitted then; an embedding has nothing for it.
func TestFittedHeadsPredictSingleRows(t *testing.T) {
	for name, h := range fittedHeads() {
		m, err := models.New(h, &models.Options{Seed: 1, DType: graph.F32, Rows: 16})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		p, err := train.Program(m, 16, train.MSE, optim.AdamW{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		defer p.Close()
		feed := map[string]*graph.Tensor{}
		for input, typ := range p.Inputs() {
			feed[input] = graph.Uniform(0.1, 1).Tensor(typ, 4, input)
		}
		for range 2 {
			if _, err := p.RunTensors(feed); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		all, err := m.Predict(feed[models.InputName].F)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		one, err := m.Predict(feed[models.InputName].F[:3])
		if name == "isomap" {
			if err == nil || !strings.Contains(err.Error(), "n_neighbors = 2 in a batch of 1 rows") {
				t.Errorf("%s of one row: %v", name, err)
			}
			continue
		}
		if err != nil || math.Abs(one[0]-all[0]) > 1e-5 || math.Abs(one[1]-all[1]) > 1e-5 {
			t.Errorf("%s: row 0 alone is %v (%v), in its batch %v", name, one, err, all[:2])
		}
	}
}
