package kernels_test

import (
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"rpnc/internal/kernels"
)

// The allocator of registers does not know that AVX2 has only sixteen, and this
// machine may run what an AVX2 machine can not.
func TestAVX2KernelsUseNoAVX512(t *testing.T) {
	files, err := filepath.Glob("*_amd64.s")
	if err != nil || len(files) == 0 {
		t.Fatalf("files %v, %v", files, err)
	}
	text := regexp.MustCompile(`(?m)^TEXT ·(\w+)`)
	beyond := regexp.MustCompile(`\b(Z\d+|[XY](1[6-9]|2\d|3[01])|K[0-7])\b`)
	kernels := 0
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		starts := text.FindAllStringSubmatchIndex(string(source), -1)
		for i, at := range starts {
			name, end := string(source[at[2]:at[3]]), len(source)
			if i+1 < len(starts) {
				end = starts[i+1][0]
			}
			if !strings.Contains(name, "AVX2") {
				continue
			}
			kernels++
			if found := beyond.Find(source[at[0]:end]); found != nil {
				t.Errorf("%s: %s uses register %s", file, name, found)
			}
		}
	}
	if kernels < 50 {
		t.Errorf("only %d AVX2 kernels found", kernels)
	}
}

// positions are lengths that end in every part of an unrolled loop.
var positions = []int{1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 33, 47, 63, 64, 65, 97, 131}

// A lane of a full register and the last one of a masked tail must agree.
func checkPositions[T kernels.Float](t *testing.T) {
	x := uniform[T](131, 1)
	kernels.Scale(x, x, 9)
	x[3], x[130], x[64], x[65], x[20] = T(nan), T(inf), T(-inf), T(math.Copysign(0, -1)), 1e5
	for _, u := range unaries[T]() {
		whole := make([]T, len(x))
		u.f(whole, x)
		for _, n := range positions {
			got := filled[T](n+1, poison)
			u.f(got[:n], x[len(x)-n:])
			if !sameNumbers(got[:n], whole[len(x)-n:]) || got[n] != poison {
				t.Errorf("%s of the last %d elements differs from its place in all, or wrote past the end", u.name, n)
			}
		}
	}
}

func TestMapsGiveTheSameBitsWhereverAnElementStands(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		checkPositions[float32](t)
		checkPositions[float64](t)
	})
}

// sameNumbers is sameBits, except that any NaN is any other.
func sameNumbers[T kernels.Float](x, y []T) bool {
	for i := range x {
		if x[i] != x[i] && y[i] != y[i] {
			continue
		}
		if !sameBits(x[i:i+1], y[i:i+1]) {
			return false
		}
	}
	return true
}
