package rpnops

import "rpnc/graph"

// HM is the hypercomplex multiplication reconciliation:
//
//	vec ψ(w) = vec A ⊗ vec B,  A (p×q), B (s×t), ps = n, qt = D,  w = [A | B],  l = pq + st
//
// with the flat outer product: entry i·st+j of ψ(w), read row by row, is Aᵢ·Bⱼ. Errors: p does not divide n, q does not
// divide D.
//
// Zhang et al., Beyond Fully-Connected Layers with Quaternions: Parameterization of Hypercomplex Multiplications with 1/n
// Parameters (2021), sum such products of Kronecker type; the reference system has one product, of the flat type.
type HM struct {
	Blocks     `yaml:",inline"`
	BiasOption `yaml:",inline"`
}

var _ = Register(Spec[HM]{
	Name: "hm_reconciliation", Equation: "vec ψ(w) = vec A ⊗ vec B,  A (p×q), B (n/p×D/q)", Params: "pq + nD/(pq)",
	Samples: []HM{{}, {Blocks: Blocks{P: 2, Q: 3}}, {Blocks: Blocks{P: 4, Q: 1}}},
})

// NumParams is pq + st.
func (o HM) NumParams(n, D int) (int, error) {
	f, err := o.factors("HM", n, D)
	return f.p*f.q + f.s*f.t, err
}

// Reconcile builds the outer product of the two parts of w.
func (o HM) Reconcile(s *Scope, w *graph.Node, n, D int) *graph.Node {
	f, err := o.factors("HM", n, D)
	if err != nil {
		return s.fail(err)
	}
	c := cutter{w: w}
	a := c.next(f.p, f.q)
	return outer(a, c.next(f.s, f.t), n, D)
}

func (o HM) withExplicitBlocks(name string) (_ Reconciliation, err error) {
	o.Blocks, err = o.explicit(name)
	return o, err
}
