package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// vector writes the maps that memory bounds more than arithmetic, and Adam.
func vector(s isa) {
	for _, e := range []*elementwise{
		binary("add", isa.add), binary("sub", isa.sub), binary("mul", isa.mul), binary("div", isa.div),
		{op: "gate", inputs: 2, hoist: []float64{1}, body: (*elementwise).gate},
		indicator("less", less), indicator("lessEqual", lessEqual), indicator("equal", equal),
		{op: "maximum", inputs: 2, body: func(e *elementwise, x []vec) vec { return e.maximum(x[0], x[1]) }},
		{op: "minimum", inputs: 2, body: func(e *elementwise, x []vec) vec { return e.minimum(x[0], x[1]) }},
		{op: "axpy", inputs: 2, scalars: []string{"a"}, body: (*elementwise).axpy},
		{op: "marked", inputs: 3, scalars: []string{"a"}, body: (*elementwise).marked},
		{op: "affine", inputs: 1, scalars: []string{"a", "b"}, body: (*elementwise).affine},
		{op: "scaleBy", inputs: 1, scalars: []string{"a"}, body: (*elementwise).scaleBy},
		{op: "maxScalar", inputs: 1, scalars: []string{"c"}, body: func(e *elementwise, x []vec) vec { return e.maximum(x[0], e.arguments[0]) }},
		{op: "minScalar", inputs: 1, scalars: []string{"c"}, body: func(e *elementwise, x []vec) vec { return e.minimum(x[0], e.arguments[0]) }},
		{op: "recip", inputs: 1, hoist: []float64{1}, body: (*elementwise).recip},
		{op: "neg", inputs: 1, body: (*elementwise).neg},
		{op: "abs", inputs: 1, body: (*elementwise).abs},
		{op: "relu", inputs: 1, body: (*elementwise).relu},
		{op: "step", inputs: 1, hoist: []float64{1}, body: (*elementwise).step},
		{op: "sign", inputs: 1, hoist: []float64{1, -1}, body: (*elementwise).sign},
		{op: "sqrt", inputs: 1, body: func(e *elementwise, x []vec) vec { y := e.reg(); e.isa.sqrt(y, x[0]); return y }},
	} {
		e.isa, e.unroll = s, 4
		e.write()
	}
	adam(s)
}

// binary is a map that one instruction computes.
func binary(op string, instruction func(s isa, dst, x vec, y Op)) *elementwise {
	return &elementwise{op: op, inputs: 2, body: func(e *elementwise, x []vec) vec {
		dst := e.reg()
		instruction(e.isa, dst, x[0], x[1])
		return dst
	}}
}

// indicator is 1 where a predicate holds, else 0.
func indicator(op string, predicate int) *elementwise {
	return &elementwise{op: op, inputs: 2, hoist: []float64{1}, body: func(e *elementwise, x []vec) vec {
		return e.only(e.compare(x[0], x[1], predicate), e.constant(1))
	}}
}

// maximum is max(x, y) with 0 > −0, NaN if either is. In both orders the
// instruction returns either zero or either operand beside a NaN.
//
// AND of the two orders gives +0 of 0 and −0, whose bits differ in the sign alone; equal operands give
// themselves. The language's max has the same rules, so the portable kernels agree bit by bit.
func (e *elementwise) maximum(x, y vec) vec {
	a, b := e.reg(), e.reg()
	e.greater(a, x, y)
	e.greater(b, y, x)
	e.and(a, a, b)
	return e.orNaN(a, x, y)
}

// minimum is min(x, y) with −0 < 0, NaN if either is.
//
// OR keeps the sign of −0.
func (e *elementwise) minimum(x, y vec) vec {
	a, b := e.reg(), e.reg()
	e.lesser(a, x, y)
	e.lesser(b, y, x)
	e.or(a, a, b)
	return e.orNaN(a, x, y)
}

// orNaN replaces z where x or y is NaN.
//
// x + y carries a NaN through whichever operand has it.
func (e *elementwise) orNaN(z, x, y vec) vec {
	sum := e.reg()
	e.add(sum, x, y)
	return e.choose(e.compare(x, y, unordered), sum, z)
}

// axpy is x + a·y.
//
// The product is not rounded before the sum.
func (e *elementwise) axpy(x []vec) vec {
	e.fma(x[0], x[1], e.arguments[0])
	return x[0]
}

// marked is a where x = y or x is NaN, else z.
func (e *elementwise) marked(x []vec) vec {
	a := e.arguments[0]
	z := e.choose(e.compare(x[0], x[1], equal), a, x[2])
	return e.choose(e.compare(x[0], x[0], unordered), a, z)
}

// affine is a·x + b.
func (e *elementwise) affine(x []vec) vec {
	y := e.reg()
	e.move(y, e.arguments[1])
	e.fma(y, x[0], e.arguments[0])
	return y
}

// scaleBy is a·x.
func (e *elementwise) scaleBy(x []vec) vec {
	y := e.reg()
	e.mul(y, x[0], e.arguments[0])
	return y
}

// neg flips the sign bit, of NaN and zeros too; 0 − x would make +0 of 0.
func (e *elementwise) neg(x []vec) vec {
	y := e.reg()
	e.xor(y, x[0], e.signBit())
	return y
}

// abs clears the sign bit.
func (e *elementwise) abs(x []vec) vec {
	y := e.reg()
	e.andNot(y, e.signBit(), x[0])
	return y
}

// relu keeps x where it is not ≤ 0, NaN included.
func (e *elementwise) relu(x []vec) vec {
	return e.only(e.compare(x[0], e.clear(), notLessEqual), x[0])
}

// step is 1 where x > 0, else 0, also of NaN: it is the derivative of relu, 0 at 0.
func (e *elementwise) step(x []vec) vec {
	return e.only(e.compare(x[0], e.clear(), greaterThan), e.constant(1))
}

// gate is x times the step of the second operand.
//
// It is a product and not a selection: an x that is Inf or NaN shows even where the step is 0.
func (e *elementwise) gate(x []vec) vec {
	y := e.only(e.compare(x[1], e.clear(), greaterThan), e.constant(1))
	e.mul(y, y, x[0])
	return y
}

// sign is ±1, or x itself where it is ±0 or NaN.
func (e *elementwise) sign(x []vec) vec {
	y := e.choose(e.compare(x[0], e.clear(), greaterThan), e.constant(1), x[0])
	return e.choose(e.compare(x[0], e.clear(), less), e.constant(-1), y)
}

// clear returns a register of zeros.
func (s isa) clear() vec {
	zero := s.reg()
	s.zero(zero)
	return zero
}

// adamScalars are the parameters of adam after its slices.
var adamScalars = []string{"keep", "couple", "rate", "root", "beta1", "fresh1", "beta2", "fresh2", "epsilon"}

// adam writes one step in place; package kernels has the equations. root is
// 1/√(1 − β₂ᵗ).
//
// Four streams are read and three written for about a dozen operations an element, 28 bytes a parameter
// in float32: memory bounds it once the parameters leave the cache. One pass over all four is what
// there is to gain; as a chain of maps the step would go over memory some twenty times.
func adam(s isa) {
	fn := s.name("adam")
	signature := "func(p, g, m, v []" + s.elem()
	for _, name := range adamScalars {
		signature += ", " + name
	}
	TEXT(fn, NOSPLIT, signature+" "+s.elem()+")")
	Pragma("noescape")
	at := GP64() // bytes done
	XORQ(at, at)
	n := Load(Param("p").Len(), GP64()).(reg.GPVirtual)
	var slices []Mem
	for _, name := range []string{"p", "g", "m", "v"} {
		slices = append(slices, Mem{Base: Load(Param(name).Base(), GP64()), Index: at, Scale: 1})
	}
	Label(fn + "_whole")
	CMPQ(n, U32(s.lanes()))
	JLT(LabelRef(fn + "_tail"))
	s.adamStep(slices, s.load, s.store)
	ADDQ(U32(s.bytes()), at)
	SUBQ(U32(s.lanes()), n)
	JMP(LabelRef(fn + "_whole"))

	Label(fn + "_tail")
	TESTQ(n, n)
	JEQ(LabelRef(fn + "_end"))
	m := s.masks(n, 1)[0]
	s.adamStep(slices,
		func(r vec, a Mem) { s.loadMasked(r, a, m) },
		func(a Mem, r vec) { s.storeMasked(a, r, m) })
	Label(fn + "_end")
	end()
}

// adamStep updates one register of each slice. The scalars are loaded each time:
// with AVX2 there are not registers enough, and memory bounds the kernel anyway.
func (s isa) adamStep(slices []Mem, load func(vec, Mem), store func(Mem, vec)) {
	scalar := func(name string) vec {
		r := s.reg()
		addr, err := Param(name).Resolve()
		if err != nil {
			panic(err)
		}
		s.broadcast(r, addr.Addr)
		return r
	}
	p, d, m, v := s.reg(), s.reg(), s.reg(), s.reg()
	for i, r := range []vec{p, d, m, v} {
		load(r, slices[i])
	}
	couple, decay := scalar("couple"), s.reg()
	s.mul(decay, couple, p)
	// Without decay an infinite p must not turn d into NaN.
	s.add(d, d, s.only(s.compare(couple, s.clear(), notEqual), decay))

	s.mul(m, m, scalar("beta1"))
	s.fma(m, d, scalar("fresh1"))
	store(slices[2], m)
	s.mul(d, d, d)
	s.mul(v, v, scalar("beta2"))
	s.fma(v, d, scalar("fresh2"))
	store(slices[3], v)

	root := s.reg()
	s.sqrt(root, v)
	s.horner(root, scalar("root"), scalar("epsilon"))
	s.mul(m, m, scalar("rate"))
	s.div(m, m, root)
	s.mul(p, p, scalar("keep"))
	s.sub(p, p, m)
	store(slices[0], p)
}
