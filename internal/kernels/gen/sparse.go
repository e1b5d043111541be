package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// sparse writes func(y []T, col []int32, val, x []T): one row of a sparse product,
//
//	y[j] += Σ_q val[q] · x[col[q]·len(y) + j]
//
// with q from first to last, for at least one entry.
//
// Entries of a row are few and their columns are anywhere, so the kernel vectorises along j, where rows
// of x are contiguous, and not along q, which would need a gather and a sum across lanes. Four
// registers of y stay put while all entries are added to them; each entry costs an index, a broadcast
// and four FMA with operands from memory. For a y wider than four registers the entries are read again,
// which is cheap beside the rows of x.
//
// The order of q is kept for every j: a result does not depend on the width or on who computes the row.
func sparse(s isa) {
	fn := s.name("sparseRow")
	TEXT(fn, NOSPLIT, fmt.Sprintf("func(y []%s, col []int32, val, x []%s)", s.elem(), s.elem()))
	Pragma("noescape")
	n, y := Load(Param("y").Len(), GP64()).(reg.GPVirtual), Load(Param("y").Base(), GP64())
	x, width := Load(Param("x").Base(), GP64()), Load(Param("y").Len(), GP64())
	SHLQ(U8(s.size()/4+1), width) // bytes between rows of x
	entries := func(label string, acc []vec, load func(r vec, m Mem)) {
		col, val, left := Load(Param("col").Base(), GP64()), Load(Param("val").Base(), GP64()), Load(Param("col").Len(), GP64())
		Label(label)
		row, factor := GP64(), s.reg()
		MOVLQSX(Mem{Base: col}, row)
		IMULQ(width, row)
		s.broadcast(factor, Mem{Base: val})
		for u, a := range acc {
			m := Mem{Base: x, Index: row, Scale: 1, Disp: u * s.bytes()}
			if load == nil {
				s.fma(a, factor, m)
				continue
			}
			r := s.reg()
			load(r, m)
			s.fma(a, factor, r)
		}
		ADDQ(U32(4), col)
		ADDQ(U32(s.size()), val)
		DECQ(left)
		JNE(LabelRef(label))
	}
	for _, across := range []int{sums, 1} {
		s.turns(fn, across, n, []reg.Register{x, y}, func(u int) {
			if u > 0 {
				return // all registers of a turn take an entry together
			}
			acc := make([]vec, across)
			for i := range acc {
				acc[i] = s.reg()
				s.load(acc[i], Mem{Base: y, Disp: i * s.bytes()})
			}
			entries(fmt.Sprintf("%s_entries%d", fn, across), acc, nil)
			for i, a := range acc {
				s.store(Mem{Base: y, Disp: i * s.bytes()}, a)
			}
		})
	}
	TESTQ(n, n)
	JEQ(LabelRef(fn + "_end"))
	m, acc := s.masks(n, 1)[0], s.reg()
	s.loadMasked(acc, Mem{Base: y}, m)
	entries(fn+"_entries0", []vec{acc}, func(r vec, a Mem) { s.loadMasked(r, a, m) })
	s.storeMasked(Mem{Base: y}, acc, m)
	Label(fn + "_end")
	end()
}
