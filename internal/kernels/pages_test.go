package kernels_test

import (
	"testing"

	"rpnc/internal/kernels"
)

func TestLargePagesLeaveMemoryAsItIs(t *testing.T) {
	for _, n := range []int{0, 1, 1 << 19, 1<<21 + 7} {
		s := uniform[float32](n, 1)
		want := append([]float32{}, s...)
		kernels.LargePages(s)
		for i, v := range s {
			if v != want[i] {
				t.Fatalf("%d elements: element %d was %v and is %v", n, i, want[i], v)
			}
			s[i] = 1
		}
	}
}
