package rpnops

import (
	"sort"

	"rpnc/graph"
	"rpnc/ops"
)

// csr is a sparse matrix of constants while a function builds it: rows of (column, value), columns rising.
type csr struct {
	rows, cols int
	at         []map[int]float64
}

func newCSR(rows, cols int) *csr {
	m := &csr{rows: rows, cols: cols, at: make([]map[int]float64, rows)}
	for i := range m.at {
		m.at[i] = map[int]float64{}
	}
	return m
}

func (m *csr) add(i, j int, v float64) { m.at[i][j] += v }

// columns lists the columns of row i that have an entry, rising.
func (m *csr) columns(i int) []int {
	js := make([]int, 0, len(m.at[i]))
	for j := range m.at[i] {
		js = append(js, j)
	}
	sort.Ints(js)
	return js
}

// scaled is c·m.
func (m *csr) scaled(c float64) *csr {
	y := newCSR(m.rows, m.cols)
	for i := range m.at {
		for j, v := range m.at[i] {
			y.add(i, j, c*v)
		}
	}
	return y
}

// plus is m + x.
func (m *csr) plus(x *csr) *csr {
	y := m.scaled(1)
	for i := range x.at {
		for j, v := range x.at[i] {
			y.add(i, j, v)
		}
	}
	return y
}

// times is m·x, each sum in rising order of the inner index.
func (m *csr) times(x *csr) *csr {
	y := newCSR(m.rows, x.cols)
	for i := range m.at {
		for _, k := range m.columns(i) {
			for j, v := range x.at[k] {
				y.add(i, j, m.at[i][k]*v)
			}
		}
	}
	return y
}

// node is the matrix as a graph node: constants on a pattern.
func (m *csr) node(s *Scope) *graph.Node {
	ptr, col, val := make([]int32, 1, m.rows+1), []int32{}, []float64{}
	for i := range m.at {
		for _, j := range m.columns(i) {
			col, val = append(col, int32(j)), append(val, m.at[i][j])
		}
		ptr = append(ptr, int32(len(col)))
	}
	p := ops.Pattern{Rows: m.rows, Cols: m.cols, Ptr: graph.NewIndex(ptr...), Col: graph.NewIndex(col...)}
	if len(val) == 0 {
		return s.Const(s.Type(m.rows, m.cols))
	}
	return s.G.Apply(ops.Densify{P: p}, s.Const(s.Type(len(val)), val...))
}
