package ops

import (
	"runtime"

	"rpnc/graph"
	"rpnc/internal/kernels"
)

// Tables that come from grids (patches, padding, flips) are mostly stretches of neighbours: 28 cells of
// an image row are one copy of 112 bytes and not 28 loads through an index. Tables of pairs of columns have one
// column again and again in between. Where the mean stretch has
// 16 entries or more the table is cut into stretches when the kernel is made, and read as copies;
// otherwise index by index.
//
// The transposed op sums, for every column of the result, the columns that point to it. Its table is
// turned round in advance (inverse), so that each result is one sum, written once, in an order that no
// split changes.

// Kernel reads by the table.
func (o Gather) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, gatherRun[float32], gatherRun[float64])
}

// gatherRun joins all axes but the last: x (rows×n), the result (rows×len(table)). A table that is mostly stretches of
// neighbours is read as these.
func gatherRun[T float](o Gather, in, out []graph.Type) Run {
	s := in[0].Shape
	rows, n, w := s.Sub(0, s.Rank()-1).Size(), s.Dim(-1), o.Table.Len()
	if runs := stretches(o.Table.Slice()); len(runs)*longRun <= w {
		return rowwise(in, out, rows*len(runs), w/max(1, len(runs)), func(a *args[T], lo, hi int) {
			segments(lo, hi, len(runs), func(row, from, to int) {
				y, x := a.dst[0][row*w:(row+1)*w], a.in[0][row*n:(row+1)*n]
				for _, r := range runs[from:to] {
					switch part := y[r.to : r.to+r.n]; {
					case r.at < 0:
						clear(part)
					case r.repeats:
						kernels.Fill(part, x[r.at])
					default:
						copy(part, x[r.at:])
					}
				}
			})
		})
	}
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
	w := o.Table.Len()
	each := max(1, w/max(1, o.N)) // terms a sum
	if runs := stretches(o.Table.Slice()); len(runs)*longRun <= w {
		return scatterStretches[T](out[0].Shape.Size()/max(1, o.N), o.N, w, runs)
	}
	ptr, from := inverse(o.Table.Slice(), o.N)
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

const (
	runCost     = 64 // a stretch takes as long to begin with as so many more elements
	scatterRows = 8  // rows that go through the stretches together, at most
)

// scatterStretches goes through the stretches for some rows at a time, as many for each core; one or two rows are cut into
// parts of their columns instead, for each of which a core goes through all of the stretches.
func scatterStretches[T float](rows, n, w int, runs []stretch) Run {
	var y, x []T
	together := func(lo, hi int) { addRuns(y[lo*n:hi*n], x[lo*w:hi*w], n, w, runs, 0, n) }
	parts := func(lo, hi int) {
		segments(lo, hi, n, func(row, j0, j1 int) { addRuns(y[row*n:(row+1)*n], x[row*w:(row+1)*w], n, w, runs, j0, j1) })
	}
	work := w + runCost*len(runs)
	return func(dst, in []Buffer) {
		y, x = view[T](dst[0]), view[T](in[0])
		if rows <= 2 {
			chunked(rows*n, grainOf(work/max(1, n)), rows*w, parts)
			return
		}
		chunked(rows, min(scatterRows, (rows-1)/runtime.GOMAXPROCS(0)+1), rows*work, together)
	}
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

// longRun is the mean length of stretches from which a table is read stretch by stretch.
const longRun = 16

// stretch is a part of a table: entries to…to+n−1 are at, at+1, …, or all at.
//
// at < 0 says that all entries are −1, which read as 0. Tables of pairs (i, j) with j > i are stretches of both kinds.
type stretch struct {
	to, at, n int
	repeats   bool
}

// stretches cuts a table into its stretches.
func stretches(table []int32) (runs []stretch) {
	for i, j := range table {
		if k := len(runs) - 1; k >= 0 && runs[k].takes(int(j)) {
			continue
		}
		runs = append(runs, stretch{to: i, at: int(j), n: 1})
	}
	return runs
}

// takes adds entry j to the stretch, if it goes on with it. The second entry decides of which kind a stretch is.
func (r *stretch) takes(j int) bool {
	again := j == r.at
	switch {
	case r.at < 0 || j < 0 || r.repeats:
		if !again {
			return false
		}
	case again && r.n == 1:
		r.repeats = true
	case j != r.at+r.n:
		return false
	}
	r.n++
	return true
}

// addRuns adds to columns j0…j1−1 of rows of y (rows×n) what the stretches send there from x (rows×w), in the order of the table.
//
// Each stretch is added for all rows before the next one is. What a stretch adds to, the one before has just written to the
// same row, from another column on mostly: a processor that reads it at once has to wait until it is in cache.
func addRuns[T float](y, x []T, n, w int, runs []stretch, j0, j1 int) {
	for at := 0; at < len(y); at += n {
		clear(y[at+j0 : at+j1])
	}
	for _, r := range runs {
		lo, hi := max(j0, r.at), min(j1, r.at+r.n)
		if r.repeats {
			hi = min(j1, r.at+1)
		}
		switch {
		case r.at < 0 || lo >= hi:
		case r.repeats:
			kernels.AddSumsOfRows(y[lo:], x[r.to:], len(y)/n, r.n, n, w)
		default:
			kernels.AddToRows(y[lo:], x[r.to+lo-r.at:], len(y)/n, hi-lo, n, w)
		}
	}
}
