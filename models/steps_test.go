package models_test

import (
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/models"
	"rpnc/models/optim"
	"rpnc/models/train"
	"rpnc/rpnops"
)

// stepCase is a model whose training step is counted.
type stepCase struct {
	name string
	spec models.Spec
	most int // instructions
}

// stepCases are the models that `rpnc train` builds, in the sizes of the digits, with what makes a step long: batch
// norm, dropout and pooling by maxima in the CNN, all flags of the reference's defaults in the transformer.
func stepCases() []stepCase {
	bias, one, two := models.Product{EnableBias: true}, models.Int(1), models.Int(2)
	return []stepCase{
		{"MLP", models.MLP{Dims: []int{64, 32, 10}, Product: bias, Finish: models.Finish{WithRelu: true}, Plain: true}, 40},
		{"RNN", models.RNN{Length: 8, Dims: []int{8, 64, 10}, Product: bias, Finish: models.Finish{WithRelu: true},
			ChainOptions: models.ChainOptions{WithMultihop: true, H: rpnops.Some(2), Accumulative: true}}, 40},
		{"CNN", models.CNN{
			Patching: models.Patching{H: 8, W: 8, PH: one, PW: one, PD: models.Int(0), CDH: one, CDW: one, CDD: one},
			PoolCDH:  two, PoolCDW: two, Metric: rpnops.Max, ChannelNums: []int{1, 16, 32}, FCDims: []int{64, 10},
			Product: bias, WithBatchNorm: true, WithRelu: true, WithDropout: true, PPooling: 0.25, PFC: 0.5,
		}, 50},
		{"Transformer", models.Transformer{Dims: []int{64, 32}, FCDims: []int{10}, Product: models.Product{R: 3, EnableBias: true},
			Attention: models.Attention{WithLoRRXi: true, RXi: 3}, WithResidual: true,
			Finish: models.Finish{WithBatchNorm: true, WithRelu: true, WithDropout: true, P: 0.25, WithSoftmax: true}}, 80},
	}
}

// trainingStep compiles one training step of a spec on 64 rows.
func trainingStep(t *testing.T, spec models.Spec, d graph.DType, o *compile.Options) *compile.Program {
	t.Helper()
	m, err := models.New(spec, &models.Options{Seed: 1, DType: d, Rows: 64, Compile: o})
	if err != nil {
		t.Fatal(err)
	}
	p, err := train.Program(m, 64, train.CrossEntropy, optim.AdamW{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func TestATrainingStepIsFewInstructions(t *testing.T) {
	t.Logf("%-12s %13s %8s %6s %10s", "model", "instructions", "kernels", "nodes", "arena KiB")
	for _, c := range stepCases() {
		s := trainingStep(t, c.spec, graph.F32, nil).Stats()
		t.Logf("%-12s %7d (≤%d) %8d %6d %10d", c.name, s.Instructions, c.most, s.Kernels, s.Nodes, s.ArenaBytes>>10)
		if s.Instructions > c.most {
			t.Errorf("%s: %d instructions, want at most %d", c.name, s.Instructions, c.most)
		}
		if len(s.Oracles) > 0 {
			t.Errorf("%s: without a kernel: %v", c.name, s.Oracles)
		}
	}
}
