package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// Kronecker is hypercomplex multiplication as it is usually written, with the Kronecker product of two matrices:
//
//	ψ(w) = A ⊗ B,  A (p×q), B (n/p × D/q),  w = [A | B],  l = pq + nD/(pq)
//
// so that ψ(w)[i·n/p + k, j·D/q + u] = A[i, j]·B[k, u]. [HM], the reference's function of that description, reads the
// flat outer product of A and B row by row instead. p and q are by default the largest divisors of n and D up to their
// roots. Errors: blocks that do not divide.
type Kronecker struct {
	Blocks     `yaml:",inline"`
	BiasOption `yaml:",inline"`
}

var _ = Register(Spec[Kronecker]{
	Name: "kronecker_reconciliation", Equation: "ψ(w) = A ⊗ B,  A (p×q), B (n/p × D/q)", Params: "pq + nD/(pq)",
	Samples: []Kronecker{{}, {Blocks: Blocks{P: 1, Q: 2}}},
})

// NumParams is pq + nD/(pq).
func (o Kronecker) NumParams(n, D int) (int, error) {
	f, err := o.factors("Kronecker", n, D)
	return f.p*f.q + f.s*f.t, err
}

// Reconcile multiplies every entry of A with all of B and puts the blocks side by side.
func (o Kronecker) Reconcile(s *Scope, w *graph.Node, n, D int) *graph.Node {
	f, err := o.factors("Kronecker", n, D)
	if err != nil {
		return s.fail(err)
	}
	a := part(w, 0, f.p*f.q, f.p, 1, f.q, 1)
	b := part(w, f.p*f.q, f.p*f.q+f.s*f.t, 1, f.s, 1, f.t)
	return ops.Reshape(ops.Mul(a, b), n, D)
}
