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

// Rows of A overlap where they are less than k apart, as in views of one vector.
func checkPanels[T kernels.Float](t *testing.T) {
	const width, gap = kernels.PanelWidth, kernels.PanelWidth + 3
	var p kernels.PanelProduct[T]
	for _, s := range []struct{ rows, k, rowA int }{{1, 1, 1}, {13, 40, 40}, {14, 7, 2}, {27, 33, 0}, {93, 300, 8}} {
		a, b := uniform[T]((s.rows-1)*s.rowA+s.k, 1), uniform[T](s.k*width, 2)
		got, want := uniform[T](s.rows*gap, 3), uniform[T](s.rows*gap, 3)
		for _, accumulate := range []bool{true, false} {
			p.Multiply(s.rows, s.k, a, s.rowA, b, got, gap, accumulate)
			for i := range s.rows {
				for j := range width {
					sum := 0.0
					if accumulate {
						sum = float64(want[i*gap+j])
					}
					for k := range s.k {
						sum += float64(a[i*s.rowA+k]) * float64(b[k*width+j])
					}
					want[i*gap+j] = T(sum)
				}
			}
			for i := range want {
				if d := float64(got[i] - want[i]); d*d > 1e-10*float64(s.k) {
					t.Fatalf("%+v, accumulate %v: element %d is %v, want %v", s, accumulate, i, got[i], want[i])
				}
			}
		}
	}
}

func TestProductsWithPanelsAreProducts(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		checkPanels[float32](t)
		checkPanels[float64](t)
	})
}
