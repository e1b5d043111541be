package ops

import (
	"fmt"
	"slices"

	"rpnc/graph"
)

// Kernel draws what the oracle draws: without replacement by selection instead of sorting, in time proportional to the
// row.
func (o Draw) Kernel(in, out []graph.Type) (Run, error) {
	switch in[0].DType {
	case graph.F32:
		return drawRun[float32](o, in, out), nil
	case graph.F64:
		return drawRun[float64](o, in, out), nil
	}
	return nil, fmt.Errorf("ops.%s: no kernel for %v; want floats", o.Name(), in[0])
}

// drawRun computes in double precision whatever x is: ties of rounded sums would favour some positions. The key is one
// for all rows of a step; 30n stands for the logarithms of a row.
func drawRun[T float](o Draw, in, out []graph.Type) Run {
	n := in[0].Shape.Dim(-1)
	scratch := newSpare(func() *line[float64] { return &line[float64]{make([]float64, n), make([]int32, n)} })
	return rowwise(in, out, in[0].Shape.Size()/n, 30*n, func(a *args[T], lo, hi int) {
		l, key := scratch.get(), o.Key(a.inI[1][0])
		for row := lo; row < hi; row++ {
			x, y := a.in[0][row*n:(row+1)*n], a.dstI[0][row*o.K:(row+1)*o.K]
			if o.Replace {
				roulette(y, x, l.x, key, row*o.K)
			} else {
				drawBest(y, x, l, key, row*n)
			}
			slices.Sort(y)
		}
		scratch.put(l)
	})
}

// drawBest is [best] with scratch: once entry n−k is in its place, the k largest are behind it.
func drawBest[T float](y []int32, x []T, l *line[float64], key graph.Key, at int) {
	for j, v := range x {
		l.x[j], l.order[j] = float64(v)+gumbel(key, at+j), int32(j)
	}
	l.kth(len(x) - len(y))
	copy(y, l.order[len(x)-len(y):])
}
