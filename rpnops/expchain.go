package rpnops

import "rpnc/graph"

// ExponentialChain relates every node of a chain with all that can reach it, the nearer the more:
//
//	A = exp(M) = Σ_{k≥0} Mᵏ/k!,  M = N(S), both directions N(S + Sᵀ),  S[i, i+1] = 1
//
// One direction gives A[i, j] = 1/(j−i)! for j ≥ i. There are no self links, whatever is set. No entry of M is
// negative, so that the series has no cancellation; it ends where a term no longer changes the sum, which leaves A a
// band of some twenty diagonals to a side however long the chain. Errors: those of [Chain].
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
	return c.post(s, m.exp().node(s))
}

// negligible is the largest entry of a term, relative to the largest of the sum, that changes nothing in double
// precision: 2⁻⁶⁴.
const negligible = 0x1p-64

// exp is Σ_{k≥0} Mᵏ/k! for a square M without negative entries.
func (m *csr) exp() *csr {
	term := identity(m.rows, 1)
	sum := term
	for k := 1; ; k++ {
		term = m.times(term).scaled(1 / float64(k))
		if term.peak() <= negligible*sum.peak() {
			return sum
		}
		sum = sum.plus(term)
	}
}
