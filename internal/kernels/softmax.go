package kernels

import "math"

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

// expOver computes dst = exp(x − m), and 0 in masked places, piece by piece.
func (e *engine[T]) expOver(dst, x []T, m T, mask bool) {
	for ; len(dst) > piece; dst, x = dst[piece:], x[piece:] {
		e.expOver(dst[:piece], x[:piece], m, mask)
	}
	if !mask {
		e.expShifted(dst, x, m)
		return
	}
	for i, v := range x {
		if v == 0 {
			dst[i] = T(math.Inf(-1))
		} else {
			dst[i] = v - m
		}
	}
	e.exp(dst, dst)
}

// expShifted32 and expShifted64 are expShifted in plain Go.
func expShifted32(dst, x []float32, shift float32) {
	for i, v := range x {
		dst[i] = v - shift
	}
	exp32(dst, dst)
}

func expShifted64(dst, x []float64, shift float64) {
	for i, v := range x {
		dst[i] = v - shift
	}
	exp64(dst, dst)
}

// softmaxRow replaces row, of largest entry m, by its softmax.
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
