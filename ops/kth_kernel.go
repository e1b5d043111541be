package ops

import "rpnc/graph"

// Order statistics by selection: a line is partitioned around a middle entry until the wanted rank is
// in its place, 2n to 4n comparisons in the mean against n·log n of a sort. What moves is an index, so
// positions come for free. The order is total (ties by position, NaN last), hence the answer does not
// depend on how the partitions fall, and is the oracle's to the bit. Lines with adversarial orders take
// O(n²); the data are features and not chosen by an enemy.

// Kernel selects on every line: expected time proportional to its length.
func (o Kth) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, kthRun[float32], kthRun[float64])
}

// kthRun copies each line, since the axis need not be contiguous. 8n stands for the passes of a selection.
func kthRun[T float](o Kth, in, out []graph.Type) Run {
	ax, _ := axisOf(o.Axis, in[0].Shape)
	outer, n, inner := around(in[0].Shape, ax)
	scratch := newSpare(func() *line[T] { return &line[T]{make([]T, n), make([]int32, n)} })
	return rowwise(in, out, outer*inner, 8*n, func(a *args[T], lo, hi int) {
		l := scratch.get()
		for i := lo; i < hi; i++ {
			at := i/inner*n*inner + i%inner
			for k := range n {
				l.x[k], l.order[k] = a.in[0][at+k*inner], int32(k)
			}
			k := l.order[l.kth(o.K)]
			a.dst[0][i], a.dstI[1][i] = l.x[k], k
		}
		scratch.put(l)
	})
}

// line is a line of a tensor and an order of its entries.
//
// order is a permutation of the indexes of x.
type line[T float] struct {
	x     []T
	order []int32
}

// less is the order of [Kth]: by value, NaNs last, then by position.
func (l *line[T]) less(i, j int32) bool {
	a, b := l.x[i], l.x[j]
	switch {
	case a < b:
		return true
	case a > b:
		return false
	case (a != a) != (b != b):
		return b != b
	}
	return i < j
}

// kth rearranges order until entry k is in its place (Hoare's selection) and answers with k.
//
// After a partition, entries up to j are at most the pivot and those from i on at least; what is
// between is equal to it and in place.
func (l *line[T]) kth(k int) int {
	for lo, hi := 0, len(l.order)-1; lo < hi; {
		pivot := l.order[(lo+hi)/2]
		i, j := lo, hi
		for i <= j {
			for l.less(l.order[i], pivot) {
				i++
			}
			for l.less(pivot, l.order[j]) {
				j--
			}
			if i <= j {
				l.order[i], l.order[j] = l.order[j], l.order[i]
				i, j = i+1, j-1
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return k
		}
	}
	return k
}
