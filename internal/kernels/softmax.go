package kernels

import "math"

// How softmax keeps its numbers in range. eˣ overflows float32 for x > 88.7, so the maximum of a row is
// subtracted first: every exponent is ≤ 0, the largest term is 1, and the sum lies between 1 and cols.
// The quotient is the same, and no sum is 0. log-softmax is computed as (xⱼ − max) − ln Σ and not as
// the logarithm of the quotient, which would be −Inf for every entry that is 104 below the maximum.
//
// Three passes over a row that stays in cache: maximum, exponentials with their sum, scaling. Narrow
// rows (a few classes) are transposed in panels of 256 rows, so that the vector loops run across rows.

// Softmax replaces each row of x (rows×cols, row-major) by
//
//	softmax(x)ⱼ = exp(xⱼ − max x) / Σₖ exp(xₖ − max x)
//
// With maskZeros, entries that are exactly 0 take no part and stay 0; a row of
// zeros stays zero. A NaN or a +Inf makes its row NaN.
func Softmax[T Float](x []T, rows, cols int, maskZeros bool) {
	checkMatrix("Softmax", len(x), rows, cols)
	a := rowsArgs[T]{kind: softmaxRows, dst: x, rows: rows, width: cols, mask: maskZeros}
	if cols < narrowRow && rows >= narrowRows {
		a.kind, a.rows = softmaxNarrowRows, (rows-1)/softmaxPanel+1
		cols *= softmaxPanel
	}
	forRows(&a, 4*cols)
}

// LogSoftmax replaces each row of x (rows×cols, row-major) by
//
//	logsoftmax(x)ⱼ = xⱼ − max x − ln Σₖ exp(xₖ − max x)
//
// With maskZeros, entries that are exactly 0 take no part and stay 0. A NaN or a
// +Inf makes its row NaN.
func LogSoftmax[T Float](x []T, rows, cols int, maskZeros bool) {
	checkMatrix("LogSoftmax", len(x), rows, cols)
	a := rowsArgs[T]{kind: softmaxRows, dst: x, rows: rows, width: cols, mask: maskZeros, log: true}
	if cols < narrowRow && rows >= narrowRows && !maskZeros {
		a.kind, a.rows = softmaxNarrowRows, (rows-1)/softmaxPanel+1
		cols *= softmaxPanel
	}
	forRows(&a, 4*cols)
}

// softmax replaces rows lo to hi−1.
//
// The width of a row is read from a, since forRows hands out numbers of rows only.
func (a *rowsArgs[T]) softmax(lo, hi int) {
	for r := lo; r < hi; r++ {
		row := a.dst[r*a.width : (r+1)*a.width]
		m := Max(row)
		if a.mask {
			m = maxNonzero(row)
		}
		if a.log {
			logSoftmaxRow(row, m, a.mask)
		} else {
			softmaxRow(row, m, a.mask)
		}
	}
}

// narrowRows is the number of narrow rows from which on turning them into columns pays.
const narrowRows = 8

// maxNonzero is Max over the entries that are not 0.
//
// A row of zeros has maximum −Inf, and no entry of it is ever looked at with it.
func maxNonzero[T Float](x []T) T {
	m := T(math.Inf(-1))
	for _, v := range x {
		if v > m && v != 0 {
			m = v
		} else if v != v {
			return v
		}
	}
	return m
}

// expOver computes dst = exp(x − m), and 0 in masked places, piece by piece. What is negligible is some number below
// negligible.
//
// An entry that is masked becomes −Inf, whose exponential is 0, so that one vector call serves masked
// rows as well. Pieces bound the time of one call into assembly, during which the goroutine can not be
// stopped.
func (e *engine[T]) expOver(dst, x []T, m T, mask bool) {
	for ; len(dst) > piece; dst, x = dst[piece:], x[piece:] {
		e.expOver(dst[:piece], x[:piece], m, mask)
	}
	if !mask {
		e.expShifted(dst, x, m)
		return
	}
	low := faintest[T]()
	for i, v := range x {
		if v == 0 {
			dst[i] = T(math.Inf(-1))
		} else {
			dst[i] = max(v-m, low)
		}
	}
	e.exp(dst, dst)
}

// expShifted32 and expShifted64 are expShifted in plain Go, which is exp(x − shift) but for what is negligible.
func expShifted32(dst, x []float32, shift float32) {
	for i, v := range x {
		dst[i] = max(v-shift, faintest[float32]())
	}
	exp32(dst, dst)
}

func expShifted64(dst, x []float64, shift float64) {
	for i, v := range x {
		dst[i] = max(v-shift, faintest[float64]())
	}
	exp64(dst, dst)
}

// softmaxRow replaces row, of largest entry m, by its softmax.
//
// Exponentials that are negligible beside 1 are set to 0 before the sum (see negligible): denormal
// numbers in them would slow every product that reads the result.
func softmaxRow[T Float](row []T, m T, mask bool) {
	e := engineOf[T]()
	e.expOver(row, row, m, mask)
	s := e.softmaxScratch()
	for lo := 0; lo < len(row); lo += softmaxPanel {
		part := row[lo:min(lo+softmaxPanel, len(row))]
		e.prune(part, s.tmp[:len(part)])
	}
	e.softmax.put(s)
	total := e.total(row)
	if mask && total == 0 { // every entry is masked: 0/0 otherwise
		return
	}
	Scale(row, row, 1/total)
}

// logSoftmaxRow replaces row, of largest entry m, by its log-softmax. The
// exponentials go through scratch, a piece at a time, since row is still needed.
//
// m and ln Σ are subtracted in two steps, the larger first: x − m is exact for entries near the
// maximum, whose result is the difference that matters, while m + ln Σ would round away up to half a
// unit of m.
func logSoftmaxRow[T Float](row []T, m T, mask bool) {
	e := engineOf[T]()
	s := e.scratch.get()
	if s == nil {
		s = new(scratch[T])
	}
	var total T
	for lo := 0; lo < len(row); lo += len(s.column) {
		piece := row[lo:min(lo+len(s.column), len(row))]
		shifted := s.column[:len(piece)]
		e.expOver(shifted, piece, m, mask)
		total += e.total(shifted)
	}
	e.scratch.put(s)
	logTotal := T(math.Log(float64(total)))
	if !mask {
		Affine(row, row, 1, -m)
		Affine(row, row, 1, -logTotal)
		return
	}
	for i, v := range row {
		if v != 0 || logTotal != logTotal {
			row[i] = v - m - logTotal
		}
	}
}
