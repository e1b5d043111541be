package rpnops

import "rpnc/graph"

// DualLPHM is the dual low-rank parameterized hypercomplex multiplication reconciliation:
//
//	vec ψ(w) = vec(P·Q) ⊗ vec(S·T),  P (p×r), Q (r×q), S (s×r), T (r×t), ps = n, qt = D,
//	w = [P | Q | S | T],  l = r(p+q+s+t)
//
// with the flat outer product of [HM]: of all reconciliations that depend on the size of ψ it needs the fewest parameters,
// and with p near √n and q near √D they grow as r(√n + √D). Errors: p does not divide n, q does not divide D, r < 1.
type DualLPHM struct {
	Blocks     `yaml:",inline"`
	R          int `yaml:"r" rpn:"min=1"` // rank; 0 means 2
	BiasOption `yaml:",inline"`
}

var _ = Register(Spec[DualLPHM]{
	Name: "dual_lphm_reconciliation", Default: DualLPHM{R: 2},
	Equation: "vec ψ(w) = vec(P·Q) ⊗ vec(S·T),  P (p×r), Q (r×q), S (n/p×r), T (r×D/q)", Params: "r(p + q + n/p + D/q)",
	Samples: []DualLPHM{{}, {Blocks: Blocks{P: 2, Q: 3}, R: 1}, {Blocks: Blocks{P: 4, Q: 1}, R: 3}},
})

func (o DualLPHM) sizes(n, D int) (f factors, r int, err error) {
	if r, err = rankOf("DualLPHM", o.R); err == nil {
		f, err = o.factors("DualLPHM", n, D)
	}
	return f, r, err
}

// NumParams is r(p+q+s+t).
func (o DualLPHM) NumParams(n, D int) (int, error) {
	f, r, err := o.sizes(n, D)
	return r * (f.p + f.q + f.s + f.t), err
}

// Reconcile builds the outer product of P·Q and S·T.
func (o DualLPHM) Reconcile(s *Scope, w *graph.Node, n, D int) *graph.Node {
	f, r, err := o.sizes(n, D)
	if err != nil {
		return s.fail(err)
	}
	c := cutter{w: w}
	a := c.product(f.p, r, f.q)
	return outer(a, c.product(f.s, r, f.t), n, D)
}

func (o DualLPHM) withExplicitBlocks(name string) (_ Reconciliation, err error) {
	o.Blocks, err = o.explicit(name)
	return o, err
}
