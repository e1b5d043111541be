package compile_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/models"
	"rpnc/models/optim"
	"rpnc/ops"
	"rpnc/rpnops"
)

// zoo are models of every kind in small sizes: w columns (a square of pixels for the CNN), c classes.
func zoo() map[string]models.Spec {
	gat := models.Default[models.GAT]()
	gat.Topology = rpnops.NumberedGraph(12, [][2]int{{0, 1}, {1, 2}, {2, 3}, {3, 0}, {4, 9}, {5, 11}, {6, 7}, {7, 10}, {8, 4}}, true)
	gat.Dims, gat.Width.Width, gat.WithLoRRXi, gat.RXi = []int{6, 5, 3}, 2, true, 2
	bias, one, two := models.Product{EnableBias: true}, models.Int(1), models.Int(2)
	res := models.Default[models.ResNet]()
	res.H, res.W, res.PH, res.ChannelNums, res.FCDims = 4, 4, one, []int{1, 2, 2}, []int{3, 3}
	res.PoolCDH, res.PoolCDW, res.TrainNorm, res.Width.Width = two, two, true, 2
	return map[string]models.Spec{
		"GAT": gat, "ResNet": res,
		"MLP": models.MLP{Dims: []int{16, 12, 3}, Product: bias, Finish: models.Finish{WithRelu: true, WithDropout: true, P: 0.3}, Plain: true},
		"RNN": models.RNN{Length: 4, Dims: []int{4, 8, 3}, Product: bias, Finish: models.Finish{WithRelu: true},
			ChainOptions: models.ChainOptions{WithMultihop: true, H: rpnops.Some(2), Accumulative: true}},
		"CNN": models.CNN{
			Patching: models.Patching{H: 4, W: 4, PH: one, PW: one, PD: models.Int(0), CDH: one, CDW: one, CDD: one},
			PoolCDH:  two, PoolCDW: two, Metric: rpnops.Max, ChannelNums: []int{1, 3, 4}, FCDims: []int{6, 3},
			Product: bias, WithBatchNorm: true, WithRelu: true, WithDropout: true, PPooling: 0.25, PFC: 0.5},
		"Transformer": models.Transformer{Dims: []int{16, 8}, FCDims: []int{3}, Product: models.Product{R: 3, EnableBias: true},
			Attention: models.Attention{WithLoRRXi: true, RXi: 3}, WithResidual: true,
			Finish: models.Finish{WithBatchNorm: true, WithRelu: true, WithDropout: true, P: 0.25, WithSoftmax: true}},
	}
}

// trainee is a model with its gradients and its training step.
type trainee struct {
	store       *compile.Store
	grads, step *compile.Program
}

// newTrainee builds a model for some rows.
func newTrainee(t *testing.T, spec models.Spec, d graph.DType, rows int, o *compile.Options) trainee {
	t.Helper()
	m, err := models.New(spec, &models.Options{Seed: 5, DType: d, Rows: rows})
	if err != nil {
		t.Fatal(err)
	}
	g, _, y, err := m.Graph(rows, true)
	if err != nil {
		t.Fatal(err)
	}
	loss := ops.SoftmaxCrossEntropy(y, g.Input("labels", typ(graph.I32, rows)))
	grads, err := compile.WithGrad(g, m.Store(), o, loss, g.Const(loss.Type(), 1), g.Leaves(graph.ParamLeaf))
	if err != nil {
		t.Fatal(err)
	}
	step, err := compile.Train(g, m.Store(), o, loss, optim.AdamW{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(grads.Close(), step.Close()); err != nil {
			t.Error(err)
		}
	})
	return trainee{m.Store(), grads, step}
}

// data are inputs of a step.
func (m trainee) data(p *compile.Program, seed uint64) map[string]*graph.Tensor {
	in := map[string]*graph.Tensor{}
	for name, t := range p.Inputs() {
		x := graph.Uniform(0.001, 1).Tensor(t, seed, name)
		if t.Shape.Size() == 1 && t.DType.IsFloat() {
			x.F[0] = 0.01 // the learning rate
		}
		for i := range x.I {
			x.I[i] = int32((uint64(i) + seed) % 3)
		}
		in[name] = x
	}
	return in
}

// farthest runs two programs on the same data and answers with the largest difference of their outputs beside the
// largest output.
func farthest(t *testing.T, a, b *compile.Program, in map[string]*graph.Tensor) float64 {
	t.Helper()
	want, err := a.RunTensors(in)
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.RunTensors(in)
	if err != nil {
		t.Fatal(err)
	}
	most, scale := 0.0, 0.0
	for i, w := range want {
		for k, v := range w.F {
			most, scale = math.Max(most, math.Abs(got[i].F[k]-v)), math.Max(scale, math.Abs(v))
		}
	}
	return most / scale
}

// Every step begins with the host's parameters and states, since a training that runs on by itself turns rounding into
// other steps.
func TestModelsOnADeviceTrainAsOnTheHost(t *testing.T) {
	onEveryDevice(t, func(t *testing.T) {
		steps := uint64(200)
		if !strings.HasSuffix(t.Name(), "/gpu") {
			steps = 3 // the emulator is slow
		}
		for _, d := range onDeviceTypes() {
			for name, spec := range zoo() {
				t.Run(fmt.Sprintf("%s/%v", name, d), func(t *testing.T) {
					host, dev := newTrainee(t, spec, d, 12, nil), newTrainee(t, spec, d, 12, onDevice)
					worst := 0.0
					for k := range steps {
						for _, name := range host.store.Names() {
							if err := dev.store.Set(name, host.store.Get(name)); err != nil {
								t.Fatal(err)
							}
						}
						worst = math.Max(worst, farthest(t, host.grads, dev.grads, host.data(host.grads, k)))
						worst = math.Max(worst, farthest(t, host.step, dev.step, host.data(host.step, k)))
					}
					if !(worst <= tolerance(d)) {
						t.Errorf("loss and gradients are %.3g of the largest apart; want at most %g", worst, tolerance(d))
					}
					t.Logf("%d steps: %.3g of the largest; %d kernels; the last step: %+v", steps, worst, dev.step.Stats().Kernels, dev.step.Stats().Traffic)
				})
			}
		}
	})
}

// Two trainings from the same seed end in the same bits.
func TestTrainingModelsOnADeviceTwiceGivesTheSameBits(t *testing.T) {
	onEveryDevice(t, func(t *testing.T) {
		steps := uint64(200)
		if !strings.HasSuffix(t.Name(), "/gpu") {
			steps = 2 // the second replays what the first has recorded
		}
		for name, spec := range zoo() {
			var states [2]map[string]*graph.Tensor
			for run := range states {
				m := newTrainee(t, spec, graph.F32, 12, onDevice)
				for k := range steps {
					if _, err := m.step.RunTensors(m.data(m.step, k)); err != nil {
						t.Fatal(err)
					}
				}
				t.Logf("%s, a step: %+v", name, m.step.Stats().Traffic)
				states[run] = map[string]*graph.Tensor{}
				for _, p := range m.store.Names() {
					states[run][p] = m.store.Get(p)
				}
			}
			for p, x := range states[0] {
				same(t, name+" "+p, states[1][p], x, 0)
			}
		}
	})
}

// Products on tensor cores keep a model near to the exact one: loss and gradients within what rounded factors make of them.
func TestModelsOnTensorCoresStayNearTheExactOnes(t *testing.T) {
	onEveryDevice(t, func(t *testing.T) {
		for m, within := range map[compile.Math]float64{compile.TF32: 4e-3, compile.BF16: 4e-2} {
			host := newTrainee(t, zoo()["MLP"], graph.F32, 12, nil)
			dev := newTrainee(t, zoo()["MLP"], graph.F32, 12, &compile.Options{Device: "cuda", Math: m})
			got := farthest(t, host.grads, dev.grads, host.data(host.grads, 1))
			if got == 0 || !(got <= within) {
				t.Errorf("%v: %.3g of the largest apart; want more than 0 and at most %g", m, got, within)
			}
		}
	})
}
