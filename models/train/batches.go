package train

import "rpnc/models/data"

// Why a single row may not stand alone. A norm over the batch subtracts the mean of the rows and
// divides by their deviation; of one row that leaves 0 of every value, and the gradient of such a step
// says nothing. So where rows = k·size + 1 the last batch has size + 1 rows. There are then still two
// lengths, and two programs, at most.

// batches cuts the shuffled rows of an epoch into batches. The lengths are the same in every epoch, so that two programs
// serve a training. Package data would leave a single row alone at the end; here it joins the batch before.
type batches struct {
	all   *data.Batches // one batch of all rows: the order of an epoch; nil: that of the data
	order []int
	size  int
	count int
}

// all deals out the whole epoch as one batch: its order is that of package data for (seed, epoch), and
// only where it is cut is decided here.
func newBatches(rows, size int, seed uint64) (*batches, error) {
	all, err := data.NewBatches(rows, &data.BatchOptions{Seed: seed})
	if err != nil {
		return nil, err
	}
	b := &batches{all: all, size: size, order: make([]int, rows), count: (rows + size - 1) / size}
	if b.count > 1 && rows%size == 1 {
		b.count-- // a single row goes to the batch before it
	}
	return b, nil
}

// oneBatch is all rows in their order, in every epoch.
func oneBatch(rows int) *batches {
	b := &batches{order: make([]int, rows), size: rows, count: 1}
	for i := range b.order {
		b.order[i] = i
	}
	return b
}

// shuffle arranges the rows of an epoch.
func (b *batches) shuffle(epoch int) {
	if b.all == nil {
		return
	}
	for _, rows := range b.all.Epoch(epoch) {
		b.order = rows
	}
}

// rows are those of batch i.
func (b *batches) rows(i int) []int {
	if i == b.count-1 {
		return b.order[i*b.size:]
	}
	return b.order[i*b.size : (i+1)*b.size]
}

// sizes are the different lengths of batches.
func (b *batches) sizes() []int {
	last := len(b.rows(b.count - 1))
	if last == b.size || b.count == 1 {
		return []int{last}
	}
	return []int{b.size, last}
}
