package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// Blocks are the sizes p and q of the first factor of hm, lphm and dual_lphm; p divides n, q divides D. 0 means
// CloseFactor(n) and CloseFactor(D), anew for every call.
type Blocks struct {
	P int `yaml:"p" rpn:"min=1"`
	Q int `yaml:"q" rpn:"min=1"`
}

// factors are the sizes of the factors A (p·q numbers) and B (s·t numbers) for a result of (n×D), with ps = n and
// qt = D.
type factors struct{ p, q, s, t int }

// factors settles the split n = p·s, D = q·t of a matrix (n×D) into p×q blocks of (s×t). A 0 becomes the largest
// divisor up to the root, which makes the two factors about equally large and so the sum of their sizes, the
// number of parameters, small. name is the function that an error speaks of.
func (o Blocks) factors(name string, n, D int) (factors, error) {
	f := factors{p: o.P, q: o.Q}
	if n > mostWide || D > mostWide { // before divisors are looked for
		return f, errorf(name, "a matrix of (%d×%d); want at most %d rows and columns", n, D, mostWide)
	}
	if f.p == 0 {
		f.p = max(1, CloseFactor(n))
	}
	if f.q == 0 {
		f.q = max(1, CloseFactor(D))
	}
	switch {
	case f.p < 0 || f.q < 0:
		return f, errorf(name, "blocks p = %d, q = %d; want 1 or more, or 0 for automatic ones", o.P, o.Q)
	case n%f.p != 0 || f.p > max(1, n):
		return f, errorf(name, "p = %d does not divide n = %d (ψ(w) is %d×%d); want a divisor such as %d", f.p, n, n, D, max(1, CloseFactor(n)))
	case D%f.q != 0 || f.q > max(1, D):
		return f, errorf(name, "q = %d does not divide D = %d (ψ(w) is %d×%d); want a divisor such as %d", f.q, D, n, D, max(1, CloseFactor(D)))
	}
	f.s, f.t = n/f.p, D/f.q
	return f, nil
}

// explicit is the rule of interdependences and fusions: p must be given and q is p unless it is given, too.
func (o Blocks) explicit(name string) (Blocks, error) {
	if o.P == 0 {
		return o, errorf(name, "p is not given; want a divisor of the matrix's rows")
	}
	if o.Q == 0 {
		o.Q = o.P
	}
	return o, nil
}

// blockwise is implemented by the reconciliations that have Blocks.
type blockwise interface {
	withExplicitBlocks(name string) (Reconciliation, error)
}

// fabricator is the reconciliation that interdependences and fusions use for r: the identity for none, and never
// automatic blocks, which would change l, and with it a checkpoint's tensors, without a change of the configuration.
func fabricator(name string, r Reconciliation) (Reconciliation, error) {
	switch r := r.(type) {
	case nil:
		return IdentityReconciliation{}, nil
	case blockwise:
		return r.withExplicitBlocks(name)
	}
	return r, nil
}

// outer is the flat outer product of a and b, both read row by row, as (n×D): entry i·|b|+j of the result is aᵢ·bⱼ.
// This is not the Kronecker product of the two matrices: rows of the result are runs of the flat sequence, whatever the
// shapes of a and b. The reshaped product of a column and a row is the form that the compiler contracts with the data block
// by block where that is cheaper than to build the matrix.
func outer(a, b *graph.Node, n, D int) *graph.Node {
	y := ops.Mul(ops.Reshape(a, a.Shape().Size(), 1), ops.Reshape(b, 1, b.Shape().Size()))
	return ops.Reshape(y, n, D)
}

// cutter reads the parts of w (1×l) one after the other, each row by row: the first factor of a product is stored first,
// and no factor is stored transposed.
type cutter struct {
	w  *graph.Node
	at int
}

func (c *cutter) next(rows, cols int) *graph.Node {
	lo := c.at
	c.at += rows * cols
	return part(c.w, lo, c.at, rows, cols)
}

// product reads two factors (rows×r) and (r×cols) and multiplies them.
func (c *cutter) product(rows, r, cols int) *graph.Node {
	a := c.next(rows, r)
	return ops.MatMulN(a, c.next(r, cols))
}

// rankOf is r with its default 2.
func rankOf(name string, r int) (int, error) {
	switch {
	case r == 0:
		return 2, nil
	case r < 0:
		return 0, errorf(name, "rank r = %d; want 1 or more", r)
	}
	return r, atMost(name, "rank r", r, mostPoints)
}
