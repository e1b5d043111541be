package ops

import (
	"fmt"

	"rpnc/graph"
)

// ZeroDiagonal is a square matrix with zeros on the diagonal, whatever stood there: NaN and ±Inf go, too, which a product
// with a mask would keep.
type ZeroDiagonal struct{}

var _ = register(Sample{Op: ZeroDiagonal{}, In: []graph.Type{f64(4, 4)}, Order: 2})

// Name is ZeroDiagonal.
func (ZeroDiagonal) Name() string { return "ZeroDiagonal" }

// Infer wants a square matrix.
func (ZeroDiagonal) Infer(in []graph.Type) ([]graph.Type, error) {
	if err := oneFloat(in); err != nil {
		return nil, err
	}
	if s := in[0].Shape; s.Rank() != 2 || s.Dim(0) != s.Dim(1) {
		return nil, fmt.Errorf("operand %v; want a square matrix", s)
	}
	return in[:1:1], nil
}

// Eval copies and clears.
func (ZeroDiagonal) Eval(dst, in []*graph.Tensor) error {
	zeroDiagonal(dst[0].F, in[0].F, in[0].Dim(0))
	return nil
}

func zeroDiagonal[T float](y, x []T, n int) {
	copy(y, x)
	for i := range n {
		y[i*n+i] = 0
	}
}

// VJP is the op itself.
func (o ZeroDiagonal) VJP(_ *graph.Node, dy []*graph.Node) []*graph.Node {
	return []*graph.Node{apply(o, dy[0])}
}

// Kernel copies and clears.
func (o ZeroDiagonal) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, zeroDiagonalRun[float32], zeroDiagonalRun[float64])
}

func zeroDiagonalRun[T float](_ ZeroDiagonal, in, _ []graph.Type) Run {
	n := in[0].Shape.Dim(0)
	return func(dst, in []Buffer) { zeroDiagonal(view[T](dst[0]), view[T](in[0]), n) }
}

// InPlace says that y may be written over x.
func (ZeroDiagonal) InPlace(int) bool { return true }
