package kernels

// SpMM computes Y = A·X for a sparse A of values val on a pattern.
//
//	X (columns of A × width), Y (rows of A × width), both row-major
//
// Entries of a row are summed in their order; entries in the same place add up.
// y must not overlap x. For Aᵀ pass the transposed pattern: scattering rows
// would make sums depend on the split.
func SpMM[T Float](p *Pattern, val, x []T, width int, y []T) {
	if width < 0 {
		panicf("kernels.SpMM: width %d; it needs at least 0", width)
	}
	checkLen("SpMM", "y", len(y), p.rows*width)
	checkLen("SpMM", "val", len(val), len(p.col))
	checkLen("SpMM", "x", len(x), p.cols*width)
	if width == 0 || p.rows == 0 {
		return
	}
	a := rowsArgs[T]{kind: spmmRows, dst: y, src: x, val: val, pattern: p, rows: p.rows + len(p.col), width: width}
	forRows(&a, width)
}

// spmmRun is the number of products that a kernel adds at once: a row with more
// entries is done in parts, each from the sums of the one before.
const spmmRun = 1 << 16

// spmm computes a share of the rows of Y and of their entries; a group of a band is in the share that its first row is in.
func (a *rowsArgs[T]) spmm(lo, hi int) {
	e, p := engineOf[T](), a.pattern
	first, last := firstFrom(p.work, lo), firstFrom(p.work, hi)
	if e.sparseBand == nil || a.width%e.bandUnit != 0 {
		a.singles(e, first, last)
		return
	}
	a.singles(e, first, min(last, p.single))
	group := func(l int) int { return (max(0, l-p.single) + bandRows - 1) / bandRows }
	a.bands(e, group(first), group(last))
}

// singles computes rows first to last−1 of the order of the pattern.
func (a *rowsArgs[T]) singles(e *engine[T], first, last int) {
	p, run := a.pattern, max(1, spmmRun/a.width) // entries
	for first < last {
		next := first + 1
		for next < last && int(p.work[next+1]-p.work[first]) <= run {
			next++
		}
		if int(p.work[next]-p.work[first]) <= run {
			a.rowsOf(e, a.dst, p.order[first:next], p.ptr, 0)
		} else {
			a.longRow(e, int(p.order[first]), run)
		}
		first = next
	}
}

// bands computes groups first to last−1, some of them a call.
func (a *rowsArgs[T]) bands(e *engine[T], first, last int) {
	p := a.pattern
	work := p.work[p.single:]
	for next := first + 1; first < last; first, next = next, next+1 {
		for next < last && int(work[(next+1)*bandRows]-work[first*bandRows])*a.width <= spmmRun {
			next++
		}
		if p.from == nil {
			e.sparseBand(a.dst, p.band[first:next], p.ptr, p.col, a.val, a.src, a.width)
		} else {
			e.sparseBandPicked(a.dst, p.band[first:next], p.ptr, p.col, a.val, a.src, a.width, p.from)
		}
	}
}

// rowsOf computes the listed rows of y, or adds to them.
func (a *rowsArgs[T]) rowsOf(e *engine[T], y []T, rows, ptr []int32, more int) {
	if p := a.pattern; p.from == nil {
		e.sparseRows(y, rows, ptr, p.col, a.val, a.src, a.width, more)
	} else {
		e.sparseRowsPicked(y, rows, ptr, p.col, a.val, a.src, a.width, more, p.from)
	}
}

// longRow computes row i in parts.
func (a *rowsArgs[T]) longRow(e *engine[T], i, run int) {
	part := e.parts.Get()
	if part == nil {
		part = new([2]int32)
	}
	y, from, to := a.dst[i*a.width:(i+1)*a.width], int(a.pattern.ptr[i]), int(a.pattern.ptr[i+1])
	for q := from; q < to; q += run {
		part[0], part[1] = int32(q), int32(min(q+run, to))
		a.rowsOf(e, y, firstRow, part[:], q-from)
	}
	e.parts.Put(part)
}

// firstRow lists the only row of a part of y.
var firstRow = []int32{0}

// sparseRowsGo is the kernel in plain Go, four columns at a time in registers.
func sparseRowsGo[T Float](y []T, rows, ptr, col []int32, val, x []T, width, more int) {
	for _, i := range rows {
		row, from, to := y[int(i)*width:(int(i)+1)*width], ptr[i], ptr[i+1]
		if more == 0 {
			clear(row)
		}
		sparseRowGo(row, col[from:to], val[from:to], x)
	}
}

// sparseRowsPickedGo brings the values of some entries in order, and then is sparseRowsGo.
func sparseRowsPickedGo[T Float](y []T, rows, ptr, col []int32, val, x []T, width, more int, at []int32) {
	var picked [64]T
	for _, i := range rows {
		row, from, to := y[int(i)*width:(int(i)+1)*width], ptr[i], ptr[i+1]
		if more == 0 {
			clear(row)
		}
		for from < to {
			n := min(to-from, int32(len(picked)))
			pickGo(picked[:n], val, at[from:])
			sparseRowGo(row, col[from:from+n], picked[:n], x)
			from += n
		}
	}
}

// sparseRowGo adds one row.
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

// SDDMM adds the entries of a·bᵀ on a pattern to y, one for each value of the pattern:
//
//	y_e += Σⱼ a[i,j]·b[k,j] for the value e in row i and column k
//
// a (rows × width) and b (columns × width) are row-major. It is the derivative of SpMM by its values.
func SDDMM[T Float](p *Pattern, a, b []T, width int, y []T) {
	if width < 0 {
		panicf("kernels.SDDMM: width %d; it needs at least 0", width)
	}
	checkLen("SDDMM", "a", len(a), p.rows*width)
	checkLen("SDDMM", "b", len(b), p.cols*width)
	checkLen("SDDMM", "y", len(y), len(p.col))
	if width == 0 || len(y) == 0 {
		return
	}
	args := rowsArgs[T]{kind: sddmmRows, dst: y, src: a, val: b, pattern: p, rows: len(y), width: width}
	forRows(&args, width+4)
}

// wideSample is the width from which on a dot product of several sums is worth a call for each entry.
const wideSample = 512

// sddmm computes values lo to hi−1.
func (a *rowsArgs[T]) sddmm(lo, hi int) {
	e, w := engineOf[T](), a.width
	y, row, col := a.dst[lo:hi], a.pattern.valueRow[lo:hi], a.pattern.valueCol[lo:hi]
	switch {
	case w == 1:
		e.sampleScalars(y, a.src, a.val, row, col)
	case w < wideSample:
		e.sampled(y, row, col, a.src, a.val, w)
	default:
		for i := range y {
			y[i] += e.product(a.src[int(row[i])*w:][:w], a.val[int(col[i])*w:][:w])
		}
	}
}

// sampleScalars is SDDMM of width 1: products of numbers that gathers bring together.
func (e *engine[T]) sampleScalars(y, a, b []T, row, col []int32) {
	s := e.softmaxScratch()
	for lo := 0; lo < len(y); lo += softmaxPanel {
		n := min(softmaxPanel, len(y)-lo)
		x, z := s.tmp[:n], s.total[:n]
		e.pick(x, a, row[lo:lo+n])
		e.pick(z, b, col[lo:lo+n])
		e.mul(x, x, z)
		e.add(y[lo:lo+n], y[lo:lo+n], x)
	}
	e.softmax.Put(s)
}

// sampledGo is the kernel in plain Go, four sums an entry so that additions need not wait for each other.
func sampledGo[T Float](y []T, row, col []int32, a, b []T, width int) {
	for e := range y {
		y[e] += dotGo(a[int(row[e])*width:][:width], b[int(col[e])*width:][:width])
	}
}

// Repeats is a table that repeats elements.
type Repeats struct {
	at    []int32
	times int
}

// NewRepeats is the table of up to n elements, each element of a source standing so many times in a row.
func NewRepeats(n, times int) *Repeats {
	if n < 0 || times < 1 {
		panicf("kernels.NewRepeats: %d elements, each %d times; it needs 0 or more, each once or more", n, times)
	}
	r := &Repeats{at: make([]int32, n), times: times}
	for i := range r.at {
		r.at[i] = int32(i / times)
	}
	return r
}

// Repeat computes dst[i] = src[i / times], for a dst of no more elements than the table.
//
// Lines of some ten elements are too short for a loop each: a gather writes several of them at once.
func Repeat[T Float](r *Repeats, dst, src []T) {
	if len(dst) > len(r.at) || (len(dst)+r.times-1)/r.times > len(src) {
		panicf("kernels.Repeat: %d elements of %d, each %d times, by a table of %d", len(dst), len(src), r.times, len(r.at))
	}
	engineOf[T]().pick(dst, src, r.at[:len(dst)])
}

// pickGo is dst[i] = src[at[i]].
func pickGo[T Float](dst, src []T, at []int32) {
	for i, j := range at[:len(dst)] {
		dst[i] = src[j]
	}
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
