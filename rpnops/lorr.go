package rpnops

import "rpnc/graph"

// LoRR is the low-rank reconciliation:
//
//	ψ(w) = A·B,  A (n×r), B (r×D),  w = [A | B],  l = r(n+D)
//
// The product is the factored form: the compiler multiplies the data with B and A in turn and never forms ψ(w) where
// that is cheaper. Errors: r < 1.
//
// It is the adaption of Hu et al., LoRA: Low-Rank Adaptation of Large Language Models (2022), used for the whole matrix.
type LoRR struct {
	R          int `yaml:"r" rpn:"min=1"` // rank; 0 means 2
	BiasOption `yaml:",inline"`
}

var _ = Register(Spec[LoRR]{
	Name: "lorr_reconciliation", Default: LoRR{R: 2},
	Equation: "ψ(w) = A·B,  A (n×r), B (r×D)", Params: "r(n+D)",
	Samples: []LoRR{{R: 1}, {R: 2}, {R: 3}},
})

// NumParams is r(n+D).
func (o LoRR) NumParams(n, D int) (int, error) {
	r, err := rankOf("LoRR", o.R)
	return r * (n + D), err
}

// Reconcile builds A·B.
func (o LoRR) Reconcile(s *Scope, w *graph.Node, n, D int) *graph.Node {
	r, err := rankOf("LoRR", o.R)
	if err != nil {
		return s.fail(err)
	}
	c := cutter{w: w}
	return c.product(n, r, D)
}
