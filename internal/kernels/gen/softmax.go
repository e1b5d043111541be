package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// softmax writes the three walks down columns that softmax consists of. Each goes down all rows with a few registers of columns
// before it moves right: maxima, sums and factors of the columns stay in registers, and a panel that is a few registers wide
// stays in cache from walk to walk.
//
//	tops       top[j] = max(top[j], maxᵢ x[i·row + j])
//	weights    y[i·row + j] = exp(x[i·row + j] − top[j]),  total[j] += Σᵢ y[i·row + j]
//	scaleDown  y[i·row + j] *= factor[j]
//
// Elements that equal absent are left out: the caller sets it to 0 for a masked softmax, and to NaN, which nothing equals, for
// another.
func softmax(s isa) {
	tops(s)
	weights(s)
	scaleDown(s)
}

// columnWalk is a kernel that goes down columns.
type columnWalk struct {
	elementwise
	wide  int            // registers of columns at a time
	moves []reg.Register // pointers that go right with the columns
	row   reg.Register   // bytes from row to row
	load  func(vec, Mem)
	store func(Mem, vec)
}

// begin writes the head of a function of the given slices, the first of which has the length of a row.
func (w *columnWalk) begin(op, slices string, names ...string) (n reg.GPVirtual) {
	w.fn = w.name(op)
	scalars := ""
	for _, name := range w.scalars {
		scalars += ", " + name + " " + w.elem()
	}
	TEXT(w.fn, NOSPLIT, "func("+slices+" []"+w.elem()+", rows, row int"+scalars+")")
	Pragma("noescape")
	n = Load(Param(names[0]).Len(), GP64()).(reg.GPVirtual)
	for _, name := range names {
		w.moves = append(w.moves, Load(Param(name).Base(), GP64()))
	}
	w.row = Load(Param("row"), GP64())
	SHLQ(U8(w.size()/4+1), w.row)
	w.prepare()
	return n
}

// walk runs down for wide registers at a time while n has as many columns left, then for single ones, and for the last
// columns through a mask.
func (w *columnWalk) walk(n reg.GPVirtual, down func(label string, count int)) {
	w.load, w.store = w.isa.load, w.isa.store
	for _, count := range []int{w.wide, 1} {
		w.isa.turns(w.fn, count, n, w.moves, func(u int) {
			if u == 0 { // all registers of a turn go down the rows together
				down(fmt.Sprint(w.fn, "_down", count), count)
			}
		})
	}
	TESTQ(n, n)
	JEQ(LabelRef(w.fn + "_end"))
	m := w.masks(n, 1)[0]
	w.load = func(r vec, a Mem) { w.loadMasked(r, a, m) }
	w.store = func(a Mem, r vec) { w.storeMasked(a, r, m) }
	down(w.fn+"_down0", 1)
	Label(w.fn + "_end")
	end()
}

// registers reads count registers of columns from a pointer.
func (w *columnWalk) registers(count int, from reg.Register) []vec {
	rs := make([]vec, count)
	for u := range rs {
		rs[u] = w.reg()
		w.load(rs[u], w.at(from, u))
	}
	return rs
}

// at is the memory of register u of those at a pointer.
func (w *columnWalk) at(from reg.Register, u int) Mem { return Mem{Base: from, Disp: u * w.bytes()} }

// each runs body for all rows; from are copies of the given pointers, which go down.
func (w *columnWalk) each(label string, pointers []reg.Register, body func(from []reg.Register)) {
	rows := Load(Param("rows"), GP64())
	from := make([]reg.Register, len(pointers))
	for i, p := range pointers {
		r := GP64()
		MOVQ(p, r)
		from[i] = r
	}
	Label(label)
	body(from)
	for _, r := range from {
		ADDQ(w.row, r)
	}
	DECQ(rows)
	JNE(LabelRef(label))
}

// tops leaves a NaN among the elements to weights; one of top stays.
func tops(s isa) {
	w := &columnWalk{elementwise: elementwise{isa: s, scalars: []string{"absent"}}, wide: 4}
	n := w.begin("tops", "top, x", "top", "x")
	top, x := w.moves[0], w.moves[1]
	w.walk(n, func(label string, count int) {
		acc := w.registers(count, top)
		w.each(label, []reg.Register{x}, func(from []reg.Register) {
			for u, a := range acc {
				v, higher := w.reg(), w.reg()
				w.load(v, w.at(from[0], u))
				w.greater(higher, v, a) // a if v is NaN
				w.move(a, w.choose(w.compare(v, w.arguments[0], equal), a, higher))
			}
		})
		for u, a := range acc {
			w.store(w.at(top, u), a)
		}
	})
}

// weights are 0 where they are negligible beside 1 and where x is absent.
func weights(s isa) {
	w := &columnWalk{elementwise: elementwise{isa: s, scalars: []string{"absent"}}, wide: 2}
	high, low := s.ln2()
	w.hoist = append(s.expPolynomial(), 1, s.faintest(), s.negligible(), math.Log2E, high, low)
	n := w.begin("weights", "y, x, top, total", "top", "total", "x", "y")
	top, total, x, y := w.moves[0], w.moves[1], w.moves[2], w.moves[3]
	w.walk(n, func(label string, count int) {
		tops, sums := w.registers(count, top), w.registers(count, total)
		w.each(label, []reg.Register{x, y}, func(from []reg.Register) {
			for u := range count {
				v := w.reg()
				w.load(v, w.at(from[0], u))
				e := w.weight(v, tops[u])
				w.add(sums[u], sums[u], e)
				w.store(w.at(from[1], u), e)
			}
		})
		for u, r := range sums {
			w.store(w.at(total, u), r)
		}
	})
}

// weight is eˣ⁻ᵗ for t ≥ x.
func (w *columnWalk) weight(x, t vec) vec {
	y := w.reg()
	w.sub(y, x, t)
	w.greater(y, w.constant(w.faintest()), y) // NaN stays
	y = w.expBelow(y)
	y = w.only(w.compare(y, w.constant(w.negligible()), notLessEqual), y)
	return w.only(w.compare(x, w.arguments[0], notEqual), y)
}

// scaleDown multiplies every column by its factor.
func scaleDown(s isa) {
	w := &columnWalk{elementwise: elementwise{isa: s}, wide: 4}
	n := w.begin("scaleDown", "y, factor", "factor", "y")
	factor, y := w.moves[0], w.moves[1]
	w.walk(n, func(label string, count int) {
		factors := w.registers(count, factor)
		w.each(label, []reg.Register{y}, func(from []reg.Register) {
			for u, f := range factors {
				v := w.reg()
				w.load(v, w.at(from[0], u))
				w.mul(v, v, f)
				w.store(w.at(from[0], u), v)
			}
		})
	})
}

// expBelow is exp of arguments that are not above 0 and not below faintest, which need no clamp and whose results are normal
// numbers.
func (e *elementwise) expBelow(x vec) vec {
	ln2High, ln2Low := e.ln2()
	n, square := e.reg(), e.reg()
	e.mul(n, x, e.constant(math.Log2E))
	e.round(n, n)
	e.fnma(x, n, e.constant(ln2High))
	e.fnma(x, n, e.constant(ln2Low))
	e.mul(square, x, x)
	q := e.polynomial(x, e.expPolynomial())
	e.horner(q, square, x)
	e.add(q, q, e.constant(1))
	if e.zmm {
		return e.scale(q, n)
	}
	y := e.reg()
	e.mul(y, q, e.power(n))
	return y
}

// negligible is what package kernels calls so.
func (s isa) negligible() float64 {
	if s.f64 {
		return 0x1p-256
	}
	return 0x1p-40
}

// faintest is the logarithm of a number that is lost in any sum with 1, and that is far from being denormal.
func (s isa) faintest() float64 {
	if s.f64 {
		return -357
	}
	return -46.5
}
