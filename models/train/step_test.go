package train

import (
	"testing"

	"rpnc/compile"
	"rpnc/models"
	"rpnc/models/data"
	"rpnc/models/optim"
)

func TestAStepAllocatesNothing(t *testing.T) {
	d, err := data.Iris()
	if err != nil {
		t.Fatal(err)
	}
	spec := models.MLP{Dims: []int{4, 16, 3}, Plain: true, Finish: models.Finish{WithRelu: true, WithBatchNorm: true, WithDropout: true, P: 0.2}}
	m, err := models.New(spec, &models.Options{Compile: &compile.Options{VM: compile.Plan}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Trainer{BatchSize: 32, EveryStep: true, Schedule: optim.Cosine{Length: 100}, Optimizer: optim.AdamW{ClipNorm: 1}}.start(m, d, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	r.batches.shuffle(0)
	at := Position{}
	if n := testing.AllocsPerRun(50, func() {
		if _, _, err := r.step(at); err != nil {
			t.Fatal(err)
		}
		at.Batch = (at.Batch + 1) % r.batches.count
	}); n != 0 {
		t.Errorf("a step allocates %v times", n)
	}
}
