package cuda

import (
	"math"

	"rpnc/graph"
	"rpnc/ops"
)

// How sums are formed. A reduction has count lines of size elements. A line gets a group of lanes
// threads; lane l adds elements l, l + lanes, l + 2·lanes, … in that order, and then the lanes are
// combined by a tree in shared memory,
//
//	lane l ← lane l + lane (l + half),  half = lanes/2, lanes/4, …, 1
//
// The shape of the tree is a function of count and size alone (laneCount), never of the card or of what
// else runs, so a program gives the same bits in every run. Atomic additions would be faster to write
// down and different every time.
//
// Blocks have 64 to 1,024 threads. Lines of neighbouring elements (rows) want neighbouring threads
// within a line; lines that lie side by side (columns) want neighbouring threads in neighbouring lines.
// Both read whole cache lines; the argument across says which it is.
//
// Everything that reduces (softmax, norms, cross-entropy) is written with these few words: lines, sum,
// max, loop, once.

// group is the threads that share a line: lanes of them, each with every lanes-th element. A block holds cols groups.
//
// memory is shared memory for a tree, one piece a kind of number, reused by the reductions of a kernel
// one after another.
type group struct {
	b           *binder
	c           *code
	lanes, cols int
	lane, col   val
	tid, line   val
	inside      val // false in groups beyond the last line
	last        val // number of elements, 0 in groups beyond the last line
	memory      map[kind]val
}

// lines gives each of count lines of size elements a group. Neighbouring threads take neighbouring lines, if those are
// neighbours in memory (across), and neighbouring elements otherwise, so that they read whole lines of cache.
//
// f writes the code once; it runs in every thread. Barriers need all threads of a block, so f must not
// put a reduction under a condition.
func (b *binder) lines(count, size int, across bool, f func(c *code, g *group)) {
	if count == 0 {
		return
	}
	lanes, cols := laneCount(count, size, across)
	b.launch((count+cols-1)/cols, lanes*cols, func(c *code) {
		g := &group{b: b, c: c, lanes: lanes, cols: cols, tid: c.special("tid.x"), memory: map[kind]val{}}
		if across {
			g.lane, g.col = c.split2(g.tid, cols)
		} else {
			g.col, g.lane = c.split2(g.tid, lanes)
		}
		g.line = c.mad(c.special("ctaid.x"), cols, g.col)
		g.inside = c.cmp("lt", g.line, n(count))
		// Groups without a line still meet the others at barriers; they read the last line and write nothing.
		g.line = c.pick(g.inside, g.line, n(count-1))
		g.last = c.pick(g.inside, n(size), n(0))
		c.note("line %s, lane %s of %d", g.line.text, g.lane.text, lanes)
		f(c, g)
	})
}

// laneCount decides by sizes alone, so that sums have the same order in every run.
//
// At least four elements a lane, else the tree costs more than the additions it saves; at most 256
// threads a line, or 1,024 where there are few lines.
func laneCount(count, size int, across bool) (lanes, cols int) {
	lanes, cols = 1, 1
	if across {
		cols = 32
	}
	// Few lines leave most of the device idle, so each gets more threads.
	most := 256
	if count < 4096 {
		most = 1024
	}
	for lanes*4 < size && lanes*cols*2 <= most {
		lanes *= 2
	}
	for lanes*cols < 64 {
		cols *= 2
	}
	return lanes, cols
}

// loop runs body for the elements of the thread.
func (g *group) loop(body func(r val)) { g.c.loop(g.lane, g.last, n(g.lanes), body) }

// reduce combines what the threads of each group hold, by a tree; all of them get the result.
//
// Barriers: one before the tree reads what others have written, one after each level, and one before
// the memory is used again.
func (g *group) reduce(x val, combine func(a, b val) val) val {
	c := g.c
	if g.lanes == 1 {
		return x
	}
	memory, ok := g.memory[x.kind]
	if !ok {
		memory = c.share(x.kind, g.lanes*g.cols)
		g.memory[x.kind] = memory
	}
	c.note("a tree over %d lanes", g.lanes)
	// Lane l of group g is at place l·cols + g, whatever thread it is.
	at := c.at(memory, c.mad(g.lane, g.cols, g.col), x.kind)
	own := c.variable(x)
	c.put(at, n(0), own)
	c.sync()
	for half := g.lanes / 2; half > 0; half /= 2 {
		c.when(c.cmp("lt", g.lane, n(half)), func() {
			c.set(own, combine(own, c.get(x.kind, at, n(0), half*g.cols)))
			c.put(at, n(0), own)
		})
		c.sync()
	}
	y := c.get(x.kind, memory, g.col, 0)
	c.sync() // before the next reduction writes there
	return y
}

// sum is Σ f(r) over the elements of the line.
func (g *group) sum(f func(r val) val) val {
	g.c.note("the sum of a lane")
	acc := g.c.variable(g.b.num(0))
	g.loop(func(r val) { g.c.set(acc, g.c.add(acc, f(r))) })
	return g.reduce(acc, g.c.add)
}

// max is the largest f(r); NaN wins.
func (g *group) max(f func(r val) val) val {
	g.c.note("the largest of a lane")
	acc := g.c.variable(g.b.num(math.Inf(-1)))
	g.loop(func(r val) { g.c.set(acc, g.c.max(acc, f(r))) })
	return g.reduce(acc, g.c.max)
}

// max is the larger of two numbers; NaN wins.
//
// The instruction max.f32 returns the operand that is a number beside a NaN, hence a comparison and two
// selections.
func (c *code) max(a, b val) val {
	y := c.pick(c.cmp("gt", a, b), a, b)
	return c.pick(c.nan(a), a, y)
}

// once runs body in one thread a group.
func (g *group) once(body func()) {
	g.c.when(g.c.and(g.inside, g.c.cmp("eq", g.lane, n(0))), body)
}

// sums builds what adds along axes.
func (b *binder) sums(op graph.Op) bool {
	switch op := op.(type) {
	case ops.SumTo:
		p := ops.NewProgram(1, nil, nil, 0)
		b.mapSum(p, b.in[0].Shape, op.To)
	case ops.MapSum:
		b.mapSum(op.Map.Prog, op.Map.Shape, op.To)
	case ops.Softmax:
		b.softmax(op.Axis, op.MaskZeros)
	case ops.LogSoftmax:
		b.logSoftmax(op.Axis)
	case ops.ColumnNorm:
		b.columnNorm(op.Eps)
	case ops.ColumnNormGrad:
		b.columnNormGrad()
	case ops.CrossEntropy:
		b.crossEntropy()
	default:
		return false
	}
	return true
}

// mapSum sums the result of a program over the axes along which to is repeated.
//
// MapSum is a program over elements and a sum over some axes without the mapped tensor between them:
// the program runs in the thread that adds. Kept axes are coordinates of the line, dropped ones of the
// element within it.
func (b *binder) mapSum(p ops.Program, shape, to graph.Shape) {
	var keep, drop []int // axes
	for ax, s := range ops.SourceStrides(to, shape) {
		if s != 0 || shape.Dim(ax) == 1 {
			keep = append(keep, ax)
		} else {
			drop = append(drop, ax)
		}
	}
	dims := func(axes []int) (d []int, size int) {
		size = 1
		for _, ax := range axes {
			d, size = append(d, shape.Dim(ax)), size*shape.Dim(ax)
		}
		return d, size
	}
	kept, count := dims(keep)
	dropped, size := dims(drop)
	inner := shape.Rank() > 0 && strideOf(keep, shape) == 1 // neighbouring sums lie side by side
	b.lines(count, size, inner, func(c *code, g *group) {
		at := make([]val, shape.Rank())
		for i, x := range c.coords(g.line, kept) {
			at[keep[i]] = x
		}
		y := g.sum(func(r val) val {
			for i, x := range c.coords(r, dropped) {
				at[drop[i]] = x
			}
			return b.program(c, p, shape, c.index(at, strides(shape)), at)[0]
		})
		g.once(func() { c.store(c.out(0), g.line, y) })
	})
}

// strideOf is the distance of neighbours along the innermost of some axes that is longer than 1; 0 without one.
func strideOf(axes []int, s graph.Shape) int {
	for i := len(axes) - 1; i >= 0; i-- {
		if s.Dim(axes[i]) > 1 {
			return s.Sub(axes[i]+1, s.Rank()).Size()
		}
	}
	return 0
}

// along gives every line of operand 0 along an axis a group; at is the index of element r.
func (b *binder) along(ax int, f func(c *code, g *group, at func(r val) val)) {
	outer, size, inner := axis(b.in[0].Shape, ax)
	if size == 0 {
		return
	}
	b.lines(outer*inner, size, inner > 1, func(c *code, g *group) {
		o, i := c.split2(g.line, inner)
		base := c.mad(o, size*inner, i)
		f(c, g, func(r val) val { return c.mad(r, inner, base) })
	})
}

// maskedAs is what a masked entry counts as.
const maskedAs = -1e9

// expDiff is e^(x−top), in double precision inside.
//
// The transcendental functions here are written in float64 (see maths.go) and rounded once at the end:
// right to half a unit in float32, at a cost that memory hides.
func (c *code) expDiff(x, top val) val { return c.wide((*code).exp, c.sub(x, top)) }

// hide is x, or what a masked entry counts as where x is 0.
func (b *binder) hide(c *code, x val, mask bool) val {
	if !mask {
		return x
	}
	return c.pick(c.cmp("eq", x, b.num(0)), b.num(maskedAs), x)
}

// softLine writes the softmax of what read gives to where write puts it; it answers with the maximum and the sum.
//
// x is read three times, from cache in all but very long lines: maximum, sum, result. Subtracting the
// maximum keeps e^(x − max) ≤ 1. A masked entry counts as −10⁹, whose exponential beside any other
// entry is 0, and a line of nothing but masked entries gives zeros because each is set to 0 at the end.
func (b *binder) softLine(c *code, g *group, mask bool, read func(r val) val, write func(r, y val)) (top, sum val) {
	top = g.max(func(r val) val { return b.hide(c, read(r), mask) })
	sum = g.sum(func(r val) val { return c.expDiff(b.hide(c, read(r), mask), top) })
	c.note("exponentials by their sum")
	g.loop(func(r val) {
		x := read(r)
		y := c.div(c.expDiff(b.hide(c, x, mask), top), sum)
		if mask {
			y = c.pick(c.cmp("eq", x, b.num(0)), b.num(0), y)
		}
		write(r, y)
	})
	return top, sum
}

// softmax is e^(x − max)/Σ along an axis; with mask, entries that are 0 take no part.
func (b *binder) softmax(ax int, mask bool) {
	b.along(ax, func(c *code, g *group, at func(r val) val) {
		b.softLine(c, g, mask, func(r val) val { return b.float(c, 0, at(r)) }, func(r, y val) { c.store(c.out(0), at(r), y) })
	})
}

// logSoftmax is (x − max) − ln Σ e^(x − max) along an axis: never the logarithm of a quotient that may
// have become 0.
func (b *binder) logSoftmax(ax int) {
	b.along(ax, func(c *code, g *group, at func(r val) val) {
		top := g.max(func(r val) val { return b.float(c, 0, at(r)) })
		sum := g.sum(func(r val) val { return c.expDiff(b.float(c, 0, at(r)), top) })
		c.note("the logarithm of the sum")
		log := c.wide((*code).log, sum)
		g.loop(func(r val) { c.store(c.out(0), at(r), c.sub(c.sub(b.float(c, 0, at(r)), top), log)) })
	})
}

// columnNorm is (x − mean)/√(var + ε) a column, and the statistics.
//
// Two passes for the variance: Σ(x − mean)²/rows, biased. The root is in double precision.
func (b *binder) columnNorm(eps float64) {
	m := b.in[0].Shape.Dim(-1)
	rows := b.in[0].Shape.Size() / max(1, m)
	b.lines(m, rows, true, func(c *code, g *group) {
		x := func(r val) val { return b.float(c, 0, c.mad(r, m, g.line)) }
		mean := c.div(g.sum(x), b.num(float64(rows)))
		c.note("the variance")
		variance := c.div(g.sum(func(r val) val {
			t := c.sub(x(r), mean)
			return c.mul(t, t)
		}), b.num(float64(rows)))
		c.note("1/sqrt(variance + eps), and results")
		inv := c.to(b.kind, c.div(d(1), c.sqrt(c.add(c.to(f64, variance), d(eps)))))
		g.loop(func(r val) { c.store(c.out(0), c.mad(r, m, g.line), c.mul(c.sub(x(r), mean), inv)) })
		g.once(func() {
			for i, v := range []val{mean, variance, inv} {
				c.store(c.out(i+1), g.line, v)
			}
		})
	})
}

// columnNormGrad is r·(d − mean(d) − y·mean(d·y)) a column.
func (b *binder) columnNormGrad() {
	m := b.in[0].Shape.Dim(-1)
	rows := b.in[0].Shape.Size() / max(1, m)
	b.lines(m, rows, true, func(c *code, g *group) {
		at := func(r val) val { return c.mad(r, m, g.line) }
		mean := c.div(g.sum(func(r val) val { return b.float(c, 0, at(r)) }), b.num(float64(rows)))
		dot := func(r val) val { return c.mul(b.float(c, 0, at(r)), b.float(c, 1, at(r))) }
		along := c.div(g.sum(dot), b.num(float64(rows)))
		scale := b.float(c, 2, g.line)
		g.loop(func(r val) {
			t := c.sub(c.sub(b.float(c, 0, at(r)), mean), c.mul(b.float(c, 1, at(r)), along))
			c.store(c.out(0), at(r), c.mul(scale, t))
		})
	})
}

// crossEntropy writes probabilities and the loss of every row, and then sums the losses.
//
// loss_i = ln Σ e^(x − max) + max − x[label]; the mean over rows is a second launch, since blocks have
// no barrier between them.
func (b *binder) crossEntropy() {
	rows, w := b.in[0].Shape.Dim(0), b.in[0].Shape.Dim(1)
	losses := b.space(b.kind, rows)
	b.lines(rows, w, false, func(c *code, g *group) {
		at := func(r val) val { return c.mad(g.line, w, r) }
		top, sum := b.softLine(c, g, false, func(r val) val { return b.float(c, 0, at(r)) }, func(r, y val) { c.store(c.out(1), at(r), y) })
		g.once(func() {
			c.note("the loss of the line")
			label := c.checked(c.load(i32, c.in(1), g.line), w, "a label is outside the classes")
			loss := c.sub(c.add(c.wide((*code).log, sum), top), b.float(c, 0, at(label)))
			c.store(c.addr(losses), g.line, loss)
		})
	})
	b.lines(1, rows, false, func(c *code, g *group) {
		y := g.sum(func(r val) val { return c.load(b.kind, c.addr(losses), r) })
		g.once(func() { c.store(c.out(0), n(0), c.div(y, b.num(float64(max(1, rows))))) })
	})
}

// checked is a position below size; any other fails the run and counts as 0.
func (c *code) checked(i val, size int, message string) val {
	bad := c.or(c.cmp("lt", i, n(0)), c.cmp("ge", i, n(size)))
	c.fail(bad, message)
	return c.pick(bad, n(0), i)
}
