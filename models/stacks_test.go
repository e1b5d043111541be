package models_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"rpnc/models"
	"rpnc/rpnops"
)

// shapes are the parameters of a model of the spec, a line each.
func shapes(t *testing.T, spec models.Spec) string {
	t.Helper()
	m, err := models.New(spec, nil)
	if err != nil {
		t.Fatalf("%T: %v", spec, err)
	}
	var b strings.Builder
	for _, p := range m.Params() {
		fmt.Fprintln(&b, p.Name, p.Type.Shape)
	}
	return b.String()
}

func TestParametersOfPlainStacks(t *testing.T) {
	svm, kan := models.Default[models.SVM](), models.Default[models.KAN]()
	svm.Dims, svm.Kernel.Kernel = []int{3, 2}, models.GaussianKernel
	kan.Dims = []int{3, 4, 2}
	bayes, pgm := models.Default[models.NaiveBayes](), models.Default[models.PGM]()
	bayes.Dims, pgm.Dims = []int{3, 2}, []int{3, 2}
	for _, c := range []struct {
		spec models.Spec
		want string
	}{
		{svm, "layers.0.heads.0.w (1×60)\n"},
		{kan, "layers.0.heads.0.w (1×96)\nlayers.0.heads.0.w_remainder (4×3)\nlayers.1.heads.0.w (1×64)\nlayers.1.heads.0.w_remainder (2×4)\n"},
		{bayes, "layers.0.heads.0.w (1×6)\n"},
		{pgm, "layers.0.heads.0.w (1×12)\n"},
	} {
		if have := shapes(t, c.spec); have != c.want {
			t.Errorf("%T has\n%swant\n%s", c.spec, have, c.want)
		}
	}
}

func TestZeroSettingsOfPlainStacksAreTheReferences(t *testing.T) {
	dims := []int{4, 2}
	svm, kan, pgm := models.Default[models.SVM](), models.Default[models.KAN](), models.Default[models.PGM]()
	svm.Dims, svm.Kernel.Kernel, kan.Dims, pgm.Dims = dims, models.InverseQuadraticKernel, dims, dims
	x := []float64{0.1, -0.7, 0.4, 0.9}
	for _, c := range []struct{ zero, given models.Spec }{
		{models.SVM{Dims: dims, Kernel: models.Kernel{Kernel: models.InverseQuadraticKernel}}, svm},
		{models.KAN{Dims: dims}, kan},
		{models.PGM{Dims: dims}, pgm},
	} {
		gives(t, fmt.Sprintf("%T", c.zero), evaluate(t, c.zero, 1, x, nil), evaluate(t, c.given, 1, x, nil).F...)
	}
}

func TestConcreteHeads(t *testing.T) {
	one := params{"w": {1, 10}}
	gives(t, "linear kernel", evaluate(t, models.SVMHead{M: 2, N: 1}, 1, []float64{3, 4}, one), 43)
	rbf := models.SVMHead{M: 1, N: 1, Kernel: models.Kernel{Kernel: models.GaussianKernel, NumInterval: 2, Epsilon: rpnops.Some(2.0)}}
	gives(t, "gaussian kernel", evaluate(t, rbf, 1, []float64{0.5}, one), math.Exp(-9)+10*math.Exp(-1))
	silu := func(x float64) float64 { return x / (1 + math.Exp(-x)) }
	kan := models.KANHead{M: 1, N: 1, Splines: models.Splines{T: 1, Degree: rpnops.Some(1)}}
	gives(t, "KAN", evaluate(t, kan, 1, []float64{0.5}, params{"w": {1, 10}, "w_remainder": {2}}), 0.25+7.5+silu(1))
	log2π := math.Log(2 * math.Pi)
	bayes := models.NaiveBayesHead{M: 2, N: 1, Product: models.Product{EnableBias: true}}
	gives(t, "naive Bayes", evaluate(t, bayes, 1, []float64{1, 2}, params{"w": {1, 10}, "b": {0.5}}), 0.5-(1+log2π)/2-10*(4+log2π)/2)
	pgm := models.PGMHead{M: 2, N: 1}
	gives(t, "PGM", evaluate(t, pgm, 1, []float64{1, 2}, params{"w": {0, 0, 1}}), -log2π-2.5)
}

func TestConcreteHeadsTakeWhatTheGenericHeadTakes(t *testing.T) {
	x, w := []float64{3, 4}, params{"w": {1, 10, 2, 20}}
	h := models.PerceptronHead{M: 2, N: 1, Channels: 2}
	gives(t, "mean", evaluate(t, h, 1, x, w), 1.5*43)
	h.Fusion = rpnops.WeightedSummationFusion{Weights: []float64{3, 1}}
	gives(t, "fusion", evaluate(t, h, 1, x, w), 5*43)
	h.Input = []rpnops.Process{rpnops.Relu{}}
	gives(t, "input processing", evaluate(t, h, 1, []float64{-3, 4}, w), 5*40)
	for _, l := range []int{2, 3} {
		h.L = l
		if _, err := models.New(h, nil); (err == nil) != (l == 2) {
			t.Errorf("l = %d, where 2 is right: %v", l, err)
		}
	}
}

func TestMistakesOfPlainStacks(t *testing.T) {
	for want, spec := range map[string]models.Spec{
		"dims = [3]; want 2 widths or more": models.KAN{Dims: []int{3}},
		"number 7 is no kernel":             models.SVMHead{M: 1, N: 1, Kernel: models.Kernel{Kernel: 7}},
		"number 7 is no distribution":       models.NaiveBayesHead{M: 1, N: 1, Distribution: 7},
		"no joint density":                  models.PGM{Dims: []int{3, 2}, Cliques: models.Cliques{Distribution: models.CauchyDistribution}},
		"d = 2 for 1 columns":               models.PGM{Dims: []int{1, 2}},
		"num_interval = -1":                 models.SVM{Dims: []int{1, 2}, Kernel: models.Kernel{Kernel: models.GaussianKernel, NumInterval: -1}},
		"m = 0; want 1 or more":             models.SVMLayer{},
		"dropout probability":               models.KANLayer{KANHead: models.KANHead{M: 1, N: 1, Finish: models.Finish{WithDropout: true, P: 1}}},
	} {
		_, err := models.New(spec, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%T: %v; want %q", spec, err, want)
		}
	}
}
