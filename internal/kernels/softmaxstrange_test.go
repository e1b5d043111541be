package kernels_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"rpnc/internal/kernels"
)

// strangeScores draws scores, some of which are no ordinary ones: masked, far below the others, infinite or NaN; with all set, all
// of them may be −∞ or 0.
func strangeScores[T kernels.Float](n int, seed uint64, all bool) []T {
	r, x := rand.New(rand.NewPCG(seed, 7)), uniform[T](n, seed)
	strange := []float64{0, math.Copysign(0, -1), -20, -40, -1e30, math.Inf(-1), math.Inf(1), math.NaN()}
	for i := range x {
		if k := r.IntN(60); k < len(strange) && (k < 6 || r.IntN(8) == 0) || all {
			x[i] = T(strange[k%6])
		}
	}
	return x
}

// checkStrange compares columns with rows of the transposed matrix, in their NaN too.
func checkStrange[T kernels.Float](t *testing.T, rows, cols int, seed uint64, mask, all bool) {
	x, y, z, zt := strangeScores[T](rows*cols, seed, all), make([]T, rows*cols), make([]T, rows*cols), make([]T, rows*cols)
	compare := func(name string) {
		t.Helper()
		kernels.Transpose(zt, z, cols, rows)
		for i, w := range zt {
			v := y[i]
			if near := math.Abs(float64(v-w)) <= 64*epsilon[T]()*max(1, math.Abs(float64(w))); !near && v != w && (v == v || w == w) {
				t.Fatalf("%s, %T %d×%d, mask %v: column %d has %v, the row %v, for %v", name, v, rows, cols, mask, i%cols, v, w, x[i])
			}
		}
	}
	kernels.Transpose(z, x, rows, cols)
	kernels.Softmax(z, cols, rows, mask)
	kernels.SoftmaxColumns(y, x, 1, rows, cols, mask)
	compare("softmax")
	if !mask {
		kernels.Transpose(z, x, rows, cols)
		kernels.LogSoftmax(z, cols, rows, false)
		kernels.LogSoftmaxColumns(y, x, 1, rows, cols)
		compare("log-softmax")
	}
}

// Columns are rows of the transposed matrix where entries are masked, infinite or NaN, too: in parts of registers and whole
// ones, in narrow rows and wide ones.
func TestSoftmaxOfColumnsIsThatOfRowsForStrangeScores(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for i, s := range [][2]int{{1, 5}, {2, 33}, {7, 64}, {40, 70}, {33, 257}, {300, 9}, {50, 600}, {3, 1}} {
			for k := range 6 {
				seed, mask, all := uint64(10*i+k), k%2 == 1, k >= 4
				t.Run(fmt.Sprint(s, seed), func(t *testing.T) {
					checkStrange[float32](t, s[0], s[1], seed, mask, all)
					checkStrange[float64](t, s[0], s[1], seed, mask, all)
				})
			}
		}
	})
}
