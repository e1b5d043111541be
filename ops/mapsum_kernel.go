package ops

import (
	"rpnc/graph"
	"rpnc/internal/kernels"
)

// A chain and a sum of its result in one pass. The chain computes a block in L1, and what happens to
// the block at the end (tail) depends on what is summed:
//
//	everything          the block's sum, one number; then the sum of these
//	leading axes        blocks of whole lines are added to one line of partial sums
//	the last axis       each line of the block is summed
//	anything else       the whole result is formed, then summed
//
// The order of additions is that of blocks and groups of blocks, whose sizes follow from the shapes
// alone: cores take whole groups, so results do not depend on their number.

// Kernel sums every block while it is in cache: to one number, over the leading axes, or along lines. Sums of another
// form are computed from the whole result of the chain.
func (o MapSum) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, mapSumRun[float32], mapSumRun[float64])
}

// mapSumRun tells the forms of the sum by the strides of y along the axes of the grid: 0 where it sums.
func mapSumRun[T float](o MapSum, in, out []graph.Type) Run {
	m := &mapSum[T]{chain: newChain[T](o.Map, in, SourceStrides(o.To, o.Map.Shape))}
	to := m.grid.strides[len(in)]
	last := len(to) - 1
	rows := m.grid.rows()
	switch {
	case m.size == 0 || m.size == o.To.Size():
		return mapThenSum[T](o, in, out)
	case zero(to):
		m.sumBlocks(1)
	case zero(to[:last]):
		m.sumColumns()
	case to[last] != 0 || rows != o.To.Size():
		return mapThenSum[T](o, in, out)
	case m.lines == 0:
		m.sumBlocks(rows)
	default:
		m.sumLines()
	}
	m.compile(o.Map.Prog, false)
	body := m.chunk
	if m.group > 0 {
		body = m.groups
	}
	work := m.size * (1 + len(m.code)/4)
	return func(dst, src []Buffer) {
		m.load(nil, src)
		m.y = view[T](dst[0])
		chunked(m.tasks, m.grain, work, body)
		m.end()
	}
}

// mapThenSum keeps the result of the chain in scratch.
//
// Scratch has the size of the whole result: it is the form that fusing wants to avoid.
func mapThenSum[T float](o MapSum, in, out []graph.Type) Run {
	t := []graph.Type{{DType: out[0].DType, Shape: o.Map.Shape}}
	buf := []Buffer{NewBuffer(t[0])}
	apply, sum := chainRun[T](o.Map, in, t), sumToRun[T](SumTo{o.To}, t, out)
	return func(dst, src []Buffer) {
		apply(buf, src)
		sum(dst, buf)
	}
}

// groupBlocks is the least number of blocks that add to one line of partial sums.
const groupBlocks = 8

// mapSum is a chain whose blocks are summed. What is summed in which order depends on the shapes alone.
type mapSum[T float] struct {
	*chain[T]
	tasks, grain int // for [chunked]: blocks, or groups of them
	group        int // blocks of a group; 0 if there are no groups
	partial      []T
	y            []T
	end          func() // sums the partial sums
}

// sumBlocks sums each block, and then the sums of the blocks of k equal parts of them all.
func (m *mapSum[T]) sumBlocks(k int) {
	m.partial = make([]T, m.blocks)
	m.tasks, m.grain = m.blocks, grainOf(m.block())
	m.tail = func(_ *frame[T], x []T, b, _, _ int) { m.partial[b] = kernels.Sum(x) }
	m.end = func() { kernels.SumRows(m.y, m.partial, k, m.blocks/k) }
}

// sumLines sums each line of a block of whole lines.
func (m *mapSum[T]) sumLines() {
	n := m.grid.inner()
	m.tasks, m.grain = m.blocks, grainOf(m.block())
	m.tail = func(_ *frame[T], x []T, _, row, _ int) {
		k := len(x) / n
		kernels.SumRows(m.y[row:row+k], x, k, n)
	}
	m.end = func() {}
}

// sumColumns adds the blocks of a group up, and then the groups. A group is a number of whole lines.
//
// Groups of at least eight blocks keep the partial sums small beside the blocks; one register is taken
// for the sum of a block's own lines.
func (m *mapSum[T]) sumColumns() {
	n, parts := m.grid.inner(), 1 // blocks side by side
	if m.lines == 0 {
		parts = m.blocks / m.grid.rows()
	}
	m.group = (groupBlocks-1)/parts*parts + parts
	m.tasks, m.grain = (m.blocks-1)/m.group+1, 1
	m.partial = make([]T, m.tasks*n)
	side := m.regs
	m.regs++
	m.tail = func(f *frame[T], x []T, b, _, col int) {
		if m.lines > 0 {
			s := f.reg[side][:n]
			kernels.SumColumns(s, x, len(x)/n, n)
			x = s
		}
		y := m.partial[b/m.group*n+col:][:len(x)]
		if b%m.group < parts {
			copy(y, x)
		} else {
			kernels.Add(y, y, x)
		}
	}
	m.end = func() { kernels.SumColumns(m.y, m.partial, m.tasks, n) }
}

// groups computes the blocks of groups lo to hi−1.
func (m *mapSum[T]) groups(lo, hi int) { m.chunk(lo*m.group, min(hi*m.group, m.blocks)) }
