package checkpoint_test

import (
	"math"
	"testing"

	"rpnc/graph"
	"rpnc/models"
	"rpnc/models/checkpoint"
)

// The file is the state dict of a network of nn.Module with the names and the mathematics of the reference's heads, after
// 100 steps of AdamW in PyTorch 1.13, written by safetensors 0.8. Its outputs are those of PyTorch in float64.
func TestAStateDictOfPyTorchGoesIntoTheSameModel(t *testing.T) {
	spec := models.MLP{Dims: []int{3, 4, 2}, Plain: true, WithResidual: true, Expansion: models.Expansion{WithTaylor: true},
		Product: models.Product{EnableBias: true}, Finish: models.Finish{WithBatchNorm: true, WithRelu: true, TrainNorm: true}}
	x := []float64{0.5, -0.25, 1, -1.5, 2, 0.125, 0, 0, 0}
	want := []float64{-0.13943140001429052, 0.098682937436448, 0.1319950657201433, -0.8897503018234105, -0.1660110116891301, -0.3231051681521232}
	m := model(t, spec, nil)
	meta, err := checkpoint.LoadInto("testdata/pytorch.safetensors", m)
	if err != nil || meta["format"] != "pt" {
		t.Fatalf("metadata %v, %v", meta, err)
	}
	y, err := m.Predict(x)
	if err != nil || len(y) != len(want) {
		t.Fatalf("%v, %v", y, err)
	}
	for i := range want {
		if math.Abs(y[i]-want[i]) > 1e-6 {
			t.Errorf("output %d is %v; want %v", i, y[i], want[i])
		}
	}
	if steps := m.Store().Get("layers.0.heads.0.output_process_functions.0.num_batches_tracked"); steps.Type.DType != graph.I32 || steps.I[0] != 100 {
		t.Errorf("the batches are counted as %v; want 100", steps)
	}
	// And back: what is written again holds the same tensors.
	again, err := checkpoint.Of(m, nil)
	if err != nil || len(again.Tensors) != 11 {
		t.Errorf("%d tensors, %v; want 11", len(again.Tensors), err)
	}
}
