package main

import (
	"math/bits"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rowProduct adds a row, or two, times a matrix to as many rows:
//
//	y[i·rowY + j] += Σ_p a[i·rowA + p]·b[p·rowB + j],  i < high, p < terms, j < cols
//
// Each element of b is used once for a row, so that nothing counts but how b is read. A tile would read a panel of each row, in
// stretches of some hundred bytes; here group rows are read from end to end, side by side: as many streams as the processor
// follows, and y comes from L1 once for all of them. Terms are added one after the other.
type rowProduct struct {
	isa
	fn          string
	high, group int // rows of y, and of b that are read side by side
	y, a, b     reg.Register
	rowB, rowY  reg.GPVirtual
	multiples   map[int]reg.GPVirtual // odd multiples of rowB, for addressing
	terms       reg.Register
	pairs, rest reg.GPVirtual // of the registers of a row, and elements behind them
	masks       []mask
	elements    [][]vec // of a, in all lanes: of each row, those of the group
}

// rowProducts writes the kernels for one row and for two. Registers hold the elements of a that a group of rows of b meets: with
// AVX2, two rows of y leave place for half as many.
func rowProducts(s isa) {
	(&rowProduct{isa: s, fn: s.name("rowProduct"), high: 1, group: 8}).write()
	two := &rowProduct{isa: s, fn: s.name("rowPair"), high: 2, group: 8}
	if !s.zmm {
		two.group = 4
	}
	two.write()
}

// write emits the kernel.
func (r *rowProduct) write() {
	TEXT(r.fn, NOSPLIT, "func(y, a, b *"+r.elem()+", terms, cols, rowY, rowA, rowB int)")
	Pragma("noescape")
	r.y, r.a, r.b = Load(Param("y"), GP64()), Load(Param("a"), GP64()), Load(Param("b"), GP64())
	r.terms, r.rowB, r.rowY = Load(Param("terms"), GP64()), r.stride("rowB"), r.stride("rowY")
	r.multiples = map[int]reg.GPVirtual{}
	for _, odd := range []int{3, 5} {
		r.multiples[odd] = GP64()
		LEAQ(Mem{Base: r.rowB, Index: r.rowB, Scale: uint8(odd - 1)}, r.multiples[odd])
	}
	r.multiples[7] = GP64()
	LEAQ(Mem{Base: r.multiples[3], Index: r.rowB, Scale: 4}, r.multiples[7])
	r.split()
	for _, rows := range []int{r.group, 1} {
		r.take(rows)
	}
	end()
}

// stride loads a distance between rows, in bytes.
func (r *rowProduct) stride(name string) reg.GPVirtual {
	d := GP64()
	Load(Param(name), d)
	SHLQ(U8(r.size()/4+1), d)
	return d
}

// split finds how many pairs of registers and what else a row has.
func (r *rowProduct) split() {
	cols := GP64()
	Load(Param("cols"), cols)
	r.pairs, r.rest = GP64(), GP64()
	MOVQ(cols, r.pairs)
	SHRQ(U8(bits.Len(uint(r.lanes()))), r.pairs)
	ANDQ(U8(2*r.lanes()-1), cols)
	MOVQ(cols, r.rest)
	r.masks = r.isa.masks(cols, 2)
}

// take adds the given number of rows, as long as there are so many.
func (r *rowProduct) take(rows int) {
	name := r.fn + map[bool]string{true: "_group", false: "_single"}[rows > 1]
	Label(name)
	CMPQ(r.terms, U8(rows))
	JLT(LabelRef(name + "_done"))
	r.meet(rows)
	at, from, left := GP64(), GP64(), GP64()
	MOVQ(r.y, at)
	MOVQ(r.b, from)
	MOVQ(r.pairs, left)
	TESTQ(left, left)
	JEQ(LabelRef(name + "_rest"))
	Label(name + "_pair")
	r.pair(at, from, nil)
	ADDQ(U32(2*r.bytes()), at)
	ADDQ(U32(2*r.bytes()), from)
	DECQ(left)
	JNE(LabelRef(name + "_pair"))
	Label(name + "_rest")
	TESTQ(r.rest, r.rest)
	JEQ(LabelRef(name + "_next"))
	r.pair(at, from, r.masks)
	Label(name + "_next")
	ADDQ(U32(rows*r.size()), r.a)
	LEAQ(Mem{Base: r.b, Index: r.rowB, Scale: uint8(rows)}, r.b)
	SUBQ(U32(rows), r.terms)
	JMP(LabelRef(name))
	Label(name + "_done")
}

// meet loads the elements of a for the given number of rows of b.
func (r *rowProduct) meet(rows int) {
	r.elements = make([][]vec, r.high)
	from := Mem{Base: r.a}
	for i := range r.elements {
		if i > 0 {
			from.Index, from.Scale = r.stride("rowA"), 1
		}
		for p := range rows {
			x := r.reg()
			r.broadcast(x, from.Offset(p*r.size()))
			r.elements[i] = append(r.elements[i], x)
		}
	}
}

// pair adds what the rows have at from to two registers of each row of y, at the given place; of masked ones, lanes that exist.
func (r *rowProduct) pair(at, from reg.GPVirtual, masks []mask) {
	sums := make([][]vec, r.high)
	for i := range sums {
		sums[i] = []vec{r.reg(), r.reg()}
		for v, sum := range sums[i] {
			r.move(sum, r.place(at, i, v), masks, v, false)
		}
	}
	for p := range r.elements[0] {
		for v := range 2 {
			m := r.row(from, p).Offset(v * r.bytes())
			if r.high == 1 && masks == nil {
				r.fma(sums[0][v], r.elements[0][p], m)
				continue
			}
			b := r.reg()
			r.move(b, m, masks, v, false)
			for i := range sums {
				r.fma(sums[i][v], r.elements[i][p], b)
			}
		}
	}
	for i := range sums {
		for v, sum := range sums[i] {
			r.move(sum, r.place(at, i, v), masks, v, true)
		}
	}
}

// place is the address of register v of row i of y, the first of which is at at.
func (r *rowProduct) place(at reg.GPVirtual, i, v int) Mem {
	m := Mem{Base: at, Disp: v * r.bytes()}
	if i > 0 {
		m.Index, m.Scale = r.rowY, 1
	}
	return m
}

// move loads or stores a register, through mask v if there are masks.
func (r *rowProduct) move(x vec, m Mem, masks []mask, v int, out bool) {
	switch {
	case out && masks == nil:
		r.store(m, x)
	case out:
		r.storeMasked(m, x, masks[v])
	case masks == nil:
		r.load(x, m)
	default:
		r.loadMasked(x, m, masks[v])
	}
}

// row is the address of row p below base.
func (r *rowProduct) row(base reg.GPVirtual, p int) Mem {
	switch p {
	case 0:
		return Mem{Base: base}
	case 1, 2, 4:
		return Mem{Base: base, Index: r.rowB, Scale: uint8(p)}
	case 6:
		return Mem{Base: base, Index: r.multiples[3], Scale: 2}
	}
	return Mem{Base: base, Index: r.multiples[p], Scale: 1}
}
