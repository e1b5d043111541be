package rpnops

import "rpnc/graph"

// LPHM is the low-rank parameterized hypercomplex multiplication reconciliation:
//
//	vec ψ(w) = vec A ⊗ vec(S·T),  A (p×q), S (s×r), T (r×t), ps = n, qt = D,  w = [A | S | T],  l = pq + r(s+t)
//
// with the flat outer product of [HM]. Errors: p does not divide n, q does not divide D, r < 1.
//
// The low-rank second factor is that of Karimi Mahabadi et al., Compacter: Efficient Low-Rank Hypercomplex Adapter Layers
// (2021).
type LPHM struct {
	Blocks     `yaml:",inline"`
	R          int `yaml:"r" rpn:"min=1"` // rank; 0 means 2
	BiasOption `yaml:",inline"`
}

var _ = Register(Spec[LPHM]{
	Name: "lphm_reconciliation", Default: LPHM{R: 2},
	Equation: "vec ψ(w) = vec A ⊗ vec(S·T),  A (p×q), S (n/p×r), T (r×D/q)", Params: "pq + r(n/p + D/q)",
	Samples: []LPHM{{}, {Blocks: Blocks{P: 2, Q: 3}, R: 1}, {Blocks: Blocks{P: 4, Q: 1}, R: 3}},
})

func (o LPHM) sizes(n, D int) (f factors, r int, err error) {
	if r, err = rankOf("LPHM", o.R); err == nil {
		f, err = o.factors("LPHM", n, D)
	}
	return f, r, err
}

// NumParams is pq + r(s+t).
func (o LPHM) NumParams(n, D int) (int, error) {
	f, r, err := o.sizes(n, D)
	return f.p*f.q + r*(f.s+f.t), err
}

// Reconcile builds the outer product of A and S·T.
func (o LPHM) Reconcile(s *Scope, w *graph.Node, n, D int) *graph.Node {
	f, r, err := o.sizes(n, D)
	if err != nil {
		return s.fail(err)
	}
	c := cutter{w: w}
	a := c.next(f.p, f.q)
	return outer(a, c.product(f.s, r, f.t), n, D)
}

func (o LPHM) withExplicitBlocks(name string) (_ Reconciliation, err error) {
	o.Blocks, err = o.explicit(name)
	return o, err
}
