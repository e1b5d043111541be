package ops

import (
	"fmt"

	"rpnc/graph"
)

// MapSum is a fused chain with a sum at its end: y = SumTo(Map(x…)), with the one result of Map never in memory. It
// is what means, variances, norms, and the gradients of biases and scales are. Oracle and gradient are those of its parts.
type MapSum struct {
	Map Elementwise
	To  graph.Shape
}

var _ = register(
	Sample{Op: MapSum{squares(4, 3), graph.Sh()}, In: []graph.Type{f64(4, 3), f64(3)}, Order: 2},
	Sample{Op: MapSum{squares(4, 3), graph.Sh(3)}, In: []graph.Type{f64(4, 3), f64(3)}, Order: 2},
	Sample{Op: MapSum{squares(4, 3), graph.Sh(4, 1)}, In: []graph.Type{f64(4, 3), f64(4, 1)}, Order: 2},
	Sample{Op: MapSum{squares(2, 4, 3), graph.Sh(4, 1)}, In: []graph.Type{f64(2, 4, 3), f64(4, 1)}, Order: 2},
)

// squares is the chain (x₀ − x₁)².
func squares(dims ...int) Elementwise {
	return Elementwise{NewProgram(2, nil, []Instr{{Binary{KSub}, 0, 1}, {Unary{KSquare}, 2, -1}}, 3), graph.Sh(dims...)}
}

// Name shows the chain and the shape of the sum.
func (o MapSum) Name() string { return "MapSum" + o.To.String() + "{" + o.Map.Prog.String() + "}" }

// Infer wants a chain of one result that can be summed to To.
func (o MapSum) Infer(in []graph.Type) ([]graph.Type, error) {
	t, err := o.Map.Infer(in)
	if err != nil {
		return nil, err
	}
	if len(t) != 1 {
		return nil, fmt.Errorf("a chain of %d results; want one to sum", len(t))
	}
	return SumTo{o.To}.Infer(t)
}

// Eval evaluates the expansion.
func (o MapSum) Eval(dst, in []*graph.Tensor) error { return graph.EvalUnfused(o, dst, in) }

// Unfused is the chain's expansion and a sum.
func (o MapSum) Unfused(in []*graph.Node) []*graph.Node {
	return []*graph.Node{SumToShape(o.Map.Unfused(in)[0], o.To)}
}
