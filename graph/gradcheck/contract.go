package gradcheck

import (
	"fmt"

	"rpnc/graph"
)

// weigh is the linear form y = Σ c·x, of shape (): what turns a result into a scalar. The cotangent c is part of the op.
type weigh struct{ C *graph.Data }

// spread is its transpose: x () → x·c of type T.
type spread struct {
	T graph.Type
	C *graph.Data
}

// contract is the sum over xs of their products with random numbers; nil operands do not count, and nil is the answer
// where nothing is left.
func (c *checker) contract(xs []*graph.Node) (s *graph.Node) {
	for _, x := range xs {
		if x == nil || !x.DType().IsFloat() {
			continue
		}
		c.draws++
		k, v := c.key.Sub(1<<32+c.draws), make([]float64, x.Shape().Size())
		for i := range v {
			v[i] = 2*k.Uniform(uint64(i)) - 1
		}
		y := c.g.Apply(weigh{graph.NewData(v...)}, x)
		if s == nil {
			s = y
		} else {
			s = c.g.Apply(graph.Add{}, s, y)
		}
	}
	return s
}

// results lists what can be read of a node.
func results(n *graph.Node) []*graph.Node {
	out := make([]*graph.Node, len(n.Types))
	for i := range out {
		out[i] = n.Result(i)
	}
	return out
}

// Name is Weigh.
func (weigh) Name() string { return "Weigh" }

// Infer wants as many floats as there are weights.
func (o weigh) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != 1 || in[0].Shape.Size() != o.C.Len() {
		return nil, fmt.Errorf("operands %v; want one of %d floats", in, o.C.Len())
	}
	// Contractions of f32 and f64 results are added up, and the oracle computes in float64 anyway.
	return []graph.Type{{DType: graph.F64}}, nil
}

// Eval sums.
func (o weigh) Eval(dst, in []*graph.Tensor) error {
	for i, c := range o.C.Slice() {
		dst[0].F[0] += c * in[0].F[i]
	}
	return nil
}

// VJP is dy·c.
func (o weigh) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	return []*graph.Node{n.Graph().Apply(spread{n.In[0].Type(), o.C}, dy[0])}
}

// Name is Spread.
func (spread) Name() string { return "Spread" }

// Infer wants one number.
func (o spread) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != 1 || in[0].Shape.Size() != 1 {
		return nil, fmt.Errorf("operands %v; want one number", in)
	}
	return []graph.Type{o.T}, nil
}

// Eval multiplies.
func (o spread) Eval(dst, in []*graph.Tensor) error {
	for i, c := range o.C.Slice() {
		dst[0].F[i] = c * in[0].F[0]
	}
	return nil
}

// VJP is Σ c·dy.
func (o spread) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	return []*graph.Node{n.Graph().Apply(weigh{o.C}, dy[0])}
}
