package ops

import (
	"math"

	"rpnc/graph"
	"rpnc/internal/kernels"
)

// Kernel works on rows, or on columns where the axis is not the last.
func (o Softmax) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, softmaxRun[float32], softmaxRun[float64])
}

// InPlace says that y may be written over x.
func (o Softmax) InPlace(int) bool { return true }

// softmaxRun leaves the exponentials to kernels, in place on the result.
func softmaxRun[T float](o Softmax, in, _ []graph.Type) Run {
	return alongLines(in[0].Shape, o.Axis, func(x []T, rows, cols int) { kernels.Softmax(x, rows, cols, o.MaskZeros) },
		func(y, x []T, batch, rows, cols int) { kernels.SoftmaxColumns(y, x, batch, rows, cols, o.MaskZeros) })
}

// Kernel works on rows, or on columns where the axis is not the last.
func (o LogSoftmax) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, logSoftmaxRun[float32], logSoftmaxRun[float64])
}

// InPlace says that y may be written over x.
func (o LogSoftmax) InPlace(int) bool { return true }

func logSoftmaxRun[T float](o LogSoftmax, in, _ []graph.Type) Run {
	return alongLines(in[0].Shape, o.Axis, func(x []T, rows, cols int) { kernels.LogSoftmax(x, rows, cols, false) }, kernels.LogSoftmaxColumns[T])
}

// alongLines is the Run of a function of the lines of x along any axis of s: it replaces rows, or reads and writes the columns
// of a batch of matrices, which vector loops go down side by side.
func alongLines[T float](s graph.Shape, axis int, rows func(x []T, rows, cols int), columns func(y, x []T, batch, rows, cols int)) Run {
	ax, _ := axisOf(axis, s)
	outer, n, inner := around(s, ax)
	return func(dst, in []Buffer) {
		y, x := view[T](dst[0]), view[T](in[0])
		if inner > 1 {
			columns(y, x, outer, n, inner)
			return
		}
		if len(y) > 0 && &y[0] != &x[0] {
			copy(y, x)
		}
		rows(y, outer, n)
	}
}

// Kernel computes the probabilities and from them the loss of every row; the rows are summed in float64, in their
// order. A label out of range panics with an error.
func (o CrossEntropy) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, crossEntropyRun[float32], crossEntropyRun[float64])
}

// crossEntropyRun writes the probabilities into their result first and reads the losses off them.
func crossEntropyRun[T float](_ CrossEntropy, in, out []graph.Type) Run {
	b, n := in[0].Shape.Dim(0), in[0].Shape.Dim(1)
	loss := make([]float64, b)
	losses := rowwise(in, out, b, n, func(a *args[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			y := a.inI[1][i]
			checkLabel("label", y, i, n)
			x, p := a.in[0][i*n:(i+1)*n], a.dst[1][i*n:(i+1)*n]
			// The largest probability is 1/Σ e^(x−max x), which saves a second sum.
			loss[i] = float64(kernels.Max(x)) - float64(x[y]) - math.Log(float64(kernels.Max(p)))
		}
	})
	return func(dst, src []Buffer) {
		p := view[T](dst[1])
		copy(p, view[T](src[0]))
		kernels.Softmax(p, b, n, false)
		losses(dst, src)
		view[T](dst[0])[0] = T(kernels.Sum(loss) / float64(max(1, b)))
	}
}
