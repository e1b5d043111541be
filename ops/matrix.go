package ops

import (
	"fmt"

	"rpnc/graph"
)

// MatPow is the matrix power Aʰ, or with Accumulative Σ_{k=1…h} Aᵏ (which is A for h = 0 too). A⁰ is I. It is how a
// multi-hop interdependence says what it is; products with it become repeated products with A, or with the power
// of a constant pattern.
type MatPow struct {
	H            int
	Accumulative bool
}

// UpperOnes is the constant n×n matrix with 1 on and above the diagonal, the inverse of I − S for the shift S of a
// chain. Its products are prefix sums.
type UpperOnes struct {
	DType graph.DType
	N     int
}

// CumSum is the running sum along an axis: yₜ = Σ_{s≤t} xₛ, or with Reverse Σ_{s≥t} xₛ.
type CumSum struct {
	Axis    int
	Reverse bool
}

var _ = register(
	Sample{Op: MatPow{H: 3}, In: []graph.Type{f64(3, 3)}, Order: 2},
	Sample{Op: MatPow{H: 0}, In: []graph.Type{f64(3, 3)}},
	Sample{Op: MatPow{H: 3, Accumulative: true}, In: []graph.Type{f64(3, 3)}, Order: 2},
	Sample{Op: UpperOnes{graph.F64, 4}},
	Sample{Op: CumSum{Axis: 0}, In: []graph.Type{f64(4, 2)}, Order: 2},
	Sample{Op: CumSum{Axis: 1, Reverse: true}, In: []graph.Type{f64(2, 4, 3)}, Order: 2},
)

// Name shows the power.
func (o MatPow) Name() string {
	if o.Accumulative {
		return fmt.Sprintf("MatPow{Σ1…%d}", o.H)
	}
	return fmt.Sprintf("MatPow{%d}", o.H)
}

// Infer wants a square matrix and h ≥ 0.
func (o MatPow) Infer(in []graph.Type) ([]graph.Type, error) {
	if err := oneFloat(in); err != nil {
		return nil, err
	}
	if s := in[0].Shape; s.Rank() != 2 || s.Dim(0) != s.Dim(1) {
		return nil, fmt.Errorf("operand %v; want a square matrix", s)
	}
	if o.H < 0 {
		return nil, fmt.Errorf("power %d; want 0 or more", o.H)
	}
	return in[:1:1], nil
}

// Eval evaluates the expansion.
func (o MatPow) Eval(dst, in []*graph.Tensor) error { return graph.EvalUnfused(o, dst, in) }

// Unfused multiplies step by step: Horner's rule for the sum.
func (o MatPow) Unfused(in []*graph.Node) []*graph.Node {
	a := in[0]
	if o.H == 0 && !o.Accumulative {
		n := a.Shape().Dim(0)
		return []*graph.Node{Eye(a.Graph(), a.DType(), n, n)}
	}
	y := a
	for range o.H - 1 {
		y = MatMulN(a, y)
		if o.Accumulative {
			y = Add(a, y)
		}
	}
	return []*graph.Node{y}
}

// Eye is the constant rows×cols matrix with 1 on the main diagonal, on a sparse pattern.
func Eye(g *graph.Graph, d graph.DType, rows, cols int) *graph.Node {
	k := min(rows, cols)
	ptr, col := make([]int32, rows+1), make([]int32, k)
	for i := range rows {
		ptr[i+1] = int32(min(i+1, k))
	}
	for i := range col {
		col[i] = int32(i)
	}
	p := Pattern{rows, cols, graph.NewIndex(ptr...), graph.NewIndex(col...)}
	return g.Apply(Densify{p}, g.Const(graph.Type{DType: d, Shape: graph.Sh(k)}, 1))
}

// Name shows the size.
func (o UpperOnes) Name() string { return fmt.Sprintf("UpperOnes{%d}", o.N) }

// Infer takes no operands.
func (o UpperOnes) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != 0 || o.N < 0 || !o.DType.IsFloat() {
		return nil, fmt.Errorf("want no operands, a size and a float type, have %v, %d and %v", in, o.N, o.DType)
	}
	return []graph.Type{{DType: o.DType, Shape: graph.Sh(o.N, o.N)}}, nil
}

// Eval fills the triangle.
func (o UpperOnes) Eval(dst, _ []*graph.Tensor) error {
	for i := range o.N {
		for j := i; j < o.N; j++ {
			dst[0].F[i*o.N+j] = 1
		}
	}
	return nil
}

// Name shows axis and direction.
func (o CumSum) Name() string {
	if o.Reverse {
		return fmt.Sprintf("CumSum←@%d", o.Axis)
	}
	return fmt.Sprintf("CumSum@%d", o.Axis)
}

// Infer keeps the type.
func (o CumSum) Infer(in []graph.Type) ([]graph.Type, error) { return alongAxis(in, o.Axis) }

// Eval adds along every line.
func (o CumSum) Eval(dst, in []*graph.Tensor) error {
	lines(in[0].Type.Shape, o.Axis, func(at, n, stride int) {
		sum := 0.0
		for k := range n {
			if o.Reverse {
				k = n - 1 - k
			}
			sum += in[0].F[at+k*stride]
			dst[0].F[at+k*stride] = sum
		}
	})
	return nil
}

// VJP sums from the other end.
func (o CumSum) VJP(_ *graph.Node, dy []*graph.Node) []*graph.Node {
	return []*graph.Node{apply(CumSum{o.Axis, !o.Reverse}, dy[0])}
}
