package data_test

import (
	"fmt"
	"log"
	"slices"
	"strings"
	"testing"

	"rpnc/models/data"
)

// collect copies what a stream yields, since its buffers are used again.
func collect(t *testing.T, d *data.Dataset, b *data.Batches, epoch, workers int) (all []data.Batch[float32]) {
	t.Helper()
	for batch, err := range data.Stream[float32](d, b, epoch, workers) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data.Batch[float32]{Rows: slices.Clone(batch.Rows), X: slices.Clone(batch.X), Labels: slices.Clone(batch.Labels), Y: slices.Clone(batch.Y)})
	}
	return all
}

func TestAStreamIsTheBatchesOfItsEpoch(t *testing.T) {
	pixels, numbers := images(50)
	numbers.Y, numbers.YCols = make([]float64, 100), 2
	for i := range numbers.Y {
		numbers.Y[i] = float64(i)
	}
	for _, d := range []*data.Dataset{pixels, numbers} {
		b, err := data.NewBatches(d.Rows, &data.BatchOptions{Size: 7, Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		for _, workers := range []int{0, 1, 2, 20} {
			for epoch := range 2 {
				all := collect(t, d, b, epoch, workers)
				for i, rows := range b.Epoch(epoch) {
					x, labels := make([]float32, len(rows)*d.Cols), make([]int32, len(rows))
					if data.GatherFeatures(x, d, rows) != nil || data.Gather(labels, d.Labels, 1, rows) != nil {
						t.Fatal("the rows are wrong")
					}
					if !slices.Equal(all[i].Rows, rows) || !slices.Equal(all[i].X, x) || !slices.Equal(all[i].Labels, labels) {
						t.Errorf("batch %d of epoch %d, %d workers: %+v", i, epoch, workers, all[i])
					}
					if d.Y != nil && (len(all[i].Y) != 2*len(rows) || all[i].Y[1] != float32(2*rows[0]+1)) {
						t.Errorf("batch %d of epoch %d, %d workers: targets %v of rows %v", i, epoch, workers, all[i].Y, rows)
					}
				}
				if len(all) != b.Len() {
					t.Errorf("%d batches; want %d", len(all), b.Len())
				}
			}
		}
	}
}

// Under the race detector: whoever leaves a stream may shuffle at once.
func TestAStreamCanBeLeft(t *testing.T) {
	d, _ := images(60)
	b, err := data.NewBatches(d.Rows, &data.BatchOptions{Size: 4})
	if err != nil {
		t.Fatal(err)
	}
	for epoch := range 20 {
		seen := 0
		for range data.Stream[float64](d, b, epoch, 5) {
			if seen++; seen > epoch/2 {
				break
			}
		}
		if seen != min(15, epoch/2+1) {
			t.Errorf("%d batches", seen)
		}
	}
}

func TestAStreamOfRowsThatAreNotThereEndsWithAnError(t *testing.T) {
	d, _ := images(10)
	b, err := data.NewBatches(12, &data.BatchOptions{Size: 5, Ordered: true})
	if err != nil {
		t.Fatal(err)
	}
	var errs []error
	for _, err := range data.Stream[float32](d, b, 0, 2) {
		errs = append(errs, err)
	}
	if len(errs) != 3 || errs[0] != nil || errs[1] != nil || errs[2] == nil || !strings.Contains(errs[2].Error(), "row 10 of 10") {
		t.Errorf("errors %v; want two batches and then one", errs)
	}
}

func ExampleStream() {
	d, err := data.Digits()
	if err != nil {
		log.Fatal(err)
	}
	batches, err := data.NewBatches(d.Rows, &data.BatchOptions{Size: 500, Ordered: true})
	if err != nil {
		log.Fatal(err)
	}
	for batch, err := range data.Stream[float32](d, batches, 0, 2) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(len(batch.Rows), len(batch.X), batch.Labels[:3])
	}
	// Output:
	// 500 32000 [0 1 2]
	// 500 32000 [8 2 2]
	// 500 32000 [1 4 0]
	// 297 19008 [1 7 4]
}
