package kernels

// SpMM computes Y = A·X for a sparse A in compressed rows: row i of A has the
// values val[q] in columns col[q] for rowPtr[i] ≤ q < rowPtr[i+1].
//
//	X (columns of A × width), Y (len(rowPtr)−1 × width), both row-major
//
// Entries of a row are summed in their order; entries in the same place add up.
// y must not overlap x. For Aᵀ pass the transposed pattern: scattering rows
// would make sums depend on the split.
func SpMM[T Float](rowPtr, col []int32, val, x []T, width int, y []T) {
	rows := len(rowPtr) - 1
	if rows < 0 || width < 0 {
		panicf("kernels.SpMM: %d row pointers and width %d; it needs at least 1 and 0", len(rowPtr), width)
	}
	checkLen("SpMM", "y", len(y), rows*width)
	checkLen("SpMM", "val", len(val), len(col))
	checkLen("SpMM", "col", len(col), int(rowPtr[rows]))
	if width == 0 || rows == 0 {
		return
	}
	a := rowsArgs[T]{kind: spmmRows, dst: y, src: x, val: val, ptr: rowPtr, table: col, rows: rows, width: width}
	forRows(&a, (len(col)/rows+1)*width)
}

// spmmRun is the number of products that a kernel adds at once: a row with more
// entries is done in parts, each from the sums of the one before.
const spmmRun = 1 << 16

// spmm computes rows lo to hi−1 of Y.
func (a *rowsArgs[T]) spmm(lo, hi int) {
	// Rows have few entries: what is done once a row counts as much as the products.
	e, w := engineOf[T](), a.width
	a.checkColumns(a.table[a.ptr[lo]:a.ptr[hi]])
	for i := lo; i < hi; i++ {
		y := a.dst[i*w : (i+1)*w]
		clear(y)
		if from, to := int(a.ptr[i]), int(a.ptr[i+1]); from < to {
			a.sparseRow(e, y, from, to)
		}
	}
}

// sparseRow adds the entries from…to−1 to y.
func (a *rowsArgs[T]) sparseRow(e *engine[T], y []T, from, to int) {
	run := spmmRun
	if to-from > run/max(1, a.width) {
		run = max(1, run/a.width)
	}
	for q := from; q < to; q += run {
		stop := min(q+run, to)
		e.sparseRow(y, a.table[q:stop], a.val[q:stop], a.src)
	}
}

// checkColumns panics if a column lies beyond X, as an index out of range would:
// the pattern is data, which assembly must not trust.
func (a *rowsArgs[T]) checkColumns(col []int32) {
	columns := uint32(len(a.src) / a.width)
	for _, c := range col {
		if uint32(c) >= columns { // a negative one too
			panicf("kernels.SpMM: column %d; X has %d rows", c, columns)
		}
	}
}

// sparseRowGo is the kernel in plain Go, four columns at a time in registers.
func sparseRowGo[T Float](y []T, col []int32, val, x []T) {
	j := 0
	for ; j+4 <= len(y); j += 4 {
		sparseDot4((*[4]T)(y[j:]), col, val, x, len(y), j)
	}
	for ; j < len(y); j++ {
		s := y[j]
		for q, c := range col {
			s += val[q] * x[int(c)*len(y)+j]
		}
		y[j] = s
	}
}

// sparseDot4 adds one row of A times columns j to j+3 of X.
func sparseDot4[T Float](y *[4]T, col []int32, val, x []T, width, j int) {
	s0, s1, s2, s3 := y[0], y[1], y[2], y[3]
	val = val[:len(col)]
	for q, c := range col {
		v, b := val[q], (*[4]T)(x[int(c)*width+j:])
		s0 += v * b[0]
		s1 += v * b[1]
		s2 += v * b[2]
		s3 += v * b[3]
	}
	*y = [4]T{s0, s1, s2, s3}
}

// Gather picks columns: dst[r,i] = src[r, table[i]], and 0 where table[i] = −1.
//
//	src (rows×m), dst (rows × len(table)), −1 ≤ table[i] < m
//
// dst must not overlap src.
func Gather[T Float](dst, src []T, rows int, table []int32) {
	m := checkTable("Gather", "dst", "src", len(dst), len(src), rows, table)
	if rows == 0 {
		return
	}
	a := rowsArgs[T]{kind: gatherRows, dst: dst, src: src, table: table, rows: rows, width: m}
	forRows(&a, len(table))
}

// gather fills rows lo to hi−1 of dst.
func (a *rowsArgs[T]) gather(lo, hi int) {
	n := len(a.table)
	for r := lo; r < hi; r++ {
		dst, src := a.dst[r*n:(r+1)*n], a.src[r*a.width:(r+1)*a.width]
		for i, c := range a.table {
			var v T
			if c >= 0 {
				v = src[c]
			}
			dst[i] = v
		}
	}
}

// ScatterAdd is the transpose of Gather: dst[r, table[i]] += src[r,i], in the
// order of i; src[r,i] is dropped where table[i] = −1. dst keeps what it held.
//
//	src (rows × len(table)), dst (rows×m), −1 ≤ table[i] < m
//
// dst must not overlap src.
func ScatterAdd[T Float](dst, src []T, rows int, table []int32) {
	m := checkTable("ScatterAdd", "src", "dst", len(src), len(dst), rows, table)
	if rows == 0 {
		return
	}
	a := rowsArgs[T]{kind: scatterRows, dst: dst, src: src, table: table, rows: rows, width: m}
	forRows(&a, len(table))
}

// scatter adds to rows lo to hi−1 of dst; different rows never meet.
func (a *rowsArgs[T]) scatter(lo, hi int) {
	n := len(a.table)
	for r := lo; r < hi; r++ {
		dst, src := a.dst[r*a.width:(r+1)*a.width], a.src[r*n:(r+1)*n]
		for i, c := range a.table {
			if c >= 0 {
				dst[c] += src[i]
			}
		}
	}
}

// checkTable checks the lengths of the narrow operand (rows × len(table)) and of
// the wide one (rows×m), and returns m.
func checkTable(op, narrow, wide string, lenNarrow, lenWide, rows int, table []int32) (m int) {
	if rows < 0 {
		panicf("kernels.%s: %d rows", op, rows)
	}
	checkLen(op, narrow, lenNarrow, rows*len(table))
	if rows == 0 {
		checkLen(op, wide, lenWide, 0)
		return 0
	}
	if lenWide%rows != 0 {
		panicf("kernels.%s: %s has %d elements, no multiple of %d rows", op, wide, lenWide, rows)
	}
	return lenWide / rows
}
