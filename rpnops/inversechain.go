package rpnops

import (
	"slices"

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

// densePowerSum is powerSum for h so large that the result is full, row-major: 2n² products a power. The only entries
// of m are next to the diagonal, there being no self links; none is negative.
func (m *csr) densePowerSum(h int) []float64 {
	n := m.rows
	t, next := make([]float64, n*n), make([]float64, n*n)
	m.each(func(i, j int, v float64) { t[i*n+j] = v })
	for k, one := 1, 1.0; k < h; k++ {
		for i := range n {
			m.hornerRow(next[i*n:(i+1)*n], t, i, k, one)
		}
		t, next = next, t
		if k%64 == 0 && slices.Max(t) > powerCeiling { // 64 steps add 128 bits at most
			one *= powerScale
			for e := range t {
				t[e] *= powerScale
			}
		}
	}
	return t
}

// hornerRow is row i of M·(one·I + T), T the sum of k powers: columns more than k+1 from the diagonal stay zero.
func (m *csr) hornerRow(dst, t []float64, i, k int, one float64) {
	n := m.cols
	lo, hi := max(0, i-k-1), min(n, i+k+2)
	near := func(e int) (v float64, row []float64) {
		r := int(m.col[i][e])
		return m.val[i][e], t[r*n+lo : r*n+hi]
	}
	// A row has one neighbour or two; a single one is read twice, the second time with weight 0.
	dst = dst[lo:hi]
	a, up := near(0)
	b, down := near(len(m.col[i]) - 1)
	if len(m.col[i]) == 1 {
		b = 0
	}
	up, down = up[:len(dst)], down[:len(dst)]
	for j := range dst {
		dst[j] = a*up[j] + b*down[j]
	}
	for e, r := range m.col[i] {
		dst[int(r)-lo] += m.val[i][e] * one
	}
}

// columnsToOne is column normalisation of a dense matrix: it divides the columns of a dense n×n matrix by their sums; sums of 0 count as 1.
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
