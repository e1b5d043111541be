package ops

import (
	"slices"

	"rpnc/graph"
	"rpnc/internal/kernels"
)

// Kernel copies a stretch of every row, a row being all that follows one index of the axes before o.Axis.
func (o Slice) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, sliceRun[float32], sliceRun[float64])
}

// sliceRun sees x as (outer×n×inner): stretches of (Hi−Lo)·inner elements.
func sliceRun[T float](o Slice, in, out []graph.Type) Run {
	ax, _ := axisOf(o.Axis, in[0].Shape)
	outer, n, inner := around(in[0].Shape, ax)
	w := (o.Hi - o.Lo) * inner
	return rowwise(in, out, outer, w, func(a *args[T], lo, hi int) {
		if lo < hi && w > 0 {
			kernels.CopyRows(a.dst[0][lo*w:], a.in[0][(lo*n+o.Lo)*inner:], hi-lo, w, w, n*inner)
		}
	})
}

// Kernel copies every row between zeros.
func (o Pad) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, padRun[float32], padRun[float64])
}

// padRun sees x as (outer×n×inner) and the result as (outer×N×inner).
func padRun[T float](o Pad, in, out []graph.Type) Run {
	ax, _ := axisOf(o.Axis, in[0].Shape)
	outer, n, inner := around(in[0].Shape, ax)
	w, from, to := o.N*inner, o.Lo*inner, (o.Lo+n)*inner
	return rowwise(in, out, outer, w, func(a *args[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			row := a.dst[0][i*w : (i+1)*w]
			clear(row[:from])
			copy(row[from:to], a.in[0][i*(to-from):])
			clear(row[to:])
		}
	})
}

// Kernel copies the operands' rows side by side.
func (o Concat) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, concatRun[float32], concatRun[float64])
}

// concatRun sees operand k as (outer×nₖ×inner) and the result as (outer×Σnₖ×inner).
func concatRun[T float](o Concat, in, out []graph.Type) Run {
	ax, _ := axisOf(o.Axis, in[0].Shape)
	outer, n, inner := around(out[0].Shape, ax)
	widths := make([]int, len(in))
	for i, t := range in {
		widths[i] = t.Shape.Dim(ax) * inner
	}
	if n*inner == len(in) && !slices.Contains(widths, 0) { // single numbers side by side: a copy for each costs more than it moves
		return rowwise(in, out, outer, n, func(a *args[T], lo, hi int) {
			for k, x := range a.in {
				y := a.dst[0][lo*n+k:]
				for i, v := range x[lo:hi] {
					y[i*n] = v
				}
			}
		})
	}
	return rowwise(in, out, outer, n*inner, func(a *args[T], lo, hi int) {
		if lo == hi || n*inner == 0 {
			return
		}
		row := a.dst[0][lo*n*inner:]
		for k, w := range widths {
			kernels.CopyRows(row, a.in[k][lo*w:], hi-lo, w, n*inner, w)
			row = row[w:]
		}
	})
}
