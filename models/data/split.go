package data

import "fmt"

// SplitOptions say how rows are dealt out to two parts. A nil pointer and the zero value mean: 90 % for training,
// shuffled with seed 0.
type SplitOptions struct {
	Train   float64 // share of the training part, 0 < Train < 1; 0: 0.9. K-fold has no use for it
	Seed    uint64  // of the shuffle
	Ordered bool    // keep the order of the rows: training part first, folds one after the other
}

// TrainTest splits d into ⌊Train·n⌋ rows for training and the others for the test. It fails where a part would be empty.
func TrainTest(d *Dataset, opts *SplitOptions) (train, test *Dataset, err error) {
	var o SplitOptions
	if opts != nil {
		o = *opts
	}
	if o.Train == 0 {
		o.Train = 0.9
	}
	order, err := o.order(d)
	if err != nil {
		return nil, nil, err
	}
	// Shares such as 0.29 are a little off in binary: 0.29·100 must not become 28.
	n := int(o.Train*float64(d.Rows) + 1e-9)
	if !(o.Train > 0 && o.Train < 1) || n < 1 || n >= d.Rows {
		return nil, nil, d.errorf("a share of %v for training leaves a part of %d rows empty; want both parts to have some", o.Train, d.Rows)
	}
	return d.parts(order[:n], order[n:])
}

// KFold splits d for fold number fold of k: part fold of k nearly equal parts is the test, the others are for training.
// All folds of a seed share one shuffle, so that each row is tested once; the first n mod k folds have a row more.
func KFold(d *Dataset, k, fold int, opts *SplitOptions) (train, test *Dataset, err error) {
	var o SplitOptions
	if opts != nil {
		o = *opts
	}
	if k < 2 || k > d.Rows || fold < 0 || fold >= k {
		return nil, nil, d.errorf("fold %d of %d for %d rows; want 2 to %d folds, numbered from 0", fold, k, d.Rows, d.Rows)
	}
	order, err := o.order(d)
	if err != nil {
		return nil, nil, err
	}
	// The folds before this one have n/k rows each, and the first n mod k of them one more.
	lo := fold*(d.Rows/k) + min(fold, d.Rows%k)
	hi := lo + d.Rows/k
	if fold < d.Rows%k {
		hi++
	}
	rest := append(append([]int(nil), order[:lo]...), order[hi:]...)
	return d.parts(rest, order[lo:hi])
}

// order is the order in which the rows are dealt out.
//
// It is that of the first epoch of [Batches] with one batch of all rows: one shuffle serves both, and
// is tested once.
func (o SplitOptions) order(d *Dataset) ([]int, error) {
	b, err := NewBatches(d.Rows, &BatchOptions{Seed: o.Seed, Ordered: o.Ordered})
	if err != nil {
		return nil, fmt.Errorf("data: a split: %w", err)
	}
	b.arrange(0)
	return b.order, nil
}

// parts selects two parts.
func (d *Dataset) parts(train, test []int) (a, b *Dataset, err error) {
	if a, err = d.Select(train); err != nil {
		return nil, nil, err
	}
	b, err = d.Select(test)
	return a, b, err // sizes that fit the first part fit the second
}
