package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// turn writes dst[j,i] = src[i,j] for few rows of src: as many as a register has lanes at most, and columns
// that are a multiple of what a quarter of 16 bytes holds. Rows of src up to the lanes of a register must
// exist, but those from rows on are not written.
//
// Quarters of rows that are 16 bytes apart in a row of dst are loaded into one register, so that shuffles
// within quarters are enough, and each store fills a whole row of dst, however narrow.
func turn(s isa) {
	fn := s.name("turn")
	TEXT(fn, NOSPLIT, "func(dst, src []"+s.elem()+", rows, cols, rowDst, rowSrc int)")
	Pragma("noescape")
	dst, src := Load(Param("dst").Base(), GP64()), Load(Param("src").Base(), GP64())
	rows, cols := GP64(), Load(Param("cols"), GP64())
	Load(Param("rows"), rows)
	rowDst, rowSrc := Load(Param("rowDst"), GP64()), Load(Param("rowSrc"), GP64())
	shift := U8(s.size()/4 + 1)
	SHLQ(shift, rowDst)
	SHLQ(shift, rowSrc)
	m := s.masks(rows, 1)[0]
	quarter := 16 / s.size()
	lines := s.quarterLines(src, rowSrc, quarter)
	Label(fn + "_quarter")
	quarters := make([]vec, quarter)
	for i := range quarters {
		quarters[i] = s.reg()
		VMOVUPS(lines[0][i], quarters[i].AsX())
		for q := 1; q < len(lines); q++ {
			if s.zmm {
				VINSERTF32X4(U8(q), lines[q][i], quarters[i], quarters[i])
			} else {
				VINSERTF128(U8(q), lines[q][i], quarters[i], quarters[i])
			}
		}
	}
	for _, column := range s.shuffle(quarters) {
		s.storeMasked(Mem{Base: dst}, column, m)
		ADDQ(rowDst, dst)
	}
	for _, base := range lines {
		ADDQ(U32(16), base[0].Base)
	}
	SUBQ(U32(quarter), cols)
	JNE(LabelRef(fn + "_quarter"))
	end()
}

// quarterLines returns the addresses of the rows whose quarters make a register: quarter q of register i
// comes from row q·quarter + i.
func (s isa) quarterLines(src, row reg.Register, quarter int) (lines [][]Mem) {
	triple, base := GP64(), src
	LEAQ(Mem{Base: row, Index: row, Scale: 2}, triple)
	for range s.bytes() / 16 {
		at := []Mem{{Base: base}, {Base: base, Index: row, Scale: 1}, {Base: base, Index: row, Scale: 2}, {Base: base, Index: triple, Scale: 1}}
		lines = append(lines, at[:quarter])
		next := GP64()
		LEAQ(Mem{Base: base, Index: row, Scale: uint8(quarter)}, next)
		base = next
	}
	return lines
}
