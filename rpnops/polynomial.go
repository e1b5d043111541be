package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// Degree is the setting that all expansions in polynomial sequences share:
//
//	κ(x)[j·d + n−1] = pₙ(x_j), n = 1…d,  x (b×m) → (b×md)
//
// The constant p₀ is left out.
type Degree struct {
	D     int `yaml:"d" rpn:"min=1"` // the largest degree; 0 means 2
	Hooks `yaml:",inline"`
}

// line is a·x + c.
type line struct{ a, c float64 }

// sequence is a polynomial sequence given by its first two members and a recurrence of three terms, with coefficients
// for n ≥ 2:
//
//	pₙ = (a·x + c)·pₙ₋₁ + (q·x² + r)·pₙ₋₂
type sequence struct {
	p0   float64
	p1   line
	next func(n float64) terms
}

// terms are the coefficients of one step.
type terms struct {
	line         // of pₙ₋₁
	q, r float64 // of pₙ₋₂
}

// degree is d with its default.
func (o Degree) degree() (int, error) {
	switch {
	case o.D == 0:
		return 2, nil
	case o.D < 0:
		return 0, errorf("Degree", "d = %d; want 1 or more", o.D)
	}
	return o.D, atMost("Degree", "d", o.D, mostTerms)
}

// OutDim is md.
func (o Degree) OutDim(m int) (int, error) {
	d, err := o.degree()
	return m * d, err
}

// expand builds p₁ to p_d one from another, each for all entries of x at once, and puts those of one entry side by
// side. The recurrence is how the values are computed best: it is stable for orthogonal polynomials on their interval,
// where sums of powers cancel.
func (o Degree) expand(s *Scope, x *graph.Node, q sequence) *graph.Node {
	d, err := o.degree()
	if err != nil {
		return s.fail(err)
	}
	x = o.pre(s, x)
	if x.Poisoned() {
		return x
	}
	b, m := x.Shape().Dim(0), x.Shape().Dim(1)
	before, p := constant(x, q.p0), q.p1.of(x)
	columns := []*graph.Node{ops.Reshape(p, b, m, 1)}
	for n := 2; n <= d; n++ {
		before, p = p, q.next(float64(n)).step(x, p, before)
		columns = append(columns, ops.Reshape(p, b, m, 1))
	}
	return o.post(s, ops.Reshape(ops.Join(-1, columns...), b, m*d))
}

// constant is c in the shape of x.
func constant(x *graph.Node, c float64) *graph.Node { return x.Graph().Const(x.Type(), c) }

// of builds a·x + c. The compiler drops factors 1 and summands 0.
func (l line) of(x *graph.Node) *graph.Node {
	if l.a == 0 {
		return constant(x, l.c)
	}
	return ops.Shift(ops.Scale(x, l.a), l.c)
}

// step builds pₙ of pₙ₋₁ and pₙ₋₂.
func (t terms) step(x, p, before *graph.Node) *graph.Node {
	square := line{t.q, t.r}.of(ops.Square(x))
	return ops.Add(ops.Mul(t.of(x), p), ops.Mul(square, before))
}
