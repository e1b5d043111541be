package ops

import (
	"math"
	"math/rand/v2"
	"testing"

	"rpnc/graph"
)

// halved are the patches of kernels.GridWindows.
func halved(h, w int) *graph.Index {
	var table []int32
	for at := range h * w / 4 * 9 {
		window, k := at/9, at%9
		cell := int32(-1)
		if i, j := 2*(window/(w/2))+k/3-1, 2*(window%(w/2))+k%3-1; i >= 0 && j >= 0 {
			cell = int32(i*w + j)
		}
		table = append(table, cell)
	}
	return graph.NewIndex(table...)
}

func TestKernelsKnowWindowsAroundEverySecondCell(t *testing.T) {
	for _, c := range []struct {
		h, w  int
		table *graph.Index
		want  bool
	}{
		{4, 6, halved(4, 6), true}, {28, 28, halved(28, 28), true}, {4, 34, halved(4, 34), false}, {4, 6, pooled(4, 6, 3, 2, 2, 1), false},
		{4, 6, pooled(4, 6, 2, 2, 2, 0), false}, {6, 6, pooled(6, 6, 3, 2, 2, 0), false},
	} {
		size := 9
		if c.table.Len()%9 != 0 {
			size = 4
		}
		p, ok := planesOf(c.table, size, c.h*c.w)
		if !ok {
			t.Fatalf("%d×%d: no grid found", c.h, c.w)
		}
		if got := p.aroundSecond(c.table, size); got != c.want {
			t.Errorf("%d×%d, %d patches: %v; want %v", c.h, c.w, c.table.Len()/size, got, c.want)
		}
	}
}

// A pooled norm is its parts, one kernel after the other: with patches of a grid, with those that kernels know by heart, and
// with a table of no grid.
func TestPooledNormsAreNormAndPooling(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, c := range []struct {
		h, w, size int
		table      *graph.Index
	}{{6, 8, 9, pooled(6, 8, 3, 2, 2, 1)}, {6, 8, 9, halved(6, 8)}, {8, 6, 4, pooled(8, 6, 2, 2, 3, 0)}, {1, 5, 3, samplePatches}} {
		const b, channels = 5, 3
		cells, patches := c.h*c.w, c.table.Len()/c.size
		columns := channels * cells
		x, w, s, d := normal(rng, b, columns), normal(rng, columns), normal(rng, columns), normal(rng, b, channels*patches)
		pool, back := PatchExtreme{Table: c.table, Size: c.size}, PatchExtremeGrad{Table: c.table, Size: c.size}
		norm := runOn(t, NormRelu{1e-3, 1, 1}, x, w, s)
		z := shaped(norm[0], b*channels, cells)
		y := runOn(t, pool, z)[0]
		dz := shaped(runOn(t, back, z, y, shaped(d, b*channels, patches))[0], b, columns)
		grads := runOn(t, NormReluGrad{1, 1}, dz, x, w, s, norm[1], norm[3])
		known := runOn(t, pool, shaped(runOn(t, AffineRelu{1, 1}, x, w, s)[0], b*channels, cells))[0]

		near(t, "NormMax", runOn(t, NormMax{1e-3, cells, c.table, c.size}, x, w, s), append([]*graph.Tensor{y}, norm[1:]...))
		near(t, "NormMaxGrad", runOn(t, NormMaxGrad{cells, c.table, c.size}, d, x, w, s, norm[1], norm[3]), grads)
		near(t, "AffineMax", runOn(t, AffineMax{cells, c.table, c.size}, x, w, s), []*graph.Tensor{known})
	}
}

// normal draws a tensor, and shaped is one in another shape.
func normal(rng *rand.Rand, dims ...int) *graph.Tensor {
	t := graph.NewTensor(f64(dims...))
	for i := range t.F {
		t.F[i] = rng.NormFloat64()
	}
	return t
}

func shaped(t *graph.Tensor, dims ...int) *graph.Tensor {
	return &graph.Tensor{Type: f64(dims...), F: t.F}
}

// near holds results against others, element by element.
func near(t *testing.T, name string, got, want []*graph.Tensor) {
	t.Helper()
	for k, w := range want {
		for i, v := range w.F {
			if !(math.Abs(got[k].F[i]-v) <= 1e-12*(1+math.Abs(v))) {
				t.Fatalf("%s, result %d, element %d: %v; want %v", name, k, i, got[k].F[i], v)
			}
		}
	}
}
