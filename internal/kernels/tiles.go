package kernels

import "unsafe"

// tiles drives the tile kernels of an instruction set. The loops of a block, from
// the outside in:
//
//	p0: up to maxDepth terms of every sum, in parts of even size
//	i:  up to tileRows rows of A, in place or, transposed, copied, which stay in L2
//	j:  one panel of B, width columns, in place or packed, which L1 or prefetches bring
//
// and one call of a kernel for each (i, j). A call is some 2·10⁶ operations at
// most, so that a garbage collection never waits for one longer than some 10 µs.
// Each C[i,j] is one chain of FMA over the terms of p0, whatever its block, its
// tile or its place in them. Thin products are dot products instead.
type tiles[T Float] struct {
	width        int                   // columns of a panel
	wide, narrow func(*uint64)         // kernels for width and, unless nil, width/2 columns
	broad        func(*uint64)         // and for 3/2 of width
	rows         [rowHigh]rowKernel[T] // kernels for products of one row, and of two
	// turn computes dst[j·rowDst + i] = src[i·rowSrc + j] for rows ≤ turnLanes and cols that are a multiple of
	// turnUnit; it reads turnLanes rows.
	turn                func(dst, src []T, rows, cols, rowDst, rowSrc int)
	turnLanes, turnUnit int
	dots                func(*uint64) // kernel of dot products
	// panels copies rows of count panels, which lie side by side in src, to panels panelDst apart.
	panels func(dst, src []T, rows, count, rowDst, rowSrc, panelDst int)
	high   int // rows that a kernel takes at once
	thin   int // rows or columns of C up to which they are faster
	// masked says that kernels read no column past the last. Else panels that are
	// not full must be packed, which pads them.
	masked bool
}

// tileArgs are the arguments of a tile kernel, which reads them by offset; the
// strides are in bytes.
type tileArgs struct {
	k          int
	a          unsafe.Pointer
	rsA, csA   int
	b          unsafe.Pointer
	rsB        int
	c          unsafe.Pointer
	rsC        int
	rows, cols int
	accumulate int
	// Where the first turn asks for what later ones read, how far apart turns ask, and how far a strip moves
	// the place once it is done.
	ahead      uintptr
	step, back int
	relu       int // sums are replaced by max(sum, 0)
	whole      int // rows of B may be read to the end of the registers that cols columns begin
}

const (
	maxDepth    = 384     // terms of a sum taken at once
	tileRows    = 96      // rows of A for one call
	blockRows   = 384     // rows of a block beside a small B: its A stays in L2 for all parts of a sum
	blockPanels = 32      // panels of a block at most
	packPanels  = 4       // panels that a core packs at a time, a quarter of all where they are few
	blockFlops  = 1e6     // work that a block is not cut below
	thinFlops   = 4e5     // the same of a product with a thin side, whose blocks have next to nothing to prepare
	hotElements = 1 << 15 // of a block that something follows, which finds them in cache
	rowUnit     = 8       // rows of a block are a multiple of it
	tallRows    = 192     // rows of a block of few columns at most, where there are several cores
	coreBlocks  = 4       // blocks for a core, enough to balance cores of unequal speed

	// inPlaceRows is the number of rows up to which packing B does not pay, and
	// compactRows the bytes between rows of B up to which it never does. A B of more
	// than inPlaceBytes comes from memory, which likes to be read along its rows:
	// there packing pays from packRows on.
	inPlaceRows  = 256
	compactRows  = 256
	inPlaceBytes = 8 << 20
	packRows     = 8
	// A B that lies along the sum is turned into panels, which for soonRows rows or fewer is a good part of the work: soonPanels
	// are made at a time, in the same place, which is near then.
	soonRows   = 128
	soonPanels = 4
	// sharedPanels bounds the elements of B that are packed at once for all blocks,
	// and smallPanels those of a small B, which is packed so even on one core.
	smallPanels  = 1 << 16
	sharedPanels = 1 << 23
	// A C of more than largeResult bytes is in memory. With sums of shortSum terms or fewer it is written stretchRows at a time,
	// where they are stretchPanels long.
	largeResult   = 4 << 20
	shortSum      = 128
	stretchRows   = 24
	stretchPanels = 8

	// From copyStride bytes on, columns of a transposed A meet in the same lines of a cache. They
	// are copied where copyPanels panels or more read them.
	// A transposed A of more than copyBytes is copied for any reader: a tile wants
	// a part of each line only, and nothing fetches lines so far apart in advance.
	copyStride = 1024
	copyPanels = 4
	copyBytes  = 1 << 20
)

// install puts the kernels into a table.
func (t tiles[T]) install(e *engine[T]) {
	e.cut, e.block, e.direct = t.cut, t.block, 0
	e.shared, e.packShared = t.shared, t.packShared
	e.rectifies = func(p *product[T]) bool { return !t.isDots(p) && !t.isTurned(p) && !t.isTurnedDots(p) && !t.isRow(p) }
}

// cut halves the larger side of C until there are enough blocks for all cores.
func (t tiles[T]) cut(p *product[T], cores int) (rows, cols int) {
	if p.streamed {
		return p.m, p.n
	}
	rows, cols = p.m, min(p.n, blockPanels*t.width)
	if t.inPlace(p) || t.sharable(p) && p.k*p.n <= smallPanels {
		rows = min(rows, blockRows)
	}
	if p.then != nil && (t.inPlace(p) || t.sharable(p)) {
		rows = min(rows, max(2*rowUnit, roundUp(hotElements/cols, rowUnit)))
	}
	if p.rsB == 1 && p.csB > 1 && p.m <= soonRows {
		cols = min(cols, soonPanels*t.width)
		if own := t.ownCols(p, cores); own > 0 {
			return rows, own
		}
	}
	if cores == 1 {
		return rows, cols
	}
	least := float64(blockFlops)
	if min(p.m, p.n, p.k) <= t.thin {
		least = thinFlops
	}
	for {
		count := p.batch * ((p.m-1)/rows + 1) * ((p.n-1)/cols + 1)
		tall := rows > tallRows && cols >= p.n && cols < tallRows // long blocks, of which the last would be waited for
		if count >= coreBlocks*cores && !tall || float64(rows)*float64(cols)*float64(p.k) < least {
			return rows, cols
		}
		switch {
		case cols > rows && cols > t.width && (p.then == nil || rows <= 2*rowUnit):
			cols = roundUp(cols/2, t.width)
		case rows > rowUnit:
			rows = roundUp(rows/2, rowUnit)
		default:
			return rows, cols
		}
	}
}

// ownCols is the number of columns of a block where every core turns columns of B that are its own into panels: what another core
// has turned takes longer to read than to turn, and all would wait for the last one. It is 0 for one core, and where cores
// would get unequal numbers of panels, or too few for what reading all of A costs each of them.
func (t tiles[T]) ownCols(p *product[T], cores int) int {
	panels := (p.n-1)/t.width + 1
	if cores == 1 || panels%cores != 0 || panels < 2*cores {
		return 0
	}
	own := min(soonPanels, panels/cores)
	for panels/cores%own != 0 {
		own--
	}
	if float64(p.m)*float64(own*t.width)*float64(p.k) < blockFlops {
		return 0
	}
	return own * t.width
}

// roundUp returns the multiple of unit from n on.
func roundUp(n, unit int) int { return (n + unit - 1) / unit * unit }

// block computes C[i0:i1, j0:j1] of product z.
func (t tiles[T]) block(p *product[T], s *scratch[T], z, i0, i1, j0, j1 int) {
	switch {
	case t.isDots(p):
		t.dotBlock(p, s, z, i0, i1, j0, j1)
	case t.isTurned(p):
		t.turnedBlock(p, s, z, i0, i1, j0, j1)
	case t.isTurnedDots(p):
		t.turnedDots(p, s, z, i0, i1, j0, j1)
	case t.isRow(p):
		t.rowBlock(p, z, i0, i1, j0, j1)
	default:
		t.tileBlock(p, s, z, i0, i1, j0, j1)
	}
}

// tileBlock computes C[i0:i1, j0:j1] of product z by tiles.
func (t tiles[T]) tileBlock(p *product[T], s *scratch[T], z, i0, i1, j0, j1 int) {
	if p.walks() {
		for i := i0; i < i1; i += walkRows {
			t.parts(p, s, z, i, min(i+walkRows, i1), j0, j1)
		}
	} else {
		t.parts(p, s, z, i0, i1, j0, j1)
	}
	s.tile = tileArgs{} // let go of the operands
}

// parts computes C[i0:i1, j0:j1] of product z, one part of the sums after the other.
func (t tiles[T]) parts(p *product[T], s *scratch[T], z, i0, i1, j0, j1 int) {
	k := p.depth()
	for p0 := 0; p0 < p.k; p0 += k {
		part := part[T]{p, s, z, p0, min(k, p.k-p0), j0, j1, false, nil}
		t.placeB(&part)
		for i, rows := i0, t.stripRows(p); i < i1; i += rows {
			t.strip(&part, i, min(i+rows, i1))
		}
	}
}

// stripRows is the number of rows of A for one call. Where sums are short and C is in memory, it is C that the product waits
// for, which takes a few rows at a time as it likes long stretches; the panels come from L2 again for each of them.
func (t tiles[T]) stripRows(p *product[T]) int {
	if p.k <= shortSum && p.n >= stretchPanels*t.width && p.m*p.n*int(unsafe.Sizeof(T(0))) > largeResult {
		return stretchRows
	}
	return tileRows
}

// depth is the number of terms of every part of a sum but the last.
func (p *product[T]) depth() int {
	most := maxDepth
	if p.streamed {
		most = min(streamDepth, streamBytes/(max(p.m, p.n)*int(unsafe.Sizeof(T(0)))))
	}
	return (p.k-1)/((p.k-1)/most+1) + 1
}

// part is the part of a block that terms p0 to p0+k−1 of its sums make.
type part[T Float] struct {
	*product[T]
	s        *scratch[T]
	z, p0, k int // hides the k of the product
	j0, j1   int
	inPlace  bool // B's whole panels are read where they are
	panels   []T  // else they are here
}

// inPlace says that the panels of B are read where they are, whole ones at least.
func (t tiles[T]) inPlace(p *product[T]) bool {
	var e T
	stride := p.rsB * int(unsafe.Sizeof(e))
	few := p.m <= inPlaceRows && (p.m < packRows || p.k*stride <= inPlaceBytes)
	return (p.csB == 1 || p.n == 1) && (few || p.streamed || stride <= compactRows)
}

// placeB decides where the panels of B are read and packs what has to be packed,
// one panel after the other, rows of a panel width apart.
func (t tiles[T]) placeB(p *part[T]) {
	if p.packed != nil {
		p.panels = p.packed[p.p0*roundUp(p.n, t.width)+p.j0*p.k:]
		return
	}
	j := p.j0
	if p.inPlace = t.inPlace(p.product); p.inPlace {
		if t.masked || (p.j1-j)%t.width == 0 {
			return
		}
		j += (p.j1 - j) / t.width * t.width
	}
	p.s.panels = atLeast(p.s.panels, max(blockPanels*t.width*maxDepth, roundUp(p.j1-p.j0, t.width)*p.k))
	p.panels = p.s.panels
	t.packPart(p.panels[(j-p.j0)*p.k:], p.product, p.z, p.p0, p.k, j, p.j1)
}

// packPart makes panels of B[p0:p0+k, j0:j1] of product z.
func (t tiles[T]) packPart(panels []T, p *product[T], z, p0, k, j0, j1 int) {
	if cols := j1 - j0; cols%t.width != 0 {
		// Kernels may multiply the columns that are missing; denormals would be slow.
		clear(panels[cols/t.width*t.width*k:][:t.width*k])
	}
	t.pack(panels, p.b[z*p.bsB+p0*p.rsB+j0*p.csB:], k, j1-j0, p.rsB, p.csB)
}

// sharable says that one copy of B in panels serves all blocks and is not too large.
func (t tiles[T]) sharable(p *product[T]) bool {
	return (p.batch == 1 || p.bsB == 0) && roundUp(p.n, t.width)*p.k <= sharedPanels
}

// shared packs B once for all blocks where several rows of blocks would do it.
func (t tiles[T]) shared(p *product[T], down int) (size, parts int) {
	if down*p.batch < 2 || !t.sharable(p) || t.inPlace(p) || t.isDots(p) || t.isTurned(p) || t.isTurnedDots(p) {
		return 0, 0
	}
	return roundUp(p.n, t.width) * p.k, ((p.k-1)/p.depth() + 1) * ((p.n-1)/t.packCols(p) + 1)
}

// packCols is the number of columns of B that a core packs at a time.
func (t tiles[T]) packCols(p *product[T]) int {
	panels := (p.n-1)/t.width + 1
	return t.width * max(1, min(packPanels, panels/4))
}

// packShared makes panels of parts lo to hi−1 of B: some panels each, and
// as many terms as a block takes at once.
func (t tiles[T]) packShared(p *product[T], lo, hi int) {
	cols, depth := t.packCols(p), p.depth()
	across := (p.n-1)/cols + 1
	for q := lo; q < hi; q++ {
		p0, j0 := q/across*depth, q%across*cols
		k := min(depth, p.k-p0)
		t.packPart(p.packed[p0*roundUp(p.n, t.width)+j0*k:], p, 0, p0, k, j0, min(j0+cols, p.n))
	}
}

// pack copies k rows and cols columns of B into panels.
func (t tiles[T]) pack(panels, b []T, k, cols, rs, cs int) {
	e := engineOf[T]()
	if cs == 1 {
		// Along the rows, as memory is read best, but few panels at a time: their rows meet in the same places of a cache.
		for j := 0; j < cols; j += packPanels * t.width {
			t.copyPanels(panels[j*k:], b[j:], k, min(cols-j, packPanels*t.width), t.width, rs, t.width*k)
		}
		return
	}
	for j := 0; j < cols; j += t.width {
		panel, b, n := panels[j*k:], b[j*cs:], min(t.width, cols-j)
		if rs == 1 {
			e.transposeTo(panel, b, n, k, t.width, cs)
			continue
		}
		for c := range n {
			for q := range k {
				panel[q*t.width+c] = b[q*rs+c*cs]
			}
		}
	}
}

// copyPanels copies rows of cols elements to panels panelDst apart, in which rows are rowDst apart.
// The last panel may be narrower than the others.
func (t tiles[T]) copyPanels(dst, src []T, rows, cols, rowDst, rowSrc, panelDst int) {
	whole := cols / t.width
	if whole > 0 {
		t.panels(dst, src, rows, whole, rowDst, rowSrc, panelDst)
	}
	if whole*t.width == cols {
		return
	}
	for q := range rows {
		copy(dst[whole*panelDst+q*rowDst:][:cols-whole*t.width], src[q*rowSrc+whole*t.width:])
	}
}

// strip computes rows i0 to i1−1 of the block, which are tileRows at most.
func (t tiles[T]) strip(p *part[T], i0, i1 int) {
	var e T
	size := int(unsafe.Sizeof(e))
	a, rs, cs := t.placeA(p, i0, i1)
	args := &p.s.tile
	args.k, args.a, args.rsA, args.csA = p.k, unsafe.Pointer(&a[0]), rs*size, cs*size
	args.rsC, args.rows = p.ldc*size, i1-i0
	args.accumulate, args.relu = 0, 0
	if p.accumulate || p.p0 > 0 {
		args.accumulate = 1
	}
	if p.rectified && p.p0+p.k == p.product.k {
		args.relu = 1
	}
	width := t.width
	if t.isBroad(p.product) {
		width += t.width / 2
	}
	for j, cols := p.j0, 0; j < p.j1; j += cols {
		cols = min(width, p.j1-j)
		kernel, high := t.wide, t.high
		switch {
		case cols > t.width:
			kernel, high = t.broad, broadHigh
		case t.narrow != nil && 2*cols <= t.width:
			kernel, high = t.narrow, narrowHigh
		}
		args.cols, args.whole = cols, 1
		if p.inPlace && (t.masked || cols >= t.width) {
			if 2*cols%t.width != 0 {
				args.whole = 0
			}
			args.b, args.rsB = unsafe.Pointer(&p.b[p.z*p.bsB+p.p0*p.rsB+j*p.csB]), p.rsB*size
		} else {
			args.b, args.rsB = unsafe.Pointer(&p.panels[(j-p.j0)*p.k]), t.width*size
		}
		t.askAhead(p, i1, j, cols, high)
		args.c = unsafe.Pointer(&p.c[p.z*p.bsC+i0*p.ldc+j])
		kernel((*uint64)(unsafe.Pointer(args)))
	}
}

// placeA returns rows i0 to i1−1 of A for the part, and the strides to read them by.
//
// Rows are read where they are, however far apart: a strip needs few lines at a time and each of them for many terms, so that
// it does not matter that they meet in the same places of a cache; a copy would only cost its time. Of a
// transposed A a strip needs other lines for each term, and of each a part.
func (t tiles[T]) placeA(p *part[T], i0, i1 int) (a []T, rs, cs int) {
	a = p.a[p.z*p.bsA+i0*p.rsA+p.p0*p.csA:]
	if !t.copiesA(p) {
		return a, p.rsA, p.csA
	}
	p.s.rows = atLeast(p.s.rows, tileRows*maxDepth)
	t.copyPanels(p.s.rows, a, p.k, i1-i0, tileRows, p.csA, t.width)
	return p.s.rows, 1, tileRows
}

// copiesA says that A is transposed and that copying its rows pays.
func (t tiles[T]) copiesA(p *part[T]) bool {
	size := int(unsafe.Sizeof(T(0)))
	far := p.csA*size >= copyStride && p.j1-p.j0 > (copyPanels-1)*t.width
	return !p.turned() && p.csA != 1 && p.rsA == 1 && (far || p.csA*p.product.k*size > copyBytes)
}
