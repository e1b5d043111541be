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
// The work is nnz·w FMA and as many loads of x. Lines of graphs have very different lengths: a node
// that all others point to would keep one thread busy long after the others are done. The pattern is
// known when the kernel is made, so what to do is decided there. Products cut lines of more than
// longLine entries into pieces of that length, each summed by a thread of its own, and a second launch
// adds up the pieces in their order. Norms of lines, which need their sums more than once, give lines of
// like length groups of threads of their size, a launch for each size.

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
	case ops.PatternSoftmax:
		b.patternSoftmax(op)
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

// longLine is the number of entries that one thread adds up at most.
const longLine = 256

// pieces are the lines of a sparse matrix, long ones cut. Piece i has the entries ptr[i] to ptr[i+1] and is line to[i], or
// for a negative number part −1 − to[i] of a line that is cut: line cut[l] has the parts from[l] to from[l+1].
type pieces struct{ ptr, to, cut, from []int32 }

// piecesOf cuts lines.
func piecesOf(r rows) pieces {
	p := pieces{ptr: []int32{0}, from: []int32{0}}
	parts := int32(0)
	for i := range len(r.ptr) - 1 {
		lo, hi := r.ptr[i], r.ptr[i+1]
		if hi-lo <= longLine {
			p.ptr, p.to = append(p.ptr, hi), append(p.to, int32(i))
			continue
		}
		for ; lo < hi; lo += longLine {
			p.ptr, p.to = append(p.ptr, min(lo+longLine, hi)), append(p.to, -1-parts)
			parts++
		}
		p.cut, p.from = append(p.cut, int32(i)), append(p.from, parts)
	}
	return p
}

// spmm is y = A·x with a thread an element, or a piece of one; plus adds operand 1.
func (b *binder) spmm(op ops.SpMM, x, y arg, plus bool) {
	r := compressed(op.P, op.T)
	p := piecesOf(r)
	ptr, entry, other := b.table(p.ptr), b.table(r.entry), b.table(r.other)
	rows, cols, w := b.out[0].Shape.Dim(-2), b.in[1].Shape.Dim(-2), b.out[0].Shape.Dim(-1)
	write := func(c *code, i, sum val) {
		if plus {
			sum = c.add(sum, b.float(c, 1, i))
		}
		c.store(c.addr(y), i, sum)
	}
	// piece sums piece number row of a matrix of so many.
	piece := func(c *code, i val, count int) (sum, batch, row, k val) {
		batch, row, k = c.around2(i, count, w)
		base := c.mul(batch, n(cols))
		sum = c.variable(b.num(0))
		c.loop(c.load(i32, c.addr(ptr), row), c.load(i32, c.addr(ptr), c.add(row, n(1))), n(1), func(e val) {
			a := b.float(c, 0, c.load(i32, c.addr(entry), e))
			j := c.add(base, c.load(i32, c.addr(other), e))
			c.set(sum, c.fma(a, c.load(b.kind, c.addr(x), c.mad(j, w, k)), sum))
		})
		return sum, batch, row, k
	}
	size := b.out[0].Shape.Size()
	if len(p.cut) == 0 || size == 0 {
		b.each(size, func(c *code, i val) {
			sum, _, _, _ := piece(c, i, rows)
			write(c, i, sum)
		})
		return
	}
	batches, parts := size/(rows*w), int(p.from[len(p.cut)])
	to, sums := b.table(p.to), b.space(b.kind, batches*parts*w)
	b.each(batches*len(p.to)*w, func(c *code, i val) {
		sum, batch, piece, k := piece(c, i, len(p.to))
		line := c.load(i32, c.addr(to), piece)
		whole := c.cmp("ge", line, n(0))
		c.when(whole, func() { write(c, c.mad(c.mad(batch, rows, line), w, k), sum) })
		c.when(c.not(whole), func() { c.store(c.addr(sums), c.mad(c.mad(batch, parts, c.sub(n(-1), line)), w, k), sum) })
	})
	b.joined(p, batches, rows, w, sums, write)
}

// joined adds up the parts of lines that are cut, in their order.
func (b *binder) joined(p pieces, batches, rows, w int, sums arg, write func(c *code, i, sum val)) {
	cut, from, parts := b.table(p.cut), b.table(p.from), int(p.from[len(p.cut)])
	b.each(batches*len(p.cut)*w, func(c *code, i val) {
		batch, l, k := c.around2(i, len(p.cut), w)
		sum := c.variable(b.num(0))
		c.loop(c.load(i32, c.addr(from), l), c.load(i32, c.addr(from), c.add(l, n(1))), n(1), func(part val) {
			c.set(sum, c.add(sum, c.load(b.kind, c.addr(sums), c.mad(c.mad(batch, parts, part), w, k))))
		})
		write(c, c.mad(c.mad(batch, rows, c.load(i32, c.addr(cut), l)), w, k), sum)
	})
}

// sizes sorts lines by their number of entries: those of one list differ by less than a factor of eight. Empty lines are in
// none.
func (r rows) sizes() (lists [][]int32) {
	for i := range len(r.ptr) - 1 {
		at := 0
		for entries := r.ptr[i+1] - r.ptr[i]; entries >= 8; entries /= 8 {
			at++
		}
		for at >= len(lists) {
			lists = append(lists, nil)
		}
		if r.ptr[i+1] > r.ptr[i] {
			lists[at] = append(lists[at], int32(i))
		}
	}
	return lists
}

// patternSoftmax gives the lines of a pattern groups of threads, a launch for those of like length.
//
// A line is a row or a column of the pattern, its entries are read through a table, and each group's
// loop ends at its own.
func (b *binder) patternSoftmax(op ops.PatternSoftmax) {
	rows := compressed(op.P, op.Columns)
	ptr, entry := b.table(rows.ptr), b.table(rows.entry)
	for _, lines := range rows.sizes() {
		if len(lines) == 0 {
			continue
		}
		entries := 0
		for _, i := range lines {
			entries += int(rows.ptr[i+1] - rows.ptr[i])
		}
		t := b.table(lines)
		b.lines(len(lines), entries/len(lines), false, func(c *code, g *group) {
			line := c.load(i32, c.addr(t), g.line)
			from := c.load(i32, c.addr(ptr), line)
			to := c.load(i32, c.addr(ptr), c.add(line, n(1)))
			g.last = c.pick(g.inside, c.sub(to, from), n(0))
			at := func(r val) val { return c.load(i32, c.addr(entry), c.add(from, r)) }
			b.softLine(c, g, true, func(r val) val { return b.float(c, 0, at(r)) }, func(r, y val) { c.store(c.out(0), at(r), y) })
		})
	}
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
