package kernels_test

import (
	"math"
	"testing"

	"rpnc/internal/kernels"
)

// Columns, rows and narrow rows are done by different loops, and are all lines of the definition.
func TestSoftmaxOfColumnsMatchesDefinition(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for _, s := range [][3]int{{1, 1, 1}, {1, 5, 3}, {2, 7, 300}, {3, 40, 33}, {1, 300, 9}} {
			batch, rows, cols := s[0], s[1], s[2]
			x := uniform[float32](batch*rows*cols, 1)
			for i := range x {
				x[i] *= 60
				if i%5 == 0 || i%cols == 2 {
					x[i] = 0
				}
			}
			for _, mask := range []bool{false, true} {
				got := make([]float32, len(x))
				kernels.SoftmaxColumns(got, x, batch, rows, cols, mask)
				checkColumns(t, got, x, batch, rows, cols, mask, false)
				over := append([]float32(nil), x...)
				if kernels.SoftmaxColumns(over, over, batch, rows, cols, mask); !sameBits(over, got) {
					t.Errorf("%d×%d×%d, mask %v: over x differs", batch, rows, cols, mask)
				}
			}
			got := make([]float32, len(x))
			kernels.LogSoftmaxColumns(got, x, batch, rows, cols)
			checkColumns(t, got, x, batch, rows, cols, false, true)
		}
	})
}

// checkColumns compares every column of every matrix with its reference.
func checkColumns(t *testing.T, got, x []float32, batch, rows, cols int, mask, log bool) {
	t.Helper()
	column := make([]float64, rows)
	for z := range batch {
		for j := range cols {
			at := func(i int) int { return (z*rows+i)*cols + j }
			for i := range column {
				column[i] = float64(x[at(i)])
			}
			for i, want := range softmaxReference(column, mask, log) {
				if y := float64(got[at(i)]); !(math.Abs(y-want) <= 1e-6*max(1, math.Abs(want))) {
					t.Fatalf("%d×%d×%d mask=%v log=%v: [%d,%d,%d] = %v, want %v", batch, rows, cols, mask, log, z, i, j, y, want)
				}
			}
		}
	}
}

// checkNarrow compares softmax and log-softmax of rows, one with a NaN and one of zeros, with their definition.
func checkNarrow[T kernels.Float](t *testing.T, rows, cols int, mask, log bool) {
	t.Helper()
	x := uniform[T](rows*cols, 2)
	x[3*cols] = T(nan)
	clear(x[5*cols:][:cols])
	got, want := append([]T(nil), x...), make([]float64, cols)
	if log {
		kernels.LogSoftmax(got, rows, cols, mask)
	} else {
		kernels.Softmax(got, rows, cols, mask)
	}
	for i := range rows {
		for j := range want {
			want[j] = float64(x[i*cols+j])
		}
		for j, w := range softmaxReference(want, mask, log) {
			if y := float64(got[i*cols+j]); !(math.Abs(y-w) <= 2e-6) && (y == y || w == w) {
				t.Fatalf("%d×%d mask=%v log=%v: [%d,%d] = %v, want %v", rows, cols, mask, log, i, j, y, w)
			}
		}
	}
}

func TestNarrowRowsAreSoftenedLikeOthers(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for _, cols := range []int{1, 2, 3, 7, 9, 10, 31} {
			for _, rows := range []int{8, 263, 600} { // a part of a panel, more than one
				for _, mask := range []bool{false, true} {
					checkNarrow[float32](t, rows, cols, mask, false)
					checkNarrow[float64](t, rows, cols, mask, false)
				}
				checkNarrow[float32](t, rows, cols, false, true)
				checkNarrow[float64](t, rows, cols, false, true)
			}
		}
	})
}

// No probability is a denormal number: those slow down every product that reads them.
func TestNegligibleProbabilitiesAreZero(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for _, rows := range []int{1, 3, 100} {
			x := make([]float32, rows*120)
			for i := range x {
				x[i] = -float32(i % 120)
			}
			y := append([]float32(nil), x...)
			kernels.Softmax(x, rows, 120, false)
			kernels.SoftmaxColumns(y, y, 1, rows*120, 1, false)
			for i, v := range append(x, y...) {
				if v != 0 && v < 0x1p-100 {
					t.Fatalf("%d rows: [%d] = %v is neither 0 nor of any weight", rows, i, v)
				}
			}
			if x[27] == 0 || x[29] != 0 {
				t.Errorf("%d rows: e⁻²⁷ gives %v and e⁻²⁹ gives %v; want a number and 0", rows, x[27], x[29])
			}
		}
	})
}
