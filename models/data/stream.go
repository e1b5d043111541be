package data

import (
	"iter"
	"runtime"
)

// How gathering runs ahead. A ring of workers + 1 places holds the batch that the caller works with
// and the next ones; each place is filled by a goroutine of its own and asked for in order, so the
// batches come in the order of the epoch whoever finishes first. A place is filled again only after
// the caller has asked for the next batch, which is what makes its memory safe to use until then.

// Batch is a batch with its numbers, as a step takes them.
type Batch[D Number] struct {
	Rows   []int   // which rows these are
	X      []D     // features (len(Rows)×Cols)
	Labels []int32 // nil without classes
	Y      []D     // targets (len(Rows)×YCols); nil without
}

// Stream yields the batches of an epoch, in the order of [Batches.Epoch], while so many workers (0: one a processor) gather
// the next ones: what has to be formed from [Sparse] or [Pixels] is there when it is wanted. Memory is that of workers + 1
// batches; a batch may be used until the next is asked for.
//
//	for batch, err := range data.Stream[float32](d, batches, epoch, 0) { … }
//
// An error, where d has not the rows that b deals out, ends it. As for b itself, one epoch goes after the other.
func Stream[D Number](d *Dataset, b *Batches, epoch, workers int) iter.Seq2[Batch[D], error] {
	if workers < 1 {
		workers = runtime.GOMAXPROCS(0)
	}
	return func(yield func(Batch[D], error) bool) {
		var all [][]int
		for _, rows := range b.Epoch(epoch) {
			all = append(all, rows)
		}
		ring := make([]gathering[D], workers+1)
		started := 0
		// Nobody gathers any more when the caller goes on, for the next epoch arranges the same rows anew.
		next := 0
		defer func() {
			for ; next < started; next++ {
				<-ring[next%len(ring)].done
			}
		}()
		for next < len(all) {
			for ; started < min(len(all), next+workers); started++ {
				ring[started%len(ring)].start(d, all[started])
			}
			g := &ring[next%len(ring)]
			err := <-g.done
			next++
			if !yield(g.batch, err) || err != nil {
				return
			}
		}
	}
}

// gathering is the place of one batch, which is used again and again.
type gathering[D Number] struct {
	batch Batch[D]
	done  chan error // a value for every start
}

// start gathers some rows in a goroutine of its own.
func (g *gathering[D]) start(d *Dataset, rows []int) {
	if g.done == nil {
		g.done = make(chan error, 1)
	}
	go func() { g.done <- g.gather(d, rows) }()
}

// gather fills the batch.
func (g *gathering[D]) gather(d *Dataset, rows []int) error {
	n, b := len(rows), &g.batch
	b.Rows, b.X = rows, sized(b.X, n*d.Cols)
	if err := GatherFeatures(b.X, d, rows); err != nil {
		return err
	}
	if d.Labels != nil {
		b.Labels = sized(b.Labels, n)
		if err := Gather(b.Labels, d.Labels, 1, rows); err != nil {
			return err
		}
	}
	if d.Y != nil {
		b.Y = sized(b.Y, n*d.YCols)
		return Gather(b.Y, d.Y, d.YCols, rows)
	}
	return nil
}

// sized is a slice of n elements, the same one where it is large enough.
func sized[D Number](s []D, n int) []D {
	if cap(s) < n {
		return make([]D, n)
	}
	return s[:n]
}
