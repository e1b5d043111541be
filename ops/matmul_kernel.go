package ops

import (
	"rpnc/graph"
	"rpnc/internal/kernels"
)

// Kernel is one batched product. A stack of matrices times one shared matrix is the product of all their rows.
func (o MatMul) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, matMulRun[float32], matMulRun[float64])
}

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
	if !o.TA && bsB == 0 {
		batch, m = 1, batch*m
	}
	return func(dst, in []Buffer) {
		kernels.GemmBatch(batch, m, d.n, d.k, view[T](in[0]), rsA, csA, bsA, view[T](in[1]), rsB, csB, bsB,
			view[T](dst[0]), d.n, m*d.n, false)
	}
}

// Kernel multiplies step by step.
func (o MatPow) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, matPowRun[float32], matPowRun[float64])
}

func matPowRun[T float](o MatPow, in, _ []graph.Type) Run {
	n := in[0].Shape.Dim(0)
	if o.H == 0 && !o.Accumulative {
		return func(dst, _ []Buffer) {
			y := view[T](dst[0])
			clear(y)
			for i := range n {
				y[i*n+i] = 1
			}
		}
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
				copy(y, a)
			}
			kernels.Gemm(n, n, n, a, n, 1, x, n, 1, y, n, o.Accumulative)
			x = y
		}
		if o.H < 2 {
			copy(last, a)
		}
	}
}
