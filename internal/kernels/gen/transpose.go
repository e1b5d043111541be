package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// transpose writes dst[j,i] = src[i,j] for rows and cols that are multiples of 8
// (float32) or 4 (float64), with the given elements between rows. It uses AVX2
// only: wider registers would need as many shuffles for an element.
//
// A plain double loop touches a new line of cache for every element on one side. A tile of lanes ×
// lanes uses whole stretches of 32 bytes on both: 16 loads,
// 8 stores and 16 shuffles for 64 elements of float32. Tiles go down src within a strip, so that stores run along rows of dst and a
// line that one tile has half filled is completed by the next.
//
// Rows of a tile of dst are written from the first to the last: callers let tiles reach over the ends of short rows of dst.
func transpose(s isa) {
	if s.zmm {
		return
	}
	side := s.lanes()
	fn := s.name("transpose")
	TEXT(fn, NOSPLIT, "func(dst, src []"+s.elem()+", rows, cols, rowDst, rowSrc int)")
	Pragma("noescape")
	dst, src := Load(Param("dst").Base(), GP64()), Load(Param("src").Base(), GP64())
	cols := Load(Param("cols"), GP64())
	rowDst, rowSrc := Load(Param("rowDst"), GP64()), Load(Param("rowSrc"), GP64())
	shift := U8(s.size()/4 + 1)
	SHLQ(shift, rowDst)
	SHLQ(shift, rowSrc)

	// Down a strip of side columns of src: writes run along rows of dst.
	Label(fn + "_strip")
	from, to, rows := GP64(), GP64(), Load(Param("rows"), GP64())
	MOVQ(src, from)
	MOVQ(dst, to)
	Label(fn + "_tile")
	s.tile(to, from, rowDst, rowSrc)
	LEAQ(Mem{Base: from, Index: rowSrc, Scale: 4}, from)
	if side == 8 {
		LEAQ(Mem{Base: from, Index: rowSrc, Scale: 4}, from)
	}
	ADDQ(U32(s.bytes()), to)
	SUBQ(U32(side), rows)
	JNE(LabelRef(fn + "_tile"))
	ADDQ(U32(s.bytes()), src)
	LEAQ(Mem{Base: dst, Index: rowDst, Scale: 4}, dst)
	if side == 8 {
		LEAQ(Mem{Base: dst, Index: rowDst, Scale: 4}, dst)
	}
	SUBQ(U32(side), cols)
	JNE(LabelRef(fn + "_strip"))
	end()
}

// tile transposes one square of side lanes. Loading the lower half of the rows
// into the upper halves of registers leaves shuffles within halves only.
//
// A shuffle that crosses the halves of a YMM takes three cycles and has one port; inserting from memory
// takes a load port instead.
func (s isa) tile(to, from, rowDst, rowSrc reg.Register) {
	half := s.lanes() / 2
	top, bottom := s.rowsBelow(from, rowSrc, half)
	first, second := s.rowsBelow(to, rowDst, half)
	for part, rows := range [][]Mem{first, second} {
		for i, column := range s.halfSquare(top, bottom, part) {
			s.store(rows[i], column)
		}
	}
}

// halfSquare loads the left (part 0) or right half of a square, of which top and bottom are the rows, column by column.
func (s isa) halfSquare(top, bottom []Mem, part int) []vec {
	halves := make([]vec, len(top))
	for i := range halves {
		halves[i] = s.reg()
		t, b := top[i], bottom[i]
		t.Disp, b.Disp = 16*part, 16*part
		VMOVUPS(t, halves[i].AsX())
		VINSERTF128(U8(1), b, halves[i], halves[i])
	}
	return s.shuffle(halves)
}

// rowsBelow returns the addresses of two times half rows from base on.
func (s isa) rowsBelow(base, row reg.Register, half int) (first, second []Mem) {
	next := GP64()
	LEAQ(Mem{Base: base, Index: row, Scale: uint8(half)}, next)
	triple := GP64()
	LEAQ(Mem{Base: row, Index: row, Scale: 2}, triple)
	at := func(b reg.Register, i int) Mem {
		switch i {
		case 0:
			return Mem{Base: b}
		case 3:
			return Mem{Base: b, Index: triple, Scale: 1}
		}
		return Mem{Base: b, Index: row, Scale: uint8(i)}
	}
	for i := range half {
		first, second = append(first, at(base, i)), append(second, at(next, i))
	}
	return first, second
}

// shuffle transposes the 4×4 (float32) or 2×2 squares in both halves.
//
// Interleave neighbouring rows by element, then the results by pairs: after log₂ rounds lane i of
// register j holds what was lane j of register i.
func (s isa) shuffle(r []vec) []vec {
	low, high := func(x, y vec) vec { z := s.reg(); VUNPCKLPD(y, x, z); return z },
		func(x, y vec) vec { z := s.reg(); VUNPCKHPD(y, x, z); return z }
	if s.f64 {
		return []vec{low(r[0], r[1]), high(r[0], r[1])}
	}
	single := func(x, y vec) (l, h vec) {
		l, h = s.reg(), s.reg()
		VUNPCKLPS(y, x, l)
		VUNPCKHPS(y, x, h)
		return l, h
	}
	a, b := single(r[0], r[1]) // columns 0 and 1, 2 and 3 of rows 0 and 1
	c, d := single(r[2], r[3])
	return []vec{low(a, c), high(a, c), low(b, d), high(b, d)}
}
