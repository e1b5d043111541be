package ops

import (
	"fmt"

	"rpnc/graph"
)

// Window is the set of patches around every cell of a flat grid of H×W cells: q cells each, cell k of a patch lying
// Offsets[2k] rows and Offsets[2k+1] columns from its centre. Cells outside the grid are zeros.
type Window struct {
	H, W    int
	Offsets *graph.Index
}

// PatchMatMul is a product with patches that are never written out, w (o×c·q) and x (b×c·H·W) → y (b×o×H·W):
//
//	y[b, o, p] = Σ_{c,k} w[o, c·q + k]·x[b, c, p + offset k]
//
// It is MatMul·ᵀ(w, patches) for patches (b×H·W×c·q) that a Gather packs.
type PatchMatMul struct{ Window }

// PatchMatMulGrad is the gradient of its weights, d (b×o×H·W) and x (b×c·H·W) → (o×c·q):
//
//	dw[o, c·q + k] = Σ_{b,p} d[b, o, p]·x[b, c, p + offset k]
type PatchMatMulGrad struct{ Window }

// cross is the window of the samples: a cell, what is below it, and what is two columns to its left.
var cross = Window{3, 4, graph.NewIndex(0, 0, 1, 0, 0, -2)}

var _ = register(
	Sample{Op: PatchMatMul{cross}, In: []graph.Type{f64(2, 6), f64(3, 24)}, Order: 2},
	Sample{Op: PatchMatMul{Window{2, 2, graph.NewIndex(0, 1)}}, In: []graph.Type{f64(3, 1), f64(1, 4)}, Order: 2},
	Sample{Op: PatchMatMulGrad{cross}, In: []graph.Type{f64(3, 2, 12), f64(3, 24)}, Order: 2},
	Sample{Op: PatchMatMulGrad{Window{2, 2, graph.NewIndex(0, 1)}}, In: []graph.Type{f64(1, 3, 4), f64(1, 4)}, Order: 2},
)

// WindowOf is the window whose patches the table packs, patch by patch, channel by channel; ok is false where there is
// none: centres that leave cells out, grids with a depth.
//
// The offset of a cell of the patches is known once the width of the grid is. So every width that divides the number of
// cells is tried, and the table has the last word.
func WindowOf(table *graph.Index, p Patches) (w Window, ok bool) {
	if p.Count < 1 || p.Channels < 1 || p.Size < 1 || table.Len() != p.Count*p.Channels*p.Size {
		return w, false
	}
	for width := 1; width <= p.Count; width++ {
		if p.Count%width != 0 {
			continue
		}
		offsets := offsetsOf(table, p, width)
		w = Window{p.Count / width, width, graph.NewIndex(offsets...)}
		if len(offsets) == 2*p.Size && w.packs(table, p) {
			return w, true
		}
	}
	return Window{}, false
}

// offsetsOf reads the offsets from the first patch in which each of them is inside the grid; there are fewer if one
// never is.
func offsetsOf(table *graph.Index, p Patches, width int) (offsets []int32) {
	for k := range p.Size {
		for centre := range p.Count {
			if cell := table.At(centre*p.Channels*p.Size + k); cell >= 0 {
				offsets = append(offsets, int32(cell/width-centre/width), int32(cell%width-centre%width))
				break
			}
		}
	}
	return offsets
}

// packs says whether the table is that of the window.
func (w Window) packs(table *graph.Index, p Patches) bool {
	at := 0
	for centre := range p.Count {
		for c := range p.Channels {
			for k := range p.Size {
				cell := w.cell(centre, k)
				if cell >= 0 {
					cell += c * p.Count
				}
				if table.At(at) != cell {
					return false
				}
				at++
			}
		}
	}
	return true
}

// cell is cell k of the patch around a centre, −1 outside the grid.
func (w Window) cell(centre, k int) int {
	i, j := centre/w.W+w.Offsets.At(2*k), centre%w.W+w.Offsets.At(2*k+1)
	if i < 0 || i >= w.H || j < 0 || j >= w.W {
		return -1
	}
	return i*w.W + j
}

// cells and size are the numbers of cells of the grid and of a patch.
func (w Window) cells() int { return w.H * w.W }
func (w Window) size() int  { return w.Offsets.Len() / 2 }

// Reversed is the window with every offset turned round: p is in the patch of p′ where p′ is in that of p.
func (w Window) Reversed() Window {
	var back []int32
	for _, o := range w.Offsets.Slice() {
		back = append(back, -o)
	}
	w.Offsets = graph.NewIndex(back...)
	return w
}

// name shows grid and patch.
func (w Window) name() string {
	return fmt.Sprintf("{%d×%d cells, patches of %d}", w.H, w.W, w.size())
}

// check wants a grid, whole offsets, floats of one type, and x (b×c·H·W); it tells c.
func (w Window) check(in []graph.Type) (channels int, err error) {
	if len(in) != 2 {
		return 0, errOperands(2, in)
	}
	if w.H < 1 || w.W < 1 || w.Offsets == nil || w.Offsets.Len() < 2 || w.Offsets.Len()%2 != 0 {
		return 0, fmt.Errorf("grid of %d×%d cells, offsets %v; want cells and pairs", w.H, w.W, w.Offsets)
	}
	x := in[1]
	if in[0].DType != x.DType || !x.DType.IsFloat() {
		return 0, fmt.Errorf("element types differ or are no floats: %v and %v", in[0], x)
	}
	if x.Shape.Rank() != 2 || x.Shape.Dim(1) == 0 || x.Shape.Dim(1)%w.cells() != 0 {
		return 0, fmt.Errorf("x is %v; want rows of whole grids of %d cells", x.Shape, w.cells())
	}
	return x.Shape.Dim(1) / w.cells(), nil
}

// Name shows grid and patch.
func (o PatchMatMul) Name() string { return "PatchMatMul" + o.name() }

// Infer wants a column of w for every cell of the patches of all channels.
func (o PatchMatMul) Infer(in []graph.Type) ([]graph.Type, error) {
	c, err := o.check(in)
	if err != nil {
		return nil, err
	}
	w := in[0].Shape
	if w.Rank() != 2 || w.Dim(0) == 0 || w.Dim(1) != c*o.size() {
		return nil, fmt.Errorf("w is %v; want %d columns, one a cell of the patches of %d channels", w, c*o.size(), c)
	}
	return []graph.Type{in[0].Of(in[1].Shape.Dim(0), w.Dim(0), o.cells())}, nil
}

// Eval multiplies by the definition.
func (o PatchMatMul) Eval(dst, in []*graph.Tensor) error {
	outputs, k := in[0].Dim(0), in[0].Dim(1)
	o.each(in[1], func(b, p, row int, x float64) {
		for out := range outputs {
			dst[0].F[(b*outputs+out)*o.cells()+p] += in[0].F[out*k+row] * x
		}
	})
	return nil
}

// each calls f for every cell of the patches of x that is inside the grid: input b, centre p, row c·q + k.
func (w Window) each(x *graph.Tensor, f func(b, p, row int, x float64)) {
	n := x.Dim(1)
	for b := range x.Dim(0) {
		for c := range n / w.cells() {
			for k := range w.size() {
				for p := range w.cells() {
					if cell := w.cell(p, k); cell >= 0 {
						f(b, p, c*w.size()+k, x.F[b*n+c*w.cells()+cell])
					}
				}
			}
		}
	}
}

// VJP is PatchMatMulGrad for w; for x it is the product with the patches of the reversed window.
func (o PatchMatMul) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	w, x, d := n.In[0], n.In[1], dy[0]
	return []*graph.Node{apply(PatchMatMulGrad(o), d, x), PatchBack(o.Window, w, d)}
}

// PatchBack is the gradient of x (b×c·H·W) in a PatchMatMul with weights w (o×c·q), from the cotangent d (b×o×H·W):
// dx[b, c, p] = Σ_{o,k} w[o, c·q + k]·d[b, o, p − offset k], a product with patches of d.
func PatchBack(win Window, w, d *graph.Node) *graph.Node {
	outputs, q := w.Shape().Dim(0), win.size()
	c := w.Shape().Dim(1) / q
	turned := Reshape(Permute(Reshape(w, outputs, c, q), 1, 0, 2), c, outputs*q)
	rows := d.Shape().Dim(0)
	return Reshape(apply(PatchMatMul{win.Reversed()}, turned, Reshape(d, rows, outputs*win.cells())), rows, c*win.cells())
}

// Name shows grid and patch.
func (o PatchMatMulGrad) Name() string { return "PatchMatMulGrad" + o.name() }

// Infer wants as many d as x.
func (o PatchMatMulGrad) Infer(in []graph.Type) ([]graph.Type, error) {
	c, err := o.check(in)
	if err != nil {
		return nil, err
	}
	d := in[0].Shape
	if d.Rank() != 3 || d.Dim(0) != in[1].Shape.Dim(0) || d.Dim(1) == 0 || d.Dim(2) != o.cells() {
		return nil, fmt.Errorf("d is %v and x %v; want d of as many rows with %d cells", d, in[1].Shape, o.cells())
	}
	return []graph.Type{in[0].Of(d.Dim(1), c*o.size())}, nil
}

// Eval sums by the definition.
func (o PatchMatMulGrad) Eval(dst, in []*graph.Tensor) error {
	outputs, k := dst[0].Dim(0), dst[0].Dim(1)
	o.each(in[1], func(b, p, row int, x float64) {
		for out := range outputs {
			dst[0].F[out*k+row] += in[0].F[(b*outputs+out)*o.cells()+p] * x
		}
	})
	return nil
}

// VJP is linear in both: d gets the product with the cotangent as weights, x what it gets from a PatchMatMul.
func (o PatchMatMulGrad) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	d, x, e := n.In[0], n.In[1], dy[0]
	return []*graph.Node{apply(PatchMatMul(o), e, x), PatchBack(o.Window, e, d)}
}
