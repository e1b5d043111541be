package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// MultihopChain relates every node of a chain with those up to h links away:
//
//	A = Mʰ,  accumulative A = Σ_{k=1…h} Mᵏ,  M = N(S + I),  S[i, i+1] = 1
//
// The accumulative sum of a chain of both directions has its columns divided by their sums. σ has no effect: a self
// link always weighs 1. A power is the op [ops.MatPow] of the sparse M, so that products need no power at all.
// Accumulative h = 0 is h = 1. Errors: h < 0 and those of [Chain].
type MultihopChain struct {
	Chain        `yaml:",inline"`
	H            Opt[int] `yaml:"h"` // hops; 1 by default
	Accumulative bool     `yaml:"accumulative"`
}

var _ = Register(Spec[MultihopChain]{
	Name:     "multihop_chain_interdependence",
	Default:  MultihopChain{Chain: Chain{Mode: RowDegree, SelfScaling: Some(1.0)}, H: Some(1)},
	Equation: "A = Mʰ or Σ Mᵏ, k = 1…h,  M = N(S + I)", Params: "0", Rows: chainSample, Cols: chainSample,
	Samples: []MultihopChain{
		{Chain: Chain{Length: chainSample}, H: Some(2)},
		{Chain: Chain{Length: chainSample, Normalize: true}, H: Some(3), Accumulative: true},
		{Chain: Chain{Length: chainSample, BiDirectional: true}, H: Some(2), Accumulative: true},
		{Chain: Chain{Length: chainSample, Declared: Declared{Type: Attribute}}, H: Some(0)},
	},
})

// OutDims is the size of the data.
func (c MultihopChain) OutDims(b, m int) (int, int, error) {
	if h := c.H.Or(1); h < 0 {
		return 0, 0, errorf("MultihopChain", "h = %d; want 0 or more", h)
	} else if err := atMost("MultihopChain", "h", h, mostTerms); err != nil {
		return 0, 0, err
	}
	return c.Chain.OutDims(b, m)
}

// Matrix is the power of the sparse M, or the sparse constant where columns are normalised.
func (c MultihopChain) Matrix(s *Scope, _, _ *graph.Node) *graph.Node {
	base, err := c.base(1)
	if err != nil {
		return s.fail(err)
	}
	h := c.H.Or(1)
	if t, _ := c.topology(); !c.Accumulative || !t.BiDirectional {
		return c.post(s, s.G.Apply(ops.MatPow{H: h, Accumulative: c.Accumulative}, base.node(s)))
	}
	sum := base.powerSum(h)
	return c.post(s, sum.columnsOver(sum.columnSums(), 1).node(s))
}

// Long sums of powers are kept within 2⁵⁰⁰ by powers of two, which round nothing and cancel where columns are
// normalised.
const (
	powerCeiling = 0x1p500
	powerScale   = 0x1p-500
)

// powerSum is Σ_{k=1…h} Mᵏ (M for h = 0) up to a positive factor, by Horner's rule: T ← M·(I + T). The band grows by
// that of M in each of h − 1 steps.
func (m *csr) powerSum(h int) *csr {
	t, one := m, 1.0
	for range h - 1 {
		t = m.times(t).plus(m.scaled(one))
		if t.peak() > powerCeiling {
			t, one = t.scaled(powerScale), one*powerScale
		}
	}
	return t
}
