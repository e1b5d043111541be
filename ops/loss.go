package ops

import (
	"fmt"
	"math"

	"rpnc/graph"
)

// Softmax and the negative log-likelihood are one op: ln Σ e^(x−max) + max − x[label] needs no
// logarithm of a probability, which may have underflowed to 0, and the gradient (softmax(x) − onehot)/b
// needs no division by it. The probabilities are a second result, since the backward reads them and
// metrics may; they have a gradient of their own, or second order would be wrong without notice.

// CrossEntropy is the mean over the rows of −ln softmax(x)[label]: logits x (b×n), labels (b) in I32 → the loss () and
// the probabilities softmax(x) (b×n).
type CrossEntropy struct{}

// OneHot writes labels (…) as rows of 0 with a 1: (…×N).
type OneHot struct {
	DType graph.DType
	N     int
}

var _ = register(
	Sample{Op: CrossEntropy{}, In: []graph.Type{f64(3, 4), i32(3)}, Lo: -2, Hi: 4, Order: 2},
	Sample{Op: OneHot{graph.F64, 4}, In: []graph.Type{i32(3)}, Hi: 4},
)

// Name is CrossEntropy.
func (CrossEntropy) Name() string { return "CrossEntropy" }

// Infer wants a matrix of logits and a label a row.
func (CrossEntropy) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != 2 {
		return nil, errOperands(2, in)
	}
	x, y := in[0], in[1]
	if x.Shape.Rank() != 2 || !x.DType.IsFloat() || y != (graph.Type{DType: graph.I32, Shape: graph.Sh(x.Shape.Dim(0))}) {
		return nil, fmt.Errorf("logits %v, labels %v; want (b×n) floats and (b) i32", x, y)
	}
	return []graph.Type{x.Of(), x}, nil
}

// Eval averages the negative log-likelihoods; a label outside 0…n−1 is an error.
//
// Probabilities come from [Softmax], the loss from the logits.
func (CrossEntropy) Eval(dst, in []*graph.Tensor) error {
	b, n := in[0].Dim(0), in[0].Dim(1)
	if err := (Softmax{Axis: -1}).Eval(dst[1:], in); err != nil {
		return err
	}
	for i, y := range in[1].I {
		if y < 0 || int(y) >= n {
			return fmt.Errorf("label %d of row %d; want 0…%d", y, i, n-1)
		}
		row := in[0].F[i*n : (i+1)*n]
		top, sum := math.Inf(-1), 0.0
		for _, x := range row {
			top = math.Max(top, x)
		}
		for _, x := range row {
			sum += math.Exp(x - top)
		}
		dst[0].F[0] += (math.Log(sum) + top - row[y]) / float64(b)
	}
	return nil
}

// VJP is (softmax(x) − onehot)·dy/b, and that of the softmax for the probabilities.
func (CrossEntropy) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	x, p := n.In[0], n.Result(1)
	var dx *graph.Node
	if dy[0] != nil {
		hot := apply(OneHot{x.DType(), x.Shape().Dim(1)}, n.In[1])
		dx = Mul(Sub(p, hot), Scale(dy[0], 1/float64(max(1, x.Shape().Dim(0)))))
	}
	if dy[1] != nil {
		d := Mul(p, Sub(dy[1], SumAxis(Mul(dy[1], p), -1)))
		if dx != nil {
			d = Add(dx, d)
		}
		dx = d
	}
	return []*graph.Node{dx, nil}
}

// Name shows the width.
func (o OneHot) Name() string { return fmt.Sprintf("OneHot{%d}", o.N) }

// Infer wants integers.
func (o OneHot) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) != 1 || in[0].DType != graph.I32 || !o.DType.IsFloat() {
		return nil, fmt.Errorf("operands %v; want labels in i32", in)
	}
	return []graph.Type{{DType: o.DType, Shape: in[0].Shape.Append(o.N)}}, nil
}

// Eval writes the ones.
func (o OneHot) Eval(dst, in []*graph.Tensor) error {
	for i, y := range in[0].I {
		if y < 0 || int(y) >= o.N {
			return fmt.Errorf("label %d of row %d; want 0…%d", y, i, o.N-1)
		}
		dst[0].F[i*o.N+int(y)] = 1
	}
	return nil
}

// SoftmaxCrossEntropy is the mean cross-entropy of logits against labels.
func SoftmaxCrossEntropy(logits, labels *graph.Node) *graph.Node {
	return apply(CrossEntropy{}, logits, labels).Result(0)
}

// MSE is the mean of (y − target)² over all elements.
func MSE(y, target *graph.Node) *graph.Node { return Mean(Square(Sub(y, target))) }
