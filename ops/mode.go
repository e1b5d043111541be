package ops

import (
	"fmt"
	"math"
	"slices"

	"rpnc/graph"
)

// MostFrequent is the entry that comes most often along an axis, the smallest of several, and the position (I32) of the
// first such entry. The axis is kept with size 1. A NaN is equal to none and larger than all. Its gradient goes to that
// one entry.
//
// Positions make its derivative that of a selection, as with [Extreme].
type MostFrequent struct{ Axis int }

var _ = register(
	Sample{Op: MostFrequent{Axis: 1}, In: []graph.Type{f64(3, 4)}, Order: 2},
	Sample{Op: MostFrequent{Axis: 0}, In: []graph.Type{f64(3, 2, 2)}, Order: 2},
)

// Name shows the axis.
func (o MostFrequent) Name() string { return fmt.Sprintf("Mode@%d", o.Axis) }

// Infer gives values and positions, as [Extreme] does.
func (o MostFrequent) Infer(in []graph.Type) ([]graph.Type, error) {
	return Extreme{Axis: o.Axis}.Infer(in)
}

// Eval counts for every entry of a line how many are equal to it.
//
// O(n²) for a line of n: the kernel's sorting is held against it.
func (o MostFrequent) Eval(dst, in []*graph.Tensor) error {
	i := 0
	lines(in[0].Type.Shape, o.Axis, func(at, n, stride int) {
		x := func(k int) float64 { return in[0].F[at+k*stride] }
		best, most := 0, 0
		for k := range n {
			count := 0
			for j := range n {
				if x(j) == x(k) {
					count++
				}
			}
			if count > most || count == most && (x(k) < x(best) || math.IsNaN(x(best)) && !math.IsNaN(x(k))) {
				best, most = k, count
			}
		}
		dst[0].F[i], dst[1].I[i] = x(best), int32(best)
		i++
	})
	return nil
}

// VJP gives the cotangent to the entry that was taken.
func (o MostFrequent) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	if dy[0] == nil {
		return []*graph.Node{nil}
	}
	return []*graph.Node{apply(Place{o.Axis, n.In[0].Shape().Dim(o.Axis)}, dy[0], n.Result(1))}
}

// ModeAxis is the most frequent entry along an axis, which it keeps with size 1.
func ModeAxis(x *graph.Node, axis int) *graph.Node { return apply(MostFrequent{axis}, x).Result(0) }

// Kernel sorts every line.
func (o MostFrequent) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, modeRun[float32], modeRun[float64])
}

// modeRun looks for the longest run of equal entries of a sorted copy of each line; the first of the longest is that of
// the smallest entry. 32n stands for the sorting.
func modeRun[T float](o MostFrequent, in, out []graph.Type) Run {
	ax, _ := axisOf(o.Axis, in[0].Shape)
	outer, n, inner := around(in[0].Shape, ax)
	scratch := newSpare(func() *line[T] { return &line[T]{make([]T, n), make([]int32, n)} })
	return rowwise(in, out, outer*inner, 32*n, func(a *args[T], lo, hi int) {
		l := scratch.get()
		for i := lo; i < hi; i++ {
			at := i/inner*n*inner + i%inner
			for k := range n {
				l.x[k], l.order[k] = a.in[0][at+k*inner], int32(k)
			}
			k := l.mode()
			a.dst[0][i], a.dstI[1][i] = l.x[k], k
		}
		scratch.put(l)
	})
}

// mode sorts order and answers with the start of its longest run of equal entries.
//
// Equal entries stand together in rising order of positions, and runs come in rising order of values,
// so "strictly longer" keeps the smallest value and its first position. A NaN equals nothing and makes
// runs of one.
func (l *line[T]) mode() int32 {
	slices.SortFunc(l.order, func(i, j int32) int {
		switch {
		case l.less(i, j):
			return -1
		case l.less(j, i):
			return 1
		}
		return 0
	})
	best, most := l.order[0], 0
	for lo := 0; lo < len(l.order); {
		hi := lo + 1
		for hi < len(l.order) && l.x[l.order[hi]] == l.x[l.order[lo]] {
			hi++
		}
		if hi-lo > most {
			best, most = l.order[lo], hi-lo
		}
		lo = hi
	}
	return best
}
