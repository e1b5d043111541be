package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// How a reduction is ordered. Floating-point addition does not associate, so a kernel that says "sum"
// must say in which order, or its result changes with the machine. Element i goes to lane i mod lanes
// of register (i/lanes) mod 4 while whole turns last; what is left goes to register 0 and, through a
// mask, to register 1. In the end
//
//	(acc₀ + acc₁) + (acc₂ + acc₃),  then halves of the register onto each other, log₂ lanes times
//
// Four registers times the lanes are 4·16 = 64 partial sums with AVX-512 in float32: an addition takes
// four cycles and two can start in each, and the error grows with n/64 instead of n. Longer sums are
// cut by the caller into leaves that are added in pairs, so that the error grows with log n from there
// on.

// sums is the number of registers a reduction adds to in turn: it hides the
// latency of an addition.
const sums = 4

// reduce writes the reductions.
func reduce(s isa) {
	s.reduction("sum", []string{"x"}, func(acc vec, x []vec) { s.add(acc, acc, x[0]) })
	s.reduction("dot", []string{"x", "y"}, func(acc vec, x []vec) { s.fma(acc, x[0], x[1]) })
	s.maximumOf()
	s.columns()
}

// reduction writes func(x []T [, y []T]) T, a sum over the lanes of sums
// registers, added up in pairs. Lanes past the end count as zeros.
//
// A lane past the end is 0 by the masked load, which leaves sums as they are, and in a dot product 0·0
// as well.
func (s isa) reduction(op string, names []string, body func(acc vec, x []vec)) {
	fn := s.name(op)
	signature := "func(" + names[0]
	for _, name := range names[1:] {
		signature += ", " + name
	}
	TEXT(fn, NOSPLIT, signature+" []"+s.elem()+") "+s.elem())
	Pragma("noescape")
	n := Load(Param("x").Len(), GP64()).(reg.GPVirtual)
	var from []reg.Register
	for _, name := range names {
		from = append(from, Load(Param(name).Base(), GP64()))
	}
	acc := make([]vec, sums)
	for i := range acc {
		acc[i] = s.clear()
	}
	for _, unroll := range []int{sums, 1} {
		s.turns(fn, unroll, n, from, func(u int) {
			var x []vec
			for _, f := range from {
				r := s.reg()
				s.load(r, Mem{Base: f, Disp: u * s.bytes()})
				x = append(x, r)
			}
			body(acc[u], x)
		})
	}
	TESTQ(n, n)
	JEQ(LabelRef(fn + "_total"))
	m := s.masks(n, 1)[0]
	var x []vec
	for _, f := range from {
		r := s.reg()
		s.loadMasked(r, Mem{Base: f}, m)
		x = append(x, r)
	}
	body(acc[1], x)
	Label(fn + "_total")
	s.add(acc[0], acc[0], acc[1])
	s.add(acc[2], acc[2], acc[3])
	s.add(acc[0], acc[0], acc[2])
	Store(s.across(acc[0], isa.add), ReturnIndex(0))
	end()
}

// turns repeats body for unroll registers while n has as many elements left.
//
// The labels carry unroll as one digit, hence unroll ≤ 9.
func (s isa) turns(fn string, unroll int, n reg.GPVirtual, from []reg.Register, body func(u int)) {
	top, next := fn+"_by"+string(rune('0'+unroll)), fn+"_after"+string(rune('0'+unroll))
	Label(top)
	CMPQ(n, U32(unroll*s.lanes()))
	JLT(LabelRef(next))
	for u := range unroll {
		body(u)
	}
	for _, f := range from {
		ADDQ(U32(unroll*s.bytes()), f)
	}
	SUBQ(U32(unroll*s.lanes()), n)
	JMP(LabelRef(top))
	Label(next)
}

// across combines all lanes of r by halving and returns the first lane.
//
// AVX-512: upper 256 bits onto lower, 128 onto 128, then pairs of 64 bits, and for float32 neighbours.
// VEXTRACTF64X4 moves bits whatever their type.
func (s isa) across(r vec, op func(s isa, dst, x vec, y Op)) reg.VecVirtual {
	y := YMM()
	if s.zmm {
		VEXTRACTF64X4(U8(1), r.AsZ(), y)
		op(s, y, r.AsY().(vec), y)
	} else {
		y = r
	}
	x := XMM()
	VEXTRACTF128(U8(1), y.AsY(), x)
	op(s, x, y.AsX().(vec), x)
	other := XMM()
	VPERMILPD(U8(1), x, other)
	op(s, x, x, other)
	if !s.f64 {
		VMOVSHDUP(x, other)
		op(s, x, x, other)
	}
	return x
}

// maximumOf writes func(x []T) T: the largest element, NaN if one is, and −Inf
// of none.
//
// VMAXPS returns its second source beside a NaN, so a NaN in x stays only until the next element. The
// kernel gathers all NaN it meets in bad by OR and ORs it onto the result: the exponent of a NaN is all
// ones and its mantissa not 0, and neither is undone by OR with other bits. −0 and 0 count as equal.
//
// Two accumulators are enough, as each register costs a comparison, a mask and an OR beside the maximum;
// the lanes past the end are filled with −Inf.
func (s isa) maximumOf() {
	fn := s.name("largest")
	TEXT(fn, NOSPLIT, "func(x []"+s.elem()+") "+s.elem())
	Pragma("noescape")
	n, from := Load(Param("x").Len(), GP64()).(reg.GPVirtual), Load(Param("x").Base(), GP64())
	lowest, bad := s.reg(), s.clear()
	s.broadcast(lowest, s.number(math.Inf(-1)))
	acc := []vec{s.reg(), s.reg()}
	for _, a := range acc {
		s.move(a, lowest)
	}
	take := func(u int, x vec) {
		// The instruction below forgets a NaN that it has met.
		nan := s.only(s.compare(x, x, unordered), x)
		s.or(bad, bad, nan)
		s.greater(acc[u], acc[u], x)
	}
	for _, unroll := range []int{2, 1} {
		s.turns(fn, unroll, n, []reg.Register{from}, func(u int) {
			x := s.reg()
			s.load(x, Mem{Base: from, Disp: u * s.bytes()})
			take(u, x)
		})
	}
	TESTQ(n, n)
	JEQ(LabelRef(fn + "_total"))
	m := s.masks(n, 1)[0]
	x := s.reg()
	s.loadMasked(x, Mem{Base: from}, m)
	take(0, s.choose(m, x, lowest))
	Label(fn + "_total")
	s.greater(acc[0], acc[0], acc[1])
	result := s.across(acc[0], isa.greater)
	s.or(result, result, s.across(bad, isa.or)) // anything or a NaN is a NaN
	Store(result, ReturnIndex(0))
	end()
}

// columns writes func(dst, x []T, rows, row int): dst[j] = Σ x[i·row + j] over
// rows > 0, in their order.
//
// The kernel keeps four registers of columns and goes down all rows before it moves right. Each step of
// a row reads 256 bytes in one stretch, every sum is one chain in the order of the rows, and dst is
// written once: n·rows + n elements of traffic.
func (s isa) columns() {
	fn := s.name("columns")
	TEXT(fn, NOSPLIT, "func(dst, x []"+s.elem()+", rows, row int)")
	Pragma("noescape")
	n, dst := Load(Param("dst").Len(), GP64()).(reg.GPVirtual), Load(Param("dst").Base(), GP64())
	from, row := Load(Param("x").Base(), GP64()), Load(Param("row"), GP64())
	SHLQ(U8(s.size()/4+1), row)
	down := func(label string, acc []vec, load func(r vec, m Mem)) {
		rows, at := Load(Param("rows"), GP64()), GP64()
		MOVQ(from, at)
		for _, a := range acc {
			s.zero(a)
		}
		Label(label)
		for u, a := range acc {
			m := Mem{Base: at, Disp: u * s.bytes()}
			if load == nil {
				s.add(a, a, m)
				continue
			}
			x := s.reg()
			load(x, m)
			s.add(a, a, x)
		}
		ADDQ(row, at)
		DECQ(rows)
		JNE(LabelRef(label))
	}
	for _, across := range []int{sums, 1} {
		s.turns(fn, across, n, []reg.Register{from, dst}, func(u int) {
			if u > 0 {
				return // all registers of a turn go down the rows together
			}
			acc := make([]vec, across)
			for i := range acc {
				acc[i] = s.reg()
			}
			down(fn+"_down"+string(rune('0'+across)), acc, nil)
			for i, a := range acc {
				s.store(Mem{Base: dst, Disp: i * s.bytes()}, a)
			}
		})
	}
	TESTQ(n, n)
	JEQ(LabelRef(fn + "_end"))
	m := s.masks(n, 1)[0]
	acc := s.reg()
	down(fn+"_down0", []vec{acc}, func(r vec, a Mem) { s.loadMasked(r, a, m) })
	s.storeMasked(Mem{Base: dst}, acc, m)
	Label(fn + "_end")
	end()
}
