package ops

import (
	"fmt"

	"rpnc/graph"
)

// Kernel compares line by line, or row with row where the axis is not the last.
func (o Extreme) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, extremeRun[float32], extremeRun[float64])
}

// extremeRun sees x as (outer×n×inner) and the results as (outer×inner).
func extremeRun[T float](o Extreme, in, out []graph.Type) Run {
	ax, _ := axisOf(o.Axis, in[0].Shape)
	outer, n, inner := around(in[0].Shape, ax)
	return rowwise(in, out, outer*inner, n, func(a *args[T], lo, hi int) {
		segments(lo, hi, inner, func(row, from, to int) {
			x := a.in[0][row*n*inner:]
			// inner lines side by side are compared a row at a time: reads stay contiguous.
			best, at := a.dst[0][row*inner+from:row*inner+to], a.dstI[1][row*inner+from:row*inner+to]
			if inner == 1 {
				best[0], at[0] = extremeOf(x[:n], o.Min)
				return
			}
			copy(best, x[from:])
			clear(at)
			for k := 1; k < n; k++ {
				contest(best, at, x[k*inner+from:k*inner+to], int32(k), o.Min)
			}
		})
	})
}

// extremeOf is, as the oracle has it, the extreme entry of x and its place; the first of equals, a NaN before all numbers.
func extremeOf[T float](x []T, least bool) (best T, at int32) {
	best = x[0]
	for k, v := range x[1:] {
		if best != best {
			break
		}
		if v != v || v > best && !least || v < best && least {
			best, at = v, int32(k+1)
		}
	}
	return best, at
}

// contest replaces the best entries so far by better ones of x, which is row k.
//
// b == b is false for a NaN, which nothing replaces.
func contest[T float](best []T, at []int32, x []T, k int32, least bool) {
	for j, v := range x {
		b := best[j]
		if b == b && (v != v || v > b && !least || v < b && least) {
			best[j], at[j] = v, k
		}
	}
}

// checkLabel panics with an error if an index that is data does not exist: a Run has no error result, and the
// executor, which recovers the panic, knows the name of the node.
//
// The conversion to uint32 makes one comparison of two: a negative number is larger than any n.
func checkLabel(what string, v int32, at, n int) {
	if uint32(v) >= uint32(n) {
		panic(fmt.Errorf("%s %d of row %d; want 0…%d", what, v, at, n-1))
	}
}

// Kernel reads by position; a position out of range panics with an error.
func (o Pick) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, pickRun[float32], pickRun[float64])
}

// pickRun sees x as (outer×n×inner), positions and result as (outer×each), each = K·inner.
func pickRun[T float](o Pick, in, out []graph.Type) Run {
	ax, _ := axisOf(o.Axis, in[0].Shape)
	_, n, inner := around(in[0].Shape, ax)
	each := in[1].Shape.Dim(ax) * inner
	return rowwise(in, out, out[0].Shape.Size(), 1, func(a *args[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			k := a.inI[1][i]
			checkLabel("position", k, i, n)
			a.dst[0][i] = a.in[0][(i/each*n+int(k))*inner+i%inner]
		}
	})
}

// Kernel adds by position; a position out of range panics with an error.
func (o Place) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, placeRun[float32], placeRun[float64])
}

// placeRun sees x and positions as (outer×each), each = K·inner, the result as (outer×N×inner).
func placeRun[T float](o Place, in, out []graph.Type) Run {
	ax, _ := axisOf(o.Axis, in[0].Shape)
	outer, n, inner := around(in[0].Shape, ax)
	each, w := n*inner, o.N*inner
	return rowwise(in, out, outer, w, func(a *args[T], lo, hi int) {
		clear(a.dst[0][lo*w : hi*w])
		for i := lo * each; i < hi*each; i++ {
			k := a.inI[1][i]
			checkLabel("position", k, i, o.N)
			a.dst[0][i/each*w+int(k)*inner+i%inner] += a.in[0][i]
		}
	})
}

// Kernel writes the ones; a label out of range panics with an error.
func (o OneHot) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, oneHotRun[float32], oneHotRun[float64])
}

// oneHotRun writes a row of N for every label.
func oneHotRun[T float](o OneHot, in, out []graph.Type) Run {
	return rowwise(in, out, in[0].Shape.Size(), o.N, func(a *args[T], lo, hi int) {
		clear(a.dst[0][lo*o.N : hi*o.N])
		for i := lo; i < hi; i++ {
			checkLabel("label", a.inI[0][i], i, o.N)
			a.dst[0][i*o.N+int(a.inI[0][i])] = 1
		}
	})
}
