package cuda

import (
	"rpnc/graph"
	"rpnc/ops"
)

// How sparse products run. A pattern is compressed by rows (CSR): ptr, and for every entry its column.
// Its transposed product needs it by columns, which is a permutation of the same entries: it is
// computed once when the kernel is made, so that A·x and Aᵀ·x are one kernel with different tables, and
// values are never permuted. Each thread sums one element of the result over the entries of its line,
// in their order; neighbouring threads take neighbouring columns of x and read whole lines.
//
// The work is nnz·w FMA and as many loads of x. Lines of very different lengths leave threads idle;
// neighbours in a warp share a line as long as w is 32 or more.

// rows are the entries of a sparse matrix line by line: those of line i are entry[ptr[i]:ptr[i+1]], and other says
// where in its line each is.
type rows struct{ ptr, entry, other []int32 }

// inverse lists for each of size places the entries of a table that point to it, in rising order; −1 points nowhere.
//
// It is a counting sort, O(len(t) + size), and stable.
func inverse(t []int32, size int) rows {
	r := rows{ptr: make([]int32, size+1)}
	for _, j := range t {
		if j >= 0 {
			r.ptr[j+1]++
		}
	}
	for j := range size {
		r.ptr[j+1] += r.ptr[j]
	}
	at := append([]int32(nil), r.ptr...)
	r.entry = make([]int32, r.ptr[size])
	for e, j := range t {
		if j >= 0 {
			r.entry[at[j]] = int32(e)
			at[j]++
		}
	}
	return r
}

// rowOf is the row of every entry of a pattern.
//
// It undoes the compression: entries in order, each with its row.
func rowOf(p ops.Pattern) []int32 {
	row := make([]int32, p.NNZ())
	p.Each(func(e, i, _ int) { row[e] = int32(i) })
	return row
}

// compressed lists a pattern by rows, or by columns.
//
// entry[e] is the number of the value, other[e] the column (or row) on the far side.
func compressed(p ops.Pattern, columns bool) rows {
	if columns {
		r, row := inverse(p.Col.Slice(), p.Cols), rowOf(p)
		for _, e := range r.entry {
			r.other = append(r.other, row[e])
		}
		return r
	}
	r := rows{ptr: p.Ptr.Slice(), other: p.Col.Slice()}
	for e := range p.NNZ() {
		r.entry = append(r.entry, int32(e))
	}
	return r
}

// sparse builds what reads or writes patterns.
func (b *binder) sparse(op graph.Op) bool {
	switch op := op.(type) {
	case ops.Densify:
		b.each(b.out[0].Shape.Size(), func(c *code, i val) { c.store(c.out(0), i, b.num(0)) })
		b.entries(op.P, func(c *code, e, at val) { c.store(c.out(0), at, b.float(c, 0, e)) })
	case ops.AtPattern:
		b.entries(op.P, func(c *code, e, at val) { c.store(c.out(0), e, b.float(c, 0, at)) })
	case ops.SpMM:
		b.spmm(op, arg{operand, 1}, arg{result, 0}, false)
	case ops.SDDMM:
		b.sddmm(op.P)
	case ops.Resolvent:
		b.resolvent(op)
	default:
		return false
	}
	return true
}

// entries gives every entry of a pattern a thread; at is its place in the dense matrix.
func (b *binder) entries(p ops.Pattern, f func(c *code, e, at val)) {
	places := make([]int32, p.NNZ())
	p.Each(func(e, i, j int) { places[e] = int32(i*p.Cols + j) })
	t := b.table(places)
	b.each(p.NNZ(), func(c *code, e val) { f(c, e, c.load(i32, c.addr(t), e)) })
}

// spmm is y = A·x with a thread an element; plus adds operand 1.
func (b *binder) spmm(op ops.SpMM, x, y arg, plus bool) {
	r := compressed(op.P, op.T)
	ptr, entry, other := b.table(r.ptr), b.table(r.entry), b.table(r.other)
	rows, cols, w := b.out[0].Shape.Dim(-2), b.in[1].Shape.Dim(-2), b.out[0].Shape.Dim(-1)
	b.each(b.out[0].Shape.Size(), func(c *code, i val) {
		batch, row, k := c.around2(i, rows, w)
		base := c.mul(batch, n(cols))
		sum := c.variable(b.num(0))
		c.loop(c.load(i32, c.addr(ptr), row), c.load(i32, c.addr(ptr), c.add(row, n(1))), n(1), func(e val) {
			a := b.float(c, 0, c.load(i32, c.addr(entry), e))
			j := c.add(base, c.load(i32, c.addr(other), e))
			c.set(sum, c.fma(a, c.load(b.kind, c.addr(x), c.mad(j, w, k)), sum))
		})
		if plus {
			c.set(sum, c.add(sum, b.float(c, 1, i)))
		}
		c.store(c.addr(y), i, sum)
	})
}

// sddmm gives every entry a group that sums over batch and columns.
//
// The value of entry (i, j) is Σ over batch and columns of a[q, i, k]·b[q, j, k]: the dense product at
// the places of the pattern only, 2·nnz·w operations a batch instead of 2·rows·cols·w.
func (b *binder) sddmm(p ops.Pattern) {
	row, col := b.table(rowOf(p)), b.table(p.Col.Slice())
	w := b.in[0].Shape.Dim(-1)
	batch := b.in[0].Shape.Size() / max(1, p.Rows*w)
	b.lines(p.NNZ(), batch*w, false, func(c *code, g *group) {
		i, j := c.load(i32, c.addr(row), g.line), c.load(i32, c.addr(col), g.line)
		y := g.sum(func(r val) val {
			q, k := c.split2(r, w)
			x := b.float(c, 0, c.mad(c.mad(q, p.Rows, i), w, k))
			return c.mul(x, b.float(c, 1, c.mad(c.mad(q, p.Cols, j), w, k)))
		})
		g.once(func() { c.store(c.out(0), g.line, y) })
	})
}

// resolvent is x + A·(x + A·(…)) between two pieces of scratch.
//
// Horner's form of (I + A + … + Aˢ)·x: S sparse products and no power of A, which would fill up.
func (b *binder) resolvent(op ops.Resolvent) {
	size := b.out[0].Shape.Size()
	if op.Steps == 0 {
		b.each(size, func(c *code, i val) { c.store(c.out(0), i, b.float(c, 1, i)) })
		return
	}
	spare := [2]arg{b.space(b.kind, size), b.space(b.kind, size)}
	from := arg{operand, 1}
	for step := 1; step <= op.Steps; step++ {
		to := spare[step%2]
		if step == op.Steps {
			to = arg{result, 0}
		}
		b.spmm(ops.SpMM{P: op.P, T: op.T}, from, to, true)
		from = to
	}
}
