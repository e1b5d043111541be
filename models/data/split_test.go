package data_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"rpnc/models/data"
)

// counted is a set whose only feature is the number of the row.
func counted(n int) *data.Dataset {
	d := &data.Dataset{Name: "counted", Rows: n, Cols: 1, X: make([]float64, n)}
	for i := range n {
		d.X[i] = float64(i)
	}
	return d
}

func TestTrainTestDealsEveryRowToOnePart(t *testing.T) {
	for _, c := range []struct {
		rows, train int
		opts        *data.SplitOptions
	}{
		// The sizes of the reference's tables.
		{150, 135, nil}, {768, 691, nil}, {1372, 1234, nil}, {210, 189, nil},
		{100, 29, &data.SplitOptions{Train: 0.29}}, {10, 7, &data.SplitOptions{Train: 0.7}}, {2000, 1000, &data.SplitOptions{Train: 0.5, Seed: 9}}, {2, 1, nil},
	} {
		train, test, err := data.TrainTest(counted(c.rows), c.opts)
		if err != nil {
			t.Fatal(err)
		}
		all := slices.Sorted(slices.Values(slices.Concat(train.X, test.X)))
		if train.Rows != c.train || !slices.Equal(all, counted(c.rows).X) {
			t.Errorf("%d rows: %d for training and %d, want %d", c.rows, train.Rows, test.Rows, c.train)
		}
	}
}

func TestASplitDependsOnItsSeed(t *testing.T) {
	test := map[string]bool{}
	for _, o := range []data.SplitOptions{{Seed: 1}, {Seed: 1, Train: 0.9}, {Seed: 2}, {Ordered: true}, {Ordered: true, Seed: 3}} {
		train, held, err := data.TrainTest(counted(50), &o)
		if err != nil {
			t.Fatal(err)
		}
		if o.Ordered != slices.IsSorted(slices.Concat(train.X, held.X)) {
			t.Errorf("%+v: test rows %v", o, held.X)
		}
		test[fmt.Sprint(held.X)] = true
	}
	if len(test) != 3 {
		t.Errorf("%d different test parts of 3 orders: %v", len(test), test)
	}
}

func TestEachRowIsTestedInOneFold(t *testing.T) {
	for _, o := range []*data.SplitOptions{nil, {Seed: 5}, {Ordered: true}} {
		var tested []float64
		for fold := range 4 {
			train, test, err := data.KFold(counted(10), 4, fold, o)
			if err != nil {
				t.Fatal(err)
			}
			if want := []int{3, 3, 2, 2}[fold]; test.Rows != want || train.Rows != 10-want {
				t.Errorf("fold %d tests %d rows and trains on %d, want %d", fold, test.Rows, train.Rows, want)
			}
			all := slices.Sorted(slices.Values(slices.Concat(train.X, test.X)))
			if !slices.Equal(all, counted(10).X) {
				t.Errorf("fold %d has the rows %v", fold, all)
			}
			tested = append(tested, test.X...)
		}
		if slices.Sort(tested); !slices.Equal(tested, counted(10).X) {
			t.Errorf("tested %v", tested)
		}
	}
}

func TestSplitsRejectEmptyParts(t *testing.T) {
	for _, share := range []float64{-0.5, 1, 1.5, 0.01, 1e-12} {
		_, _, err := data.TrainTest(counted(10), &data.SplitOptions{Train: share})
		if err == nil || !strings.Contains(err.Error(), "want both parts to have some") {
			t.Errorf("share %v: %v", share, err)
		}
	}
	for _, c := range [][3]int{{10, 1, 0}, {10, 11, 0}, {10, 3, 3}, {10, 3, -1}, {0, 2, 0}} {
		if _, _, err := data.KFold(counted(c[0]), c[1], c[2], nil); err == nil || !strings.Contains(err.Error(), "numbered from 0") {
			t.Errorf("rows, folds, fold %v: %v", c, err)
		}
	}
	if _, _, err := data.TrainTest(&data.Dataset{Cols: 1}, nil); err == nil || !strings.Contains(err.Error(), "0 rows") {
		t.Errorf("no rows: %v", err)
	}
}
