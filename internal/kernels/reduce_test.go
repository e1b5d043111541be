package kernels_test

import (
	"math"
	"slices"
	"testing"

	"rpnc/internal/kernels"
)

// lengths are the sizes around the borders of unrolled loops and halved sums.
var lengths = []int{0, 1, 3, 4, 7, 8, 9, 15, 16, 17, 255, 256, 257, 511, 513, 769, 5000}

// near reports whether got is want within n roundings of a sum of size scale.
func near[T kernels.Float](got T, want, scale float64, n int) bool {
	return math.Abs(float64(got)-want) <= epsilon[T]()*scale*float64(n+2)
}

// checkSums compares with sums in float64, within the roundings of the order
// that Sum promises; a plain loop in float32 would miss the bound.
func checkSums[T kernels.Float](t *testing.T) {
	for _, n := range lengths {
		x, y := uniform[T](n, 1), uniform[T](n, 2)
		var sum, size, dot, dotSize float64
		for i := range x {
			v, w := float64(x[i]), float64(y[i])
			sum, size = sum+v, size+math.Abs(v)
			dot, dotSize = dot+v*w, dotSize+math.Abs(v*w)
		}
		// 256/8 additions in a row and log₂ of the number of leaves.
		if got := kernels.Sum(x); !near(got, sum, size, 50) {
			t.Errorf("Sum of %d: %v, want %v", n, got, sum)
		}
		if got := kernels.Dot(x, y); !near(got, dot, dotSize, 80) {
			t.Errorf("Dot of %d: %v, want %v", n, got, dot)
		}
	}
}

func TestSumAndDotMatchNaiveLoop(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		checkSums[float32](t)
		checkSums[float64](t)
	})
}

// One running float32 sum stops growing at 2²⁴ terms and is 1e-2 off before.
func TestSumOfManyEqualTermsKeepsItsDigits(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		x := filled[float32](1<<22, 0.1)
		want := float64(x[0]) * (1 << 22)
		if got := float64(kernels.Sum(x)); math.Abs(got-want) > 1e-5*want {
			t.Errorf("Sum = %v, want %v", got, want)
		}
		got := make([]float32, 4)
		kernels.SumColumns(got, x, 1<<20, 4)
		if math.Abs(float64(got[3])-want/4) > 1e-4*want/4 {
			t.Errorf("SumColumns = %v, want %v", got[3], want/4)
		}
	})
}

func TestMaxFindsLargestAndNaN(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for _, c := range []struct {
			x    []float64
			want float64
		}{{nil, -inf}, {[]float64{-3, -2, -5}, -2}, {[]float64{1, nan, 7}, nan}, {[]float64{nan, 2}, nan}, {[]float64{2, inf}, inf}, {[]float64{-inf}, -inf}} {
			if got := kernels.Max(c.x); got != c.want && (got == got || c.want == c.want) {
				t.Errorf("Max(%v) = %v, want %v", c.x, got, c.want)
			}
		}
	})
}

// NaN and the largest element are found in every lane and in the tail.
func TestMaxLooksAtEveryElement(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for _, n := range []int{1, 7, 16, 17, 40, 67} {
			for at := range n {
				x := filled[float32](n, -2)
				x[at] = -1
				if got := kernels.Max(x); got != -1 {
					t.Errorf("n=%d: Max = %v with -1 at %d", n, got, at)
				}
				x[at] = float32(nan)
				if got := kernels.Max(x); got == got {
					t.Errorf("n=%d: Max = %v with NaN at %d", n, got, at)
				}
			}
		}
	})
}

func TestRowAndColumnSumsMatchNaiveLoop(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for _, rows := range []int{0, 1, 2, 255, 257, 600} {
			for _, cols := range []int{0, 1, 7, 8, 9, 25} {
				x := uniform[float32](rows*cols, 3)
				byRow, byCol := filled[float32](rows, poison), filled[float32](cols, poison)
				kernels.SumRows(byRow, x, rows, cols)
				kernels.SumColumns(byCol, x, rows, cols)
				wantRow, wantCol := make([]float64, rows), make([]float64, cols)
				for i := range rows {
					for j := range cols {
						wantRow[i] += float64(x[i*cols+j])
						wantCol[j] += float64(x[i*cols+j])
					}
				}
				for i := range byRow {
					if !near(byRow[i], wantRow[i], float64(cols), cols) {
						t.Fatalf("%d×%d: row %d sums to %v, want %v", rows, cols, i, byRow[i], wantRow[i])
					}
				}
				for j := range byCol {
					if !near(byCol[j], wantCol[j], float64(rows), 300) {
						t.Fatalf("%d×%d: column %d sums to %v, want %v", rows, cols, j, byCol[j], wantCol[j])
					}
				}
			}
		}
	})
}

func TestSumsOfABandAreThoseOfTheMatrix(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for _, rows := range []int{0, 1, 16, 300} {
			const cols = 150
			x := uniform[float32](rows*cols, 3)
			want := make([]float32, cols)
			kernels.SumColumns(want, x, rows, cols)
			for _, cut := range []int{0, 1, 37, 64, 149, 150} {
				got := filled[float32](cols, poison)
				kernels.SumBand(got[:cut], x, rows, cols)
				kernels.SumBand(got[cut:], x[min(cut, len(x)):], rows, cols)
				if !slices.Equal(got, want) {
					t.Errorf("%d rows cut at %d: sums differ from those of all columns", rows, cut)
				}
			}
		}
	})
}

func TestSumsPropagateNaN(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for _, n := range []int{1, 8, 300} {
			x := make([]float32, n*9)
			x[n*9-1] = float32(nan)
			row, col := make([]float32, n), make([]float32, 9)
			kernels.SumRows(row, x, n, 9)
			kernels.SumColumns(col, x, n, 9)
			if s := kernels.Sum(x); s == s || row[n-1] == row[n-1] || col[8] == col[8] || col[0] != 0 {
				t.Errorf("n=%d: NaN lost or spread: %v %v %v", n, s, row[n-1], col)
			}
		}
	})
}

// Each call is wrong in one length only.
func TestReductionsRefuseWrongLengths(t *testing.T) {
	x := make([]float32, 6)
	one := kernels.NewPattern([]int32{0, 1}, []int32{1}, 2)
	for name, f := range map[string]func(){
		"Dot":              func() { kernels.Dot(x, x[:5]) },
		"SumRows x":        func() { kernels.SumRows(x[:3], x, 3, 3) },
		"SumRows dst":      func() { kernels.SumRows(x[:2], x, 3, 2) },
		"SumColumns dst":   func() { kernels.SumColumns(x[:3], x, 3, 2) },
		"SumBand rows":     func() { kernels.SumBand(x[:3], x, 3, 2) },
		"SumBand x":        func() { kernels.SumBand(x[:2], x, 3, 3) },
		"SumColumns shape": func() { kernels.SumColumns(x[:3], x, -2, -3) },
		"Softmax":          func() { kernels.Softmax(x, 2, 2, false) },
		"LogSoftmax":       func() { kernels.LogSoftmax(x, 4, 2, false) },
		"Transpose":        func() { kernels.Transpose(x, x[:5], 2, 3) },
		"SpMM y":           func() { kernels.SpMM(one, x[:1], x, 3, x[:2]) },
		"SpMM val":         func() { kernels.SpMM(one, nil, x, 3, x[:3]) },
		"SpMM x":           func() { kernels.SpMM(one, x[:1], x[:5], 3, x[:3]) },
		"SDDMM a":          func() { kernels.SDDMM(one, x[:2], x, 3, x[:1]) },
		"SDDMM b":          func() { kernels.SDDMM(one, x[:3], x[:5], 3, x[:1]) },
		"SDDMM y":          func() { kernels.SDDMM(one, x[:3], x, 3, x[:2]) },
		"Gather dst":       func() { kernels.Gather(x[:3], x, 2, []int32{0, 1}) },
		"Gather src":       func() { kernels.Gather(x[:4], x[:5], 2, []int32{0, 1}) },
		"ScatterAdd src":   func() { kernels.ScatterAdd(x, x[:3], 2, []int32{0, 1}) },
		"CopyStrided src":  func() { kernels.CopyStrided(x, []int{1}, x[:5], []int{1}, []int{6}) },
		"CopyStrided dims": func() { kernels.CopyStrided(x, []int{1}, x, []int{1, 1}, []int{6}) },
		"Adam":             func() { kernels.Adam(x, x, x, x[:5], kernels.AdamStep{Step: 1}) },
		"Adam step":        func() { kernels.Adam(x, x, x, x, kernels.AdamStep{}) },
		"SGD":              func() { kernels.SGD(x, x, nil, kernels.SGDStep{Momentum: 0.9}) },
	} {
		if !panics(f) {
			t.Errorf("%s: no panic", name)
		}
	}
}
