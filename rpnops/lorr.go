package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// LoRR is the low-rank reconciliation:
//
//	ψ(w) = A·B,  A (n×r), B (r×D),  w = [A | B],  l = r(n+D)
//
// The product is the factored form: the compiler multiplies the data with B and A in turn and never forms ψ(w) where
// that is cheaper. Errors: r < 1.
type LoRR struct {
	R          int `yaml:"r" rpn:"min=1"` // rank; 0 means 2
	BiasOption `yaml:",inline"`
}

var _ = Register(Spec[LoRR]{
	Name: "lorr_reconciliation", Default: LoRR{R: 2},
	Equation: "ψ(w) = A·B,  A (n×r), B (r×D)", Params: "r(n+D)",
	Samples: []LoRR{{R: 1}, {R: 2}, {R: 3}},
})

func (o LoRR) rank() int {
	if o.R == 0 {
		return 2
	}
	return o.R
}

// NumParams is r(n+D).
func (o LoRR) NumParams(n, D int) (int, error) {
	if o.rank() < 1 {
		return 0, errorf("LoRR", "rank r = %d; want 1 or more", o.R)
	}
	return o.rank() * (n + D), nil
}

// Reconcile builds A·B.
func (o LoRR) Reconcile(s *Scope, w *graph.Node, n, D int) *graph.Node {
	r := o.rank()
	a := part(w, 0, r*n, n, r)
	b := part(w, r*n, r*(n+D), r, D)
	return ops.MatMulN(a, b)
}
