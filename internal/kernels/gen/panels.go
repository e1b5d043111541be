package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// panels copies rows of panels, two registers each, that lie side by side in src, to where the panels
// are panelDst elements apart; rows are rowDst and rowSrc apart.
//
// A tile reads a panel of B row after row, so a panel wants to be contiguous. Going along the rows of src
// reads it as memory likes it, and what a row leaves in each panel are whole lines: two moves an
// iteration, where copying a stretch of 128 bytes by a call of its own would cost three times as much.
func panels(s isa) {
	fn := s.name("panels")
	TEXT(fn, NOSPLIT, "func(dst, src []"+s.elem()+", rows, count, rowDst, rowSrc, panelDst int)")
	Pragma("noescape")
	dst, src := Load(Param("dst").Base(), GP64()), Load(Param("src").Base(), GP64())
	rows, count := Load(Param("rows"), GP64()), Load(Param("count"), GP64())
	rowDst, rowSrc := Load(Param("rowDst"), GP64()), Load(Param("rowSrc"), GP64())
	panelDst := Load(Param("panelDst"), GP64())
	shift := U8(s.size()/4 + 1)
	SHLQ(shift, rowDst)
	SHLQ(shift, rowSrc)
	SHLQ(shift, panelDst)

	Label(fn + "_row")
	to, from, left := GP64(), GP64(), GP64()
	MOVQ(dst, to)
	MOVQ(src, from)
	MOVQ(count, left)
	Label(fn + "_panel")
	x, y := s.reg(), s.reg()
	s.load(x, Mem{Base: from})
	s.load(y, Mem{Base: from, Disp: s.bytes()})
	s.store(Mem{Base: to}, x)
	s.store(Mem{Base: to, Disp: s.bytes()}, y)
	ADDQ(U32(2*s.bytes()), from)
	ADDQ(panelDst, to)
	DECQ(left)
	JNE(LabelRef(fn + "_panel"))
	ADDQ(rowDst, dst)
	ADDQ(rowSrc, src)
	DECQ(rows)
	JNE(LabelRef(fn + "_row"))
	end()
}
