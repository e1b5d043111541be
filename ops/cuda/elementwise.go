package cuda

import (
	"math"

	"rpnc/graph"
	"rpnc/ops"
)

// A fused chain of elementwise ops is one kernel: its inputs are loaded, its instructions run in
// registers, its results stored; a chain of ten ops reads and writes memory once instead of ten times,
// which is all that an elementwise kernel costs. Single ops are programs of one instruction, so there
// is one way to make code for all.
//
// Random bits for dropout are computed where they are used, by the same splitmix64 hash of (seed,
// stream, step, element) as on the CPU: forward and backward make the same mask again instead of
// storing it.

// map1 builds what computes every element from those at the same place.
func (b *binder) map1(op graph.Op) bool {
	one := func(inputs int, code ...ops.Instr) {
		b.elementwise(ops.NewProgram(inputs, nil, code, inputs+len(code)-1), b.out[0].Shape)
	}
	switch op := op.(type) {
	case ops.Unary:
		one(1, ops.Instr{Op: op, A: 0, B: -1})
	case ops.Binary, graph.Add:
		one(2, ops.Instr{Op: op, A: 0, B: 1})
	case ops.Dropout:
		one(2, ops.Instr{Op: op, A: 0, B: 1})
	case ops.Broadcast:
		one(1)
	case ops.Elementwise:
		b.elementwise(op.Prog, op.Shape)
	case ops.AddInt:
		b.each(b.out[0].Shape.Size(), func(c *code, i val) {
			c.store(c.out(0), i, c.add(c.load(i32, c.in(0), i), n(int(op.C))))
		})
	default:
		return false
	}
	return true
}

// elementwise runs a program with a thread an element.
func (b *binder) elementwise(p ops.Program, shape graph.Shape) {
	b.each(shape.Size(), func(c *code, i val) {
		at := c.coords(i, shape.Dims())
		for k, y := range b.program(c, p, shape, i, at) {
			c.store(c.out(k), i, y)
		}
	})
}

// program computes the results of p for element i of shape, which is at the coordinates at.
//
// Operands of the result's size are read at i; broadcast ones through strides that are 0 along repeated
// axes; the step of a dropout is one integer. v holds inputs, immediates and results of instructions in
// this order, as programs number them.
func (b *binder) program(c *code, p ops.Program, shape graph.Shape, i val, at []val) (out []val) {
	v := make([]val, 0, p.Inputs+p.Imm.Len())
	for k := range p.Inputs {
		switch s := b.in[k].Shape; {
		case b.isStep(k):
			v = append(v, c.load(i32, c.in(k), n(0)))
		case s.Size() == shape.Size():
			v = append(v, b.float(c, k, i))
		default:
			v = append(v, b.float(c, k, c.index(at, ops.SourceStrides(s, shape))))
		}
	}
	for _, x := range p.Imm.Slice() {
		v = append(v, b.num(x))
	}
	for _, in := range p.Instrs() {
		second, name := val{}, v[in.A].text
		if in.B >= 0 {
			second = v[in.B]
			name += ", " + second.text
		}
		c.note("%s(%s)", in.Op.Name(), name)
		v = append(v, c.primitive(in.Op, v[in.A], second, i))
	}
	for _, k := range p.Out.Slice() {
		out = append(out, v[k])
	}
	return out
}

// primitive applies one elementwise op; i is the number of the element.
func (c *code) primitive(op graph.Op, x, y, i val) val {
	switch op := op.(type) {
	case ops.Unary:
		return c.unary(op.Kind, x)
	case ops.Dropout:
		return c.dropout(op, x, y, i)
	case ops.Binary:
		return [...]func(*code, val, val) val{(*code).sub, (*code).mul, (*code).div}[op.Kind](c, x, y)
	}
	return c.add(x, y)
}

// unary applies a function of one operand.
//
// Simple ones are an instruction or two in the element's precision, transcendental ones are computed in
// double precision and rounded.
func (c *code) unary(k ops.UnaryKind, x val) val {
	if f := simple[k]; f != nil {
		return f(c, x)
	}
	return c.wide(transcendental[k], x)
}

// The numbers of the generator: see graph.Key.
const (
	golden  = 0x9E3779B97F4A7C15
	subSalt = 0x3C6EF372FE94F82B
	mixA    = 0xBF58476D1CE4E5B9
	mixB    = 0x94D049BB133111EB
)

// mix is the finaliser of splitmix64.
func (c *code) mix(z val) val {
	z = c.mul(c.bit("xor", z, c.bit("shr", z, n(30))), bits64(mixA))
	z = c.mul(c.bit("xor", z, c.bit("shr", z, n(27))), bits64(mixB))
	return c.bit("xor", z, c.bit("shr", z, n(31)))
}

// key is the random stream of one step under that of a site.
func (c *code) key(site graph.Key, step val) val {
	wide := c.op(i64, "cvt.u64.u32", step)
	return c.mix(c.bit("xor", c.mix(c.add(wide, bits64(subSalt))), bits64(uint64(site))))
}

// random is 53 random bits for element i of a stream.
func (c *code) random(key, i val) val {
	count := c.op(i64, "cvt.u64.u32", i)
	count = c.mul(c.add(count, bits64(1)), bits64(golden))
	return c.bit("shr", c.mix(c.add(key, count)), n(11))
}

// uniform is the number in [0, 1) of 53 random bits.
func (c *code) uniform(key, i val) val {
	return c.mul(c.op(f64, "cvt.rn.f64.u64", c.random(key, i)), d(0x1p-53))
}

// dropout is x/(1−p) where the random number of element i is p or more, else 0.
//
// The comparison is of integers, r ≥ ⌈p·2⁵³⌉: no rounding decides who stays.
func (c *code) dropout(op ops.Dropout, x, step, i val) val {
	site := graph.NewKey(op.Seed, "dropout").Sub(uint64(op.Stream))
	limit := uint64(math.Ceil(op.P * (1 << 53)))
	stays := c.cmp("ge", c.random(c.key(site, step), i), bits64(limit))
	return c.pick(stays, c.mul(x, num(x.kind, 1/(1-op.P))), num(x.kind, 0))
}
