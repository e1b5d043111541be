package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// The reconciliations without parameters: the head's output is then a fixed linear function of κ(x), and what it learns is
// in its interdependences, remainder and fusion. The head passes no w.
type (
	// ConstantReconciliation fills ψ (n×D) with c, 1 unless it is set.
	ConstantReconciliation struct {
		C          Opt[float64] `yaml:"c"`
		BiasOption `yaml:",inline"`
	}
	// ZeroReconciliation is ψ = 0.
	ZeroReconciliation struct {
		BiasOption `yaml:",inline"`
	}
	// OneReconciliation fills ψ with 1.
	OneReconciliation struct {
		BiasOption `yaml:",inline"`
	}
	// ConstantEyeReconciliation is 1 on the main diagonal and 0 elsewhere, on a sparse pattern.
	ConstantEyeReconciliation struct {
		BiasOption `yaml:",inline"`
	}
)

var (
	_ = Register(Spec[ConstantReconciliation]{
		Name: "constant_reconciliation", Default: ConstantReconciliation{C: Some(1.0)}, Equation: "ψ = c", Params: "0",
		Samples: []ConstantReconciliation{{}, {C: Some(-2.5)}},
	})
	_ = Register(Spec[ZeroReconciliation]{Name: "zero_reconciliation", Equation: "ψ = 0", Params: "0"})
	_ = Register(Spec[OneReconciliation]{Name: "one_reconciliation", Equation: "ψ = 1", Params: "0"})
	_ = Register(Spec[ConstantEyeReconciliation]{Name: "constant_eye_reconciliation", Equation: "ψᵢⱼ = 1 for i = j, else 0", Params: "0"})
)

// NumParams is 0.
func (o ConstantReconciliation) NumParams(n, D int) (int, error) { return 0, nil }

// Reconcile builds the constant.
func (o ConstantReconciliation) Reconcile(s *Scope, _ *graph.Node, n, D int) *graph.Node {
	return s.Const(s.Type(n, D), o.C.Or(1))
}

// NumParams is 0.
func (o ZeroReconciliation) NumParams(n, D int) (int, error) { return 0, nil }

// Reconcile builds zeros.
func (o ZeroReconciliation) Reconcile(s *Scope, _ *graph.Node, n, D int) *graph.Node {
	return s.Const(s.Type(n, D))
}

// NumParams is 0.
func (o OneReconciliation) NumParams(n, D int) (int, error) { return 0, nil }

// Reconcile builds ones.
func (o OneReconciliation) Reconcile(s *Scope, _ *graph.Node, n, D int) *graph.Node {
	return s.Const(s.Type(n, D), 1)
}

// NumParams is 0.
func (o ConstantEyeReconciliation) NumParams(n, D int) (int, error) {
	return 0, atMost("ConstantEyeReconciliation", "n", n, mostPlaces)
}

// Reconcile builds the diagonal.
func (o ConstantEyeReconciliation) Reconcile(s *Scope, _ *graph.Node, n, D int) *graph.Node {
	if _, err := o.NumParams(n, D); err != nil {
		return s.fail(err)
	}
	return ops.Eye(s.G, s.DType, n, D)
}
