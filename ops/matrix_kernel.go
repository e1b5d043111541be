package ops

import (
	"rpnc/graph"
	"rpnc/internal/kernels"
)

// Kernel fills the triangle row by row.
func (o UpperOnes) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, upperOnesRun[float32], upperOnesRun[float64])
}

func upperOnesRun[T float](o UpperOnes, in, out []graph.Type) Run {
	return rowwise(in, out, o.N, o.N, func(a *args[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			row := a.dst[0][i*o.N : (i+1)*o.N]
			clear(row[:i])
			kernels.Fill(row[i:], 1)
		}
	})
}

// Kernel adds along lines that are contiguous, and otherwise row to row, which is a vector loop. A line is one sum
// from its first entry on, so it belongs to one core.
func (o CumSum) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, cumSumRun[float32], cumSumRun[float64])
}

// InPlace says that y may be written over x.
func (o CumSum) InPlace(int) bool { return true }

// cumSumRun sees x as (outer×n×inner).
func cumSumRun[T float](o CumSum, in, out []graph.Type) Run {
	ax, _ := axisOf(o.Axis, in[0].Shape)
	outer, n, inner := around(in[0].Shape, ax)
	w := n * inner
	return rowwise(in, out, outer, w, func(a *args[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			y, x := a.dst[0][i*w:(i+1)*w], a.in[0][i*w:(i+1)*w]
			if inner == 1 {
				runningSum(y, x, o.Reverse)
			} else {
				kernels.RunningRows(y, x, n, inner, o.Reverse)
			}
		}
	})
}

// runningSum computes the running sum of one line.
func runningSum[T float](y, x []T, reverse bool) {
	var sum T
	if reverse {
		for k := len(x) - 1; k >= 0; k-- {
			sum += x[k]
			y[k] = sum
		}
		return
	}
	for k, v := range x {
		sum += v
		y[k] = sum
	}
}
