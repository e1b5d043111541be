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

// softmaxRow replaces row, of largest entry m, by its softmax.
//
// Exponentials that are negligible beside 1 are 0 (see negligible): denormal numbers in them would slow every product that
// reads the result.
func softmaxRow[T Float](row []T, m T, mask bool) {
	e := engineOf[T]()
	s := e.softmaxScratch()
	top := filled(s.top[:min(softmaxPanel, len(row))], m)
	clear(s.total[:len(top)])
	for lo := 0; lo < len(row); lo += softmaxPanel {
		part := row[lo:min(lo+softmaxPanel, len(row))]
		e.weights(part, part, top[:len(part)], s.total[:len(part)], 1, 0, absent[T](mask))
	}
	e.softmax.Put(s)
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
	s := e.softmaxScratch()
	top := filled(s.top[:min(softmaxPanel, len(row))], m)
	clear(s.total[:len(top)])
	var total T
	for lo := 0; lo < len(row); lo += softmaxPanel {
		part := row[lo:min(lo+softmaxPanel, len(row))]
		e.weights(s.tmp[:len(part)], part, top[:len(part)], s.total[:len(part)], 1, 0, absent[T](mask))
		total += e.total(s.tmp[:len(part)])
	}
	e.softmax.Put(s)
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

// filled is x with v in every place.
func filled[T Float](x []T, v T) []T {
	for i := range x {
		x[i] = v
	}
	return x
}
