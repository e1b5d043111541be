package cuda

import (
	"errors"
	"fmt"
	"math"

	"rpnc/graph"
)

// From an op to kernels. Bind is given an op and types and writes PTX for exactly these: shapes,
// strides and tables are constants of the code, so there are no arguments but addresses, divisions are
// by constants, and loops have known ends. A kernel is a list of launches, run in order on one stream;
// what one hands on to the next is in scratch. Memory comes later (see [Sequence]): the same kernel
// could run at other addresses.
//
// Each family of ops has a file with a method that answers whether it knows the op. Ops are told apart
// by their Go types.

// ErrNoKernel reports an op that has no kernel for the device.
var ErrNoKernel = errors.New("no CUDA kernel")

// Kernel is an op bound to types: what runs on a device, before it has any memory.
//
// tables are integers that are known now; scratch is in bytes, a piece for each call of space.
type Kernel struct {
	name     string
	launches []launch
	tables   [][]int32 // constants of the kernel in device memory
	scratch  []int     // bytes of memory that launches hand on

	alternatives []alternative // products among the launches, in their order
}

// Launches is the number of launches of one run without a library of products.
func (k *Kernel) Launches() int { return len(k.launches) }

// launch is one grid of threads.
type launch struct {
	code        *code
	grid, block int
}

// arg is an address that a launch is given.
type arg struct {
	from source
	i    int
}

// source says where the address of an [arg] comes from.
type source uint8

// The sources. Fault 0 is the word of the task, fault 1 that of the whole sequence.
const (
	operand source = iota
	result
	table
	scratch
	fault
)

// binder builds the kernel of one op.
//
// kind is float64 if any operand or result is.
type binder struct {
	kernel  *Kernel
	in, out []graph.Type
	kind    kind // of the floats that the op computes with
	math    Math
}

// Bind writes the kernel of op on the given types; m says how it multiplies matrices, if it does. Ops without a kernel give
// an error that wraps [ErrNoKernel].
func Bind(op graph.Op, in, out []graph.Type, m Math) (*Kernel, error) {
	b := &binder{kernel: &Kernel{name: title(op.Name(), in)}, in: in, out: out, kind: f32, math: m}
	for _, t := range append(append([]graph.Type(nil), in...), out...) {
		if t.Shape.Size() > math.MaxInt32/8 {
			return nil, fmt.Errorf("cuda.Bind: %s of %v: %v has more elements than a kernel can count; want at most %d", op.Name(), in, t, math.MaxInt32/8)
		}
		if t.DType == graph.F64 {
			b.kind = f64
		}
	}
	if err := b.build(op); err != nil {
		return nil, fmt.Errorf("cuda.Bind: %s: %w", b.kernel.name, err)
	}
	return b.kernel, nil
}

// Copy is the kernel that copies a tensor.
func Copy(t graph.Type) *Kernel {
	b := &binder{kernel: &Kernel{name: title("Copy", []graph.Type{t})}, in: []graph.Type{t}, out: []graph.Type{t}, kind: kindOf(t)}
	b.copy()
	return b.kernel
}

// build picks the builder of a family, by the type of the op.
func (b *binder) build(op graph.Op) error {
	for _, family := range []func(*binder, graph.Op) bool{
		(*binder).map1, (*binder).sums, (*binder).products, (*binder).movement, (*binder).places, (*binder).sparse,
		(*binder).orders, (*binder).optimizers, (*binder).pairs, (*binder).trilinears, (*binder).patches,
		(*binder).normRelus,
	} {
		if family(b, op) {
			return nil
		}
	}
	return ErrNoKernel
}

// kindOf is the kind of a tensor's elements.
func kindOf(t graph.Type) kind {
	switch t.DType {
	case graph.F32:
		return f32
	case graph.F64:
		return f64
	}
	return i32
}

// blockSize is the number of threads of a block where nothing asks for another.
const blockSize = 256

// launch adds a grid.
//
// f runs once, now, and writes the code that every thread will run.
func (b *binder) launch(grid, block int, f func(c *code)) {
	c := &code{values: newValues()}
	f(c)
	c.tidy()
	b.kernel.launches = append(b.kernel.launches, launch{c, grid, block})
}

// each gives every number below size a thread.
//
// Threads beyond size leave at once. That is allowed only where the code has no barrier.
func (b *binder) each(size int, f func(c *code, i val)) {
	if size == 0 {
		return
	}
	b.launch((size+blockSize-1)/blockSize, blockSize, func(c *code) {
		i := c.op(i32, "mad.lo.s32", c.special("ctaid.x"), n(blockSize), c.special("tid.x"))
		c.emit("@!%s bra END", c.cmp("lt", i, n(size)).text)
		f(c, i)
	})
}

// table keeps integers in device memory.
//
// It is brought to the device when the kernel is loaded.
func (b *binder) table(v []int32) arg {
	b.kernel.tables = append(b.kernel.tables, v)
	return arg{table, len(b.kernel.tables) - 1}
}

// space reserves memory for elems numbers between launches.
func (b *binder) space(k kind, elems int) arg {
	b.kernel.scratch = append(b.kernel.scratch, elems*kinds[k].size)
	return arg{scratch, len(b.kernel.scratch) - 1}
}

// copy copies operand 0.
func (b *binder) copy() {
	b.each(b.out[0].Shape.Size(), func(c *code, i val) { c.store(c.out(0), i, c.load(b.kind, c.in(0), i)) })
}

// num is an immediate of the op's kind.
func (b *binder) num(x float64) val { return num(b.kind, x) }

// float reads element i of a float operand.
func (b *binder) float(c *code, operand int, i val) val { return c.load(b.kind, c.in(operand), i) }

// axis resolves a negative axis and splits a shape there: outer × size × inner.
func axis(s graph.Shape, ax int) (outer, size, inner int) {
	if ax < 0 {
		ax += s.Rank()
	}
	return s.Sub(0, ax).Size(), s.Dim(ax), s.Sub(ax+1, s.Rank()).Size()
}

// split2 is i/w and i mod w.
func (c *code) split2(i val, w int) (q, r val) {
	if w == 1 {
		return i, n(0)
	}
	q = c.div(i, n(w))
	return q, c.mad(q, -w, i)
}

// mad is i·w + j for a fixed w.
func (c *code) mad(i val, w int, j val) val {
	if _, known := i.literal(); known || w == 0 || w == 1 || j.is(0) {
		return c.add(c.mul(i, n(w)), j)
	}
	return c.op(i32, "mad.lo.s32", i, n(w), j)
}

// index is Σ coordinateᵢ·strideᵢ.
func (c *code) index(coords []val, strides []int) val {
	sum := n(0)
	for i, s := range strides {
		if s != 0 && coords[i].text != "0" {
			sum = c.mad(coords[i], s, sum)
		}
	}
	return sum
}

// coords splits a row-major index into coordinates.
//
// The last axis comes out first, and what is left over is the first coordinate: rank − 1 divisions.
func (c *code) coords(i val, dims []int) []val {
	at := make([]val, len(dims))
	for ax := len(dims) - 1; ax > 0; ax-- {
		switch {
		case dims[ax] == 1:
			at[ax] = n(0)
		default:
			i, at[ax] = c.split2(i, dims[ax])
		}
	}
	if len(dims) > 0 {
		at[0] = i
	}
	return at
}

// strides are those of a row-major tensor.
func strides(s graph.Shape) []int {
	st := make([]int, s.Rank())
	for i := range st {
		st[i] = s.Sub(i+1, s.Rank()).Size()
	}
	return st
}

// isStep says whether operand i is a count rather than numbers.
func (b *binder) isStep(i int) bool { return b.in[i].DType == graph.I32 }

// title is how errors name a kernel: the op and the types of its operands.
func title(op string, in []graph.Type) string {
	for _, t := range in {
		op += " " + t.String()
	}
	return op
}
