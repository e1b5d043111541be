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

// Transposed is the pattern of Aᵀ, and for each of its entries the number of the entry of A.
func (p Pattern) Transposed() (t Pattern, entry []int32) {
	row := make([]int32, p.NNZ())
	p.Each(func(e, i, _ int) { row[e] = int32(i) })
	ptr, entry := inverse(p.Col.Slice(), p.Cols)
	col := make([]int32, len(entry))
	for q, e := range entry {
		col[q] = row[e]
	}
	return Pattern{p.Cols, p.Rows, graph.NewIndex(ptr...), graph.NewIndex(col...)}, entry
}

// Kernel multiplies by rows, for Aᵀ by those of the transposed pattern: to scatter rows of A would make sums depend
// on how the work is split.
func (o SpMM) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, spMMRun[float32], spMMRun[float64])
}

// spMMRun multiplies x (batch × columns of A × w) → (batch × rows of A × w), one product after the other.
//
// The values of a transposed pattern are permuted in each run, nnz moves beside 2·nnz·w operations; the
// permutation is made once.
func spMMRun[T float](o SpMM, in, out []graph.Type) Run {
	p, w := o.P, in[1].Shape.Dim(-1)
	var entry []int32 // where the values of the transposed pattern come from
	if o.T {
		p, entry = o.P.Transposed()
	}
	sorted := make([]T, len(entry))
	nx, ny := p.Cols*w, p.Rows*w
	batch := out[0].Shape.Sub(0, out[0].Shape.Rank()-2).Size()
	return func(dst, in []Buffer) {
		val, x, y := view[T](in[0]), view[T](in[1]), view[T](dst[0])
		if o.T {
			for q, e := range entry {
				sorted[q] = val[e]
			}
			val = sorted
		}
		for i := range batch {
			kernels.SpMM(p.Ptr.Slice(), p.Col.Slice(), val, x[i*nx:(i+1)*nx], w, y[i*ny:(i+1)*ny])
		}
	}
}

// Kernel multiplies rows entry by entry; the batch is the outer loop, so that each sum over it has one order.
func (o SDDMM) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, sddmmRun[float32], sddmmRun[float64])
}

// sddmmRun reads a (batch×Rows×w) and b (batch×Cols×w); rows own stretches of the values.
//
// 2·nnz·batch·w operations. Rows of a are in cache for all their entries, rows of b are read as the
// pattern says.
func sddmmRun[T float](o SDDMM, in, out []graph.Type) Run {
	w, s := in[0].Shape.Dim(-1), in[0].Shape
	batch := s.Sub(0, s.Rank()-2).Size()
	ptr, col := o.P.Ptr.Slice(), o.P.Col.Slice()
	work := (o.P.NNZ()/max(1, o.P.Rows) + 1) * batch * w
	return rowwise(in, out, o.P.Rows, work, func(a *args[T], lo, hi int) {
		clear(a.dst[0][ptr[lo]:ptr[hi]])
		for z := range batch {
			for i := lo; i < hi; i++ {
				x, b := a.in[0][(z*o.P.Rows+i)*w:][:w], a.in[1][z*o.P.Cols*w:]
				sampleRow(a.dst[0][ptr[i]:ptr[i+1]], x, b, col[ptr[i]:ptr[i+1]])
			}
		}
	})
}

// shortDot is the width below which a loop here costs less than a call for each entry.
const shortDot = 24

// sampleRow adds to y[q] the product of x and row col[q] of b.
func sampleRow[T float](y, x, b []T, col []int32) {
	w := len(x)
	switch {
	case w == 1:
		for q, j := range col {
			y[q] += x[0] * b[j]
		}
	case w < shortDot:
		for q, j := range col {
			y[q] += shortProduct(x, b[int(j)*w:][:w])
		}
	default:
		for q, j := range col {
			y[q] += kernels.Dot(x, b[int(j)*w:][:w])
		}
	}
}

// shortProduct is x·y, with four sums so that additions need not wait for each other.
//
// The order of its sums depends on the width alone.
func shortProduct[T float](x, y []T) T {
	var s0, s1, s2, s3 T
	y = y[:len(x)]
	i := 0
	for ; i+4 <= len(x); i += 4 {
		s0 += x[i] * y[i]
		s1 += x[i+1] * y[i+1]
		s2 += x[i+2] * y[i+2]
		s3 += x[i+3] * y[i+3]
	}
	for ; i < len(x); i++ {
		s0 += x[i] * y[i]
	}
	return (s0 + s1) + (s2 + s3)
}
