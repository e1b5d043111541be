package kernels_test

import (
	"math"
	"testing"

	"rpnc/internal/kernels"
)

// splineReference is a base and its slope by the recurrence of Cox and de Boor over the knots lo + (j−3+k)·cell.
func splineReference(x, lo, cell float64, j int) (b, slope float64) {
	knot := func(k int) float64 { return lo + float64(j-3+k)*cell }
	var base func(i, d int) float64
	base = func(i, d int) float64 {
		if d == 0 {
			if knot(i) <= x && x < knot(i+1) {
				return 1
			}
			return 0
		}
		return (x-knot(i))/(knot(i+d)-knot(i))*base(i, d-1) + (knot(i+d+1)-x)/(knot(i+d+1)-knot(i+1))*base(i+1, d-1)
	}
	return base(0, 3), 3 * (base(0, 2)/(knot(3)-knot(0)) - base(1, 2)/(knot(4)-knot(1)))
}

func checkSplines[T kernels.Float](t *testing.T, guard func(n int) []T, tolerance float64) {
	t.Helper()
	for _, width := range []int{1, 3, 4, 8, 11, 16, 17, 40} {
		const lo, cell, rows = -1, 0.5, 70
		x, y, dy := guard(rows), guard(rows*width), guard(rows*width)
		for i := range x {
			x[i] = T(lo + cell*(float64(i)*float64(width+8)/rows-5))
		}
		x[3], x[4], x[5] = T(nan), T(inf), T(-inf)
		kernels.CubicSplines(y, x, width, lo, cell)
		kernels.CubicSplineSlopes(dy, x, width, lo, cell)
		checkSplineRows(t, guard, x, y, width, lo, cell)
		for i, v := range x {
			for j := range width {
				b, slope := 0.0, 0.0
				if i < 3 || i > 5 {
					b, slope = splineReference(float64(v), lo, cell, j)
				}
				if got := float64(y[i*width+j]); !(math.Abs(got-b) <= tolerance) {
					t.Fatalf("width %d: base %d at %v is %v, want %v", width, j, v, got, b)
				}
				if got := float64(dy[i*width+j]); !(math.Abs(got-slope) <= tolerance/cell*4) {
					t.Fatalf("width %d: slope %d at %v is %v, want %v", width, j, v, got, slope)
				}
			}
		}
	}
}

// checkSplineRows holds the bases of rows of x against those of one x after the other.
func checkSplineRows[T kernels.Float](t *testing.T, guard func(n int) []T, x, want []T, width int, lo, cell T) {
	t.Helper()
	for _, n := range []int{1, 7, 14, 35, 70} {
		y := guard(len(want))
		kernels.CubicSplineRows(y, x, n, width, lo, cell)
		for i, v := range x {
			for j := range width {
				if got, b := y[(i/n*width+j)*n+i%n], want[i*width+j]; got != b {
					t.Fatalf("width %d, rows of %d: base %d at %v is %v, want %v", width, n, j, v, got, b)
				}
			}
		}
	}
}

func TestCubicSplinesFollowTheRecurrence(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		checkSplines(t, func(n int) []float32 { return filled[float32](n, poison) }, 2e-5)
		checkSplines(t, func(n int) []float64 { return filled[float64](n, poison) }, 1e-13)
	})
}
