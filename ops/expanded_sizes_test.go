package ops

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"rpnc/graph"
)

// expansionOf is the expansion of [sampleExpansion] for b rows of m numbers, k factors and splines of t cells, and its number of
// columns.
func expansionOf(b, m, k, t int) (p *RowProgram, columns int) {
	twice := Elementwise{NewProgram(1, []float64{2}, []Instr{{Binary{KMul}, 0, 1}}, 2), graph.Sh(b, m)}
	each := Elementwise{NewProgram(2, nil, []Instr{{Binary{KMul}, 0, 1}, {graph.Add{}, 0, 2}}, 2, 3), graph.Sh(b, m, k)}
	return &RowProgram{Rows: b, Cut: []bool{true, false}, Out: []int{13}, Steps: []RowStep{
		{Reshaped{graph.Sh(b, m, 1)}, []int{0}},
		{twice, []int{0}},
		{Reshaped{graph.Sh(b, m, 1)}, []int{3}},
		{Concat{Axis: 2}, []int{2, 4}},
		{Reshaped{graph.Sh(b, 2*m)}, []int{5}},
		{each, []int{2, 1}},
		{BSpline{Lo: -1, Hi: 1, T: t, D: 3}, []int{0}},
		{Reshaped{graph.Sh(b, m*k)}, []int{7}},
		{Reshaped{graph.Sh(b, m*k)}, []int{8}},
		{Reshaped{graph.Sh(b, m*(t+3))}, []int{9}},
		{Concat{Axis: 1}, []int{6, 10, 11, 12}},
	}}, m * (2 + 2*k + t + 3)
}

// Products with expansions are those with κ in memory for any sizes: batches that fill no register, features that fill no
// bundle, bands of gradients that cut the bases of an entry. They have the same bits on any number of cores.
func TestProductsWithExpansionsOfAnySizeAreThoseWithTheirFeatures(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	rng := rand.New(rand.NewPCG(11, 4))
	for range 24 {
		b, n, m, k, cells := 1+rng.IntN(40), 1+rng.IntN(40), 33+rng.IntN(60), 1+rng.IntN(9), 1+rng.IntN(12)
		p, columns := expansionOf(b, m, k, cells)
		data := []graph.Type{f64(b, m), f64(k)}
		adam := TiledStep{AdamW{0.9, 0.99, 1e-3, 0.1, false}, ExpandedGrad{p}}
		for _, s := range []Sample{
			{Op: Expanded{p}, In: append([]graph.Type{f64(n, columns)}, data...), Lo: -0.3, Hi: 0.4},
			{Op: ExpandedGrad{p}, In: append([]graph.Type{f64(b, n)}, data...), Lo: -0.3, Hi: 0.4},
			{Op: adam, In: append(append(tiledTypes(n, columns), f64(b, n)), data...), Lo: 0.1, Hi: 0.9},
		} {
			for _, d := range []graph.DType{graph.F32, graph.F64} {
				t.Run(fmt.Sprintf("%T/b=%d,n=%d,m=%d,k=%d,t=%d/%v", s.Op, b, n, m, k, cells, d), func(t *testing.T) {
					c := newCall(t, s, d)
					var first []Buffer
					for _, cores := range []int{1, 3, 8} {
						runtime.GOMAXPROCS(cores)
						c.poison()
						c.run(c.dst, c.src)
						c.check(t, c.dst)
						if first == nil {
							first = clones(c.dst, c.out)
						}
						for r := range first {
							if !sameBits(first[r], c.dst[r]) {
								t.Errorf("result %d differs on %d cores", r, cores)
							}
						}
					}
				})
			}
		}
	}
}
