package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// InverseChain relates every node of a chain with all that can reach it, the limit of many hops:
//
//	A = (I − M)⁻¹,  M = N(S),  S[i, i+1] = 1,  that is A[i, j] = 1 for j ≥ i
//
// and in a chain of both directions, where I − M may be singular, A = Σ_{k=1…L−1} Mᵏ, M = N(S + Sᵀ), with columns
// divided by their sums. On the instance side y is a running sum of x: [ops.UpperOnes] says so. There are no self
// links, whatever is set. Errors: those of [Chain].
type InverseChain struct {
	Chain `yaml:",inline"`
}

var _ = Register(Spec[InverseChain]{
	Name:     "inverse_approx_multihop_chain_interdependence",
	Default:  InverseChain{Chain{Mode: RowDegree, SelfScaling: Some(1.0)}},
	Equation: "A = (I − M)⁻¹, both directions Σ Mᵏ, k = 1…L−1", Params: "0", Rows: chainSample, Cols: chainSample,
	Samples: []InverseChain{
		{Chain{Length: chainSample}},
		{Chain{Length: chainSample, BiDirectional: true, Normalize: true, Mode: RowColumnDegree}},
		{Chain{Length: chainSample, BiDirectional: true, Declared: Declared{Type: Attribute}}},
	},
})

// Matrix is the triangle of ones, or the normalised sum of powers, which has no zeros.
func (c InverseChain) Matrix(s *Scope, _, _ *graph.Node) *graph.Node {
	c.NoSelf = true
	m, err := c.base(0)
	if err != nil {
		return s.fail(err)
	}
	t, _ := c.topology()
	if !t.BiDirectional {
		// Every degree of S is 1 or 0, so that no normalisation changes it.
		return c.post(s, s.G.Apply(ops.UpperOnes{DType: s.DType, N: t.Length}))
	}
	sum := m.densePowerSum(t.Length - 1)
	columnsToOne(sum, t.Length)
	return c.post(s, s.Const(s.Type(t.Length, t.Length), sum...))
}

// columnsToOne divides the columns of a dense n×n matrix by their sums; sums of 0 count as 1.
func columnsToOne(a []float64, n int) {
	sums := make([]float64, n)
	for e, v := range a {
		sums[e%n] += v
	}
	d := degrees(sums, 1)
	for e := range a {
		a[e] /= d[e%n]
	}
}
