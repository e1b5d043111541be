package kernels_test

import (
	"fmt"
	"syscall"
	"testing"
	"unsafe"

	"rpnc/internal/kernels"
)

// Assembly has no bounds checks: here every slice lies between pages that no one
// may touch, so that a kernel which leaves one ends the test with a fault.

// guards hands out slices that end, or begin, at a forbidden page.
type guards struct {
	t       *testing.T
	atStart bool
}

// guarded copies x between forbidden pages.
func guarded[T kernels.Float](g guards, x []T) []T {
	g.t.Helper()
	page := syscall.Getpagesize()
	var e T
	size := len(x) * int(unsafe.Sizeof(e))
	room := (size + page - 1) / page * page
	m, err := syscall.Mmap(-1, 0, room+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { _ = syscall.Munmap(m) })
	for _, forbidden := range [][]byte{m[:page], m[page+room:]} {
		if err := syscall.Mprotect(forbidden, syscall.PROT_NONE); err != nil {
			g.t.Fatal(err)
		}
	}
	if size == 0 {
		return nil
	}
	first := page + room - size
	if g.atStart {
		first = page
	}
	y := unsafe.Slice((*T)(unsafe.Pointer(&m[first])), len(x))
	copy(y, x)
	return y
}

// watching is called before kernels of a table run between forbidden pages, and what it returns after that.
var watching = func() (after func()) { return func() {} }

// onEveryTableGuarded runs f with each table, with guards behind and before.
func onEveryTableGuarded(t *testing.T, f func(t *testing.T, g guards)) {
	onEveryTable(t, func(t *testing.T) {
		defer watching()()
		for _, atStart := range []bool{false, true} {
			t.Run(fmt.Sprintf("atStart=%v", atStart), func(t *testing.T) { f(t, guards{t, atStart}) })
		}
	})
}

// guardedGemm runs one product in every layout that leaves no gaps at the ends.
func guardedGemm[T kernels.Float](t *testing.T, g guards, m, n, k int) {
	for la := range layouts {
		for lb := range layouts {
			a, b := newOperand[T](la, m, k, 1), newOperand[T](lb, k, n, 2)
			a.data, b.data = guarded(g, a.data), guarded(g, b.data)
			c := guarded(g, filled[T](m*n, poison))
			kernels.Gemm(m, n, k, a.data, a.rs, a.cs, b.data, b.rs, b.cs, c, n, false)
			checkProduct(t, m, n, k, a, b, c, nil, n)
			kernels.Gemm(m, n, k, a.data, a.rs, a.cs, b.data, b.rs, b.cs, c, n, true)
			kernels.GemmRelu(1, m, n, k, a.data, a.rs, a.cs, 0, b.data, b.rs, b.cs, 0, c)
		}
	}
}

func TestGemmStaysInsideItsOperands(t *testing.T) {
	onEveryTableGuarded(t, func(t *testing.T, g guards) {
		for _, s := range [][3]int{{1, 1, 1}, {7, 5, 3}, {9, 17, 8}, {13, 31, 16}, {8, 33, 7}, {130, 40, 9}, {3, 70, 19}, {97, 129, 5},
			{130, 10, 20}, {71, 3, 16}, {33, 10, 70}, {9, 7, 131}, {1, 300, 5}, {2, 140, 6}, {1, 131, 27}, {2, 259, 19}} {
			guardedGemm[float32](t, g, s[0], s[1], s[2])
			guardedGemm[float64](t, g, s[0], s[1], s[2])
		}
		for _, s := range [][3]int{{5, 523, 4099}, {15, 1385, 1553}, {16, 1033, 2103}, {32, 1033, 2031}, {47, 137, 15320}} {
			guardedStream[float32](g, s[0], s[1], s[2])
		}
		guardedStream[float64](g, 31, 1033, 1019)
		guardedStream[float64](g, 16, 547, 1931)
	})
}

// guardedStream reads B from memory line by line: a sum that is computed as it is, or transposed.
func guardedStream[T kernels.Float](g guards, m, n, k int) {
	a, b, c := guarded(g, uniform[T](m*k, 1)), guarded(g, uniform[T](k*n, 2)), guarded(g, filled[T](m*n, poison))
	kernels.Gemm(m, n, k, a, 1, m, b, n, 1, c, n, false)
	for _, at := range []int{0, n - 1, m*n/2 + n/3, (m - 1) * n, m*n - 1} {
		want := 0.0
		for p := range k {
			want += float64(a[p*m+at/n]) * float64(b[p*n+at%n])
		}
		if d := float64(c[at]) - want; !(d*d <= epsilon[T]()*epsilon[T]()*float64(k)*float64(k)) {
			g.t.Errorf("%d×%d×%d: element %d is %v, want %v", m, n, k, at, c[at], want)
		}
	}
}

func TestTransposeStaysInsideItsOperands(t *testing.T) {
	onEveryTableGuarded(t, func(t *testing.T, g guards) {
		for _, s := range [][2]int{{1, 1}, {4, 4}, {8, 8}, {8, 16}, {9, 7}, {17, 23}, {520, 24}, {33, 600}} {
			guardedTranspose[float32](t, g, s[0], s[1])
			guardedTranspose[float64](t, g, s[0], s[1])
		}
	})
}

func TestNarrowSoftmaxStaysInsideItsOperand(t *testing.T) {
	onEveryTableGuarded(t, func(t *testing.T, g guards) {
		for _, s := range [][2]int{{8, 1}, {16, 3}, {264, 7}, {40, 9}, {512, 31}} {
			kernels.Softmax(guarded(g, uniform[float32](s[0]*s[1], 1)), s[0], s[1], false)
			kernels.LogSoftmax(guarded(g, uniform[float64](s[0]*s[1], 1)), s[0], s[1], false)
		}
	})
}

func guardedTranspose[T kernels.Float](t *testing.T, g guards, rows, cols int) {
	x, y := guarded(g, uniform[T](rows*cols, 1)), guarded(g, filled[T](rows*cols, poison))
	kernels.Transpose(y, x, rows, cols)
	for i := range rows {
		for j := range cols {
			if y[j*rows+i] != x[i*cols+j] {
				t.Fatalf("%d×%d: wrong at [%d,%d]", rows, cols, i, j)
			}
		}
	}
}

// guardedMaps runs every map and reduction on n elements.
func guardedMaps[T kernels.Float](g guards, n int) {
	x, y, z := guarded(g, uniform[T](n, 1)), guarded(g, uniform[T](n, 2)), guarded(g, make([]T, n))
	for _, u := range unaries[T]() {
		u.f(z, x)
	}
	for _, f := range []func(dst, x, y []T){
		kernels.Add[T], kernels.Sub[T], kernels.Mul[T], kernels.Div[T], kernels.Gate[T], kernels.Maximum[T], kernels.Minimum[T],
		kernels.Less[T], kernels.LessEqual[T], kernels.Equal[T],
	} {
		f(z, x, y)
	}
	kernels.Axpy(z, 2, x)
	kernels.Mark(z, x, y, 3)
	kernels.Gauss(z, x)
	kernels.SinCos(z, guarded(g, make([]T, n)), x)
	kernels.RepeatLines(guarded(g, filled[T](3*n, poison)), x, max(1, n), 3)
	kernels.Dot(x, y)
	kernels.Sum(x)
	kernels.Max(x)
	kernels.Softmax(z, 1, n, false)
	kernels.LogSoftmax(z, 1, n, true)
	m, v := guarded(g, make([]T, n)), guarded(g, make([]T, n))
	kernels.Adam(z, x, m, v, kernels.AdamStep{LR: 0.1, Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-8, Step: 1})
	kernels.SGD(z, x, m, kernels.SGDStep{LR: 0.1, Momentum: 0.9})
	for _, rows := range []int{1, 2, 300} {
		kernels.SumColumns(z, guarded(g, uniform[T](rows*n, 3)), rows, n)
		kernels.SumRows(guarded(g, make([]T, rows)), guarded(g, uniform[T](rows*n, 3)), rows, n)
	}
}

func TestMapsAndReductionsStayInsideTheirSlices(t *testing.T) {
	onEveryTableGuarded(t, func(t *testing.T, g guards) {
		for _, n := range positions {
			guardedMaps[float32](g, n)
			guardedMaps[float64](g, n)
		}
	})
}

// guardedNorm runs batch norm with a relu, forward, backward and as a map, between forbidden pages.
func guardedNorm[T kernels.Float](g guards, rows, cols, heads int) {
	m := heads * cols
	some := func(n int) []T { return guarded(g, uniform[T](n, uint64(n))) }
	n := &kernels.NormRelu[T]{Rows: rows, Columns: cols, Heads: heads, Eps: 1e-3, Scale: 0.5}
	z, x, dx, w, s := some(rows*cols), some(rows*m), some(rows*m), some(m), some(m)
	base, variance, r := some(m), some(m), some(m)
	n.Forward(z, base, variance, r, x, w, s)
	n.Backward(dx, some(m), some(m), some(m), z, x, w, s, base, r)
	n.Map(z, x, w, s)
}

func TestNormReluStaysInsideItsOperands(t *testing.T) {
	onEveryTableGuarded(t, func(t *testing.T, g guards) {
		for _, cols := range positions {
			for _, c := range [][2]int{{1, 1}, {3, 2}, {9, 3}} {
				guardedNorm[float32](g, c[0], cols, c[1])
				guardedNorm[float64](g, c[0], cols, c[1])
			}
		}
	})
}

func TestPooledNormsStayInsideTheirOperands(t *testing.T) {
	onEveryTableGuarded(t, func(t *testing.T, g guards) {
		for _, s := range gridSizes {
			checkGrids(t, s[0], s[1], s[2], s[3], func(x []float32) []float32 { return guarded(g, x) })
			checkGrids(t, s[0], s[1], s[2], s[3], func(x []float64) []float64 { return guarded(g, x) })
		}
	})
}

func TestCubicSplinesStayInsideTheirSlices(t *testing.T) {
	onEveryTableGuarded(t, func(t *testing.T, g guards) {
		checkSplines(t, func(n int) []float32 { return guarded(g, filled[float32](n, poison)) }, 2e-5)
		checkSplines(t, func(n int) []float64 { return guarded(g, filled[float64](n, poison)) }, 1e-13)
	})
}
