package ops

import (
	"fmt"

	"rpnc/graph"
)

// NormRelu is batch norm over the rows with a relu behind it, and the mean of heads that lie side by side, x (b×H·m),
// w and s (H·m) → z (b×m):
//
//	z = Scale·Σ_h max(w·(x − mean)·r + s, 0) over the columns hm…(h+1)m of x, w and s
//
// with the other three results of [ColumnNorm]: mean, variance and r = 1/√(variance + Eps) of every column. A scale that
// is not positive is an error.
type NormRelu struct {
	Eps   float64
	Heads int
	Scale float64
}

// NormReluGrad is the gradient of NormRelu's first result, from its cotangent d (b×m), x, w, s, mean and r: that of x,
// its sum over the rows, which is the gradient of a bias that was added to x, and those of w and s:
//
//	dw = Scale·Σ_i d·Step(y·w + s)·y,  ds = Scale·Σ_i d·Step(y·w + s),  y = (x − mean)·r
//
// with d repeated for every head.
type NormReluGrad struct {
	Heads int
	Scale float64
}

// AffineRelu is NormRelu with known statistics, as in inference, where norm, scale and shift are one factor and one
// addend a column: x (b×H·m), a and c (H·m) → z (b×m),
//
//	z = Scale·Σ_h max(a·x + c, 0) over the columns hm…(h+1)m of x, a and c
//
// A scale that is not positive is an error.
type AffineRelu struct {
	Heads int
	Scale float64
}

var _ = register(
	Sample{Op: AffineRelu{1, 1}, In: []graph.Type{f64(4, 3), f64(3), f64(3)}, Lo: 0.5, Hi: 1.5, Order: 1},
	Sample{Op: AffineRelu{2, 0.5}, In: []graph.Type{f64(4, 6), f64(6), f64(6)}, Lo: 0.5, Hi: 1.5, Order: 1},
	Sample{Op: NormRelu{1e-5, 1, 1}, In: []graph.Type{f64(4, 3), f64(3), f64(3)}, Lo: 0.5, Hi: 1.5, Order: 1},
	Sample{Op: NormRelu{0.1, 2, 0.5}, In: []graph.Type{f64(4, 6), f64(6), f64(6)}, Lo: 0.5, Hi: 1.5, Order: 1},
	Sample{Op: NormReluGrad{2, 0.5}, In: []graph.Type{f64(4, 3), f64(4, 6), f64(6), f64(6), f64(6), f64(6)}, Lo: 0.5, Hi: 1.5, Order: 1},
)

// checkHeads wants x (b×H·m) and vectors of the columns of x; it tells m.
func checkHeads(heads int, scale float64, x graph.Type, vectors []graph.Type) (int, error) {
	if x.Shape.Rank() != 2 || x.Shape.Dim(0) == 0 || !x.DType.IsFloat() || heads < 1 || x.Shape.Dim(1)%heads != 0 || !(scale > 0) {
		return 0, fmt.Errorf("x is %v for %d heads with scale %v; want rows of floats, columns for every head, a positive scale", x, heads, scale)
	}
	for _, v := range vectors {
		if v != x.Of(x.Shape.Dim(1)) {
			return 0, fmt.Errorf("x is %v and a vector %v; want an entry a column", x, v)
		}
	}
	return x.Shape.Dim(1) / heads, nil
}

// Name shows ε and the heads.
func (o NormRelu) Name() string { return fmt.Sprintf("NormRelu{%g, %d heads}", o.Eps, o.Heads) }

// Infer gives z and three vectors.
func (o NormRelu) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != 3 {
		return nil, errOperands(3, in)
	}
	m, err := checkHeads(o.Heads, o.Scale, in[0], in[1:])
	if err != nil {
		return nil, err
	}
	v := in[1]
	return []graph.Type{v.Of(in[0].Shape.Dim(0), m), v, v, v}, nil
}

// Eval evaluates the expansion.
func (o NormRelu) Eval(dst, in []*graph.Tensor) error { return graph.EvalUnfused(o, dst, in) }

// Unfused is norm, scale, relu and sum.
func (o NormRelu) Unfused(in []*graph.Node) []*graph.Node {
	x, w, s := in[0], in[1], in[2]
	norm := apply(ColumnNorm{o.Eps}, x)
	z := Relu(Add(Mul(norm.Result(0), w), s))
	return []*graph.Node{sumOfHeads(z, o.Heads, o.Scale), norm.Result(1), norm.Result(2), norm.Result(3)}
}

// sumOfHeads adds up heads that lie side by side, times a scale.
func sumOfHeads(z *graph.Node, heads int, scale float64) *graph.Node {
	b, m := z.Shape().Dim(0), z.Shape().Dim(1)/heads
	return Reshape(Scale(SumToShape(Reshape(z, b, heads, m), graph.Sh(b, 1, m)), scale), b, m)
}

// Name shows the heads.
func (o AffineRelu) Name() string { return fmt.Sprintf("AffineRelu{%d heads}", o.Heads) }

// Infer gives z.
func (o AffineRelu) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != 3 {
		return nil, errOperands(3, in)
	}
	m, err := checkHeads(o.Heads, o.Scale, in[0], in[1:])
	if err != nil {
		return nil, err
	}
	return []graph.Type{in[0].Of(in[0].Shape.Dim(0), m)}, nil
}

// Eval evaluates the expansion.
func (o AffineRelu) Eval(dst, in []*graph.Tensor) error { return graph.EvalUnfused(o, dst, in) }

// Unfused is factor, addend, relu and sum.
func (o AffineRelu) Unfused(in []*graph.Node) []*graph.Node {
	return []*graph.Node{sumOfHeads(Relu(Add(Mul(in[0], in[1]), in[2])), o.Heads, o.Scale)}
}

// Name shows the heads.
func (o NormReluGrad) Name() string { return fmt.Sprintf("NormReluGrad{%d heads}", o.Heads) }

// Infer gives the type of x and three vectors.
func (o NormReluGrad) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != 6 {
		return nil, errOperands(6, in)
	}
	m, err := checkHeads(o.Heads, o.Scale, in[1], in[2:])
	if err != nil {
		return nil, err
	}
	if in[0] != in[1].Of(in[1].Shape.Dim(0), m) {
		return nil, fmt.Errorf("d is %v; want the type of z, %v", in[0], in[1].Of(in[1].Shape.Dim(0), m))
	}
	v := in[2]
	return []graph.Type{in[1], v, v, v}, nil
}

// Eval evaluates the expansion.
func (o NormReluGrad) Eval(dst, in []*graph.Tensor) error { return graph.EvalUnfused(o, dst, in) }

// Unfused repeats the norm and goes back from the relu to s, w and x.
func (o NormReluGrad) Unfused(in []*graph.Node) []*graph.Node {
	d, x, w, s, mean, r := in[0], in[1], in[2], in[3], in[4], in[5]
	b, m := d.Shape().Dim(0), d.Shape().Dim(1)
	y := Mul(Sub(x, mean), r)
	heads := Reshape(BroadcastTo(Reshape(d, b, 1, m), graph.Sh(b, o.Heads, m)), b, o.Heads*m)
	t := Scale(Mul(heads, Step(Add(Mul(y, w), s))), o.Scale)
	dx := apply(ColumnNormGrad{}, Mul(t, w), y, r)
	return []*graph.Node{dx, SumToShape(dx, w.Shape()), SumToShape(Mul(t, y), w.Shape()), SumToShape(t, w.Shape())}
}
