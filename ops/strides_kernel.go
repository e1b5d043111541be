package ops

import "rpnc/graph"

// grid is how tensors that broadcast to one shape are walked together: the axes of the shape, without those of size
// 1 and joined where every operand allows it, and the strides of each operand along them. At least one axis is left.
//
// Joining makes the cases few: operands of the full shape and scalars leave one axis, a row or a column leaves two,
// whatever the rank was.
type grid struct {
	dims    []int
	strides [][]int // one list an operand
}

// newGrid coalesces the axes of s for operands with the given strides along them.
func newGrid(s graph.Shape, strides ...[]int) grid {
	g := grid{strides: make([][]int, len(strides))}
	for ax, d := range s.Dims() {
		if d == 1 {
			continue
		}
		if last := len(g.dims) - 1; last >= 0 && g.joins(last, ax, d, strides) {
			g.dims[last] *= d
			for i, st := range strides {
				g.strides[i][last] = st[ax]
			}
			continue
		}
		g.dims = append(g.dims, d)
		for i, st := range strides {
			g.strides[i] = append(g.strides[i], st[ax])
		}
	}
	if len(g.dims) == 0 { // a single element
		g.dims = []int{1}
		for i := range strides {
			g.strides[i] = []int{0}
		}
	}
	return g
}

// joins says whether axis ax of size d continues the last axis of the grid for all operands: one step along the outer
// axis must be d steps along the inner one (0 = d·0 where both are repeated).
func (g grid) joins(last, ax, d int, strides [][]int) bool {
	for i, st := range strides {
		if g.strides[i][last] != d*st[ax] {
			return false
		}
	}
	return true
}

// inner is the size of the last axis, rows the number of its lines.
func (g grid) inner() int { return g.dims[len(g.dims)-1] }

func (g grid) rows() int { return size(g.dims[:len(g.dims)-1]) }

// offset is where line number row of operand i begins; lines are counted in row-major order of the outer axes.
func (g grid) offset(i, row int) int {
	ax, off := len(g.dims)-2, 0
	for ; ax > 0; ax-- {
		off += row % g.dims[ax] * g.strides[i][ax]
		row /= g.dims[ax]
	}
	if ax == 0 { // what is left is within the first axis: chains of short lines ask for each, and a division takes as long as a line
		off += row * g.strides[i][0]
	}
	return off
}

// step is the stride of operand i along the last axis. For a row-major operand that broadcasts it is 1, or 0 where the
// operand repeats one element along the line.
func (g grid) step(i int) int { return g.strides[i][len(g.dims)-1] }

func size(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

// rowMajor lists the strides of a contiguous tensor of shape s.
func rowMajor(s graph.Shape) []int {
	st, n := make([]int, s.Rank()), 1
	for ax := s.Rank() - 1; ax >= 0; ax-- {
		st[ax] = n
		n *= s.Dim(ax)
	}
	return st
}
