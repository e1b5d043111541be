package kernels_test

import (
	"fmt"
	"testing"

	"rpnc/internal/kernels"
)

// checkRunning compares with sums row by row, which the kernels must give to the bit, and sums in place.
func checkRunning[T kernels.Float](t *testing.T, g guards, rows, cols int, reverse bool) {
	x := guarded(g, uniform[T](rows*cols, uint64(rows)))
	y, want := guarded(g, filled[T](rows*cols, poison)), make([]T, rows*cols)
	for k := range rows {
		i, before := k, k-1
		if reverse {
			i, before = rows-1-k, rows-k
		}
		for j := range cols {
			if want[i*cols+j] = x[i*cols+j]; k > 0 {
				want[i*cols+j] += want[before*cols+j]
			}
		}
	}
	kernels.RunningRows(y, x, rows, cols, reverse)
	if !sameBits(y, want) {
		t.Errorf("%d×%d, reverse %v: other sums than row by row", rows, cols, reverse)
	}
	if kernels.RunningRows(x, x, rows, cols, reverse); !sameBits(x, want) {
		t.Errorf("%d×%d, reverse %v: other sums in place", rows, cols, reverse)
	}
}

func TestRunningRowsAreSumsRowByRowAndStayInsideTheirOperands(t *testing.T) {
	onEveryTableGuarded(t, func(t *testing.T, g guards) {
		for _, rows := range []int{0, 1, 2, 9, 300} { // 300 rows are done in parts
			for _, cols := range []int{1, 7, 16, 64, 70, 133} {
				for _, reverse := range []bool{false, true} {
					checkRunning[float32](t, g, rows, cols, reverse)
					checkRunning[float64](t, g, rows, cols, reverse)
				}
			}
		}
	})
}

func BenchmarkRunningRows(b *testing.B) {
	for _, s := range [][2]int{{512, 64}, {4096, 10}} {
		b.Run(fmt.Sprintf("rows=%d/cols=%d", s[0], s[1]), func(b *testing.B) {
			benchEveryTable(b, func(b *testing.B) {
				x := uniform[float32](s[0]*s[1], 1)
				y := make([]float32, len(x))
				b.SetBytes(int64(8 * len(x)))
				for b.Loop() {
					kernels.RunningRows(y, x, s[0], s[1], false)
				}
			})
		})
	}
}
