package kernels

import "unsafe"

// A quadratic form xᵀ·W·x depends on W + Wᵀ alone, and half of that will do:
//
//	Σⱼₖ w[j,k]·xⱼ·xₖ = Σⱼ xⱼ·zⱼ,   zⱼ = Σ_{k<J} (w[j,k] + w[k,j])·xₖ + Σ_{k∈J} w[j,k]·xₖ
//
// for J the block of columns that j is in. The sums zⱼ of many rows x are products with panels of W folded
// along its diagonal, each of half as many terms on average as W has rows. A fold costs about as much as the
// copy that a product makes of a transposed W, so for some tens of rows nearly half of the time is saved.

// foldWidth is the number of columns of a block, which is a panel of a product for itself.
const foldWidth = PanelWidth

// FoldedBlocks is the number of blocks of columns for forms in q numbers.
func FoldedBlocks(q int) int { return (q + foldWidth - 1) / foldWidth }

// FoldedColumns is the number of columns before those of a block.
func FoldedColumns(q, block int) int {
	if block == 0 {
		return 0
	}
	return q - foldWidth*(FoldedBlocks(q)-block)
}

// foldedBlock is where the columns of a block begin, and how many they are: all blocks are whole but the first one,
// which has the fewest terms.
func foldedBlock(q, block int) (j, cols int) {
	j = FoldedColumns(q, block)
	return j, FoldedColumns(q, block+1) - j
}

// Folded is the scratch of [FoldedProduct] for forms of q numbers with some leading ones, and what it asks memory for in advance.
type Folded[T Float] struct {
	PanelProduct[T]
	q, lead int
	panel   []T     // the part of a panel at hand
	end     uintptr // of what will be read: what is asked for ends there
}

// NewFolded makes scratch for forms of q numbers with lead leading ones.
func NewFolded[T Float](q, lead int) *Folded[T] {
	return &Folded[T]{q: q, lead: lead, panel: make([]T, (lead+2*foldDepth+foldWidth)*foldWidth)}
}

const (
	// A part of a panel is of some foldDepth terms of each sum: it is still in L1 when it is multiplied.
	foldDepth = 192
	// While a form is multiplied, its rows are brought into cache evenly, but the first blocks are done sooner than
	// the last ones. With this part of a form in advance, all rows of a block are always there: block k of n is multiplied
	// after (k/n)² of the time, which k/n is ahead of by ¼ at most, and some blocks are for safety.
	foldLead = 0.3
)

// Stream says that the next products are those of all blocks, in their order, of the forms that lie in w one after
// the other. Products bring what comes next into cache: one waits for memory while it folds, and has no use for it
// while it multiplies. Results do not depend on it.
func (f *Folded[T]) Stream(w []T) {
	f.end = 0
	if len(w) > 0 {
		f.args.at = uintptr(unsafe.Pointer(&w[0]))
		f.end = f.args.at + uintptr(len(w))*unsafe.Sizeof(w[0])
	}
}

// FoldedProduct computes the columns of a block of z (rows×q) from u (rows×(lead + q)) and w ((lead + q)×q), such that
//
//	Σⱼ x[r,j]·z[r,j] = Σⱼₖ w[j,k]·u[r,j]·x[r,k],    x = the last q columns of u,
//
// when all blocks are done. Rows of u and z are ldu and ldz elements apart. z must not overlap u or w.
func FoldedProduct[T Float](z []T, ldz int, u []T, ldu, rows int, w []T, block int, f *Folded[T]) {
	q := f.q
	if block < 0 || block >= FoldedBlocks(q) || len(w) < (f.lead+q)*q {
		panicf("kernels.FoldedProduct: block %d of w of %d elements; q = %d has %d blocks, and with %d leading rows needs %d",
			block, len(w), q, FoldedBlocks(q), f.lead, (f.lead+q)*q)
	}
	if rows == 0 {
		return
	}
	e := engineOf[T]()
	j, cols := foldedBlock(q, block)
	f.pace(w, j+cols, rows)
	depth := j/max(1, (j+foldDepth/2)/foldDepth) + e.side
	depth -= depth % e.side
	for lo, from := 0, 0; from < f.lead+j+cols; lo += depth {
		k := f.fill(e, w, j, cols, lo, min(lo+depth, j))
		if cols < foldWidth {
			Gemm(rows, cols, k, u[from:], ldu, 1, f.panel, foldWidth, 1, z[j:], ldz, from > 0)
		} else {
			f.Multiply(rows, k, u[from:], ldu, f.panel, z[j:], ldz, from > 0)
		}
		from += k
	}
}

// fill makes the part of a panel that columns lo…hi−1 below the block's own ones are in, with the leading rows before
// the first and the square on the diagonal after the last one, and answers with its rows.
func (f *Folded[T]) fill(e *engine[T], w []T, j, cols, lo, hi int) (rows int) {
	q := f.q
	if lo == 0 {
		for l := range f.lead {
			copy(f.panel[l*foldWidth:][:cols], w[l*q+j:])
		}
		rows = f.lead
	}
	w = w[f.lead*q:]
	if lo < hi {
		whole := (hi - lo) / e.side * e.side
		if whole > 0 {
			e.fold(f.panel[rows*foldWidth:], w[j*q+lo:], w[lo*q+j:], whole, q, q)
		}
		foldGo(f.panel[(rows+whole)*foldWidth:], w[j*q+lo+whole:], w[(lo+whole)*q+j:], hi-lo-whole, q, q)
		rows += hi - lo
	}
	if hi == j {
		e.transposeTo(f.panel[rows*foldWidth:], w[j*q+j:], cols, cols, foldWidth, q)
		rows += cols
	}
	return rows
}

// pace sets how far a product goes with each turn, such that after the first k columns of w so much of the stream is there
// as should be: at most a line for each turn, and nothing behind w.
func (f *Folded[T]) pace(w []T, k, rows int) {
	size := float64(f.q) * float64(f.q) * float64(unsafe.Sizeof(w[0]))
	done := float64(k*(k+foldWidth)) / float64(f.q*(f.q+foldWidth))
	begin := uintptr(unsafe.Pointer(&w[0]))
	to := min(begin+uintptr((foldLead+done)*size), f.end)
	f.args.step = 0
	if f.args.at < to {
		f.args.at = max(f.args.at, begin)
		turns := uintptr((f.lead + k) * ((rows-1)/panelStrip + 1))
		f.args.step = min(lineBytes, (to-f.args.at)/turns)
	}
}

// foldGo is the kernel in plain Go, for any number of cols.
func foldGo[T Float](dst, src, add []T, cols, rowSrc, rowAdd int) {
	for k := range cols {
		out, other := dst[k*foldWidth:][:foldWidth], add[k*rowAdd:][:foldWidth]
		for i := range out {
			out[i] = src[i*rowSrc+k] + other[i]
		}
	}
}
