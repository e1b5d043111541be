package kernels

// split is where a sum over n > leaf elements is halved: a multiple of leaf.
// Halving bounds the error by some (leaf/lanes + log₂ n)·ε·Σ|x|, lanes being the
// partial sums that a kernel keeps, and fixes the order.
func split(n, leaf int) int { return ((n-1)/leaf + 2) / 2 * leaf }

// Sum returns Σ x.
func Sum[T Float](x []T) T { return engineOf[T]().total(x) }

// total halves x down to leaves.
func (e *engine[T]) total(x []T) T {
	if len(x) <= e.leaf {
		return e.sum(x)
	}
	h := split(len(x), e.leaf)
	return e.total(x[:h]) + e.total(x[h:])
}

// Dot returns Σ x·y.
func Dot[T Float](x, y []T) T {
	checkLen("Dot", "y", len(y), len(x))
	return engineOf[T]().product(x, y)
}

// product halves like total.
func (e *engine[T]) product(x, y []T) T {
	if len(x) <= e.leaf {
		return e.dot(x, y)
	}
	h := split(len(x), e.leaf)
	return e.product(x[:h], y[:h]) + e.product(x[h:], y[h:])
}

// Max returns the largest element, NaN if there is one, −Inf of no elements.
func Max[T Float](x []T) T {
	e := engineOf[T]()
	m := e.largest(x[:min(piece, len(x))])
	for lo := piece; lo < len(x); lo += piece {
		m = max(m, e.largest(x[lo:min(lo+piece, len(x))]))
	}
	return m
}

// SumRows computes dst[i] = Σⱼ x[i,j] for a row-major x (rows×cols).
func SumRows[T Float](dst, x []T, rows, cols int) {
	checkMatrix("SumRows", len(x), rows, cols)
	checkLen("SumRows", "dst", len(dst), rows)
	e := engineOf[T]()
	for i := range dst {
		dst[i] = e.total(x[i*cols : (i+1)*cols])
	}
}

const (
	columnRows  = 256 // rows of a leaf of SumColumns
	columnPanel = 64  // columns that it sums at once
)

// SumColumns computes dst[j] = Σᵢ x[i,j] for a row-major x (rows×cols).
func SumColumns[T Float](dst, x []T, rows, cols int) {
	checkMatrix("SumColumns", len(x), rows, cols)
	checkLen("SumColumns", "dst", len(dst), cols)
	SumBand(dst, x, rows, cols)
}

// SumBand is [SumColumns] for some columns of a matrix, dst[j] = Σᵢ x[i·row + j] for rows that are row apart. Cores may share
// a matrix by its columns: the sums are the same, bit by bit, wherever it is cut.
func SumBand[T Float](dst, x []T, rows, row int) {
	cols := len(dst)
	if rows == 0 || cols == 0 {
		clear(dst)
		return
	}
	if row < cols || len(x) < (rows-1)*row+cols {
		panicf("kernels.SumBand: %d elements for %d rows of %d, %d apart; it needs them all, and rows that do not overlap", len(x), rows, cols, row)
	}
	e := engineOf[T]()
	s := e.scratch.Get()
	if s == nil {
		s = new(scratch[T])
	}
	for j := 0; j < cols; j += columnPanel {
		e.columnSums(dst[j:min(j+columnPanel, cols)], x[j:], rows, row, s.sums[:])
	}
	e.scratch.Put(s)
}

// columnSums halves the rows as total halves a slice; each level of the recursion
// keeps the second half's sums in one row of levels.
func (e *engine[T]) columnSums(dst, x []T, rows, cols int, levels [][columnPanel]T) {
	if rows <= columnRows {
		e.columns(dst, x, rows, cols)
		return
	}
	h := split(rows, columnRows)
	second := levels[0][:len(dst)]
	e.columnSums(dst, x, h, cols, levels[1:])
	e.columnSums(second, x[h*cols:], rows-h, cols, levels[1:])
	e.add(dst, dst, second)
}

// checkMatrix panics unless x has the elements of a rows×cols matrix.
func checkMatrix(op string, n, rows, cols int) {
	if rows < 0 || cols < 0 {
		panicf("kernels.%s: %d×%d is no shape", op, rows, cols)
	}
	checkLen(op, "x", n, rows*cols)
}
