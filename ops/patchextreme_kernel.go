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
// k-th entries of a row of anchors are a stretch again.
//
// A table does not say that it comes from a grid; planesOf tries the widths that divide the row and
// takes the first under which every patch fits the same offsets and anchors are a grid of their own.
// Tables that fit none go entry by entry.
//
// Backward the same planes tell which patches' k-th entry equals the maximum (or is NaN), and a second
// set of planes gathers what the entries get, before it is dealt back into the row.

// planes lay a row of x out as planes with a margin of zeros, in which every patch is the same list of places
// from an anchor of its own on. Then the k-th entries of all patches are one stretch, k is a distance, and
// vector loops compare whole stretches.
//
// A row of a plane holds pitch cells, and at least as many as whole registers of anchors take: a load of
// the next row would wait for a store that covers a part of it. The margins are as wide as the patches that reach furthest out.
type planes struct {
	h, w         int
	top, left    int   // margins before the grid
	down, across int   // s and t, cells between anchors
	pitch, plane int   // elements of a row of a plane, and of a plane
	size         int   // elements of all planes
	rows, cols   int   // of anchors
	from         []int // entry k of the patch at anchor (i, j) is element i·pitch + j + from[k]
}

// apart is the largest number of anchors in a register.
const apart = 16

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
	return p.laid(h, w, di, dj, ai, aj)
}

// laid computes margins, distances of anchors, and places; ok is false where anchors are no grid, row by row.
//
// Distances are the greatest that divide all; of a single row or column of anchors any would do, and it is 1.
func (p planes) laid(h, w int, di, dj, ai, aj []int) (_ planes, ok bool) {
	i0, j0 := slices.Min(ai), slices.Min(aj)
	p.top, p.left = max(0, -i0-min(0, slices.Min(di))), max(0, -j0-min(0, slices.Min(dj)))
	bottom, right := max(0, slices.Max(ai)+slices.Max(di)-h+1), max(0, slices.Max(aj)+slices.Max(dj)-w+1)
	p.h, p.w, p.down, p.across = h, w, distance(ai), distance(aj)
	p.pitch = (p.left+w+right-1)/p.across + 1
	p.rows, p.cols = (slices.Max(ai)-i0)/p.down+1, (slices.Max(aj)-j0)/p.across+1
	p.pitch = max(p.pitch, (p.cols-1)/apart*apart+apart)
	p.plane = ((p.top+h+bottom-1)/p.down + 1) * p.pitch
	p.size = p.down * p.across * p.plane
	for k := range di {
		p.from = append(p.from, p.place(i0+di[k], j0+dj[k]))
	}
	for k := range ai {
		if len(ai) != p.rows*p.cols || ai[k] != i0+k/p.cols*p.down || aj[k] != j0+k%p.cols*p.across {
			return p, false
		}
	}
	return p, true
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
func (f *extremeFrame[T]) load(p planes, x []T) {
	if p.halved() {
		for i := range min(p.down, p.h) { // of the rows that the same planes hold, the first
			kernels.Deal(&f.windows, f.planes[p.place(i, 0):], f.planes[p.place(i, 1):], x[i*p.w:], p.shares(i), p.w, p.down*p.w, p.pitch)
		}
		return
	}
	for i := range p.h {
		for j := range min(p.across, p.w) {
			part, at := f.planes[p.place(i, j):], 0
			for c := i*p.w + j; c < (i+1)*p.w; c += p.across {
				part[at] = x[c]
				at++
			}
		}
	}
}

// unload is the reverse: a row of dx from what the planes of sums have gathered.
func (f *extremeFrame[T]) unload(p planes, dx []T) {
	if p.halved() {
		for i := range min(p.down, p.h) {
			kernels.Join(&f.windows, dx[i*p.w:], f.sums[p.place(i, 0):], f.sums[p.place(i, 1):], p.shares(i), p.w, p.down*p.w, p.pitch)
		}
		return
	}
	for i := range p.h {
		for j := range min(p.across, p.w) {
			part, at := f.sums[p.place(i, j):], 0
			for c := i*p.w + j; c < (i+1)*p.w; c += p.across {
				dx[c] = part[at]
				at++
			}
		}
	}
}

// halved says that rows are dealt out to two planes, the commonest case, for which there are kernels.
func (p planes) halved() bool { return p.across == 2 && p.w > 1 }

// shares counts the rows of the grid in the planes that have row i < down.
func (p planes) shares(i int) int { return (p.h-i-1)/p.down + 1 }

// extremeFrame is the scratch of one core: planes of x, and of what its cells get.
//
// Margins of planes are zeros from allocation on, as load writes the inside only.
type extremeFrame[T float] struct {
	planes, sums  []T
	windows       kernels.WindowFrame[T]
	extremes, row []T // of a row that its gradient replaces
}

// extremeFrames keeps frames for as many cores as have run at once.
func extremeFrames[T float](p planes, back bool) *spare[extremeFrame[T]] {
	return newSpare(func() *extremeFrame[T] {
		f := &extremeFrame[T]{planes: make([]T, p.size)}
		if back {
			f.sums = make([]T, p.size)
		}
		return f
	})
}

// windowsOf are the patches as kernels see them.
func windowsOf[T float](p planes) *kernels.Windows[T] {
	return &kernels.Windows[T]{Rows: p.rows, Cols: p.cols, Pitch: p.pitch, From: p.from}
}

// pooling is how the extremes of rows are found, and how cotangents go back: by planes, or entry by entry where the patches
// are not those of a grid.
type pooling[T float] struct {
	op      PatchExtreme
	planes  planes
	regular bool
	frames  *spare[extremeFrame[T]]
	windows *kernels.Windows[T]
}

// newPooling prepares the pooling of rows of n elements, with scratch for gradients if back is set.
func newPooling[T float](op PatchExtreme, n int, back bool) *pooling[T] {
	p, regular := planesOf(op.Table, op.Size, n)
	return &pooling[T]{op, p, regular && op.Table.Len() > 0, extremeFrames[T](p, back), windowsOf[T](p)}
}

// extremes finds those of a row.
func (o *pooling[T]) extremes(f *extremeFrame[T], y, x []T) {
	if !o.regular {
		listedExtremes(o.op, o.op.Table.Slice(), y, x)
		return
	}
	f.load(o.planes, x)
	o.windows.Extreme(&f.windows, y, f.planes, o.op.Min)
}

// gradient leads d to the entries of a row of which y are the extremes.
func (o *pooling[T]) gradient(f *extremeFrame[T], dx, x, y, d []T) {
	if !o.regular {
		placeListed(o.op.Table.Slice(), o.op.Size, dx, x, y, d)
		return
	}
	f.load(o.planes, x)
	o.back(f, dx, y, d)
}

// back is the gradient of the row that has been loaded.
func (o *pooling[T]) back(f *extremeFrame[T], dx, y, d []T) {
	clear(f.sums)
	o.windows.Back(&f.windows, f.sums, f.planes, y, d)
	f.unload(o.planes, dx)
}

// Kernel compares planes, or entry by entry where the patches are not those of a grid.
func (o PatchExtreme) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, patchExtremeRun[float32], patchExtremeRun[float64])
}

// patchExtremeRun maps x (rows×n) → (rows×patches), a row at a time on each core.
func patchExtremeRun[T float](o PatchExtreme, in, out []graph.Type) Run {
	rows, n, patches := in[0].Shape.Dim(0), in[0].Shape.Dim(1), out[0].Shape.Dim(1)
	p := newPooling[T](o, n, false)
	width := patches * o.Size / 4
	if !p.regular {
		width = o.Table.Len()
	}
	return rowwise(in, out, rows, width, func(a *args[T], lo, hi int) {
		f := p.frames.get()
		for r := lo; r < hi; r++ {
			p.extremes(f, a.dst[0][r*patches:(r+1)*patches], a.in[0][r*n:(r+1)*n])
		}
		p.frames.put(f)
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
	p := newPooling[T](PatchExtreme{Table: o.Table, Size: o.Size}, n, true)
	return rowwise(in, in[:1], rows, o.Table.Len(), func(a *args[T], lo, hi int) {
		f := p.frames.get()
		for r := lo; r < hi; r++ {
			p.gradient(f, a.dst[0][r*n:(r+1)*n], a.in[0][r*n:(r+1)*n], a.in[1][r*patches:(r+1)*patches], a.in[2][r*patches:(r+1)*patches])
		}
		p.frames.put(f)
	})
}

// placeListed finds the entry by the table, and adds d to its cell.
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
