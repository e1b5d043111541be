package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Offsets of the fields of dotArgs in package kernels.
const (
	dotK = 8 * iota
	dotA
	dotRowA
	dotB
	dotColB
	dotC
	dotRowC
	dotRows
	dotCols
	dotAccumulate
)

// dotColumns are the columns of B that a tile takes together, and rowColumns those beside a single row.
const (
	dotColumns = 4
	rowColumns = 8
)

// dots writes the kernel of dot products: C = A·B (+ C) where rows of A and columns of B lie along the
// sum. It needs no copy of B in panels, which pays where C has few rows or few columns.
//
// A tile keeps a register of partial sums for each of its elements, and a turn reads one register of each
// row and column:
//
//	AVX-512  4 rows × 4 columns: 16 sums + 4 of A + 1 of B;  8 loads for 16 FMA
//	AVX2     2 rows × 4 columns:  8 sums + 2 of A + 1 of B;  6 loads for 8 FMA
//
// Rows that fill no tile go one by one beside eight columns. The lanes of a sum are added up in the same
// order in every tile, so that results do not depend on how C was cut.
func dots(s isa) {
	d := &dot{isa: s, fn: s.name("dots"), high: 2}
	if s.zmm {
		d.high = 4
	}
	TEXT(d.fn, NOSPLIT, "func(args *uint64)")
	Pragma("noescape")
	d.p = Load(Param("args"), GP64())
	d.a, d.c, d.rowA, d.rows = d.arg(dotA), d.arg(dotC), d.arg(dotRowA), d.arg(dotRows)
	Label(d.label("rows", 0, 0))
	CMPQ(d.rows, U32(d.high))
	JGE(LabelRef(d.label("strip", d.high, 0)))
	TESTQ(d.rows, d.rows)
	JNE(LabelRef(d.label("strip", 1, 0)))
	end()
	d.strip(d.high)
	d.strip(1)
}

// dot is the state of the kernel while it is written.
type dot struct {
	isa
	fn         string
	high       int // rows of a tile
	p          reg.Register
	a, c       reg.GPVirtual // of the strip
	rowA, rows reg.GPVirtual
	b, at      reg.GPVirtual // of the tile: columns of B, place in C
	cols       reg.GPVirtual // left in the strip
}

// arg loads a field of dotArgs.
func (d *dot) arg(offset int) reg.GPVirtual {
	r := GP64()
	MOVQ(Mem{Base: d.p, Disp: offset}, r)
	return r
}

// label names a place in the tile of mr rows and nr columns.
func (d *dot) label(place string, mr, nr int) string {
	return fmt.Sprintf("%s_%s%dx%d", d.fn, place, mr, nr)
}

// strip computes mr rows of C, in tiles of four columns while eight are left, then in two of half of what
// is left.
func (d *dot) strip(mr int) {
	Label(d.label("strip", mr, 0))
	d.cols, d.b, d.at = d.arg(dotCols), d.arg(dotB), GP64()
	MOVQ(d.c, d.at)
	Label(d.label("cols", mr, 0))
	n, whole := GP64(), d.label("whole", mr, 0)
	MOVQ(d.cols, n)
	CMPQ(n, U32(rowColumns))
	JGE(LabelRef(d.label("tile", mr, d.widest(mr))))
	CMPQ(n, U32(dotColumns))
	JLE(LabelRef(whole))
	INCQ(n)
	SHRQ(U8(1), n)
	Label(whole)
	for nr := dotColumns; nr > 0; nr-- {
		CMPQ(n, U32(nr))
		JEQ(LabelRef(d.label("tile", mr, nr)))
	}
	rowC := d.arg(dotRowC)
	for range mr {
		ADDQ(d.rowA, d.a)
		ADDQ(rowC, d.c)
	}
	SUBQ(U32(mr), d.rows)
	JMP(LabelRef(d.label("rows", 0, 0)))
	for nr := d.widest(mr); nr > 0; nr-- {
		if nr <= dotColumns || nr == rowColumns {
			d.tile(mr, nr)
		}
	}
}

// widest is the number of columns of the widest tile of mr rows.
func (d *dot) widest(mr int) int {
	if mr == 1 {
		return rowColumns
	}
	return dotColumns
}

// tile computes mr × nr elements of C.
func (d *dot) tile(mr, nr int) {
	Label(d.label("tile", mr, nr))
	sums := make([][]vec, mr)
	for i := range sums {
		for range nr {
			r := d.reg()
			d.zero(r)
			sums[i] = append(sums[i], r)
		}
	}
	d.sum(mr, nr, sums)
	rows := d.totals(sums)
	rowC, at := d.arg(dotRowC), GP64()
	MOVQ(d.at, at)
	for i, row := range rows {
		if i > 0 {
			ADDQ(rowC, at)
		}
		for q, x := range row {
			label := fmt.Sprintf("%s_%d_%d", d.label("put", mr, nr), i, q)
			d.put(x, Mem{Base: at, Disp: q * dotColumns * d.size()}, label, min(dotColumns, nr-q*dotColumns))
		}
	}
	colB := d.arg(dotColB)
	for range nr {
		ADDQ(colB, d.b)
	}
	ADDQ(U32(nr*d.size()), d.at)
	SUBQ(U32(nr), d.cols)
	JMP(LabelRef(d.label("cols", mr, 0)))
}

// lines returns the addresses of n ≤ 8 lines from base on, stride apart, which move with the registers in
// bases.
func (d *dot) lines(n int, base, stride reg.GPVirtual) (lines []Mem, bases []reg.GPVirtual) {
	first := GP64()
	MOVQ(base, first)
	bases = append(bases, first)
	triple := stride
	if n > 3 {
		triple = GP64()
		LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, triple)
	}
	if n > 4 {
		second := GP64()
		LEAQ(Mem{Base: first, Index: stride, Scale: 4}, second)
		bases = append(bases, second)
	}
	for i := range n {
		m := Mem{Base: bases[i/4]}
		switch i % 4 {
		case 1, 2:
			m.Index, m.Scale = stride, uint8(i%4)
		case 3:
			m.Index, m.Scale = triple, 1
		}
		lines = append(lines, m)
	}
	return lines, bases
}

// sum adds the products of all terms, a register of each row and column a turn.
func (d *dot) sum(mr, nr int, sums [][]vec) {
	k := d.arg(dotK)
	rows, moving := d.lines(mr, d.a, d.rowA)
	cols, more := d.lines(nr, d.b, d.arg(dotColB))
	turn := func(load func(vec, Mem)) {
		x := make([]vec, mr)
		for i, r := range rows {
			x[i] = d.reg()
			load(x[i], r)
		}
		for j, c := range cols {
			y := d.reg()
			load(y, c)
			for i := range mr {
				d.fma(sums[i][j], x[i], y)
			}
		}
	}
	whole, rest, done := d.label("terms", mr, nr), d.label("rest", mr, nr), d.label("sums", mr, nr)
	SUBQ(U32(d.lanes()), k)
	JLT(LabelRef(rest))
	Label(whole)
	turn(d.load)
	for _, r := range append(moving, more...) {
		ADDQ(U32(d.bytes()), r)
	}
	SUBQ(U32(d.lanes()), k)
	JGE(LabelRef(whole))
	Label(rest)
	ADDQ(U32(d.lanes()), k)
	JEQ(LabelRef(done))
	m := d.masks(k, 1)[0]
	turn(func(r vec, a Mem) { d.loadMasked(r, a, m) })
	Label(done)
}

// put stores the leading lanes of four totals at a place in C, or adds them to it.
func (d *dot) put(total vec, to Mem, label string, lanes int) {
	n := GP64()
	MOVQ(U32(lanes), n)
	m := d.masks(n, 1)[0]
	accumulate, old := d.arg(dotAccumulate), d.quarter(d.reg())
	TESTQ(accumulate, accumulate)
	JEQ(LabelRef(label))
	d.loadMasked(old, to, m)
	d.add(total, total, old)
	Label(label)
	d.storeMasked(to, total, m)
}

// quarter is the part of a register that four totals fill.
func (d *dot) quarter(r vec) vec {
	switch {
	case !d.zmm:
		return r
	case d.f64:
		return r.AsY().(vec)
	}
	return r.AsX().(vec)
}

// totals adds up the lanes of all sums: for each row, fours of totals side by side.
func (d *dot) totals(sums [][]vec) [][]vec {
	out := make([][]vec, len(sums))
	var rows []vec
	for i, row := range sums {
		for j := 0; j < len(row); j += dotColumns {
			var four [dotColumns]vec
			for q := range four { // totals that nobody stores repeat the last
				four[q] = row[min(j+q, len(row)-1)]
			}
			if d.zmm {
				rows = append(rows, d.within(four[:]))
			} else {
				out[i] = append(out[i], d.four(four[:]))
			}
		}
	}
	switch {
	case d.zmm && len(sums) == 1:
		for _, r := range rows {
			out[0] = append(out[0], d.across([]vec{r, r, r, r})[0])
		}
	case d.zmm:
		for i, r := range d.across(rows) {
			out[i] = append(out[i], r)
		}
	}
	return out
}

// within adds the lanes of four sums up within quarters (float32), or so that two quarters belong to two
// sums each (float64).
//
// Interleaving puts lanes of two sums side by side, and one addition then serves both: 1.9 shuffles for
// each total of a tile of 16, where folding sums one by one would take 4.
func (d *dot) within(x []vec) vec {
	a, b := d.reg(), d.reg()
	if d.f64 {
		d.pair(VUNPCKLPD, VUNPCKHPD, x[0], x[1], a)
		d.pair(VUNPCKLPD, VUNPCKHPD, x[2], x[3], b)
		return d.fold(0x44, 0xee, a, b)
	}
	d.pair(VUNPCKLPS, VUNPCKHPS, x[0], x[1], a)
	d.pair(VUNPCKLPS, VUNPCKHPS, x[2], x[3], b)
	out := d.reg()
	d.pair(VUNPCKLPD, VUNPCKHPD, a, b, out)
	return out
}

// pair computes out = low(x, y) + high(x, y) for two ways to take halves of two registers.
func (d *dot) pair(low, high func(...Op), x, y, out vec) {
	l, h := d.reg(), d.reg()
	low(y, x, l)
	high(y, x, h)
	d.add(out, l, h)
}

// fold adds the quarters of x and y that low names to those that high names.
func (d *dot) fold(low, high uint64, x, y vec) vec {
	l, h, out := d.reg(), d.reg(), d.reg()
	VSHUFF32X4(U8(low), y, x, l)
	VSHUFF32X4(U8(high), y, x, h)
	d.add(out, l, h)
	return out
}

// across adds up what within has left of four rows, and returns the totals of each in the low lanes of a
// register.
func (d *dot) across(rows []vec) []vec {
	out := make([]vec, 0, len(rows))
	if d.f64 {
		for i := 0; i < len(rows); i += 2 {
			two, high := d.fold(0x88, 0xdd, rows[i], rows[i+1]), d.reg()
			VEXTRACTF64X4(U8(1), two, high.AsY())
			out = append(out, d.quarter(two), d.quarter(high))
		}
		return out
	}
	all := d.fold(0x88, 0xdd, d.fold(0x44, 0xee, rows[0], rows[1]), d.fold(0x44, 0xee, rows[2], rows[3]))
	out = append(out, d.quarter(all))
	for q := 1; q < len(rows); q++ {
		r := d.reg()
		VEXTRACTF32X4(U8(q), all, r.AsX())
		out = append(out, d.quarter(r))
	}
	return out
}

// four returns the totals of four registers in the first four lanes of one.
func (s isa) four(x []vec) vec {
	a, b := s.reg(), s.reg()
	if !s.f64 { // sums of halves of all four in both halves
		VHADDPS(x[1], x[0], a)
		VHADDPS(x[3], x[2], b)
		VHADDPS(b, a, a)
		high := XMM()
		VEXTRACTF128(U8(1), a, high)
		VADDPS(high, a.AsX(), a.AsX())
		return a
	}
	VHADDPD(x[1], x[0], a)
	VHADDPD(x[3], x[2], b)
	low, high := s.reg(), s.reg()
	VPERM2F128(U8(0x20), b, a, low)
	VPERM2F128(U8(0x31), b, a, high)
	s.add(low, low, high)
	return low
}
