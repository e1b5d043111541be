package kernels

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

// FoldedScratch is the number of elements of scratch that [FoldedProduct] needs for forms in q numbers.
func FoldedScratch(q int) int { return q * foldWidth }

// FoldedProduct computes columns [32·block, 32·block + 32) of z (rows×q) from x (rows×q) and w (q×q), such that
//
//	Σⱼ x[r,j]·z[r,j] = Σⱼₖ w[j,k]·x[r,j]·x[r,k]
//
// when all blocks are done. Rows of x and z are ldx and ldz elements apart. panel is scratch of [FoldedScratch]
// elements. z must not overlap x or w.
func FoldedProduct[T Float](z []T, ldz int, x []T, ldx, rows int, w []T, q, block int, panel []T) {
	if block < 0 || block >= FoldedBlocks(q) || len(w) < q*q || len(panel) < FoldedScratch(q) {
		panicf("kernels.FoldedProduct: block %d of w of %d elements with scratch of %d; q = %d has %d blocks, and needs %d and %d",
			block, len(w), len(panel), q, FoldedBlocks(q), q*q, FoldedScratch(q))
	}
	if rows == 0 {
		return
	}
	e := engineOf[T]()
	j := block * foldWidth
	cols := min(foldWidth, q-j)
	if whole := j / e.side * e.side; cols == foldWidth && whole > 0 {
		e.foldTo(panel, w[j*q:], w[j:], whole, q)
		foldGo(panel[whole*foldWidth:], w[j*q+whole:], w[whole*q+j:], j-whole, q, q)
	} else {
		foldColumns(panel, w[j*q:], w[j:], j, cols, q, q)
	}
	e.transposeTo(panel[j*foldWidth:], w[j*q+j:], cols, cols, foldWidth, q)
	Gemm(rows, cols, j+cols, x, ldx, 1, panel, foldWidth, 1, z[j:], ldz, false)
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
