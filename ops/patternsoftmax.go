package ops

import (
	"fmt"

	"rpnc/graph"
	"rpnc/internal/kernels"
)

// Attention on the edges of a graph. Row i of the matrix holds the scores of the neighbours of node i;
// softmax of the line is over its entries, and a score of exactly 0 counts as no edge, which is what
// the masked softmax of a dense matrix says, so both forms of a model give the same numbers.
//
// For y = softmax(x) of a line, dx = y∘(dy − (Σ dy∘y)). The sum along lines and handing it back to the
// entries are SpMM and SDDMM with a vector of ones, so derivatives of every order are made of sparse
// ops.

// PatternSoftmax is the masked softmax of a sparse matrix, values (nnz) → (nnz): the entries of every row (Columns: of
// every column) sum to 1, and entries that are exactly 0 stay 0, as those off the pattern do. It is attention on the edges
// of a graph: what [Softmax] with MaskZeros makes of the dense matrix.
type PatternSoftmax struct {
	P       Pattern
	Columns bool
}

var _ = register(
	Sample{Op: PatternSoftmax{P: samplePattern}, In: []graph.Type{f64(4)}, Order: 2},
	Sample{Op: PatternSoftmax{Pattern{3, 2, graph.NewIndex(0, 2, 3, 5), graph.NewIndex(0, 1, 1, 0, 1)}, true}, In: []graph.Type{f64(5)}, Order: 2},
)

// Name shows the direction and the pattern.
func (o PatternSoftmax) Name() string {
	if o.Columns {
		return fmt.Sprintf("PatternSoftmax↓{%v}", o.P)
	}
	return fmt.Sprintf("PatternSoftmax{%v}", o.P)
}

// Infer wants one value an entry.
func (o PatternSoftmax) Infer(in []graph.Type) ([]graph.Type, error) {
	if _, err := (Densify{o.P}).Infer(in); err != nil {
		return nil, err
	}
	return in[:1:1], nil
}

// Eval makes the dense matrix and its softmax: the definition, which the kernel has to agree with.
func (o PatternSoftmax) Eval(dst, in []*graph.Tensor) error {
	t := in[0].Type.Of(o.P.Rows, o.P.Cols)
	dense, soft := graph.NewTensor(t), graph.NewTensor(t)
	if err := (Densify{o.P}).Eval([]*graph.Tensor{dense}, in); err != nil {
		return err
	}
	axis := 1
	if o.Columns {
		axis = 0
	}
	if err := (Softmax{axis, true}).Eval([]*graph.Tensor{soft}, []*graph.Tensor{dense}); err != nil {
		return err
	}
	return AtPattern{o.P}.Eval(dst, []*graph.Tensor{soft})
}

// VJP is dx = y∘(dy − Σ dy∘y): the sums along lines are sparse products with ones, and so is handing them back.
func (o PatternSoftmax) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	k := o.P.Cols // entries that a dense line would have
	if o.Columns {
		k = o.P.Rows
	}
	ones := BroadcastTo(scalar(n, 1), graph.Sh(k, 1))
	a, b := apply(SpMM{o.P, o.Columns}, Mul(dy[0], n), ones), ones
	if o.Columns {
		a, b = b, a
	}
	return []*graph.Node{Mul(n, Sub(dy[0], apply(SDDMM{o.P}, a, b)))}
}

// Kernel softens lines of equal length together.
func (o PatternSoftmax) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, patternSoftmaxRun[float32], patternSoftmaxRun[float64])
}

// patternSoftmaxRun lays out the lines once: rows, or the rows of the transposed pattern.
func patternSoftmaxRun[T float](o PatternSoftmax, in, out []graph.Type) Run {
	p := o.P.layout()
	if o.Columns {
		p = p.Transposed()
	}
	lines, scratch := kernels.NewLines(p), make([]T, o.P.NNZ())
	return func(dst, in []Buffer) { kernels.SoftmaxLines(lines, view[T](dst[0]), view[T](in[0]), scratch) }
}
