package kernels_test

import (
	"sync"
	"testing"

	"rpnc/internal/kernels"
)

// checkThen computes a batch with GemmThen: what follows must see each element
// once, when it has its last value.
func checkThen(t *testing.T, batch, m, n, k int) {
	t.Helper()
	a, b := uniform[float32](batch*m*k, 1), uniform[float32](batch*k*n, 2)
	want, got := make([]float32, batch*m*n), make([]float32, batch*m*n)
	kernels.GemmBatch(batch, m, n, k, a, k, 1, m*k, b, 1, k, k*n, want, n, m*n, false)
	seen, met := make([]float32, len(got)), make([]int, len(got))
	var mu sync.Mutex
	kernels.GemmThen(batch, m, n, k, a, k, 1, m*k, b, 1, k, k*n, got, func(lo, hi int) {
		mu.Lock()
		defer mu.Unlock()
		if lo < 0 || lo >= hi || hi > len(got) || lo%n != 0 && (hi-1)/n != lo/n {
			t.Errorf("%d·(%d×%d)·(%d×%d): stretch [%d, %d) is neither rows nor part of one", batch, m, k, k, n, lo, hi)
		}
		copy(seen[lo:hi], got[lo:hi])
		for i := lo; i < hi; i++ {
			met[i]++
			got[i] = 1e9 // the product must not need it any more
		}
	})
	if !sameBits(seen, want) {
		t.Errorf("%d·(%d×%d)·(%d×%d): what follows saw other values", batch, m, k, k, n)
	}
	for i, times := range met {
		if times != 1 || got[i] != 1e9 {
			t.Fatalf("%d·(%d×%d)·(%d×%d): element %d was met %d times and ends as %v", batch, m, k, k, n, i, times, got[i])
		}
	}
}

// A relu of the product is that of its elements, to the bit, in whichever way a product is computed; NaN stays NaN.
func TestGemmReluIsReluOfTheProduct(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for _, s := range [][4]int{{1, 3, 4, 5}, {1, 1, 300, 70}, {1, 130, 10, 64}, {3, 28, 64, 28}, {1, 300, 33, 300}, {1, 20, 150, 900},
			{1, 17, 20, 5000}, {2, 5, 6, 0}, {1, 0, 3, 2}, {5, 2, 2, 100}} {
			batch, m, n, k := s[0], s[1], s[2], s[3]
			a, b := uniform[float32](batch*m*k, 1), uniform[float32](batch*k*n, 2)
			if len(a) > 0 {
				a[0] = float32(nan)
			}
			want, got := make([]float32, batch*m*n), filled[float32](batch*m*n, poison)
			kernels.GemmBatch(batch, m, n, k, a, k, 1, m*k, b, 1, k, k*n, want, n, m*n, false)
			kernels.Relu(want, want)
			if kernels.GemmRelu(batch, m, n, k, a, k, 1, m*k, b, 1, k, k*n, got); !sameBits(got, want) {
				t.Errorf("%v: other values than the relu of the product", s)
			}
		}
	})
}

func TestWhatFollowsAProductMeetsEachElementOnceWhenItIsDone(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		onCores(2, func() {
			for _, s := range [][4]int{{1, 3, 4, 5}, {1, 1, 300, 70}, {1, 130, 10, 64}, {3, 28, 64, 28}, {1, 300, 33, 300}, {1, 20, 1500, 30},
				{1, 500, 600, 20}, {2, 5, 6, 0}, {1, 0, 3, 2}, {5, 2, 2, 100}} {
				checkThen(t, s[0], s[1], s[2], s[3])
			}
		})
	})
}
