package kernels

import (
	"runtime"
	"slices"
	"unsafe"
)

// Patches multiplies weights with the patches around the cells of a grid (h×w), which it reads where they are. A patch
// has q cells, cell δ = (δᵢ, δⱼ) being that many rows and columns away from the centre, in each of channels grids; cells
// outside the grid are zeros:
//
//	P(x) (channels·q × h·w)   P(x)[c·q + δ, (i,j)] = x[c, i+δᵢ, j+δⱼ]
//
// The matrix P(x), q times the size of x, is never written out. A band of rows of the grid is copied with a margin of
// zeros into a scratch that stays in L2, and there row (c, δ) of P(x) is the grid of channel c from another place on: the
// kernels read it through a list of such places. Between two rows there is one margin, which serves the patches at the end
// of the one and at the start of the other.
//
// A Patches belongs to one op of one program: it holds scratch and is not re-entrant.
type Patches[T Float] struct {
	batch, h, w       int
	channels, outputs int
	size              int // q
	top, left         int // margins before the grid
	pitch             int // of a row in scratch
	rows, bands       int // rows of a band, bands of a grid
	plane             int // elements of a channel of a band with its margins
	from, bytes       []int
	places            []int // from, filled up to whole tiles of a gradient
	positions         int   // of a band, from its first cell to its last one, margins between
	y, weights, x     []T
	partial           []T // gradients of weights, one matrix a group
	groups            int
	frames            FreeList[patchFrame[T]]
	product, gradient func(lo, hi int)
}

// patchFrame is the scratch of one core.
type patchFrame[T Float] struct {
	cells  []T // a band of all channels, with margins
	turned []T // a band of the other factor of a gradient, the outputs of a cell side by side
	sums   []T // of a gradient, registers of lanes that are added up in the end
	lanes  []T // the sums of one tile
	row    listed[T]
	flat   flatArgs
	sum    correlation[T]
	block  product[T]
	copy   WindowFrame[T]
}

// listed are the arguments of a tile whose rows of B begin at a list of places: C (rows×cols) = A·B.
type listed[T Float] struct {
	a           []T // A[i,p] = a[i·rsA + p]
	rsA         int
	b           []T // B[p,j] = b[from[p] + j]
	from, bytes []int
	c           []T // C[i,j] = c[i·rsC + j]
	rsC         int
	rows, cols  int
	tile        tileArgs
}

const (
	bandBytes     = 512 << 10 // of scratch for a band: half of a usual L2
	manyBands     = 16        // tasks of a product, where work for as many can be found
	fewRows       = 4         // rows that a band is not cut below for their sake
	patchGroups   = 16        // partial sums of a gradient over the batch
	slack         = 128       // elements that a kernel may read past a row of B, and drops
	fewChannels   = 8         // below which a gradient has kernels of its own
	gradientDepth = 256       // cells whose products are summed at once at most: both factors then stay in L1
	gradientTiles = 4         // panels of outputs of a block of a gradient
)

// NewPatches prepares products over batch inputs (channels·h·w) with results (outputs·h·w). Offsets are the pairs
// (δᵢ, δⱼ), one after the other.
func NewPatches[T Float](batch, h, w, channels, outputs int, offsets []int) *Patches[T] {
	if batch < 0 || h < 1 || w < 1 || channels < 1 || outputs < 1 || len(offsets) < 2 || len(offsets)%2 != 0 {
		panicf("kernels.NewPatches: batch %d of %d×%d cells, %d → %d channels, %d offsets; want positive sizes and pairs",
			batch, h, w, channels, outputs, len(offsets))
	}
	p := &Patches[T]{batch: batch, h: h, w: w, channels: channels, outputs: outputs, size: len(offsets) / 2}
	bottom, right := 0, 0
	for o := 0; o < len(offsets); o += 2 {
		p.top, bottom = max(p.top, -offsets[o]), max(bottom, offsets[o])
		p.left, right = max(p.left, -offsets[o+1]), max(right, offsets[o+1])
	}
	p.pitch = w + max(p.left, right)
	p.cut(bottom)
	var zero T
	for c := range channels {
		for o := 0; o < len(offsets); o += 2 {
			at := c*p.plane + (p.top+offsets[o])*p.pitch + p.left + offsets[o+1]
			p.from = append(p.from, at)
			p.bytes = append(p.bytes, at*int(unsafe.Sizeof(zero)))
		}
	}
	p.places = slices.Clone(p.from)
	for len(p.places)%corrPlaces != 0 {
		p.places = append(p.places, p.places[0])
	}
	p.product, p.gradient = p.multiply, p.differentiate
	p.frames.Put(p.newFrame())
	return p
}

// cut chooses the bands: as many rows as fit, and fewer where there are few inputs to share among the cores.
func (p *Patches[T]) cut(bottom int) {
	var zero T
	margin := p.top + bottom
	work := 2 * p.batch * p.h * p.w * p.channels * p.size * p.outputs
	p.rows = p.h
	for p.rows > 1 && p.channels*(p.rows+margin)*p.pitch*int(unsafe.Sizeof(zero)) > bandBytes {
		p.rows = (p.rows + 1) / 2
	}
	for work > serialFlops && p.rows > fewRows && p.batch*((p.h-1)/p.rows+1) < manyBands {
		p.rows = (p.rows + 1) / 2
	}
	p.bands = (p.h-1)/p.rows + 1
	p.plane = (p.rows+margin)*p.pitch + p.left
	p.positions = (p.rows-1)*p.pitch + p.w
	p.groups = min(p.batch, patchGroups)
}

func (p *Patches[T]) newFrame() *patchFrame[T] {
	return &patchFrame[T]{cells: make([]T, p.channels*p.plane+slack)}
}

// frame takes scratch. Its margins are zeros: nobody writes left or right of the rows.
func (p *Patches[T]) frame() *patchFrame[T] {
	if f := p.frames.Get(); f != nil {
		return f
	}
	return p.newFrame()
}

// parallel runs n tasks, on all cores where the work of them all pays. A core takes some that follow each other, so that it
// can ask for the next one's input.
func (p *Patches[T]) parallel(n int, f func(lo, hi int)) {
	if 2*float64(p.batch)*float64(p.h*p.w)*float64(p.channels*p.size)*float64(p.outputs) > serialFlops {
		Parallel(n, max(1, n/(coreBlocks*runtime.GOMAXPROCS(0))), f)
	} else if n > 0 {
		f(0, n)
	}
}

// Mul computes y_b = weights·P(x_b) for every input of the batch: weights (outputs×channels·q), x (batch×channels·h·w),
// y (batch×outputs×h·w). Each sum runs over channels, then offsets, in their order.
func (p *Patches[T]) Mul(y, weights, x []T) {
	p.check("Patches.Mul", y, weights, x)
	p.y, p.weights, p.x = y, weights, x
	p.parallel(p.batch*p.bands, p.product)
	p.y, p.weights, p.x = nil, nil, nil
}

func (p *Patches[T]) check(op string, y, weights, x []T) {
	checkLen(op, "weights", len(weights), p.outputs*p.channels*p.size)
	checkLen(op, "x", len(x), p.batch*p.channels*p.h*p.w)
	checkLen(op, "y", len(y), p.batch*p.outputs*p.h*p.w)
}

// multiply computes bands lo to hi−1, counted along the grid, then the batch.
func (p *Patches[T]) multiply(lo, hi int) {
	e, f := engineOf[T](), p.frame()
	for t := lo; t < hi; t++ {
		b, i0 := t/p.bands, t%p.bands*p.rows
		i1 := min(i0+p.rows, p.h)
		p.pad(e, f, b, i0)
		y := p.y[b*p.outputs*p.h*p.w+i0*p.w:]
		if e.flat != nil && roundUp(p.w, e.listedCols/2) > p.pitch {
			p.multiplyFlat(e, f, y, p.following(t+1), (i1-i0-1)*p.pitch+p.w)
		} else {
			p.multiplyRows(e, f, y, i1-i0)
		}
	}
	f.row, f.flat = listed[T]{}, flatArgs{} // let go of the operands
	p.frames.Put(f)
}

// following is the input that band t reads, whoever computes it; nil behind the last one and where bands are parts of a grid.
func (p *Patches[T]) following(t int) []T {
	if t >= p.batch || p.bands > 1 {
		return nil
	}
	n := p.channels * p.h * p.w
	return p.x[t*n:][:n]
}

// multiplyRows computes rows of the grid in y, some cells of a row at a time.
func (p *Patches[T]) multiplyRows(e *engine[T], f *patchFrame[T], y []T, rows int) {
	f.row.rsA, f.row.rsC, f.row.from, f.row.bytes = p.channels*p.size, p.h*p.w, p.from, p.bytes
	for i := range rows {
		for j := 0; j < p.w; j += e.listedCols {
			f.row.a, f.row.b, f.row.c = p.weights, f.cells[i*p.pitch+j:], y[i*p.w+j:]
			f.row.rows, f.row.cols = p.outputs, min(e.listedCols, p.w-j)
			e.listed(&f.row)
		}
	}
}

// pad copies the rows of all channels of input b that the band from row i0 on takes, with those around it that patches
// reach. What is outside the grid are zeros.
func (p *Patches[T]) pad(e *engine[T], f *patchFrame[T], b, i0 int) {
	first, rows := i0-p.top, p.plane/p.pitch
	lo, hi := max(first, 0), min(first+rows, p.h)
	for c := range p.channels {
		to := f.cells[c*p.plane:][:p.plane]
		if hi <= lo {
			clear(to)
			continue
		}
		clear(to[:(lo-first)*p.pitch])
		clear(to[(hi-first)*p.pitch:])
		f.copyRows(e, to[(lo-first)*p.pitch+p.left:], p.x[((b*p.channels+c)*p.h+lo)*p.w:], hi-lo, p.w, p.pitch, p.w)
	}
}

// copyRows copies rows of cols elements from one distance between them to another.
func (f *patchFrame[T]) copyRows(e *engine[T], dst, src []T, rows, cols, rowDst, rowSrc int) {
	f.copy.args = windowArgs[T]{x: pointer(src), y: pointer(dst), rows: rows, cols: cols, rowX: rowSrc, rowY: rowDst}
	e.copyRows(&f.copy.args)
	f.copy.args = windowArgs[T]{}
}

// Gradient computes dw = Σ_b d_b·P(x_b)ᵀ: d (batch×outputs×h·w), x (batch×channels·h·w), dw (outputs×channels·q). The
// batch is summed in groups whose number depends on the batch alone. A NaN or ∞ in x makes all sums of its channel NaN.
func (p *Patches[T]) Gradient(dw, d, x []T) {
	p.check("Patches.Gradient", d, dw, x)
	n := p.outputs * p.channels * p.size
	p.partial = atLeast(p.partial, (p.groups+1)*n)
	p.y, p.x = d, x
	p.parallel(p.groups, p.gradient)
	p.y, p.x = nil, nil
	if p.channels < fewChannels {
		SumColumns(dw, p.partial[:p.groups*n], p.groups, n)
		return
	}
	total := p.partial[p.groups*n:][:n]
	SumColumns(total, p.partial[:p.groups*n], p.groups, n)
	Transpose(dw, total, p.channels*p.size, p.outputs)
}

// differentiate sums the inputs of groups lo to hi−1, each into a matrix of its own: (outputs×channels·q) where channels
// are few, else (channels·q×outputs).
func (p *Patches[T]) differentiate(lo, hi int) {
	e, f := engineOf[T](), p.frame()
	n := p.outputs * p.channels * p.size
	for g := lo; g < hi; g++ {
		sum, from, to := p.partial[g*n:][:n], g*p.batch/p.groups, (g+1)*p.batch/p.groups
		if p.channels < fewChannels {
			p.differentiateFew(e, f, sum, from, to)
		} else {
			p.differentiateMany(e, f, sum, from, to)
		}
	}
	p.frames.Put(f)
}

// differentiateMany adds the inputs lo to hi−1 to sum, by products of channels with outputs for each offset.
//
// The cells of a band, margins included, are one long sum: where the other factor has its margins of zeros, row (c, δ)
// of P(x) may hold anything, and is a stretch of scratch as a whole.
func (p *Patches[T]) differentiateMany(e *engine[T], f *patchFrame[T], sum []T, lo, hi int) {
	s := e.scratch.Get()
	if s == nil {
		s = new(scratch[T])
	}
	f.turned = atLeast(f.turned, p.rows*p.pitch*p.outputs)
	clear(sum)
	for b := lo; b < hi; b++ {
		for i0 := 0; i0 < p.h; i0 += p.rows {
			i1 := min(i0+p.rows, p.h)
			p.pad(e, f, b, i0)
			p.turn(e, f, b, i0, i1)
			p.addProducts(e, s, f, sum, (i1-i0-1)*p.pitch+p.w, p.stretches(b+1))
		}
	}
	e.scratch.Put(s)
}

// turn transposes rows i0 to i1−1 of d: the outputs of a cell side by side, with zeros between the rows of the grid. Where
// the kernel's squares leave cells at the end of a row over, a last square that reaches back takes them.
func (p *Patches[T]) turn(e *engine[T], f *patchFrame[T], b, i0, i1 int) {
	cells := p.h * p.w
	d := p.y[b*p.outputs*cells:][:p.outputs*cells]
	whole := p.w
	if p.w > e.side {
		whole = p.w / e.side * e.side
	}
	for i := i0; i < i1; i++ {
		to := f.turned[(i-i0)*p.pitch*p.outputs:]
		e.transposeTo(to, d[i*p.w:], p.outputs, whole, p.outputs, cells)
		if back := p.w - e.side; whole < p.w {
			e.transposeTo(to[back*p.outputs:], d[i*p.w+back:], p.outputs, e.side, p.outputs, cells)
		}
	}
}

// stretches are what input b of a gradient reads, nil behind the last one and where bands are parts of a grid.
func (p *Patches[T]) stretches(b int) (next [2][]T) {
	if b < p.batch && p.bands == 1 {
		x, d := p.channels*p.h*p.w, p.outputs*p.h*p.w
		next = [2][]T{p.y[b*d:][:d], p.x[b*x:][:x]}
	}
	return next
}

// addProducts adds to sum what n cells of a band give, and asks for next meanwhile: in turn, as many bytes for each term.
func (p *Patches[T]) addProducts(e *engine[T], s *scratch[T], f *patchFrame[T], sum []T, n int, next [2][]T) {
	size, asked := int(unsafe.Sizeof(T(0))), 0
	first, all := len(next[0])*size, (len(next[0])+len(next[1]))*size
	panels := (p.outputs-1)/e.listedCols + 1
	depth := (n-1)/((n-1)/gradientDepth+1) + 1 // in parts of even size: a short one costs as many loads and stores of sums
	for q := 0; q < n; q += depth {
		for o := range p.size {
			f.block = product[T]{batch: 1, m: p.channels, n: p.outputs, k: min(depth, n-q),
				a: f.cells[p.from[o]+q:], rsA: p.plane, csA: 1,
				b: f.turned[q*p.outputs:], rsB: p.outputs, csB: 1,
				c: sum[o*p.outputs:], ldc: p.size * p.outputs, accumulate: true}
			from := uintptr(0)
			switch {
			case asked < first:
				from = uintptr(pointer(next[0])) + uintptr(asked)
			case asked < all:
				from = uintptr(pointer(next[1])) + uintptr(asked-first)
			}
			f.block.next, f.block.share = from, all/(n*p.size*panels)+1
			for j := 0; j < p.outputs; j += gradientTiles * e.listedCols {
				e.block(&f.block, s, 0, 0, p.channels, j, min(j+gradientTiles*e.listedCols, p.outputs))
			}
			asked += int(f.block.next - from)
		}
	}
	f.block = product[T]{}
}

// listedGo is a tile by list in plain Go: row by row of A, an axpy for every row of B.
func listedGo[T Float](l *listed[T]) {
	for i := range l.rows {
		c := l.c[i*l.rsC:][:l.cols]
		clear(c)
		for p, v := range l.a[i*l.rsA:][:len(l.from)] {
			for j, x := range l.b[l.from[p]:][:len(c)] {
				c[j] += v * x
			}
		}
	}
}

// listedTile hands the arguments to the tile kernels of an instruction set, some rows at a time so that no call is long.
func (t tiles[T]) listedTile(wide, narrow func(*uint64)) func(l *listed[T]) {
	var zero T
	size := int(unsafe.Sizeof(zero))
	return func(l *listed[T]) {
		kernel := wide
		if narrow != nil && 2*l.cols <= t.width {
			kernel = narrow
		}
		args := &l.tile
		args.k, args.csA, args.rsA = len(l.from), size, l.rsA*size
		args.b, args.rsB = unsafe.Pointer(&l.b[0]), int(uintptr(unsafe.Pointer(&l.bytes[0]))) // l.bytes keeps the list alive
		args.rsC, args.cols, args.whole = l.rsC*size, l.cols, 0
		if l.cols == t.width || narrow != nil && 2*l.cols == t.width {
			args.whole = 1
		}
		step := max(8, blockFlops/(2*t.width*len(l.from))/8*8)
		for i := 0; i < l.rows; i += step {
			args.a, args.c = unsafe.Pointer(&l.a[i*l.rsA]), unsafe.Pointer(&l.c[i*l.rsC])
			args.rows = min(step, l.rows-i)
			kernel((*uint64)(unsafe.Pointer(args)))
		}
	}
}
