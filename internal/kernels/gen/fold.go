package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// How a matrix of a quadratic form is folded. xᵀ·W·x has the products xⱼxₖ and xₖxⱼ, so half of the matrix
// serves, with W[j,k] + W[k,j] in it. A panel of the half is made in one go: a tile is transposed as in the
// kernel of transposes, and what lies on the other side of the diagonal is added before it is stored.
//
//	dst[k·32 + i] = src[i·rowSrc + k] + add[k·rowAdd + i],  i < 32, k < cols
//
// W is seldom in cache and is read along 32 rows and down 32 columns at once, more streams than processors
// follow: the kernel asks for what comes next itself.

// Columns of a panel, the logarithm of how many rows of add are asked for in advance, and how many bytes of src.
const (
	foldWidth = 32
	foldRows  = 4
	foldBytes = 256
)

// fold writes the kernel for a number of cols that is a multiple of 8 (float32) or 4 (float64). It uses AVX2 only, like
// transposes; with AVX-512 it writes a product of panels besides, see foldedTile.
func fold(s isa) {
	if s.zmm {
		t := foldedTile{tile: newTile(s, "foldedTile", foldWidth/s.lanes(), 13*2*s.lanes()/foldWidth)}
		t.write()
		return
	}
	side, fn := s.lanes(), s.name("fold")
	TEXT(fn, NOSPLIT, "func(dst, src, add []"+s.elem()+", cols, rowSrc, rowAdd int)")
	Pragma("noescape")
	dst, src, add := Load(Param("dst").Base(), GP64()), Load(Param("src").Base(), GP64()), Load(Param("add").Base(), GP64())
	cols, rowSrc, rowAdd := Load(Param("cols"), GP64()), Load(Param("rowSrc"), GP64()), Load(Param("rowAdd"), GP64())
	shift := U8(s.size()/4 + 1)
	SHLQ(shift, rowSrc)
	SHLQ(shift, rowAdd)

	Label(fn + "_strip")
	from, tiles := GP64(), GP64()
	MOVQ(rowAdd, from)
	SHLQ(U8(foldRows), from)
	ADDQ(add, from)
	next, further := s.rowsBelow(from, rowAdd, side/2)
	for _, row := range append(next, further...) {
		for line := 0; line < foldWidth*s.size(); line += 64 {
			row.Disp = line
			PREFETCHT0(row)
		}
	}
	MOVQ(src, from)
	MOVQ(U32(foldWidth/side), tiles)
	Label(fn + "_tile")
	top, bottom := s.rowsBelow(from, rowSrc, side/2)
	first, second := s.rowsBelow(add, rowAdd, side/2)
	for part, other := range [][]Mem{first, second} {
		for i, column := range s.halfSquare(top, bottom, part) {
			s.add(column, column, other[i])
			s.store(Mem{Base: dst, Disp: (part*side/2 + i) * foldWidth * s.size()}, column)
		}
	}
	for _, row := range append(top, bottom...) {
		row.Disp = foldBytes
		PREFETCHT0(row)
	}
	LEAQ(Mem{Base: from, Index: rowSrc, Scale: uint8(side)}, from)
	ADDQ(U32(s.bytes()), dst)
	ADDQ(U32(s.bytes()), add)
	DECQ(tiles)
	JNE(LabelRef(fn + "_tile"))
	ADDQ(U32((side-1)*foldWidth*s.size()), dst)
	ADDQ(U32(s.bytes()), src)
	SUBQ(U32(foldWidth*s.size()), add)
	LEAQ(Mem{Base: add, Index: rowAdd, Scale: uint8(side)}, add)
	SUBQ(U32(side), cols)
	JNE(LabelRef(fn + "_strip"))
	end()
}
