package cuda

import (
	"rpnc/graph"
	"rpnc/ops"
)

// trilinears builds contractions with Kronecker products of rows, which are written out to scratch for one product: memory is
// what a card has, and the product is most of the time.
//
// For y[r, o] = Σ_{i,j} W[o, i·q + j]·u[r, i]·x[r, j] the three gradients are contractions of the same
// kind with another factor left out; each becomes one product of 2·rows·n·p·q operations.
func (b *binder) trilinears(op graph.Op) bool {
	switch op := op.(type) {
	case ops.Trilinear:
		b.trilinear(op.Out)
	case ops.TrilinearSum:
		rows, n := b.in[0].Shape.Dim(0), b.in[0].Shape.Dim(1)
		wide, block := b.kronecker(1, 2)
		b.gemm(product{m: n, k: rows, n: wide, ta: true, batch: 1, sum: 1, a: arg{operand, 0}, b: block, c: arg{result, 0}, kind: b.kind})
	default:
		return false
	}
	return true
}

// kronecker writes the row-wise Kronecker product of two operands to scratch.
//
// (u⊗x)[r, i·q + j] = u[r, i]·x[r, j], (rows×p·q).
func (b *binder) kronecker(left, right int) (wide int, block arg) {
	rows, p, q := b.in[left].Shape.Dim(0), b.in[left].Shape.Dim(1), b.in[right].Shape.Dim(1)
	block = b.space(b.kind, rows*p*q)
	b.each(rows*p*q, func(c *code, i val) {
		rest, k := c.split2(i, max(1, q))
		row, _ := c.split2(rest, max(1, p))
		c.store(c.addr(block), i, c.mul(b.float(c, left, rest), b.float(c, right, c.mad(row, q, k))))
	})
	return p * q, block
}

// trilinear leaves axis out of W (n×p·q).
func (b *binder) trilinear(out int) {
	rows, count := b.in[0].Shape.Dim(0), b.in[2].Shape.Dim(0)
	one := product{batch: 1, sum: 1, b: arg{operand, 2}, c: arg{result, 0}, kind: b.kind}
	switch one.m = rows; out {
	case 0: // (u⊗x)·Wᵀ
		one.k, one.a = b.kronecker(0, 1)
		one.n, one.tb = count, true
		b.gemm(one)
	case 2: // (g⊗u)·W, W read as (n·p×q)
		one.k, one.a = b.kronecker(0, 1)
		one.n = b.out[0].Shape.Dim(1)
		b.gemm(one)
	default:
		b.middle(one, count, b.out[0].Shape.Dim(1))
	}
}

// middle multiplies x with W read as (count·p×q), and then every row by its g.
//
// Here the Kronecker product would pair g with x, which W does not have side by side; z = x·Wᵀ with W
// read as (count·p × q) is rows·count·p numbers, contracted with g afterwards in the order of count.
func (b *binder) middle(one product, count, p int) {
	one.a, one.k, one.n, one.tb = arg{operand, 1}, b.in[1].Shape.Dim(1), count*p, true
	z := b.space(b.kind, one.m*count*p)
	one.c = z
	b.gemm(one)
	b.each(one.m*p, func(c *code, i val) {
		row, j := c.split2(i, p)
		sum := c.variable(b.num(0))
		c.loop(n(0), n(count), n(1), func(k val) {
			c.set(sum, c.fma(b.float(c, 0, c.mad(row, count, k)), c.load(b.kind, c.addr(z), c.mad(c.mad(row, count, k), p, j)), sum))
		})
		c.store(c.out(0), i, sum)
	})
}
