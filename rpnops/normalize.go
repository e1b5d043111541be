package rpnops

import "math"

// DegreeMode says how a matrix of links is normalised by the degrees of its nodes, the sums of its rows and columns.
type DegreeMode uint8

// The ways of degree normalisation. The default stands for the one that a function has by itself.
const (
	DefaultDegree   DegreeMode = iota
	RowDegree                  // each row divided by its sum
	ColumnDegree               // each column divided by its sum
	RowColumnDegree            // rows by the root of their sums, then columns by the root of the sums that result
)

// degreeNames are the words of configurations, by mode.
var degreeNames = [...]string{"", "row", "column", "row_column"}

// String is the word of configurations.
func (d DegreeMode) String() string {
	if int(d) < len(degreeNames) {
		return degreeNames[d]
	}
	return "unknown"
}

// Or is d, or the mode e where d is the default.
func (d DegreeMode) Or(e DegreeMode) DegreeMode {
	if d == DefaultDegree {
		return e
	}
	return d
}

// UnmarshalText reads row, column or row_column.
func (d *DegreeMode) UnmarshalText(text []byte) error {
	for i, name := range degreeNames[1:] {
		if name == string(text) {
			*d = DegreeMode(i + 1)
			return nil
		}
	}
	return errorf("normalization_mode", "%q is unknown; want row, column or row_column", text)
}

// MarshalText writes the name.
func (d DegreeMode) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// normalized is the degree normalisation of m; sums of 0 count as 1. row_column is not the symmetric normalisation
// of graph convolutions: the column sums are those of the matrix whose rows are scaled already.
func (m *csr) normalized(mode DegreeMode) (*csr, error) {
	switch mode {
	case RowDegree:
		return m.rowsOver(m.rowSums(), 1), nil
	case ColumnDegree:
		return m.columnsOver(m.columnSums(), 1), nil
	case RowColumnDegree:
		r := m.rowsOver(m.rowSums(), 0.5)
		return r.columnsOver(r.columnSums(), 0.5), nil
	}
	return nil, errorf("normalization_mode", "%q is unknown; want row, column or row_column", mode)
}

// rowSums are the degrees of the rows, Σⱼ m[i, j].
func (m *csr) rowSums() []float64 {
	sums := make([]float64, m.rows)
	m.each(func(i, _ int, v float64) { sums[i] += v })
	return sums
}

// columnSums are the degrees of the columns, Σᵢ m[i, j].
func (m *csr) columnSums() []float64 {
	sums := make([]float64, m.cols)
	m.each(func(_, j int, v float64) { sums[j] += v })
	return sums
}

// rowsOver divides row i by sums[i] to the power p.
func (m *csr) rowsOver(sums []float64, p float64) *csr {
	d := degrees(sums, p)
	return m.mapped(func(i, _ int, v float64) float64 { return v / d[i] })
}

// columnsOver divides column j by sums[j] to the power p.
func (m *csr) columnsOver(sums []float64, p float64) *csr {
	d := degrees(sums, p)
	return m.mapped(func(_, j int, v float64) float64 { return v / d[j] })
}

// degrees are the divisors: sums to the power p (1 or ½), 1 for a sum of 0.
func degrees(sums []float64, p float64) []float64 {
	d := make([]float64, len(sums))
	for i, v := range sums {
		switch {
		case v == 0:
			d[i] = 1
		case p == 1:
			d[i] = v
		default:
			d[i] = math.Sqrt(v)
		}
	}
	return d
}
