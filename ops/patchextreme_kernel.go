package ops

import (
	"slices"

	"rpnc/graph"
	"rpnc/internal/kernels"
)

// How pooling runs without a patch in memory. The i-th patch of a table reads cells anchor(i) +
// offset(k), k < size, of an (h×w) grid; cells outside count as 0. On a plane that has the grid inside
// a margin of zeros, cell (r, c) is element first + r·pitch + c, an offset is a constant distance
// from[k], and the maximum over patches is
//
//	best[a] = max_k plane[a + from[k]]   for all a between the first and the last anchor
//
// that is: size vector maxima of whole planes, shifted against each other. It computes maxima at places
// that are no anchors too (all of them, where patches are two apart: four times too many), and is still
// several times as fast as gathering cells one by one, because eight or sixteen places go through one
// instruction. The anchors are picked from the result.
//
// A table does not say that it comes from a grid; planesOf tries the widths that divide the row and
// takes the first under which every patch fits the same offsets. Tables that fit none go entry by
// entry.
//
// Backward the same plane finds, patch by patch, the first entry that equals the maximum (or is NaN)
// and adds the cotangent there; entries of the margin collect what belongs to no cell.

// planes lay a row of x out as a plane with a margin of zeros, in which every patch is the same list of places
// from an anchor of its own on. Then the k-th entries of all patches are one stretch of the plane, k is a distance, and
// vector loops compare whole planes.
//
// pitch = left margin + w + right margin; the margins are as wide as the patches that reach furthest
// out.
type planes struct {
	h, w, pitch int
	first       int   // where cell (0, 0) is in the plane
	size        int   // elements of the plane
	anchors     []int // of the patches, rising where the patches are packed row by row
	from        []int // entry k of the patch at anchor a is element a + from[k]
}

// planesOf finds the layout of a table, for rows of n entries that are a grid of some width; ok is false where there is
// none. As WindowOf, it tries the widths; offsets are read from a patch that lies inside the grid.
//
// At least one patch has to lie inside the grid: only there are all offsets to be seen. The search is
// O(widths·len(table)) and made once, when a program is compiled.
func planesOf(table *graph.Index, size, n int) (p planes, ok bool) {
	t := table.Slice()
	inside := -1
	for at := 0; at+size <= len(t) && inside < 0; at += size {
		if !slices.Contains(t[at:at+size], -1) {
			inside = at
		}
	}
	for w := 1; w <= n && inside >= 0; w++ {
		if n%w != 0 {
			continue
		}
		if p, ok = layPlanes(t, t[inside:inside+size], n/w, w); ok {
			return p, true
		}
	}
	return planes{}, false
}

// layPlanes places the patches of a table on a grid of width w if they all look like the model.
//
// The model's first cell has offset (0, 0). A patch is placed by its first cell that exists; all its
// other cells must then be where the offsets say, or −1 where that is outside.
func layPlanes(t, model []int32, h, w int) (p planes, ok bool) {
	var di, dj, ai, aj []int // of the entries of a patch, and of the anchors
	for _, cell := range model {
		di, dj = append(di, int(cell)/w-int(model[0])/w), append(dj, int(cell)%w-int(model[0])%w)
	}
	for at := 0; at < len(t); at += len(model) {
		k := slices.IndexFunc(t[at:at+len(model)], func(cell int32) bool { return cell >= 0 })
		if k < 0 {
			return p, false
		}
		i, j := int(t[at+k])/w-di[k], int(t[at+k])%w-dj[k]
		for k, cell := range t[at : at+len(model)] {
			r, c := i+di[k], j+dj[k]
			if inside := r >= 0 && r < h && c >= 0 && c < w; inside && int(cell) != r*w+c || !inside && cell != -1 {
				return p, false
			}
		}
		ai, aj = append(ai, i), append(aj, j)
	}
	return p.laid(h, w, di, dj, ai, aj), true
}

// laid computes margins and places.
func (p planes) laid(h, w int, di, dj, ai, aj []int) planes {
	top, left := max(0, -slices.Min(ai)-min(0, slices.Min(di))), max(0, -slices.Min(aj)-min(0, slices.Min(dj)))
	bottom, right := max(0, slices.Max(ai)+slices.Max(di)-h+1), max(0, slices.Max(aj)+slices.Max(dj)-w+1)
	p.h, p.w, p.pitch = h, w, left+w+right
	p.first = top*p.pitch + left
	p.size = (top + h + bottom) * p.pitch
	for k := range di {
		p.from = append(p.from, di[k]*p.pitch+dj[k])
	}
	for k := range ai {
		p.anchors = append(p.anchors, p.first+ai[k]*p.pitch+aj[k])
	}
	return p
}

// load copies a row of x into a plane whose margins are zeros.
func load[T float](p planes, plane, x []T) {
	for i := range p.h {
		copy(plane[p.first+i*p.pitch:][:p.w], x[i*p.w:])
	}
}

// extremeFrame is the scratch of one core: a plane, and what is computed of it.
//
// Both have the size of a plane. Margins of plane are zeros from allocation on, as load writes the
// inside only.
type extremeFrame[T float] struct{ plane, other []T }

// extremeFrames keeps frames for as many cores as have run at once.
func extremeFrames[T float](size int) *spare[extremeFrame[T]] {
	return newSpare(func() *extremeFrame[T] { return &extremeFrame[T]{make([]T, size), make([]T, size)} })
}

// Kernel compares planes, or entry by entry where the patches are not those of a grid.
func (o PatchExtreme) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, patchExtremeRun[float32], patchExtremeRun[float64])
}

// HostOnly says that the pass that makes it is one for the CPU.
func (PatchExtreme) HostOnly() {}

// patchExtremeRun maps x (rows×n) → (rows×patches), a row at a time on each core.
func patchExtremeRun[T float](o PatchExtreme, in, out []graph.Type) Run {
	rows, n, patches := in[0].Shape.Dim(0), in[0].Shape.Dim(1), out[0].Shape.Dim(1)
	p, regular := planesOf(o.Table, o.Size, n)
	if !regular || patches == 0 {
		return rowwise(in, out, rows, o.Table.Len(), func(a *args[T], lo, hi int) {
			for r := lo; r < hi; r++ {
				listedExtremes(o, o.Table.Slice(), a.dst[0][r*patches:(r+1)*patches], a.in[0][r*n:(r+1)*n])
			}
		})
	}
	better := kernels.Maximum[T]
	if o.Min {
		better = kernels.Minimum[T]
	}
	frames := extremeFrames[T](p.size)
	lowest, highest := slices.Min(p.anchors), slices.Max(p.anchors)+1
	return rowwise(in, out, rows, p.size*o.Size/8, func(a *args[T], lo, hi int) {
		f := frames.get()
		best := f.other[:highest-lowest]
		for r := lo; r < hi; r++ {
			load(p, f.plane, a.in[0][r*n:(r+1)*n])
			copy(best, f.plane[lowest+p.from[0]:])
			for _, from := range p.from[1:] {
				better(best, best, f.plane[lowest+from:][:len(best)])
			}
			y := a.dst[0][r*patches : (r+1)*patches]
			for i, anchor := range p.anchors {
				y[i] = best[anchor-lowest]
			}
		}
		frames.put(f)
	})
}

// listedExtremes finds the extremes of one row by the table.
//
// The condition is that of [Extreme]: strictly better, or the first NaN.
func listedExtremes[T float](o PatchExtreme, table []int32, y, x []T) {
	for i := range y {
		best := at(x, table[i*o.Size])
		for _, cell := range table[i*o.Size+1 : (i+1)*o.Size] {
			v := at(x, cell)
			if best == best && (v != v || v > best && !o.Min || v < best && o.Min) {
				best = v
			}
		}
		y[i] = best
	}
}

// at is an entry of x, 0 outside.
func at[T float](x []T, cell int32) T {
	if cell < 0 {
		return 0
	}
	return x[cell]
}

// Kernel looks for the entry in a plane, or by the table where the patches are not those of a grid.
func (o PatchExtremeGrad) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, patchExtremeGradRun[float32], patchExtremeGradRun[float64])
}

// HostOnly says that the pass that makes it is one for the CPU.
func (PatchExtremeGrad) HostOnly() {}

// patchExtremeGradRun maps x (rows×n), the extremes y and the cotangent d (rows×patches) → dx (rows×n).
// Patches may overlap, and a row belongs to one core, so sums have one order.
func patchExtremeGradRun[T float](o PatchExtremeGrad, in, _ []graph.Type) Run {
	rows, n, patches := in[0].Shape.Dim(0), in[0].Shape.Dim(1), in[1].Shape.Dim(1)
	p, regular := planesOf(o.Table, o.Size, n)
	frames := extremeFrames[T](p.size)
	return rowwise(in, in[:1], rows, o.Table.Len(), func(a *args[T], lo, hi int) {
		f := frames.get()
		for r := lo; r < hi; r++ {
			dx, x := a.dst[0][r*n:(r+1)*n], a.in[0][r*n:(r+1)*n]
			y, d := a.in[1][r*patches:(r+1)*patches], a.in[2][r*patches:(r+1)*patches]
			if !regular {
				placeListed(o.Table.Slice(), o.Size, dx, x, y, d)
				continue
			}
			load(p, f.plane, x)
			clear(f.other)
			placeExtremes(p, f.other, f.plane, y, d)
			for i := range p.h {
				copy(dx[i*p.w:(i+1)*p.w], f.other[p.first+i*p.pitch:])
			}
		}
		frames.put(f)
	})
}

// placeExtremes adds d, patch by patch, to the place of the first entry that is y.
func placeExtremes[T float](p planes, dx, x, y, d []T) {
	y, d = y[:len(p.anchors)], d[:len(p.anchors)]
	for i, anchor := range p.anchors {
		best := y[i]
		for _, from := range p.from {
			if v := x[anchor+from]; v == best || v != v {
				dx[anchor+from] += d[i]
				break
			}
		}
	}
}

// placeListed does so by the table.
func placeListed[T float](table []int32, size int, dx, x, y, d []T) {
	clear(dx)
	for i, best := range y {
		for _, cell := range table[i*size : (i+1)*size] {
			v := at(x, cell)
			if v != best && v == v {
				continue
			}
			if cell >= 0 {
				dx[cell] += d[i]
			}
			break
		}
	}
}
