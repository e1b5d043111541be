package kernels_test

import (
	"testing"

	"rpnc/internal/kernels"
)

// Widths below, at and beyond a block, and such that squares are left over.
func checkFolded[T kernels.Float](t *testing.T) {
	for _, size := range []struct{ rows, q, lead int }{
		{1, 1, 0}, {3, 5, 1}, {2, 31, 2}, {4, 32, 1}, {5, 33, 0}, {3, 70, 3}, {9, 96, 1}, {2, 700, 1}, {93, 68, 1}, {2, 500, 0},
	} {
		q, p := size.q, size.lead+size.q
		x, w := uniform[T](size.rows*p, 1), uniform[T](p*q, 2)
		z, f := make([]T, size.rows*q), kernels.NewFolded[T](q, size.lead)
		f.Stream(w)
		for block := range kernels.FoldedBlocks(q) {
			kernels.FoldedProduct(z, q, x, p, size.rows, w, block, f)
		}
		for r := range size.rows {
			row := x[r*p:][:p]
			got, want, scale := 0.0, 0.0, 0.0
			for k, u := range row[size.lead:] {
				got += float64(u) * float64(z[r*q+k])
				for j, v := range row {
					term := float64(w[j*q+k]) * float64(v) * float64(u)
					want, scale = want+term, scale+term*term
				}
			}
			if diff := got - want; diff*diff > 1e-11*(scale+1) {
				t.Errorf("%d×%d, row %d: %v, want %v", size.rows, q, r, got, want)
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
