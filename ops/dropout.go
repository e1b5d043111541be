package ops

import (
	"fmt"

	"rpnc/graph"
)

// Dropout zeroes elements of x with probability P and multiplies the others by 1/(1−P); step (I32, one element) is its second operand. The
// mask is a pure function of (Seed, step, Stream, element), so it is the same in the gradient, on every device
// and for every number of threads. Streams keep sites apart: one x may pass two dropouts.
type Dropout struct {
	P      float64
	Seed   uint64
	Stream uint32
}

// AddInt is x + C for counters.
type AddInt struct{ C int32 }

var _ = register(
	Sample{Op: Dropout{P: 0.4, Seed: 7, Stream: 1}, In: []graph.Type{f64(4, 5), i32()}, Order: 2, Lo: -1, Hi: 1},
	Sample{Op: AddInt{1}, In: []graph.Type{i32(2)}, Hi: 5},
)

// Name shows the probability and the stream.
func (o Dropout) Name() string { return fmt.Sprintf("Dropout{%g #%d}", o.P, o.Stream) }

// Infer wants floats and a step, and 0 ≤ P < 1.
func (o Dropout) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != 2 {
		return nil, errOperands(2, in)
	}
	if !in[0].DType.IsFloat() || in[1].DType != graph.I32 || in[1].Shape.Size() != 1 {
		return nil, fmt.Errorf("operands %v; want floats and one step in i32", in)
	}
	if !(o.P >= 0 && o.P < 1) {
		return nil, fmt.Errorf("probability %v; want 0 ≤ p < 1", o.P)
	}
	return in[:1:1], nil
}

// Key is the random stream of one step.
func (o Dropout) Key(step int32) graph.Key {
	return graph.NewKey(o.Seed, "dropout").Sub(uint64(o.Stream)).Sub(uint64(uint32(step)))
}

// Eval masks and rescales.
func (o Dropout) Eval(dst, in []*graph.Tensor) error {
	k := o.Key(in[1].I[0])
	for i, x := range in[0].F {
		if k.Uniform(uint64(i)) >= o.P {
			dst[0].F[i] = x / (1 - o.P)
		}
	}
	return nil
}

// VJP is the same mask on the cotangent.
func (o Dropout) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	return []*graph.Node{apply(o, dy[0], n.In[1]), nil}
}

// Name shows the constant.
func (o AddInt) Name() string { return fmt.Sprintf("AddInt{%+d}", o.C) }

// Infer wants integers.
func (o AddInt) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != 1 || in[0].DType != graph.I32 {
		return nil, fmt.Errorf("operands %v; want one of i32", in)
	}
	return in, nil
}

// Eval adds.
func (o AddInt) Eval(dst, in []*graph.Tensor) error {
	for i, x := range in[0].I {
		dst[0].I[i] = x + o.C
	}
	return nil
}
