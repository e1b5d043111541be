package kernels_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"rpnc/internal/kernels"
)

// around are the cells of the window of GridWindows at (i, j) of a grid, −1 outside.
func around(i, j, width int) (cells [9]int) {
	for k := range cells {
		if r, c := 2*i+k/3-1, 2*j+k%3-1; r < 0 || c < 0 {
			cells[k] = -1
		} else {
			cells[k] = r*width + c
		}
	}
	return cells
}

// winnerOf is the first cell that no later one beats, or the first NaN; cells outside are 0.
func winnerOf[T kernels.Float](z []T, cells [9]int) (at int, v T) {
	at = -2
	for _, cell := range cells {
		x := T(0)
		if cell >= 0 {
			x = z[cell]
		}
		if at == -2 || v == v && (x != x || x > v) {
			at, v = cell, x
		}
	}
	return at, v
}

// gridPool is a NormPool over windows of GridWindows, which pools by their definition.
func gridPool[T kernels.Float](images, channels, rows, cols int) *kernels.NormPool[T] {
	cells, windows := rows*cols, rows*cols/4
	n := kernels.NewNormPool[T](images, channels*cells, cells, windows, 1e-3)
	each := func(y []T, row int, z []T, f func(y *T, z []T, at int, v T)) {
		for i := range images {
			for w := range windows {
				grid := z[i*cells:][:cells]
				at, v := winnerOf(grid, around(w/(cols/2), w%(cols/2), cols))
				f(&y[i*row+w], grid, at, v)
			}
		}
	}
	n.Pool = func(y []T, row int, z []T) { each(y, row, z, func(y *T, _ []T, _ int, v T) { *y = v }) }
	n.Back = func(z, d []T, row int) {
		got := make([]T, len(z))
		i := 0
		each(d, row, z, func(d *T, _ []T, at int, _ T) {
			if at >= 0 {
				got[i/windows*cells+at] += *d
			}
			i++
		})
		copy(z, got)
	}
	return n
}

// coarse draws few different numbers, whose sums have no error.
func coarse[T kernels.Float](n int, seed uint64) []T {
	x := uniform[T](n, seed)
	for i := range x {
		x[i] = T(math.Floor(4*float64(x[i]))) / 4
	}
	return x
}

// checkGrids holds kernels for windows of GridWindows against the definition, bit by bit but for the sign of 0.
func checkGrids[T kernels.Float](t *testing.T, images, channels, rows, cols int, own func([]T) []T) {
	t.Helper()
	columns := channels * rows * cols
	x, w, s, d := own(coarse[T](images*columns, 1)), own(filled[T](columns, 1)), own(filled[T](columns, 0.25)), own(coarse[T](images*columns/4, 2))
	if images > 1 {
		x[len(x)/2] = T(math.NaN())
	}
	results := func(width int) (all [][]T) {
		n := gridPool[T](images, channels, rows, cols)
		n.Width = width
		y, known, dx := own(filled[T](len(d), poison)), own(filled[T](len(d), poison)), own(filled[T](len(x), poison))
		v := make([][]T, 6)
		for i := range v {
			v[i] = own(filled[T](columns, poison))
		}
		n.Map(known, x, w, s)
		n.Forward(y, v[0], v[1], v[2], x, w, s)
		n.Backward(dx, v[3], v[4], v[5], d, x, w, s, v[0], v[2])
		over := own(slices.Clone(x))
		n.Backward(over, v[3], v[4], v[5], d, over, w, s, v[0], v[2])
		return append(v, known, y, dx, over)
	}
	want := results(0)
	for i, v := range want[len(want)-1] {
		if w := want[len(want)-2][i]; v != w && (v == v || w == w) {
			t.Fatalf("%d images of %d×%d×%d: dx over x is %v at %d; want %v", images, channels, rows, cols, v, i, w)
		}
	}
	for k, got := range results(cols) {
		for i, v := range got {
			if w := want[k][i]; v != w && (v == v || w == w) {
				t.Fatalf("%d images of %d×%d×%d, result %d: [%d] is %v; want %v", images, channels, rows, cols, k, i, v, w)
			}
		}
	}
}

var gridSizes = [][4]int{{1, 1, 2, 2}, {3, 2, 4, 6}, {2, 1, 2, 16}, {5, 2, 6, 18}, {2, 3, 28, 28}, {70, 1, 4, 32}, {3, 2, 34, 32}}

func TestPooledNormsOfGridsAreThoseOfTheirWindows(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for _, s := range gridSizes {
			t.Run(fmt.Sprint(s), func(t *testing.T) {
				checkGrids(t, s[0], s[1], s[2], s[3], func(x []float32) []float32 { return x })
				checkGrids(t, s[0], s[1], s[2], s[3], func(x []float64) []float64 { return x })
			})
		}
	})
}

func TestPooledNormsAreTheSameForAnyCoresAndAllocateNothing(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		const images, channels, rows, cols = 20, 5, 16, 16
		columns := channels * rows * cols
		n := gridPool[float32](images, channels, rows, cols)
		n.Width = cols
		n.Back = func(z, d []float32, row int) {} // the one above allocates
		x, w, s, d := uniform[float32](images*columns, 1), uniform[float32](columns, 2), uniform[float32](columns, 3), uniform[float32](images*columns/4, 4)
		y, known, dx := make([]float32, len(d)), make([]float32, len(d)), make([]float32, len(x))
		v := make([][]float32, 6)
		for i := range v {
			v[i] = make([]float32, columns)
		}
		step := func() {
			n.Map(known, x, w, s)
			n.Forward(y, v[0], v[1], v[2], x, w, s)
			n.Backward(dx, v[3], v[4], v[5], d, x, w, s, v[0], v[2])
		}
		sameForAnyCores(t, func() (all []float32) {
			step()
			for _, r := range append(v, known, y, dx) {
				all = append(all, r...)
			}
			return all
		})
		noAllocs(t, "NormPool", step)
	})
}
