package ops

import (
	"rpnc/graph"
	"rpnc/internal/kernels"
)

// Kernel copies; a program that keeps views never runs it.
func (o Reshaped) Kernel(_, _ []graph.Type) (Run, error) {
	return func(dst, in []Buffer) { dst[0].Copy(in[0]) }, nil
}

// Kernel moves whole lines where the last axis stays last, and square tiles otherwise.
func (o Permuted) Kernel(in, out []graph.Type) (Run, error) {
	if out[0].DType == graph.I32 {
		return permuteRun[int32](o, in, out), nil
	}
	return byType(o, in, out, transposeRun[float32], transposeRun[float64])
}

// source is the grid of the result: operand 0 of it is x with its axes reordered, operand 1 the result itself.
func (o Permuted) source(in, out graph.Shape) grid {
	from := rowMajor(in)
	st := make([]int, o.Rank)
	for i, a := range o.Axes() {
		st[i] = from[a]
	}
	return newGrid(out, st, rowMajor(out))
}

// transposeRun is the transpose of one matrix, which is what most permutations are once axes are joined, or the
// general case.
func transposeRun[T float](o Permuted, in, out []graph.Type) Run {
	g := o.source(in[0].Shape, out[0].Shape)
	if len(g.dims) != 2 {
		return permuteRun[T](o, in, out)
	}
	return func(dst, in []Buffer) { kernels.Transpose(view[T](dst[0]), view[T](in[0]), g.dims[1], g.dims[0]) }
}

// permuteRun copies line by line, or tile by tile if the operand's contiguous axis is not the last of the result.
func permuteRun[T elem](o Permuted, in, out []graph.Type) Run {
	// Lines of the result are contiguous; where those of x are too, it is a copy of lines.
	g := o.source(in[0].Shape, out[0].Shape)
	n, rows := g.inner(), g.rows()
	if g.step(0) == 1 || out[0].Shape.Size() == 0 || n == 1 {
		return rowwise(in, out, rows, n, func(a *args[T], lo, hi int) {
			for i := lo; i < hi; i++ {
				copy(a.dst[0][i*n:(i+1)*n], a.in[0][g.offset(0, i):])
			}
		})
	}
	t := newTiles(g)
	return rowwise(in, out, t.outer.rows(), t.rows*t.cols, func(a *args[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			moveTiles(t, a.dst[0][t.outer.offset(1, i):], a.in[0][t.outer.offset(0, i):])
		}
	})
}

// tiles are the matrices that a permutation transposes: axis fast of the operand against the last of the result. The
// other axes tell where each matrix lies.
type tiles struct {
	outer      grid // dims without fast, and a last axis of size 1 for [grid.rows]
	rows, cols int  // along fast, along the last axis
	dst, src   int  // strides: of the result along fast, of the operand along the last axis
}

// newTiles splits the axes of a grid into the two that are exchanged and the outer ones.
func newTiles(g grid) (t tiles) {
	last := len(g.dims) - 1
	t.outer.strides = make([][]int, 2)
	for ax := range last {
		if g.strides[0][ax] == 1 {
			t.rows, t.dst = g.dims[ax], g.strides[1][ax]
			continue
		}
		t.outer.add(g.dims[ax], g.strides[0][ax], g.strides[1][ax])
	}
	t.outer.add(1, 0, 0)
	t.cols, t.src = g.dims[last], g.strides[0][last]
	return t
}

// add appends an axis.
func (g *grid) add(dim int, strides ...int) {
	g.dims = append(g.dims, dim)
	for i, s := range strides {
		g.strides[i] = append(g.strides[i], s)
	}
}

// tileSide is the side of a tile: 16 cache lines of either side stay in L1.
const tileSide = 16

// moveTiles transposes one matrix: it writes lines of a tile and reads across them.
func moveTiles[T elem](t tiles, dst, src []T) {
	for i0 := 0; i0 < t.rows; i0 += tileSide {
		i1 := min(i0+tileSide, t.rows)
		for j0 := 0; j0 < t.cols; j0 += tileSide {
			j1 := min(j0+tileSide, t.cols)
			for i := i0; i < i1; i++ {
				line := dst[i*t.dst+j0 : i*t.dst+j1]
				for j := range line {
					line[j] = src[(j0+j)*t.src+i]
				}
			}
		}
	}
}
