package ops

import (
	"slices"

	"rpnc/graph"
	"rpnc/internal/kernels"
)

// How pooling runs without a patch in memory. The i-th patch of a table reads cells anchor(i) +
// offset(k), k < size, of an (h×w) grid; cells outside count as 0. Were the anchors one cell apart, then on a
// plane that has the grid inside a margin of zeros the k-th entries of all patches would be one stretch,
// from[k] after the first, and the maximum over patches
//
//	best[a] = max_k plane[a + from[k]]   for all a between the first and the last anchor
//
// size vector maxima of stretches, shifted against each other. That is several times as fast as
// gathering cells one by one, because eight or sixteen places go through one instruction.
//
// Where anchors are s rows and t columns apart, the grid is dealt out to s·t planes: cell (r, c) to plane
// (r mod s, c mod t), there to (r/s, c/t). Neighbouring patches read neighbours in each plane, so that the
// k-th entries are a stretch again, and no maxima are computed at places that are no anchors but at the
// ends of rows.
//
// A table does not say that it comes from a grid; planesOf tries the widths that divide the row and
// takes the first under which every patch fits the same offsets. Tables that fit none go entry by
// entry.
//
// Backward the same planes tell, for k from last to first, which patches' k-th entry equals the maximum
// (or is NaN); the last answer is the first entry, of all patches at once and without a branch. The table then
// says which cell that is.

// planes lay a row of x out as planes with a margin of zeros, in which every patch is the same list of places
// from an anchor of its own on. Then the k-th entries of all patches are one stretch, k is a distance, and
// vector loops compare whole stretches.
//
// A row of a plane holds pitch cells; the margins are as wide as the patches that reach furthest out.
type planes struct {
	h, w         int
	top, left    int // margins before the grid
	down, across int // s and t, cells between anchors
	pitch, plane int // elements of a row of a plane, and of a plane
	size         int // elements of all planes
	reach        int // one past the largest anchor
	anchors      []int
	from         []int // entry k of the patch at anchor a is element a + from[k]
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

// laid computes margins, distances of anchors, and places.
//
// Distances are the greatest that divide all; of a single row or column of anchors any would do, and it is 1.
func (p planes) laid(h, w int, di, dj, ai, aj []int) planes {
	i0, j0 := slices.Min(ai), slices.Min(aj)
	p.top, p.left = max(0, -i0-min(0, slices.Min(di))), max(0, -j0-min(0, slices.Min(dj)))
	bottom, right := max(0, slices.Max(ai)+slices.Max(di)-h+1), max(0, slices.Max(aj)+slices.Max(dj)-w+1)
	p.h, p.w, p.down, p.across = h, w, distance(ai), distance(aj)
	p.pitch = (p.left+w+right-1)/p.across + 1
	p.plane = ((p.top+h+bottom-1)/p.down + 1) * p.pitch
	p.size = p.down * p.across * p.plane
	for k := range di {
		p.from = append(p.from, p.place(i0+di[k], j0+dj[k]))
	}
	for k := range ai {
		p.anchors = append(p.anchors, (ai[k]-i0)/p.down*p.pitch+(aj[k]-j0)/p.across)
	}
	p.reach = slices.Max(p.anchors) + 1
	return p
}

// distance is the greatest common divisor of what numbers are apart; 1 where they are all equal.
func distance(at []int) int {
	d := 0
	for _, x := range at {
		for x -= at[0]; x != 0; {
			d, x = x, d%x
		}
	}
	if d == 0 {
		return 1
	}
	return max(d, -d)
}

// place is where a cell is, margins included.
func (p planes) place(i, j int) int {
	r, c := i+p.top, j+p.left
	return (r%p.down*p.across+c%p.across)*p.plane + r/p.down*p.pitch + c/p.across
}

// load deals a row of x out to planes whose margins are zeros.
func load[T float](p planes, to, x []T) {
	for i := range p.h {
		row := x[i*p.w:][:p.w]
		switch {
		case p.across == 1:
			copy(to[p.place(i, 0):], row)
		case p.across == 2 && p.w > 1:
			halve(to[p.place(i, 0):], to[p.place(i, 1):], row)
		default:
			for j := range min(p.across, p.w) {
				part := to[p.place(i, j):]
				for c, at := j, 0; c < p.w; c, at = c+p.across, at+1 {
					part[at] = row[c]
				}
			}
		}
	}
}

// halve deals out to two, the commonest case, without a count of its own for each.
func halve[T float](even, odd, row []T) {
	n := len(row) / 2
	even, odd = even[:n+len(row)%2], odd[:n]
	for len(odd) >= 4 && len(row) >= 8 && len(even) >= 4 {
		even[0], odd[0], even[1], odd[1] = row[0], row[1], row[2], row[3]
		even[2], odd[2], even[3], odd[3] = row[4], row[5], row[6], row[7]
		even, odd, row = even[4:], odd[4:], row[8:]
	}
	for i := range odd {
		even[i], odd[i] = row[2*i], row[2*i+1]
	}
	if len(row)%2 == 1 {
		even[len(odd)] = row[len(row)-1]
	}
}

// extremeFrame is the scratch of one core: planes, and of every anchor its extreme and the entry that it is.
//
// Margins of planes are zeros from allocation on, as load writes the inside only.
type extremeFrame[T float] struct{ planes, best, entry []T }

// extremeFrames keeps frames for as many cores as have run at once.
func extremeFrames[T float](p planes) *spare[extremeFrame[T]] {
	return newSpare(func() *extremeFrame[T] {
		return &extremeFrame[T]{make([]T, p.size), make([]T, p.reach), make([]T, p.reach)}
	})
}

// Kernel compares planes, or entry by entry where the patches are not those of a grid.
func (o PatchExtreme) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, patchExtremeRun[float32], patchExtremeRun[float64])
}

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
	frames := extremeFrames[T](p)
	return rowwise(in, out, rows, p.reach*o.Size/8, func(a *args[T], lo, hi int) {
		f := frames.get()
		for r := lo; r < hi; r++ {
			load(p, f.planes, a.in[0][r*n:(r+1)*n])
			copy(f.best, f.planes[p.from[0]:])
			for _, from := range p.from[1:] {
				better(f.best, f.best, f.planes[from:][:p.reach])
			}
			y := a.dst[0][r*patches : (r+1)*patches]
			for i, anchor := range p.anchors {
				y[i] = f.best[anchor]
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

// Kernel looks for the entry in planes, or by the table where the patches are not those of a grid.
func (o PatchExtremeGrad) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, patchExtremeGradRun[float32], patchExtremeGradRun[float64])
}

// patchExtremeGradRun maps x (rows×n), the extremes y and the cotangent d (rows×patches) → dx (rows×n).
// Patches may overlap, and a row belongs to one core, so sums have one order.
func patchExtremeGradRun[T float](o PatchExtremeGrad, in, _ []graph.Type) Run {
	rows, n, patches := in[0].Shape.Dim(0), in[0].Shape.Dim(1), in[1].Shape.Dim(1)
	p, regular := planesOf(o.Table, o.Size, n)
	frames := extremeFrames[T](p)
	return rowwise(in, in[:1], rows, o.Table.Len(), func(a *args[T], lo, hi int) {
		f := frames.get()
		for r := lo; r < hi; r++ {
			dx, x := a.dst[0][r*n:(r+1)*n], a.in[0][r*n:(r+1)*n]
			y, d := a.in[1][r*patches:(r+1)*patches], a.in[2][r*patches:(r+1)*patches]
			if !regular {
				placeListed(o.Table.Slice(), o.Size, dx, x, y, d)
				continue
			}
			load(p, f.planes, x)
			f.find(p, y)
			f.place(p, o.Table.Slice(), dx, d)
		}
		frames.put(f)
	})
}

// find notes for every anchor the first entry that is y, or a NaN; as many as there are entries where none is.
func (f *extremeFrame[T]) find(p planes, y []T) {
	for i, anchor := range p.anchors {
		f.best[anchor] = y[i]
	}
	for i := range f.entry {
		f.entry[i] = T(len(p.from))
	}
	for k := len(p.from) - 1; k >= 0; k-- {
		kernels.Mark(f.entry, f.planes[p.from[k]:][:p.reach], f.best, T(k))
	}
}

// place adds d, patch by patch, to the cell of its entry.
func (f *extremeFrame[T]) place(p planes, table []int32, dx, d []T) {
	clear(dx)
	size := len(p.from)
	d = d[:len(p.anchors)]
	for i, anchor := range p.anchors {
		if k := int(f.entry[anchor]); k < size {
			if cell := table[i*size+k]; cell >= 0 {
				dx[cell] += d[i]
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
