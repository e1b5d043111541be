package kernels_test

import (
	"testing"

	"rpnc/internal/kernels"
)

func TestRepeatedLinesStandInARow(t *testing.T) {
	for _, c := range []struct{ lines, n, times int }{{1, 1, 1}, {3, 5, 2}, {4, 64, 10}, {2, 17, 1}, {0, 3, 3}} {
		src, dst := filled[float32](c.lines*c.n, 0), filled[float32](c.lines*c.n*c.times, poison)
		for i := range src {
			src[i] = float32(i)
		}
		kernels.RepeatLines(dst, src, c.n, c.times)
		for i, v := range dst {
			if want := src[i/(c.n*c.times)*c.n+i%c.n]; v != want {
				t.Fatalf("%+v: element %d is %v, want %v", c, i, v, want)
			}
		}
	}
	if !panics(func() { kernels.RepeatLines(make([]float32, 7), make([]float32, 7), 2, 2) }) {
		t.Error("7 elements took lines of 2 twice each")
	}
}
