package ops

import (
	"math"
	"math/rand/v2"
	"testing"

	"rpnc/graph"
)

// pooled is a table of (size×size) patches on an h×w grid, one at every stride-th row and column from −out on.
func pooled(h, w, size, down, across, out int) *graph.Index {
	var table []int32
	for i := -out; i < h; i += down {
		for j := -out; j < w; j += across {
			for k := range size * size {
				r, c := i+k/size, j+k%size
				cell := int32(r*w + c)
				if r < 0 || r >= h || c < 0 || c >= w {
					cell = -1
				}
				table = append(table, cell)
			}
		}
	}
	return graph.NewIndex(table...)
}

// tied draws few different numbers, negative ones beside the zeros of margins, and some NaN.
func tied(rng *rand.Rand, ty graph.Type) *graph.Tensor {
	t := graph.NewTensor(ty)
	for i := range t.F {
		t.F[i] = float64(rng.IntN(4) - 2)
		if rng.IntN(20) == 0 {
			t.F[i] = math.NaN()
		}
	}
	return t
}

func TestPoolingOnGridsFindsTheFirstOfTiedEntries(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, c := range [][6]int{
		{6, 8, 3, 2, 2, 1}, {7, 9, 3, 2, 2, 1}, {7, 9, 2, 2, 2, 0}, {5, 5, 3, 1, 1, 1}, {9, 8, 3, 3, 3, 0}, {8, 7, 4, 2, 3, 2},
		{6, 20, 2, 6, 1, 0}, {20, 7, 3, 1, 4, 1}, {4, 3, 3, 9, 9, 0}, {9, 11, 2, 4, 5, 0},
	} {
		h, w, size := c[0], c[1], c[2]
		table := pooled(h, w, size, c[3], c[4], c[5])
		patches := table.Len() / (size * size)
		if _, ok := planesOf(table, size*size, h*w); !ok {
			t.Fatalf("%v: no grid found", c)
		}
		for _, least := range []bool{false, true} {
			x, d := tied(rng, f64(5, h*w)), graph.NewTensor(f64(5, patches))
			for i := range d.F {
				d.F[i] = float64(rng.IntN(64)) / 8 // sums are exact in any order
			}
			y := agreeing(t, PatchExtreme{Table: table, Size: size * size, Min: least}, x)
			agreeing(t, PatchExtremeGrad{Table: table, Size: size * size}, x, y, d)
		}
	}
}

// agreeing runs a kernel, compares its result with the oracle's, and returns it.
func agreeing(t *testing.T, op graph.Op, in ...*graph.Tensor) *graph.Tensor {
	t.Helper()
	var types []graph.Type
	for _, x := range in {
		types = append(types, x.Type)
	}
	out, err := op.Infer(types)
	if err != nil {
		t.Fatal(err)
	}
	want, err := graph.EvalOp(op, out, in)
	if err != nil {
		t.Fatal(err)
	}
	got := runOn(t, op, in...)[0]
	for i, w := range want[0].F {
		if g := got.F[i]; g != w && !(math.IsNaN(g) && math.IsNaN(w)) {
			t.Fatalf("%s, element %d: %v; want %v", op.Name(), i, g, w)
		}
	}
	return got
}
