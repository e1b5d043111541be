package cuda

import (
	"rpnc/graph"
	"rpnc/ops"
)

// How a batch norm with a relu behind it runs. Statistics need all rows of a column, the sum of heads
// all heads of a row: that is two launches, one with a group of threads a column and one with a thread
// an element of z. Between them are three vectors and nothing else; the normalised values, which a norm
// by itself writes and its gradient reads, are computed again wherever they are needed, at two
// operations an element for the eight or sixteen bytes that they would be read with.

// normRelus builds norms with a relu.
func (b *binder) normRelus(op graph.Op) bool {
	switch op := op.(type) {
	case ops.NormRelu:
		b.normRelu(op)
	case ops.NormReluGrad:
		b.normReluGrad(op)
	case ops.AffineRelu:
		b.headSums(0, op.Heads, op.Scale, func(c *code, x, col val) val {
			return c.add(c.mul(x, b.float(c, 1, col)), b.float(c, 2, col))
		})
	default:
		return false
	}
	return true
}

// columnStats gives every column of x (operand i) a group; mean and variance are known to all of its threads.
func (b *binder) columnStats(i int, f func(c *code, g *group, mean, variance val)) {
	rows, m := b.in[i].Shape.Dim(0), b.in[i].Shape.Dim(1)
	b.lines(m, rows, true, func(c *code, g *group) {
		x := func(r val) val { return b.float(c, i, c.mad(r, m, g.line)) }
		mean := c.div(g.sum(x), b.num(float64(rows)))
		f(c, g, mean, c.div(g.sum(func(r val) val {
			t := c.sub(x(r), mean)
			return c.mul(t, t)
		}), b.num(float64(rows))))
	})
}

// normRelu writes the statistics and then z. The root is in double precision.
func (b *binder) normRelu(op ops.NormRelu) {
	b.columnStats(0, func(c *code, g *group, mean, variance val) {
		inv := c.to(b.kind, c.div(d(1), c.sqrt(c.add(c.to(f64, variance), d(op.Eps)))))
		g.once(func() {
			for i, v := range []val{mean, variance, inv} {
				c.store(c.out(i+1), g.line, v)
			}
		})
	})
	b.headSums(0, op.Heads, op.Scale, func(c *code, x, col val) val {
		y := c.mul(c.sub(x, c.load(b.kind, c.out(1), col)), c.load(b.kind, c.out(3), col))
		return c.add(c.mul(y, b.float(c, 1, col)), b.float(c, 2, col))
	})
}

// headSums is z (b×m) = scale·Σ_h max(f(x), 0) over the columns hm + j of x (b×H·m), operand i.
func (b *binder) headSums(i, heads int, scale float64, f func(c *code, x, col val) val) {
	m := b.in[i].Shape.Dim(1) / heads
	b.each(b.out[0].Shape.Size(), func(c *code, at val) {
		row, j := c.split2(at, m)
		term := func(h int) val {
			col := c.add(j, n(h*m))
			return c.unary(ops.KRelu, f(c, b.float(c, i, c.mad(row, heads*m, col)), col))
		}
		sum := term(0)
		for h := 1; h < heads; h++ {
			sum = c.add(sum, term(h))
		}
		c.store(c.out(0), at, c.mul(sum, b.num(scale)))
	})
}

// normReluGrad gives every column a group, which sums twice along it, writes dx and sums that.
//
// With t = d·Step(y·w + s)·Scale the sums Σt and Σt·y are the gradients of s and w and, times w, what
// the gradient of the norm needs: dx = r·(t·w − mean(t·w) − y·mean(t·w·y)). x and d are read before
// the same thread writes dx, which may be in their place.
func (b *binder) normReluGrad(op ops.NormReluGrad) {
	rows, wide := b.in[1].Shape.Dim(0), b.in[1].Shape.Dim(1)
	m := wide / op.Heads
	b.lines(wide, rows, true, func(c *code, g *group) {
		_, j := c.split2(g.line, m)
		w, s, mean, r := b.float(c, 2, g.line), b.float(c, 3, g.line), b.float(c, 4, g.line), b.float(c, 5, g.line)
		both := func(i val) (t, y val) {
			y = c.mul(c.sub(b.float(c, 1, c.mad(i, wide, g.line)), mean), r)
			d := b.float(c, 0, c.mad(i, m, j))
			return c.mul(c.mul(d, c.unary(ops.KStep, c.add(c.mul(y, w), s))), b.num(op.Scale)), y
		}
		ds, dw := c.variable(b.num(0)), c.variable(b.num(0))
		g.loop(func(i val) {
			t, y := both(i)
			c.set(ds, c.add(ds, t))
			c.set(dw, c.add(dw, c.mul(t, y)))
		})
		ds, dw = g.reduce(ds, c.add), g.reduce(dw, c.add)
		along, level := c.div(c.mul(dw, w), b.num(float64(rows))), c.div(c.mul(ds, w), b.num(float64(rows)))
		sum := c.variable(b.num(0))
		g.loop(func(i val) {
			t, y := both(i)
			dx := c.mul(r, c.sub(c.sub(c.mul(t, w), level), c.mul(y, along)))
			c.store(c.out(0), c.mad(i, wide, g.line), dx)
			c.set(sum, c.add(sum, dx))
		})
		total := g.reduce(sum, c.add)
		g.once(func() {
			for i, v := range []val{total, dw, ds} {
				c.store(c.out(i+1), g.line, v)
			}
		})
	})
}
