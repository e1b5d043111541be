package kernels_test

import (
	"fmt"
	"math"
	"testing"

	"rpnc/internal/kernels"
)

// softmaxReference is the definition in float64, masked entries left out.
func softmaxReference(row []float64, mask, log bool) []float64 {
	top := -inf
	for _, v := range row {
		if !mask || v != 0 {
			top = max(top, v)
		}
	}
	total := 0.0
	for _, v := range row {
		if !mask || v != 0 {
			total += math.Exp(v - top)
		}
	}
	out := make([]float64, len(row))
	for i, v := range row {
		switch {
		case total != total:
			out[i] = nan
		case mask && v == 0:
		case log:
			out[i] = v - top - math.Log(total)
		default:
			out[i] = math.Exp(v-top) / total
		}
	}
	return out
}

func TestSoftmaxMatchesDefinition(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		rows := [][]float64{{1, 2, 3}, {0, 0, 0}, {0, -5, 0}, {0, -200, -201}, {1000, 1001, 0}, {-1000, -1001, -1000}, {nan, 1, 0}, {1, inf, 0}, {-inf, 1, 0}}
		long := make([]float64, 700)
		for i := range long {
			long[i] = math.Sin(float64(i*i)) * float64(i%3)
		}
		for _, row := range append(rows, long) {
			for _, mask := range []bool{false, true} {
				for _, log := range []bool{false, true} {
					x := make([]float32, 0, 2*len(row))
					for range 2 {
						for _, v := range row {
							x = append(x, float32(v))
						}
					}
					f := kernels.Softmax[float32]
					if log {
						f = kernels.LogSoftmax[float32]
					}
					f(x, 2, len(row), mask)
					want := softmaxReference(row, mask, log)
					for i, got := range x {
						w := want[i%len(row)]
						if w != w && got != got || float64(got) == w {
							continue
						}
						if !(math.Abs(float64(got)-w) <= 1e-6*max(1, math.Abs(w))) {
							t.Fatalf("mask=%v log=%v row %.4v: [%d] = %v, want %v", mask, log, row, i, got, w)
						}
					}
				}
			}
		}
	})
}

func TestGatherAndScatterAddAreTransposes(t *testing.T) {
	table := []int32{3, -1, 0, 3, 6, -1, 2, 2}
	const m = 7
	for _, rows := range []int{0, 1, 5, 5000} { // the last on several cores
		x, dy := uniform[float64](rows*m, 1), uniform[float64](rows*len(table), 2)
		y, dx := filled[float64](len(dy), poison), make([]float64, len(x))
		kernels.Gather(y, x, rows, table)
		for i, v := range y {
			want := 0.0
			if c := table[i%len(table)]; c >= 0 {
				want = x[i/len(table)*m+int(c)]
			}
			if v != want {
				t.Fatalf("rows=%d: y[%d] = %v, want %v", rows, i, v, want)
			}
		}
		kernels.ScatterAdd(dx, dy, rows, table)
		// ⟨Gx, dy⟩ = ⟨x, Gᵀdy⟩
		if p, q := kernels.Dot(y, dy), kernels.Dot(x, dx); math.Abs(p-q) > 1e-11*float64(len(dy)+1) {
			t.Errorf("rows=%d: ⟨Gx, dy⟩ = %v, ⟨x, Gᵀdy⟩ = %v", rows, p, q)
		}
		before := append([]float64(nil), dx...)
		kernels.ScatterAdd(dx, make([]float64, len(dy)), rows, table)
		if !sameBits(dx, before) {
			t.Errorf("rows=%d: ScatterAdd of zeros changed dst", rows)
		}
	}
}

func TestTransposeMatchesDefinition(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for _, rows := range []int{0, 1, 15, 16, 17, 65, 300} {
			for _, cols := range []int{0, 1, 9, 16, 33, 129} {
				x := uniform[float32](rows*cols, 1)
				y := filled[float32](rows*cols, poison)
				kernels.Transpose(y, x, rows, cols)
				for i := range rows {
					for j := range cols {
						if y[j*rows+i] != x[i*cols+j] {
							t.Fatalf("%d×%d: wrong at [%d,%d]", rows, cols, i, j)
						}
					}
				}
			}
		}
	})
}

func TestCopyStridedSlicesPermutesAndBroadcasts(t *testing.T) {
	src := []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11} // 2×3×2
	for name, c := range map[string]struct {
		from                   int
		dstStrides, srcStrides []int
		dims                   []int
		want                   []float64
	}{
		"copy":      {0, []int{6, 2, 1}, []int{6, 2, 1}, []int{2, 3, 2}, src},
		"permute":   {0, []int{6, 3, 1}, []int{1, 6, 2}, []int{2, 2, 3}, []float64{0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11}},
		"slice":     {2, []int{4, 2, 1}, []int{6, 2, 1}, []int{2, 2, 2}, []float64{2, 3, 4, 5, 8, 9, 10, 11}},
		"broadcast": {3, []int{2, 1}, []int{1, 0}, []int{3, 2}, []float64{3, 3, 4, 4, 5, 5}},
		"scalar":    {5, nil, nil, nil, []float64{5}},
		"empty":     {0, []int{1, 1}, []int{1, 1}, []int{3, 0}, nil},
		"spread":    {0, []int{2}, []int{1}, []int{2}, []float64{0, poison, 1}},
	} {
		got := filled[float64](len(c.want), poison)
		kernels.CopyStrided(got, c.dstStrides, src[c.from:], c.srcStrides, c.dims)
		if !sameBits(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// The matrices are large enough to be split; the same calls must not allocate.
func TestRowKernelsGiveSameBitsForAnyNumberOfCores(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		const n, width = 1500, 40
		s := newCSR(n, n, 0.02)
		p, x := s.pattern(), uniform[float32](n*width, 1)
		transposed := p.Transposed()
		lines, scratch := kernels.NewLines(p), make([]float32, len(s.val))
		table := make([]int32, width)
		for i := range table {
			table[i] = int32(i*7%width) - 1
		}
		for name, f := range map[string]func(y []float32){
			"SpMM":         func(y []float32) { kernels.SpMM(p, s.val, x, width, y) },
			"SpMMᵀ":        func(y []float32) { kernels.SpMM(transposed, s.val, x, width, y) },
			"SDDMM":        func(y []float32) { kernels.SDDMM(p, x, x, width, y[:len(s.val)]) },
			"SoftmaxLines": func(y []float32) { kernels.SoftmaxLines(lines, y[:len(s.val)], s.val, scratch) },
			"Softmax":      func(y []float32) { copy(y, x); kernels.Softmax(y, n, width, true) },
			"LogSoftmax":   func(y []float32) { copy(y, x); kernels.LogSoftmax(y, n, width, false) },
			"Gather":       func(y []float32) { kernels.Gather(y, x, n, table) },
			"ScatterAdd":   func(y []float32) { clear(y); kernels.ScatterAdd(y, x, n, table) },
			"Transpose":    func(y []float32) { kernels.Transpose(y, x, n, width) },
		} {
			t.Run(name, func(t *testing.T) {
				sameForAnyCores(t, func() []float32 {
					y := make([]float32, n*width)
					f(y)
					return y
				})
				y := make([]float32, n*width)
				noAllocs(t, name, func() { f(y) })
			})
		}
	})
}

func BenchmarkSoftmax(b *testing.B) {
	benchEveryTable(b, func(b *testing.B) {
		const rows, cols = 512, 512
		x, y := uniform[float32](rows*cols, 1), make([]float32, rows*cols)
		b.Run(fmt.Sprintf("rows=%d/cols=%d", rows, cols), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				copy(y, x)
				kernels.Softmax(y, rows, cols, false)
			}
		})
	})
}
