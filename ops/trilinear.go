package ops

import (
	"fmt"

	"rpnc/graph"
)

// Trilinear contracts a weight W (n×p·q), a tensor w[i, j, k] of which the last two axes lie side by side, with two of three
// matrices g (b×n), u (b×p) and x (b×q), row by row; Out is the axis that is left:
//
//	Out 0: y[r, i] = Σⱼₖ u[r, j]·x[r, k]·w[i, j, k]     of u, x, W
//	Out 1: y[r, j] = Σᵢₖ g[r, i]·x[r, k]·w[i, j, k]     of g, x, W
//	Out 2: y[r, k] = Σᵢⱼ g[r, i]·u[r, j]·w[i, j, k]     of g, u, W
//
// The first is the product (u ⊗ x)·Wᵀ with rows that are Kronecker products, which are never in memory: what an expansion
// in powers under a matrix is. The other two are its gradients.
type Trilinear struct{ Out int }

// TrilinearSum is Σᵣ g[r]⊗u[r]⊗x[r] as (n×p·q), from g (b×n), u (b×p) and x (b×q): the gradient of W in [Trilinear].
// Each of the two ops is the gradient of the other, so that gradients of every order are made of them.
type TrilinearSum struct{}

var _ = register(
	Sample{Op: Trilinear{0}, In: []graph.Type{f64(5, 3), f64(5, 4), f64(2, 12)}, Order: 2},
	Sample{Op: Trilinear{1}, In: []graph.Type{f64(5, 2), f64(5, 4), f64(2, 12)}, Order: 2},
	Sample{Op: Trilinear{2}, In: []graph.Type{f64(5, 2), f64(5, 3), f64(2, 12)}, Order: 2},
	Sample{Op: Trilinear{0}, In: []graph.Type{f64(1, 3), f64(1, 3), f64(4, 9)}, Order: 2},
	Sample{Op: TrilinearSum{}, In: []graph.Type{f64(5, 2), f64(5, 3), f64(5, 4)}, Order: 2},
)

// trilinearDims are the sizes b, n, p, q of one contraction.
type trilinearDims struct{ b, n, p, q int }

// dims reads the sizes from the operands.
func (o Trilinear) dims(in []graph.Type) (d trilinearDims, err error) {
	a, c, w := in[0].Shape, in[1].Shape, in[2].Shape
	if a.Rank() != 2 || c.Rank() != 2 || w.Rank() != 2 || a.Dim(0) != c.Dim(0) {
		return d, fmt.Errorf("operands %v, %v and W %v; want matrices, the first two with equal rows", a, c, w)
	}
	d.b, d.n = a.Dim(0), w.Dim(0)
	first, second, wide := a.Dim(1), c.Dim(1), w.Dim(1)
	fits := false
	switch o.Out {
	case 0:
		d.p, d.q = first, second
		fits = true
	case 1:
		d.q = second
		d.p = wide / max(1, d.q)
		fits = first == d.n
	case 2:
		d.p = second
		d.q = wide / max(1, d.p)
		fits = first == d.n
	}
	if !fits || d.p*d.q != wide {
		return d, fmt.Errorf("operands %v, %v and W %v do not fit for axis %d; want two of (b×n), (b×p), (b×q) and W (n×p·q)", a, c, w, o.Out)
	}
	return d, nil
}

// Name shows the axis.
func (o Trilinear) Name() string { return fmt.Sprintf("Trilinear→%d", o.Out) }

// Infer wants two matrices of equal rows and a W that fits them.
func (o Trilinear) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != 3 {
		return nil, errOperands(3, in)
	}
	for _, t := range in {
		if t.DType != in[0].DType || !t.DType.IsFloat() {
			return nil, errSame(in)
		}
	}
	d, err := o.dims(in)
	if err != nil {
		return nil, err
	}
	return []graph.Type{in[0].Of(d.b, [...]int{d.n, d.p, d.q}[o.Out])}, nil
}

// each calls f with every element of w and its three indexes.
func (d trilinearDims) each(f func(i, j, k, at int)) {
	for at := range d.n * d.p * d.q {
		f(at/d.q/d.p, at/d.q%d.p, at%d.q, at)
	}
}

// Eval adds the terms up.
func (o Trilinear) Eval(dst, in []*graph.Tensor) error {
	d, err := o.dims([]graph.Type{in[0].Type, in[1].Type, in[2].Type})
	if err != nil {
		return err
	}
	widths := [...]int{d.n, d.p, d.q}
	left := [...][2]int{{1, 2}, {0, 2}, {0, 1}}[o.Out]
	for r := range d.b {
		d.each(func(i, j, k, at int) {
			v := [...]int{i, j, k}
			a, c := in[0].F[r*widths[left[0]]+v[left[0]]], in[1].F[r*widths[left[1]]+v[left[1]]]
			dst[0].F[r*widths[o.Out]+v[o.Out]] += a * c * in[2].F[at]
		})
	}
	return nil
}

// VJP leaves another axis.
func (o Trilinear) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	a, c, w, d := n.In[0], n.In[1], n.In[2], dy[0]
	switch o.Out {
	case 0:
		return []*graph.Node{trilinear(1, d, c, w), trilinear(2, d, a, w), trilinearSum(d, a, c)}
	case 1:
		return []*graph.Node{trilinear(0, d, c, w), trilinear(2, a, d, w), trilinearSum(a, d, c)}
	}
	return []*graph.Node{trilinear(0, c, d, w), trilinear(1, a, d, w), trilinearSum(a, c, d)}
}

func trilinear(out int, a, b, w *graph.Node) *graph.Node { return apply(Trilinear{out}, a, b, w) }

func trilinearSum(g, u, x *graph.Node) *graph.Node { return apply(TrilinearSum{}, g, u, x) }

// KroneckerProduct is (u ⊗ x)·Wᵀ, row-wise Kronecker products under a matrix: u (b×p), x (b×q), W (n×p·q) → (b×n).
func KroneckerProduct(u, x, w *graph.Node) *graph.Node { return trilinear(0, u, x, w) }

// Name is TrilinearSum.
func (TrilinearSum) Name() string { return "TrilinearSum" }

// Infer wants three matrices of equal rows.
func (TrilinearSum) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != 3 {
		return nil, errOperands(3, in)
	}
	cols := [3]int{}
	for i, t := range in {
		if t.DType != in[0].DType || !t.DType.IsFloat() {
			return nil, errSame(in)
		}
		if t.Shape.Rank() != 2 || t.Shape.Dim(0) != in[0].Shape.Dim(0) {
			return nil, fmt.Errorf("operands %v; want three matrices with equal rows", in)
		}
		cols[i] = t.Shape.Dim(1)
	}
	return []graph.Type{in[0].Of(cols[0], cols[1]*cols[2])}, nil
}

// Eval adds the terms up.
func (TrilinearSum) Eval(dst, in []*graph.Tensor) error {
	d := trilinearDims{in[0].Dim(0), in[0].Dim(1), in[1].Dim(1), in[2].Dim(1)}
	for r := range d.b {
		d.each(func(i, j, k, at int) {
			dst[0].F[at] += in[0].F[r*d.n+i] * in[1].F[r*d.p+j] * in[2].F[r*d.q+k]
		})
	}
	return nil
}

// VJP contracts the cotangent with two of the three operands.
func (TrilinearSum) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	g, u, x, w := n.In[0], n.In[1], n.In[2], dy[0]
	return []*graph.Node{trilinear(0, u, x, w), trilinear(1, g, x, w), trilinear(2, g, u, w)}
}
