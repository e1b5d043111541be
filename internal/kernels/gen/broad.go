package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// A tile of three registers across and fewer rows,
//
//	AVX-512  8×3 registers: 24 sums + 3 of B + 2 broadcasts; 11 loads for 24 FMA
//
// is for 16 rows or little less beside a B that comes from memory, in rows that begin anywhere in a line. A load of B
// counts twice there, and the rows make two strips of 8, whose sums in two registers across would be too few to hide that.
const broadHigh = 8

// broad writes the tile kernel for columns that fill three registers.
func broad(s isa) {
	if s.zmm {
		newTile(s, "tileBroad", 3, broadHigh).write()
	}
}

// ask asks for lines that are wanted later. Rows of B that are read where they are lie too far apart for the processor to
// see what comes next, so each term asks ahead, where the caller says: a row some terms away, or what comes next in memory.
// That may lie past the end of B, where asking does no harm. What a broad tile asks for is read much later, and goes to the
// second cache alone; as its rows make two strips, each asks for half of what their columns will read.
func (t *tile) ask(s *sweep) {
	if t.listed {
		return
	}
	request, lines := PREFETCHT0, (t.count*t.bytes()-1)/64+1
	if t.high == broadHigh {
		request, lines = PREFETCHT1, t.count/2+1
	}
	for line := range lines {
		request(Mem{Base: s.ahead, Disp: line * 64})
	}
	ADDQ(Mem{Base: t.p, Disp: argStep}, s.ahead)
}
