package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// How the commonest pooling behind a norm is computed: windows of 3×3 cells around every second cell of every second row,
// of grids that two registers are as wide as. A row of the grid becomes three registers, a lane a window,
//
//	even  z[2j]    odd  z[2j + 1]    before  z[2j − 1]
//
// where the third is the second moved on by a lane, and nothing is dealt out in memory. Rows of three windows above each
// other share every second one, which stays in registers.
//
// What is pooled is z = |max(a·x + c, 0)|, which is the relu but for the signs of 0 and NaN. Such numbers are in the order of
// their bits as integers, and a NaN is the largest: a maximum of integers does what takes three instructions with numbers.
//
// The backward finds the first entry that is the largest by comparisons in the order of the entries, of lanes that have not
// found theirs yet, and adds up what a cell gets of the windows it lies in while it goes down the rows.

// Offsets of the fields of gridArgs in package kernels; distances in bytes.
const (
	gridX = 8 * iota
	gridA
	gridC
	gridY
	gridZ
	gridRowX
	gridRowY
	gridRowZ
	gridImages
	gridRows // of windows
	gridCols // of cells
)

// gridMax is one of both kernels while it is written.
type gridMax struct {
	window
	back           bool
	at, width      reg.GPVirtual // bytes of a grid that are done, and of a row
	x, a, c, y, z  reg.GPVirtual
	left, right    mask // columns of a row in its two registers,
	half           mask // and windows
	none, positive vec
	deal, join     [2]vec
}

// gridRow are the cells of a row, a lane a window.
type gridRow struct{ even, odd, before vec }

// gridMaxes writes the kernels, y of the windows and z what the cells get of y.
func gridMaxes(s isa) {
	(&gridMax{window: window{isa: s, fn: s.name("gridMax")}}).emit()
	(&gridMax{window: window{isa: s, fn: s.name("gridMaxBack")}, back: true}).emit()
}

// emit writes a kernel: loops over images and rows of windows.
func (g *gridMax) emit() {
	TEXT(g.fn, NOSPLIT, "func(args *uint64)")
	Pragma("noescape")
	g.p = Load(Param("args"), GP64())
	g.x, g.a, g.c, g.y = g.arg(gridX), g.arg(gridA), g.arg(gridC), g.arg(gridY)
	g.at, g.width = GP64(), g.arg(gridCols)
	if g.back {
		g.z = g.arg(gridZ)
	}
	g.constants()
	Label(g.fn + "_image")
	y, rows := GP64(), g.arg(gridRows)
	MOVQ(g.y, y)
	XORQ(g.at, g.at)
	above, sum := gridRow{g.clear(), g.clear(), g.clear()}, [2]vec{g.clear(), g.clear()}
	Label(g.fn + "_row")
	middle := g.row(Mem{Base: g.at})
	next := GP64()
	LEAQ(Mem{Base: g.at, Index: g.width, Scale: 1}, next)
	below := g.row(Mem{Base: next})
	best := g.most(above, middle, below)
	if g.back {
		g.lead(y, best, above, middle, below, sum)
	} else {
		g.storeMasked(Mem{Base: y}, best, g.half)
	}
	g.move(above.even, below.even)
	g.move(above.odd, below.odd)
	g.move(above.before, below.before)
	LEAQ(Mem{Base: next, Index: g.width, Scale: 1}, g.at)
	step := GP64()
	MOVQ(g.width, step)
	SHRQ(U8(1), step)
	ADDQ(step, y)
	DECQ(rows)
	JNE(LabelRef(g.fn + "_row"))
	if g.back {
		g.write(g.above(), sum[0], sum[1])
		ADDQ(Mem{Base: g.p, Disp: gridRowZ}, g.z)
	}
	ADDQ(Mem{Base: g.p, Disp: gridRowX}, g.x)
	ADDQ(Mem{Base: g.p, Disp: gridRowY}, g.y)
	DECQ(Mem{Base: g.p, Disp: gridImages})
	JNE(LabelRef(g.fn + "_image"))
	end()
}

// constants makes masks of columns and windows, and the patterns of permutations. The width becomes bytes.
func (g *gridMax) constants() {
	cols, windows := GP64(), GP64()
	MOVQ(g.width, cols)
	MOVQ(g.width, windows)
	SHRQ(U8(1), windows)
	both := g.masks(cols, 2)
	g.left, g.right, g.half = both[0], both[1], g.masks(windows, 1)[0]
	SHLQ(U8(2), g.width)
	g.none, g.positive = g.clear(), g.reg()
	g.broadcast(g.positive, g.number(g.bits(0x7fffffff, 0)))
	for i := range 2 {
		g.deal[i] = g.indices(g.fn+[]string{"Even", "Odd"}[i], func(lane int) int { return 2*lane + i })
		if g.back {
			g.join[i] = g.indices(g.fn+[]string{"Low", "High"}[i], func(lane int) int { return (lane+16*i)/2 + lane%2*16 })
		}
	}
}

// row computes z of a row of cells and deals it out, and asks for the same row of the next image.
func (g *gridMax) row(at Mem) gridRow {
	var z [2]vec
	next := GP64()
	MOVQ(Mem{Base: g.p, Disp: gridRowX}, next)
	ADDQ(at.Base, next)
	for i, m := range []mask{g.left, g.right} {
		x, a := g.reg(), g.reg()
		z[i] = g.reg()
		g.loadMasked(x, Mem{Base: g.x, Index: at.Base, Scale: 1, Disp: 64 * i}, m)
		g.loadMasked(a, Mem{Base: g.a, Index: at.Base, Scale: 1, Disp: 64 * i}, m)
		g.loadMasked(z[i], Mem{Base: g.c, Index: at.Base, Scale: 1, Disp: 64 * i}, m)
		PREFETCHT0(Mem{Base: g.x, Index: next, Scale: 1, Disp: 64 * i})
		g.fma(z[i], x, a)
		g.greater(z[i], g.none, z[i])
		VPANDD(g.positive, z[i], z[i])
	}
	r := gridRow{g.reg(), g.reg(), g.reg()}
	g.move(r.even, g.deal[0])
	VPERMI2PS(z[1], z[0], r.even)
	g.move(r.odd, g.deal[1])
	VPERMI2PS(z[1], z[0], r.odd)
	VALIGND(U8(15), g.none, r.odd, r.before)
	return r
}

// most is the largest entry of each window.
func (g *gridMax) most(rows ...gridRow) vec {
	best := g.reg()
	VPMAXSD(rows[0].even, rows[0].odd, best)
	VPMAXSD(rows[0].before, best, best)
	for _, r := range rows[1:] {
		t := g.reg()
		VPMAXSD(r.even, r.odd, t)
		VPMAXSD(r.before, t, t)
		VPMAXSD(t, best, best)
	}
	return best
}

// lead leads d of the windows to the cells: what the row above gets is complete with it and the sums that are left of the
// windows before, and so is that of the middle; the row below goes on as sums.
func (g *gridMax) lead(y reg.GPVirtual, best vec, above, middle, below gridRow, sum [2]vec) {
	d, open := g.reg(), K()
	g.loadMasked(d, Mem{Base: y}, g.half)
	KXNORW(open, open, open)
	g.add3(d, best, above, open, sum)
	TESTQ(g.at, g.at)
	JEQ(LabelRef(g.fn + "_first"))
	g.write(g.above(), sum[0], sum[1])
	Label(g.fn + "_first")
	for _, r := range sum {
		g.zero(r)
	}
	g.add3(d, best, middle, open, sum)
	g.write(g.at, sum[0], sum[1])
	for _, r := range sum {
		g.zero(r)
	}
	g.add3(d, best, below, open, sum)
}

func (g *gridMax) zero2(r vec) { g.isa.zero(r) }

// above is where the row before the one at hand is.
func (g *gridMax) above() reg.GPVirtual {
	r := GP64()
	MOVQ(g.at, r)
	SUBQ(g.width, r)
	return r
}

// add3 adds d to the sums of even and odd cells of a row where a window that is open finds its largest entry. The odd cell
// before a window belongs to the lane before.
func (g *gridMax) add3(d, best vec, row gridRow, open reg.OpmaskVirtual, sum [2]vec) {
	for i, entry := range []vec{row.before, row.even, row.odd} {
		found := K()
		VPCMPEQD(entry, best, open, found)
		KANDNW(open, found, open)
		switch i {
		case 0:
			t := g.reg()
			VMOVAPS_Z(d, found, t)
			VALIGND(U8(1), t, g.none, t)
			g.add(sum[1], sum[1], t)
		case 1:
			VADDPS(d, sum[0], found, sum[0])
		default:
			VADDPS(d, sum[1], found, sum[1])
		}
	}
}

// write puts even and odd cells of a row of z side by side.
func (g *gridMax) write(at reg.GPVirtual, even, odd vec) {
	for i, m := range []mask{g.left, g.right} {
		r := g.reg()
		g.move(r, g.join[i])
		VPERMI2PS(odd, even, r)
		g.storeMasked(Mem{Base: g.z, Index: at, Scale: 1, Disp: 64 * i}, r, m)
	}
}
