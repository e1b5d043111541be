package cuda

import (
	"rpnc/graph"
	"rpnc/ops"
)

// How data moves on a card. Every kernel here gives each element of the result a thread, which finds
// out where its value comes from: i is split into coordinates, coordinates are put together with the
// strides of the source. Gathering by result and never scattering by source has two reasons:
// neighbouring threads write neighbouring elements, in whole lines of 128 bytes; and no two threads
// write one element, so nothing depends on which comes first. Divisions by sizes are by constants,
// which the driver's translator turns into multiplications.
//
// Positions that come with the data (labels, indexes of Pick and Place) are checked on the card: one
// that is outside its axis marks the task as failed and counts as 0, so that no address is ever out of
// bounds.

// movement builds what copies elements by shape alone.
func (b *binder) movement(op graph.Op) bool {
	switch op := op.(type) {
	case ops.Reshaped:
		b.kind = kindOf(b.in[0])
		b.copy()
	case ops.Permuted:
		b.permute(op)
	case ops.Slice:
		b.slice(op)
	case ops.Pad:
		b.pad(op)
	case ops.Concat:
		b.concat(op.Axis)
	case ops.ZeroDiagonal:
		w := b.in[0].Shape.Dim(0)
		b.each(w*w, func(c *code, i val) {
			row, col := c.split2(i, max(1, w))
			c.store(c.out(0), i, c.pick(c.cmp("eq", row, col), b.num(0), b.float(c, 0, i)))
		})
	case ops.UpperOnes:
		b.each(op.N*op.N, func(c *code, i val) {
			row, col := c.split2(i, op.N)
			c.store(c.out(0), i, c.pick(c.cmp("le", row, col), b.num(1), b.num(0)))
		})
	default:
		return false
	}
	return true
}

// permute reads along the axes of the result.
func (b *binder) permute(op ops.Permuted) {
	to, from := b.out[0].Shape, strides(b.in[0].Shape)
	st := make([]int, to.Rank())
	for i, ax := range op.Axes() {
		st[i] = from[ax]
	}
	k := kindOf(b.in[0])
	b.each(to.Size(), func(c *code, i val) {
		c.store(c.out(0), i, c.load(k, c.in(0), c.index(c.coords(i, to.Dims()), st)))
	})
}

// around2 is the place of element i of a tensor that is outer × size × inner.
//
// i = (outer·size + at)·inner + in, as a row-major tensor lies in memory whatever number of axes outer
// and inner stand for.
func (c *code) around2(i val, size, inner int) (outer, at, in val) {
	rest, in := c.split2(i, inner)
	outer, at = c.split2(rest, size)
	return outer, at, in
}

// slice reads element at + Lo of the axis: y[o, at, i] = x[o, at + Lo, i].
func (b *binder) slice(op ops.Slice) {
	_, size, inner := axis(b.in[0].Shape, op.Axis)
	w := op.Hi - op.Lo
	b.each(b.out[0].Shape.Size(), func(c *code, i val) {
		outer, at, in := c.around2(i, w, inner)
		c.store(c.out(0), i, b.float(c, 0, c.mad(c.mad(outer, size, c.add(at, n(op.Lo))), inner, in)))
	})
}

// pad is the reverse: y[o, at, i] = x[o, at − Lo, i] where that exists, else 0.
func (b *binder) pad(op ops.Pad) {
	_, size, inner := axis(b.in[0].Shape, op.Axis)
	b.each(b.out[0].Shape.Size(), func(c *code, i val) {
		outer, at, in := c.around2(i, op.N, inner)
		at = c.sub(at, n(op.Lo))
		x := c.variable(b.num(0))
		c.when(c.and(c.cmp("ge", at, n(0)), c.cmp("lt", at, n(size))), func() {
			c.set(x, b.float(c, 0, c.mad(c.mad(outer, size, at), inner, in)))
		})
		c.store(c.out(0), i, x)
	})
}

// concat copies operand after operand, a launch each.
//
// Sizes are constants of the code, so operands of equal shape still make kernels of their own.
func (b *binder) concat(ax int) {
	_, total, inner := axis(b.out[0].Shape, ax)
	lo := 0
	for k, t := range b.in {
		_, size, _ := axis(t.Shape, ax)
		from := lo
		b.each(t.Shape.Size(), func(c *code, i val) {
			outer, at, in := c.around2(i, size, inner)
			c.store(c.out(0), c.mad(c.mad(outer, total, c.add(at, n(from))), inner, in), b.float(c, k, i))
		})
		lo += size
	}
}

// places builds what copies elements by tables and positions.
func (b *binder) places(op graph.Op) bool {
	switch op := op.(type) {
	case ops.Gather:
		b.gather(op.Table.Slice())
	case ops.ScatterAdd:
		b.scatterAdd(op)
	case ops.Pick:
		b.pickAt(op.Axis)
	case ops.Place:
		b.placeAt(op)
	case ops.OneHot:
		b.each(b.in[0].Shape.Size(), func(c *code, row val) {
			label := c.checked(c.load(i32, c.in(0), row), op.N, "a label is outside the classes")
			c.loop(n(0), n(op.N), n(1), func(j val) {
				hot := c.pick(c.cmp("eq", j, label), b.num(1), b.num(0))
				c.store(c.out(0), c.mad(row, op.N, j), hot)
			})
		})
	default:
		return false
	}
	return true
}

// gather reads columns by a table; −1 gives 0.
//
// The table is in device memory from loading on; threads of one row read it in order.
func (b *binder) gather(t []int32) {
	from, w := b.in[0].Shape.Dim(-1), len(t)
	ix := b.table(t)
	b.each(b.out[0].Shape.Size(), func(c *code, i val) {
		row, col := c.split2(i, w)
		j := c.load(i32, c.addr(ix), col)
		x := c.variable(b.num(0))
		c.when(c.cmp("ge", j, n(0)), func() { c.set(x, b.float(c, 0, c.mad(row, from, j))) })
		c.store(c.out(0), i, x)
	})
}

// scatterAdd lets every result collect its own terms in their order, so that nothing is added by two threads.
//
// The table is turned round at compile time: for every column of the result, a list of the entries that
// point to it, in rising order (see inverse). That is the order in which the CPU adds, so sums have the
// same bits; atomic additions would take them as they come.
func (b *binder) scatterAdd(op ops.ScatterAdd) {
	back := inverse(op.Table.Slice(), op.N)
	ptr, entry := b.table(back.ptr), b.table(back.entry)
	w := op.Table.Len()
	b.each(b.out[0].Shape.Size(), func(c *code, i val) {
		row, col := c.split2(i, op.N)
		base := c.mul(row, n(w))
		sum := c.variable(b.num(0))
		c.loop(c.load(i32, c.addr(ptr), col), c.load(i32, c.addr(ptr), c.add(col, n(1))), n(1), func(e val) {
			c.set(sum, c.add(sum, b.float(c, 0, c.add(base, c.load(i32, c.addr(entry), e)))))
		})
		c.store(c.out(0), i, sum)
	})
}

// badPosition is what [Fault] says of an index outside its axis.
const badPosition = "a position is outside the axis"

// pickAt is y[o, at, i] = x[o, p[o, at, i], i], positions p along the axis.
func (b *binder) pickAt(ax int) {
	_, size, inner := axis(b.in[0].Shape, ax)
	_, each, _ := axis(b.in[1].Shape, ax)
	b.each(b.out[0].Shape.Size(), func(c *code, i val) {
		outer, _, in := c.around2(i, each, inner)
		k := c.checked(c.load(i32, c.in(1), i), size, badPosition)
		c.store(c.out(0), i, b.float(c, 0, c.mad(c.mad(outer, size, k), inner, in)))
	})
}

// placeAt gives every line a thread: several positions of a line may be the same.
//
// A line is cleared and then added to by one thread: O(N + each) steps in sequence, with neighbouring
// threads on neighbouring lines.
func (b *binder) placeAt(op ops.Place) {
	outer, each, inner := axis(b.in[0].Shape, op.Axis)
	b.each(outer*inner, func(c *code, line val) {
		o, in := c.split2(line, inner)
		at := func(size int, k val) val { return c.mad(c.mad(o, size, k), inner, in) }
		c.loop(n(0), n(op.N), n(1), func(k val) { c.store(c.out(0), at(op.N, k), b.num(0)) })
		c.loop(n(0), n(each), n(1), func(j val) {
			i := at(each, j)
			to := at(op.N, c.checked(c.load(i32, c.in(1), i), op.N, badPosition))
			c.store(c.out(0), to, c.add(c.load(b.kind, c.out(0), to), b.float(c, 0, i)))
		})
	})
}
