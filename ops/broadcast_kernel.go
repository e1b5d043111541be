package ops

import (
	"rpnc/graph"
	"rpnc/internal/kernels"
)

// Kernel copies block by block: a chain without instructions.
func (o Broadcast) Kernel(in, out []graph.Type) (Run, error) {
	return Elementwise{NewProgram(1, nil, nil, 0), o.To}.Kernel(in, out)
}

// Kernel sums one group of axes after the other, the last ones first. The order of every sum depends on the shapes
// alone.
func (o SumTo) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, sumToRun[float32], sumToRun[float64])
}

// sumToRun has a stage for each group of neighbouring axes to be summed; grids have at most four. The last axes go
// first, because theirs are the sums that read contiguous memory and shrink it most.
func sumToRun[T float](o SumTo, in, _ []graph.Type) Run {
	g := newGrid(in[0].Shape, SourceStrides(o.To, in[0].Shape))
	var stages []*sumStage[T]
	for ax := len(g.dims) - 1; ax >= 0; ax-- {
		if g.strides[0][ax] == 0 && g.dims[ax] != 1 {
			stages = append(stages, newSumStage[T](size(g.dims[:ax]), g.dims[ax], kept(g, ax+1)))
		}
	}
	if len(stages) == 0 {
		return func(dst, in []Buffer) { dst[0].Copy(in[0]) }
	}
	for _, s := range stages[:len(stages)-1] {
		s.to = make([]T, s.outer*s.inner)
	}
	return func(dst, in []Buffer) {
		stages[len(stages)-1].to = view[T](dst[0])
		x := view[T](in[0])
		for _, s := range stages {
			s.x = x
			s.sum()
			x = s.to
		}
	}
}

// kept is the number of elements left of the axes from ax on once those to be summed are.
func kept(g grid, ax int) int {
	n := 1
	for ; ax < len(g.dims); ax++ {
		if g.strides[0][ax] != 0 {
			n *= g.dims[ax]
		}
	}
	return n
}

// sumStage sums the middle axis: x (outer×n×inner) → to (outer×inner). A single long sum is cut into parts, so that
// several cores can share it.
//
// partial holds a line for each part; the parts are added in their order, so the number of cores does
// not show.
type sumStage[T float] struct {
	outer, n, inner int
	lines, parts    int // rows of n in a part; parts, if outer is 1
	partial         []T
	x, to           []T
	rows, part      func(lo, hi int)
}

// sumPart is about the number of elements of a part of a long sum.
const sumPart = 1 << 13

// newSumStage decides by sizes alone whether the sum is cut into parts.
func newSumStage[T float](outer, n, inner int) *sumStage[T] {
	s := &sumStage[T]{outer: outer, n: n, inner: inner}
	s.rows, s.part = s.sumRows, s.sumParts
	if outer == 1 && n*inner >= 4*sumPart {
		s.lines = max(1, sumPart/inner)
		s.parts = (n-1)/s.lines + 1
		s.partial = make([]T, s.parts*inner)
	}
	return s
}

// sum runs the stage: rows on their own, or the parts of one sum and then the sum of the parts.
func (s *sumStage[T]) sum() {
	if s.parts < 2 {
		chunked(s.outer, grainOf(s.n*s.inner), s.outer*s.n*s.inner, s.rows)
		return
	}
	kernels.Parallel(s.parts, 1, s.part)
	sumColumns(s.to, s.partial, s.parts, s.inner)
}

// sumRows sums n for rows lo…hi−1 of outer.
func (s *sumStage[T]) sumRows(lo, hi int) {
	w := s.n * s.inner
	for i := lo; i < hi; i++ {
		sumColumns(s.to[i*s.inner:(i+1)*s.inner], s.x[i*w:(i+1)*w], s.n, s.inner)
	}
}

// sumParts sums parts lo…hi−1 of the only row of outer.
func (s *sumStage[T]) sumParts(lo, hi int) {
	for p := lo; p < hi; p++ {
		from, to := p*s.lines, min((p+1)*s.lines, s.n)
		sumColumns(s.partial[p*s.inner:(p+1)*s.inner], s.x[from*s.inner:to*s.inner], to-from, s.inner)
	}
}

// sumColumns is kernels.SumColumns, or the plain sum of a single column.
func sumColumns[T float](dst, x []T, rows, cols int) {
	if cols == 1 {
		dst[0] = kernels.Sum(x)
		return
	}
	kernels.SumColumns(dst, x, rows, cols)
}
