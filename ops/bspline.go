package ops

import (
	"fmt"

	"rpnc/graph"
	"rpnc/internal/kernels"
)

// BSpline evaluates uniform B-spline bases of degree D, or their derivatives of order Deriv, at every entry of x:
// (…) → (…×T+D). The knots are gₖ = k·h + Lo, k = −D…T+D, with h = (Hi−Lo)/T, and (Cox and de Boor)
//
//	B_{i,0} = 1 on [gᵢ, gᵢ₊₁), else 0
//	B_{i,k} = (x−gᵢ)/(gᵢ₊ₖ−gᵢ)·B_{i,k−1} + (gᵢ₊ₖ₊₁−x)/(gᵢ₊ₖ₊₁−gᵢ₊₁)·B_{i+1,k−1}
//	B′_{i,k} = k·(B_{i,k−1}/(gᵢ₊ₖ−gᵢ) − B_{i+1,k−1}/(gᵢ₊ₖ₊₁−gᵢ₊₁))
type BSpline struct {
	Lo, Hi   float64
	T, D     int
	DerivNum int // order of the derivative, 0 for the bases themselves
}

var _ = register(
	Sample{Op: BSpline{Lo: -1, Hi: 1, T: 5, D: 3}, In: []graph.Type{f64(3, 4)}, Lo: -1.2, Hi: 1.2, Order: 2},
	Sample{Op: BSpline{Lo: -1, Hi: 2, T: 3, D: 1}, In: []graph.Type{f64(4)}, Lo: 0.1, Hi: 0.9, Order: 1},
	Sample{Op: BSpline{Lo: -1, Hi: 1, T: 2, D: 0}, In: []graph.Type{f64(4)}, Lo: 0.1, Hi: 0.9, Order: 1},
	Sample{Op: BSpline{Lo: -1, Hi: 1, T: 5, D: 3, DerivNum: 1}, In: []graph.Type{f64(2, 2)}, Lo: -1.2, Hi: 1.2, Order: 1},
)

// Name shows the range, the intervals, the degree and the derivative.
func (o BSpline) Name() string {
	return fmt.Sprintf("BSpline{[%g, %g)/%d, degree %d%.*s}", o.Lo, o.Hi, o.T, o.D, o.DerivNum, "′′′′′′′′")
}

// Infer wants floats, a range, intervals and a degree of 0 or more.
func (o BSpline) Infer(in []graph.Type) ([]graph.Type, error) {
	if err := oneFloat(in); err != nil {
		return nil, err
	}
	if !(o.Lo < o.Hi) || o.T < 1 || o.D < 0 || o.DerivNum < 0 {
		return nil, fmt.Errorf("range [%v, %v), %d intervals, degree %d; want lo < hi, 1 interval or more, degree ≥ 0", o.Lo, o.Hi, o.T, o.D)
	}
	if in[0].Shape.Rank() == graph.MaxRank {
		return nil, fmt.Errorf("operand %v has no room for one more axis", in[0].Shape)
	}
	return []graph.Type{{DType: in[0].DType, Shape: in[0].Shape.Append(o.T + o.D)}}, nil
}

// Eval follows the recurrences over all intervals.
func (o BSpline) Eval(dst, in []*graph.Tensor) error {
	g, b, width := splineKnots[float64](o), make([]float64, o.T+2*o.D), o.T+o.D
	for at, v := range in[0].F {
		for i := range b {
			b[i] = 0
			if g[i] <= v && v < g[i+1] {
				b[i] = 1
			}
		}
		for k := 1; k <= o.D; k++ {
			splineDegree(o, k, 0, len(b)-k, v, g, b)
		}
		if o.DerivNum <= o.D {
			copy(dst[0].F[at*width:(at+1)*width], b)
		}
	}
	return nil
}

// splineKnots are the T+2D+1 knots in the working precision.
//
// They are computed as the reference system does, k·h + Lo in the working precision, since which
// interval an x on a knot belongs to depends on the last bit.
func splineKnots[T float](o BSpline) []T {
	h := T((o.Hi - o.Lo) / float64(o.T))
	g := make([]T, o.T+2*o.D+1)
	for k := range g {
		g[k] = T(k-o.D)*h + T(o.Lo)
	}
	return g
}

// splineDegree turns the bases lo…hi−1 of degree k−1 at v into those of degree k; the last DerivNum degrees take
// derivatives instead of values.
//
// b[i] and b[i + 1] of the degree below are read before b[i] is written, so one array serves.
func splineDegree[T float](o BSpline, k, lo, hi int, v T, g, b []T) {
	for i := lo; i < hi; i++ {
		left, right := g[i+k]-g[i], g[i+k+1]-g[i+1]
		if k <= o.D-o.DerivNum {
			b[i] = (v-g[i])/left*b[i] + (g[i+k+1]-v)/right*b[i+1]
		} else {
			b[i] = T(k) * (b[i]/left - b[i+1]/right)
		}
	}
}

// splineInterval is the interval between knots that holds v, −1 outside of all.
//
// The quotient is within one of the right interval, and the comparisons with the knots themselves
// decide: all ways of evaluating agree on the border.
func splineInterval[T float](g []T, v T) int {
	if !(g[0] <= v && v < g[len(g)-1]) {
		return -1
	}
	j := min(int((v-g[0])/(g[1]-g[0])), len(g)-2)
	// The quotient is rounded, so that it may be off by one.
	for v < g[j] {
		j--
	}
	for v >= g[j+1] {
		j++
	}
	return j
}

// VJP is Σᵢ dyᵢ·B′ᵢ(x).
func (o BSpline) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	x, d := n.In[0], o
	d.DerivNum++
	return []*graph.Node{ReshapeTo(SumAxis(Mul(dy[0], apply(d, x)), -1), x.Shape())}
}

// Kernel computes the D+1 bases that are not zero at every entry, cubic ones by a closed form.
func (o BSpline) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, splineKernel[float32], splineKernel[float64])
}

// splineKernel takes vector kernels for cubic splines and their slopes, the usual degree, and the
// recurrence otherwise: (D + 1)·D/2 steps an x instead of those of all T + 2D intervals.
func splineKernel[T float](o BSpline, in, out []graph.Type) Run {
	n, width := in[0].Shape.Size(), o.T+o.D
	if o.D == 3 && o.DerivNum <= 1 {
		cubic := kernels.CubicSplines[T]
		if o.DerivNum == 1 {
			cubic = kernels.CubicSplineSlopes[T]
		}
		lo, cell := T(o.Lo), T((o.Hi-o.Lo)/float64(o.T))
		return rowwise(in, out, n, width, func(a *args[T], from, to int) {
			cubic(a.dst[0][from*width:to*width], a.in[0][from:to], width, lo, cell)
		})
	}
	g, b := splineKnots[T](o), make([]T, o.T+2*o.D+1)
	return func(dst, in []Buffer) { splineRecurrence(o, g, b, view[T](dst[0]), view[T](in[0])) }
}

// splineRecurrence writes the bases of every x: those around its interval, zeros elsewhere. b is scratch of zeros.
//
// It clears what it has written of b before the next x.
func splineRecurrence[T float](o BSpline, g, b, y, x []T) {
	width := o.T + o.D
	clear(y)
	for at, v := range x {
		j := splineInterval(g, v)
		if j < 0 || o.DerivNum > o.D {
			continue
		}
		// Bases of degree k are not zero on j−k…j; b keeps a zero on either side of them.
		b[j] = 1
		for k := 1; k <= o.D; k++ {
			splineDegree(o, k, max(0, j-k), min(j+1, o.T+2*o.D-k), v, g, b)
		}
		lo, hi := max(0, j-o.D), min(j+1, width)
		copy(y[at*width+lo:at*width+hi], b[lo:hi])
		clear(b[max(0, j-o.D) : j+1])
	}
}
