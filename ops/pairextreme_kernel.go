package ops

import (
	"rpnc/graph"
	"rpnc/internal/kernels"
)

// Kernel compares a row of differences at a time with the best so far.
func (o PairExtreme) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, pairExtremeRun[float32], pairExtremeRun[float64])
}

// pairExtremeRun computes y[i,j] = max_c (or min_c) |x[c,i] − x[c,j]| for x (k×m), and beside it how many c reach
// that extreme, by which the gradient is shared. Rows of y are split over the cores; the columns of x run along
// memory, so a row takes k passes over x, each of a vector loop.
func pairExtremeRun[T float](o PairExtreme, in, out []graph.Type) Run {
	k, m := in[0].Shape.Dim(0), in[0].Shape.Dim(1)
	return rowwise(in, out, m, k*m, func(a *args[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			best, ties := a.dst[0][i*m:(i+1)*m], a.dst[1][i*m:(i+1)*m]
			for c := range k {
				x := a.in[0][c*m : (c+1)*m]
				if c == 0 {
					pairRow(PairTerm{P: 1}, best, x[i], x)
					kernels.Fill(ties, 1)
				} else {
					keepExtremes(best, ties, x[i], x, o.Min)
				}
			}
		}
	})
}

// keepExtremes compares the differences of u and v with the best so far and counts ties.
//
// A NaN difference replaces the best and then stays: no comparison with it is true, but that of another
// NaN.
func keepExtremes[T float](best, ties []T, u T, v []T, least bool) {
	for j, w := range v {
		t := max(u-w, w-u)
		switch b := best[j]; {
		case t == b:
			ties[j]++
		case t > b != least || t != t:
			best[j], ties[j] = t, 1
		}
	}
}

// Kernel adds along rows of s.
func (o PairTies) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, pairTiesRun[float32], pairTiesRun[float64])
}

// pairTiesRun is the gradient for x: dx[c,i] = Σⱼ s[i,j]·tie(x[c,i], x[c,j], y[i,j]), where tie is the sign of the
// difference if it reaches the extreme and else 0, and s is the gradient of y over the number of ties.
func pairTiesRun[T float](_ PairTies, in, out []graph.Type) Run {
	k, m := in[0].Shape.Dim(0), in[0].Shape.Dim(1)
	return rowwise(in, out, m, k*m, func(a *args[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			y, s := a.in[1][i*m:(i+1)*m], a.in[2][i*m:(i+1)*m]
			for c := range k {
				x, sum := a.in[0][c*m:(c+1)*m], T(0)
				for j, v := range x {
					sum += s[j] * tie(x[i], v, y[j])
				}
				a.dst[0][c*m+i] = sum
			}
		}
	})
}

// Kernel adds row by row of x.
func (o PairTieSum) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, pairTieSumRun[float32], pairTieSumRun[float64])
}

// pairTieSumRun is the adjoint of [pairTiesRun] in s, which second order needs: the same ties, summed over c
// instead of j.
func pairTieSumRun[T float](_ PairTieSum, in, out []graph.Type) Run {
	k, m := in[0].Shape.Dim(0), in[0].Shape.Dim(1)
	return rowwise(in, out, m, k*m, func(a *args[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			y, sum := a.in[1][i*m:(i+1)*m], a.dst[0][i*m:(i+1)*m]
			clear(sum)
			for c := range k {
				x, g := a.in[0][c*m:(c+1)*m], a.in[2][c*m+i]
				for j, v := range x {
					sum[j] += g * tie(x[i], v, y[j])
				}
			}
		}
	})
}
