package kernels_test

import (
	"testing"

	"rpnc/internal/kernels"
)

// stretchCols are lengths around those of registers and leaves of sums.
var stretchCols = []int{0, 1, 7, 8, 15, 16, 17, 63, 64, 65, 700, 5000}

// checkStretches adds stretches, and their sums, to rows among others, and looks at every element.
func checkStretches[T kernels.Float](t *testing.T, rows, cols, rowDst, rowX int) {
	t.Helper()
	x := uniform[T](rows*rowX+cols, 1)
	added, summed := filled[T](rows*rowDst, 1), filled[T](rows*rowDst, 1)
	kernels.AddToRows(added, x, rows, cols, rowDst, rowX)
	kernels.AddSumsOfRows(summed, x, rows, cols, rowDst, rowX)
	for at := range added {
		r, j := at/rowDst, at%rowDst
		wantAdded, wantSum := T(1), T(1)
		if j < cols {
			wantAdded += x[r*rowX+j]
		}
		if j == 0 {
			wantSum += kernels.Sum(x[r*rowX:][:cols])
		}
		if added[at] != wantAdded || summed[at] != wantSum {
			t.Fatalf("%d rows of %d, %d and %d apart: element %d is %v and, of sums, %v; want %v and %v",
				rows, cols, rowDst, rowX, at, added[at], summed[at], wantAdded, wantSum)
		}
	}
}

func TestStretchesAreAddedToTheirRowsAndNowhereElse(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for _, cols := range stretchCols {
			for _, rows := range []int{0, 1, 2, 11} {
				checkStretches[float32](t, rows, cols, cols+3, cols+9)
				checkStretches[float64](t, rows, cols, cols+1, 1)
			}
		}
	})
}

func TestFillWritesAllElementsExactly(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for _, n := range append(stretchCols, 1023, 1024, 1025) {
			for _, v := range []float32{3, -0.1, 1e-45, -3e38} {
				x := filled[float32](n+1, poison)
				kernels.Fill(x[:n], v)
				for i, got := range x[:n] {
					if got != v {
						t.Fatalf("element %d of %d is %v; want %v", i, n, got, v)
					}
				}
				if x[n] != poison {
					t.Fatalf("the element after %d is %v; want %v as before", n, x[n], float32(poison))
				}
			}
		}
	})
}

func TestStretchesRefuseWhatTheyWouldReadBehindTheEnd(t *testing.T) {
	x := make([]float32, 10)
	for name, f := range map[string]func(){
		"AddToRows dst":     func() { kernels.AddToRows(x, make([]float32, 30), 3, 4, 4, 4) },
		"AddToRows x":       func() { kernels.AddToRows(make([]float32, 30), x, 3, 4, 4, 4) },
		"AddSumsOfRows dst": func() { kernels.AddSumsOfRows(x[:2], make([]float32, 30), 3, 4, 1, 4) },
		"AddSumsOfRows x":   func() { kernels.AddSumsOfRows(make([]float32, 3), x, 3, 4, 1, 4) },
		"rows below 0":      func() { kernels.AddToRows(x, x, -1, 1, 1, 1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}
