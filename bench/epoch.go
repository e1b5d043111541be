package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"rpnc/models"
	"rpnc/models/data"
	"rpnc/models/optim"
	"rpnc/models/train"
	"rpnc/rpnops"
)

// EpochRows is the number of images of an epoch, as many as Fashion-MNIST has.
const EpochRows = 60000

// images are random bytes of so many columns as pixels from 0 to 1, with random labels. The time of an epoch does not
// depend on what is on them.
func images(cols, classes int) *data.Dataset {
	draw := rand.New(rand.NewPCG(1, 1))
	p := &data.Pixels{Rows: EpochRows, Cols: cols, Bytes: make([]uint8, EpochRows*cols), Values: make([][256]float64, 1)}
	for i := range p.Bytes {
		p.Bytes[i] = uint8(draw.Uint32())
	}
	for i := range p.Values[0] {
		p.Values[0][i] = float64(i) / 255
	}
	d := &data.Dataset{Name: "random images", Rows: EpochRows, Cols: cols, Pixels: p, Labels: make([]int32, EpochRows)}
	for i := range d.Labels {
		d.Labels[i] = int32(draw.IntN(classes))
	}
	for i := range classes {
		d.Classes = append(d.Classes, fmt.Sprint(i))
	}
	return d
}

// epoch trains on 60,000 images, batches put together from shuffled rows, and times epochs without their evaluation. The
// time of a step is that of its part of the epoch.
//
// Four epochs are trained and the last is left out, as it evaluates; median, fastest and slowest of
// three stand for the quantiles. What is timed is what a user waits for: drawing the order, gathering
// rows, steps.
func (r *Row) epoch(m *models.Model, w Workload) error {
	cols, classes, err := w.Spec().InOut()
	if err != nil {
		return err
	}
	const timed = 3
	h, err := train.Trainer{
		Epochs: timed + 1, BatchSize: w.Rows, Seed: 1, EvalEvery: timed + 1,
		Optimizer: optim.AdamW{LR: 0.002, WeightDecay: rpnops.Some(2e-4)},
	}.Fit(context.Background(), m, images(cols, classes), nil)
	if err != nil {
		return err
	}
	var took []float64
	for _, e := range h.Epochs[:timed] {
		took = append(took, float64(e.Duration)/float64(time.Millisecond))
	}
	slices.Sort(took)
	r.MedianMs, r.P10Ms, r.P90Ms, r.Iters = took[timed/2], took[0], took[timed-1], timed
	steps := float64((EpochRows + w.Rows - 1) / w.Rows)
	r.Flops, r.MinBytes = w.Cost.Train*steps, w.Cost.Bytes("train")*steps
	r.Gflops = r.Flops / r.MedianMs / 1e6
	return nil
}
