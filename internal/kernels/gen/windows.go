package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// How windows of a grid are compared. Where the anchors of windows are some cells apart, the grid is
// dealt out to planes in which they are neighbours; entry k of all windows of a row of anchors is then a
// stretch of a plane, from[k] after the first anchor. One register holds as many windows:
//
//	extreme   y = max_k x[from k]                      9 loads and maxima for 16 windows of 3×3
//	first     entry = the first k with x[from k] = y   the same with a comparison
//	place     x[from k] += d where entry = k           k by k, from the last
//
// Rows of anchors are short (14 of a grid of 28), so that every kernel has the loop over rows inside and
// takes a register of columns at a time, all but the last one whole.

// Offsets of the fields of windowArgs in package kernels; distances of rows in bytes.
const (
	windowX = 8 * iota
	windowY
	windowZ
	windowFrom
	windowSize
	windowRows
	windowCols
	windowRowX
	windowRowY
	windowRowZ
	windowStep
)

// window is a kernel over rows of anchors while it is written.
type window struct {
	isa
	fn      string
	pairs   bool // x has two columns for each of y and z
	p       reg.Register
	cols, j reg.GPVirtual // columns left, and bytes of y and z done
}

// windows writes the kernels of pooling.
func windows(s isa) {
	for _, w := range []struct {
		name  string
		pairs bool
		turn  func(*window)
	}{
		{"windowMax", false, func(w *window) { w.extreme(s.greater) }},
		{"windowMin", false, func(w *window) { w.extreme(s.lesser) }},
		{"windowFirst", false, (*window).first},
		{"windowPlace", false, (*window).place},
		{"copyRows", false, (*window).copyRows},
		{"deal", true, (*window).deal},
		{"join", true, (*window).join},
	} {
		(&window{isa: s, fn: s.name(w.name), pairs: w.pairs}).write(w.turn)
	}
	if s.zmm && !s.f64 {
		gridMaxes(s)
	}
}

// arg loads a field of windowArgs.
func (w *window) arg(offset int) reg.GPVirtual {
	r := GP64()
	MOVQ(Mem{Base: w.p, Disp: offset}, r)
	return r
}

// pointer is the address of the columns at hand in a field.
func (w *window) pointer(field int) reg.GPVirtual {
	r := w.arg(field)
	ADDQ(w.j, r)
	if w.pairs && field == windowX {
		ADDQ(w.j, r)
	}
	return r
}

// write emits the loop over columns, a register of y and z a turn.
func (w *window) write(turn func(*window)) {
	TEXT(w.fn, NOSPLIT, "func(args *uint64)")
	Pragma("noescape")
	w.p = Load(Param("args"), GP64())
	w.cols, w.j = w.arg(windowCols), GP64()
	XORQ(w.j, w.j)
	columns := w.lanes()
	if w.pairs {
		columns *= 2
	}
	Label(w.fn + "_columns")
	turn(w)
	ADDQ(U32(w.bytes()), w.j)
	SUBQ(U32(columns), w.cols)
	JG(LabelRef(w.fn + "_columns"))
	end()
}

// few makes the mask of one register of the columns left.
func (w *window) few() mask {
	cols, all := GP64(), GP64()
	MOVQ(w.cols, cols)
	MOVQ(U32(w.lanes()), all)
	CMPQ(cols, all)
	CMOVQGT(all, cols)
	return w.masks(cols, 1)[0]
}

// rows emits a loop over rows. step holds the pointers that it moves and the fields of their distances.
func (w *window) rows(label string, step map[int]reg.GPVirtual, body func()) {
	rows := w.arg(windowRows)
	Label(w.fn + label)
	body()
	for _, field := range []int{windowRowX, windowRowY, windowRowZ} {
		if r, ok := step[field]; ok {
			ADDQ(Mem{Base: w.p, Disp: field}, r)
		}
	}
	DECQ(rows)
	JNE(LabelRef(w.fn + label))
}

// at is entry k of the windows whose row of anchors begins at base.
func (w *window) at(base, from, k reg.GPVirtual) Mem {
	index := GP64()
	MOVQ(Mem{Base: from, Index: k, Scale: 8}, index)
	return Mem{Base: base, Index: index, Scale: uint8(w.size())}
}

// extreme is one register of columns of the largest or smallest entry. A later entry takes the place of
// one that it is better than, or that is no NaN while it is one.
func (w *window) extreme(better func(dst, x vec, y Op)) {
	m := w.few()
	x, y, from := w.pointer(windowX), w.pointer(windowY), w.arg(windowFrom)
	w.rows("_row", map[int]reg.GPVirtual{windowRowX: x, windowRowY: y}, func() {
		best, k := w.reg(), GP64()
		XORQ(k, k)
		w.loadMasked(best, w.at(x, from, k), m)
		JMP(LabelRef(w.fn + "_next"))
		Label(w.fn + "_entry")
		v, t := w.reg(), w.reg()
		w.loadMasked(v, w.at(x, from, k), m)
		better(t, v, best) // best where either is NaN
		w.move(best, w.choose(w.compare(v, v, unordered), v, t))
		Label(w.fn + "_next")
		INCQ(k)
		CMPQ(k, Mem{Base: w.p, Disp: windowSize})
		JLT(LabelRef(w.fn + "_entry"))
		w.storeMasked(Mem{Base: y}, best, m)
	})
}

// first is one register of columns of the first entry that is y or a NaN, in z; −1 where none is.
func (w *window) first() {
	m := w.few()
	x, y, z, from := w.pointer(windowX), w.pointer(windowY), w.pointer(windowZ), w.arg(windowFrom)
	one := w.reg()
	w.broadcast(one, w.number(1))
	w.rows("_row", map[int]reg.GPVirtual{windowRowX: x, windowRowY: y, windowRowZ: z}, func() {
		best, number, found, k := w.reg(), w.reg(), w.reg(), w.arg(windowSize)
		w.loadMasked(best, Mem{Base: y}, m)
		w.broadcast(found, w.number(-1))
		w.broadcast(number, Mem{Base: w.p, Disp: windowStep})
		Label(w.fn + "_entry")
		DECQ(k)
		w.sub(number, number, one)
		v := w.reg()
		w.loadMasked(v, w.at(x, from, k), m)
		t := w.choose(w.compare(v, best, equal), number, found)
		w.move(found, w.choose(w.compare(v, v, unordered), number, t))
		TESTQ(k, k)
		JNE(LabelRef(w.fn + "_entry"))
		w.storeMasked(Mem{Base: z}, found, m)
	})
}

// place adds y to entry z of the windows in x, the last entries first: so a cell gets what it gets in the
// order of the windows that hold it.
//
// Rows run inside entries, as the entries of one window overlap with those of its neighbours: a load
// right after a store that covers a part of it would wait for the store.
func (w *window) place() {
	m := w.few()
	from, k, number, one := w.arg(windowFrom), w.arg(windowSize), w.reg(), w.reg()
	w.broadcast(one, w.number(1))
	w.broadcast(number, Mem{Base: w.p, Disp: windowStep})
	Label(w.fn + "_entry")
	DECQ(k)
	w.sub(number, number, one)
	x, y, z, index := w.pointer(windowX), w.pointer(windowY), w.pointer(windowZ), GP64()
	MOVQ(Mem{Base: from, Index: k, Scale: 8}, index)
	LEAQ(Mem{Base: x, Index: index, Scale: uint8(w.size())}, x)
	w.rows("_row", map[int]reg.GPVirtual{windowRowX: x, windowRowY: y, windowRowZ: z}, func() {
		d, entry, old := w.reg(), w.reg(), w.reg()
		w.loadMasked(d, Mem{Base: y}, m)
		w.loadMasked(entry, Mem{Base: z}, m)
		w.loadMasked(old, Mem{Base: x}, m)
		w.add(old, old, w.only(w.compare(entry, number, equal), d))
		w.storeMasked(Mem{Base: x}, old, m)
	})
	TESTQ(k, k)
	JNE(LabelRef(w.fn + "_entry"))
}

// halves makes the masks of two registers of x and of the halves of its columns in y and z.
func (w *window) halves() (both []mask, even, odd mask) {
	cols, all := GP64(), GP64()
	MOVQ(w.cols, cols)
	MOVQ(U32(2*w.lanes()), all)
	CMPQ(cols, all)
	CMOVQGT(all, cols)
	up, down := GP64(), GP64()
	LEAQ(Mem{Base: cols, Disp: 1}, up)
	SHRQ(U8(1), up)
	MOVQ(cols, down)
	SHRQ(U8(1), down)
	both = w.masks(cols, 2)
	return both, w.masks(up, 1)[0], w.masks(down, 1)[0]
}

// next is the distance from a grid x to the one behind it, which is dealt out or joined next: it is asked for in advance,
// as the time between is spent on planes that are in cache, and memory would be idle.
func (w *window) next() reg.GPVirtual {
	d := w.arg(windowRows)
	IMULQ(Mem{Base: w.p, Disp: windowRowX}, d)
	return d
}

// fetch asks for the cells of the next grid at the same place; behind the last grid that does no harm.
func (w *window) fetch(x, next reg.GPVirtual) {
	for line := 0; line < 2*w.bytes(); line += 64 {
		PREFETCHT0(Mem{Base: x, Index: next, Scale: 1, Disp: line})
	}
}

// deal copies even columns of x to y and odd ones to z.
func (w *window) deal() {
	both, even, odd := w.halves()
	x, y, z := w.pointer(windowX), w.pointer(windowY), w.pointer(windowZ)
	var pick [2]vec
	if w.zmm {
		for i := range pick {
			pick[i] = w.indices(fmt.Sprintf("deal%d", i), func(lane int) int { return 2*lane + i })
		}
	}
	next := w.next()
	w.rows("_row", map[int]reg.GPVirtual{windowRowX: x, windowRowY: y, windowRowZ: z}, func() {
		a, b := w.reg(), w.reg()
		w.loadMasked(a, Mem{Base: x}, both[0])
		w.loadMasked(b, Mem{Base: x, Disp: w.bytes()}, both[1])
		w.fetch(x, next)
		w.storeMasked(Mem{Base: y}, w.every2nd(a, b, 0, pick[0]), even)
		w.storeMasked(Mem{Base: z}, w.every2nd(a, b, 1, pick[1]), odd)
	})
}

// every2nd are the even or odd lanes of a and b. The shuffles of AVX2 stay within halves of 128 bits, and
// one permutation puts these in order.
func (w *window) every2nd(a, b vec, odd int, pick vec) vec {
	dst := w.reg()
	switch {
	case w.zmm:
		w.move(dst, pick)
		w.pick(up(VPERMI2PS), up(VPERMI2PD))(b, a, dst)
		return dst
	case !w.f64:
		VSHUFPS(U8(0x88+0x55*odd), b, a, dst)
	case odd == 0:
		VUNPCKLPD(b, a, dst)
	default:
		VUNPCKHPD(b, a, dst)
	}
	VPERMPD(U8(0xD8), dst, dst)
	return dst
}

// join is the reverse of deal: x from y and z.
func (w *window) join() {
	both, even, odd := w.halves()
	x, y, z := w.pointer(windowX), w.pointer(windowY), w.pointer(windowZ)
	var pick [2]vec
	if w.zmm {
		for i := range pick {
			pick[i] = w.indices(fmt.Sprintf("join%d", i), func(lane int) int {
				return (lane+i*w.lanes())/2 + lane%2*w.lanes()
			})
		}
	}
	next := w.next()
	w.rows("_row", map[int]reg.GPVirtual{windowRowX: x, windowRowY: y, windowRowZ: z}, func() {
		a, b := w.reg(), w.reg()
		w.loadMasked(a, Mem{Base: y}, even)
		w.loadMasked(b, Mem{Base: z}, odd)
		w.fetch(x, next)
		for i, r := range w.alternate(a, b, pick) {
			w.storeMasked(Mem{Base: x, Disp: i * w.bytes()}, r, both[i])
		}
	})
}

// alternate takes lanes of a and b in turn.
func (w *window) alternate(a, b vec, pick [2]vec) (out [2]vec) {
	if w.zmm {
		for i := range out {
			out[i] = w.reg()
			w.move(out[i], pick[i])
			w.pick(up(VPERMI2PS), up(VPERMI2PD))(b, a, out[i])
		}
		return out
	}
	low, high := w.reg(), w.reg()
	w.pick(VUNPCKLPS, VUNPCKLPD)(b, a, low)
	w.pick(VUNPCKHPS, VUNPCKHPD)(b, a, high)
	for i := range out {
		out[i] = w.reg()
		VPERM2F128(U8(0x20+0x11*i), high, low, out[i])
	}
	return out
}

// indices is a register of integers as wide as an element, one a lane.
func (w *window) indices(name string, of func(lane int) int) vec {
	m := GLOBL(fmt.Sprintf("%s_%d", name, 8*w.size()), RODATA|NOPTR)
	for i := range w.lanes() {
		if w.f64 {
			DATA(8*i, U64(of(i)))
		} else {
			DATA(4*i, U32(of(i)))
		}
	}
	r := w.reg()
	w.load(r, m)
	return r
}

// copyRows copies x to y. The rows of a grid are too short for a copy of each to be worth its call.
func (w *window) copyRows() {
	m := w.few()
	x, y := w.pointer(windowX), w.pointer(windowY)
	w.rows("_row", map[int]reg.GPVirtual{windowRowX: x, windowRowY: y}, func() {
		r := w.reg()
		w.loadMasked(r, Mem{Base: x}, m)
		w.storeMasked(Mem{Base: y}, r, m)
	})
}
