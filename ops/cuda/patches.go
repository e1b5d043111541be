package cuda

import (
	"rpnc/graph"
	"rpnc/ops"
)

// How patches are read in place. A convolution is a product with a matrix of patches, which is q times
// the grid that it is packed from; nothing here packs it. Products are those of matrices, tile by tile
// through shared memory, but what a tile has of the patches comes from the grid: a line leads to a cell
// of an image, an inner index to a channel and the way from a cell to another one of its patch, and the
// element is where both lead, or 0 outside the grid. For the gradient of the weights the two change
// places. That of the grid is again a product with patches, those of the turned window (see
// ops.PatchBack): every cell gathers from the centres whose patches it is in, so nothing is added by two
// threads.
//
// All images of a batch are one product: y (o × b·P) = w (o × c·q) · patches (c·q × b·P), with the
// columns of y put image by image as they are written. Grids are small where convolutions are deep, and
// a product for each image would leave most of every tile empty.

// patches builds what reads patches of grids and of rows.
func (b *binder) patches(op graph.Op) bool {
	switch op := op.(type) {
	case ops.PatchMatMul:
		b.patchProduct(op)
	case ops.PatchMatMulGrad:
		b.patchWeights(op)
	case ops.PatchExtreme:
		b.patchExtreme(op)
	case ops.PatchExtremeGrad:
		b.patchExtremeGrad(op)
	default:
		return false
	}
	return true
}

// window is a factor of patches of grids of h×w cells in some channels; images counts the grids' rows. taps is a table:
// for every channel and cell of a patch the way there from the centre's cell in channel 0, in elements, rows and columns.
type window struct {
	h, w, channels, images, size int
	taps                         arg
	cells                        bool // the inner dimension goes along cells, lines along taps
}

// windowOf is the window on x (b×c·H·W), with its table.
func (b *binder) windowOf(o ops.Window, x graph.Shape) window {
	cells := o.H * o.W
	v := window{h: o.H, w: o.W, channels: x.Dim(1) / cells, images: x.Dim(0), size: o.Offsets.Len() / 2}
	var taps []int32
	for c := range v.channels {
		for k := range v.size {
			i, j := o.Offsets.At(2*k), o.Offsets.At(2*k+1)
			taps = append(taps, int32(c*cells+i*o.W+j), int32(i), int32(j))
		}
	}
	v.taps = b.table(taps)
	return v
}

// cell goes to a cell of an image: their numbers are those of all cells of all images.
func (v window) cell(c *code, t, end val) spot {
	image, p := c.split2(t, v.h*v.w)
	row, col := c.split2(p, v.w)
	return spot{at: c.mad(image, v.channels*v.h*v.w, p), index: t, end: end, row: row, col: col}
}

// tap goes from a centre to one cell of its patch in one channel.
func (v window) tap(c *code, k, end val) spot {
	last := n(v.channels*v.size - 1)
	at := c.mul(c.pick(c.cmp("lt", k, last), k, last), n(3)) // the table ends there
	part := func(i int) val { return c.load(i32, c.addr(v.taps), c.add(at, n(i))) }
	return spot{at: part(0), index: k, end: end, row: part(1), col: part(2)}
}

func (v window) line(c *code, j val) spot {
	if v.cells {
		return v.tap(c, j, n(v.channels*v.size))
	}
	return v.cell(c, j, n(v.images*v.h*v.w))
}

func (v window) inner(c *code, k, end val) spot {
	if v.cells {
		return v.cell(c, k, end)
	}
	return v.tap(c, k, end)
}

// meet is also outside where the cell is outside the grid. As numbers without a sign, negative ones are large.
func (v window) meet(c *code, line, inner spot) (at, there val) {
	row := c.op(pred, "setp.lt.u32", c.add(line.row, inner.row), n(v.h))
	col := c.op(pred, "setp.lt.u32", c.add(line.col, inner.col), n(v.w))
	return c.add(line.at, inner.at), c.and(c.within(line, inner), c.and(row, col))
}

func (v window) follows() bool { return v.cells }

// planes is a factor d (b×o×P) with lines o and the inner dimension along the cells of all images.
type planes struct{ outputs, cells int }

func (p planes) line(c *code, j val) spot {
	return spot{at: c.mul(j, n(p.cells)), index: j, end: n(p.outputs)}
}

func (p planes) inner(c *code, k, end val) spot {
	image, cell := c.split2(k, p.cells)
	return spot{at: c.mad(image, p.outputs*p.cells, cell), index: k, end: end}
}

func (p planes) meet(c *code, line, inner spot) (at, there val) {
	return c.add(line.at, inner.at), c.within(line, inner)
}

func (planes) follows() bool { return true }

// patchProduct is w·patches for all images at once.
func (b *binder) patchProduct(op ops.PatchMatMul) {
	v, w := b.windowOf(op.Window, b.in[1].Shape), b.in[0].Shape
	cells := op.H * op.W
	b.gemm(product{m: w.Dim(0), k: w.Dim(1), n: v.images * cells, batch: 1, sum: 1, a: arg{operand, 0}, b: arg{operand, 1}, c: arg{result, 0},
		kind: b.kind, viewA: matrix{w.Dim(0), w.Dim(1), true}, viewB: v, cells: cells})
}

// patchWeights is d·patchesᵀ, summed over the cells of all images.
func (b *binder) patchWeights(op ops.PatchMatMulGrad) {
	v, d := b.windowOf(op.Window, b.in[1].Shape), b.in[0].Shape
	v.cells = true
	b.gemm(product{m: d.Dim(1), k: d.Dim(0) * d.Dim(2), n: v.channels * v.size, batch: 1, sum: 1, a: arg{operand, 0}, b: arg{operand, 1}, c: arg{result, 0},
		kind: b.kind, viewA: planes{d.Dim(1), d.Dim(2)}, viewB: v})
}

// patchEntry reads one entry of a patch of the row that begins at base; j is its column, −1 for a zero.
func (b *binder) patchEntry(c *code, base, j val) val {
	x := c.variable(b.num(0))
	c.when(c.cmp("ge", j, n(0)), func() { c.set(x, b.float(c, 0, c.add(base, j))) })
	return x
}

// patchExtreme keeps the best entry of every patch; NaN is the best.
func (b *binder) patchExtreme(op ops.PatchExtreme) {
	count, width := b.out[0].Shape.Dim(1), b.in[0].Shape.Dim(1)
	t := b.table(op.Table.Slice())
	b.each(b.out[0].Shape.Size(), func(c *code, i val) {
		row, p := c.split2(i, count)
		base, first := c.mul(row, n(width)), c.mul(p, n(op.Size))
		entry := func(k val) val { return b.patchEntry(c, base, c.load(i32, c.addr(t), c.add(first, k))) }
		best := c.variable(entry(n(0)))
		c.loop(n(1), n(op.Size), n(1), func(k val) {
			x := entry(k)
			c.set(best, c.pick(c.better(x, best, op.Min), x, best))
		})
		c.store(c.out(0), i, best)
	})
}

// better says whether x comes before best in the order of extremes: once best is a NaN nothing does.
func (c *code) better(x, best val, least bool) val {
	rel := "gt"
	if least {
		rel = "lt"
	}
	return c.and(c.or(c.cmp(rel, x, best), c.nan(x)), c.not(c.nan(best)))
}

// patchExtremeGrad finds the winner of every patch, and then lets every entry collect from the patches that it has won, in
// their order.
//
// A winner is the place in the table of the first entry that is y, or NaN; −1 where there is none. The
// table turned round says in which places of it an entry stands.
func (b *binder) patchExtremeGrad(op ops.PatchExtremeGrad) {
	count, width := b.in[1].Shape.Dim(1), b.in[0].Shape.Dim(1)
	back := inverse(op.Table.Slice(), width)
	t, ptr, entry := b.table(op.Table.Slice()), b.table(back.ptr), b.table(back.entry)
	winner := b.space(i32, b.in[1].Shape.Size())
	b.each(b.in[1].Shape.Size(), func(c *code, i val) {
		row, p := c.split2(i, count)
		base, y, won := c.mul(row, n(width)), b.float(c, 1, i), c.variable(n(-1))
		c.loop(n(0), n(op.Size), n(1), func(k val) {
			e := c.mad(p, op.Size, c.sub(n(op.Size-1), k)) // from the last, so that the first stays
			x := b.patchEntry(c, base, c.load(i32, c.addr(t), e))
			c.set(won, c.pick(c.or(c.cmp("eq", x, y), c.nan(x)), e, won))
		})
		c.store(c.addr(winner), i, won)
	})
	b.each(b.in[0].Shape.Size(), func(c *code, i val) {
		row, col := c.split2(i, width)
		sum := c.variable(b.num(0))
		c.loop(c.load(i32, c.addr(ptr), col), c.load(i32, c.addr(ptr), c.add(col, n(1))), n(1), func(at val) {
			e := c.load(i32, c.addr(entry), at)
			p := c.mad(row, count, c.div(e, n(op.Size)))
			c.when(c.cmp("eq", c.load(i32, c.addr(winner), p), e), func() { c.set(sum, c.add(sum, b.float(c, 2, p))) })
		})
		c.store(c.out(0), i, sum)
	})
}
