package ops

import (
	"rpnc/graph"
	"rpnc/internal/kernels"
)

// Kernel is one batched product. A stack of matrices times one shared matrix is the product of all their rows.
func (o MatMul) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, matMulRun[float32], matMulRun[float64])
}

// matLayout is a product as strides: a transpose is read in place, and an operand without batch axes gets the batch
// stride 0.
//
// rs, cs and bs are distances in elements between rows, columns and products.
type matLayout struct {
	batch, m, n, k int
	rsA, csA, bsA  int
	rsB, csB, bsB  int
}

// layout is that of operands of the given shapes.
func (o MatMul) layout(a, b graph.Shape) matLayout {
	d, shape, _ := o.dims(a, b)
	l := matLayout{batch: shape.Size(), m: d.m, n: d.n, k: d.k, rsA: d.k, csA: 1, rsB: d.n, csB: 1}
	if o.TA {
		l.rsA, l.csA = 1, d.m
	}
	if o.TB {
		l.rsB, l.csB = 1, d.k
	}
	if a.Rank() > 2 {
		l.bsA = d.m * d.k
	}
	if b.Rank() > 2 {
		l.bsB = d.k * d.n
	}
	if !o.TA && l.bsB == 0 { // the rows of all a are one matrix: a large product is faster than many small ones
		l.batch, l.m = 1, l.batch*l.m
	}
	return l
}

// matMulRun binds the strides once; a run allocates nothing.
func matMulRun[T float](o MatMul, in, _ []graph.Type) Run {
	l := o.layout(in[0].Shape, in[1].Shape)
	return func(dst, in []Buffer) {
		kernels.GemmBatch(l.batch, l.m, l.n, l.k, view[T](in[0]), l.rsA, l.csA, l.bsA, view[T](in[1]), l.rsB, l.csB, l.bsB,
			view[T](dst[0]), l.n, l.m*l.n, false)
	}
}

// Kernel multiplies step by step, as the expansion does, so that both round alike.
func (o MatPow) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, matPowRun[float32], matPowRun[float64])
}

// matPowRun writes the products in turn to two matrices of scratch, and the last one to the result.
//
// H − 1 products of 2n³ operations. Repeated squaring would take log₂ H but round otherwise than the
// expansion, and H is a number of hops, 2 to 5.
func matPowRun[T float](o MatPow, in, _ []graph.Type) Run {
	n := in[0].Shape.Dim(0)
	if o.H == 0 && !o.Accumulative {
		return func(dst, _ []Buffer) { identity(view[T](dst[0]), n) }
	}
	scratch := [2][]T{}
	if o.H > 2 {
		scratch = [2][]T{make([]T, n*n), make([]T, n*n)}
	}
	return func(dst, in []Buffer) {
		a, last := view[T](in[0]), view[T](dst[0])
		x := a
		for i := range o.H - 1 {
			y := scratch[i%2]
			if i == o.H-2 {
				y = last
			}
			if o.Accumulative {
				copy(y, a) // the product is added to it: A + A·x
			}
			kernels.Gemm(n, n, n, a, n, 1, x, n, 1, y, n, o.Accumulative)
			x = y
		}
		if o.H < 2 {
			copy(last, a)
		}
	}
}

// identity writes the n×n matrix I.
func identity[T float](y []T, n int) {
	clear(y)
	for i := range n {
		y[i*n+i] = 1
	}
}
