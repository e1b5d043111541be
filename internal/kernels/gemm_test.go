package kernels_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"testing"

	"rpnc/internal/kernels"
)

// operand is a rows×cols matrix in data, poisoned between its elements.
type operand[T kernels.Float] struct {
	data   []T
	rs, cs int
}

// layouts are the ways a test stores an operand: the strides of a rows×cols one.
var layouts = map[string]func(rows, cols int) (rs, cs int){
	"plain":      func(_, cols int) (int, int) { return cols, 1 },
	"transposed": func(rows, _ int) (int, int) { return 1, rows },
	"padded":     func(_, cols int) (int, int) { return cols + 3, 1 },
	"paddedT":    func(rows, _ int) (int, int) { return 1, rows + 3 },
	"sparse":     func(_, cols int) (int, int) { return 2*cols + 5, 2 },
}

// newOperand fills a rows×cols operand; one seed gives one matrix in any layout.
func newOperand[T kernels.Float](layout string, rows, cols int, seed uint64) operand[T] {
	rs, cs := layouts[layout](rows, cols)
	o := operand[T]{filled[T](max(0, (rows-1)*rs+(cols-1)*cs+1), poison), rs, cs}
	v := uniform[T](rows*cols, seed)
	for i := range rows {
		for j := range cols {
			o.data[i*rs+j*cs] = v[i*cols+j]
		}
	}
	return o
}

// at is element [i,j].
func (o operand[T]) at(i, j int) float64 { return float64(o.data[i*o.rs+j*o.cs]) }

// checkProduct fails unless c (with ldc) is a·b, plus c0 if that is not nil, to
// within rounding, and c's padding is untouched.
func checkProduct[T kernels.Float](t *testing.T, m, n, k int, a, b operand[T], c, c0 []T, ldc int) {
	t.Helper()
	for i := range m {
		for j := range n {
			var want, scale float64
			for p := range k {
				v := a.at(i, p) * b.at(p, j)
				want, scale = want+v, scale+math.Abs(v)
			}
			if c0 != nil {
				want, scale = want+float64(c0[i*ldc+j]), scale+math.Abs(float64(c0[i*ldc+j]))
			}
			tol := epsilon[T]() * scale * float64(k+2)
			if got := float64(c[i*ldc+j]); !(math.Abs(got-want) <= tol) {
				t.Fatalf("(%d×%d)·(%d×%d): C[%d,%d] = %v, want %v ± %.1e", m, k, k, n, i, j, got, want, tol)
			}
		}
		if i < m-1 {
			for j := n; j < ldc; j++ {
				if c[i*ldc+j] != poison {
					t.Fatalf("(%d×%d)·(%d×%d): wrote C's padding at [%d,%d]", m, k, k, n, i, j)
				}
			}
		}
	}
}

// gemmCase runs one product in every pair of layouts of A and B, or each layout
// once if the product is large, with and without accumulation.
func gemmCase[T kernels.Float](t *testing.T, m, n, k int) {
	t.Helper()
	names := slices.Sorted(maps.Keys(layouts))
	for x, la := range names {
		for y, lb := range names {
			if m*n*k > 20_000 && (x+2*y)%len(names) != 0 {
				continue
			}
			a, b := newOperand[T](la, m, k, 1), newOperand[T](lb, k, n, 2)
			runCase(t, m, n, k, a, b)
		}
	}
}

// runCase checks A·B and A·B + C.
func runCase[T kernels.Float](t *testing.T, m, n, k int, a, b operand[T]) {
	t.Helper()
	ldc := n + 2
	c0 := filled[T](m*ldc, poison)
	for i := range m {
		copy(c0[i*ldc:i*ldc+n], uniform[T](n, uint64(i)))
	}
	c := append([]T(nil), c0...)
	kernels.Gemm(m, n, k, a.data, a.rs, a.cs, b.data, b.rs, b.cs, c, ldc, false)
	checkProduct(t, m, n, k, a, b, c, nil, ldc)
	c = append(c[:0], c0...)
	kernels.Gemm(m, n, k, a.data, a.rs, a.cs, b.data, b.rs, b.cs, c, ldc, true)
	checkProduct(t, m, n, k, a, b, c, c0, ldc)
}

// edges are the sizes around the borders of tiles, panels and blocks.
var edges = []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 48, 63, 65, 95, 97, 129}

func TestGemmMatchesNaiveLoopAroundTileEdges(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for _, m := range edges {
			for x, n := range edges {
				// A different third size for each pair keeps the cube small.
				k := edges[(x*7+m)%len(edges)]
				if m*n*k > 20_000 || testing.Short() && x%2 != m%2 {
					continue
				}
				gemmCase[float32](t, m, n, k)
				gemmCase[float64](t, m, n, k)
			}
		}
	})
}

func TestGemmMatchesNaiveLoopAcrossBlocks(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for _, s := range [][3]int{{129, 65, 31}, {5, 7, 257}, {2, 9, 513}, {130, 1, 300}, {1, 130, 300}, {35, 38, 258}, {9, 3, 0},
			{97, 130, 385}, {140, 35, 769}, {300, 300, 9}, {17, 600, 20}} {
			if testing.Short() && s[0]*s[1]*s[2] > 500_000 {
				continue // the naive loops are slow under the race detector
			}
			gemmCase[float32](t, s[0], s[1], s[2])
			gemmCase[float64](t, s[0], s[1], s[2])
		}
	})
}

func TestGemmOnSeveralCoresMatchesNaiveLoop(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for _, s := range [][3]int{{140, 130, 270}, {11, 803, 130}, {100, 250, 270}} {
			m, n, k := s[0], s[1], s[2]
			a, b := newOperand[float32]("paddedT", m, k, 1), newOperand[float32]("transposed", k, n, 2)
			c := filled[float32](m*n, poison)
			kernels.Gemm(m, n, k, a.data, a.rs, a.cs, b.data, b.rs, b.cs, c, n, false)
			checkProduct(t, m, n, k, a, b, c, nil, n)
		}
	})
}

// All factors but one are zero, so a kernel that skips zeros gives no NaN.
func TestGemmPropagatesNaNAndInfTimesZero(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for _, s := range [][3]int{{3, 3, 3}, {1, 70, 40}, {40, 1, 40}, {41, 43, 40}, {2, 9, 300}} {
			m, n, k := s[0], s[1], s[2]
			for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
				a, b := make([]float32, m*k), make([]float32, k*n)
				a[(m-1)*k+k-1] = bad // times a row of zeros
				c := make([]float32, m*n)
				kernels.Gemm(m, n, k, a, k, 1, b, n, 1, c, n, false)
				for i, v := range c {
					if want := i >= (m-1)*n; (v != v) != want {
						t.Fatalf("%v with %v in A's last row: C[%d] = %v", s, bad, i, v)
					}
				}
			}
		}
	})
}

func TestGemmBatchEqualsGemmPerItem(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		const batch = 5
		for _, s := range [][3]int{{3, 4, 2}, {28, 64, 28}, {33, 17, 300}, {1, 9, 65}} {
			m, n, k := s[0], s[1], s[2]
			for _, shared := range []string{"none", "A", "B"} {
				bsA, bsB := m*k, k*n
				if shared == "A" {
					bsA = 0
				}
				if shared == "B" {
					bsB = 0
				}
				a, b := uniform[float32](batch*m*k, 1), uniform[float32](batch*k*n, 2)
				got, want := make([]float32, batch*m*n), make([]float32, batch*m*n)
				rows := make([]float32, batch*m*n) // items side by side in each row
				kernels.GemmBatch(batch, m, n, k, a, k, 1, bsA, b, n, 1, bsB, got, n, m*n, false)
				kernels.GemmBatch(batch, m, n, k, a, k, 1, bsA, b, n, 1, bsB, rows, batch*n, n, false)
				for z := range batch {
					kernels.Gemm(m, n, k, a[z*bsA:], k, 1, b[z*bsB:], n, 1, want[z*m*n:], n, false)
					for i := range m {
						if !sameBits(rows[i*batch*n+z*n:][:n], want[(z*m+i)*n:][:n]) {
							t.Fatalf("%v, shared %s: interleaved item %d differs", s, shared, z)
						}
					}
				}
				if !sameBits(got, want) {
					t.Fatalf("%v, shared %s: batch differs from single products", s, shared)
				}
			}
		}
	})
}

func TestGemmGivesSameBitsForAnyNumberOfCores(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for _, s := range []struct {
			m, n, k int
			a, b    string
		}{
			{200, 210, 190, "transposed", "plain"},
			{700, 10, 130, "transposed", "plain"},  // computed transposed
			{700, 10, 130, "plain", "plain"},       // dot products, columns copied
			{701, 11, 130, "padded", "transposed"}, // dot products in place
			{9, 803, 130, "plain", "transposed"},
			{11, 803, 130, "paddedT", "transposed"}, // dot products, transposed
			{100, 250, 270, "plain", "transposed"},  // cores turn columns of their own
			{2, 3000, 130, "plain", "plain"},        // rows of B side by side
			{17, 1500, 1600, "plain", "plain"},
		} {
			a, b := newOperand[float32](s.a, s.m, s.k, 1), newOperand[float32](s.b, s.k, s.n, 2)
			sameForAnyCores(t, func() []float32 {
				c := make([]float32, s.m*s.n)
				kernels.Gemm(s.m, s.n, s.k, a.data, a.rs, a.cs, b.data, b.rs, b.cs, c, s.n, false)
				return c
			})
		}
	})
}

// Calls that find the pool taken run their blocks alone: the same bits.
func TestGemmIsSafeFromManyGoroutines(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		const m = 110
		a, b := uniform[float64](m*m, 1), uniform[float64](m*m, 2)
		want := make([]float64, m*m)
		kernels.Gemm(m, m, m, a, m, 1, b, m, 1, want, m, false)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				c := make([]float64, m*m)
				for range 5 {
					kernels.Gemm(m, m, m, a, m, 1, b, m, 1, c, m, false)
					if !sameBits(c, want) {
						t.Error("a concurrent product differs")
					}
				}
			})
		}
		wg.Wait()
	})
}

func TestGemmDoesNotAllocate(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for _, m := range []int{4, 40, 150} {
			a, c := uniform[float32](m*m, 1), make([]float32, m*m)
			noAllocs(t, fmt.Sprint("Gemm ", m), func() {
				kernels.Gemm(m, m, m, a, 1, m, a, m, 1, c, m, false)
			})
		}
	})
}

func TestGemmRefusesWrongArguments(t *testing.T) {
	x := make([]float32, 12)
	for name, f := range map[string]func(){
		"A too short":     func() { kernels.Gemm(3, 1, 5, x, 5, 1, x, 1, 1, x, 1, false) },
		"B too short":     func() { kernels.Gemm(1, 3, 5, x, 5, 1, x, 3, 1, x, 3, false) },
		"C too short":     func() { kernels.Gemm(4, 4, 1, x, 1, 1, x, 4, 1, x, 4, false) },
		"ldc too small":   func() { kernels.Gemm(2, 3, 1, x, 1, 1, x, 3, 1, x, 2, false) },
		"negative size":   func() { kernels.Gemm(-1, 3, 1, x, 1, 1, x, 3, 1, x, 3, false) },
		"negative stride": func() { kernels.Gemm(2, 2, 2, x, -1, 1, x, 2, 1, x, 2, false) },
		"results overlap": func() { kernels.GemmBatch(2, 2, 2, 2, x, 2, 1, 4, x, 2, 1, 4, x, 2, 1, false) },
	} {
		if !panics(f) {
			t.Errorf("%s: no panic", name)
		}
	}
}

// benchmarkGemm times one row-major product.
func benchmarkGemm[T kernels.Float](b *testing.B, m, n, k int) {
	var zero T
	b.Run(fmt.Sprintf("type=%T/m=%d/n=%d/k=%d", zero, m, n, k), func(b *testing.B) {
		x, y, c := uniform[T](m*k, 1), uniform[T](k*n, 2), make([]T, m*n)
		b.ReportAllocs()
		for b.Loop() {
			kernels.Gemm(m, n, k, x, k, 1, y, n, 1, c, n, false)
		}
		b.ReportMetric(2*float64(m*n*k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOPS")
	})
}

func BenchmarkGemm(b *testing.B) {
	benchEveryTable(b, func(b *testing.B) {
		for _, s := range [][3]int{{6, 6, 6}, {28, 28, 28}, {256, 256, 256}, {512, 512, 512}, {64, 512, 784}, {64, 10, 512}, {1, 512, 784}, {512, 1, 784}, {36864, 32, 25}} {
			benchmarkGemm[float32](b, s[0], s[1], s[2])
			benchmarkGemm[float64](b, s[0], s[1], s[2])
		}
	})
}
