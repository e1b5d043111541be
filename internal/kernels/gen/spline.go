package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// How cubic splines are evaluated. On a uniform grid all bases are one function moved by whole steps,
// and the cardinal cubic B-spline has a closed form in truncated powers (I. J. Schoenberg, 1946), with
// a = |u − j| the distance from the centre in steps:
//
//	B(a)  = (2 − a)₊³/6 − ⅔(1 − a)₊³
//	B′(a) = sign·(2(1 − a)₊² − (2 − a)₊²/2)
//
// Cox–de Boor would take degree rounds over width + degree values, each with two divisions, and select
// by intervals. Here a lane is a basis: some ten instructions make 8 or 16 of them, most of which are
// zeros that must be written anyway. The two terms of B
// cancel by one bit at most, as the first is at least twice the second.
//
// A row of y has width bases for each x; u = (x − lo)·inv places x on the grid, where basis j has its
// centre at j − 1.

// spline writes the kernels of cubic splines, with the bases of one x in the lanes of registers:
//
//	func(y, x []T, width int, lo, inv T)
//
// for at least one x and one basis.
func spline(s isa) {
	for _, slopes := range []bool{false, true} {
		op := "splines"
		if slopes {
			op = "splineSlopes"
		}
		cubic{isa: s, slopes: slopes, fn: s.name(op)}.write()
		if s.zmm && !s.f64 {
			cubic{isa: s, slopes: slopes, fn: s.name(op + "Pairs")}.pairs()
		}
	}
	cubic{isa: s, fn: s.name("splineRows")}.rows()
	repeatLines(s)
}

// cubic is one such kernel and its constants.
type cubic struct {
	isa
	slopes bool
	fn     string

	zero, one, two, outer, inner, sign vec
}

// constants fills registers; outer and inner are the factors of the two powers.
func (c *cubic) constants() {
	c.zero, c.sign = c.clear(), c.reg()
	outer, inner := 1./6, 2./3
	if c.slopes {
		outer, inner = 0.5, 2
	}
	for _, k := range []struct {
		r *vec
		v float64
	}{{&c.one, 1}, {&c.two, 2}, {&c.outer, outer}, {&c.inner, inner}} {
		*k.r = c.reg()
		c.broadcast(*k.r, c.number(k.v))
	}
	c.broadcast(c.sign, c.word())
}

// word is the address of the sign bit.
func (c *cubic) word() Mem {
	if c.f64 {
		return word(1<<63, 8)
	}
	return word(1<<31, 4)
}

// centres is the address of −1, 0, 1, …, where the first bases have their centres.
func (c *cubic) centres() Mem {
	m := GLOBL(c.fn+"_centres", RODATA|NOPTR)
	for i := range c.lanes() {
		if c.f64 {
			DATA(8*i, F64(i-1))
		} else {
			DATA(4*i, F32(i-1))
		}
	}
	return m
}

// write emits the loop over x, and within it the loop over registers of bases. Lanes do not span two x:
// the last register of each is masked, of 1 to lanes bases, so that a width which is a multiple of the
// lanes has a full mask and no branch.
//
// Scalars are broadcast from the stack in each turn; with AVX2 the constants fill the registers that
// the body leaves.
func (c cubic) write() {
	centres := c.centres()
	TEXT(c.fn, NOSPLIT, fmt.Sprintf("func(y, x []%s, width int, lo, inv %s)", c.elem(), c.elem()))
	Pragma("noescape")
	y, x := Load(Param("y").Base(), GP64()), Load(Param("x").Base(), GP64())
	n := Load(Param("x").Len(), GP64())
	// All registers of an x but the last one are full.
	full, rest := GP64(), Load(Param("width"), GP64()).(reg.GPVirtual)
	LEAQ(Mem{Base: rest, Disp: -1}, full)
	shift := map[int]int{4: 2, 8: 3, 16: 4}[c.lanes()]
	SHRQ(U8(shift), full)
	last := GP64()
	MOVQ(full, last)
	SHLQ(U8(shift), last)
	SUBQ(last, rest) // bases in the last register
	MOVQ(rest, last)
	m := c.masks(rest, 1)[0]
	SHLQ(U8(c.size()/4+1), last)
	c.constants()
	first, step := c.reg(), c.number(float64(c.lanes()))
	c.load(first, centres)

	Label(c.fn + "_x")
	u, at, factor, left := c.reg(), c.reg(), c.reg(), GP64()
	c.broadcast(u, Mem{Base: x})
	c.broadcast(factor, c.argument("lo"))
	c.sub(u, u, factor)
	c.broadcast(factor, c.argument("inv"))
	c.mul(u, u, factor)
	c.move(at, first)
	MOVQ(full, left)
	TESTQ(left, left)
	JEQ(LabelRef(c.fn + "_last"))
	Label(c.fn + "_full")
	c.store(Mem{Base: y}, c.body(u, at))
	ADDQ(U32(c.bytes()), y)
	further := c.reg()
	c.broadcast(further, step)
	c.add(at, at, further)
	DECQ(left)
	JNE(LabelRef(c.fn + "_full"))
	Label(c.fn + "_last")
	c.storeMasked(Mem{Base: y}, c.body(u, at), m)
	ADDQ(last, y)
	ADDQ(U32(c.size()), x)
	DECQ(n)
	JNE(LabelRef(c.fn + "_x"))
	end()
}

// pairs emits a kernel for eight bases an x, as five intervals and the third degree have: two of x share a register of
// sixteen lanes, in which one alone would leave half of them idle.
//
//	func(y, x []float32, lo, inv float32)
//
// for an even number of x, two at least.
func (c cubic) pairs() {
	centres := GLOBL(c.fn+"_centres", RODATA|NOPTR)
	for i := range c.lanes() {
		DATA(4*i, F32(i%8-1))
	}
	TEXT(c.fn, NOSPLIT, "func(y, x []float32, lo, inv float32)")
	Pragma("noescape")
	y, x := Load(Param("y").Base(), GP64()), Load(Param("x").Base(), GP64())
	n := Load(Param("x").Len(), GP64())
	c.constants()
	at, lo, inv, upper, bits := c.reg(), c.reg(), c.reg(), K(), GP32()
	c.load(at, centres)
	c.broadcast(lo, c.argument("lo"))
	c.broadcast(inv, c.argument("inv"))
	MOVL(U32(0xff00), bits)
	KMOVW(bits, upper)
	Label(c.fn + "_x")
	u := c.reg()
	c.broadcast(u, Mem{Base: x})
	VBROADCASTSS(Mem{Base: x, Disp: 4}, upper, u)
	c.sub(u, u, lo)
	c.mul(u, u, inv)
	c.store(Mem{Base: y}, c.body(u, at))
	ADDQ(U32(c.bytes()), y)
	ADDQ(U32(2*c.size()), x)
	SUBQ(U32(2), n)
	JNE(LabelRef(c.fn + "_x"))
	end()
}

// rows emits a kernel with x in the lanes: rows of n of them each, and for each row width rows of bases.
//
//	func(y, x []T, width, n int, lo, inv T)
//
// All lanes have work whatever the width, and what follows finds a basis of many x side by side. The last register of a
// row is masked as all others are: the mask costs little beside the bases of a register.
func (c cubic) rows() {
	TEXT(c.fn, NOSPLIT, fmt.Sprintf("func(y, x []%s, width, n int, lo, inv %s)", c.elem(), c.elem()))
	Pragma("noescape")
	y, x := Load(Param("y").Base(), GP64()), Load(Param("x").Base(), GP64())
	stop := Load(Param("x").Len(), GP64())
	SHLQ(U8(c.size()/4+1), stop)
	ADDQ(x, stop)
	c.constants()
	c.manyRows(c.fn, "width", y, x, stop, func(u vec) func() vec {
		at, factor := c.reg(), c.reg()
		c.broadcast(factor, c.argument("lo"))
		c.sub(u, u, factor)
		c.broadcast(factor, c.argument("inv"))
		c.mul(u, u, factor)
		c.sub(at, c.zero, c.one)
		return func() vec {
			basis := c.body(u, at)
			c.add(at, at, c.one)
			return basis
		}
	})
}

// repeatLines emits a kernel that writes every line of n elements so many times in a row:
//
//	func(dst, src []T, n, times int)
//
// for one line at least, of one element at least.
func repeatLines(s isa) {
	fn := s.name("repeatLines")
	TEXT(fn, NOSPLIT, fmt.Sprintf("func(dst, src []%s, n, times int)", s.elem()))
	Pragma("noescape")
	y, x := Load(Param("dst").Base(), GP64()), Load(Param("src").Base(), GP64())
	stop := Load(Param("src").Len(), GP64())
	SHLQ(U8(s.size()/4+1), stop)
	ADDQ(x, stop)
	s.manyRows(fn, "times", y, x, stop, func(u vec) func() vec { return func() vec { return u } })
}

// manyRows emits the rest of a kernel that makes several rows of y of each row of x, n elements long: as many as the
// parameter count says, register by register. begin gets a register of x and answers with what makes the next row of it.
// stop is where x ends.
func (s isa) manyRows(fn, count string, y, x, stop reg.Register, begin func(u vec) func() vec) {
	rows, err := Param(count).Resolve()
	if err != nil {
		panic(err)
	}
	row, skip := Load(Param("n"), GP64()), GP64()
	SHLQ(U8(s.size()/4+1), row) // bytes of a row
	MOVQ(rows.Addr, skip)
	DECQ(skip)
	IMULQ(row, skip) // from the end of the first row of y to the next row of x's

	Label(fn + "_row")
	left, most := Load(Param("n"), GP64()), GP64()
	Label(fn + "_register")
	cols := GP64()
	MOVQ(left, cols)
	MOVQ(U64(s.lanes()), most)
	CMPQ(cols, most)
	CMOVQGT(most, cols)
	m, u := s.masks(cols, 1)[0], s.reg()
	s.loadMasked(u, Mem{Base: x}, m)
	next := begin(u)
	dst, more := GP64(), GP64()
	MOVQ(y, dst)
	MOVQ(rows.Addr, more)
	Label(fn + "_one")
	s.storeMasked(Mem{Base: dst}, next(), m)
	ADDQ(row, dst)
	DECQ(more)
	JNE(LabelRef(fn + "_one"))
	ADDQ(U32(s.bytes()), x)
	ADDQ(U32(s.bytes()), y)
	SUBQ(U32(s.lanes()), left)
	JG(LabelRef(fn + "_register"))
	LEAQ(Mem{Base: x, Index: left, Scale: uint8(s.size())}, x) // back by the lanes that were none
	LEAQ(Mem{Base: y, Index: left, Scale: uint8(s.size())}, y)
	ADDQ(skip, y)
	CMPQ(x, stop)
	JLT(LabelRef(fn + "_row"))
	end()
}

// argument is the address of a scalar parameter on the stack.
func (c *cubic) argument(name string) Mem {
	addr, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return addr.Addr
}

// body computes the bases with centres at, or their slopes, at u. A NaN gives 0.
//
// VMAXPS drops it: p and q are max(NaN, 0) with 0 last.
func (c *cubic) body(u, at vec) vec {
	t, a, p, q := c.reg(), c.reg(), c.reg(), c.reg()
	c.sub(t, u, at)
	c.andNot(a, c.sign, t)
	c.sub(p, c.two, a)
	c.greater(p, p, c.zero)
	c.sub(q, c.one, a)
	c.greater(q, q, c.zero)
	if !c.slopes { // (2−a)₊³/6 − ⅔(1−a)₊³
		c.mul(a, p, p)
		c.mul(p, p, a)
		c.mul(a, q, q)
		c.mul(q, q, a)
		c.mul(p, p, c.outer)
		c.fnma(p, q, c.inner)
		return p
	}
	// inv·sign t·(2(1−a)₊² − (2−a)₊²/2)
	c.mul(p, p, p)
	c.mul(q, q, q)
	c.mul(q, q, c.inner)
	c.fnma(q, p, c.outer)
	c.and(t, t, c.sign)
	c.xor(q, q, t)
	c.broadcast(p, c.argument("inv"))
	c.mul(q, q, p)
	return q
}
