package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// running writes func(y, x []T, done, step, rows, cols int): it goes on with the sums of the rows of x that end with the row
// of y at done,
//
//	y[done + i·step + j] = y[done + j] + Σ_{1≤s≤i} x[done + s·step + j],  1 ≤ i ≤ rows, j < cols
//
// for rows > 0; a step below 0 goes upwards. y may be x.
//
// The sums stay in registers all the way down. With a call for each row, which for rows of some registers costs more
// than their additions, each would read back what the one before has written.
func running(s isa) {
	fn := s.name("running")
	TEXT(fn, NOSPLIT, "func(y, x []"+s.elem()+", done, step, rows, cols int)")
	Pragma("noescape")
	x, y, n := Load(Param("x").Base(), GP64()), Load(Param("y").Base(), GP64()), Load(Param("cols"), GP64()).(reg.GPVirtual)
	done, step := Load(Param("done"), GP64()), Load(Param("step"), GP64())
	for _, r := range []reg.Register{done, step} {
		SHLQ(U8(s.size()/4+1), r)
	}
	ADDQ(done, x)
	ADDQ(done, y)
	for _, across := range []int{sums, 1} {
		s.turns(fn, across, n, []reg.Register{x, y}, func(u int) {
			if u == 0 { // all registers of a turn go down the rows together
				s.runDown(fmt.Sprint(fn, "_down", across), across, x, y, step, s.load, s.store)
			}
		})
	}
	TESTQ(n, n)
	JEQ(LabelRef(fn + "_end"))
	m := s.masks(n, 1)[0]
	s.runDown(fn+"_down0", 1, x, y, step,
		func(r vec, a Mem) { s.loadMasked(r, a, m) },
		func(a Mem, r vec) { s.storeMasked(a, r, m) })
	Label(fn + "_end")
	end()
}

// runDown goes on with across registers of columns.
func (s isa) runDown(label string, across int, x, y, step reg.Register, load func(vec, Mem), store func(Mem, vec)) {
	acc, rows, from, to := make([]vec, across), Load(Param("rows"), GP64()), GP64(), GP64()
	MOVQ(x, from)
	MOVQ(y, to)
	for u := range acc {
		acc[u] = s.reg()
		load(acc[u], Mem{Base: to, Disp: u * s.bytes()})
	}
	Label(label)
	ADDQ(step, from)
	ADDQ(step, to)
	for u, a := range acc {
		r := s.reg()
		load(r, Mem{Base: from, Disp: u * s.bytes()})
		s.add(a, a, r)
		store(Mem{Base: to, Disp: u * s.bytes()}, a)
	}
	DECQ(rows)
	JNE(LabelRef(label))
}
