package kernels_test

import (
	"testing"

	"rpnc/internal/kernels"
)

// guardedFolded computes forms of so many rows with a leading one, with w asked for to its very end.
func guardedFolded[T kernels.Float](g guards, rows, q int) {
	x, w := guarded(g, uniform[T](rows*(q+1), 1)), guarded(g, uniform[T]((q+1)*q, 2))
	z, f := guarded(g, filled[T](rows*q, poison)), kernels.NewFolded[T](q, 1)
	f.Stream(w)
	for block := range kernels.FoldedBlocks(q) {
		kernels.FoldedProduct(z, q, x, q+1, rows, w, block, f)
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
