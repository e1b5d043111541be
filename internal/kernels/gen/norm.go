package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// How batch norm with a relu is computed. In training y = max(a·x + c, 0) with a = γ/σ, c = β − a·μ for
// each column, and its backward needs two sums for each column and then one more map:
//
//	t = dy where a·x + c > 0, else 0
//	Σ t, Σ t·(x − shift)          →  k₁, k₂, and the gradients of β and γ
//	dx = a·t + k₁ + k₂·(x − shift)
//
// Each is one pass over the matrices with everything that belongs to a column in registers; the
// activations are read once and the relu's mask is recomputed (one FMA and one comparison) instead of
// stored, since memory is what these kernels wait for.
//
// Sums are centred about shift, a value near the mean: Σ x² − (Σ x)²/n cancels where the mean is large
// beside the spread.
//
// All kernels have one skeleton, columnwise, and differ in a body of a few instructions: which vectors
// and matrices it reads, which sums it keeps, and what it makes of one register.

// Offsets of the fields of normArgs in package kernels: matrices, the distances of their rows in bytes, sizes, and
// vectors with an element a column.
const (
	normX = 8 * iota
	normD
	normY
	normRowX
	normRowD
	normRowY
	normRows
	normCols
	normShift
	normA
	normC
	normK1
	normK2
	normSum
	normSum2
)

// columnwise is a kernel that goes down the rows of matrices, with vectors and sums of as many columns as fit into
// registers.
//
// A body gets the vectors v and matrices m of one register of columns by field, and adds to sums; it
// returns y if writes is set. p is the address of the arguments, cols the columns left, j the bytes of
// columns done, added to every base address.
type columnwise struct {
	isa
	fn       string
	vectors  []int // fields that are read
	matrices []int // fields that rows are read from
	writes   bool  // normY
	sums     []int // fields that are written in the end
	body     func(c *columnwise, v, m map[int]vec, sums []vec) (y vec)

	p         reg.Register
	cols, j   reg.GPVirtual
	zero, one vec
}

// norms writes the kernels of batch norm with a relu behind it: y = max(a·x + c, 0), a and c a vector each.
func norms(s isa) {
	for _, c := range []*columnwise{
		// Σ (x − shift)²
		{fn: "spread", vectors: []int{normShift}, matrices: []int{normX}, sums: []int{normSum},
			body: func(c *columnwise, v, m map[int]vec, sums []vec) vec {
				t := c.centred(v, m)
				c.fma(sums[0], t, t)
				return nil
			}},
		{fn: "reluAffine", vectors: []int{normA, normC}, matrices: []int{normX}, writes: true,
			body: func(c *columnwise, v, m map[int]vec, _ []vec) vec { return c.relu(c.affine(v, m)) }},
		// The same added to what y is.
		{fn: "reluAffineAdd", vectors: []int{normA, normC}, matrices: []int{normX, normY}, writes: true,
			body: func(c *columnwise, v, m map[int]vec, _ []vec) vec {
				z := c.relu(c.affine(v, m))
				c.add(z, z, m[normY])
				return z
			}},
		// Σ t and Σ t·(x − shift), t the d that the relu lets through.
		{fn: "reluSums", vectors: []int{normShift, normA, normC}, matrices: []int{normX, normD}, sums: []int{normSum, normSum2},
			body: func(c *columnwise, v, m map[int]vec, sums []vec) vec {
				t := c.through(v, m)
				c.add(sums[0], sums[0], t)
				c.fma(sums[1], t, c.centred(v, m))
				return nil
			}},
		// y = a·t + k₁ + k₂·(x − shift), and its sum.
		{fn: "reluBack", vectors: []int{normShift, normA, normC, normK1, normK2}, matrices: []int{normX, normD}, writes: true,
			sums: []int{normSum},
			body: func(c *columnwise, v, m map[int]vec, sums []vec) vec {
				t, y := c.through(v, m), c.reg()
				c.move(y, v[normK1])
				c.fma(y, t, v[normA])
				c.fma(y, c.centred(v, m), v[normK2])
				c.add(sums[0], sums[0], y)
				return y
			}},
	} {
		c.isa = s
		c.write()
	}
}

// centred is x − shift.
func (c *columnwise) centred(v, m map[int]vec) vec {
	t := c.reg()
	c.sub(t, m[normX], v[normShift])
	return t
}

// affine is a·x + c.
func (c *columnwise) affine(v, m map[int]vec) vec {
	t := c.reg()
	c.move(t, v[normC])
	c.fma(t, m[normX], v[normA])
	return t
}

// relu is max(x, 0); of a NaN the instruction returns its second source.
//
// The second source is x, so NaN stays NaN.
func (c *columnwise) relu(x vec) vec {
	c.greater(x, c.zero, x)
	return x
}

// through is d times 1 where the relu is above 0, else times 0.
//
// It is a product and not a selection: a d that is Inf or NaN shows even where the relu is shut, as it
// does where the parts are computed one by one.
func (c *columnwise) through(v, m map[int]vec) vec {
	t := c.only(c.compare(c.affine(v, m), c.zero, greaterThan), c.one)
	c.mul(t, t, m[normD])
	return t
}

// write goes over the columns, a number of registers at once and then one, which may be part of one.
//
// Four registers at once read 256 bytes of a row in one stretch; AVX2 has not registers enough for four
// times vectors, sums and temporaries.
func (c *columnwise) write() {
	c.fn = c.name(c.fn)
	TEXT(c.fn, NOSPLIT, "func(args *uint64)")
	Pragma("noescape")
	c.p = Load(Param("args"), GP64())
	c.cols, c.j = GP64(), GP64()
	MOVQ(Mem{Base: c.p, Disp: normCols}, c.cols)
	XORQ(c.j, c.j)
	c.zero, c.one = c.clear(), c.reg()
	c.broadcast(c.one, c.number(1))
	if c.zmm {
		c.blocks("wide", 4)
	}
	c.blocks("whole", 1)
	TESTQ(c.cols, c.cols)
	JEQ(LabelRef(c.fn + "_end"))
	left := GP64()
	MOVQ(c.cols, left)
	m := c.masks(left, 1)[0]
	c.block("part", 1, &m)
	Label(c.fn + "_end")
	end()
}

// blocks takes count registers of columns while there are as many.
func (c *columnwise) blocks(label string, count int) {
	Label(c.fn + "_" + label)
	CMPQ(c.cols, U32(count*c.lanes()))
	JLT(LabelRef(c.fn + "_" + label + "_done"))
	c.block(label, count, nil)
	ADDQ(U32(count*c.bytes()), c.j)
	SUBQ(U32(count*c.lanes()), c.cols)
	JMP(LabelRef(c.fn + "_" + label))
	Label(c.fn + "_" + label + "_done")
}

// pointer is the address of the columns at hand in a field.
func (c *columnwise) pointer(field int) reg.GPVirtual {
	r := GP64()
	MOVQ(Mem{Base: c.p, Disp: field}, r)
	ADDQ(c.j, r)
	return r
}

// get and put move a register of columns, of which a mask may leave some out.
func (c *columnwise) get(m Mem, part *mask) vec {
	r := c.reg()
	if part != nil {
		c.loadMasked(r, m, *part)
	} else {
		c.load(r, m)
	}
	return r
}

func (c *columnwise) put(m Mem, r vec, part *mask) {
	if part != nil {
		c.storeMasked(m, r, *part)
	} else {
		c.store(m, r)
	}
}

// block goes down the rows with count registers of columns.
//
// Vectors are loaded once, sums begin at 0 and are stored at the end, so a
// call overwrites them; callers cut work by columns and never by rows. rows is at least 1. A matrix that is
// both read and written, as in reluAffineAdd, has one pointer.
func (c *columnwise) block(label string, count int, part *mask) {
	vectors, sums := make([]map[int]vec, count), make([][]vec, count)
	for u := range count {
		vectors[u] = map[int]vec{}
	}
	for _, f := range c.vectors {
		p := c.pointer(f)
		for u := range count {
			vectors[u][f] = c.get(Mem{Base: p, Disp: u * c.bytes()}, part)
		}
	}
	for u := range count {
		for range c.sums {
			sums[u] = append(sums[u], c.clear())
		}
	}
	at, step := map[int]reg.GPVirtual{}, map[int]int{normX: normRowX, normD: normRowD, normY: normRowY}
	moving := c.matrices
	if c.writes {
		moving = append([]int{normY}, moving...)
	}
	for _, f := range moving {
		if _, ok := at[f]; !ok {
			at[f] = c.pointer(f)
		}
	}
	rows := GP64()
	MOVQ(Mem{Base: c.p, Disp: normRows}, rows)
	Label(c.fn + "_" + label + "_row")
	for u := range count {
		m := map[int]vec{}
		for _, f := range c.matrices {
			m[f] = c.get(Mem{Base: at[f], Disp: u * c.bytes()}, part)
		}
		if y := c.body(c, vectors[u], m, sums[u]); c.writes {
			c.put(Mem{Base: at[normY], Disp: u * c.bytes()}, y, part)
		}
	}
	for _, f := range []int{normX, normD, normY} {
		if r, ok := at[f]; ok {
			ADDQ(Mem{Base: c.p, Disp: step[f]}, r)
		}
	}
	DECQ(rows)
	JNE(LabelRef(c.fn + "_" + label + "_row"))
	for i, f := range c.sums {
		p := c.pointer(f)
		for u := range count {
			c.put(Mem{Base: p, Disp: u * c.bytes()}, sums[u][i], part)
		}
	}
}
