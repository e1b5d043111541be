package ops

import (
	"errors"
	"fmt"

	"rpnc/graph"
)

// Pooling fused. The graph that models build packs patches into (b×P×Size) and takes the extreme along
// the last axis; overlapping patches make that several times the data. The two ops here are what the
// compiler puts in place of it: oracle, gradient and ties are those of [Gather] and [Extreme].

// PatchExtreme is the largest (Min: smallest) entry of every patch, x (b×n) → y (b×P), without the patches in memory:
// patch p is the Size entries of a row that Table[p·Size…] lists, 0 for −1. A NaN wins over every number.
//
// It is the first result of an Extreme over patches (b×P×Size) that a Gather packs.
type PatchExtreme struct {
	Table *graph.Index
	Size  int
	Min   bool
}

// PatchExtremeGrad is its gradient, from x (b×n), y = PatchExtreme(x) and the cotangent d of y (b×P) to dx (b×n): of
// every patch, the first entry that is y gets d.
//
// It finds the winner again by comparing with y instead of keeping positions: y is in memory anyway,
// and equality is exact, as y is a copy of the entry.
type PatchExtremeGrad struct {
	Table *graph.Index
	Size  int
}

// samplePatches has a patch that reaches beyond its row, and patches that overlap.
var samplePatches = graph.NewIndex(0, 1, 3, 1, -1, 2, 3, 4, 1)

var _ = register(
	Sample{Op: PatchExtreme{Table: samplePatches, Size: 3}, In: []graph.Type{f64(4, 5)}, Order: 1},
	Sample{Op: PatchExtreme{Table: samplePatches, Size: 3, Min: true}, In: []graph.Type{f64(4, 5)}, Order: 1},
	Sample{Op: PatchExtremeGrad{Table: samplePatches, Size: 3}, In: []graph.Type{f64(4, 5), f64(4, 3), f64(4, 3)}},
)

// checkPatches wants whole patches of entries that exist; it tells how many.
func checkPatches(table *graph.Index, size int, x graph.Shape) (int, error) {
	if x.Rank() != 2 {
		return 0, fmt.Errorf("x is %v; want rows", x)
	}
	if err := checkTable(table, x.Dim(1)); err != nil {
		return 0, err
	}
	if size < 1 || table.Len()%size != 0 {
		return 0, fmt.Errorf("%d table entries; want whole patches of %d", table.Len(), size)
	}
	return table.Len() / size, nil
}

// Name shows the patches.
func (o PatchExtreme) Name() string {
	return fmt.Sprintf("Patch%s{%d patches of %d}", Extreme{Min: o.Min}.Name()[:3], o.Table.Len()/max(1, o.Size), o.Size)
}

// Infer gives a column a patch.
func (o PatchExtreme) Infer(in []graph.Type) ([]graph.Type, error) {
	if err := oneFloat(in); err != nil {
		return nil, err
	}
	p, err := checkPatches(o.Table, o.Size, in[0].Shape)
	if err != nil {
		return nil, err
	}
	return []graph.Type{in[0].Of(in[0].Shape.Dim(0), p)}, nil
}

// patchEntry is entry k of patch p in the row of x from base on, and its place; −1 outside.
func patchEntry(t *graph.Index, size, p, k, base int, x []float64) (v float64, at int) {
	if at = t.At(p*size + k); at < 0 {
		return 0, -1
	}
	return x[base+at], base + at
}

// Eval compares one by one.
func (o PatchExtreme) Eval(dst, in []*graph.Tensor) error {
	patches, n := o.Table.Len()/o.Size, in[0].Dim(1)
	for i := range dst[0].F {
		p, base := i%patches, i/patches*n
		best, _ := patchEntry(o.Table, o.Size, p, 0, base, in[0].F)
		for k := 1; k < o.Size; k++ {
			if v, _ := patchEntry(o.Table, o.Size, p, k, base, in[0].F); (Extreme{Min: o.Min}).beats(v, best) {
				best = v
			}
		}
		dst[0].F[i] = best
	}
	return nil
}

// VJP is PatchExtremeGrad.
func (o PatchExtreme) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	return []*graph.Node{apply(PatchExtremeGrad{o.Table, o.Size}, n.In[0], n, dy[0])}
}

// Name shows the patches.
func (o PatchExtremeGrad) Name() string {
	return fmt.Sprintf("PatchExtremeGrad{%d patches of %d}", o.Table.Len()/max(1, o.Size), o.Size)
}

// Infer wants y and d with a column a patch.
func (o PatchExtremeGrad) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != 3 {
		return nil, errOperands(3, in)
	}
	p, err := checkPatches(o.Table, o.Size, in[0].Shape)
	if err != nil {
		return nil, err
	}
	if y := in[0].Of(in[0].Shape.Dim(0), p); in[1] != y || in[2] != y || !y.DType.IsFloat() {
		return nil, errors.New("want x (b×n), y and d with a column a patch, all of one float type")
	}
	return in[:1:1], nil
}

// Eval looks for the entry.
//
// A NaN counts as equal to y, since y is NaN then and compares with nothing.
func (o PatchExtremeGrad) Eval(dst, in []*graph.Tensor) error {
	patches, n := o.Table.Len()/o.Size, in[0].Dim(1)
	for i, y := range in[1].F {
		for k := range o.Size {
			v, at := patchEntry(o.Table, o.Size, i%patches, k, i/patches*n, in[0].F)
			if v != y && v == v {
				continue
			}
			if at >= 0 {
				dst[0].F[at] += in[2].F[i]
			}
			break
		}
	}
	return nil
}
