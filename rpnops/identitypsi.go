package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// IdentityReconciliation uses the parameters as they are:
//
//	ψ(w) = w read row by row as (n×D),  l = nD
//
// With it a head is an ordinary linear layer on the expanded data.
type IdentityReconciliation struct {
	BiasOption `yaml:",inline"`
}

var _ = Register(Spec[IdentityReconciliation]{
	Name: "identity_reconciliation", Equation: "ψ(w) = w as (n×D)", Params: "nD",
})

// NumParams is nD.
func (IdentityReconciliation) NumParams(n, D int) (int, error) { return n * D, nil }

// Reconcile reshapes w.
func (IdentityReconciliation) Reconcile(_ *Scope, w *graph.Node, n, D int) *graph.Node {
	return ops.Reshape(w, n, D)
}
