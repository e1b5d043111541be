package cuda

import (
	"math"

	"rpnc/graph"
	"rpnc/ops"
)

// How selections are made. Medians, modes and draws without replacement ask for entries of a line by
// their number in its order. Lines are sorted where they fit into shared memory, by groups of threads
// (see sort.go); of longer ones a single entry is found by its bits, in as many passes over the line as
// keys have. Either takes n·log² n or n steps for a line of n, shared by the threads of a block.
//
// The order is that of the CPU: numbers rise, NaN comes last, equal entries come in the order of their
// positions. With it ranks are different for all entries of a line, so there is one answer.

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

// sharedLine is the length from which the entries of a line are shared by a group of threads.
const sharedLine = 64

// extreme keeps the first of the best entries; NaN is the best.
//
// Once best is a NaN nothing is better; before, the comparison is strict, so the first of equals stays.
func (b *binder) extreme(op ops.Extreme) {
	if _, size, _ := axis(b.in[0].Shape, op.Axis); size >= sharedLine {
		b.longExtreme(op)
		return
	}
	b.eachLine(op.Axis, func(c *code, line val, size int, at func(k val) val) {
		best, where := c.variable(b.float(c, 0, at(n(0)))), c.variable(n(0))
		c.loop(n(1), n(size), n(1), func(k val) {
			x := b.float(c, 0, at(k))
			better := c.better(x, best, op.Min)
			c.set(best, c.pick(better, x, best))
			c.set(where, c.pick(better, k, where))
		})
		c.store(c.out(0), line, best)
		c.store(c.out(1), line, where)
	})
}

// longExtreme gives every line a group, which looks for the best key and then for the first entry that has it.
//
// For the smallest entry keys are turned round, all but that of a NaN.
func (b *binder) longExtreme(op ops.Extreme) {
	b.along(op.Axis, func(c *code, g *group, at func(r val) val) {
		_, size, _ := axis(b.in[0].Shape, op.Axis)
		k := keyOf(b.kind)
		key := func(r val) val {
			x := c.orderKey(b.float(c, 0, at(r)))
			if op.Min {
				x = c.pick(c.cmp("eq", x, largest(k)), x, c.bit("xor", x, val{k, "-1"}))
			}
			return x
		}
		pickIf := func(rel string) func(a, b val) val {
			return func(a, b val) val { return c.pick(c.cmp(rel, a, b), a, b) }
		}
		best := c.variable(key(n(0)))
		g.loop(func(r val) { c.set(best, pickIf("gt")(key(r), best)) })
		best = g.reduce(best, pickIf("gt"))
		first := c.variable(n(size))
		g.loop(func(r val) { c.set(first, c.pick(c.and(c.cmp("eq", key(r), best), c.cmp("lt", r, first)), r, first)) })
		first = g.reduce(first, pickIf("lt"))
		g.once(func() {
			c.store(c.out(0), g.line, b.float(c, 0, at(first)))
			c.store(c.out(1), g.line, first)
		})
	})
}

// alongLine is the index of entry k of line number line of operand 0 along an axis.
func (c *code) alongLine(line, k val, size, inner int) val {
	o, in := c.split2(line, inner)
	return c.mad(c.mad(o, size, k), inner, in)
}

// fits says whether lines of so many keys are sorted in shared memory.
func fits(entries int, k kind) bool { return sortedBytes(entries, k) <= inShared }

// kth sorts every line, or looks for one entry of it.
func (b *binder) kth(op ops.Kth) {
	outer, size, inner := axis(b.in[0].Shape, op.Axis)
	keys := keyOf(b.kind)
	write := func(c *code, g *group, pos val) {
		g.once(func() {
			c.store(c.out(0), g.line, b.float(c, 0, c.alongLine(g.line, pos, size, inner)))
			c.store(c.out(1), g.line, pos)
		})
	}
	if !fits(size, keys) {
		b.sortBlock(outer*inner, size, func(c *code, g *group) {
			_, pos := g.selected(size, keys, op.K, func(i val) val { return c.orderKey(b.float(c, 0, c.alongLine(g.line, i, size, inner))) })
			write(c, g, pos)
		})
		return
	}
	b.sortLines(outer*inner, size, keys, func(c *code, s *sorter) {
		s.fill(func(i val) val { return c.orderKey(b.float(c, 0, c.alongLine(s.line, i, size, inner))) })
		s.sort()
		_, pos := s.get(n(op.K))
		write(c, s.group, pos)
	})
}

// mode sorts every line and looks for the longest run of equal entries.
//
// Of values that are equally frequent the smallest wins, and of equal values the first position: runs
// come in rising order, and positions rise in each, so it is the first entry of the first of the longest
// runs. NaN equals nothing, itself included, so its runs count as empty and one wins only in a line of
// NaNs.
//
// A thread finds the end of a run that begins at its entry by halving what is left of the line. What
// threads compare is one integer, the length above and what tells earlier runs from later ones below.
func (b *binder) mode(ax int) {
	outer, size, inner := axis(b.in[0].Shape, ax)
	b.sortLines(outer*inner, size, keyOf(b.kind), func(c *code, s *sorter) {
		s.fill(func(i val) val { return c.orderKey(b.float(c, 0, c.alongLine(s.line, i, size, inner))) })
		s.sort()
		best := c.variable(bits64(0))
		larger := func(a, b val) val { return c.pick(c.cmp("gt", b, a), b, a) }
		c.loop(s.lane, n(size), n(s.lanes), func(i val) {
			length := c.runLength(s, i)
			score := c.op(i64, "mad.wide.s32", length, n(1<<30), c.to(i64, c.sub(n(size), i)))
			c.set(best, larger(best, score))
		})
		best = s.reduce(best, larger)
		left := c.to(i32, c.bit("and", best, bits64(1<<30-1)))
		_, pos := s.get(c.sub(n(size), left))
		s.once(func() {
			c.store(c.out(0), s.line, b.float(c, 0, c.alongLine(s.line, pos, size, inner)))
			c.store(c.out(1), s.line, pos)
		})
	})
}

// runLength is the number of entries of a sorted line that are equal to entry i, if that is the first of them, else 0.
func (c *code) runLength(s *sorter, i val) val {
	key, _ := s.get(i)
	lo, hi := c.variable(c.add(i, n(1))), c.variable(n(s.n))
	first := c.variable(c.sub(i, n(1)))
	before := c.pick(c.cmp("lt", first, n(0)), n(0), first)
	last, _ := s.get(before)
	begins := c.or(c.cmp("eq", i, n(0)), c.cmp("ne", last, key))
	begins = c.and(begins, c.cmp("ne", key, largest(key.kind)))
	c.when(c.not(begins), func() { c.set(lo, i); c.set(hi, i) })
	c.when(c.cmp("lt", lo, hi), func() {
		c.while(func() val {
			middle := c.bit("shr", c.add(lo, hi), n(1))
			x, _ := s.get(middle)
			same := c.cmp("eq", x, key)
			c.set(lo, c.pick(same, c.add(middle, n(1)), lo))
			c.set(hi, c.pick(same, hi, middle))
			return c.cmp("lt", lo, hi)
		})
	})
	return c.sub(lo, i)
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
	noisy := b.space(f64, size)
	b.each(size, func(c *code, i val) {
		u := c.add(c.uniform(c.key(site, c.load(i32, c.in(1), n(0))), i), d(0x1p-54))
		gumbel := c.neg(c.log(c.neg(c.log(u))))
		c.store(c.addr(noisy), i, c.add(c.to(f64, b.float(c, 0, i)), gumbel))
	})
	key := func(c *code, row, i val) val { return c.orderKey(c.load(f64, c.addr(noisy), c.mad(row, w, i))) }
	if !fits(w, i64) {
		b.drawLong(size/w, w, op.K, key)
		return
	}
	// Of the sorted row the last K positions are drawn; sorting those puts them in rising order.
	b.sortLines(size/w, w, i64, func(c *code, s *sorter) {
		s.fill(func(i val) val { return key(c, s.line, i) })
		s.sort()
		c.loop(s.lane, n(s.size), n(s.lanes), func(i val) {
			_, pos := s.get(i)
			drawn := c.and(c.cmp("ge", i, n(w-op.K)), c.cmp("lt", i, n(w)))
			s.put(i, c.pick(drawn, c.to(i64, pos), largest(i64)), i)
		})
		c.sync()
		s.sort()
		c.loop(s.lane, n(op.K), n(s.lanes), func(i val) {
			pos, _ := s.get(i)
			c.when(s.inside, func() { c.store(c.out(0), c.mad(s.line, op.K, i), c.to(i32, pos)) })
		})
	})
}

// drawLong draws the K last positions in the order of rows that are not sorted: those from the one on that K − 1 come after.
//
// Threads take stretches of the row in turn; how many are drawn in all stretches before says where a
// thread writes. That is summed in log₂ steps: of the numbers of neighbours, of pairs of them, and so on.
func (b *binder) drawLong(rows, w, k int, key func(c *code, row, i val) val) {
	b.sortBlock(rows, w, func(c *code, g *group) {
		limit, at := g.selected(w, i64, w-k, func(i val) val { return key(c, g.line, i) })
		drawn := func(i val) val {
			x := key(c, g.line, i)
			return c.or(c.cmp("gt", x, limit), c.and(c.cmp("eq", x, limit), c.cmp("ge", i, at)))
		}
		stretch := (w + g.lanes - 1) / g.lanes
		lo := c.mul(g.lane, n(stretch))
		hi := c.add(lo, n(stretch))
		hi = c.pick(c.cmp("lt", hi, n(w)), hi, n(w))
		count := c.variable(n(0))
		c.loop(lo, hi, n(1), func(i val) { c.set(count, c.add(count, c.pick(drawn(i), n(1), n(0)))) })
		to := c.variable(c.mad(g.line, k, g.before(count)))
		c.loop(lo, hi, n(1), func(i val) {
			c.when(drawn(i), func() {
				c.when(g.inside, func() { c.store(c.out(0), to, i) })
				c.set(to, c.add(to, n(1)))
			})
		})
	})
}

// roulette draws with replacement: the first sum of powers above a random point, in rising order.
//
// Powers are e^(x − max), so that their sum is finite; the last entry is taken if rounding leaves the
// point above every sum. Sums are made in their order by one thread a row, as on the CPU; then every
// draw looks its point up by halving the row, and the draws of a row are sorted.
func (b *binder) roulette(op ops.Draw, site graph.Key, w int) {
	rows := b.in[0].Shape.Size() / w
	sums, found := b.space(f64, rows*w), b.space(i32, rows*op.K)
	b.each(rows, func(c *code, row val) {
		x := func(j val) val { return c.to(f64, b.float(c, 0, c.mad(row, w, j))) }
		top, total := c.variable(d(math.Inf(-1))), c.variable(d(0))
		c.loop(n(0), n(w), n(1), func(j val) { c.set(top, c.max(top, x(j))) })
		c.loop(n(0), n(w), n(1), func(j val) {
			c.set(total, c.add(total, c.exp(c.sub(x(j), top))))
			c.store(c.addr(sums), c.mad(row, w, j), total)
		})
	})
	b.each(rows*op.K, func(c *code, i val) {
		base := c.mul(c.div(i, n(op.K)), n(w))
		sum := func(j val) val { return c.load(f64, c.addr(sums), c.add(base, j)) }
		point := c.mul(sum(n(w-1)), c.uniform(c.key(site, c.load(i32, c.in(1), n(0))), i))
		lo, hi := c.variable(n(0)), c.variable(n(w-1))
		c.when(c.cmp("lt", lo, hi), func() {
			c.while(func() val {
				middle := c.bit("shr", c.add(lo, hi), n(1))
				above := c.cmp("gt", sum(middle), point)
				c.set(lo, c.pick(above, lo, c.add(middle, n(1))))
				c.set(hi, c.pick(above, middle, hi))
				return c.cmp("lt", lo, hi)
			})
		})
		c.store(c.addr(found), i, lo)
	})
	b.sortLines(rows, op.K, i32, func(c *code, s *sorter) {
		s.fill(func(i val) val { return c.load(i32, c.addr(found), c.mad(s.line, op.K, i)) })
		s.sort()
		c.loop(s.lane, n(op.K), n(s.lanes), func(i val) {
			x, _ := s.get(i)
			c.when(s.inside, func() { c.store(c.out(0), c.mad(s.line, op.K, i), x) })
		})
	})
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
