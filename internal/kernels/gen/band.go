package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// How a band is multiplied. Neighbouring rows of a band share all but two of their columns,
//
//	row 0   v v v v v . . .        x rows 0…2    are read by some of the rows
//	row 1   . v v v v v . .               3, 4   by all
//	row 2   . . v v v v v .               5…7    by some again
//	row 3   . . . v v v v v
//
// so bandRows of them are summed together: a register of x is loaded once for all rows that multiply it. Row by row, each
// multiplication would load its own, and loads would bound the kernel instead of arithmetic.
//
// Nothing is multiplied that is no entry, and each sum goes in the order of its entries: the bits are those of
// sparseRows.

// bandRows is the number of rows that are summed together; package kernels has the same.
const bandRows = 4

// band is the state of a kernel of bands while it is written.
//
// Entry k−r of row r is in column k of the group, and its value, or where its value stands, at v + k·size + r·apart: all
// pointers move by one element a column.
type band struct {
	isa
	fn            string
	picked        bool
	val, v        reg.Register
	apart, thrice reg.Register // distances of the values of rows 1 and 3
	x             reg.Register
	acc           [bandRows][]vec
}

// sparseBand writes func(y []T, rows, ptr, col []int32, val, x []T, width, cols int [, at []int32]): products of groups of
// bandRows rows of a band, of which rows lists the first ones. All rows have equally many entries, at least bandRows, in
// columns without gaps, and each row begins a column after the one before. width is a multiple of the lanes of a register.
func (s isa) sparseBand(op string, picked bool) {
	fn := s.name(op)
	signature := fmt.Sprintf("func(y []%s, rows, ptr, col []int32, val, x []%s, width int", s.elem(), s.elem())
	if picked {
		signature += ", at []int32"
	}
	TEXT(fn, NOSPLIT, signature+")")
	Pragma("noescape")
	b := &band{isa: s, fn: fn, picked: picked}
	row, left, width := Load(Param("rows").Base(), GP64()), Load(Param("rows").Len(), GP64()), Load(Param("width"), GP64())
	SHLQ(U8(s.size()/4+1), width) // bytes between rows of x
	first, count, y, x := GP64(), GP64(), GP64(), GP64()

	Label(fn + "_group")
	SUBQ(U32(1), left)
	JLT(LabelRef(fn + "_end"))
	i, ptr, col := GP64(), Load(Param("ptr").Base(), GP64()), Load(Param("col").Base(), GP64())
	MOVLQSX(Mem{Base: row}, i)
	ADDQ(U32(4), row)
	MOVLQSX(Mem{Base: ptr, Index: i, Scale: 4}, first)
	MOVLQSX(Mem{Base: ptr, Index: i, Scale: 4, Disp: 4}, count)
	SUBQ(first, count)
	Load(Param("y").Base(), y)
	IMULQ(width, i)
	ADDQ(i, y)
	MOVLQSX(Mem{Base: col, Index: first, Scale: 4}, x)
	IMULQ(width, x)
	ADDQ(Load(Param("x").Base(), GP64()), x)
	n := Load(Param("width"), GP64()).(reg.GPVirtual)
	across := 4
	if !s.zmm {
		across = 2
	}
	for _, across := range []int{across, 1} {
		s.turns(fn, across, n, []reg.Register{x, y}, func(u int) {
			if u == 0 { // all registers of a turn take a column together
				b.columns(across, first, count, x, y, width)
			}
		})
	}
	JMP(LabelRef(fn + "_group"))
	Label(fn + "_end")
	end()
}

// columns sums across registers of all rows of a group.
func (b *band) columns(across int, first, count, x, y, width reg.Register) {
	for r := range b.acc {
		b.acc[r] = make([]vec, across)
		for u := range b.acc[r] {
			b.acc[r][u] = b.clear()
		}
	}
	b.x = GP64()
	MOVQ(x, b.x)
	b.begin(first, count)
	for k := range bandRows - 1 {
		b.column(0, k, width)
	}
	left, label := GP64(), fmt.Sprint(b.fn, "_column", across)
	MOVQ(count, left)
	SUBQ(U32(bandRows-1), left)
	Label(label)
	b.column(0, bandRows-1, width)
	DECQ(left)
	JNE(LabelRef(label))
	for k := range bandRows - 1 {
		b.column(k+1, bandRows-1, width)
	}
	to := GP64()
	MOVQ(y, to)
	for r, row := range b.acc {
		for u, a := range row {
			b.store(Mem{Base: to, Disp: u * b.bytes()}, a)
		}
		if r < bandRows-1 {
			ADDQ(width, to)
		}
	}
}

// begin sets the pointers to values, or to their places, of the first column.
func (b *band) begin(first, count reg.Register) {
	size := b.size()
	b.val = Load(Param("val").Base(), GP64())
	at := b.val
	if b.picked {
		size, at = 4, Load(Param("at").Base(), GP64())
	}
	b.v, b.apart, b.thrice = GP64(), GP64(), GP64()
	LEAQ(Mem{Base: at, Index: first, Scale: uint8(size)}, b.v)
	LEAQ(Mem{Base: count, Disp: -1}, b.apart)
	SHLQ(U8(size/4+1), b.apart)
	LEAQ(Mem{Base: b.apart, Index: b.apart, Scale: 2}, b.thrice)
}

// column adds what the next column of the group gives to rows lo to hi.
func (b *band) column(lo, hi int, width reg.Register) {
	x := make([]vec, len(b.acc[0]))
	for u := range x {
		x[u] = b.reg()
		b.load(x[u], Mem{Base: b.x, Disp: u * b.bytes()})
	}
	for r := lo; r <= hi; r++ {
		m := [bandRows]Mem{{Base: b.v}, {Base: b.v, Index: b.apart, Scale: 1}, {Base: b.v, Index: b.apart, Scale: 2}, {Base: b.v, Index: b.thrice, Scale: 1}}[r]
		factor := b.reg()
		if b.picked {
			place := GP64()
			MOVLQSX(m, place)
			m = Mem{Base: b.val, Index: place, Scale: uint8(b.size())}
		}
		b.broadcast(factor, m)
		for u, a := range b.acc[r] {
			b.fma(a, factor, x[u])
		}
	}
	step := b.size()
	if b.picked {
		step = 4
	}
	ADDQ(U32(step), b.v)
	ADDQ(width, b.x)
}
