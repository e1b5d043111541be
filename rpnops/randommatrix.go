package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// RandomMatrixAdaption is the random matrix adaption reconciliation:
//
//	ψ(w) = diag(λ₁)·A·diag(λ₂)·Bᵀ,  w = [λ₁ | λ₂],  l = n + r
//
// with A (n×r) and B (D×r) drawn once from N(0, 1) and frozen; they are the tensors A and B of the scope, so the channels
// of a head share them and a checkpoint holds them. Errors: r < 1.
//
// It is the adaption of Kopiczko et al., VeRA: Vector-based Random Matrix Adaptation (2024).
type RandomMatrixAdaption struct {
	R          int `yaml:"r" rpn:"min=1"` // rank; 0 means 2
	BiasOption `yaml:",inline"`
}

var _ = Register(Spec[RandomMatrixAdaption]{
	Name: "random_matrix_adaption_reconciliation", Default: RandomMatrixAdaption{R: 2},
	Equation: "ψ(w) = diag(λ₁)·A·diag(λ₂)·Bᵀ,  A (n×r), B (D×r) random", Params: "n + r",
	Samples: []RandomMatrixAdaption{{R: 1}, {R: 3}},
})

// NumParams is n + r.
func (o RandomMatrixAdaption) NumParams(n, D int) (int, error) {
	r, err := rankOf("RandomMatrixAdaption", o.R)
	return n + r, err
}

// Reconcile scales rows and columns of A and multiplies with Bᵀ.
func (o RandomMatrixAdaption) Reconcile(s *Scope, w *graph.Node, n, D int) *graph.Node {
	r, err := rankOf("RandomMatrixAdaption", o.R)
	if err != nil {
		return s.fail(err)
	}
	a := s.Frozen("A", graph.Normal(0, 1), n, r)
	b := s.Frozen("B", graph.Normal(0, 1), D, r)
	c := cutter{w: w}
	// Scaling A by rows and columns leaves one product of (n×r) and (r×D), a form that need not be multiplied out.
	a = ops.Mul(a, c.next(n, 1))
	return ops.MatMulT(ops.Mul(a, c.next(1, r)), b)
}
