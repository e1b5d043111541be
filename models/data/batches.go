package data

import (
	"fmt"
	"iter"
	"math/bits"
)

// BatchOptions say how rows are dealt out. A nil pointer means one shuffled batch of all rows.
type BatchOptions struct {
	Size    int    // rows of a batch; 0: all rows
	Seed    uint64 // of the shuffle
	Ordered bool   // keep the order of the rows instead of shuffling, as for a test part
	Drop    bool   // leave out a last batch that is shorter than Size
}

// Batches deals the rows 0 … n−1 out in batches, every row once an epoch. The order is a pure function of
// (seed, epoch): an interrupted run can go on in any epoch, and the number of threads does not matter.
// It is not safe for concurrent use: its epochs share one buffer.
type Batches struct {
	size  int
	count int
	opts  BatchOptions
	order []int
}

// NewBatches prepares the batches of a set of the given number of rows. It fails where there would be none.
func NewBatches(rows int, opts *BatchOptions) (*Batches, error) {
	b := &Batches{}
	if opts != nil {
		b.opts = *opts
	}
	b.size = b.opts.Size
	if b.size == 0 {
		b.size = rows
	}
	switch {
	case rows < 1:
		return nil, fmt.Errorf("data.NewBatches: %d rows; want at least one", rows)
	case b.size < 0:
		return nil, fmt.Errorf("data.NewBatches: batch size %d; want a positive number of rows, or 0 for all", b.size)
	case b.opts.Drop && b.size > rows:
		return nil, fmt.Errorf("data.NewBatches: no batch of %d among %d rows; want a smaller size, or the short batch kept", b.size, rows)
	}
	b.order = make([]int, rows)
	b.count = rows / b.size
	if rows%b.size > 0 && !b.opts.Drop {
		b.count++
	}
	return b, nil
}

// Len returns the number of batches of an epoch, ⌈rows/size⌉, or ⌊rows/size⌋ where a short last one is dropped.
func (b *Batches) Len() int { return b.count }

// Size returns the number of rows of every batch but a short last one.
func (b *Batches) Size() int { return b.size }

// Epoch yields the number of each batch and its rows. The rows are a view of a buffer that the next epoch
// overwrites, so finish one epoch before the next; nothing is allocated for a batch.
//
//	for i, rows := range batches.Epoch(epoch) { … }
func (b *Batches) Epoch(epoch int) iter.Seq2[int, []int] {
	return func(yield func(int, []int) bool) {
		b.arrange(epoch)
		for i := range b.count {
			lo := i * b.size
			hi := min(len(b.order), lo+b.size)
			if !yield(i, b.order[lo:hi:hi]) {
				return
			}
		}
	}
}

// arrange writes the order of an epoch: Fisher and Yates' shuffle of 0 … n−1 with the i-th number of a
// generator that counts instead of keeping a state.
func (b *Batches) arrange(epoch int) {
	for i := range b.order {
		b.order[i] = i
	}
	if b.opts.Ordered {
		return
	}
	// Seed and epoch are scrambled one after the other, so that (1, 2) and (2, 1) have nothing in common.
	key := scramble(scramble(b.opts.Seed+golden) + golden*(uint64(epoch)+1))
	for i := len(b.order) - 1; i > 0; i-- {
		// ⌊random·(i+1)/2⁶⁴⌋ prefers some rows by less than i/2⁶⁴, which no run is long enough to see.
		j, _ := bits.Mul64(scramble(key+golden*uint64(i)), uint64(i+1))
		b.order[i], b.order[j] = b.order[j], b.order[i]
	}
}

// golden is ⌊2⁶⁴/φ⌋ made odd, the step of the SplitMix64 generator.
const golden = 0x9e3779b97f4a7c15

// scramble is the output function of SplitMix64 (Steele, Lea and Flood, 2014), a bijection of 64 bits in which
// every bit of the argument reaches every bit of the result.
func scramble(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Number is what a buffer of [Gather] may hold.
type Number interface{ ~float32 | ~float64 | ~int32 }

// Gather copies rows of src (n×cols) to dst (len(rows)×cols), dst[i, :] = src[rows[i], :], converting on the way:
//
//	err := data.Gather(x, d.X, d.Cols, rows)       // x []float32
//	err := data.Gather(labels, d.Labels, 1, rows)  // labels []int32
//
// It fails, dst then being written in part, where a row is not in [0, n) or a size does not fit. Values beyond
// the range of a float32 destination become infinite.
func Gather[D, S Number](dst []D, src []S, cols int, rows []int) error {
	if cols < 1 || len(src)%cols != 0 {
		return fmt.Errorf("data.Gather: %d source values in rows of %d; want a multiple", len(src), cols)
	}
	if !isTable(len(dst), len(rows), cols) {
		return fmt.Errorf("data.Gather: room for %d values; want %d rows of %d", len(dst), len(rows), cols)
	}
	n := len(src) / cols
	for i, r := range rows {
		if r < 0 || r >= n {
			return fmt.Errorf("data.Gather: row %d of %d; want rows 0…%d", r, n, n-1)
		}
		to, from := dst[i*cols:(i+1)*cols], src[r*cols:(r+1)*cols]
		for j, v := range from {
			to[j] = D(v)
		}
	}
	return nil
}
