package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// MaskingReconciliation keeps each parameter with probability p and replaces the others by 0:
//
//	ψ(w) = w as (n×D) ⊙ M,  M ∈ {0, 1}, l = nD
//
// M is the frozen tensor mask_matrix of the scope, shared by the channels of a head and saved with the model; with Redraw
// it is a new one for every channel and training step, and in evaluation that of the last step. Kept entries are not
// rescaled by 1/p. Entries that are masked count in l and have gradient 0. Errors: p outside 0…1.
type MaskingReconciliation struct {
	P          Opt[float64] `yaml:"p"` // 0.5 unless set
	Redraw     bool         `yaml:"fixed_mask,not"`
	BiasOption `yaml:",inline"`
}

var _ = Register(Spec[MaskingReconciliation]{
	Name: "masking_reconciliation", Default: MaskingReconciliation{P: Some(0.5)},
	Equation: "ψ(w) = w ⊙ M,  M random 0 and 1", Params: "nD",
	Samples: []MaskingReconciliation{{}, {P: Some(0.25)}, {P: Some(0.75), Redraw: true}, {P: Some(0.0), Redraw: true}},
})

// NumParams is nD.
func (o MaskingReconciliation) NumParams(n, D int) (int, error) {
	if p := o.P.Or(0.5); !(p >= 0 && p <= 1) {
		return 0, errorf("MaskingReconciliation", "p = %v; want the probability to keep an entry, 0…1", p)
	}
	return n * D, nil
}

// Reconcile builds the masked matrix. A redrawn mask is a dropout without its rescaling.
func (o MaskingReconciliation) Reconcile(s *Scope, w *graph.Node, n, D int) *graph.Node {
	if _, err := o.NumParams(n, D); err != nil {
		return s.fail(err)
	}
	p := o.P.Or(0.5)
	w = ops.Reshape(w, n, D)
	switch {
	case !o.Redraw:
		return ops.Mul(w, s.Frozen("mask_matrix", graph.Bernoulli(p), n, D))
	case p == 0:
		return ops.Scale(w, 0)
	}
	drop := ops.Dropout{P: 1 - p, Seed: s.Seed, Stream: s.Stream()}
	return ops.Scale(s.G.Apply(drop, w, s.Step()), p)
}
