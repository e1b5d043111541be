package kernels

import (
	"math"
	"unsafe"
)

// SoftmaxColumns writes to y the softmax of each column of each of the matrices x (batch × rows×cols, row-major), as
// [Softmax] does with rows. y may be x.
func SoftmaxColumns[T Float](y, x []T, batch, rows, cols int, maskZeros bool) {
	softmaxColumns("SoftmaxColumns", y, x, batch, rows, cols, maskZeros, false)
}

// LogSoftmaxColumns writes to y the log-softmax of each column of each of the matrices x (batch × rows×cols, row-major), as
// [LogSoftmax] does with rows. y may be x.
func LogSoftmaxColumns[T Float](y, x []T, batch, rows, cols int) {
	softmaxColumns("LogSoftmaxColumns", y, x, batch, rows, cols, false, true)
}

// softmaxColumns checks the shape and hands panels of columns to the cores: a column is never cut, and
// a panel is a few vector maps for each of its rows.
func softmaxColumns[T Float](op string, y, x []T, batch, rows, cols int, mask, log bool) {
	if batch < 0 || rows < 0 || cols < 0 {
		panicf("kernels.%s: %d×%d×%d is no shape", op, batch, rows, cols)
	}
	checkSame(op, batch*rows*cols, len(x), len(y))
	if len(x) == 0 {
		return
	}
	panel := min(softmaxPanel, cols)
	if batch*((cols-1)/softmaxPanel+1) < fewPanels {
		panel = min(panel, narrowPanel)
	}
	panels := (cols-1)/panel + 1
	a := rowsArgs[T]{kind: softmaxPanels, dst: y, src: x, rows: batch * panels, width: cols, height: rows, panel: panel, log: log, mask: mask}
	forRows(&a, 4*rows*panel)
}

// fewPanels is the number of panels below which they are cut to narrowPanel columns, so that all cores have some.
const (
	fewPanels   = 8
	narrowPanel = 64
)

// softmaxPanel is the number of columns that are done together, or of narrow rows: enough for a vector loop, and
// few enough that a panel of some hundred rows stays in L2 from pass to pass.
const softmaxPanel = 256

// narrowRow is the length below which rows are columns of a transposed panel: a vector loop along seven classes
// spends its time on beginning and ending.
const narrowRow = 32

// softmaxScratch is what one panel in progress needs.
//
// top and total hold the maximum and the sum of each column, tmp one row of intermediate results; panel holds narrow rows as
// columns.
type softmaxScratch[T Float] struct {
	top, total, tmp [softmaxPanel]T
	panel           [narrowRow * softmaxPanel]T
}

// softmaxPanels does panels lo to hi−1, counted through the columns of all matrices.
func (a *rowsArgs[T]) softmaxPanels(lo, hi int) {
	e := engineOf[T]()
	s := e.softmaxScratch()
	panels := (a.width-1)/a.panel + 1
	for i := lo; i < hi; i++ {
		j := i % panels * a.panel
		at := i/panels*a.height*a.width + j
		e.down(s, a.dst[at:], a.src[at:], a.height, min(a.panel, a.width-j), a.width, a.mask, a.log)
	}
	e.softmax.Put(s)
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
		e.down(s, s.panel[:], s.panel[:], n, rows, rows, a.mask, a.log)
		e.fromColumns(x, s.panel[:], rows, n)
	}
	e.softmax.Put(s)
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
	if s := e.softmax.Get(); s != nil {
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

// absent is what an entry equals that takes no part: 0 with a mask, else NaN, which nothing equals.
func absent[T Float](mask bool) T {
	if mask {
		return 0
	}
	return T(math.NaN())
}

// walkWork is the number of elements that one call of a kernel takes, which nothing can interrupt.
const walkWork = 1 << 14

// walk calls f for rows lo to hi−1 of n columns each, a call of a kernel at a time.
func walk(rows, n int, f func(lo, hi int)) {
	for lo, step := 0, max(1, walkWork/n); lo < rows; lo += step {
		f(lo, min(lo+step, rows))
	}
}

// down writes to y the softmax of the columns of x (rows×n, row apart), or its logarithm.
func (e *engine[T]) down(s *softmaxScratch[T], y, x []T, rows, n, row int, mask, log bool) {
	top := filled(s.top[:n], T(math.Inf(-1)))
	walk(rows, n, func(lo, hi int) { e.tops(top, x[lo*row:], hi-lo, row, absent[T](mask)) })
	if log {
		e.logSoftmaxDown(s, y, x, rows, n, row)
	} else {
		e.softmaxDown(s, y, x, rows, n, row, mask)
	}
}

// softmaxDown writes weights of the columns of x, whose maxima are known, and divides them by their sums. total is inverted
// once for each column instead of dividing for each element.
func (e *engine[T]) softmaxDown(s *softmaxScratch[T], y, x []T, rows, n, row int, mask bool) {
	top, total := s.top[:n], s.total[:n]
	clear(total)
	walk(rows, n, func(lo, hi int) { e.weights(y[lo*row:], x[lo*row:], top, total, hi-lo, row, absent[T](mask)) })
	for j, t := range total {
		if total[j] = 1 / t; mask && t == 0 { // every entry is masked
			total[j] = 0
		}
	}
	walk(rows, n, func(lo, hi int) { e.scaleDown(y[lo*row:], total, hi-lo, row) })
}

// logSoftmaxDown subtracts maxima and the logarithms of the sums, as [logSoftmaxRow] does.
func (e *engine[T]) logSoftmaxDown(s *softmaxScratch[T], y, x []T, rows, n, row int) {
	top, total, tmp := s.top[:n], s.total[:n], s.tmp[:n]
	clear(total)
	for i := range rows {
		z := y[i*row : i*row+n]
		e.sub(z, x[i*row:i*row+n], top)
		e.exp(tmp, z)
		e.add(total, total, tmp)
	}
	e.log(total, total)
	for i := range rows {
		z := y[i*row : i*row+n]
		e.sub(z, z, total)
	}
}

// topsGo computes top[j] = max(top[j], maxᵢ x[i·row+j]) over what is not absent; a NaN of x is left to weights.
func topsGo[T Float](top, x []T, rows, row int, absent T) {
	for i := range rows {
		for j, v := range x[i*row : i*row+len(top)] {
			if v != absent && v > top[j] {
				top[j] = v
			}
		}
	}
}

// weights32 and weights64 compute y[i·row+j] = e^(x[i·row+j] − top[j]), 0 where that is negligible beside 1 or x is absent,
// and add it to total[j].
func weights32(y, x, top, total []float32, rows, row int, absent float32) {
	weightsGo(y, x, top, total, rows, row, absent, exp32)
}

func weights64(y, x, top, total []float64, rows, row int, absent float64) {
	weightsGo(y, x, top, total, rows, row, absent, exp64)
}

func weightsGo[T Float](y, x, top, total []T, rows, row int, absent T, exp func(dst, x []T)) {
	for i := range rows {
		z := y[i*row : i*row+len(top)]
		below(z, x[i*row:], top, absent)
		exp(z, z)
		prune(z)
		addGo(total, total, z)
	}
}

// scaleDownGo computes y[i·row+j] *= factor[j].
func scaleDownGo[T Float](y, factor []T, rows, row int) {
	for i := range rows {
		z := y[i*row : i*row+len(factor)]
		mulGo(z, z, factor)
	}
}

// below computes x − y, faintest where it is less, and −Inf where x is absent.
func below[T Float](dst, x, y []T, absent T) {
	for i, t := range y {
		if v := x[i]; v == absent {
			dst[i] = T(math.Inf(-1))
		} else {
			dst[i] = max(v-t, faintest[T]())
		}
	}
}

// prune makes what is negligible 0. A NaN stays.
func prune[T Float](x []T) {
	for i, v := range x {
		if v <= negligible[T]() {
			x[i] = 0
		}
	}
}
