package cuda

import (
	"rpnc/graph"
	"rpnc/ops"
)

// How products are computed. A result C (m×n) is cut into squares of w×w, a block of 256 threads to
// each. The block goes along the inner dimension in steps of 16: it copies w×16 elements of A and 16×w
// of B to shared memory, waits, and every thread updates its q×q elements of C in registers,
//
//	acc[i][j] += a[i]·b[j],   2q loads from shared memory for q² FMA
//
// w = 16q. Each element of A and B is read from memory n/w and m/w times instead of n and m times; with
// q = 8 an FMA costs a quarter of a load from shared memory. A larger q is better arithmetic, a smaller
// one makes more blocks: perThread takes the largest that still gives 128 blocks, about one for every
// multiprocessor of a large card.
//
// Shared memory has 32 banks; rows of odd length q·16 + 1 keep threads that write a transposed copy on
// different banks.
//
// Gradients of parameters have a small result and a long inner dimension (all rows of a batch): few
// blocks, each with a long loop. Those are cut along the inner dimension into parts with results of
// their own in scratch, which a second kernel adds in order. How many parts depends on sizes only, so
// sums have one order in all runs.
//
// Without tensor cores all arithmetic is FMA in the element's precision, exact in the sense of the
// CPU's products up to the order of sums; with them see tensorcore.go.

// product is c = Σ_p op(a_p)·op(b_p), or one product a batch, of row-major matrices.
//
// sum > 1 adds up products of a stack without keeping them: gradients of a weight that a whole batch of
// matrices shares.
type product struct {
	m, k, n      int
	ta, tb       bool
	batch, sum   int // products with a result of their own, products added up in each
	parts, each  int // pieces of the inner dimension; steps of each: matrices of a sum, or rows of depth
	stepA, stepB int // elements from one matrix of a batch to the next, 0 for one shared by all
	a, b, c      arg // operands and result
	kind         kind
	math         Math
	viewA, viewB factor // where elements of a and b lie, nil for those of matrices
	cells        int    // columns that lie side by side in the result, rows further apart; 0 for all n
}

// depth is how many columns of a, and rows of b, a block of threads has in shared memory at a time; a product on tensor
// cores has so many words, of one or two elements.
const depth = 16

// side is how many threads a block has along each side of its part of the result.
const side = 16

// products builds matrix products.
func (b *binder) products(op graph.Op) bool {
	switch op := op.(type) {
	case ops.MatMul:
		b.multiply(op, false)
	case ops.MatMulSum:
		b.multiply(ops.MatMul(op), true)
	case ops.MatPow:
		b.power(op)
	default:
		return false
	}
	return true
}

// multiply takes the sizes from the types.
//
// A rank of 2 beside a batch is shared by all products: its step is 0. An empty inner dimension leaves
// the sizes to the result, whose elements are all 0.
func (b *binder) multiply(o ops.MatMul, sum bool) {
	x, y := b.in[0].Shape, b.in[1].Shape
	p := product{m: x.Dim(-2), k: x.Dim(-1), n: y.Dim(-1), ta: o.TA, tb: o.TB, sum: 1, a: arg{operand, 0}, b: arg{operand, 1}, c: arg{result, 0}, kind: b.kind}
	if o.TA {
		p.m, p.k = p.k, p.m
	}
	if o.TB {
		p.n = y.Dim(-2)
	}
	if x.Rank() > 2 {
		p.stepA = p.m * p.k
	}
	if y.Rank() > 2 {
		p.stepB = p.k * p.n
	}
	batch := max(x.Size()/max(1, p.m*p.k), y.Size()/max(1, p.k*p.n))
	if p.m*p.k*p.n == 0 {
		batch = b.out[0].Shape.Size() / max(1, p.m*p.n)
	}
	if p.batch = batch; sum {
		p.batch, p.sum = 1, batch
	}
	b.gemm(p)
}

// enoughBlocks is how many blocks keep a card busy; longInner is the inner size from which a product with fewer of them
// is worth cutting.
const (
	enoughBlocks = 128
	longInner    = 512
)

// gemm multiplies. A product with a small result and a long inner dimension, as gradients of parameters are, is cut
// along that dimension; its parts are added up in their order.
//
// parts is bounded by what keeps the card busy, by at least 256 inner steps a part, and by the number
// of steps there are.
func (b *binder) gemm(p product) {
	p.math = p.mathOf(b.math)
	defer b.offer(p, len(b.kernel.launches))
	rows, cols := p.blocks()
	blocks := rows * cols * p.batch
	// Parts are whole matrices of a sum, or else whole steps of the inner loop.
	steps := (p.k + p.step() - 1) / p.step()
	if p.sum > 1 {
		steps = p.sum
	}
	parts := 1
	if blocks > 0 && p.k*p.sum >= longInner {
		parts = max(1, min(enoughBlocks/blocks, p.k*p.sum*2/longInner, steps))
	}
	p.each = (steps + parts - 1) / max(1, parts)
	if p.parts = (steps + max(1, p.each) - 1) / max(1, p.each); p.parts <= 1 {
		p.parts = 1
		b.grid(p)
		return
	}
	to, size := p.c, p.m*p.n*p.batch
	p.c = b.space(b.kind, size*p.parts)
	cells := p.cells
	p.cells = 0 // parts lie row by row
	b.grid(p)
	p.cells = cells
	b.each(size, func(c *code, i val) {
		sum := c.variable(b.num(0))
		c.loop(n(0), n(p.parts), n(1), func(k val) {
			c.set(sum, c.add(sum, c.load(b.kind, c.addr(p.c), c.mad(k, size, i))))
		})
		if p.cells > 0 {
			row, col := c.split2(i, p.n)
			i = p.place(c, row, col)
		}
		c.store(c.addr(to), i, sum)
	})
}

// place is where element (row, col) of the result lies. Results of patches lie image by image.
func (p product) place(c *code, row, col val) val {
	if p.cells == 0 {
		return c.mad(row, p.n, col)
	}
	image, cell := c.split2(col, p.cells)
	return c.mad(c.mad(image, p.m, row), p.cells, cell)
}

// grid gives every block of threads a square of the result; each thread computes q×q elements of it, which lie side
// entries apart, so that neighbouring threads read and write neighbours.
func (b *binder) grid(p product) {
	if p.m*p.n*p.batch == 0 {
		return
	}
	high, wide := p.blockSides()
	threads := side * side
	if p.math != Exact {
		threads = p.shape().threads()
	}
	rows, cols := p.blocks()
	b.launch(rows*cols*p.batch*p.parts, threads, func(c *code) {
		rest, col := c.split2(c.special("ctaid.x"), cols)
		rest, row := c.split2(rest, rows)
		part, batch := c.split2(rest, p.batch)
		t := tile{product: p, c: c, tid: c.special("tid.x"), top: c.mul(row, n(high)), left: c.mul(col, n(wide)), part: part, batch: batch}
		if p.math != Exact {
			(&warpTile{tile: t, shape: p.shape()}).run()
			return
		}
		t.qa, t.qb = p.perThread()
		t.ty, t.tx = c.split2(t.tid, side)
		t.run()
	})
}

// blockSides are the rows and columns of the result that a block of threads computes.
func (p product) blockSides() (rows, cols int) {
	if p.math != Exact {
		return p.shape().side, p.shape().side
	}
	qa, qb := p.perThread()
	return qa * side, qb * side
}

// blocks is how many blocks of threads a result has along its sides.
func (p product) blocks() (rows, cols int) {
	high, wide := p.blockSides()
	return (p.m + high - 1) / high, (p.n + wide - 1) / wide
}

// step is how far along the inner dimension one step goes.
func (p product) step() int {
	if p.math == BF16 {
		return 2 * depth
	}
	return depth
}

// perThread are the sides of a thread's part. A larger one reads shared memory less often, a smaller one makes more blocks.
//
// Blocks are counted by whole squares: the ragged edge is work that a larger square would waste.
func (p product) perThread() (rows, cols int) {
	if p.viewB != nil {
		return p.oblong()
	}
	for _, q := range []int{8, 4, 2} {
		if blocks := (p.m / (q * side)) * (p.n / (q * side)) * p.batch; blocks >= 128 {
			return q, q
		}
	}
	if min(p.m, p.n) > side {
		return 2, 2
	}
	return 1, 1
}

// oblong are the sides for a result that is much longer than high, as those of patches are: what covers the shorter side,
// halved until there are enough blocks. Parts of the inner dimension count as blocks, since there can be that many.
func (p product) oblong() (rows, cols int) {
	cover := func(size int) int {
		q := 1
		for q < 8 && q*side < size {
			q *= 2
		}
		return q
	}
	rows, cols = cover(p.m), cover(p.n)
	parts := max(1, p.k*2/longInner)
	for rows*cols > 4 && (p.m+rows*side-1)/(rows*side)*((p.n+cols*side-1)/(cols*side))*parts < enoughBlocks {
		if rows > cols {
			rows /= 2
		} else {
			cols /= 2
		}
	}
	return rows, cols
}

// tile is the code of one block of threads.
type tile struct {
	product
	c            *code
	qa, qb       int // rows and columns of the result a thread
	tid, tx, ty  val
	top, left    val // of the block's part of the result
	part, batch  val
	partA, partB val // in shared memory, depth × (q·side + 1): the odd width keeps threads on different banks
	loadA, loadB *loader
	acc          [][]val
}

// run adds up part after part and writes the result.
//
// Two barriers a step: no thread may read before all have copied, and none may copy the next step
// before all have read.
func (t *tile) run() {
	c := t.c
	t.partA, t.partB = c.share(t.kind, depth*(t.qa*side+1)), c.share(t.kind, depth*(t.qb*side+1))
	t.acc = make([][]val, t.qa)
	for i := range t.acc {
		for range t.qb {
			t.acc[i] = append(t.acc[i], c.variable(num(t.kind, 0)))
		}
	}
	t.loaders(t.qa*side, t.qb*side, side*side, 1)
	t.along(func(inner [2]val) {
		c.loop(inner[0], inner[1], n(depth), func(k0 val) {
			c.note("a step of both factors to shared memory")
			t.fetch(t.partA, t.loadA, k0)
			t.fetch(t.partB, t.loadB, k0)
			c.sync()
			t.accumulate()
			c.sync()
		})
	})
	t.write()
}

// along runs body for every matrix of a sum, with the inner indices that the block adds up.
func (t *tile) along(body func(inner [2]val)) {
	c := t.c
	sums, inner := t.ranges()
	c.loop(sums[0], sums[1], n(1), func(s val) {
		which := t.batch
		if t.sum > 1 {
			which = s
		}
		t.loadA.off, t.loadB.off = c.mul(which, n(t.stepA)), c.mul(which, n(t.stepB))
		body(inner)
	})
}

// ranges are the matrices of a sum and the inner indices that the block adds up.
//
// A part takes each steps from its number on; the last may have fewer.
func (t *tile) ranges() (sums, inner [2]val) {
	c := t.c
	sums, inner = [2]val{n(0), n(t.sum)}, [2]val{n(0), n(t.k)}
	if t.parts == 1 {
		return sums, inner
	}
	cut, step, end := &inner, t.step(), t.k
	if t.sum > 1 {
		cut, step, end = &sums, 1, t.sum
	}
	lo := c.mul(t.part, n(t.product.each*step))
	hi := c.add(lo, n(t.product.each*step))
	*cut = [2]val{lo, c.pick(c.cmp("lt", hi, n(end)), hi, n(end))}
	return sums, inner
}

// fetch copies depth × (q·side) elements to shared memory, zeros beyond the matrix.
//
// Zeros beyond the edge add nothing, so the inner loop needs no conditions; an Inf on the other side
// makes no NaN either, as 0 stands beside what is itself beyond the edge or is not written.
func (t *tile) fetch(to val, l *loader, k0 val) {
	c := t.c
	l.step(k0, n(t.k))
	for part := range l.lines {
		x := c.variable(num(t.kind, 0))
		l.load(part, 0, x)
		c.put(to, c.mad(l.words[part], l.width+1, l.lines[part]), x)
	}
}

// accumulate adds the products of what lies in shared memory.
//
// Loops are unrolled when the code is written: registers cannot be indexed.
func (t *tile) accumulate() {
	c := t.c
	c.note("its products")
	for k := range depth {
		var a, b []val
		for i := range t.qa {
			a = append(a, c.get(t.kind, t.partA, t.ty, k*(t.qa*side+1)+i*side))
		}
		for j := range t.qb {
			b = append(b, c.get(t.kind, t.partB, t.tx, k*(t.qb*side+1)+j*side))
		}
		for i := range a {
			for j := range b {
				c.set(t.acc[i][j], c.fma(a[i], b[j], t.acc[i][j]))
			}
		}
	}
}

// write stores what lies within the result.
func (t *tile) write() {
	c := t.c
	c.note("what lies within the result")
	for i := range t.qa {
		row := c.add(t.top, c.add(t.ty, n(i*side)))
		for j := range t.qb {
			t.put(row, c.add(t.left, c.add(t.tx, n(j*side))), t.acc[i][j])
		}
	}
}

// put stores one element, if it lies within the result.
func (t *tile) put(row, col, x val) {
	c := t.c
	c.when(c.and(c.cmp("lt", row, n(t.m)), c.cmp("lt", col, n(t.n))), func() {
		at := t.place(c, row, col)
		if t.cells == 0 {
			at = c.mad(c.mad(t.part, t.product.batch, t.batch), t.m*t.n, at)
		}
		c.store(c.addr(t.product.c), at, x)
	})
}

// power multiplies step by step, between two pieces of scratch; Horner's rule makes the sum.
//
// H − 1 products of w³; with Accumulative A + A² + … + Aᴴ = A·(I + A·(I + …)), one product and one
// addition a step. Successive products alternate between two pieces of scratch, as a product cannot
// write what it reads.
func (b *binder) power(o ops.MatPow) {
	w := b.in[0].Shape.Dim(0)
	if o.H == 0 && !o.Accumulative {
		b.each(w*w, func(c *code, i val) {
			row, col := c.split2(i, w)
			c.store(c.out(0), i, c.pick(c.cmp("eq", row, col), b.num(1), b.num(0)))
		})
		return
	}
	if o.H <= 1 {
		b.copy()
		return
	}
	spare := [2]arg{b.space(b.kind, w*w), b.space(b.kind, w*w)}
	from := arg{operand, 0}
	for h := 1; h < o.H; h++ {
		to := spare[h%2]
		if h == o.H-1 {
			to = arg{result, 0}
		}
		b.gemm(product{m: w, k: w, n: w, batch: 1, sum: 1, a: arg{operand, 0}, b: from, c: to, kind: b.kind})
		if o.Accumulative {
			b.each(w*w, func(c *code, i val) { c.store(c.addr(to), i, c.add(b.float(c, 0, i), c.load(b.kind, c.addr(to), i))) })
		}
		from = to
	}
}
