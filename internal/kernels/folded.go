package kernels

import (
	"math"
	"unsafe"
)

// A quadratic form xᵀ·W·x depends on W + Wᵀ alone, and half of that will do:
//
//	Σⱼₖ w[j,k]·xⱼ·xₖ = Σⱼ xⱼ·zⱼ,   zⱼ = Σ_{k<J} (w[j,k] + w[k,j])·xₖ + Σ_{k∈J} w[j,k]·xₖ
//
// for J the block of columns that j is in. The sums zⱼ of many rows x are products with panels of W folded
// along its diagonal, each of half as many terms on average as W has rows. A fold costs about as much as the
// copy that a product makes of a transposed W, so for some tens of rows nearly half of the time is saved.

// foldWidth is the number of columns of a block, which is a panel of a product for itself.
const foldWidth = 32

// FoldedBlocks is the number of blocks of columns for forms in q numbers.
func FoldedBlocks(q int) int { return (q + foldWidth - 1) / foldWidth }

// foldedBlock is where the columns of a block begin, and how many they are: all blocks are whole but the first one,
// which has the fewest terms.
func foldedBlock(q, block int) (j, cols int) {
	j = q - foldWidth*(FoldedBlocks(q)-block)
	return max(j, 0), foldWidth + min(j, 0)
}

// Folded is the scratch of [FoldedProduct] for forms in q numbers, and what it asks memory for in advance.
type Folded[T Float] struct {
	q     int
	panel []T
	args  foldedArgs
	walk  [5]rectangle
	asked int     // rectangles of the walk
	at    uintptr // where the last call left it, 0 at the beginning of the first rectangle
	left  int
}

// NewFolded makes scratch for forms in q numbers.
func NewFolded[T Float](q int) *Folded[T] { return &Folded[T]{q: q, panel: make([]T, q*foldWidth)} }

// Next says that a block of w comes soon after the next [FoldedProduct], which brings what it reads into cache meanwhile: one
// product waits for memory while it folds, and has no use for it while it multiplies. Two blocks can be on the way; more
// are not waited for. Results do not depend on it.
func (f *Folded[T]) Next(w []T, block int) {
	if f.asked+3 > len(f.walk) {
		return
	}
	j, cols := foldedBlock(f.q, block)
	f.ask(w[j*f.q:], cols, j+cols)
	f.ask(w[j:], j, cols)
}

// ask appends a rectangle of w to the walk.
func (f *Folded[T]) ask(w []T, rows, cols int) {
	if rows == 0 {
		return
	}
	var e T
	size := int(unsafe.Sizeof(e))
	lines := (cols*size-1)/lineBytes + 2 // a row may begin within a line
	at := uintptr(unsafe.Pointer(&w[0]))
	if stride := f.q * size; stride%lineBytes == 0 && at%lineBytes == 0 {
		lines = (cols*size-1)/lineBytes + 1
	}
	f.walk[f.asked] = rectangle{at, lines, f.q*size - lines*lineBytes, rows}
	f.asked++
}

// FoldedProduct computes the columns of a block of z (rows×q) from x (rows×q) and w (q×q), such that
//
//	Σⱼ x[r,j]·z[r,j] = Σⱼₖ w[j,k]·x[r,j]·x[r,k]
//
// when all blocks are done. Rows of x and z are ldx and ldz elements apart. z must not overlap x or w.
func FoldedProduct[T Float](z []T, ldz int, x []T, ldx, rows int, w []T, block int, f *Folded[T]) {
	q := f.q
	if block < 0 || block >= FoldedBlocks(q) || len(w) < q*q {
		panicf("kernels.FoldedProduct: block %d of w of %d elements; q = %d has %d blocks, and needs %d",
			block, len(w), q, FoldedBlocks(q), q*q)
	}
	if rows == 0 {
		return
	}
	e := engineOf[T]()
	j, cols := foldedBlock(q, block)
	if whole := j / e.side * e.side; cols == foldWidth && whole > 0 {
		e.foldTo(f.panel, w[j*q:], w[j:], whole, q)
		foldGo(f.panel[whole*foldWidth:], w[j*q+whole:], w[whole*q+j:], j-whole, q, q)
	} else {
		foldColumns(f.panel, w[j*q:], w[j:], j, cols, q, q)
	}
	e.transposeTo(f.panel[j*foldWidth:], w[j*q+j:], cols, cols, foldWidth, q)
	if e.foldedTile == nil || cols < foldWidth {
		Gemm(rows, cols, j+cols, x, ldx, 1, f.panel, foldWidth, 1, z[j:], ldz, false)
		return
	}
	checkReach("A", len(x), rows, q, ldx, 1, 1, 0)
	checkReach("C", len(z), rows, q, ldz, 1, 1, 0)
	f.multiply(e.foldedTile, z[j:], ldz, x, ldx, rows, j+cols)
}

// foldedArgs are the arguments of a kernel of folded products, which reads them by offset; strides are in bytes. Addresses of
// what is only asked for keep nothing alive.
type foldedArgs struct {
	k          int
	a          unsafe.Pointer
	rowA       int
	b, c       unsafe.Pointer
	rowC       int
	rows       int
	accumulate int
	walk       unsafe.Pointer // *rectangle
	at         uintptr
	left       int
}

// rectangle is some lines of cache of each of some rows.
type rectangle struct {
	at                uintptr
	lines, jump, rows int
}

const (
	lineBytes  = 64
	foldDepth  = 384 // terms of a sum taken at once: their part of a panel stays in L1
	foldedRows = 91  // rows for one call: seven strips
)

// multiply computes z = x·panel for k terms of each sum, and walks over what was asked for.
func (f *Folded[T]) multiply(kernel func(*uint64), z []T, ldz int, x []T, ldx, rows, k int) {
	var e T
	size := int(unsafe.Sizeof(e))
	a := &f.args
	f.begin(a)
	a.rowA, a.rowC = ldx*size, ldz*size
	depth := (k-1)/((k-1)/foldDepth+1) + 1
	for p := 0; p < k; p += depth {
		a.k, a.b, a.accumulate = min(depth, k-p), unsafe.Pointer(&f.panel[p*foldWidth]), p
		for i := 0; i < rows; i += foldedRows {
			a.rows, a.a, a.c = min(foldedRows, rows-i), unsafe.Pointer(&x[i*ldx+p]), unsafe.Pointer(&z[i*ldz])
			kernel((*uint64)(unsafe.Pointer(a)))
		}
	}
	f.end(a)
	f.args = foldedArgs{} // let go of the operands
}

// begin goes on with the walk, which ends with lines that are there anyway, again and again.
func (f *Folded[T]) begin(a *foldedArgs) {
	f.walk[f.asked] = rectangle{uintptr(unsafe.Pointer(&f.panel[0])), 1, -lineBytes, math.MaxInt}
	a.walk, a.at, a.left = unsafe.Pointer(&f.walk[0]), f.at, f.left
	if f.at == 0 {
		a.at, a.left = f.walk[0].at, f.walk[0].lines
	}
}

// end keeps what has not been asked for yet for the next product.
func (f *Folded[T]) end(a *foldedArgs) {
	done := int(uintptr(a.walk)-uintptr(unsafe.Pointer(&f.walk[0]))) / int(unsafe.Sizeof(f.walk[0]))
	f.asked = copy(f.walk[:], f.walk[done:f.asked])
	if f.at, f.left = a.at, a.left; f.asked == 0 {
		f.at = 0
	}
}

// foldRun is how many columns are folded by one call: a garbage collection waits for none of them long.
const foldRun = 512

// foldTo folds cols columns, a multiple of side.
func (e *engine[T]) foldTo(panel, src, add []T, cols, row int) {
	for k := 0; k < cols; k += foldRun {
		e.fold(panel[k*foldWidth:], src[k:], add[k*row:], min(foldRun, cols-k), row, row)
	}
}

// foldGo is the kernel in plain Go, for any number of cols.
func foldGo[T Float](dst, src, add []T, cols, rowSrc, rowAdd int) {
	foldColumns(dst, src, add, cols, foldWidth, rowSrc, rowAdd)
}

// foldColumns folds into the first width columns of a panel.
func foldColumns[T Float](dst, src, add []T, cols, width, rowSrc, rowAdd int) {
	for k := range cols {
		out, other := dst[k*foldWidth:][:width], add[k*rowAdd:][:width]
		for i := range out {
			out[i] = src[i*rowSrc+k] + other[i]
		}
	}
}
