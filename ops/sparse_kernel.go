package ops

import (
	"rpnc/graph"
	"rpnc/internal/kernels"
)

// Kernel clears and writes row by row, so that a row is in cache for both.
func (o Densify) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, densifyRun[float32], densifyRun[float64])
}

// densifyRun writes values (nnz) → (Rows×Cols).
func densifyRun[T float](o Densify, in, out []graph.Type) Run {
	ptr, col, w := o.P.Ptr.Slice(), o.P.Col.Slice(), o.P.Cols
	return rowwise(in, out, o.P.Rows, w, func(a *args[T], lo, hi int) {
		clear(a.dst[0][lo*w : hi*w])
		for i := lo; i < hi; i++ {
			row := a.dst[0][i*w : (i+1)*w]
			for e := ptr[i]; e < ptr[i+1]; e++ {
				row[col[e]] = a.in[0][e]
			}
		}
	})
}

// Kernel reads row by row.
func (o AtPattern) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, atPatternRun[float32], atPatternRun[float64])
}

// atPatternRun reads (Rows×Cols) → values (nnz); rows own stretches of the values.
func atPatternRun[T float](o AtPattern, in, out []graph.Type) Run {
	ptr, col, w := o.P.Ptr.Slice(), o.P.Col.Slice(), o.P.Cols
	return rowwise(in, out, o.P.Rows, o.P.NNZ()/max(1, o.P.Rows), func(a *args[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			row := a.in[0][i*w : (i+1)*w]
			for e := ptr[i]; e < ptr[i+1]; e++ {
				a.dst[0][e] = row[col[e]]
			}
		}
	})
}

// Kernel multiplies by rows, for Aᵀ by those of the transposed pattern: to scatter rows of A would make sums depend
// on how the work is split.
func (o SpMM) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, spMMRun[float32], spMMRun[float64])
}

// layout is the pattern as the kernels of CPUs want it.
func (p Pattern) layout() *kernels.Pattern {
	return kernels.NewPattern(p.Ptr.Slice(), p.Col.Slice(), p.Cols)
}

// spMMRun multiplies x (batch × columns of A × w) → (batch × rows of A × w), one product after the other.
//
// The transposed pattern is made once; its kernel reads the values where they stand.
func spMMRun[T float](o SpMM, in, out []graph.Type) Run {
	p, w := o.P.layout(), in[1].Shape.Dim(-1)
	nx, ny := o.P.Cols*w, o.P.Rows*w
	if o.T {
		p, nx, ny = p.Transposed(), ny, nx
	}
	batch := out[0].Shape.Sub(0, out[0].Shape.Rank()-2).Size()
	return func(dst, in []Buffer) {
		val, x, y := view[T](in[0]), view[T](in[1]), view[T](dst[0])
		for i := range batch {
			kernels.SpMM(p, val, x[i*nx:(i+1)*nx], w, y[i*ny:(i+1)*ny])
		}
	}
}

// Kernel multiplies rows entry by entry; the batch is the outer loop, so that each sum over it has one order.
func (o SDDMM) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, sddmmRun[float32], sddmmRun[float64])
}

// sddmmRun reads a (batch×Rows×w) and b (batch×Cols×w), and adds the products of each of the batch to the values.
//
// 2·nnz·batch·w operations. Rows of a are in cache for all their entries, rows of b are read as the
// pattern says.
func sddmmRun[T float](o SDDMM, in, out []graph.Type) Run {
	p, w, s := o.P.layout(), in[0].Shape.Dim(-1), in[0].Shape
	batch := s.Sub(0, s.Rank()-2).Size()
	na, nb := o.P.Rows*w, o.P.Cols*w
	return func(dst, in []Buffer) {
		a, b, y := view[T](in[0]), view[T](in[1]), view[T](dst[0])
		clear(y)
		for i := range batch {
			kernels.SDDMM(p, a[i*na:(i+1)*na], b[i*nb:(i+1)*nb], w, y)
		}
	}
}
