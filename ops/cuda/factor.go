package cuda

// How the factors of products are read. A block of threads copies part after part of both factors to
// shared memory, and what a part is depends on the product alone: some lines (rows of a, columns of b)
// by some inner indices. Where an element lies in device memory depends on the factor. So a factor
// splits the way to an element in two, what it owes to its line and what it owes to its inner index,
// and a thread finds the first once, before it goes along the inner dimension, and the second once a
// step for all elements that it brings of that index. What is left for every element is an addition and
// two comparisons, also where the factor is patches that no memory holds.

// spot is what the way to an element owes to one of its indices.
type spot struct {
	at         val // elements from the start
	index, end val // there is nothing from end on
	row, col   val // on a grid: a cell, or the way from a cell to another one
}

// factor finds the elements of a factor of a product.
type factor interface {
	// line goes to a row of a, or a column of b.
	line(c *code, j val) spot
	// inner goes along the inner dimension to k, below end.
	inner(c *code, k, end val) spot
	// meet is where both lead, and whether an element is there; beyond are zeros.
	meet(c *code, line, inner spot) (at, there val)
	// follows says that memory is contiguous along the inner dimension: neighbouring threads follow it, then.
	follows() bool
}

// matrix is a factor that lies in memory row by row: lines of depth elements each, or the transpose of that.
type matrix struct {
	lines, depth int
	rows         bool // lines are rows
}

func (m matrix) line(c *code, j val) spot {
	s := spot{at: j, index: j, end: n(m.lines)}
	if m.rows {
		s.at = c.mul(j, n(m.depth))
	}
	return s
}

func (m matrix) inner(c *code, k, end val) spot {
	s := spot{at: k, index: k, end: end}
	if !m.rows {
		s.at = c.mul(k, n(m.lines))
	}
	return s
}

func (m matrix) meet(c *code, line, inner spot) (at, there val) {
	return c.add(line.at, inner.at), c.within(line, inner)
}

func (m matrix) follows() bool { return m.rows }

// within says that both indices are below their ends.
func (c *code) within(a, b spot) val {
	return c.and(c.cmp("lt", a.index, a.end), c.cmp("lt", b.index, b.end))
}

// loader is what a thread brings of one factor, step after step. A step is width lines by depth words of per elements; the
// threads of a block share its words, parts of them each.
//
// A thread's parts have either one word and different lines, or one line and different words: what they
// have in common is found once.
type loader struct {
	factor
	c          *code
	kind       kind
	from, off  val // where the factor begins
	width, per int
	lines      []val  // of the step, of every part
	words      []val  // of the step, of every part
	at         []spot // of the lines
	now        []spot // of the inner indices of this step, per of them for every different word
}

// loaders readies the bringing of both factors: so many lines of each a step, shared by threads, in words of per elements.
func (t *tile) loaders(linesA, linesB, threads, per int) {
	a, b := t.viewA, t.viewB
	if a == nil {
		a = matrix{t.m, t.k, !t.ta}
	}
	if b == nil {
		b = matrix{t.n, t.k, t.tb}
	}
	t.loadA = &loader{factor: a, c: t.c, kind: t.kind, from: t.c.addr(t.a), width: linesA, per: per}
	t.loadB = &loader{factor: b, c: t.c, kind: t.kind, from: t.c.addr(t.b), width: linesB, per: per}
	t.loadA.share(t.tid, t.top, threads)
	t.loadB.share(t.tid, t.left, threads)
}

// share finds what the thread brings: element number tid + part·threads of width × depth.
func (l *loader) share(tid, first val, threads int) {
	c, parts := l.c, l.width*depth/threads
	along := l.width
	if l.follows() {
		along = depth
	}
	across, same := c.split2(tid, along)
	for part := range parts {
		other := c.add(across, n(part*threads/along))
		if l.follows() {
			l.lines, l.words = append(l.lines, other), append(l.words, same)
			l.at = append(l.at, l.line(c, c.add(first, other)))
			continue
		}
		l.lines, l.words = append(l.lines, same), append(l.words, other)
		if part == 0 {
			l.at = append(l.at, l.line(c, c.add(first, same)))
		}
		l.at = append(l.at[:part], l.at[0])
	}
}

// step goes to the inner indices from k0 on, below end.
func (l *loader) step(k0, end val) {
	c := l.c
	l.now = l.now[:0]
	for part, word := range l.words {
		if part > 0 && l.follows() {
			break
		}
		for e := range l.per {
			k := c.add(k0, word)
			if l.per > 1 {
				k = c.add(k0, c.mad(word, l.per, n(e)))
			}
			l.now = append(l.now, l.inner(c, k, end))
		}
	}
}

// load reads element e of a word to x, which stays as it is where there is none.
func (l *loader) load(part, e int, x val) {
	c, inner := l.c, l.now[e]
	if !l.follows() {
		inner = l.now[part*l.per+e]
	}
	at, there := l.meet(c, l.at[part], inner)
	c.when(there, func() { c.set(x, c.load(l.kind, l.from, c.add(at, l.off))) })
}
