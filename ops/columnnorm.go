package ops

import (
	"fmt"
	"math"

	"rpnc/graph"
)

// Batch norm without its learned scale and shift, which are elementwise ops beside it. With x̂ = (x −
// μ)·r, r = 1/√(σ² + ε), and means over the b rows of a column,
//
//	dx = r·(d − mean(d) − x̂·mean(d·x̂))
//
// (Ioffe & Szegedy 2015, with x̂ in place of x): d less its projection on the constant and on x̂. The
// projection is symmetric, which makes second order short. The statistics are results with gradients of
// their own, because running averages and other ops read them.

// ColumnNorm normalises every column of x (…×m) over its rows: y = (x − mean)/√(var + Eps), var the biased variance.
// Its results are y, mean (m), var (m) and 1/√(var + Eps) (m). It is the core of batch norm.
type ColumnNorm struct{ Eps float64 }

// ColumnNormGrad is the gradient of ColumnNorm: from the cotangent d of y, y itself and r = 1/√(var + ε) it makes
// r·(d − mean(d) − y·mean(d·y)), the means over the rows of each column.
type ColumnNormGrad struct{}

var _ = register(
	Sample{Op: ColumnNorm{Eps: 1e-5}, In: []graph.Type{f64(4, 3)}, Order: 2},
	Sample{Op: ColumnNorm{Eps: 0.1}, In: []graph.Type{f64(2, 3, 2)}, Order: 2},
	Sample{Op: ColumnNormGrad{}, In: []graph.Type{f64(4, 3), f64(4, 3), f64(3)}, Order: 2},
)

// rowsOf is the number of rows of a tensor whose columns are its last axis.
func rowsOf(s graph.Shape) int { return s.Size() / max(1, s.Dim(-1)) }

// Name shows ε.
func (o ColumnNorm) Name() string { return fmt.Sprintf("ColumnNorm{%g}", o.Eps) }

// Infer wants a matrix or a stack of rows, and ε ≥ 0.
func (o ColumnNorm) Infer(in []graph.Type) ([]graph.Type, error) {
	if err := oneFloat(in); err != nil {
		return nil, err
	}
	if in[0].Shape.Rank() < 2 || !(o.Eps >= 0) {
		return nil, fmt.Errorf("operand %v and ε = %v; want rows of columns and ε ≥ 0", in[0].Shape, o.Eps)
	}
	v := in[0].Of(in[0].Shape.Dim(-1))
	return []graph.Type{in[0], v, v, v}, nil
}

// Eval follows the definition column by column.
//
// Two passes, since Σx²/b − μ² cancels where the mean is large.
func (o ColumnNorm) Eval(dst, in []*graph.Tensor) error {
	m := in[0].Dim(-1)
	rows := float64(rowsOf(in[0].Type.Shape))
	for j := range m {
		mean, variance := 0.0, 0.0
		for i := j; i < len(in[0].F); i += m {
			mean += in[0].F[i] / rows
		}
		for i := j; i < len(in[0].F); i += m {
			variance += (in[0].F[i] - mean) * (in[0].F[i] - mean) / rows
		}
		r := 1 / math.Sqrt(variance+o.Eps)
		for i := j; i < len(in[0].F); i += m {
			dst[0].F[i] = (in[0].F[i] - mean) * r
		}
		dst[1].F[j], dst[2].F[j], dst[3].F[j] = mean, variance, r
	}
	return nil
}

// VJP is ColumnNormGrad for y, and the derivatives of the statistics for the others: ∂mean/∂x = 1/b,
// ∂var/∂x = 2(x − mean)/b with x − mean = y/r, and ∂r/∂var = −r³/2.
func (o ColumnNorm) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	y, r := n.Result(0), n.Result(3)
	b := 1 / float64(max(1, rowsOf(y.Shape())))
	var terms []*graph.Node
	if dy[0] != nil {
		terms = append(terms, apply(ColumnNormGrad{}, dy[0], y, r))
	}
	if dy[1] != nil {
		terms = append(terms, BroadcastTo(Scale(dy[1], b), y.Shape()))
	}
	if dy[2] != nil {
		terms = append(terms, Mul(y, Div(Scale(dy[2], 2*b), r)))
	}
	if dy[3] != nil {
		terms = append(terms, Mul(y, Scale(Mul(dy[3], Square(r)), -b)))
	}
	return []*graph.Node{Add(terms[0], terms[1:]...)}
}

// Name is ColumnNormGrad.
func (ColumnNormGrad) Name() string { return "ColumnNormGrad" }

// Infer wants d and y of one type and r of one entry a column.
func (ColumnNormGrad) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != 3 {
		return nil, errOperands(3, in)
	}
	d, y := in[0], in[1]
	if d != y || !d.DType.IsFloat() || d.Shape.Rank() < 2 || in[2] != d.Of(d.Shape.Dim(-1)) {
		return nil, fmt.Errorf("operands %v; want d and y (…×m) of one float type and r (m)", in)
	}
	return in[:1:1], nil
}

// Eval follows the definition column by column.
func (ColumnNormGrad) Eval(dst, in []*graph.Tensor) error {
	m := in[0].Dim(-1)
	rows := float64(rowsOf(in[0].Type.Shape))
	for j := range m {
		mean, along := 0.0, 0.0
		for i := j; i < len(in[0].F); i += m {
			mean += in[0].F[i] / rows
			along += in[0].F[i] * in[1].F[i] / rows
		}
		for i := j; i < len(in[0].F); i += m {
			dst[0].F[i] = in[2].F[j] * (in[0].F[i] - mean - in[1].F[i]*along)
		}
	}
	return nil
}

// VJP uses that the projection d − mean(d) − y·mean(d·y) is its own transpose.
//
// For a cotangent e: by d it is the op itself applied to e; by y it is −r·(e·mean(d·y) + d·mean(e·y));
// by r it is Σ e·(result)/r a column.
func (o ColumnNormGrad) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	d, y, r, e := n.In[0], n.In[1], n.In[2], dy[0]
	b := 1 / float64(max(1, rowsOf(d.Shape())))
	mean := func(x *graph.Node) *graph.Node { return Scale(SumToShape(x, r.Shape()), b) }
	dyhat := Neg(Mul(Add(Mul(e, mean(Mul(d, y))), Mul(d, mean(Mul(e, y)))), r))
	dr := Div(SumToShape(Mul(e, n), r.Shape()), r)
	return []*graph.Node{apply(o, e, y, r), dyhat, dr}
}
