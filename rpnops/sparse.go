package rpnops

import (
	"math"
	"slices"

	"rpnc/graph"
	"rpnc/ops"
)

// csr is a sparse matrix of constants while a function builds it: for every row the columns, rising, and the values.
// It lives at build time only: the graph gets a pattern and its numbers (see node), and what is done here once, such as
// normalisation, costs nothing when the program runs. Structural zeros are never stored, so that a chain of thousands
// of nodes stays a band of a few diagonals. Methods that answer with a matrix leave their operands as they are.
type csr struct {
	rows, cols int
	col        [][]int32
	val        [][]float64
}

// newCSR is the matrix without entries.
func newCSR(rows, cols int) *csr {
	return &csr{rows: rows, cols: cols, col: make([][]int32, rows), val: make([][]float64, rows)}
}

// identity is c·I, n×n.
func identity(n int, c float64) *csr {
	m := newCSR(n, n)
	for i := range n {
		m.add(i, i, c)
	}
	return m
}

// add adds v to the entry (i, j). Adding columns in rising order costs nothing beyond the append.
func (m *csr) add(i, j int, v float64) {
	e, found := slices.BinarySearch(m.col[i], int32(j))
	if found {
		m.val[i][e] += v
		return
	}
	m.col[i] = slices.Insert(m.col[i], e, int32(j))
	m.val[i] = slices.Insert(m.val[i], e, v)
}

// each calls f for every entry, row by row, columns rising.
func (m *csr) each(f func(i, j int, v float64)) {
	for i, cols := range m.col {
		for e, j := range cols {
			f(i, int(j), m.val[i][e])
		}
	}
}

// mapped is the matrix of the same pattern with entries f(i, j, v). The copy is deep: adding to it leaves m as it is.
func (m *csr) mapped(f func(i, j int, v float64) float64) *csr {
	y := newCSR(m.rows, m.cols)
	for i, row := range m.val {
		y.col[i], y.val[i] = slices.Clone(m.col[i]), make([]float64, len(row))
		for e, v := range row {
			y.val[i][e] = f(i, int(m.col[i][e]), v)
		}
	}
	return y
}

// scaled is c·m.
func (m *csr) scaled(c float64) *csr {
	return m.mapped(func(_, _ int, v float64) float64 { return c * v })
}

// plus is m + x.
func (m *csr) plus(x *csr) *csr {
	y, sum := newCSR(m.rows, m.cols), newRowSum(m.cols)
	for i := range m.col {
		sum.add(1, m.col[i], m.val[i])
		sum.add(1, x.col[i], x.val[i])
		y.col[i], y.val[i] = sum.take()
	}
	return y
}

// times is m·x, each sum in rising order of the inner index.
func (m *csr) times(x *csr) *csr {
	y, sum := newCSR(m.rows, x.cols), newRowSum(x.cols)
	for i, cols := range m.col {
		for e, k := range cols {
			sum.add(m.val[i][e], x.col[k], x.val[k])
		}
		y.col[i], y.val[i] = sum.take()
	}
	return y
}

// transposed is mᵀ.
func (m *csr) transposed() *csr {
	y := newCSR(m.cols, m.rows)
	m.each(func(i, j int, v float64) { y.add(j, i, v) })
	return y
}

// picked is the matrix of the rows listed.
func (m *csr) picked(rows []int) *csr {
	y := newCSR(len(rows), m.cols)
	for i, r := range rows {
		y.col[i], y.val[i] = slices.Clone(m.col[r]), slices.Clone(m.val[r])
	}
	return y
}

// peak is the largest magnitude of an entry, 0 where there are none.
func (m *csr) peak() float64 {
	p := 0.0
	m.each(func(_, _ int, v float64) { p = max(p, math.Abs(v)) })
	return p
}

// pattern is where the entries are, and the entries, row by row.
func (m *csr) pattern() (ops.Pattern, []float64) {
	ptr, col, val := make([]int32, 1, m.rows+1), []int32{}, []float64{}
	for i := range m.col {
		col, val = append(col, m.col[i]...), append(val, m.val[i]...)
		ptr = append(ptr, int32(len(col)))
	}
	return ops.Pattern{Rows: m.rows, Cols: m.cols, Ptr: graph.NewIndex(ptr...), Col: graph.NewIndex(col...)}, val
}

// node is the matrix as a graph node: constants on a pattern, a plain constant where it has no entry or all of them.
func (m *csr) node(s *Scope) *graph.Node {
	p, val := m.pattern()
	if len(val) == 0 || len(val) == m.rows*m.cols {
		return s.Const(s.Type(m.rows, m.cols), val...)
	}
	return s.G.Apply(ops.Densify{P: p}, s.Const(s.Type(len(val)), val...))
}

// spmm is m·x for x (…×cols×w), (…×rows×w). Callers transpose here rather than in the op: then each row of the result
// has one writer.
func (m *csr) spmm(s *Scope, x *graph.Node) *graph.Node {
	p, val := m.pattern()
	return s.G.Apply(ops.SpMM{P: p}, s.Const(s.Type(len(val)), val...), x)
}

// rowSum adds up sparse rows into one: a dense row to add in, and the list of the columns that were touched, so that
// neither adding nor taking depends on the width of the matrix.
type rowSum struct {
	sum  []float64 // 0 where not seen
	seen []bool
	cols []int32 // the columns seen, in order of arrival
}

// newRowSum is an empty sum of rows of so many columns.
func newRowSum(cols int) *rowSum {
	return &rowSum{sum: make([]float64, cols), seen: make([]bool, cols)}
}

// add adds c times a row.
func (r *rowSum) add(c float64, cols []int32, val []float64) {
	for e, j := range cols {
		if !r.seen[j] {
			r.seen[j] = true
			r.cols = append(r.cols, j)
		}
		r.sum[j] += c * val[e]
	}
}

// take is the row, without entries that are 0 or came to it by underflow; the sum starts anew. The rows of band
// matrices arrive with rising columns, which makes the sort a scan.
func (r *rowSum) take() (cols []int32, val []float64) {
	slices.Sort(r.cols)
	cols, val = make([]int32, 0, len(r.cols)), make([]float64, 0, len(r.cols))
	for _, j := range r.cols {
		if r.sum[j] != 0 {
			cols, val = append(cols, j), append(val, r.sum[j])
		}
		r.sum[j], r.seen[j] = 0, false
	}
	r.cols = r.cols[:0]
	return cols, val
}
