package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Offsets of the fields of dotArgs in package kernels.
const (
	dotK = 8 * iota
	dotA
	dotRowA
	dotB0 // and three further columns
	_
	_
	_
	dotC
	dotRowC
	dotRows
	dotCols
	dotAccumulate
)

// dotColumns are the columns of B that a kernel of dot products takes together.
const dotColumns = 4

// dots writes the kernel of dot products: rows × dotColumns elements of C = A·B
// (+ C) where rows of A and columns of B lie along the sum. It needs no copy of B
// in panels, which pays where C has few rows or few columns. Each sum is made in
// the lanes of one register, whatever its place in a tile. It uses AVX2 only: what
// adds lanes up has no form for the upper half of the registers of AVX-512.
func dots(s isa) {
	if s.zmm {
		return
	}
	d := &dot{isa: s, fn: s.name("dots")}
	TEXT(d.fn, NOSPLIT, "func(args *uint64)")
	Pragma("noescape")
	d.p = Load(Param("args"), GP64())
	d.a, d.c, d.rowA, d.rows = d.arg(dotA), d.arg(dotC), d.arg(dotRowA), d.arg(dotRows)
	strips := []int{2, 1}
	for i, mr := range strips {
		next := d.fn + "_done"
		if i+1 < len(strips) {
			next = fmt.Sprintf("%s_strip%d", d.fn, strips[i+1])
		}
		d.strip(mr, next)
		JMP(LabelRef(fmt.Sprintf("%s_strip%d", d.fn, mr)))
	}
	Label(d.fn + "_done")
	end()
}

// dot is the state of the kernel while it is written.
type dot struct {
	isa
	fn         string
	p          reg.Register
	a, c       reg.GPVirtual
	rowA, rows reg.GPVirtual
}

// arg loads a field of dotArgs.
func (d *dot) arg(offset int) reg.GPVirtual {
	r := GP64()
	MOVQ(Mem{Base: d.p, Disp: offset}, r)
	return r
}

// strip computes mr rows of C if there are as many left, else goes to next.
func (d *dot) strip(mr int, next string) {
	label := fmt.Sprintf("%s_strip%d", d.fn, mr)
	Label(label)
	CMPQ(d.rows, U32(mr))
	JLT(LabelRef(next))
	sums := make([][]vec, mr)
	for i := range sums {
		for range dotColumns {
			sums[i] = append(sums[i], d.clear())
		}
	}
	d.sum(label, mr, sums)
	rowC := d.arg(dotRowC)
	for _, row := range sums {
		d.put(row)
		ADDQ(rowC, d.c)
		ADDQ(d.rowA, d.a)
	}
	SUBQ(U32(mr), d.rows)
}

// sum adds the products of all terms, a register of each row and column a turn.
func (d *dot) sum(label string, mr int, sums [][]vec) {
	k, at := d.arg(dotK), GP64()
	XORQ(at, at)
	rows := []reg.GPVirtual{d.a}
	for i := 1; i < mr; i++ {
		r := GP64()
		LEAQ(Mem{Base: rows[i-1], Index: d.rowA, Scale: 1}, r)
		rows = append(rows, r)
	}
	var cols []reg.GPVirtual
	for j := range dotColumns {
		cols = append(cols, d.arg(dotB0+8*j))
	}
	turn := func(load func(vec, Mem)) {
		x := make([]vec, mr)
		for i, r := range rows {
			x[i] = d.reg()
			load(x[i], Mem{Base: r, Index: at, Scale: 1})
		}
		for j, c := range cols {
			y := d.reg()
			load(y, Mem{Base: c, Index: at, Scale: 1})
			for i := range mr {
				d.fma(sums[i][j], x[i], y)
			}
		}
	}
	Label(label + "_whole")
	CMPQ(k, U32(d.lanes()))
	JLT(LabelRef(label + "_rest"))
	turn(d.load)
	ADDQ(U32(d.bytes()), at)
	SUBQ(U32(d.lanes()), k)
	JMP(LabelRef(label + "_whole"))
	Label(label + "_rest")
	TESTQ(k, k)
	JEQ(LabelRef(label + "_sums"))
	m := d.masks(k, 1)[0]
	turn(func(r vec, a Mem) { d.loadMasked(r, a, m) })
	Label(label + "_sums")
}

// put adds the lanes of four sums up, and stores as many as there are columns at c.
func (d *dot) put(sums []vec) {
	total := d.four(sums)
	label := fmt.Sprintf("%s_put%d", d.fn, puts)
	puts++
	accumulate, cols := d.arg(dotAccumulate), d.arg(dotCols)
	m := d.masks(cols, 1)[0]
	at := Mem{Base: d.c}
	old := d.reg()
	TESTQ(accumulate, accumulate)
	JEQ(LabelRef(label))
	d.loadMasked(old, at, m)
	d.add(total, total, old)
	Label(label)
	d.storeMasked(at, total, m)
}

// puts numbers the labels of put.
var puts int

// four returns the totals of four registers in the first four lanes of one.
func (s isa) four(x []vec) vec {
	a, b := s.reg(), s.reg()
	if !s.f64 { // sums of halves of all four in both halves
		VHADDPS(x[1], x[0], a)
		VHADDPS(x[3], x[2], b)
		VHADDPS(b, a, a)
		high := XMM()
		VEXTRACTF128(U8(1), a, high)
		VADDPS(high, a.AsX(), a.AsX())
		return a
	}
	VHADDPD(x[1], x[0], a)
	VHADDPD(x[3], x[2], b)
	low, high := s.reg(), s.reg()
	VPERM2F128(U8(0x20), b, a, low)
	VPERM2F128(U8(0x31), b, a, high)
	s.add(low, low, high)
	return low
}
