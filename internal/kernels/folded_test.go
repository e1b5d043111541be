package kernels_test

import (
	"testing"

	"rpnc/internal/kernels"
)

// Widths below, at and beyond a block, and such that squares are left over.
func checkFolded[T kernels.Float](t *testing.T) {
	for _, size := range []struct{ rows, q int }{{1, 1}, {3, 5}, {2, 31}, {4, 32}, {5, 33}, {3, 70}, {9, 96}, {2, 700}, {93, 68}} {
		x, w := uniform[T](size.rows*size.q, 1), uniform[T](size.q*size.q, 2)
		z, f := make([]T, size.rows*size.q), kernels.NewFolded[T](size.q)
		for block := range kernels.FoldedBlocks(size.q) {
			kernels.FoldedProduct(z, size.q, x, size.q, size.rows, w, block, f)
		}
		for r := range size.rows {
			row := x[r*size.q:][:size.q]
			got, want, scale := 0.0, 0.0, 0.0
			for j, v := range row {
				got += float64(v) * float64(z[r*size.q+j])
				for k, u := range row {
					term := float64(w[j*size.q+k]) * float64(v) * float64(u)
					want, scale = want+term, scale+term*term
				}
			}
			if diff := got - want; diff*diff > 1e-11*(scale+1) {
				t.Errorf("%d×%d, row %d: %v, want %v", size.rows, size.q, r, got, want)
			}
		}
	}
}

func TestFoldedProductsAreQuadraticForms(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		checkFolded[float32](t)
		checkFolded[float64](t)
	})
}
