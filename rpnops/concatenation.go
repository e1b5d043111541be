package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// ConcatenationFusion joins its inputs along the last axis: y = [x₁, …, x_k], n the sum of the widths. Errors: inputs that
// differ in another axis.
type ConcatenationFusion struct {
	FusionOptions `yaml:",inline"`
}

// ParameterizedConcatenationFusion maps the joined inputs to n columns:
//
//	y = [x₁, …, x_k]·ψ(w)ᵀ,  ψ(w) (n×N), N the sum of the widths
//
// Without n all inputs must have one width, and that is n. ψ is chosen as in [Parameterized]. Errors: unequal widths
// without n, those of ψ.
//
// A product with a join is a sum of products with the parts of ψ(w), so the join need not exist; that is the compiler's
// business. Random matrices of ψ are tensors of the scope parameter_fabrication.
type ParameterizedConcatenationFusion struct {
	N             int            `yaml:"n" rpn:"min=1"`
	Reconcile     Reconciliation `yaml:"parameter_fabrication,inline"`
	FusionOptions `yaml:",inline"`
}

var (
	_ = Register(Spec[ConcatenationFusion]{
		Name: "concatenation_fusion", Equation: "y = [x₁, …, x_k]", Params: "0",
		Samples: []ConcatenationFusion{{}, {FusionOptions{Hooks: Hooks{Pre: []Process{Tanh{}}}}}},
	})
	_ = registerConcatenation("parameterized_concatenation_fusion", "ψ(w) = W", "nN",
		nil, nil, nil)
	_ = registerConcatenation("lowrank_parameterized_concatenation_fusion", "ψ(w) = A·B", "r(n+N)",
		LoRR{R: 2}, LoRR{R: 1}, LoRR{R: 3})
	_ = registerConcatenation("hm_parameterized_concatenation_fusion", "vec ψ(w) = vec A ⊗ vec B", "pq + nN/(pq)",
		HM{}, HM{Blocks: Blocks{P: 2}}, HM{Blocks: Blocks{P: 1, Q: 2}})
	_ = registerConcatenation("lphm_parameterized_concatenation_fusion", "vec ψ(w) = vec A ⊗ vec(S·T)", "pq + r(n/p + N/q)",
		LPHM{R: 2}, LPHM{Blocks: Blocks{P: 2}}, LPHM{Blocks: Blocks{P: 2, Q: 1}, R: 1})
	_ = registerConcatenation("dual_lphm_parameterized_concatenation_fusion", "vec ψ(w) = vec(P·Q) ⊗ vec(S·T)", "r(p + q + n/p + N/q)",
		DualLPHM{R: 2}, DualLPHM{Blocks: Blocks{P: 2}}, DualLPHM{Blocks: Blocks{P: 2, Q: 1}, R: 1})
	_ = registerConcatenation("random_matrix_adaption_parameterized_concatenation_fusion", "ψ(w) = diag(λ₁)·A·diag(λ₂)·Bᵀ", "n + r",
		RandomMatrixAdaption{R: 2}, RandomMatrixAdaption{R: 1}, RandomMatrixAdaption{R: 3})
)

// registerConcatenation registers the fusion by one ψ, with two samples.
func registerConcatenation(name, psi, params string, def, a, b Reconciliation) struct{} {
	return Register(Spec[ParameterizedConcatenationFusion]{
		Name: name, Default: ParameterizedConcatenationFusion{Reconcile: def},
		Equation: "y = [x₁, …, x_k]·ψ(w)ᵀ,  " + psi + " (n×N)", Params: params,
		Samples: []ParameterizedConcatenationFusion{{Reconcile: a}, {N: 2, Reconcile: b}},
	})
}

// OutDim is the sum of the widths.
func (o ConcatenationFusion) OutDim(dims []int) (int, error) {
	dims, err := o.widths("ConcatenationFusion", dims)
	return sum(dims), err
}

func sum(dims []int) (n int) {
	for _, d := range dims {
		n += d
	}
	return n
}

// NumParams is 0.
func (o ConcatenationFusion) NumParams([]int) (int, error) { return 0, nil }

// Fuse joins.
func (o ConcatenationFusion) Fuse(s *Scope, xs []*graph.Node, _ *graph.Node) *graph.Node {
	xs, err := o.inputs(s, "ConcatenationFusion", xs, false)
	if err != nil {
		return s.fail(err)
	}
	return o.post(s, ops.Join(-1, xs...))
}

// OutDim is n.
func (o ParameterizedConcatenationFusion) OutDim(dims []int) (int, error) {
	if o.N > 0 {
		if _, err := o.widths("ParameterizedConcatenationFusion", dims); err != nil {
			return 0, err
		}
		return o.N, atMost("ParameterizedConcatenationFusion", "n", o.N, mostWide)
	}
	return o.sameWidth("ParameterizedConcatenationFusion", dims)
}

// NumParams is that of ψ for (n×N).
func (o ParameterizedConcatenationFusion) NumParams(dims []int) (int, error) {
	n, err := o.OutDim(dims)
	if err != nil {
		return 0, err
	}
	dims, _ = o.widths("", dims)
	psi, err := fabricator("ParameterizedConcatenationFusion", o.Reconcile)
	if err != nil {
		return 0, err
	}
	return psi.NumParams(n, sum(dims))
}

// Fuse joins and multiplies.
func (o ParameterizedConcatenationFusion) Fuse(s *Scope, xs []*graph.Node, w *graph.Node) *graph.Node {
	n, err := o.OutDim(lastDims(xs))
	if err == nil {
		xs, err = o.inputs(s, "ParameterizedConcatenationFusion", xs, false)
	}
	if err != nil {
		return s.fail(err)
	}
	psi, err := fabricator("ParameterizedConcatenationFusion", o.Reconcile)
	if err != nil {
		return s.fail(err)
	}
	x := ops.Join(-1, xs...)
	return o.post(s, ops.MatMulT(x, Fabricate(s.Sub("parameter_fabrication"), psi, w, n, x.Shape().Dim(-1))))
}
