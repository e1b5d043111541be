package kernels_test

import (
	"testing"

	"rpnc/internal/kernels"
)

func TestPatchProductsStayInsideTheirOperands(t *testing.T) {
	onEveryTableGuarded(t, func(t *testing.T, g guards) {
		for _, c := range patchCases {
			guardedPatches[float32](g, c)
			guardedPatches[float64](g, c)
		}
	})
}

// guardedPatches runs a product and its gradient between forbidden pages.
func guardedPatches[T kernels.Float](g guards, c patchCase) {
	cells, k := c.h*c.w, c.channels*len(c.offsets)/2
	x, w := guarded(g, uniform[T](c.batch*c.channels*cells, 1)), guarded(g, uniform[T](c.outputs*k, 2))
	y := guarded(g, make([]T, c.batch*c.outputs*cells))
	p := kernels.NewPatches[T](c.batch, c.h, c.w, c.channels, c.outputs, c.offsets)
	p.Mul(y, w, x)
	p.Gradient(w, y, x)
}

func TestWindowsStayInsideTheirOperands(t *testing.T) {
	onEveryTableGuarded(t, func(t *testing.T, g guards) {
		for _, c := range windowCases {
			for _, least := range []bool{false, true} {
				checkWindows(t, c, least, func(x []float32) []float32 { return guarded(g, x) })
				checkWindows(t, c, least, func(x []float64) []float64 { return guarded(g, x) })
			}
		}
		for _, s := range [][2]int{{1, 2}, {3, 7}, {14, 28}, {3, 33}, {2, 65}} {
			checkDeal(t, s[0], s[1], func(x []float32) []float32 { return guarded(g, x) })
			checkDeal(t, s[0], s[1], func(x []float64) []float64 { return guarded(g, x) })
		}
	})
}
