package ops

import (
	"rpnc/graph"
	"rpnc/internal/kernels"
)

// Kernel reads by the table.
func (o Gather) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, gatherRun[float32], gatherRun[float64])
}

// gatherRun joins all axes but the last: x (rows×n), the result (rows×len(table)).
func gatherRun[T float](o Gather, in, _ []graph.Type) Run {
	s := in[0].Shape
	rows := s.Sub(0, s.Rank()-1).Size()
	return func(dst, in []Buffer) { kernels.Gather(view[T](dst[0]), view[T](in[0]), rows, o.Table.Slice()) }
}

// Kernel adds up for every column of the result the columns that the table sends there, in their order: a sum of
// gathered elements writes each result once, and any split of the columns gives the same bits.
func (o ScatterAdd) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, scatterRun[float32], scatterRun[float64])
}

// scatterRun joins all axes but the last: x (rows×len(table)), the result (rows×N). The cores share the elements of
// the result, not its rows, of which there may be one.
func scatterRun[T float](o ScatterAdd, in, out []graph.Type) Run {
	ptr, from := inverse(o.Table.Slice(), o.N)
	w := o.Table.Len()
	each := max(1, w/max(1, o.N)) // terms a sum
	return rowwise(in, out, out[0].Shape.Size(), each, func(a *args[T], lo, hi int) {
		segments(lo, hi, o.N, func(row, j0, j1 int) {
			y, x := a.dst[0][row*o.N:(row+1)*o.N], a.in[0][row*w:(row+1)*w]
			for j := j0; j < j1; j++ {
				var s T
				for _, i := range from[ptr[j]:ptr[j+1]] {
					s += x[i]
				}
				y[j] = s
			}
		})
	})
}

// inverse is the table read backwards, in compressed rows: it lists for every j of 0…n−1 the places i with table[i] = j, rising: from[ptr[j]:ptr[j+1]].
func inverse(table []int32, n int) (ptr, from []int32) {
	ptr = make([]int32, n+1)
	for _, j := range table {
		if j >= 0 {
			ptr[j+1]++
		}
	}
	for j := range n {
		ptr[j+1] += ptr[j]
	}
	from = make([]int32, ptr[n])
	next := append([]int32(nil), ptr...)
	for i, j := range table {
		if j >= 0 {
			from[next[j]] = int32(i)
			next[j]++
		}
	}
	return ptr, from
}
