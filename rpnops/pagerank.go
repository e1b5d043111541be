package rpnops

import (
	"math"

	"rpnc/graph"
	"rpnc/ops"
)

// PageRank relates every node of a graph with all that a walk reaches which goes along links and ends with probability c
// at each step:
//
//	A = c·(I − (1−c)·M)⁻¹ = c·Σ_{k≥0} (1−c)ᵏ·Mᵏ,  M = N(adjacency), never with self links
//
// A has an entry for every pair of nodes that are connected, so it is not sparse. Where the series converges, as it does
// for a normalised M, and is cheaper than a dense product, products with A are the op [ops.Resolvent], a number of sparse
// products that depends on the precision alone; the inverse is formed for small graphs, where the series diverges, and
// where the matrix itself is asked for: by functions after it, or in a hybrid. Errors: those of [Graph], and I − (1−c)·M
// without an inverse.
//
// Page, Brin, Motwani and Winograd, The PageRank Citation Ranking (1999); as a layer, Gasteiger, Bojchevski and Günnemann,
// Predict then Propagate (2019).
type PageRank struct {
	Graph `yaml:",inline"`
	C     Opt[float64] `yaml:"c"` // 0.15 by default
}

var _ = Register(Spec[PageRank]{
	Name: "pagerank_multihop_graph_interdependence", Default: PageRank{Graph: Graph{Mode: RowDegree}, C: Some(0.15)},
	Equation: "A = c·(I − (1−c)·M)⁻¹", Params: "0", Rows: 4, Cols: 4,
	Samples: []PageRank{{Graph: graphSamples()[0]}, {Graph: graphSamples()[1], C: Some(0.3)}, {Graph: graphSamples()[2], C: Some(0.85)}},
})

// step is (1−c)·M.
func (o PageRank) step() (*csr, error) {
	o.SelfDependence = false
	m, err := o.base()
	if err != nil {
		return nil, err
	}
	return m.scaled(1 - o.C.Or(0.15)), nil
}

// Matrix is the dense constant.
func (o PageRank) Matrix(s *Scope, _, _ *graph.Node) *graph.Node {
	m, err := o.step()
	if err != nil {
		return s.fail(err)
	}
	n, c := m.rows, o.C.Or(0.15)
	a := make([]float64, n*n)
	for i := range n {
		a[i*n+i] = 1
	}
	m.each(func(i, j int, v float64) { a[i*n+j] -= v }) // a is I − (1−c)·M now
	if !invert(a, n) {
		return s.fail(errorf("PageRank", "I − (1−c)·M has no inverse for c = %v; want another c, or normalization", c))
	}
	for e := range a {
		a[e] *= c
	}
	return o.post(s, s.Const(s.Type(n, n), a...))
}

// Relate multiplies with the series, or with the matrix.
//
// The comparison counts multiplications for each column of data: steps·nnz of the series against n² of
// the dense matrix.
func (o PageRank) Relate(s *Scope, x, data, _ *graph.Node) *graph.Node {
	m, err := o.step()
	if err != nil {
		return s.fail(err)
	}
	steps, ok := m.seriesSteps(precision(s.DType))
	if !ok || len(o.Post) > 0 || steps*m.size() > m.rows*m.rows {
		a := o.Matrix(s, x, nil)
		if o.Side() == Instance {
			return ops.TMatMul(a, data)
		}
		return ops.MatMulN(data, a)
	}
	if o.Side() == Attribute { // x·A = (Aᵀ·xᵀ)ᵀ
		return ops.Transpose(o.series(s, m, ops.Transpose(data), steps))
	}
	return o.series(s, m, data, steps)
}

// series is Aᵀ·x by a number of sparse products.
func (o PageRank) series(s *Scope, m *csr, x *graph.Node, steps int) *graph.Node {
	p, val := m.transposed().pattern() // transposed once here instead of in every step
	y := s.G.Apply(ops.Resolvent{P: p, Steps: steps}, s.Const(s.Type(len(val)), val...), x)
	return ops.Scale(y, o.C.Or(0.15))
}

// precision is what a sum of about 1 may leave out in an element type: half of its last digit.
func precision(d graph.DType) float64 {
	if d == graph.F32 {
		return 0x1p-25
	}
	return 0x1p-54
}

// size is the number of entries.
func (m *csr) size() (n int) {
	for _, row := range m.col {
		n += len(row)
	}
	return n
}

// seriesSteps is how many powers of a square m the series Σ mᵏ needs to be right to eps; ok is false where it may not
// converge. The spectral radius is at most q = maxᵢ (|m|·v)ᵢ/vᵢ for any v > 0 (Collatz and Wielandt), and what is left out
// after k powers at most qᵏ⁺¹/(1−q) times max v/min v. Powers of I + |m| applied to v bring q near the radius.
//
// It returns the least number over 32 vectors, each of which gives a valid bound; one round costs nnz
// operations.
func (m *csr) seriesSteps(eps float64) (steps int, ok bool) {
	const rounds = 32
	best := math.Inf(1)
	v, w := make([]float64, m.rows), make([]float64, m.rows)
	for i := range v {
		v[i] = 1
	}
	for range rounds {
		clear(w)
		m.each(func(i, j int, a float64) { w[i] += math.Abs(a) * v[j] })
		q, least, most := 0.0, math.Inf(1), 0.0
		for i := range v {
			q, least, most = max(q, w[i]/v[i]), min(least, v[i]), max(most, v[i])
		}
		switch k := math.Log(eps*(1-q)*least/most) / math.Log(q); {
		case q == 0:
			best = 0
		case q < 1:
			best = min(best, k)
		}
		for i := range v {
			v[i] = (v[i] + w[i]) / most
		}
	}
	if best > 1<<20 {
		return 0, false
	}
	return int(math.Ceil(best)), true
}

// invert replaces a (n×n) by its inverse, by Gauss and Jordan with row pivots; false where there is none. Rows without an
// entry in the pivot's column are passed over, which saves work while the matrix is sparse.
//
// In place, n³ multiplications and as many additions; pivots below n·2⁻⁵² of the largest entry count as
// 0. Swapped rows are swapped columns of the inverse, undone in reverse order.
func invert(a []float64, n int) bool {
	largest := 0.0
	for _, v := range a {
		largest = max(largest, math.Abs(v))
	}
	swaps := make([]int, n)
	for k := range n {
		p := k
		for i := k + 1; i < n; i++ {
			if math.Abs(a[i*n+k]) > math.Abs(a[p*n+k]) {
				p = i
			}
		}
		if !(math.Abs(a[p*n+k]) > float64(n)*0x1p-52*largest) {
			return false
		}
		swaps[k] = p
		swapRows(a[k*n:(k+1)*n], a[p*n:(p+1)*n])
		eliminate(a, n, k)
	}
	for k := n - 1; k >= 0; k-- {
		for i := range n {
			a[i*n+k], a[i*n+swaps[k]] = a[i*n+swaps[k]], a[i*n+k]
		}
	}
	return true
}

// swapRows exchanges two rows; they may be the same one.
func swapRows(x, y []float64) {
	for j, v := range x {
		x[j], y[j] = y[j], v
	}
}

// eliminate is step k of the inversion, in place: the column of the pivot becomes that of the inverse.
func eliminate(a []float64, n, k int) {
	row := a[k*n : (k+1)*n]
	inv := 1 / row[k]
	row[k] = 1
	for j := range row {
		row[j] *= inv
	}
	for i := range n {
		f := a[i*n+k]
		if i == k || f == 0 {
			continue
		}
		to := a[i*n : (i+1)*n]
		to[k] = 0
		for j, v := range row {
			to[j] -= f * v
		}
	}
}
