package kernels_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"rpnc/internal/kernels"
)

// csr is a sparse matrix with a dense twin.
type csr struct {
	ptr, col []int32
	val      []float32
	dense    []float64
}

// newCSR draws a rows×cols matrix with that share of entries.
func newCSR(rows, cols int, density float64) csr {
	r := rand.New(rand.NewPCG(7, 7))
	s := csr{ptr: []int32{0}, dense: make([]float64, rows*cols)}
	for i := range rows {
		for j := range cols {
			if r.Float64() < density && i%5 != 1 { // some rows are empty
				v := float32(2*r.Float64() - 1)
				s.col, s.val = append(s.col, int32(j)), append(s.val, v)
				s.dense[i*cols+j] = float64(v)
			}
		}
		s.ptr = append(s.ptr, int32(len(s.col)))
	}
	return s
}

// pattern is where s has entries.
func (s csr) pattern() *kernels.Pattern {
	return kernels.NewPattern(s.ptr, s.col, len(s.dense)/max(1, len(s.ptr)-1))
}

// sparseWidths end in every part of the loops over a row.
var sparseWidths = []int{1, 3, 4, 5, 7, 8, 16, 17, 33, 64, 70, 131, 600}

// skewed has a row with most entries, another that is empty, and columns that few rows use.
func skewed(rows, cols int) csr {
	s := csr{ptr: []int32{0}, dense: make([]float64, rows*cols)}
	for i := range rows {
		for j := range cols {
			if i == 2 || j == i || i%7 == 3 && j%5 == 0 {
				v := float32(i*cols+j%11) / 100
				s.col, s.val = append(s.col, int32(j)), append(s.val, v)
				s.dense[i*cols+j] = float64(v)
			}
		}
		s.ptr = append(s.ptr, int32(len(s.col)))
	}
	return s
}

// banded has entries from the diagonal to so many below it: groups of rows that are multiplied together, and others above.
func banded(n, below int) csr {
	s := csr{ptr: []int32{0}, dense: make([]float64, n*n)}
	for i := range n {
		for j := max(0, i-below); j <= i; j++ {
			v := float32(i*n+j%11) / 100
			s.col, s.val = append(s.col, int32(j)), append(s.val, v)
			s.dense[i*n+j] = float64(v)
		}
		s.ptr = append(s.ptr, int32(len(s.col)))
	}
	return s
}

// matrices are those that products are tested on.
func matrices() []csr {
	return []csr{newCSR(1, 40, 0.2), newCSR(7, 40, 0.2), newCSR(90, 40, 0.2), skewed(50, 40), newCSR(3, 5, 0),
		banded(50, 1), banded(23, 3), banded(60, 4), banded(30, 12)}
}

// checkSpMM compares A·x, or Aᵀ·x, with the dense product.
func checkSpMM[T kernels.Float](t *testing.T, s csr, width int, transposed bool, guard func([]T) []T) {
	t.Helper()
	p := s.pattern()
	rows := len(s.ptr) - 1
	cols := len(s.dense) / rows
	at := func(i, j int) float64 { return s.dense[i*cols+j] }
	if transposed {
		p, rows, cols = p.Transposed(), cols, rows
		at = func(i, j int) float64 { return s.dense[j*rows+i] }
	}
	val := make([]T, len(s.val))
	for i, v := range s.val {
		val[i] = T(v)
	}
	x, y := guard(uniform[T](cols*width, 1)), guard(filled[T](rows*width, poison))
	kernels.SpMM(p, guard(val), x, width, y)
	for i := range y {
		want, size := 0.0, 0.0
		for k := range cols {
			v := at(i/width, k) * float64(x[k*width+i%width])
			want, size = want+v, size+math.Abs(v)
		}
		if !near(y[i], want, size, cols) {
			t.Fatalf("%d×%d transposed=%v width=%d: y[%d] = %v, want %v", rows, cols, transposed, width, i, y[i], want)
		}
	}
}

// checkSDDMM compares a·bᵀ at the entries with dot products.
func checkSDDMM[T kernels.Float](t *testing.T, s csr, width int, guard func([]T) []T) {
	t.Helper()
	rows := len(s.ptr) - 1
	cols := len(s.dense) / rows
	a, b := guard(uniform[T](rows*width, 1)), guard(uniform[T](cols*width, 2))
	y, z := guard(filled[T](len(s.val), 1)), guard(filled[T](len(s.val), 1))
	kernels.SDDMM(s.pattern(), a, b, width, y)
	kernels.SDDMM(s.pattern().Transposed(), b, a, width, z)
	for i, from := range s.ptr[:rows] {
		for q := from; q < s.ptr[i+1]; q++ {
			want, size := 1.0, 1.0
			for j := range width {
				v := float64(a[i*width+j]) * float64(b[int(s.col[q])*width+j])
				want, size = want+v, size+math.Abs(v)
			}
			if !near(y[q], want, size, width) || !near(z[q], want, size, width) {
				t.Fatalf("%d×%d width=%d: y[%d] = %v and transposed %v, want %v", rows, cols, width, q, y[q], z[q], want)
			}
		}
	}
}

func TestSparseProductsMatchDenseOnesAndStayInsideTheirOperands(t *testing.T) {
	onEveryTableGuarded(t, func(t *testing.T, g guards) {
		for _, s := range matrices() {
			for _, width := range sparseWidths {
				for _, transposed := range []bool{false, true} {
					checkSpMM(t, s, width, transposed, func(x []float32) []float32 { return guarded(g, x) })
					checkSpMM(t, s, width, transposed, func(x []float64) []float64 { return guarded(g, x) })
				}
				checkSDDMM(t, s, width, func(x []float32) []float32 { return guarded(g, x) })
				checkSDDMM(t, s, width, func(x []float64) []float64 { return guarded(g, x) })
			}
		}
	})
}

// A row of more products than a kernel does at once is summed in parts, in the same order.
func TestLongSparseRowsAreSummedLikeShortOnes(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		const cols, width = 3000, 40
		s := skewed(4, cols)
		p, x := s.pattern(), uniform[float32](cols*width, 1)
		y := make([]float32, 4*width)
		kernels.SpMM(p, s.val, x, width, y)
		narrow, z := make([]float32, cols), make([]float32, 4)
		for _, j := range []int{0, 17, 39} {
			for k := range narrow {
				narrow[k] = x[k*width+j]
			}
			kernels.SpMM(p, s.val, narrow, 1, z)
			for i, v := range z {
				if kernels.Table() != "go" && y[i*width+j] != v {
					t.Errorf("y[%d,%d] = %v beside others and %v alone", i, j, y[i*width+j], v)
				}
				if !near(y[i*width+j], float64(v), 1e6, 1) {
					t.Errorf("y[%d,%d] = %v, want %v", i, j, y[i*width+j], v)
				}
			}
		}
	})
}

// Which rows are multiplied together is a matter of speed: each has the bits that it has alone.
func TestRowsOfBandsAreSummedLikeRowsAlone(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for _, s := range []csr{banded(50, 3), banded(41, 12), banded(700, 600)} {
			rows := len(s.ptr) - 1
			for _, width := range []int{16, 24, 80} {
				x, y, alone := uniform[float32](rows*width, 1), filled[float32](rows*width, poison), filled[float32](width, poison)
				kernels.SpMM(s.pattern(), s.val, x, width, y)
				for i := range rows {
					from, to := s.ptr[i], s.ptr[i+1]
					kernels.SpMM(kernels.NewPattern([]int32{0, to - from}, s.col[from:to], rows), s.val[from:to], x, width, alone)
					if !sameBits(alone, y[i*width:(i+1)*width]) {
						t.Fatalf("%d rows, width %d: row %d has other bits than alone", rows, width, i)
					}
				}
			}
		}
	})
}

// lineReference is the masked softmax of each row of a pattern over the values of s, with what is negligible dropped.
func lineReference(s csr, x []float64, place func(q int) int) []float64 {
	want := make([]float64, len(x))
	for i, from := range s.ptr[:len(s.ptr)-1] {
		var row []float64
		for q := from; q < s.ptr[i+1]; q++ {
			row = append(row, x[place(int(q))])
		}
		for k, v := range softmaxReference(row, true, false) {
			want[place(int(from)+k)] = v
		}
	}
	return want
}

// checkLines compares the softmax of rows with its definition; every seventh entry is masked, and some are negligible.
func checkLines[T kernels.Float](t *testing.T, s csr, guard func([]T) []T) {
	t.Helper()
	x, exact := make([]T, len(s.val)), make([]float64, len(s.val))
	for i := range x {
		if i%7 != 3 {
			x[i] = T(math.Sin(float64(i)) - 1.5)
		}
		if i%11 == 5 {
			x[i] = -9000
		}
		exact[i] = float64(x[i])
	}
	x = guard(x)
	y, scratch := guard(filled[T](len(x), poison)), guard(make([]T, len(x)))
	lines := kernels.NewLines(s.pattern())
	kernels.SoftmaxLines(lines, y, x, scratch)
	for i, want := range lineReference(s, exact, func(q int) int { return q }) {
		if got := float64(y[i]); !(math.Abs(got-want) <= 1e-6) || want == 0 && got != 0 {
			t.Fatalf("[%d] = %v of %v, want %v", i, got, x[i], want)
		}
	}
	kernels.SoftmaxLines(lines, x, x, scratch)
	if !sameBits(x, y) {
		t.Error("in place differs")
	}
}

func TestSoftmaxOfSparseRowsMatchesDefinition(t *testing.T) {
	onEveryTableGuarded(t, func(t *testing.T, g guards) {
		for _, s := range append(matrices(), newCSR(3000, 40, 0.1), skewed(4, 20000)) {
			checkLines(t, s, func(x []float32) []float32 { return guarded(g, x) })
			checkLines(t, s, func(x []float64) []float64 { return guarded(g, x) })
		}
	})
}

// The dense softmax of a row and the sparse one agree, a NaN and a row of masked entries included.
func TestSoftmaxOfSparseRowsKeepsNaNAndEmptyRows(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		ptr, col := []int32{0}, []int32(nil)
		var x []float64
		for i := range 20 {
			for j := range 3 {
				v := float64(j + 1)
				switch {
				case i == 4 && j == 1:
					v = nan
				case i == 9:
					v = 0
				}
				x, col = append(x, v), append(col, int32(j))
			}
			ptr = append(ptr, int32(len(col)))
		}
		kernels.SoftmaxLines(kernels.NewLines(kernels.NewPattern(ptr, col, 3)), x, x, make([]float64, len(x)))
		for i, v := range x {
			switch row := i / 3; {
			case row == 4 && v == v:
				t.Errorf("row of a NaN: [%d] = %v", i, v)
			case row == 9 && v != 0:
				t.Errorf("row of masked entries: [%d] = %v", i, v)
			case row != 4 && v != v:
				t.Errorf("row %d: [%d] is NaN", row, i)
			}
		}
	})
}

func TestPatternsRefuseTablesThatLeaveThem(t *testing.T) {
	for name, f := range map[string]func(){
		"no rows":       func() { kernels.NewPattern(nil, nil, 3) },
		"first pointer": func() { kernels.NewPattern([]int32{1, 1}, []int32{0}, 3) },
		"last pointer":  func() { kernels.NewPattern([]int32{0, 2}, []int32{0}, 3) },
		"falling":       func() { kernels.NewPattern([]int32{0, 2, 1, 2}, []int32{0, 0}, 3) },
		"beyond":        func() { kernels.NewPattern([]int32{0, 5, 2}, []int32{0, 0}, 3) },
		"column":        func() { kernels.NewPattern([]int32{0, 1}, []int32{3}, 3) },
		"negative":      func() { kernels.NewPattern([]int32{0, 1}, []int32{-1}, 3) },
		"columns":       func() { kernels.NewPattern([]int32{0, 0}, nil, -1) },
		"SoftmaxLines": func() {
			lines := kernels.NewLines(kernels.NewPattern([]int32{0, 1}, []int32{0}, 1))
			kernels.SoftmaxLines(lines, make([]float32, 1), make([]float32, 2), make([]float32, 1))
		},
	} {
		if !panics(f) {
			t.Errorf("%s: no panic", name)
		}
	}
}

// checkRepeat compares a repetition with its definition, for whole and for broken repetitions.
func checkRepeat[T kernels.Float](t *testing.T, guard func([]T) []T) {
	t.Helper()
	for _, times := range []int{1, 2, 10, 17, 64} {
		r := kernels.NewRepeats(1030, times)
		for _, n := range []int{0, 1, 15, 16, 40, 1024, 1030} {
			dst, src := guard(filled[T](n, poison)), guard(uniform[T]((n+times-1)/times, 1))
			kernels.Repeat(r, dst, src)
			for i, v := range dst {
				if v != src[i/times] {
					t.Fatalf("%d elements, each %d times: [%d] = %v, want %v", n, times, i, v, src[i/times])
				}
			}
		}
	}
}

func TestRepeatedElementsStandInARow(t *testing.T) {
	onEveryTableGuarded(t, func(t *testing.T, g guards) {
		checkRepeat(t, func(x []float32) []float32 { return guarded(g, x) })
		checkRepeat(t, func(x []float64) []float64 { return guarded(g, x) })
	})
	for name, f := range map[string]func(){
		"a negative number":   func() { kernels.NewRepeats(-1, 2) },
		"no time":             func() { kernels.NewRepeats(4, 0) },
		"more than the table": func() { kernels.Repeat(kernels.NewRepeats(4, 2), make([]float32, 5), make([]float32, 9)) },
		"more than there is":  func() { kernels.Repeat(kernels.NewRepeats(4, 2), make([]float32, 3), make([]float32, 1)) },
	} {
		if !panics(f) {
			t.Errorf("%s: no panic", name)
		}
	}
}

// A stored zero is an entry like any other: 0·NaN is NaN.
func TestSpMMPropagatesNaNOfStoredZeros(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		y := make([]float32, 5)
		kernels.SpMM(kernels.NewPattern([]int32{0, 1}, []int32{0}, 1), []float32{0}, filled(5, float32(nan)), 5, y)
		for i, v := range y {
			if v == v {
				t.Errorf("y[%d] = %v, want NaN", i, v)
			}
		}
	})
}

func BenchmarkSpMM(b *testing.B) {
	benchEveryTable(b, func(b *testing.B) {
		for name, s := range map[string]csr{"any": newCSR(2000, 2000, 0.005), "band": banded(512, 12)} {
			n, p := len(s.ptr)-1, s.pattern()
			for _, width := range []int{1, 16, 64} {
				x, y := uniform[float32](n*width, 1), make([]float32, n*width)
				b.Run(fmt.Sprintf("pattern=%s/rows=%d/entries=%d/width=%d", name, n, len(s.col), width), func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						kernels.SpMM(p, s.val, x, width, y)
					}
					b.ReportMetric(2*float64(len(s.col)*width)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOPS")
				})
			}
		}
	})
}
