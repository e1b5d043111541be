package kernels_test

import (
	"testing"

	"rpnc/internal/kernels"
)

// whole makes the elements whole numbers from −2 to 2, whose products add up without rounding.
func whole[T kernels.Float](x []T) []T {
	for i, v := range x {
		x[i] = T(int(5*(v+1)/2)) - 2
	}
	return x
}

// checkLong computes (m×k)·(k×n) into rows that lie apart, and adds the same to ones; both are exact.
func checkLong[T kernels.Float](t *testing.T, m, n, k, rsA, csA, rsB, csB int) {
	t.Helper()
	a, b := whole(uniform[T](m*k, 1)), whole(uniform[T](k*n, 2))
	ldc := n + 3
	fresh, more := filled[T](m*ldc, poison), filled[T](m*ldc, 1)
	kernels.Gemm(m, n, k, a, rsA, csA, b, rsB, csB, fresh, ldc, false)
	kernels.Gemm(m, n, k, a, rsA, csA, b, rsB, csB, more, ldc, true)
	for i := range m {
		for j := range n {
			var want T
			for p := range k {
				want += a[i*rsA+p*csA] * b[p*rsB+j*csB]
			}
			if got := fresh[i*ldc+j]; got != want {
				t.Fatalf("(%d×%d)·(%d×%d): C[%d,%d] = %v, want %v", m, k, k, n, i, j, got, want)
			}
			if got := more[i*ldc+j]; got != want+1 {
				t.Fatalf("(%d×%d)·(%d×%d): 1 + C[%d,%d] = %v, want %v", m, k, k, n, i, j, got, want+1)
			}
		}
		if i < m-1 && (fresh[i*ldc+n] != poison || more[i*ldc+n] != 1) {
			t.Fatalf("(%d×%d)·(%d×%d): wrote C's padding in row %d", m, k, k, n, i)
		}
	}
}

func TestLongSumsAreWholeInEveryLayout(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for _, s := range [][3]int{{5, 9, 8195}, {1, 3, 4096}, {17, 1, 4099}, {64, 64, 6272}, {13, 35, 9001}} {
			m, n, k := s[0], s[1], s[2]
			checkLong[float32](t, m, n, k, k, 1, n, 1)
			checkLong[float32](t, m, n, k, k, 1, 1, k)
			checkLong[float32](t, m, n, k, 1, m, n, 1)
			checkLong[float64](t, m, n, k, 1, m, n, 1)
		}
	})
}

// B of more than 8 MiB comes from memory while it is multiplied; its last rows and columns fill no tile.
func TestLargeFactorsAreReadWholeWhereTheyStreamFromMemory(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		const k, n = 4099, 523
		for _, m := range []int{3, 15, 17, 30} {
			checkLong[float32](t, m, n, k, 1, m, n, 1)
		}
		checkLong[float64](t, 7, 300, k, k, 1, 300, 1)
		checkLong[float64](t, 3, 1100, 961, 1, 3, 1100, 1)
		checkLong[float32](t, 2103, 17, 1033, 1033, 1, 1, 1033)
	})
}

// C of more than 4 MiB is written a few rows at a time.
func TestLargeResultsOfShortSumsAreWhole(t *testing.T) {
	onEveryTable(t, func(t *testing.T) { checkLong[float32](t, 29, 39003, 3, 3, 1, 39003, 1) })
}

func TestLongSumsHaveTheSameBitsOnAnyNumberOfCores(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for _, s := range [][3]int{{25, 20, 8301}, {16, 1033, 2103}, {32, 1033, 2103}} {
			m, n, k := s[0], s[1], s[2]
			a, b := uniform[float32](m*k, 1), uniform[float32](k*n, 2)
			one, many := make([]float32, m*n), make([]float32, m*n)
			onCores(1, func() { kernels.Gemm(m, n, k, a, 1, m, b, n, 1, one, n, false) })
			onCores(3, func() { kernels.Gemm(m, n, k, a, 1, m, b, n, 1, many, n, false) })
			if !sameBits(one, many) {
				t.Errorf("(%d×%d)·(%d×%d): one core and three compute different bits", m, k, k, n)
			}
		}
	})
}

func TestWhatFollowsALongSumMeetsEachElementOnceWhenItIsDone(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		onCores(2, func() { checkThen(t, 1, 6, 7, 8195) })
	})
}
