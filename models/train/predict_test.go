package train_test

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"rpnc/models"
	"rpnc/models/data"
	"rpnc/models/optim"
	"rpnc/models/train"
)

// learnt is a network of digits that has been trained in batches of 64, and rows to predict, more than there are digits.
func learnt(t testing.TB, rows int) (*models.Model, []float64) {
	t.Helper()
	d, err := data.Digits()
	if err != nil {
		t.Fatal(err)
	}
	m := model(t, models.MLP{Dims: []int{64, 32, 10}, Plain: true, Product: models.Product{EnableBias: true}, Finish: models.Finish{WithRelu: true, WithBatchNorm: true}}, nil)
	fit(t, train.Trainer{Epochs: 1, BatchSize: 64, Optimizer: optim.AdamW{LR: 0.01}}, m, d, nil)
	x := slices.Repeat(d.X, 1+rows/d.Rows)
	return m, x[:rows*64]
}

// A model that was trained on batches of 64 predicts one row and a thousand, and says the same of a row in any company.
func TestPredictionTakesAnyNumberOfRows(t *testing.T) {
	m, x := learnt(t, 1000)
	all, err := m.Predict(x)
	if err != nil || len(all) != 10000 {
		t.Fatalf("%d results, %v", len(all), err)
	}
	for _, n := range []int{1, 2, 63, 64, 65, 999} {
		for lo := 0; lo+n <= 1000; lo += max(n, 97) {
			y, err := m.Predict(x[lo*64 : (lo+n)*64])
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range y {
				if want := all[lo*10+i]; math.Abs(v-want) > 1e-4*math.Max(1, math.Abs(want)) {
					t.Fatalf("row %d of %d: result %d is %v; among all rows it is %v", lo+i/10, n, i%10, v, want)
				}
			}
		}
	}
}

// Four goroutines share a model, each with batches of its own sizes; what they get is what one alone gets, to the bit. The
// race detector has its say too.
func TestGoroutinesPredictFromOneModel(t *testing.T) {
	m, x := learnt(t, 200)
	sizes := []int{1, 7, 64, 200}
	want := map[int][]float64{}
	for _, n := range sizes {
		y, err := m.Predict(x[:n*64])
		if err != nil {
			t.Fatal(err)
		}
		want[n] = y
	}
	var all sync.WaitGroup
	errs := make([]error, 4)
	for w := range errs {
		all.Go(func() {
			for k := range 40 {
				n := sizes[(k+w)%len(sizes)]
				y, err := m.Predict(x[:n*64])
				if err == nil && !slices.Equal(y, want[n]) {
					err = fmt.Errorf("%d rows: other results than alone", n)
				}
				if err != nil {
					errs[w] = err
					return
				}
			}
		})
	}
	all.Wait()
	for w, err := range errs {
		if err != nil {
			t.Errorf("goroutine %d: %v", w, err)
		}
	}
}

// BenchmarkPredict is the throughput of one model shared by goroutines, each with batches of 64 rows.
func BenchmarkPredict(b *testing.B) {
	m, x := learnt(b, 64)
	for _, n := range []int{1, 4} {
		b.Run(fmt.Sprintf("goroutines=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			var all sync.WaitGroup
			share := make(chan struct{}, n)
			for range n {
				all.Go(func() {
					for range share {
						if _, err := m.Predict(x); err != nil {
							b.Error(err)
						}
					}
				})
			}
			for b.Loop() {
				share <- struct{}{}
			}
			close(share)
			all.Wait()
			b.ReportMetric(float64(64*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
