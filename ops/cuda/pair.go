package cuda

import (
	"rpnc/graph"
	"rpnc/ops"
)

// Comparisons of all pairs of columns of X (k×m), one thread to a pair or an entry, O(k·m²) operations.
// A pair of columns is read by m threads of a block, from cache; nothing of the (k×m×m) differences is
// ever stored. Sums are in float64, as on the CPU: a distance is the small sum of many terms, and its
// root and quotient come later.

// pairs builds comparisons of columns.
func (b *binder) pairs(op graph.Op) bool {
	switch op := op.(type) {
	case ops.PairSum:
		b.pairSum(op.F)
	case ops.PairMix:
		b.pairMix(op.F)
	case ops.PairExtreme:
		b.pairExtreme(op.Min)
	case ops.PairTies:
		b.pairTies()
	case ops.PairTieSum:
		b.pairTieSum()
	default:
		return false
	}
	return true
}

// pairDivisor keeps the divisor of a term from being 0.
const pairDivisor = 1e-10

// term is f(u, v) of ops.PairTerm in double precision.
//
// φ is 1, |t|ᵖ or sgn t·|t|ᵖ for t = u − v, then divided N times by |u| + |v| + 10⁻¹⁰. At t = 0 it is 0
// whatever p is, so that derivatives with p − 1 < 0 are finite on the diagonal.
func (c *code) term(f ops.PairTerm, u, v val) val {
	t := c.sub(u, v)
	phi := d(1)
	if f.Kind != ops.PairOne {
		phi = c.pow(c.abs(t), f.P)
		if f.Kind == ops.PairSigned {
			phi = c.signed(c.variable(phi), t)
		}
		phi = c.pick(c.cmp("eq", t, d(0)), d(0), phi)
	}
	if f.N == 0 {
		return phi
	}
	size := c.add(c.add(c.abs(u), c.abs(v)), d(pairDivisor))
	for range f.N {
		phi = c.div(phi, size)
	}
	return phi
}

// entry reads element (k, i) of a matrix of w columns in double precision.
func (b *binder) entry(c *code, operand int, k val, w int, i val) val {
	return c.to(f64, b.float(c, operand, c.mad(k, w, i)))
}

// weight reads weight (k, i), which may be one for all columns.
func (b *binder) weight(c *code, operand int, k, i val) val {
	w := b.in[operand].Shape.Dim(1)
	if w == 1 {
		i = n(0)
	}
	return b.entry(c, operand, k, w, i)
}

// pairSum gives every pair of columns a thread.
func (b *binder) pairSum(f ops.PairTerm) {
	k, m := b.in[0].Shape.Dim(0), b.in[0].Shape.Dim(1)
	b.each(m*m, func(c *code, at val) {
		i, j := c.split2(at, m)
		sum := c.variable(d(0))
		c.loop(n(0), n(k), n(1), func(r val) {
			w := c.mul(b.weight(c, 1, r, i), b.weight(c, 2, r, j))
			c.set(sum, c.add(sum, c.mul(w, c.term(f, b.entry(c, 0, r, m, i), b.entry(c, 0, r, m, j)))))
		})
		c.store(c.out(0), at, c.to(b.kind, sum))
	})
}

// pairMix gives every entry of x a thread.
//
// y[r, i] = Σ_j W[i, j]·w[r, j]·f(x[r, i], x[r, j]): it is what the gradient of pairSum needs, a row at
// a time.
func (b *binder) pairMix(f ops.PairTerm) {
	m := b.in[0].Shape.Dim(1)
	b.each(b.out[0].Shape.Size(), func(c *code, at val) {
		r, i := c.split2(at, m)
		u, sum := c.to(f64, b.float(c, 0, at)), c.variable(d(0))
		c.loop(n(0), n(m), n(1), func(j val) {
			w := c.mul(b.entry(c, 1, i, m, j), b.weight(c, 2, r, j))
			c.set(sum, c.add(sum, c.mul(w, c.term(f, u, b.entry(c, 0, r, m, j)))))
		})
		c.store(c.out(0), at, c.to(b.kind, sum))
	})
}

// pairExtreme keeps the extreme difference and counts its ties.
//
// The number of ties is kept because the gradient is shared among them, as the reference system does.
func (b *binder) pairExtreme(min bool) {
	k, m := b.in[0].Shape.Dim(0), b.in[0].Shape.Dim(1)
	rel := "gt"
	if min {
		rel = "lt"
	}
	b.each(m*m, func(c *code, at val) {
		i, j := c.split2(at, m)
		apart := func(r val) val {
			return c.abs(c.sub(b.float(c, 0, c.mad(r, m, i)), b.float(c, 0, c.mad(r, m, j))))
		}
		best, ties := c.variable(apart(n(0))), c.variable(b.num(0))
		c.loop(n(0), n(k), n(1), func(r val) {
			t := apart(r)
			better := c.or(c.cmp(rel, t, best), c.nan(t))
			more := c.pick(c.cmp("eq", t, best), c.add(ties, b.num(1)), ties)
			c.set(ties, c.pick(better, b.num(1), more))
			c.set(best, c.pick(better, t, best))
		})
		c.store(c.out(0), at, best)
		c.store(c.out(1), at, ties)
	})
}

// tie is sgn(u − v) where |u − v| is the extreme, else 0.
func (b *binder) tie(c *code, u, v, extreme val) val {
	t := c.sub(u, v)
	return c.pick(c.cmp("eq", c.abs(t), extreme), c.sign(t), b.num(0))
}

// pairTies spreads s over the components that attain the extremes.
func (b *binder) pairTies() {
	m := b.in[0].Shape.Dim(1)
	b.each(b.out[0].Shape.Size(), func(c *code, at val) {
		r, i := c.split2(at, m)
		u, sum := b.float(c, 0, at), c.variable(b.num(0))
		c.loop(n(0), n(m), n(1), func(j val) {
			pair := c.mad(i, m, j)
			t := b.tie(c, u, b.float(c, 0, c.mad(r, m, j)), b.float(c, 1, pair))
			c.set(sum, c.add(sum, c.mul(b.float(c, 2, pair), t)))
		})
		c.store(c.out(0), at, sum)
	})
}

// pairTieSum sums g over the components that attain the extremes.
func (b *binder) pairTieSum() {
	k, m := b.in[0].Shape.Dim(0), b.in[0].Shape.Dim(1)
	b.each(m*m, func(c *code, at val) {
		i, j := c.split2(at, m)
		extreme, sum := b.float(c, 1, at), c.variable(b.num(0))
		c.loop(n(0), n(k), n(1), func(r val) {
			own := c.mad(r, m, i)
			t := b.tie(c, b.float(c, 0, own), b.float(c, 0, c.mad(r, m, j)), extreme)
			c.set(sum, c.add(sum, c.mul(b.float(c, 2, own), t)))
		})
		c.store(c.out(0), at, sum)
	})
}
