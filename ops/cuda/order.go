package cuda

import (
	"math"

	"rpnc/graph"
	"rpnc/ops"
)

// How orders are found without sorting. Lines here are short (features, classes, neighbours), so
// nothing is sorted: an entry's rank is the number of entries that come before it, and every entry can
// count that for itself. That is O(n²) comparisons for a line of n, all of them independent, where a
// sort in shared memory would be log² n steps with a barrier each and an order of ties to be kept by
// hand.
//
// The order is that of the CPU: numbers rise, NaN comes last, equal entries come in the order of their
// positions. With it ranks are different for all entries of a line, so exactly one thread finds the
// rank that is asked for and writes.

// orders builds what compares, counts and accumulates along lines.
func (b *binder) orders(op graph.Op) bool {
	switch op := op.(type) {
	case ops.Extreme:
		b.extreme(op)
	case ops.Kth:
		b.kth(op)
	case ops.MostFrequent:
		b.mode(op.Axis)
	case ops.CumSum:
		b.cumSum(op)
	case ops.Draw:
		b.draw(op)
	case ops.BSpline:
		b.spline(op)
	default:
		return false
	}
	return true
}

// eachLine gives every line of operand 0 along an axis one thread; at is the index of element k.
//
// Lines are outer × inner; where inner > 1, neighbouring threads read neighbouring addresses for each
// k.
func (b *binder) eachLine(ax int, f func(c *code, line val, size int, at func(k val) val)) {
	outer, size, inner := axis(b.in[0].Shape, ax)
	b.each(outer*inner, func(c *code, line val) {
		o, in := c.split2(line, inner)
		base := c.mad(o, size*inner, in)
		f(c, line, size, func(k val) val { return c.mad(k, inner, base) })
	})
}

// extreme keeps the first of the best entries; NaN is the best.
//
// Once best is a NaN nothing is better; before, the comparison is strict, so the first of equals stays.
func (b *binder) extreme(op ops.Extreme) {
	b.eachLine(op.Axis, func(c *code, line val, size int, at func(k val) val) {
		best, where := c.variable(b.float(c, 0, at(n(0)))), c.variable(n(0))
		c.loop(n(1), n(size), n(1), func(k val) {
			x := b.float(c, 0, at(k))
			rel := "gt"
			if op.Min {
				rel = "lt"
			}
			better := c.and(c.or(c.cmp(rel, x, best), c.nan(x)), c.not(c.nan(best)))
			c.set(best, c.pick(better, x, best))
			c.set(where, c.pick(better, k, where))
		})
		c.store(c.out(0), line, best)
		c.store(c.out(1), line, where)
	})
}

// less is the order of sorting: NaNs last.
func (c *code) less(x, y val) val {
	return c.or(c.cmp("lt", x, y), c.and(c.nan(y), c.not(c.nan(x))))
}

// kth gives every entry a thread that counts how many come before it; the one with k of them is it.
func (b *binder) kth(op ops.Kth) {
	outer, size, inner := axis(b.in[0].Shape, op.Axis)
	b.each(outer*size*inner, func(c *code, i val) {
		o, k, in := c.around2(i, size, inner)
		x := b.float(c, 0, i)
		before := c.variable(n(0))
		c.loop(n(0), n(size), n(1), func(j val) {
			y := b.float(c, 0, c.mad(c.mad(o, size, j), inner, in))
			tie := c.and(c.not(c.less(x, y)), c.cmp("lt", j, k))
			c.set(before, c.add(before, c.pick(c.or(c.less(y, x), tie), n(1), n(0))))
		})
		c.when(c.cmp("eq", before, n(op.K)), func() {
			line := c.mad(o, inner, in)
			c.store(c.out(0), line, x)
			c.store(c.out(1), line, k)
		})
	})
}

// mode counts for every entry of a line how many are equal to it.
//
// Of values that are equally frequent the smallest wins, and of equal values the first position. NaN
// equals nothing, itself included, so it has count 0 and wins only in a line of NaNs.
func (b *binder) mode(ax int) {
	b.eachLine(ax, func(c *code, line val, size int, at func(k val) val) {
		best, where, most := c.variable(b.float(c, 0, at(n(0)))), c.variable(n(0)), c.variable(n(0))
		c.loop(n(0), n(size), n(1), func(k val) {
			x, count := b.float(c, 0, at(k)), c.variable(n(0))
			c.loop(n(0), n(size), n(1), func(j val) {
				c.set(count, c.add(count, c.pick(c.cmp("eq", b.float(c, 0, at(j)), x), n(1), n(0))))
			})
			smaller := c.and(c.cmp("eq", count, most), c.less(x, best))
			better := c.or(c.cmp("gt", count, most), smaller)
			c.set(best, c.pick(better, x, best))
			c.set(where, c.pick(better, k, where))
			c.set(most, c.pick(better, count, most))
		})
		c.store(c.out(0), line, best)
		c.store(c.out(1), line, where)
	})
}

// cumSum adds along every line.
//
// One chain of additions in order, as on the CPU: a parallel scan would associate differently.
func (b *binder) cumSum(op ops.CumSum) {
	b.eachLine(op.Axis, func(c *code, line val, size int, at func(k val) val) {
		sum := c.variable(b.num(0))
		c.loop(n(0), n(size), n(1), func(k val) {
			if op.Reverse {
				k = c.sub(n(size-1), k)
			}
			i := at(k)
			c.set(sum, c.add(sum, b.float(c, 0, i)))
			c.store(c.out(0), i, sum)
		})
	})
}

// draw draws positions of every row.
//
// Without replacement it is the Gumbel top-k trick: with independent Gumbel noise −ln(−ln u) added to
// log-weights, the K largest are K draws without replacement (Vieira 2014; Kool et al. 2019, Stochastic
// Beams). u has half a unit added, so that it is never 0. Random numbers are a function of seed,
// stream, step and element, hence the same as on the CPU; the arithmetic is in float64 so that the
// order of sums seldom is another.
func (b *binder) draw(op ops.Draw) {
	w := b.in[0].Shape.Dim(-1)
	b.kind = kindOf(b.in[0])
	site := graph.NewKey(op.Seed, "draw").Sub(uint64(op.Stream))
	if op.Replace {
		b.roulette(op, site, w)
		return
	}
	size := b.in[0].Shape.Size()
	noisy, drawn := b.space(f64, size), b.space(i32, size)
	b.each(size, func(c *code, i val) {
		u := c.add(c.uniform(c.key(site, c.load(i32, c.in(1), n(0))), i), d(0x1p-54))
		gumbel := c.neg(c.log(c.neg(c.log(u))))
		c.store(c.addr(noisy), i, c.add(c.to(f64, b.float(c, 0, i)), gumbel))
	})
	// An entry is drawn if fewer than K come after it in rising order.
	b.each(size, func(c *code, i val) {
		row, k := c.split2(i, w)
		x, after := c.load(f64, c.addr(noisy), i), c.variable(n(0))
		c.loop(n(0), n(w), n(1), func(j val) {
			y := c.load(f64, c.addr(noisy), c.mad(row, w, j))
			tie := c.and(c.not(c.less(y, x)), c.cmp("gt", j, k))
			c.set(after, c.add(after, c.pick(c.or(c.less(x, y), tie), n(1), n(0))))
		})
		c.store(c.addr(drawn), i, c.pick(c.cmp("lt", after, n(op.K)), n(1), n(0)))
	})
	b.each(size/w, func(c *code, row val) {
		at := c.variable(c.mul(row, n(op.K)))
		c.loop(n(0), n(w), n(1), func(j val) {
			c.when(c.cmp("eq", c.load(i32, c.addr(drawn), c.mad(row, w, j)), n(1)), func() {
				c.store(c.out(0), at, j)
				c.set(at, c.add(at, n(1)))
			})
		})
	})
}

// roulette draws with replacement: the first sum of powers above a random point. Draws are inserted in rising order.
//
// Powers are e^(x − max), so that their sum is finite; the last entry is taken if rounding leaves the
// point above every sum.
func (b *binder) roulette(op ops.Draw, site graph.Key, w int) {
	b.each(b.in[0].Shape.Size()/w, func(c *code, row val) {
		x := func(j val) val { return c.to(f64, b.float(c, 0, c.mad(row, w, j))) }
		top, total := c.variable(d(math.Inf(-1))), c.variable(d(0))
		c.loop(n(0), n(w), n(1), func(j val) { c.set(top, c.max(top, x(j))) })
		c.loop(n(0), n(w), n(1), func(j val) { c.set(total, c.add(total, c.exp(c.sub(x(j), top)))) })
		key := c.key(site, c.load(i32, c.in(1), n(0)))
		c.loop(n(0), n(op.K), n(1), func(i val) {
			at := c.mad(row, op.K, i)
			point := c.mul(total, c.uniform(key, at))
			sum, found := c.variable(d(0)), c.variable(n(0))
			c.loop(n(0), n(w-1), n(1), func(j val) {
				c.set(sum, c.add(sum, c.exp(c.sub(x(j), top))))
				c.set(found, c.pick(c.cmp("gt", sum, point), found, c.add(j, n(1))))
			})
			b.insert(c, row, op.K, i, found)
		})
	})
}

// insert puts x among the first i entries of a row of w integers, which rise.
func (b *binder) insert(c *code, row val, w int, i, x val) {
	carry := c.variable(x)
	c.loop(n(0), i, n(1), func(j val) {
		at := c.mad(row, w, j)
		y := c.load(i32, c.out(0), at)
		smaller := c.cmp("lt", carry, y)
		c.store(c.out(0), at, c.pick(smaller, carry, y))
		c.set(carry, c.pick(smaller, y, carry))
	})
	c.store(c.out(0), c.mad(row, w, i), carry)
}

// spline runs the recurrences of Cox and de Boor in registers, with the knots as constants.
//
// The basis of degree k on knots g:
//
//	B_{j,k}(x) = (x − g_j)/(g_{j+k} − g_j)·B_{j,k−1}(x) + (g_{j+k+1} − x)/(g_{j+k+1} − g_{j+1})·B_{j+1,k−1}(x)
//
// from B_{j,0} = 1 on [g_j, g_{j+1}). All T + 2D intervals are in registers of one thread and the loops
// are unrolled when the code is written, so there is no indexed access. Knots are computed in the
// element's precision, as on the CPU: an x on a knot must fall into the same interval.
func (b *binder) spline(op ops.BSpline) {
	h := (op.Hi - op.Lo) / float64(op.T)
	g := make([]float64, op.T+2*op.D+1)
	for k := range g {
		g[k] = float64(k-op.D)*h + op.Lo
		if b.kind == f32 {
			g[k] = float64(float32(k-op.D)*float32(h) + float32(op.Lo))
		}
	}
	b.each(b.in[0].Shape.Size(), func(c *code, i val) {
		x := b.float(c, 0, i)
		v := make([]val, len(g)-1)
		for k := range v {
			inside := c.and(c.cmp("le", b.num(g[k]), x), c.cmp("lt", x, b.num(g[k+1])))
			v[k] = c.pick(inside, b.num(1), b.num(0))
		}
		for k := 1; k <= op.D; k++ {
			for j := range len(v) - k {
				v[j] = b.splineStep(c, op, k, x, v[j], v[j+1], g[j:])
			}
		}
		for k := range op.T + op.D {
			if op.DerivNum > op.D {
				v[k] = b.num(0)
			}
			c.store(c.out(0), c.mad(i, op.T+op.D, n(k)), v[k])
		}
	})
}

// splineStep is one basis of degree k from two of the degree below; g begins at its first knot.
//
// The last DerivNum degrees differentiate instead: B′_{j,k} = k·(B_{j,k−1}/(g_{j+k} − g_j) −
// B_{j+1,k−1}/(g_{j+k+1} − g_{j+1})).
func (b *binder) splineStep(c *code, op ops.BSpline, k int, x, p, q val, g []float64) val {
	left, right := b.num(g[k]-g[0]), b.num(g[k+1]-g[1])
	if k <= op.D-op.DerivNum {
		up := c.div(c.sub(x, b.num(g[0])), left)
		down := c.div(c.sub(b.num(g[k+1]), x), right)
		return c.add(c.mul(up, p), c.mul(down, q))
	}
	return c.mul(b.num(float64(k)), c.sub(c.div(p, left), c.div(q, right)))
}
