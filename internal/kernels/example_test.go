package kernels_test

import (
	"fmt"

	"rpnc/internal/kernels"
)

// A chain of maps over chunks, each in the first cache, and a product that reads a transpose by its strides.
func Example() {
	const b, m, n = 2, 3, 2
	x := []float64{1, 2, 3, 4, 5, 6} // (2×3)
	w := []float64{1, 0, 1, 0, 1, 0} // (2×3)
	y := make([]float64, b*n)
	kernels.Gemm(b, n, m, x, m, 1, w, 1, m, y, n, false) // y = x·wᵀ: the strides of w exchanged
	fmt.Println(y)
	body := func(lo, hi int) {
		kernels.Scale(y[lo:hi], y[lo:hi], 0.5)
		kernels.MaxScalar(y[lo:hi], y[lo:hi], 2)
	}
	kernels.Parallel(len(y), 1024, body)
	fmt.Println(y)
	// Output:
	// [4 2 10 5]
	// [2 2 5 2.5]
}
