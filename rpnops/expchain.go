package rpnops

import "rpnc/graph"

// ExponentialChain relates every node of a chain with all that can reach it, the nearer the more:
//
//	A = exp(M) = Σ_{k≥0} Mᵏ/k!,  M = N(S), both directions N(S + Sᵀ),  S[i, i+1] = 1
//
// One direction gives A[i, j] = 1/(j−i)! for j ≥ i. There are no self links, whatever is set. No entry of M is
// negative, so that the series has no cancellation; it ends where a term no longer changes the sum, which leaves A a
// band of some twenty diagonals to a side in double precision and thirteen in single, however long the chain. Errors: those of [Chain].
type ExponentialChain struct {
	Chain `yaml:",inline"`
}

var _ = Register(Spec[ExponentialChain]{
	Name:     "exponential_approx_multihop_chain_interdependence",
	Default:  ExponentialChain{Chain{Mode: RowDegree, SelfScaling: Some(1.0)}},
	Equation: "A = exp(M) = Σ Mᵏ/k!", Params: "0", Rows: chainSample, Cols: chainSample,
	Samples: []ExponentialChain{
		{Chain{Length: chainSample}},
		{Chain{Length: chainSample, BiDirectional: true, Normalize: true}},
		{Chain{Length: chainSample, BiDirectional: true, Declared: Declared{Type: Attribute}}},
	},
})

// Matrix is the constant A on its band.
func (c ExponentialChain) Matrix(s *Scope, _, _ *graph.Node) *graph.Node {
	c.NoSelf = true
	m, err := c.base(0)
	if err != nil {
		return s.fail(err)
	}
	return c.post(s, m.exp(negligible(s.DType)).node(s))
}

// negligible is what a term may leave out, relative to a sum whose largest entry is 1 or more: a small part of what rounds
// away in the precision that A is kept in.
func negligible(d graph.DType) float64 {
	if d == graph.F32 {
		return 0x1p-32
	}
	return 0x1p-64
}

// exp is Σ_{k≥0} Mᵏ/k! for a square M without negative entries, by Horner's rule: I + M·(I + M/2·(I + M/3·(…))). No
// entry of term k exceeds rᵏ/k!, r the largest row sum, which says how many terms there are until one is at most least.
func (m *csr) exp(least float64) *csr {
	r, terms := 0.0, 0
	for _, v := range m.rowSums() {
		r = max(r, v)
	}
	for bound := 1.0; bound > least; bound *= r / float64(terms) {
		terms++
	}
	y := identity(m.rows, 1)
	for k := terms - 1; k > 0; k-- {
		y = m.scaled(1 / float64(k)).times(y)
		for i := range y.rows {
			y.add(i, i, 1)
		}
	}
	return y
}
