package models_test

import (
	"math"
	"testing"

	"rpnc/graph"
	"rpnc/models"
	"rpnc/rpnops"
)

// evaluate runs a spec in evaluation mode by the interpreter, in f64, with the parameters given and zeros else.
func evaluate(t *testing.T, spec models.Spec, rows int, x []float64, params map[string][]float64) *graph.Tensor {
	t.Helper()
	m, err := models.New(spec, &models.Options{DType: graph.F64, Rows: rows})
	if err != nil {
		t.Fatal(err)
	}
	g, in, y, err := m.Graph(rows, false)
	if err != nil {
		t.Fatal(err)
	}
	xt, err := graph.Floats(in.Type(), x...)
	if err != nil {
		t.Fatal(err)
	}
	leaves := graph.Leaves{models.InputName: xt}
	for name, v := range params {
		n := g.LeafByName(name)
		if n == nil {
			t.Fatalf("no parameter %q", name)
		}
		if leaves[name], err = graph.Floats(n.Type(), v...); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	leaves.Fill(g, 1)
	val, err := graph.Run(g, leaves, y)
	if err != nil {
		t.Fatal(err)
	}
	return val.Of(y)
}

func gives(t *testing.T, what string, got *graph.Tensor, want ...float64) {
	t.Helper()
	if len(got.F) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got.F), len(want))
	}
	for i, w := range want {
		if math.Abs(got.F[i]-w) > 2e-7*math.Max(1, math.Abs(w)) {
			t.Errorf("%s: y = %v, want %v", what, got.F, want)
			return
		}
	}
}

type params = map[string][]float64

func TestGenericHeadWithEveryRole(t *testing.T) {
	h := models.Head{M: 2, N: 1, Channels: 2, Transform: rpnops.Taylor{D: 2},
		Attribute:   rpnops.Parameterized{},
		Instance:    rpnops.Parameterized{Declared: rpnops.Declared{Type: rpnops.Instance}},
		Fabrication: rpnops.IdentityReconciliation{BiasOption: rpnops.BiasOption{EnableBias: true}},
		Remainder:   rpnops.LinearRemainder{BiasOption: rpnops.BiasOption{EnableBias: true}},
		Output:      []rpnops.Process{rpnops.Relu{}}}
	y := evaluate(t, h, 2, []float64{1, 2, 3, 4}, params{
		"w_attribute_interdependence": {1, 0, 0, 1, 0, 1, 1, 0}, "w_instance_interdependence": {1, 0, 0, 1, 1, 1, 0, 1},
		"w": {1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1}, "b": {0.5}, "w_remainder": {1, -1}, "b_remainder": {10}})
	gives(t, "head", y, 13.5, 28)
}

func TestChainHead(t *testing.T) {
	x := []float64{1, 2, 3, 4, 5, 6, 1, 0, 0, 1, 1, 1}
	hops := func(h int, accumulative, both bool) models.ChainOptions {
		return models.ChainOptions{WithMultihop: true, H: rpnops.Some(h), Accumulative: accumulative, BiDirectional: both}
	}
	for name, c := range map[string]struct {
		o    models.ChainOptions
		want []float64
	}{
		"plain":             {models.ChainOptions{}, []float64{21, 64, 108, 1, 11, 21}},
		"no self":           {models.ChainOptions{NoSelf: true}, []float64{0, 21, 43, 0, 1, 10}},
		"scaled self":       {models.ChainOptions{SelfScaling: rpnops.Some(0.5)}, []float64{10.5, 42.5, 75.5, .5, 6, 15.5}},
		"both directions":   {models.ChainOptions{BiDirectional: true}, []float64{64, 129, 108, 11, 22, 21}},
		"inverse":           {models.ChainOptions{WithInverse: true}, []float64{21, 64, 129, 1, 11, 22}},
		"exponential":       {models.ChainOptions{WithExponential: true}, []float64{21, 64, 118.5, 1, 11, 21.5}},
		"two hops":          {hops(2, false, false), []float64{21, 85, 172, 1, 12, 32}},
		"accumulative":      {hops(2, true, false), []float64{42, 149, 280, 2, 23, 53}},
		"accumulative both": {hops(2, true, true), []float64{36.71428571, 43, 49.28571429, 6.28571429, 7.6, 9.14285714}},
	} {
		h := models.ChainHead{M: 2, N: 1, Length: 3, ChainOptions: c.o}
		gives(t, name, evaluate(t, h, 2, x, params{"w": {1, 10}}), c.want...)
	}
	h := models.ChainHead{M: 2, N: 2, Length: 3, WithResidual: true, Product: models.Product{EnableBias: true}}
	y := evaluate(t, h, 1, x[:6], params{"w": {1, 10, 100, 1000}, "b": {0.5, 0.25}, "w_remainder": {1, 0, 0, 1}})
	gives(t, "bias and residual", y, 22.5, 2102.25, 67.5, 6404.25, 113.5, 10806.25)
}

func TestBilinearHead(t *testing.T) {
	x := []float64{1, 0, 0, 1, 1, 1}
	p := params{"w_instance_interdependence": {.1, .2, .3, .4}, "w": {1, 2, 3, 4}}
	gives(t, "head", evaluate(t, models.BilinearHead{M: 2, N: 2}, 3, x, p),
		2.1370726, 4.9299765, 2.1860905, 5.0475616, 2.3101935, 5.2974353)
	l := models.BilinearLayer{BilinearHead: models.BilinearHead{M: 2, N: 2}, Width: models.Width{Width: 2, Shared: true}}
	gives(t, "layer of a shared head", evaluate(t, l, 3, x, params{"heads.0.w_instance_interdependence": {.1, .2, .3, .4},
		"heads.0.w": {1, 2, 3, 4}, "w_head_fusion": {1, 2, 3, 4, 5, 6, 7, 8}}),
		38.128151, 94.664535, 39.029732, 96.898949, 41.025383, 101.886414)
}

func TestGridHead(t *testing.T) {
	count := func(n int) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = float64(i + 1)
		}
		return v
	}
	plain := models.GridHead{Patching: models.Patching{H: 3, W: 3, PH: models.Int(1)}, InChannel: 1, OutChannel: 1}
	gives(t, "3×3 weights", evaluate(t, plain, 1, count(9), params{"w": count(9)}), 94, 154, 106, 186, 285, 186, 106, 154, 94)

	two := models.GridHead{Patching: models.Patching{H: 2, W: 2, PH: models.Int(0), PHPrime: models.Int(1), PWPrime: models.Int(1)},
		InChannel: 2, OutChannel: 2, Product: models.Product{EnableBias: true}}
	gives(t, "channels and bias", evaluate(t, two, 1, []float64{1, 2, 3, 4, 10, 20, 30, 40},
		params{"w": append(count(8), 1, 0, 0, 0, 0, 0, 0, -1), "b": count(8)}), 731, 396, 404, 208, -34, 8, 10, 12)

	cyl := models.GridHead{Patching: models.Patching{H: 2, W: 2, Shape: models.CylinderPatch, PR: models.Int(1)}, InChannel: 1, OutChannel: 1}
	gives(t, "cylinder", evaluate(t, cyl, 1, count(4), params{"w": count(5)}), 26, 28, 26, 20)

	ball := models.GridHead{Patching: models.Patching{H: 2, W: 2, D: 2, Shape: models.SpherePatch, PR: models.Int(1)}, InChannel: 1, OutChannel: 1}
	gives(t, "sphere", evaluate(t, ball, 1, count(8), params{"w": count(7)}), 67, 77, 83, 85, 93, 89, 81, 69)
}

func TestPoolingHead(t *testing.T) {
	x := []float64{1, 2, 3, 4, 5, 6, 7, 8, -9, -10, -11, -12, -13, -14, -15, -16}
	for metric, want := range map[rpnops.Metric][]float64{
		rpnops.Max: {6, 8, -9, -11}, rpnops.Min: {1, 3, -14, -16}, rpnops.Sum: {14, 22, -46, -54}, rpnops.Prod: {60, 672, 16380, 31680},
		rpnops.L1Norm: {14, 22, 46, 54}, rpnops.L2Norm: {8.1240384, 11.7473402, 23.3666416, 27.3129992},
	} {
		h := models.PoolingHead{Patching: models.Patching{H: 2, W: 4, PH: models.Int(0), PHPrime: models.Int(1), PWPrime: models.Int(1),
			CDH: models.Int(2), CDW: models.Int(2), CDD: models.Int(1)}, Channels: 2, Metric: metric}
		gives(t, metric.String(), evaluate(t, h, 1, x, nil), want...)
	}
}

func TestRecurrentModels(t *testing.T) {
	r := models.RNN{Length: 2, Dims: []int{1, 1, 1}, Finish: models.Finish{WithRelu: true}}
	x := []float64{1, -1, 1, 2}
	p := params{"layers.0.heads.0.w": {2}, "layers.1.heads.0.w": {3}, "layers.2.heads.0.w": {0.5}}
	gives(t, "rnn", evaluate(t, r, 2, x, p), 3, 6)
	p["layers.2.heads.0.w"] = []float64{0.5, 0.5}
	gives(t, "regression_rnn", evaluate(t, models.RegressionRNN{RNN: r}, 2, x, p), 6, 12)
}

func TestParameterCounts(t *testing.T) {
	cnn := models.Default[models.CNN]()
	cnn.H, cnn.W, cnn.PH = 8, 8, models.Int(1)
	cnn.ChannelNums, cnn.FCDims = []int{1, 2, 2, 3, 3}, []int{10, 4}
	cnn.PoolCDH, cnn.PoolCDW = models.Int(2), models.Int(2)
	tr := models.Default[models.Transformer]()
	tr.Dims, tr.FCDims, tr.Width = []int{6, 4}, []int{2}, models.Width{Width: 2, Shared: true}
	for _, c := range []struct {
		spec models.Spec
		want int
	}{
		{models.MLP{Dims: []int{3, 4, 2}}, 12 + 8},
		{cnn, 18 + 36 + 54 + 81 + 120 + 40 + 128 + 128 + 48 + 48 + 10 + 4},
		{models.RNN{Length: 4, Dims: []int{3, 5, 2}}, 15 + 25 + 10},
		{models.RegressionRNN{RNN: models.RNN{Length: 4, Dims: []int{3, 5, 2}}}, 15 + 25 + 40},
		{tr, 36 + 24 + 4 + 24 + 32 + 16 + 4 + 16 + 8 + 2 + 8},
	} {
		m, err := models.New(c.spec, nil)
		if err != nil {
			t.Errorf("%T: %v", c.spec, err)
			continue
		}
		if m.NumParams() != c.want {
			t.Errorf("%T has %d parameters, want %d:\n%s", c.spec, m.NumParams(), c.want, m.Summary())
		}
	}
}

func TestWidthBuildsIndependentHeads(t *testing.T) {
	for shared, want := range map[bool]int{false: 3 * 9, true: 9} {
		l := models.GridLayer{GridHead: models.GridHead{Patching: models.Patching{H: 2, W: 2, PH: models.Int(1)}, InChannel: 1, OutChannel: 1},
			Width: models.Width{Width: 3, Shared: shared}}
		m, err := models.New(l, nil)
		if err != nil {
			t.Fatal(err)
		}
		if m.NumParams() != want {
			t.Errorf("shared %v: %d parameters, want %d", shared, m.NumParams(), want)
		}
	}
}
