package ops

import (
	"rpnc/graph"
	"rpnc/internal/kernels"
)

// Kernel reads x once and writes z once, a block of columns a worker.
func (o NormRelu) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, normReluRun[float32], normReluRun[float64])
}

// InPlaceResult says that z may be written over x where it is as large.
func (o NormRelu) InPlaceResult(result, operand int) bool {
	return result == 0 && operand == 0 && o.Heads == 1
}

func normReluRun[T float](o NormRelu, in, _ []graph.Type) Run {
	rows, m := in[0].Shape.Dim(0), in[0].Shape.Dim(1)
	n := &kernels.NormRelu[T]{Rows: rows, Columns: m / o.Heads, Heads: o.Heads, Eps: o.Eps, Scale: o.Scale}
	return func(dst, in []Buffer) {
		n.Forward(view[T](dst[0]), view[T](dst[1]), view[T](dst[2]), view[T](dst[3]), view[T](in[0]), view[T](in[1]), view[T](in[2]))
	}
}

// Kernel reads x once and writes z once, a block of columns a worker.
func (o AffineRelu) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, affineReluRun[float32], affineReluRun[float64])
}

// InPlaceResult says that z may be written over x where it is as large.
func (o AffineRelu) InPlaceResult(_, operand int) bool { return operand == 0 && o.Heads == 1 }

func affineReluRun[T float](o AffineRelu, in, _ []graph.Type) Run {
	rows, m := in[0].Shape.Dim(0), in[0].Shape.Dim(1)
	n := &kernels.NormRelu[T]{Rows: rows, Columns: m / o.Heads, Heads: o.Heads, Scale: o.Scale}
	return func(dst, in []Buffer) { n.Map(view[T](dst[0]), view[T](in[0]), view[T](in[1]), view[T](in[2])) }
}

// Kernel reads x and d once and writes dx once, a block of columns a worker.
func (o NormReluGrad) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, normReluGradRun[float32], normReluGradRun[float64])
}

// InPlaceResult says that dx may be written over x, and over d where it is as large.
func (o NormReluGrad) InPlaceResult(result, operand int) bool {
	return result == 0 && (operand == 1 || operand == 0 && o.Heads == 1)
}

func normReluGradRun[T float](o NormReluGrad, in, _ []graph.Type) Run {
	rows, m := in[1].Shape.Dim(0), in[1].Shape.Dim(1)
	n := &kernels.NormRelu[T]{Rows: rows, Columns: m / o.Heads, Heads: o.Heads, Scale: o.Scale}
	return func(dst, in []Buffer) {
		n.Backward(view[T](dst[0]), view[T](dst[1]), view[T](dst[2]), view[T](dst[3]),
			view[T](in[0]), view[T](in[1]), view[T](in[2]), view[T](in[3]), view[T](in[4]), view[T](in[5]))
	}
}
