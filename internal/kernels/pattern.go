package kernels

import (
	"math"
	"slices"
)

// Patterns are known when a program is made, and their values when it runs. So whatever can be said of the places alone is said
// once: that they are in bounds, which rows have equally many entries, how much work comes before each. With that a kernel
// needs no check and a core no more than two searches to find its share.
//
// For a (3×4) with the entries a b c in row 0 and d in row 2
//
//	a b . c        ptr = 0 3 3 4,  col = 0 1 3 2      the transpose has ptr = 0 1 2 3 4, col = 0 0 2 0
//	. . . .        order = 1 2 0,  work = 0 0 1 4     and from = 0 1 3 2: it reads the values
//	. . d .                                           where they stand, and none is moved
//
// Sums of a row go in the order of its entries for any share of cores: rows are dealt out, entries of a row are not.

// Pattern is where a sparse matrix has entries, checked once and laid out for the kernels. It belongs to whoever made the
// tables it was made of: they must not change.
type Pattern struct {
	rows, cols int
	// Compressed rows: row i has the entries q with ptr[i] ≤ q < ptr[i+1], in columns col[q].
	ptr, col []int32
	// from[q] is the place of the value of entry q; nil where that is q.
	from []int32
	// order lists the rows by their number of entries, which keeps loops over the entries of a row predictable; the
	// first l of them have work[l] entries together. From order[single] on they are groups of bandRows neighbours in a
	// band, whose first rows are band.
	order, work, band []int32
	single            int
	// Row and column of each value, in the order of values.
	valueRow, valueCol []int32
}

// NewPattern describes a matrix in compressed rows with that many columns: row i has entries in the columns col[q] for
// ptr[i] ≤ q < ptr[i+1]. Values of an entry stand where its column stands. It panics where an offset or a column lies beyond
// the tables, as an index out of range would: the kernels trust a pattern.
func NewPattern(ptr, col []int32, cols int) *Pattern {
	rows := len(ptr) - 1
	if rows < 0 || cols < 0 || len(col) > math.MaxInt32 || ptr[0] != 0 || int(ptr[rows]) != len(col) {
		panicf("kernels.NewPattern: %d row pointers, %d entries and %d columns; it needs pointers from 0 to the number of entries", len(ptr), len(col), cols)
	}
	p := &Pattern{rows: rows, cols: cols, ptr: ptr, col: col, valueCol: col, valueRow: make([]int32, len(col))}
	for i, from := range ptr[:rows] {
		if to := ptr[i+1]; to < from || int(to) > len(col) {
			panicf("kernels.NewPattern: row %d has the entries %d to %d of %d", i, from, to, len(col))
		}
		for q := from; q < ptr[i+1]; q++ {
			p.valueRow[q] = int32(i)
			if c := col[q]; c < 0 || int(c) >= cols {
				panicf("kernels.NewPattern: column %d; the matrix has %d", c, cols)
			}
		}
	}
	p.arrange()
	return p
}

// arrange fills order, work and band.
func (p *Pattern) arrange() {
	p.order, p.work = make([]int32, 0, p.rows), make([]int32, p.rows+1)
	for i := int32(0); int(i) < p.rows; {
		if p.isBand(i) {
			p.band = append(p.band, i)
			i += bandRows
		} else {
			p.order = append(p.order, i)
			i++
		}
	}
	fewer := func(i, j int32) int { return p.entries(i) - p.entries(j) }
	slices.SortStableFunc(p.order, fewer)
	slices.SortStableFunc(p.band, fewer)
	p.single = len(p.order)
	for _, i := range p.band {
		for r := range int32(bandRows) {
			p.order = append(p.order, i+r)
		}
	}
	for l, i := range p.order {
		p.work[l+1] = p.work[l] + int32(p.entries(i))
	}
}

const (
	bandRows    = 4   // neighbouring rows of a band that are multiplied together
	bandLongest = 512 // entries of such a row at most, which bounds a call
)

// isBand says that bandRows rows from i on have equally many entries, as many as they are rows at least, in columns without
// gaps, of which each row begins one after the row before.
func (p *Pattern) isBand(i int32) bool {
	if int(i)+bandRows > p.rows || p.entries(i) < bandRows || p.entries(i) > bandLongest {
		return false
	}
	from := p.col[p.ptr[i]]
	for r := range int32(bandRows) {
		if p.entries(i+r) != p.entries(i) {
			return false
		}
		for q, c := range p.col[p.ptr[i+r]:p.ptr[i+r+1]] {
			if c != from+r+int32(q) {
				return false
			}
		}
	}
	return true
}

// entries is the number of entries of row i.
func (p *Pattern) entries(i int32) int { return int(p.ptr[i+1] - p.ptr[i]) }

// Transposed is the pattern of Aᵀ over the values of A in their order. Entries of a row of Aᵀ are in the order of A's rows.
func (p *Pattern) Transposed() *Pattern {
	t := &Pattern{rows: p.cols, cols: p.rows, valueRow: p.valueCol, valueCol: p.valueRow}
	t.ptr = make([]int32, t.rows+1)
	for _, c := range p.col {
		t.ptr[c+1]++
	}
	for i := range t.rows {
		t.ptr[i+1] += t.ptr[i]
	}
	next := append([]int32(nil), t.ptr...)
	t.col, t.from = make([]int32, len(p.col)), make([]int32, len(p.col))
	for e, row := range p.entryRows() {
		at := &next[p.col[e]]
		t.col[*at], t.from[*at] = row, p.place(e)
		*at++
	}
	t.arrange()
	return t
}

// entryRows lists the row of every entry.
func (p *Pattern) entryRows() []int32 {
	rows := make([]int32, len(p.col))
	for i, from := range p.ptr[:p.rows] {
		for q := from; q < p.ptr[i+1]; q++ {
			rows[q] = int32(i)
		}
	}
	return rows
}

// place is where the value of entry q stands.
func (p *Pattern) place(q int) int32 {
	if p.from == nil {
		return int32(q)
	}
	return p.from[q]
}

// firstFrom is the first line l with ptr[l] + l ≥ work, or their number: lines and their entries are counted alike, so
// that cores get equal shares of a matrix whose rows are of very different lengths.
func firstFrom(ptr []int32, work int) int {
	lo, hi := 0, len(ptr)-1
	for lo < hi {
		if mid := (lo + hi) / 2; int(ptr[mid])+mid < work {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}
