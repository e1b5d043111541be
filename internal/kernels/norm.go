package kernels

import "unsafe"

// NormRelu normalises columns, scales and moves them, drops what is below 0 and averages heads, each of Columns columns:
//
//	z[i,j] = Scale·Σ_h max(w_hj·(x[i,hj] − base_hj)·r_hj + s_hj, 0),  r = 1/√(var + Eps)
//
// base and var are mean and biased variance of the columns of x (Rows×Heads·Columns), Scale > 0. It goes over blocks of
// columns that stay in L2, so that x is read from memory once and nothing but z written there; the backward finds out
// again what the forward dropped.
//
// A NormRelu belongs to one op of one program: it holds scratch and is not re-entrant.
//
// A block of 256 columns in float32 is 1 KiB of a row, so 500 rows of it are half a megabyte. Forward
// goes over a block three times (means, spread, map), Backward twice (sums, map); with blocks that stay
// in L2 only the first pass of each waits for memory. Rows are not cut between cores: sums of a column
// are chains in one order whatever the number of cores.
//
// The mean is taken first and deviations from it are squared (two-pass variance): Σx²/n − mean² loses
// all digits where the mean is large beside the spread.
type NormRelu[T Float] struct {
	Rows, Columns, Heads int
	Eps, Scale           float64

	x, z, w, s         []T
	base, variance, r  []T
	d, dx              []T
	sum, dw, ds        []T
	frames             FreeList[normFrame[T]]
	ahead, back, known func(lo, hi int)
}

// normColumns is the number of columns of a block.
const normColumns = 256

// normFrame is the scratch of one core.
//
// v holds the vectors that exist during a block only: a, c, k₁ and k₂.
type normFrame[T Float] struct {
	block normBlock[T]
	v     [4][normColumns]T
	sums  [48][columnPanel]T
	pool  poolFrame[T]
}

// normBlock are the arguments of a kernel that goes down the rows of a block of columns.
//
// x, d and y begin at the block's first column; row* are distances between rows in elements. A kernel
// reads and writes the fields that its comment names and no others.
type normBlock[T Float] struct {
	x, d, y                         []T
	rowX, rowD, rowY                int
	rows, cols                      int
	shift, a, c, k1, k2, sum, other []T // an element a column
	raw                             normArgs
}

// normArgs are the same as kernels in assembly read them, by offset; distances of rows in bytes.
//
// It lives in the block, and so on the heap: a kernel in assembly gets one pointer and the call makes
// no garbage.
type normArgs struct {
	x, d, y                         unsafe.Pointer
	rowX, rowD, rowY, rows, cols    int
	shift, a, c, k1, k2, sum, other unsafe.Pointer
}

// Forward computes z (Rows×Columns) and, for every column of x, base, variance and r.
func (n *NormRelu[T]) Forward(z, base, variance, r, x, w, s []T) {
	m := n.Heads * n.Columns
	n.check("NormRelu.Forward", z, x, w, s, base, r)
	checkLen("NormRelu.Forward", "variance", len(variance), m)
	n.z, n.x, n.w, n.s, n.base, n.variance, n.r = z, x, w, s, base, variance, r
	if n.ahead == nil {
		n.ahead = n.forward
	}
	n.run(n.ahead)
}

// Backward computes, from the cotangent d of z, that of x and its column sums (what a bias added to x gets), and those of
// w and s.
func (n *NormRelu[T]) Backward(dx, sum, dw, ds, d, x, w, s, base, r []T) {
	n.check("NormRelu.Backward", d, x, w, s, base, r, sum, dw, ds)
	checkLen("NormRelu.Backward", "dx", len(dx), len(x))
	n.dx, n.sum, n.dw, n.ds, n.d, n.x, n.w, n.s, n.base, n.r = dx, sum, dw, ds, d, x, w, s, base, r
	if n.back == nil {
		n.back = n.backward
	}
	n.run(n.back)
}

// Map computes z = Scale·Σ_h max(a·x + c, 0), what Forward does where the statistics of the columns are known before.
func (n *NormRelu[T]) Map(z, x, a, c []T) {
	n.check("NormRelu.Map", z, x, a, c)
	n.z, n.x, n.w, n.s = z, x, a, c
	if n.known == nil {
		n.known = n.affine
	}
	n.run(n.known)
}

// affine computes blocks lo to hi−1 of Map.
func (n *NormRelu[T]) affine(lo, hi int) {
	e, f := engineOf[T](), n.frame()
	for from := lo * normColumns; from < min(hi*normColumns, n.Columns); from += normColumns {
		n.affineBlock(e, f, from, min(normColumns, n.Columns-from), n.z[from:], n.Columns)
	}
	n.putBack(f)
}

// affineBlock maps cols ≤ normColumns columns of x to z, whose rows lie rowZ apart. The factor goes into a and c, as it is
// positive.
func (n *NormRelu[T]) affineBlock(e *engine[T], f *normFrame[T], from, cols int, z []T, rowZ int) {
	for h := range n.Heads {
		at := h*n.Columns + from
		n.place(f, at, cols)
		f.block.a, f.block.c = n.scaled(e, f.v[0][:cols], n.w[at:]), n.scaled(e, f.v[1][:cols], n.s[at:])
		n.addHead(e, f, h, z, rowZ)
	}
}

// addHead writes head h of a block to z, or adds it where it is not the first.
func (n *NormRelu[T]) addHead(e *engine[T], f *normFrame[T], h int, z []T, rowZ int) {
	f.block.y, f.block.rowY = z, rowZ
	if h == 0 {
		e.reluAffine(&f.block)
	} else {
		e.reluAffineAdd(&f.block)
	}
}

// scaled is Scale·v, in to where it is not v itself.
func (n *NormRelu[T]) scaled(e *engine[T], to, v []T) []T {
	if v = v[:len(to)]; n.Scale == 1 {
		return v
	}
	e.scaleBy(to, v, T(n.Scale))
	return to
}

// check wants z (Rows×Columns), x (Rows×Heads·Columns) and vectors of the columns of x.
func (n *NormRelu[T]) check(op string, z, x []T, vectors ...[]T) {
	checkLen(op, "z", len(z), n.Rows*n.Columns)
	checkLen(op, "x", len(x), n.Rows*n.Heads*n.Columns)
	for _, v := range vectors {
		checkLen(op, "vector", len(v), n.Heads*n.Columns)
	}
}

// run takes every block of columns.
//
// Columns are independent of each other, so nothing is added up across blocks.
func (n *NormRelu[T]) run(f func(lo, hi int)) {
	n.share((n.Columns+normColumns-1)/normColumns, f)
}

// normWork is the number of elements from which cores share them, normChunk that of a chunk: each takes little time, and
// a block of columns by itself takes less than handing it out.
const (
	normWork  = 1 << 14
	normChunk = 1 << 12
)

// share runs tasks, on all cores where there is enough to do. It lets go of the operands at the end: a NormRelu that waits in
// a program keeps no arena alive.
func (n *NormRelu[T]) share(tasks int, f func(lo, hi int)) {
	if size := n.Rows * n.Columns * n.Heads; size < normWork {
		f(0, tasks)
	} else {
		Parallel(tasks, max(1, tasks*normChunk/size), f)
	}
	n.z, n.x, n.w, n.s, n.base, n.variance, n.r = nil, nil, nil, nil, nil, nil, nil
	n.d, n.dx, n.sum, n.dw, n.ds = nil, nil, nil, nil, nil
}

// frame takes scratch from the free list, or makes it the first time.
func (n *NormRelu[T]) frame() *normFrame[T] {
	if f := n.frames.Get(); f != nil {
		return f
	}
	return new(normFrame[T])
}

// putBack keeps a frame for the next task, without operands.
func (n *NormRelu[T]) putBack(f *normFrame[T]) {
	f.block = normBlock[T]{}
	n.frames.Put(f)
}

// forward computes blocks lo to hi−1.
func (n *NormRelu[T]) forward(lo, hi int) {
	e, f := engineOf[T](), n.frame()
	for from := lo * normColumns; from < min(hi*normColumns, n.Columns); from += normColumns {
		n.forwardBlock(e, f, from, min(normColumns, n.Columns-from), n.z[from:], n.Columns)
	}
	n.putBack(f)
}

// forwardBlock normalises cols ≤ normColumns columns of x, head after head, into z, whose rows lie rowZ apart.
func (n *NormRelu[T]) forwardBlock(e *engine[T], f *normFrame[T], from, cols int, z []T, rowZ int) {
	for h := range n.Heads {
		n.statistics(e, f, h*n.Columns+from, cols)
		n.addHead(e, f, h, z, rowZ)
	}
}

// statistics computes base, var and r of cols columns of x, and the factors that follow from them.
func (n *NormRelu[T]) statistics(e *engine[T], f *normFrame[T], at, cols int) {
	n.place(f, at, cols)
	base, variance, r := n.base[at:][:cols], n.variance[at:][:cols], n.r[at:][:cols]
	n.means(e, f, base)
	f.block.shift, f.block.sum = base, variance
	e.spread(&f.block)
	e.scaleBy(variance, variance, 1/T(n.Rows))
	e.affine(r, variance, 1, T(n.Eps))
	e.sqrt(r, r)
	e.recip(r, r)
	n.factors(e, f, at, cols)
}

// place points the kernels at cols columns of x.
func (n *NormRelu[T]) place(f *normFrame[T], at, cols int) {
	f.block = normBlock[T]{x: n.x[at:], rowX: n.Heads * n.Columns, rows: n.Rows, cols: cols}
}

// means computes the mean of every column of the block.
func (n *NormRelu[T]) means(e *engine[T], f *normFrame[T], mean []T) {
	for j := 0; j < len(mean); j += columnPanel {
		e.columnSums(mean[j:min(j+columnPanel, len(mean))], f.block.x[j:], n.Rows, f.block.rowX, f.sums[:])
	}
	e.scaleBy(mean, mean, 1/T(n.Rows))
}

// factors are a and c of Scale·(w·(x − base)·r + s) = a·x + c.
func (n *NormRelu[T]) factors(e *engine[T], f *normFrame[T], at, cols int) {
	a, c, t := f.v[0][:cols], f.v[1][:cols], f.v[2][:cols]
	w, s, base, r := n.w[at:][:cols], n.s[at:][:cols], n.base[at:][:cols], n.r[at:][:cols]
	e.mul(a, w, r)
	e.scaleBy(a, a, T(n.Scale))
	e.mul(c, a, base)
	e.sub(c, n.scaled(e, t, s), c)
	f.block.a, f.block.c = a, c
}

// backward computes blocks lo to hi−1.
func (n *NormRelu[T]) backward(lo, hi int) {
	e, f := engineOf[T](), n.frame()
	for from := lo * normColumns; from < min(hi*normColumns, n.Columns); from += normColumns {
		n.backBlock(e, f, from, min(normColumns, n.Columns-from), n.d[from:], n.Columns)
	}
	n.putBack(f)
}

// backBlock computes the gradients of cols ≤ normColumns columns from d, whose rows lie rowD apart. With t the part of d that
// came through the relu, and means over the rows,
//
//	dx = a·(t − mean(t) − (x − base)·r²·mean(t·(x − base)))
//
// Scale and w are in a already; x̂ = (x − base)·r is never formed, its two factors r go into k₂. sum
// holds the column sums of dx, which a bias added before the norm receives: they are zero but for
// rounding, and kept because the unfused graph computes them.
//
// The two sums behind the means are all that a trained w and s need: ds = Scale·Σt and dw = Scale·r·Σt·(x − base).
func (n *NormRelu[T]) backBlock(e *engine[T], f *normFrame[T], from, cols int, d []T, rowD int) {
	b := &f.block
	for h := range n.Heads {
		at := h*n.Columns + from
		n.place(f, at, cols)
		n.factors(e, f, at, cols)
		k1, k2 := f.v[2][:cols], f.v[3][:cols]
		b.shift, b.d, b.rowD = n.base[at:], d, rowD
		b.sum, b.other = k1, k2
		e.reluSums(b)
		dw, ds, r := n.dw[at:][:cols], n.ds[at:][:cols], n.r[at:][:cols]
		e.mul(k2, k2, r)
		e.scaleBy(ds, k1, T(n.Scale))
		e.scaleBy(dw, k2, T(n.Scale))
		e.mul(k2, k2, r)
		for _, k := range [][]T{k1, k2} {
			e.mul(k, k, b.a)
			e.scaleBy(k, k, -1/T(n.Rows))
		}
		b.k1, b.k2, b.sum, b.y, b.rowY = k1, k2, n.sum[at:], n.dx[at:], b.rowX
		e.reluBack(b)
	}
}

// normKernel hands a block to a kernel in assembly.
func normKernel[T Float](kernel func(*uint64)) func(b *normBlock[T]) {
	var zero T
	size := int(unsafe.Sizeof(zero))
	at := func(s []T) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(s)) }
	return func(b *normBlock[T]) {
		b.raw = normArgs{at(b.x), at(b.d), at(b.y), b.rowX * size, b.rowD * size, b.rowY * size, b.rows, b.cols,
			at(b.shift), at(b.a), at(b.c), at(b.k1), at(b.k2), at(b.sum), at(b.other)}
		kernel((*uint64)(unsafe.Pointer(&b.raw)))
	}
}

// The kernels in plain Go.

// spreadGo is sum = Σ (x − shift)².
func spreadGo[T Float](b *normBlock[T]) {
	sum := b.sum[:b.cols]
	clear(sum)
	for i := range b.rows {
		for j, x := range b.x[i*b.rowX:][:b.cols] {
			t := x - b.shift[j]
			sum[j] += t * t
		}
	}
}

// reluAffineGo is y = max(a·x + c, 0).
func reluAffineGo[T Float](b *normBlock[T]) {
	for i := range b.rows {
		y := b.y[i*b.rowY:][:b.cols]
		for j, x := range b.x[i*b.rowX:][:b.cols] {
			y[j] = max(b.a[j]*x+b.c[j], 0)
		}
	}
}

// reluAffineAddGo adds the same to y.
func reluAffineAddGo[T Float](b *normBlock[T]) {
	for i := range b.rows {
		y := b.y[i*b.rowY:][:b.cols]
		for j, x := range b.x[i*b.rowX:][:b.cols] {
			y[j] += max(b.a[j]*x+b.c[j], 0)
		}
	}
}

// through is what a relu lets through of d, of which the forward was a·x + c.
func through[T Float](d, a, x, c T) T {
	if a*x+c > 0 {
		return d
	}
	return d * 0 // a NaN stays
}

// reluSumsGo is sum = Σ t and other = Σ t·(x − shift), t what comes through.
func reluSumsGo[T Float](b *normBlock[T]) {
	sum, other := b.sum[:b.cols], b.other[:b.cols]
	clear(sum)
	clear(other)
	for i := range b.rows {
		d := b.d[i*b.rowD:][:b.cols]
		for j, x := range b.x[i*b.rowX:][:b.cols] {
			t := through(d[j], b.a[j], x, b.c[j])
			sum[j] += t
			other[j] += t * (x - b.shift[j])
		}
	}
}

// reluBackGo is y = a·t + k₁ + k₂·(x − shift) and its sum.
func reluBackGo[T Float](b *normBlock[T]) {
	sum := b.sum[:b.cols]
	clear(sum)
	for i := range b.rows {
		d, y := b.d[i*b.rowD:][:b.cols], b.y[i*b.rowY:][:b.cols]
		for j, x := range b.x[i*b.rowX:][:b.cols] {
			v := b.a[j]*through(d[j], b.a[j], x, b.c[j]) + b.k1[j] + b.k2[j]*(x-b.shift[j])
			sum[j] += v
			y[j] = v
		}
	}
}
