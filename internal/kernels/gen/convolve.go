package main

import (
	"fmt"
	"math/bits"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// How products with patches of a grid are computed. A row of the matrix of patches is the grid itself from
// another place on, so both kernels read it there, through a list of places.
//
//	flat        y[o, p] = Σ_r w[o, r]·x[place r + p]       lanes are positions p, w is broadcast
//	correlate   s[o, r] += Σ_p d[o, p]·x[place r + p]      lanes are positions p, summed in the end
//
// The positions of flat are those of a grid with its margins, as one stretch: rows need not be whole
// registers, and there is no more waste than the margins between rows, a cell of 29 for patches of 3×3.
// It drops them on the way out, where it compresses a register to the lanes inside the grid.
//
// correlate goes along the rows of the grid and reads both factors where they are, as vectors, with
// nothing to broadcast, to pack or to transpose, whatever the numbers of channels and outputs are. Its sums
// stay vectors until a caller has added up all it has.

// Offsets of the fields of flatArgs in package kernels.
const (
	flatTerms = 8 * iota
	flatA
	flatRowA
	flatB
	flatPlaces
	flatC
	flatRowC
	flatRows
	flatLanes          // masks of the lanes that are cells of the grid, one a register
	flatStart = 8 * 11 // distances of their cells from c, in bytes
	flatCells = 8 * 14 // masks of as many lanes as there are cells
	flatAhead = 8 * 17 // where memory is asked for that is wanted next
	flatPace  = 8 * 18 // how many bytes of it a term
)

// flatCount is the number of registers across: 8 rows of 3 sums, 3 of B and 2 broadcasts are 29 of 32.
const flatCount = 3

// convolve writes both kernels and the sums of lanes.
func convolve(s isa) {
	if s.zmm {
		newFlat(s, "flat", 8).write()
	}
	correlate(s)
	laneSums(s)
}

// flat is a tile whose columns are positions of a grid with margins: strips of rows, of which the highest repeats and
// each of the others, half as high as the one before it, runs at most once.
type flat struct {
	isa
	fn            string
	high          int // rows of the highest strip
	p             reg.Register
	a, c          reg.GPVirtual
	rowA, ahead   reg.GPVirtual
	multiples     map[int]reg.GPVirtual // odd multiples of rowA, for addressing
	sums          [][]vec
	b, broadcasts []vec
}

func newFlat(s isa, op string, high int) *flat {
	return &flat{isa: s, fn: s.name(op), high: high, multiples: map[int]reg.GPVirtual{}}
}

// arg loads a field of the arguments.
func (t *flat) arg(offset int) reg.GPVirtual {
	r := GP64()
	MOVQ(Mem{Base: t.p, Disp: offset}, r)
	return r
}

// label names a place in the strip of mr rows.
func (t *flat) label(place string, mr int) string { return fmt.Sprintf("%s_%s%d", t.fn, place, mr) }

// registers returns n fresh vector registers.
func (t *flat) registers(n int) []vec {
	out := make([]vec, n)
	for i := range out {
		out[i] = t.reg()
	}
	return out
}

// row is the address of row i ≤ 8 below base.
func (t *flat) row(base reg.GPVirtual, i int) Mem {
	switch i {
	case 0:
		return Mem{Base: base}
	case 1, 2, 4, 8:
		return Mem{Base: base, Index: t.rowA, Scale: uint8(i)}
	case 6:
		return Mem{Base: base, Index: t.multiples[3], Scale: 2}
	}
	return Mem{Base: base, Index: t.multiples[i], Scale: 1}
}

// write emits the kernel.
func (t *flat) write() {
	TEXT(t.fn, NOSPLIT, "func(args *uint64)")
	Pragma("noescape")
	t.p = Load(Param("args"), GP64())
	t.a, t.c, t.rowA, t.ahead = t.arg(flatA), t.arg(flatC), t.arg(flatRowA), t.arg(flatAhead)
	t.oddRows()
	lanes, cells := make([]reg.OpmaskVirtual, flatCount), make([]mask, flatCount)
	for v := range flatCount {
		lanes[v], cells[v].k = K(), K()
		KMOVW(Mem{Base: t.p, Disp: flatLanes + 8*v}, lanes[v])
		KMOVW(Mem{Base: t.p, Disp: flatCells + 8*v}, cells[v].k)
	}
	for mr := t.high; mr > 0; mr /= 2 {
		next := t.label("done", 0)
		if mr > 1 {
			next = t.label("strip", mr/2)
		}
		t.strip(mr, next, lanes, cells)
		if mr == t.high {
			JMP(LabelRef(t.label("strip", mr)))
		}
	}
	Label(t.label("done", 0))
	MOVQ(t.ahead, Mem{Base: t.p, Disp: flatAhead})
	end()
}

// oddRows puts odd multiples of the stride of A into registers.
func (t *flat) oddRows() {
	for _, odd := range []int{3, 5, 7} {
		if odd < t.high {
			t.multiples[odd] = GP64()
			base := t.rowA
			if odd == 7 {
				base = t.multiples[3]
			}
			LEAQ(Mem{Base: base, Index: t.rowA, Scale: uint8(min(4, odd-1))}, t.multiples[odd])
		}
	}
}

// strip computes mr rows of C if there are as many left, else goes to next.
func (t *flat) strip(mr int, next string, lanes []reg.OpmaskVirtual, cells []mask) {
	Label(t.label("strip", mr))
	CMPQ(Mem{Base: t.p, Disp: flatRows}, I8(mr))
	JLT(LabelRef(next))
	t.sums = make([][]vec, mr)
	for i := range t.sums {
		t.sums[i] = t.registers(flatCount)
		for _, r := range t.sums[i] {
			t.zero(r)
		}
	}
	t.b, t.broadcasts = t.registers(flatCount), t.registers(2)
	t.stretches(mr)
	rowC, at := t.arg(flatRowC), t.registersGP(flatCount)
	for v := range at {
		MOVQ(Mem{Base: t.p, Disp: flatStart + 8*v}, at[v])
	}
	for _, row := range t.sums {
		for v, r := range row {
			if t.f64 {
				VCOMPRESSPD_Z(r, lanes[v], r)
			} else {
				VCOMPRESSPS_Z(r, lanes[v], r)
			}
			t.storeMasked(Mem{Base: t.c, Index: at[v], Scale: 1}, r, cells[v])
		}
		ADDQ(rowC, t.c)
	}
	LEAQ(t.row(t.a, mr), t.a)
	SUBQ(I8(mr), Mem{Base: t.p, Disp: flatRows})
}

// stretches sums over the places, of which there is one at least, in a stretch for each row of C. Before each, it asks for
// the lines of a row that the strip writes: all of them at once would fill the queue of what the core waits for, and
// loads from L2 would wait behind it. A short sum is one stretch, as the lines would not come in time.
func (t *flat) stretches(mr int) {
	left, n, at := t.arg(flatTerms), GP64(), t.arg(flatStart)
	b, places, stretch, begin := t.arg(flatB), t.arg(flatPlaces), t.label("stretch", mr), t.label("begin", mr)
	ADDQ(t.c, at)
	MOVQ(left, n)
	CMPQ(left, U8(prefetchTerms))
	JLT(LabelRef(t.label("rest", mr)))
	Label(stretch)
	for line := range flatCount {
		PREFETCHT0(Mem{Base: at, Disp: line * t.bytes()})
	}
	PREFETCHT0(Mem{Base: at, Disp: flatCount*t.bytes() - 1})
	ADDQ(Mem{Base: t.p, Disp: flatRowC}, at)
	MOVQ(Mem{Base: t.p, Disp: flatTerms}, n)
	SHRQ(U8(bits.Len(uint(mr))-1), n)
	SUBQ(n, left)
	CMPQ(left, n)
	JGE(LabelRef(begin))
	ADDQ(left, n)
	Label(t.label("rest", mr))
	XORQ(left, left)
	Label(begin)
	t.loop(mr, n, b, places)
	TESTQ(left, left)
	JNE(LabelRef(stretch))
	MOVQ(Mem{Base: t.p, Disp: flatTerms}, n)
	SHLQ(U8(bits.Len(uint(t.size()))-1), n)
	SUBQ(n, t.a)
}

// registersGP returns n fresh general registers.
func (t *flat) registersGP(n int) []reg.GPVirtual {
	out := make([]reg.GPVirtual, n)
	for i := range out {
		out[i] = GP64()
	}
	return out
}

// loop sums over k ≥ 1 places. With each it asks for some bytes of the memory that is wanted next.
func (t *flat) loop(mr int, k, b, places reg.GPVirtual) {
	Label(t.label("k", mr))
	at := GP64()
	MOVQ(Mem{Base: places}, at)
	for v, r := range t.b {
		t.load(r, Mem{Base: b, Index: at, Scale: uint8(t.size()), Disp: v * t.bytes()})
	}
	PREFETCHT1(Mem{Base: t.ahead})
	ADDQ(Mem{Base: t.p, Disp: flatPace}, t.ahead)
	for i := range mr {
		x := t.broadcasts[i%len(t.broadcasts)]
		t.broadcast(x, t.row(t.a, i))
		for v, b := range t.b {
			t.fma(t.sums[i][v], x, b)
		}
	}
	ADDQ(U32(8), places)
	ADDQ(U32(t.size()), t.a)
	DECQ(k)
	JNE(LabelRef(t.label("k", mr)))
}

// Offsets of the fields of correlateArgs in package kernels.
const (
	corrD    = 8 * iota
	corrRowD // from one output to the next one
	corrX
	corrPlace
	corrLast
	corrRows
	corrCols
	corrGapD // from behind the last whole register of a row to the next row
	corrGapX
	corrSums
)

// corrPlaces is the number of places of a tile of correlate.
const corrPlaces = 3

// correlation is a kernel of gradients while it is written. With AVX-512 8×3 sums are fed by 11 loads for 24 FMA; AVX2 has
// registers for 4×3.
type correlation struct {
	flat
	x      [corrPlaces]reg.Register
	v      [corrPlaces]vec
	d      reg.GPVirtual
	r      vec
	part   mask
	window reg.GPVirtual // AVX2: the address of the mask, for which no register is left
}

// correlate adds to rows × corrPlaces registers of sums the products of as many stretches, tile after tile along the list
// of places.
func correlate(s isa) {
	rows := 4
	if s.zmm {
		rows = 8
	}
	t := &correlation{flat: *newFlat(s, "correlate", rows)}
	TEXT(t.fn, NOSPLIT, "func(args *uint64)")
	Pragma("noescape")
	t.p = Load(Param("args"), GP64())
	sums, places := t.arg(corrSums), t.arg(corrPlace)
	t.rowA = t.arg(corrRowD)
	t.oddRows()
	t.lastLanes()
	Label(t.label("tile", 0))
	for j := range t.x {
		x, index := t.arg(corrX), GP64()
		MOVQ(Mem{Base: places, Disp: 8 * j}, index)
		LEAQ(Mem{Base: x, Index: index, Scale: uint8(t.size())}, x)
		t.x[j] = x
	}
	place := func(i, j int) Mem { return Mem{Base: sums, Disp: (i*corrPlaces + j) * t.bytes()} }
	t.sums = make([][]vec, rows)
	for i := range t.sums {
		t.sums[i] = t.registers(corrPlaces)
		for j, r := range t.sums[i] {
			t.load(r, place(i, j))
		}
	}
	t.gridRows()
	for i := range t.sums {
		for j, r := range t.sums[i] {
			t.store(place(i, j), r)
		}
	}
	ADDQ(U32(rows*corrPlaces*t.bytes()), sums)
	ADDQ(U32(8*corrPlaces), places)
	CMPQ(places, Mem{Base: t.p, Disp: corrLast})
	JLE(LabelRef(t.label("tile", 0)))
	end()
}

// lastLanes makes the mask of the cells behind the last whole register of a row of the grid.
func (t *correlation) lastLanes() {
	cols := t.arg(corrCols)
	ANDQ(U32(t.lanes()-1), cols)
	if t.zmm {
		t.part = t.masks(cols, 1)[0]
		return
	}
	t.window = GP64()
	LEAQ(onesThenZeros(), t.window)
	SHLQ(U8(t.size()/4+1), cols)
	SUBQ(cols, t.window)
}

// gridRows sums a tile over the rows of the grid.
func (t *correlation) gridRows() {
	rows, left := t.arg(corrRows), GP64()
	t.d, t.r = t.arg(corrD), t.reg()
	for j := range t.v {
		t.v[j] = t.reg()
	}
	Label(t.label("row", 0))
	MOVQ(Mem{Base: t.p, Disp: corrCols}, left)
	JMP(LabelRef(t.label("more", 0)))
	Label(t.label("whole", 0))
	t.multiply(false)
	for _, r := range append([]reg.Register{t.d}, t.x[:]...) {
		ADDQ(U32(t.bytes()), r)
	}
	Label(t.label("more", 0))
	SUBQ(U32(t.lanes()), left)
	JGE(LabelRef(t.label("whole", 0)))
	CMPQ(left, I32(-t.lanes()))
	JEQ(LabelRef(t.label("next", 0)))
	t.multiply(true)
	Label(t.label("next", 0))
	ADDQ(Mem{Base: t.p, Disp: corrGapD}, t.d)
	for _, x := range t.x {
		ADDQ(Mem{Base: t.p, Disp: corrGapX}, x)
	}
	DECQ(rows)
	JNE(LabelRef(t.label("row", 0)))
}

// multiply adds one register of positions, or the part of it that is left of a row. Lanes of x beyond the row meet zeros
// of d.
func (t *correlation) multiply(part bool) {
	for j, x := range t.x {
		t.load(t.v[j], Mem{Base: x})
	}
	for i, row := range t.sums {
		from := t.row(t.d, i)
		switch {
		case !part:
			t.load(t.r, from)
		case t.zmm:
			t.loadMasked(t.r, from, t.part)
		default:
			VMOVDQU(Mem{Base: t.window, Disp: 64}, t.r)
			t.loadMasked(t.r, from, mask{v: t.r})
		}
		for j, acc := range row {
			t.fma(acc, t.r, t.v[j])
		}
	}
}

// laneSums writes dst[i] = the sum of the lanes of register i of x: halves are added until one lane is left.
func laneSums(s isa) {
	fn := s.name("laneSums")
	TEXT(fn, NOSPLIT, "func(dst, x []"+s.elem()+")")
	Pragma("noescape")
	dst, n, x := Load(Param("dst").Base(), GP64()), Load(Param("dst").Len(), GP64()), Load(Param("x").Base(), GP64())
	Label(fn + "_next")
	y, h := YMM(), XMM()
	s.pick(up(VMOVUPS), up(VMOVUPD))(Mem{Base: x}, y)
	if s.zmm {
		s.pick(VADDPS, VADDPD)(Mem{Base: x, Disp: 32}, y, y)
	}
	VEXTRACTF128(U8(1), y, h)
	s.pick(VADDPS, VADDPD)(h, y.AsX(), h)
	t := XMM()
	VPERMILPD(U8(1), h, t)
	s.pick(VADDPS, VADDPD)(t, h, h)
	if s.f64 {
		VMOVSD(h, Mem{Base: dst})
	} else {
		VMOVSHDUP(h, t)
		VADDSS(t, h, h)
		VMOVSS(h, Mem{Base: dst})
	}
	ADDQ(U32(s.bytes()), x)
	ADDQ(U32(s.size()), dst)
	DECQ(n)
	JNE(LabelRef(fn + "_next"))
	end()
}
