package cuda

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// kind is the type of a register.
type kind uint8

// The kinds. Integers are signed but for division and shifts, which only see what is not negative.
const (
	i32 kind = iota
	i64
	f32
	f64
	pred
)

// kinds are how PTX writes the kinds: arithmetic, bits, unsigned; register prefix; bytes.
var kinds = [...]struct {
	name, bits, unsigned, reg string
	size                      int
}{
	i32: {"s32", "b32", "u32", "%r", 4}, i64: {"s64", "b64", "u64", "%rd", 8},
	f32: {"f32", "f32", "f32", "%f", 4}, f64: {"f64", "f64", "f64", "%fd", 8}, pred: {"pred", "pred", "pred", "%p", 1},
}

// isFloat says whether arithmetic rounds.
func (k kind) isFloat() bool { return k == f32 || k == f64 }

// val is a register or an immediate.
type val struct {
	kind kind
	text string
}

// code is one entry point under construction. Its methods append instructions and answer with the registers that hold
// their results.
type code struct {
	head, body strings.Builder // head: addresses, which every path needs
	regs       [pred + 1]int
	labels     int
	args       []arg
	bases      []val // of args
	values     values
	shared     int    // bytes of shared memory
	fault      string // what it means that the launch has failed, if it can
	guarded    bool
	target     int // least compute capability times ten, 0 for the oldest
}

// emit appends one instruction.
func (c *code) emit(format string, args ...any) {
	fmt.Fprintf(&c.body, "\t"+format+";\n", args...)
}

// reg is a fresh register.
func (c *code) reg(k kind) val {
	c.regs[k]++
	return val{k, fmt.Sprintf("%s%d", kinds[k].reg, c.regs[k])}
}

// num is an immediate. Floats are written as their bits, so that nothing is rounded on the way.
func num(k kind, x float64) val {
	switch k {
	case f32:
		return val{k, fmt.Sprintf("0f%08X", math.Float32bits(float32(x)))}
	case f64:
		return val{k, fmt.Sprintf("0d%016X", math.Float64bits(x))}
	}
	return val{k, fmt.Sprint(int64(x))}
}

// n is an immediate index.
func n(i int) val { return val{i32, fmt.Sprint(i)} }

// bits64 is an immediate of 64 bits.
func bits64(x uint64) val { return val{i64, fmt.Sprint(int64(x))} }

// op appends dst = name.suffix args for a fresh register of kind k, or finds that it is known.
func (c *code) op(k kind, name string, args ...val) val {
	instruction := name + " " + list(args)
	if d, ok := c.values.find(instruction); ok && d.kind == k {
		return d
	}
	d := c.reg(k)
	c.emit("%s %s", name, list(append([]val{d}, args...)))
	c.values.keep(instruction, args, d)
	return d
}

// list is the texts of args.
func list(args []val) string {
	t := make([]string, len(args))
	for i, a := range args {
		t[i] = a.text
	}
	return strings.Join(t, ", ")
}

// mode is the suffix of arithmetic: floats round to nearest and are never contracted, products of integers keep the
// low half.
func mode(name string, k kind) string {
	switch {
	case k.isFloat():
		return name + ".rn." + kinds[k].name
	case name == "mul" || name == "mad":
		return name + ".lo." + kinds[k].name
	}
	return name + "." + kinds[k].name
}

// is says whether a is the given immediate of an integer kind.
func (a val) is(i int) bool { return !a.kind.isFloat() && a.text == strconv.Itoa(i) }

// add, sub and mul are arithmetic of one kind. Integers that change nothing are left out: the answer is then an operand
// itself, and changes with it where it is a [code.variable].
func (c *code) add(a, b val) val {
	x, first := a.literal()
	y, second := b.literal()
	switch {
	case first && second:
		return n(x + y)
	case b.is(0):
		return a
	case a.is(0):
		return b
	}
	return c.op(a.kind, mode("add", a.kind), a, b)
}

func (c *code) sub(a, b val) val {
	if b.is(0) {
		return a
	}
	return c.op(a.kind, mode("sub", a.kind), a, b)
}

func (c *code) mul(a, b val) val {
	x, first := a.literal()
	y, second := b.literal()
	switch {
	case first && second:
		return n(x * y)
	case b.is(1), a.is(0):
		return a
	case a.is(1), b.is(0):
		return b
	}
	return c.op(a.kind, mode("mul", a.kind), a, b)
}

// fma is a·b + d with one rounding.
func (c *code) fma(a, b, d val) val { return c.op(a.kind, mode("fma", a.kind), a, b, d) }

// div is a/b, for integers that are not negative the whole part.
func (c *code) div(a, b val) val {
	if a.kind.isFloat() {
		return c.op(a.kind, mode("div", a.kind), a, b)
	}
	return c.op(a.kind, "div."+kinds[a.kind].unsigned, a, b)
}

// rem is the remainder of integers that are not negative.
func (c *code) rem(a, b val) val { return c.op(a.kind, "rem."+kinds[a.kind].unsigned, a, b) }

// neg, abs and sqrt are what they say.
func (c *code) neg(a val) val  { return c.op(a.kind, "neg."+kinds[a.kind].name, a) }
func (c *code) abs(a val) val  { return c.op(a.kind, "abs."+kinds[a.kind].name, a) }
func (c *code) sqrt(a val) val { return c.op(a.kind, mode("sqrt", a.kind), a) }

// bit is and, or, xor, shl or shr on bits.
func (c *code) bit(name string, a, b val) val {
	suffix := kinds[a.kind].bits
	if name == "shr" {
		suffix = kinds[a.kind].unsigned
	}
	return c.op(a.kind, name+"."+suffix, a, b)
}

// cmp compares: lt, le, gt, ge, eq, ne; with NaN all but ne are false. neu is the ne that is true for NaN.
func (c *code) cmp(rel string, a, b val) val {
	if rel == "ne" && a.kind.isFloat() {
		rel = "neu"
	}
	return c.op(pred, "setp."+rel+"."+kinds[a.kind].name, a, b)
}

// and, or and not are of predicates.
func (c *code) and(a, b val) val { return c.op(pred, "and.pred", a, b) }
func (c *code) or(a, b val) val  { return c.op(pred, "or.pred", a, b) }
func (c *code) not(a val) val    { return c.op(pred, "not.pred", a) }

// nan says whether a is not a number.
func (c *code) nan(a val) val { return c.cmp("ne", a, a) }

// pick is a where p, else b.
func (c *code) pick(p, a, b val) val {
	return c.op(a.kind, "selp."+kinds[a.kind].bits, a, b, p)
}

// to converts: floats to integers by rounding to the nearest, anything else by value.
func (c *code) to(k kind, a val) val {
	if k == a.kind {
		return a
	}
	round := ""
	switch {
	case !k.isFloat() && a.kind.isFloat():
		round = ".rni"
	case k.isFloat() && !a.kind.isFloat(), k == f32 && a.kind == f64:
		round = ".rn"
	}
	return c.op(k, fmt.Sprintf("cvt%s.%s.%s", round, kinds[k].name, kinds[a.kind].name), a)
}

// move copies bits between kinds of one size.
func (c *code) move(k kind, a val) val { return c.op(k, "mov.b"+fmt.Sprint(8*kinds[k].size), a) }

// variable is a register that set may write again.
func (c *code) variable(a val) val {
	v := c.reg(a.kind)
	c.set(v, a)
	return v
}

// set writes a register again.
func (c *code) set(v, a val) { c.emit("mov.%s %s, %s", kinds[v.kind].bits, v.text, a.text) }

// at is the address of element i of an array.
func (c *code) at(base, i val, k kind) val {
	if i.text == "0" {
		return base
	}
	return c.op(i64, "mad.wide.s32", i, n(kinds[k].size), base)
}

// load reads element i of an array in device memory. Tables are constants, which the card may keep where it keeps those.
func (c *code) load(k kind, base, i val) val {
	space := "ld.global."
	if c.holds(base).from == table {
		space = "ld.global.nc."
	}
	return c.op(k, space+kinds[k].bits, val{i64, "[" + c.at(base, i, k).text + "]"})
}

// holds is the argument whose address base is.
func (c *code) holds(base val) arg {
	for i, b := range c.bases {
		if b == base {
			return c.args[i]
		}
	}
	return arg{}
}

// store writes element i of an array in device memory.
func (c *code) store(base, i, x val) {
	c.emit("st.global.%s [%s], %s", kinds[x.kind].bits, c.at(base, i, x.kind).text, x.text)
}

// share reserves an array in shared memory and answers with its address.
func (c *code) share(k kind, elems int) val {
	c.shared = (c.shared + 7) / 8 * 8
	base := c.reg(i64)
	fmt.Fprintf(&c.head, "\tmov.u64 %s, block;\n", base.text)
	if c.shared > 0 {
		fmt.Fprintf(&c.head, "\tadd.s64 %s, %s, %d;\n", base.text, base.text, c.shared)
	}
	c.shared += elems * kinds[k].size
	c.values.settle(base)
	return base
}

// note says to readers of the text what comes next, in ASCII: translators take nothing else, in comments neither.
func (c *code) note(format string, args ...any) {
	ascii := func(r rune) rune {
		if r > 126 {
			return '?'
		}
		return r
	}
	c.body.WriteString("\t// " + strings.Map(ascii, fmt.Sprintf(format, args...)) + "\n")
}

// get reads element i of a shared array, off elements further.
func (c *code) get(k kind, base, i val, off int) val {
	place := c.at(base, i, k).text
	if off != 0 {
		place += fmt.Sprint("+", off*kinds[k].size)
	}
	return c.op(k, "ld.shared."+kinds[k].bits, val{i64, "[" + place + "]"})
}

// put writes element i of a shared array.
func (c *code) put(base, i, x val) {
	c.emit("st.shared.%s [%s], %s", kinds[x.kind].bits, c.at(base, i, x.kind).text, x.text)
}

// sync waits for all threads of the block.
func (c *code) sync() { c.emit("bar.sync 0") }

// label is a fresh name for a place.
func (c *code) label() string {
	c.labels++
	return fmt.Sprintf("L%d", c.labels)
}

// place defines a label here.
func (c *code) place(label string) { fmt.Fprintf(&c.body, "%s:\n", label) }

// when runs body where p is true.
func (c *code) when(p val, body func()) {
	end := c.label()
	c.emit("@!%s bra %s", p.text, end)
	c.values.within(body)
	c.place(end)
}

// loop runs body for i = lo, lo+step, … below hi.
func (c *code) loop(lo, hi, step val, body func(i val)) {
	i := c.variable(lo)
	top, end := c.label(), c.label()
	c.place(top)
	c.emit("@!%s bra %s", c.cmp("lt", i, hi).text, end)
	c.values.within(func() {
		c.values.settle(i)
		body(i)
	})
	c.values.vary(i)
	c.set(i, c.add(i, step))
	c.emit("bra %s", top)
	c.place(end)
}

// while runs body, which says whether to go on, at least once.
func (c *code) while(body func() val) {
	top := c.label()
	c.place(top)
	c.values.within(func() { c.emit("@%s bra %s", body().text, top) })
}

// special reads a special register as an index.
func (c *code) special(name string) val { return c.op(i32, "mov.u32", val{i32, "%" + name}) }

// addr is the address that an argument of the launch holds.
func (c *code) addr(a arg) val {
	for i, have := range c.args {
		if have == a {
			return c.bases[i]
		}
	}
	raw, base := c.reg(i64), c.reg(i64)
	fmt.Fprintf(&c.head, "\tld.param.u64 %s, [p%d];\n\tcvta.to.global.u64 %s, %s;\n", raw.text, len(c.args), base.text, raw.text)
	c.args, c.bases = append(c.args, a), append(c.bases, base)
	c.values.settle(base)
	return base
}

// in and out are the addresses of operand and result i.
func (c *code) in(i int) val  { return c.addr(arg{operand, i}) }
func (c *code) out(i int) val { return c.addr(arg{result, i}) }

// fail marks the run as failed where p is true; message says what is wrong.
func (c *code) fail(p val, message string) {
	c.fault = message
	here, all := c.addr(arg{fault, 0}), c.addr(arg{fault, 1})
	c.when(p, func() {
		one := c.variable(n(1))
		c.store(here, n(0), one)
		c.store(all, n(0), one)
	})
}

// guard lets the launch do nothing once a run has failed, so that what failed is never committed.
func (c *code) guard() {
	if c.guarded {
		return
	}
	c.guarded = true
	all, failed, p := c.addr(arg{fault, 1}), c.reg(i32), c.reg(pred)
	fmt.Fprintf(&c.head, "\tld.global.b32 %s, [%s];\n\tsetp.ne.s32 %s, %s, 0;\n\t@%s bra END;\n", failed.text, all.text, p.text, failed.text, p.text)
}

// finish is the text of the entry point for blocks of some threads. The translator must know how many, or it takes more
// registers a thread than such a block can have.
func (c *code) finish(name string, block int) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".visible .entry %s(", name)
	for i := range c.args {
		sep := ", "
		if i == 0 {
			sep = ""
		}
		fmt.Fprintf(&b, "%s.param .u64 p%d", sep, i)
	}
	fmt.Fprintf(&b, ")\n.maxntid %d, 1, 1\n{\n", block)
	for k, regs := range c.regs {
		if regs > 0 {
			fmt.Fprintf(&b, "\t.reg .%s %s<%d>;\n", declared[k], kinds[k].reg, regs+1)
		}
	}
	if c.shared > 0 {
		fmt.Fprintf(&b, "\t.shared .align 8 .b8 block[%d];\n", c.shared)
	}
	b.WriteString(c.head.String())
	b.WriteString(c.body.String())
	b.WriteString("END:\n\tret;\n}\n")
	return b.String()
}

// declared are the kinds in declarations of registers.
var declared = [...]string{i32: "b32", i64: "b64", f32: "f32", f64: "f64", pred: "pred"}

// header begins a module for cards from a compute capability on. The version is that of CUDA 11.0, the first that knows all
// instructions that are used here.
func header(target int) string {
	return fmt.Sprintf(".version 7.0\n.target sm_%d\n.address_size 64\n\n", target)
}
