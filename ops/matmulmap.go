package ops

import (
	"fmt"
	"slices"

	"rpnc/graph"
)

// MatMulMap is a product with the fused chain that reads it: y = Map(x₀, …, op(a)·op(b), …, xₖ), the product being
// operand At of the chain. Its operands are a, b and then the other operands of the chain.
//
// It is what a layer is, act(x·Wᵀ + b), and its gradient (dy·W) ⊙ act′: the chain runs over rows of the product as soon as
// they are done, so that the product never goes to memory and back. Oracle and gradient are those of its parts.
type MatMulMap struct {
	Mul MatMul
	Map Elementwise
	At  int
}

var _ = register(
	Sample{Op: MatMulMap{MatMul{TB: true}, sampleChain(), 0}, In: []graph.Type{f64(4, 2), f64(3, 2), f64(3), f64(4, 1), f64()}, Order: 2},
	Sample{Op: MatMulMap{MatMul{TA: true}, squares(4, 3), 1}, In: []graph.Type{f64(2, 4), f64(2, 3), f64(3)}, Order: 2},
	Sample{Op: MatMulMap{MatMul{}, squares(2, 4, 3), 0}, In: []graph.Type{f64(2, 4, 5), f64(5, 3), f64(4, 3)}, Order: 2},
	Sample{Op: MatMulMap{MatMul{}, sampleDropChain(), 0}, In: []graph.Type{f64(2, 3, 4), f64(2, 4, 2), i32(), f64(3, 1)}, Hi: 1, Lo: -1, Order: 2},
)

// Name shows the product and the chain.
func (o MatMulMap) Name() string {
	return fmt.Sprintf("%s{x%d; %s}", o.Mul.Name(), o.At, o.Map.Prog)
}

// Infer wants a product of the shape of the chain.
func (o MatMulMap) Infer(in []graph.Type) ([]graph.Type, error) {
	if o.At < 0 || o.At >= o.Map.Prog.Inputs || len(in) != o.Map.Prog.Inputs+1 {
		return nil, fmt.Errorf("%d operands, the product as operand %d of a chain of %d", len(in), o.At, o.Map.Prog.Inputs)
	}
	p, err := o.Mul.Infer(in[:2])
	if err != nil {
		return nil, err
	}
	if p[0].Shape != o.Map.Shape {
		return nil, fmt.Errorf("the product is %v; want the shape %v of the chain", p[0], o.Map.Shape)
	}
	return o.Map.Infer(slices.Insert(slices.Clone(in[2:]), o.At, p[0]))
}

// Eval evaluates the expansion.
func (o MatMulMap) Eval(dst, in []*graph.Tensor) error { return graph.EvalUnfused(o, dst, in) }

// Unfused is the product and the chain's expansion.
func (o MatMulMap) Unfused(in []*graph.Node) []*graph.Node {
	p := apply(o.Mul, in[0], in[1])
	return o.Map.Unfused(slices.Insert(slices.Clone(in[2:]), o.At, p))
}
