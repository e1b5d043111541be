package ops

import (
	"fmt"

	"rpnc/graph"
	"rpnc/internal/kernels"
)

// Sums of products over a batch. A weight that is shared by a batch of matrices has as its gradient Σ_p
// d_pᵀ·x_p; as a batched product followed by a sum it would write batch·m·n numbers to add them up
// again. In memory a stack of row-major matrices (P×k×m) is one matrix (P·k × m), so for aᵀ·b the whole
// sum is one product with an inner dimension of P·k: no stack, and a larger product.

// MatMulSum is Σ op(a_p)·op(b_p) over all batches p, op the transpose where the flag says so: a and b carry the same
// leading axes, the result (m×n) none. It is the gradient of an operand that a batched product shares.
type MatMulSum struct{ TA, TB bool }

var _ = register(
	Sample{Op: MatMulSum{}, In: []graph.Type{f64(2, 3, 4), f64(2, 4, 2)}, Order: 2},
	Sample{Op: MatMulSum{TA: true}, In: []graph.Type{f64(2, 4, 3), f64(2, 4, 2)}, Order: 2},
	Sample{Op: MatMulSum{TB: true}, In: []graph.Type{f64(2, 2, 3, 4), f64(2, 2, 5, 4)}, Order: 2},
	Sample{Op: MatMulSum{TA: true, TB: true}, In: []graph.Type{f64(3, 4, 3), f64(3, 2, 4)}, Order: 2},
)

// Name shows the transposes.
func (o MatMulSum) Name() string { return "Σ" + MatMul(o).Name() }

// Infer wants two stacks of matrices with equal batch axes.
func (o MatMulSum) Infer(in []graph.Type) ([]graph.Type, error) {
	out, err := MatMul(o).Infer(in)
	if err != nil {
		return nil, err
	}
	a, b := in[0].Shape, in[1].Shape
	if a.Rank() != b.Rank() || a.Rank() < 3 {
		return nil, fmt.Errorf("a %v, b %v; want two stacks with equal batch axes", a, b)
	}
	return []graph.Type{out[0].Of(out[0].Shape.Dim(-2), out[0].Shape.Dim(-1))}, nil
}

// Eval adds the products of the definition.
//
// The stack is formed here: the oracle may cost what it likes.
func (o MatMulSum) Eval(dst, in []*graph.Tensor) error {
	types, err := MatMul(o).Infer([]graph.Type{in[0].Type, in[1].Type})
	if err != nil {
		return err
	}
	all, err := graph.EvalOp(MatMul(o), types, in)
	if err != nil {
		return err
	}
	for i, x := range all[0].F {
		dst[0].F[i%len(dst[0].F)] += x
	}
	return nil
}

// VJP is that of each product, the cotangent being shared by the batch.
func (o MatMulSum) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	a, b, d := n.In[0], n.In[1], dy[0]
	da, db := apply(MatMul{false, !o.TB}, d, b), apply(MatMul{!o.TA, false}, a, d)
	if o.TA {
		da = apply(MatMul{o.TB, true}, b, d)
	}
	if o.TB {
		db = apply(MatMul{true, o.TA}, d, a)
	}
	return []*graph.Node{da, db}
}

// Kernel adds product after product, a block of rows of the result a worker; where the batch lies along the inner
// dimension of both operands it is one product.
func (o MatMulSum) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, matMulSumRun[float32], matMulSumRun[float64])
}

// rowGrain is how many rows of the result one worker takes at a time.
const rowGrain = 16

// matMulSumRun computes Σ_p A_p·B_p over a batch. For A_pᵀ·B_p, which gradients of weights are, the batch is one
// long inner dimension, so the sum is one product. Otherwise each core has rows of its own and adds up the
// products of the batch there, in their order: the result is not cut, and so the same for any number of cores.
func matMulSumRun[T float](o MatMulSum, in, _ []graph.Type) Run {
	d, shape, _ := MatMul(o).dims(in[0].Shape, in[1].Shape)
	batch := shape.Size()
	if o.TA && !o.TB {
		return func(dst, in []Buffer) {
			kernels.Gemm(d.m, d.n, batch*d.k, view[T](in[0]), 1, d.m, view[T](in[1]), d.n, 1, view[T](dst[0]), d.n, false)
		}
	}
	rsA, csA, rsB, csB := d.k, 1, d.n, 1
	if o.TA {
		rsA, csA = 1, d.m
	}
	if o.TB {
		rsB, csB = 1, d.k
	}
	var a, b, c []T
	block := func(lo, hi int) {
		for p := range batch {
			kernels.Gemm(hi-lo, d.n, d.k, a[p*d.m*d.k+lo*rsA:], rsA, csA, b[p*d.k*d.n:], rsB, csB, c[lo*d.n:], d.n, p > 0)
		}
	}
	return func(dst, in []Buffer) {
		a, b, c = view[T](in[0]), view[T](in[1]), view[T](dst[0])
		kernels.Parallel(d.m, rowGrain, block)
	}
}
