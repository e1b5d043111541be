package kernels

import "unsafe"

// NormPool is a NormRelu of one head whose columns are grids of Cells each, of which nothing is wanted but the largest
// entries of windows, Pooled numbers a grid:
//
//	y[i, g] = pool(z[i, g]),  z = max(w·(x − base)·r + s, 0)
//
// z is never in memory. A task is a grid of all rows: its part of x stays in L2 from the sums for the means to the pooling,
// and so does what the cells get in the backward, which makes z again: that costs less than to write and to read it.
//
// Pool pools rows of z, Cells apart, into y, whose rows lie row apart; Back makes of them, in their place, the
// cotangents of the cells from d, those of what was pooled. Both may run on several cores at once. A grid whose windows are
// those of [GridWindows] needs neither where the processor has kernels for it.
//
// A NormPool belongs to one op of one program: it holds scratch and is not re-entrant.
type NormPool[T Float] struct {
	Cells, Pooled int
	Width         int // of a grid whose windows are those of GridWindows; 0 of others
	Pool          func(y []T, row int, z []T)
	Back          func(z, d []T, row int)

	norm               NormRelu[T]
	y                  []T
	ahead, back, known func(lo, hi int)
}

// poolFrame is the scratch of one core: a grid of all rows, and factor and addend of its cells.
type poolFrame[T Float] struct {
	z, a, c []T
	args    gridArgs
}

// gridArgs are the arguments of the kernels in assembly that pool grids: images·rows rows of windows in grids of cols columns.
// They read a and c, and x by images that lie rowX bytes apart, and so on.
type gridArgs struct {
	x, a, c, y, z      unsafe.Pointer
	rowX, rowY, rowZ   int
	images, rows, cols int
}

const (
	gridImages = 32 // in a call of a kernel
	gridWidth  = 32 // columns of the widest grid that the kernels take
)

// GridWindows says whether the kernels know the windows of a grid: 3×3 cells around every second cell of every second row, the
// first cell included, and grids of an even number of rows and columns. Entry k of the window at (i, j) is cell
// (2i + k/3 − 1, 2j + k mod 3 − 1).
func GridWindows(rows, cols int) bool {
	return rows > 0 && cols > 0 && rows%2 == 0 && cols%2 == 0 && cols <= gridWidth
}

// NewNormPool prepares pooling of columns/cells grids in each of rows rows.
func NewNormPool[T Float](rows, columns, cells, pooled int, eps float64) *NormPool[T] {
	if rows < 1 || cells < 1 || pooled < 0 || columns%cells != 0 {
		panicf("kernels.NewNormPool: %d rows of %d columns in grids of %d cells and %d pooled; want whole grids", rows, columns, cells, pooled)
	}
	n := &NormPool[T]{Cells: cells, Pooled: pooled, norm: NormRelu[T]{Rows: rows, Columns: columns, Heads: 1, Eps: eps, Scale: 1}}
	n.ahead, n.back, n.known = n.forward, n.backward, n.affine
	n.norm.frames.Put(n.frame())
	return n
}

// row is the length of a row of y.
func (n *NormPool[T]) row() int { return n.norm.Columns / n.Cells * n.Pooled }

// check wants y or its cotangent, x and vectors of the columns of x.
func (n *NormPool[T]) check(op string, y, x []T, vectors ...[]T) {
	checkLen(op, "y", len(y), n.norm.Rows*n.row())
	n.norm.check(op, x, x, vectors...)
}

// Forward computes y and, for every column of x, base, variance and r.
func (n *NormPool[T]) Forward(y, base, variance, r, x, w, s []T) {
	n.check("NormPool.Forward", y, x, w, s, base, variance, r)
	m := &n.norm
	n.y, m.x, m.w, m.s, m.base, m.variance, m.r = y, x, w, s, base, variance, r
	n.share(n.ahead)
}

// Map computes y for known factors a and addends c of the columns of x.
func (n *NormPool[T]) Map(y, x, a, c []T) {
	n.check("NormPool.Map", y, x, a, c)
	n.y, n.norm.x, n.norm.w, n.norm.s = y, x, a, c
	n.share(n.known)
}

// Backward computes, from the cotangent d of y, what [NormRelu.Backward] does from that of z.
func (n *NormPool[T]) Backward(dx, sum, dw, ds, d, x, w, s, base, r []T) {
	n.check("NormPool.Backward", d, x, w, s, base, r, sum, dw, ds)
	checkLen("NormPool.Backward", "dx", len(dx), len(x))
	m := &n.norm
	m.dx, m.sum, m.dw, m.ds, n.y, m.x, m.w, m.s, m.base, m.r = dx, sum, dw, ds, d, x, w, s, base, r
	n.share(n.back)
}

// share takes every grid.
func (n *NormPool[T]) share(f func(lo, hi int)) {
	n.norm.share(n.norm.Columns/n.Cells, f)
	n.y = nil
}

// frame takes scratch that has room for a grid.
func (n *NormPool[T]) frame() *normFrame[T] {
	f := n.norm.frame()
	if p := &f.pool; p.z == nil {
		p.z, p.a, p.c = make([]T, n.norm.Rows*n.Cells), make([]T, n.Cells), make([]T, n.Cells)
	}
	return f
}

// putBack keeps scratch for the next task, without operands.
func (n *NormPool[T]) putBack(f *normFrame[T]) {
	f.pool.args = gridArgs{}
	n.norm.putBack(f)
}

// blocks calls f for the blocks of columns of grid g, with where they begin in a row of scratch.
func (n *NormPool[T]) blocks(g int, f func(from, cols, at int)) {
	for at := 0; at < n.Cells; at += normColumns {
		f(g*n.Cells+at, min(normColumns, n.Cells-at), at)
	}
}

// forward normalises and pools grids lo to hi−1.
func (n *NormPool[T]) forward(lo, hi int) {
	e, f := engineOf[T](), n.frame()
	for g := lo; g < hi; g++ {
		n.blocks(g, func(from, cols, at int) {
			n.norm.statistics(e, f, from, cols)
			n.keepFactors(f, at)
		})
		n.pool(e, f, g, f.pool.a, f.pool.c)
	}
	n.putBack(f)
}

// keepFactors keeps the factors of a block.
func (n *NormPool[T]) keepFactors(f *normFrame[T], at int) {
	copy(f.pool.a[at:], f.block.a)
	copy(f.pool.c[at:], f.block.c)
}

// affine pools grids lo to hi−1 of known statistics.
func (n *NormPool[T]) affine(lo, hi int) {
	e, f := engineOf[T](), n.frame()
	for g := lo; g < hi; g++ {
		n.pool(e, f, g, n.norm.w[g*n.Cells:][:n.Cells], n.norm.s[g*n.Cells:][:n.Cells])
	}
	n.putBack(f)
}

// pool pools max(a·x + c, 0) of grid g.
func (n *NormPool[T]) pool(e *engine[T], f *normFrame[T], g int, a, c []T) {
	y := n.y[g*n.Pooled:]
	if n.Width > 0 && e.gridMax != nil {
		n.eachGrid(f, g, a, c, y, e.gridMax)
		return
	}
	n.makeGrid(e, f, g, a, c)
	n.Pool(y, n.row(), f.pool.z)
}

// makeGrid computes z = max(a·x + c, 0) of grid g.
func (n *NormPool[T]) makeGrid(e *engine[T], f *normFrame[T], g int, a, c []T) {
	n.norm.place(f, g*n.Cells, n.Cells)
	f.block.a, f.block.c = a, c
	n.norm.addHead(e, f, 0, f.pool.z, n.Cells)
}

// backward leads cotangents back to grids lo to hi−1, first to the cells, then through the norm.
func (n *NormPool[T]) backward(lo, hi int) {
	e, f := engineOf[T](), n.frame()
	p := &f.pool
	for g := lo; g < hi; g++ {
		n.blocks(g, func(from, cols, at int) {
			n.norm.factors(e, f, from, cols)
			n.keepFactors(f, at)
		})
		if d := n.y[g*n.Pooled:]; n.Width > 0 && e.gridMaxBack != nil {
			n.eachGrid(f, g, p.a, p.c, d, e.gridMaxBack)
		} else {
			n.makeGrid(e, f, g, p.a, p.c)
			n.Back(p.z, d, n.row())
		}
		n.blocks(g, func(from, cols, at int) { n.norm.backBlock(e, f, from, cols, p.z[at:], n.Cells) })
	}
	n.putBack(f)
}

// eachGrid hands grid g of all rows to a kernel, some rows at a time so that no call is long.
func (n *NormPool[T]) eachGrid(f *normFrame[T], g int, a, c, y []T, kernel func(*gridArgs)) {
	size, row := int(unsafe.Sizeof(T(0))), n.row()
	x := n.norm.x[g*n.Cells:]
	for i := 0; i < n.norm.Rows; i += gridImages {
		f.pool.args = gridArgs{pointer(x[i*n.norm.Columns:]), pointer(a), pointer(c), pointer(y[i*row:]), pointer(f.pool.z[i*n.Cells:]),
			n.norm.Columns * size, row * size, n.Cells * size, min(gridImages, n.norm.Rows-i), n.Cells / n.Width / 2, n.Width}
		kernel(&f.pool.args)
	}
}

// gridKernel hands arguments to a kernel in assembly.
func gridKernel(kernel func(*uint64)) func(a *gridArgs) {
	return func(a *gridArgs) { kernel((*uint64)(unsafe.Pointer(a))) }
}
