package kernels

// Lines are the rows of a pattern, laid out for [SoftmaxLines].
//
// Lines of a graph are short, and of a few lengths only. Lines of one length, up to a panel of them, are a block that
// stands column by column: entry k of each, for k = 0, 1, …, so that the vector loops of a softmax down columns run across the
// lines. Long lines, and lengths that few lines have, are blocks of their own.
type Lines struct {
	entries int
	// start[b] is where block b begins; the block has lines[b] lines.
	start, lines []int32
	// at are the places of the values in the order of blocks; back is its inverse.
	at, back []int32
}

// fewLines is the number of lines of one length below which each is a block: a vector loop that short is no faster.
const fewLines = 6

// NewLines lays out the rows of p.
func NewLines(p *Pattern) *Lines {
	l := &Lines{entries: len(p.col), start: []int32{0}}
	byLength := p.order
	for len(byLength) > 0 && p.entries(byLength[0]) == 0 {
		byLength = byLength[1:]
	}
	for len(byLength) > 0 {
		n, same := p.entries(byLength[0]), 1
		for same < min(softmaxPanel, len(byLength)) && p.entries(byLength[same]) == n {
			same++
		}
		if same < fewLines || n >= narrowRow {
			same = 1
		}
		l.block(p, byLength[:same], n)
		byLength = byLength[same:]
	}
	l.back = make([]int32, len(l.at))
	for place, e := range l.at {
		l.back[e] = int32(place)
	}
	return l
}

// block appends lines of n entries each.
func (l *Lines) block(p *Pattern, lines []int32, n int) {
	for k := range n {
		for _, i := range lines {
			l.at = append(l.at, p.place(int(p.ptr[i])+k))
		}
	}
	l.start, l.lines = append(l.start, int32(len(l.at))), append(l.lines, int32(len(lines)))
}

// SoftmaxLines computes y, of one element for each value of a pattern: in each of its rows
//
//	y_e = exp(x_e − max x) / Σ exp(x − max x)
//
// over the entries that are not exactly 0, which stay 0. As in [Softmax] what is negligible beside the largest is 0, and a
// NaN or a +Inf makes its row NaN. scratch has the length of x; y may be x.
func SoftmaxLines[T Float](l *Lines, y, x, scratch []T) {
	checkSame("SoftmaxLines", l.entries, len(x), len(y))
	checkLen("SoftmaxLines", "scratch", len(scratch), l.entries)
	if l.entries == 0 {
		return
	}
	a := rowsArgs[T]{kind: lineBlocks, dst: scratch, src: x, lines: l, rows: l.entries + len(l.lines)}
	forRows(&a, 8)
	a = rowsArgs[T]{kind: linesBack, dst: y, src: scratch, lines: l, rows: l.entries}
	forRows(&a, 1)
}

// softenBlocks does the blocks that begin in a share of entries and blocks: it collects them and softens them.
func (a *rowsArgs[T]) softenBlocks(lo, hi int) {
	l, e := a.lines, engineOf[T]()
	s := e.softmaxScratch()
	for b, end := firstFrom(l.start, lo), firstFrom(l.start, hi); b < end; b++ {
		from, to, n := int(l.start[b]), int(l.start[b+1]), int(l.lines[b])
		x := a.dst[from:to]
		for at := 0; at < len(x); at += piece {
			part := x[at:min(at+piece, len(x))]
			e.pick(part, a.src, l.at[from+at:from+at+len(part)])
		}
		if n == 1 {
			softmaxRow(x, maxNonzero(x), true)
		} else {
			e.down(s, x, x, len(x)/n, n, n, true, false)
		}
	}
	e.softmax.Put(s)
}

// linesBack brings values lo to hi−1 into their places.
func (a *rowsArgs[T]) linesBack(lo, hi int) {
	engineOf[T]().pick(a.dst[lo:hi], a.src, a.lines.back[lo:hi])
}
