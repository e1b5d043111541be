package kernels_test

import (
	"testing"

	"rpnc/internal/kernels"
)

// checkCopy copies rows between buffers that end with the last of them, and looks at every element.
func checkCopy[T kernels.Float](t *testing.T, rows, cols, rowDst, rowSrc int) {
	t.Helper()
	src, dst := uniform[T]((rows-1)*rowSrc+cols, 1), filled[T]((rows-1)*rowDst+cols, poison)
	kernels.CopyRows(dst, src, rows, cols, rowDst, rowSrc)
	for at, got := range dst {
		want := T(poison)
		if i, j := at/rowDst, at%rowDst; j < cols {
			want = src[i*rowSrc+j]
		}
		if got != want {
			t.Fatalf("%d rows of %d, from %d apart to %d: element %d is %v, want %v", rows, cols, rowSrc, rowDst, at, got, want)
		}
	}
}

func TestRowsAreCopiedAndWhatLiesBetweenThemStays(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for _, cols := range []int{1, 3, 7, 8, 16, 17, 40, 127, 128, 129, 700} {
			for _, rows := range []int{1, 2, 5, 1023, 1025} {
				checkCopy[float32](t, rows, cols, cols, cols+9)
				checkCopy[float32](t, rows, cols, cols+5, cols)
				checkCopy[float64](t, rows, cols, cols+1, 0)
			}
		}
	})
}
