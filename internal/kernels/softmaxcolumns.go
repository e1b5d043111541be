package kernels

import "unsafe"

// SoftmaxColumns replaces each column of each of the matrices x (batch × rows×cols, row-major) by its softmax, as
// [Softmax] does with rows.
func SoftmaxColumns[T Float](x []T, batch, rows, cols int, maskZeros bool) {
	softmaxColumns("SoftmaxColumns", x, batch, rows, cols, maskZeros, false)
}

// LogSoftmaxColumns replaces each column of each of the matrices x (batch × rows×cols, row-major) by its log-softmax,
// as [LogSoftmax] does with rows.
func LogSoftmaxColumns[T Float](x []T, batch, rows, cols int) {
	softmaxColumns("LogSoftmaxColumns", x, batch, rows, cols, false, true)
}

// softmaxColumns checks the shape and hands panels of columns to the cores: a column is never cut, and
// a panel is a few vector maps for each of its rows.
func softmaxColumns[T Float](op string, x []T, batch, rows, cols int, mask, log bool) {
	if batch < 0 || rows < 0 || cols < 0 {
		panicf("kernels.%s: %d×%d×%d is no shape", op, batch, rows, cols)
	}
	checkLen(op, "x", len(x), batch*rows*cols)
	if len(x) == 0 {
		return
	}
	panels := (cols-1)/softmaxPanel + 1
	a := rowsArgs[T]{kind: softmaxPanels, dst: x, rows: batch * panels, width: cols, height: rows, log: log, mask: mask}
	forRows(&a, 4*rows*min(softmaxPanel, cols))
}

// softmaxPanel is the number of columns that are done together, or of narrow rows: enough for a vector loop, and
// few enough that a panel of some hundred rows stays in L2 from pass to pass.
const softmaxPanel = 256

// narrowRow is the length below which rows are columns of a transposed panel: a vector loop along seven classes
// spends its time on beginning and ending.
const narrowRow = 32

// softmaxScratch is what one panel in progress needs.
//
// top and total hold the maximum and the sum of each column, tmp one row of intermediate results, zeros
// nothing but zeros, with which masks are compared; panel holds narrow rows as columns.
type softmaxScratch[T Float] struct {
	top, total, tmp, zeros [softmaxPanel]T
	panel                  [narrowRow * softmaxPanel]T
}

// softmaxPanels does panels lo to hi−1, counted through the columns of all matrices.
func (a *rowsArgs[T]) softmaxPanels(lo, hi int) {
	e := engineOf[T]()
	s := e.softmaxScratch()
	panels := (a.width-1)/softmaxPanel + 1
	for i := lo; i < hi; i++ {
		j := i % panels * softmaxPanel
		x := a.dst[i/panels*a.height*a.width+j:]
		e.softmaxDown(s, x, a.height, min(softmaxPanel, a.width-j), a.width, a.mask, a.log)
	}
	e.softmax.put(s)
}

// softmaxNarrow does panels lo to hi−1, each of softmaxPanel rows: they become columns and go back.
func (a *rowsArgs[T]) softmaxNarrow(lo, hi int) {
	e := engineOf[T]()
	s := e.softmaxScratch()
	n := a.width
	for i := lo; i < hi; i++ {
		x := a.dst[i*softmaxPanel*n : min((i+1)*softmaxPanel*n, len(a.dst))]
		rows := len(x) / n
		e.toColumns(s.panel[:], x, rows, n)
		e.softmaxDown(s, s.panel[:n*rows], n, rows, rows, a.mask, a.log)
		e.fromColumns(x, s.panel[:], rows, n)
	}
	e.softmax.put(s)
}

// Narrow rows fill no square of the transposing kernel, so squares reach over their ends. On the way to columns the
// elements of the rows below that come along make columns that nobody reads. On the way back they are written over the
// rows below before those are written themselves: squares go down the rows, the last square of a row first. The rows over
// whose end squares would reach into what belongs to others are moved one by one.

// squares is the number of rows, of n elements each, that squares can take, and the width of a row in squares.
func (e *engine[T]) squares(rows, n int) (whole, wide int) {
	wide = roundUp(n, e.side)
	return max(0, rows-(wide-1)/n) / e.side * e.side, wide
}

// toColumns computes dst[j·rows + i] = src[i·n + j], where dst has room for columns up to a multiple of side.
func (e *engine[T]) toColumns(dst, src []T, rows, n int) {
	whole, wide := e.squares(rows, n)
	if whole > 0 {
		e.transpose(dst, src, whole, wide, rows, n)
	}
	transposeGo(dst[whole:], src[whole*n:], rows-whole, n, rows, n)
}

// fromColumns computes dst[i·n + j] = src[j·rows + i], where src has room as the dst of toColumns.
func (e *engine[T]) fromColumns(dst, src []T, rows, n int) {
	whole, wide := e.squares(rows, n)
	for j := wide - e.side; j >= 0 && whole > 0; j -= e.side {
		e.transpose(dst[j:], src[j*rows:], e.side, whole, n, rows)
	}
	transposeGo(dst[whole*n:], src[whole:], n, rows-whole, n, rows)
}

// softmaxScratch takes scratch from the engine's free list, or makes it.
func (e *engine[T]) softmaxScratch() *softmaxScratch[T] {
	if s := e.softmax.get(); s != nil {
		return s
	}
	return new(softmaxScratch[T])
}

// negligible is what an exponential has to exceed to count. The largest of a column is 1: 2¹⁶ smaller ones are lost in a
// sum with it. Their products would soon be denormal numbers, which processors multiply many times slower: the gradient of
// attention multiplies weights that may be as small as this with the gradient of a loss that comes from another softmax, and
// with a weight again, which takes three factors beyond 2⁻⁴⁰ to reach the denormal numbers below 2⁻¹²⁶.
func negligible[T Float]() T {
	var zero T
	if unsafe.Sizeof(zero) == 4 {
		return 0x1p-40
	}
	return 0x1p-256
}

// faintest is an argument whose exponential is negligible but no denormal number.
func faintest[T Float]() T {
	var zero T
	if unsafe.Sizeof(zero) == 4 {
		return -46.5 // 2⁻⁶⁷
	}
	return -357 // 2⁻⁵¹⁵
}

// lowest is what a masked entry counts as: below every score, and a number, since 0·Inf is none.
const lowest = -3e38

// softmaxDown replaces the columns of x (rows×n, row apart) by their softmax or its logarithm, row by row.
//
// Every step is a vector map over n columns: maxima, differences, exponentials, sums. A masked entry is 0 and becomes lowest, whose exponential is 0 beside any score. total
// is inverted once for each column instead of dividing for each element.
func (e *engine[T]) softmaxDown(s *softmaxScratch[T], x []T, rows, n, row int, mask, log bool) {
	top, total, tmp := s.top[:n], s.total[:n], s.tmp[:n]
	for i := range rows {
		y := x[i*row : i*row+n]
		if mask {
			e.equal(tmp, y, s.zeros[:n])
			e.axpy(y, y, tmp, lowest)
		}
		if i == 0 {
			copy(top, y)
		} else {
			e.maximum(top, top, y)
		}
	}
	clear(total)
	for i := range rows {
		y := x[i*row : i*row+n]
		if log {
			e.sub(y, y, top)
			e.exp(tmp, y)
			e.add(total, total, tmp)
			continue
		}
		e.sub(y, y, top)
		e.maxScalar(y, y, faintest[T]()) // exponentials that are denormal are slow to compute as well
		e.exp(y, y)
		e.prune(y, tmp)
		e.add(total, total, y)
	}
	if log {
		e.log(total, total)
		for i := range rows {
			e.sub(x[i*row:i*row+n], x[i*row:i*row+n], total)
		}
		return
	}
	for j, t := range total {
		total[j] = 1 / t
		if mask && top[j] <= lowest { // every entry is masked
			total[j] = 0
		}
	}
	for i := range rows {
		e.mul(x[i*row:i*row+n], x[i*row:i*row+n], total)
	}
}

// prune makes exponentials that are negligible 0; tmp has room for as many.
//
// The mask is step(x − negligible): 1 above and 0 at or below. It is applied as a product because Inf·0
// and NaN·0 are NaN, so that a bad row shows.
func (e *engine[T]) prune(x, tmp []T) {
	e.affine(tmp, x, 1, -negligible[T]())
	e.step(tmp, tmp)
	e.mul(x, x, tmp) // a NaN stays one
}
