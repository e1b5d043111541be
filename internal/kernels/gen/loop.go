package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// How a map is written. The body says what happens to one register; this file puts it into a loop three
// times:
//
//	by unroll   several registers a turn, while that many are left
//	by 1        single registers
//	tail        one register through a mask, for the last n mod lanes elements
//
// Copies of the body depend on nothing of each other, so the processor overlaps them. Bodies of cheap
// maps ask for unroll 4, where the counters and the jump would otherwise be as dear as the work; bodies
// of transcendental maps have instructions enough for the loop around them not to show.
//
// The tail runs the same instructions as the rest. An element's result thus does not depend on where it
// stands in a slice, nor on how a caller cut the slice into chunks.

// elementwise is a kernel that maps slices lane by lane:
//
//	func(dst, x []T [, y []T [, z []T]] [, a, b T])
//
// All slices have the length of dst, which may be one of them.
type elementwise struct {
	isa
	op      string
	inputs  int      // slices read: 1 to 3
	scalars []string // parameters after the slices
	unroll  int      // registers a turn, where the loop is not bound by arithmetic
	// hoist are constants worth a register throughout, where there are 32.
	hoist []float64
	// stop makes the kernel return early: lanes of x where it holds end the loop,
	// and the function returns the number of elements done.
	stop func(e *elementwise, x vec) mask
	// body computes one register of the result.
	body func(e *elementwise, x []vec) vec
	// second names another result, after dst, of which body leaves a register in other.
	second string
	other  vec

	fn        string
	dst, n    reg.Register
	also      reg.Register // the second result
	from      []reg.Register
	arguments []vec
	hoisted   map[float64]vec
}

// constant returns c in every lane of a register that must not be written to.
//
// What was not hoisted is broadcast again at each use, from L1: a load port is idle in most bodies,
// while a register that is spilled costs a store too.
func (e *elementwise) constant(c float64) vec {
	r, ok := e.hoisted[c]
	if !ok {
		r = e.reg()
		e.broadcast(r, e.number(c))
	}
	return r
}

// copyOf is constant in a register that may be written to.
func (e *elementwise) copyOf(c float64) vec {
	r := e.reg()
	if h, ok := e.hoisted[c]; ok {
		e.move(r, h)
	} else {
		e.broadcast(r, e.number(c))
	}
	return r
}

// write emits the function: prologue, the three loops, and the number of elements done where the kernel
// may stop early. A kernel stops before it stores the register in which stop held, so done is a
// multiple of what one turn stores and the caller goes on from there.
func (e *elementwise) write() {
	e.fn = e.name(e.op)
	names := []string{"x", "y", "z"}[:e.inputs]
	signature := "func(dst"
	if e.second != "" {
		signature += ", " + e.second
	}
	for _, name := range names {
		signature += ", " + name
	}
	signature += " []" + e.elem()
	for _, name := range e.scalars {
		signature += ", " + name + " " + e.elem()
	}
	signature += ")"
	if e.stop != nil {
		signature += " (done int)"
	}
	TEXT(e.fn, NOSPLIT, signature)
	Pragma("noescape")
	e.dst, e.n = Load(Param("dst").Base(), GP64()), Load(Param("dst").Len(), GP64())
	if e.second != "" {
		e.also = Load(Param(e.second).Base(), GP64())
	}
	for _, name := range names {
		e.from = append(e.from, Load(Param(name).Base(), GP64()))
	}
	e.prepare()
	for _, unroll := range []int{e.unroll, 1} {
		if unroll > 0 {
			e.whole(unroll)
		}
	}
	e.tail()
	Label(e.fn + "_end")
	if e.stop != nil {
		all := Load(Param("dst").Len(), GP64())
		SUBQ(e.n, all)
		Store(all, Return("done"))
	}
	end()
}

// prepare fills the registers that last through the loop.
//
// Constants are hoisted with AVX-512 only: AVX2 has no registers to spare. Two equal constants share
// one.
func (e *elementwise) prepare() {
	for _, name := range e.scalars {
		r := e.reg()
		addr, err := Param(name).Resolve()
		if err != nil {
			panic(err)
		}
		e.broadcast(r, addr.Addr)
		e.arguments = append(e.arguments, r)
	}
	e.hoisted = map[float64]vec{}
	if !e.zmm {
		return
	}
	for _, c := range e.hoist {
		if _, ok := e.hoisted[c]; !ok {
			r := e.reg()
			e.broadcast(r, e.number(c))
			e.hoisted[c] = r
		}
	}
}

// whole maps unroll registers a turn while as many elements are left.
func (e *elementwise) whole(unroll int) {
	top, next := fmt.Sprintf("%s_by%d", e.fn, unroll), fmt.Sprintf("%s_after%d", e.fn, unroll)
	step := unroll * e.lanes()
	Label(top)
	CMPQ(e.n, U32(step))
	JLT(LabelRef(next))
	for u := range unroll {
		at := u * e.bytes()
		y := e.body(e, e.read(func(r vec, from reg.Register) { e.load(r, Mem{Base: from, Disp: at}) }))
		e.store(Mem{Base: e.dst, Disp: at}, y)
		if e.also != nil {
			e.store(Mem{Base: e.also, Disp: at}, e.other)
		}
	}
	moving := append([]reg.Register{e.dst}, e.from...)
	if e.also != nil {
		moving = append(moving, e.also)
	}
	for _, r := range moving {
		ADDQ(U32(step*e.size()), r)
	}
	SUBQ(U32(step), e.n)
	JMP(LabelRef(top))
	Label(next)
}

// read loads one register of each input, and leaves the loop where stop says so.
//
// The test is one instruction that sets flags from an opmask, or VMOVMSK and TEST of the sign bits of a
// vector mask. Lanes that a masked load cleared never stop a kernel: 0 is in range for all of them.
func (e *elementwise) read(load func(vec, reg.Register)) []vec {
	var x []vec
	for _, from := range e.from {
		r := e.reg()
		load(r, from)
		x = append(x, r)
	}
	if e.stop != nil {
		m := e.stop(e, x[0])
		if e.zmm {
			KORTESTW(m.k, m.k)
		} else {
			any := GP32()
			VMOVMSKPS(m.v, any)
			TESTL(any, any)
		}
		JNE(LabelRef(e.fn + "_end"))
	}
	return x
}

// tail maps what is left, less than a register.
//
// Lanes past the end hold zeros; what a body makes of them (1/0, ln 0) is computed and not stored, and
// floating-point exceptions are masked in Go.
func (e *elementwise) tail() {
	TESTQ(e.n, e.n)
	JEQ(LabelRef(e.fn + "_end"))
	left := GP64()
	MOVQ(e.n, left)
	m := e.masks(left, 1)[0]
	x := e.read(func(r vec, from reg.Register) { e.loadMasked(r, Mem{Base: from}, m) })
	e.storeMasked(Mem{Base: e.dst}, e.body(e, x), m)
	if e.also != nil {
		e.storeMasked(Mem{Base: e.also}, e.other, m)
	}
	XORQ(e.n, e.n)
}
