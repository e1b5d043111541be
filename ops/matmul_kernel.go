package ops

import (
	"rpnc/graph"
	"rpnc/internal/kernels"
)

// Kernel is one batched product. A stack of matrices times one shared matrix is the product of all their rows.
func (o MatMul) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, matMulRun[float32], matMulRun[float64])
}

// matMulRun turns the flags into strides: a transpose is read in place. An operand without batch axes gets the batch
// stride 0.
func matMulRun[T float](o MatMul, in, _ []graph.Type) Run {
	d, shape, _ := o.dims(in[0].Shape, in[1].Shape)
	batch, m := shape.Size(), d.m
	rsA, csA, bsA := d.k, 1, 0
	if o.TA {
		rsA, csA = 1, d.m
	}
	rsB, csB, bsB := d.n, 1, 0
	if o.TB {
		rsB, csB = 1, d.k
	}
	if in[0].Shape.Rank() > 2 {
		bsA = d.m * d.k
	}
	if in[1].Shape.Rank() > 2 {
		bsB = d.k * d.n
	}
	if !o.TA && bsB == 0 { // the rows of all a are one matrix: a large product is faster than many small ones
		batch, m = 1, batch*m
	}
	return func(dst, in []Buffer) {
		kernels.GemmBatch(batch, m, d.n, d.k, view[T](in[0]), rsA, csA, bsA, view[T](in[1]), rsB, csB, bsB,
			view[T](dst[0]), d.n, m*d.n, false)
	}
}

// Kernel multiplies step by step, as the expansion does, so that both round alike.
func (o MatPow) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, matPowRun[float32], matPowRun[float64])
}

// matPowRun writes the products in turn to two matrices of scratch, and the last one to the result.
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
