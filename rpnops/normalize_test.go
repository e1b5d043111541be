package rpnops

import (
	"slices"
	"testing"
)

func TestNamesOfDegreeModes(t *testing.T) {
	var d DegreeMode
	for _, name := range []string{"row", "column", "row_column"} {
		if err := d.UnmarshalText([]byte(name)); err != nil || d.String() != name {
			t.Errorf("%s became %v %v", name, d, err)
		}
	}
	if d.UnmarshalText([]byte("row-column")) == nil || d.UnmarshalText(nil) == nil {
		t.Error("unknown modes are accepted")
	}
}

func TestDegreeNormalisation(t *testing.T) {
	rows := func(m *csr) (out []float64) {
		out = make([]float64, m.rows*m.cols)
		m.each(func(i, j int, v float64) { out[i*m.cols+j] = v })
		return out
	}
	m := newCSR(3, 2) // the last row is empty
	m.add(0, 1, 3)
	m.add(0, 0, 1)
	m.add(1, 1, 1)
	for mode, want := range map[DegreeMode][]float64{
		RowDegree: {.25, .75, 0, 1, 0, 0}, ColumnDegree: {1, .75, 0, .25, 0, 0},
		RowColumnDegree: {0.70710678, 0.94868330, 0, 0.63245553, 0, 0},
	} {
		n, err := m.normalized(mode)
		if err != nil {
			t.Fatal(err)
		}
		wantNumbers(t, mode.String(), rows(n), want)
	}
	if got := rows(m); !slices.Equal(got, []float64{1, 3, 0, 1, 0, 0}) {
		t.Errorf("normalising changed the matrix: %v", got)
	}
	if got := rows(m.transposed()); !slices.Equal(got, []float64{1, 0, 0, 3, 1, 0}) {
		t.Errorf("transposed: %v", got)
	}
	if got := rows(m.times(m.transposed())); !slices.Equal(got, []float64{10, 3, 0, 3, 1, 0, 0, 0, 0}) {
		t.Errorf("m·mᵀ = %v", got)
	}
}
