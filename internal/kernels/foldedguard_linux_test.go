package kernels_test

import (
	"testing"

	"rpnc/internal/kernels"
)

// guardedFolded computes forms of so many rows, with the last block of w asked for to its very end.
func guardedFolded[T kernels.Float](g guards, rows, q int) {
	x, w := guarded(g, uniform[T](rows*q, 1)), guarded(g, uniform[T](q*q, 2))
	z, f := guarded(g, filled[T](rows*q, poison)), kernels.NewFolded[T](q)
	last := kernels.FoldedBlocks(q) - 1
	for block := range last + 1 {
		f.Next(w, last)
		f.Next(w, last)
		f.Next(w, block)
		kernels.FoldedProduct(z, q, x, q, rows, w, block, f)
	}
	for _, v := range z {
		if v == poison {
			g.t.Fatalf("%d×%d: an element of z was not written", rows, q)
		}
	}
}

func TestFoldedProductsStayInsideTheirOperands(t *testing.T) {
	onEveryTableGuarded(t, func(t *testing.T, g guards) {
		for _, s := range [][2]int{{1, 1}, {2, 33}, {13, 64}, {14, 71}, {27, 96}, {65, 40}, {92, 34}, {3, 800}} {
			guardedFolded[float32](g, s[0], s[1])
			guardedFolded[float64](g, s[0], s[1])
		}
	})
}
