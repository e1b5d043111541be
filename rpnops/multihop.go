package rpnops

import (
	"math"

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

// powerSum is Σ_{k=1…h} Mᵏ up to a positive factor, by Horner's rule: T ← M·(I + T).
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

// densePowerSum is powerSum for h so large that the result is full: rows in row-major order. m has a band of width 3.
func (m *csr) densePowerSum(h int) []float64 {
	n := m.rows
	t, next := make([]float64, n*n), make([]float64, n*n)
	m.each(func(i, j int, v float64) { t[i*n+j] = v })
	for k, one := 1, 1.0; k < h; k++ {
		peak := 0.0
		for i := range n {
			peak = max(peak, m.hornerRow(next[i*n:(i+1)*n], t, i, k, one))
		}
		t, next = next, t
		if peak > powerCeiling {
			one *= powerScale
			for e := range t {
				t[e] *= powerScale
			}
		}
	}
	return t
}

// hornerRow is row i of M·(one·I + T) and its largest entry, T the sum of k powers: entries more than k+1 columns
// from the diagonal are zero.
func (m *csr) hornerRow(dst, t []float64, i, k int, one float64) float64 {
	n := m.cols
	lo, hi := max(0, i-k-1), min(n, i+k+2)
	dst = dst[lo:hi]
	clear(dst)
	for e, r := range m.col[i] {
		v, row := m.val[i][e], t[int(r)*n+lo:int(r)*n+hi]
		for j := range dst {
			dst[j] += v * row[j]
		}
		dst[int(r)-lo] += v * one
	}
	peak := 0.0
	for _, v := range dst {
		peak = math.Max(peak, v)
	}
	return peak
}
