package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Kernels over the entries of sparse matrices. Rows have few entries, so what is done once a row counts as much as the
// products: a call does many rows, or many entries whatever their rows.

// sparse writes the kernels of a pattern.
func sparse(s isa) {
	s.sparseRows("sparseRows", false)
	s.sparseRows("sparseRowsPicked", true)
	s.sparseBand("sparseBand", false)
	s.sparseBand("sparseBandPicked", true)
	s.sampled()
	s.pickUp()
}

// sparseRows writes func(y []T, rows, ptr, col []int32, val, x []T, width, more int [, at []int32]): rows of a sparse product,
//
//	y[i·width + j] = Σ_q val[q] · x[col[q]·width + j],  ptr[i] ≤ q < ptr[i+1],  for each i of rows
//
// with q from first to last; picked takes val[at[q]] instead, as a transposed matrix has it. With more ≠ 0 the sums are
// added to what y holds.
//
// Columns of entries are anywhere, so the kernel vectorises along j, where rows
// of x are contiguous, and not along q, which would need a gather and a sum across lanes. Four
// registers of y stay put while all entries of a row are added to them; each entry costs an index, a broadcast
// and four FMA with operands from memory. For a width of more than four registers the entries are read again,
// which is cheap beside the rows of x.
//
// Callers list rows by their number of entries: the loop over entries then ends where the processor expects it to. A
// branch that is not foreseen costs as much as the five entries of a row.
//
// The order of q is kept for every j: a result does not depend on the width or on who computes the row.
func (s isa) sparseRows(op string, picked bool) {
	fn := s.name(op)
	signature := fmt.Sprintf("func(y []%s, rows, ptr, col []int32, val, x []%s, width, more int", s.elem(), s.elem())
	if picked {
		signature += ", at []int32"
	}
	TEXT(fn, NOSPLIT, signature+")")
	Pragma("noescape")
	row, left, width := Load(Param("rows").Base(), GP64()), Load(Param("rows").Len(), GP64()), Load(Param("width"), GP64())
	SHLQ(U8(s.size()/4+1), width) // bytes between rows of x
	first, count, n, x, y := GP64(), GP64(), GP64().(reg.GPVirtual), GP64(), GP64()

	Label(fn + "_row")
	SUBQ(U32(1), left)
	JLT(LabelRef(fn + "_end"))
	i, ptr := GP64(), Load(Param("ptr").Base(), GP64())
	MOVLQSX(Mem{Base: row}, i)
	ADDQ(U32(4), row)
	MOVLQSX(Mem{Base: ptr, Index: i, Scale: 4}, first)
	MOVLQSX(Mem{Base: ptr, Index: i, Scale: 4, Disp: 4}, count)
	SUBQ(first, count)
	Load(Param("y").Base(), y)
	IMULQ(width, i)
	ADDQ(i, y)
	Load(Param("x").Base(), x)
	Load(Param("width"), n)
	entries := s.entriesOf(fn, picked, first, count, x, width)
	for _, across := range []int{sums, 1} {
		s.turns(fn, across, n, []reg.Register{x, y}, func(u int) {
			if u > 0 {
				return // all registers of a turn take an entry together
			}
			acc := make([]vec, across)
			for i := range acc {
				acc[i] = s.clear()
			}
			entries(acc, func(i int) { s.load(acc[i], Mem{Base: y, Disp: i * s.bytes()}) }, nil)
			for i, a := range acc {
				s.store(Mem{Base: y, Disp: i * s.bytes()}, a)
			}
		})
	}
	TESTQ(n, n)
	JEQ(LabelRef(fn + "_row"))
	s.rest(fn, n, y, entries)
	Label(fn + "_end")
	end()
}

// rest does the last n columns of a row, less than a register, with the smallest register that holds them: rows of x are
// narrow then, and a load that reaches far beyond one, masked or not, often touches two lines of cache.
func (s isa) rest(fn string, n reg.GPVirtual, y reg.Register, entries adder) {
	shapes := []func() vec{XMM, YMM}
	if s.zmm {
		shapes = append(shapes, ZMM)
	}
	columns := GP64().(reg.GPVirtual)
	MOVQ(n, columns)
	m := s.masks(columns, 1)[0]
	for i, shape := range shapes {
		next := fmt.Sprintf("%s_rest%d", fn, i)
		if i < len(shapes)-1 {
			CMPQ(n, U32(16/s.size()<<i))
			JGT(LabelRef(next))
		}
		acc, mask := shape(), m
		if !s.zmm && i == 0 {
			mask.v = m.v.AsX().(vec)
		}
		VPXOR(acc.AsX(), acc.AsX(), acc.AsX())
		entries([]vec{acc}, func(int) { s.loadMasked(acc, Mem{Base: y}, mask) }, func(r vec, a Mem) { s.loadMasked(r, a, mask) })
		s.storeMasked(Mem{Base: y}, acc, mask)
		JMP(LabelRef(fn + "_row"))
		Label(next)
	}
}

// adder adds the entries of a row to accumulators: begin reads one of them from y, load a register of x where less
// than one is left.
type adder func(acc []vec, begin func(i int), load func(r vec, m Mem))

// entriesOf returns the adder of rows at first, of count entries.
func (s isa) entriesOf(fn string, picked bool, first, count, x, width reg.Register) adder {
	loops := 0
	return func(acc []vec, begin func(i int), load func(r vec, m Mem)) {
		label := fmt.Sprintf("%s_entries%d", fn, loops)
		loops++
		more := Load(Param("more"), GP64())
		TESTQ(more, more)
		JEQ(LabelRef(label + "_fresh"))
		for i := range acc {
			begin(i)
		}
		Label(label + "_fresh")
		col, val, left := Load(Param("col").Base(), GP64()), Load(Param("val").Base(), GP64()), GP64()
		LEAQ(Mem{Base: col, Index: first, Scale: 4}, col)
		at := val
		if picked {
			at = Load(Param("at").Base(), GP64())
			LEAQ(Mem{Base: at, Index: first, Scale: 4}, at)
		} else {
			LEAQ(Mem{Base: val, Index: first, Scale: uint8(s.size())}, val)
		}
		MOVQ(count, left)
		TESTQ(left, left)
		JEQ(LabelRef(label + "_done"))
		Label(label)
		row, factor := GP64(), like(acc[0])
		MOVLQSX(Mem{Base: col}, row)
		IMULQ(width, row)
		if picked {
			place := GP64()
			MOVLQSX(Mem{Base: at}, place)
			s.broadcast(factor, Mem{Base: val, Index: place, Scale: uint8(s.size())})
			ADDQ(U32(4), at)
		} else {
			s.broadcast(factor, Mem{Base: val})
			ADDQ(U32(s.size()), val)
		}
		for u, a := range acc {
			m := Mem{Base: x, Index: row, Scale: 1, Disp: u * s.bytes()}
			if load == nil {
				s.fma(a, factor, m)
				continue
			}
			r := like(acc[0])
			load(r, m)
			s.fma(a, factor, r)
		}
		ADDQ(U32(4), col)
		DECQ(left)
		JNE(LabelRef(label))
		Label(label + "_done")
	}
}

// like is a fresh register as wide as r.
func like(r vec) vec {
	switch r.Size() {
	case 64:
		return ZMM()
	case 32:
		return YMM()
	}
	return XMM()
}

// sampled writes func(y []T, row, col []int32, a, b []T, width int): entries of a product,
//
//	y[e] += Σ_j a[row[e]·width + j] · b[col[e]·width + j]
//
// An entry is one register of sums, or what a mask leaves of it. Four entries are summed across their lanes together: half
// onto half down to 128 bits each, and then neighbours of all four. A lone entry takes the same steps, so that its
// bits do not depend on where it stands.
func (s isa) sampled() {
	fn := s.name("sampled")
	TEXT(fn, NOSPLIT, fmt.Sprintf("func(y []%s, row, col []int32, a, b []%s, width int)", s.elem(), s.elem()))
	Pragma("noescape")
	p := s.sampling()
	Label(fn + "_four")
	CMPQ(p.left, U32(4))
	JLT(LabelRef(fn + "_one"))
	var four []vec
	for u := range 4 {
		four = append(four, p.entry(fmt.Sprintf("%s_entry%d", fn, u), u))
	}
	for i, sum := range s.neighbours(four) {
		to := Mem{Base: p.y, Disp: 16 * i}
		s.add(sum, sum, to)
		s.store(to, sum)
	}
	p.advance(4)
	JMP(LabelRef(fn + "_four"))
	Label(fn + "_one")
	TESTQ(p.left, p.left)
	JEQ(LabelRef(fn + "_end"))
	one := p.entry(fn+"_entry", 0)
	p.addFirst(s.neighbours([]vec{one, one, one, one})[0])
	p.advance(1)
	JMP(LabelRef(fn + "_one"))
	Label(fn + "_end")
	end()
}

// sampling holds the registers of sampled: where the next entries are, and how many are left; the bytes of a row, of the whole
// registers in it, and the elements of the rest, which a mask reads.
type sampling struct {
	isa
	y, left, row, col, a, b reg.Register
	width, whole, rest      reg.Register
	m                       mask
}

// sampling loads the arguments.
func (s isa) sampling() *sampling {
	p := &sampling{isa: s}
	p.y, p.left = Load(Param("y").Base(), GP64()), Load(Param("y").Len(), GP64())
	p.row, p.col = Load(Param("row").Base(), GP64()), Load(Param("col").Base(), GP64())
	p.a, p.b = Load(Param("a").Base(), GP64()), Load(Param("b").Base(), GP64())
	p.width, p.whole, p.rest = Load(Param("width"), GP64()), GP64(), GP64()
	MOVQ(p.width, p.whole)
	MOVQ(p.width, p.rest)
	ANDQ(U32(s.lanes()-1), p.rest)
	some := GP64()
	MOVQ(p.rest, some)
	p.m = s.masks(some, 1)[0]
	SUBQ(p.rest, p.whole)
	SHLQ(U8(s.size()/4+1), p.whole)
	SHLQ(U8(s.size()/4+1), p.width)
	return p
}

// entry sums the products of entry u from the next one on, in the lanes of 128 bits.
func (p *sampling) entry(label string, u int) vec {
	x, z, j := GP64(), GP64(), GP64()
	MOVLQSX(Mem{Base: p.row, Disp: 4 * u}, x)
	IMULQ(p.width, x)
	ADDQ(p.a, x)
	MOVLQSX(Mem{Base: p.col, Disp: 4 * u}, z)
	IMULQ(p.width, z)
	ADDQ(p.b, z)
	acc, v := p.clear(), p.reg()
	XORQ(j, j)
	Label(label + "_turn")
	CMPQ(j, p.whole)
	JEQ(LabelRef(label + "_rest"))
	p.load(v, Mem{Base: x, Index: j, Scale: 1})
	p.fma(acc, v, Mem{Base: z, Index: j, Scale: 1})
	ADDQ(U32(p.bytes()), j)
	JMP(LabelRef(label + "_turn"))
	Label(label + "_rest")
	TESTQ(p.rest, p.rest)
	JEQ(LabelRef(label + "_done"))
	w := p.reg()
	p.loadMasked(v, Mem{Base: x, Index: j, Scale: 1}, p.m)
	p.loadMasked(w, Mem{Base: z, Index: j, Scale: 1}, p.m)
	p.fma(acc, v, w)
	Label(label + "_done")
	return p.narrow(acc)
}

// addFirst adds the first lane of a sum to y.
func (p *sampling) addFirst(sum vec) {
	if p.f64 {
		VADDSD(Mem{Base: p.y}, sum, sum)
		VMOVSD(sum, Mem{Base: p.y})
	} else {
		VADDSS(Mem{Base: p.y}, sum, sum)
		VMOVSS(sum, Mem{Base: p.y})
	}
}

// advance goes past some entries.
func (p *sampling) advance(entries int) {
	ADDQ(U32(4*entries), p.row)
	ADDQ(U32(4*entries), p.col)
	ADDQ(U32(p.size()*entries), p.y)
	SUBQ(U32(entries), p.left)
}

// narrow adds the halves of a register onto each other down to 128 bits.
func (s isa) narrow(r vec) vec {
	y, x := r, XMM()
	if s.zmm {
		y = YMM()
		VEXTRACTF64X4(U8(1), r.AsZ(), y)
		s.add(y, y, r.AsY())
	}
	VEXTRACTF128(U8(1), y.AsY(), x)
	s.add(x, x, y.AsX())
	return x
}

// neighbours sums the lanes of four registers of 128 bits: one register of the sums, or two for float64.
func (s isa) neighbours(four []vec) []vec {
	pair := func(x, y vec) vec {
		r := XMM()
		s.pick(up3(VHADDPS), up3(VHADDPD))(y, x, r)
		return r
	}
	low, high := pair(four[0], four[1]), pair(four[2], four[3])
	if s.f64 {
		return []vec{low, high}
	}
	return []vec{pair(low, high)}
}

// up3 is up for instructions that avo declares with three operands.
func up3(f func(a, b, c Op)) func(...Op) { return func(ops ...Op) { f(ops[0], ops[1], ops[2]) } }

// pickUp writes func(dst, src []T, at []int32): dst[i] = src[at[i]], registers by gathers and what is left one by one.
//
// A gather consumes its mask, which is made again each turn; the register that it writes is cleared first, since it would
// wait for the lanes that the mask leaves as they are.
func (s isa) pickUp() {
	fn := s.name("pick")
	TEXT(fn, NOSPLIT, fmt.Sprintf("func(dst, src []%s, at []int32)", s.elem()))
	Pragma("noescape")
	dst, src, at, n := Load(Param("dst").Base(), GP64()), Load(Param("src").Base(), GP64()), Load(Param("at").Base(), GP64()), Load(Param("dst").Len(), GP64())
	Label(fn + "_whole")
	CMPQ(n, U32(s.lanes()))
	JLT(LabelRef(fn + "_one"))
	r := s.gather(src, at)
	s.store(Mem{Base: dst}, r)
	ADDQ(U32(s.bytes()), dst)
	ADDQ(U32(4*s.lanes()), at)
	SUBQ(U32(s.lanes()), n)
	JMP(LabelRef(fn + "_whole"))
	Label(fn + "_one")
	TESTQ(n, n)
	JEQ(LabelRef(fn + "_end"))
	i, v := GP64(), GP64()
	MOVLQSX(Mem{Base: at}, i)
	from := Mem{Base: src, Index: i, Scale: uint8(s.size())}
	if s.f64 {
		MOVQ(from, v)
		MOVQ(v, Mem{Base: dst})
	} else {
		MOVL(from, v.As32())
		MOVL(v.As32(), Mem{Base: dst})
	}
	ADDQ(U32(s.size()), dst)
	ADDQ(U32(4), at)
	DECQ(n)
	JMP(LabelRef(fn + "_one"))
	Label(fn + "_end")
	end()
}

// gather reads a register of elements from src at the places that begin at at.
func (s isa) gather(src, at reg.Register) vec {
	index := XMM()
	switch 4 * s.lanes() {
	case 64:
		index = ZMM()
	case 32:
		index = YMM()
	}
	if s.zmm && !s.f64 {
		VMOVDQU32(Mem{Base: at}, index)
	} else {
		VMOVDQU(Mem{Base: at}, index)
	}
	r := s.clear()
	from := Mem{Base: src, Index: index, Scale: uint8(s.size())}
	gather := s.pick(up3(VGATHERDPS), up3(VGATHERDPD))
	if s.zmm {
		all, ones := K(), GP64()
		MOVQ(I32(-1), ones)
		KMOVW(ones.As32(), all)
		gather(from, all, r)
		return r
	}
	all := s.reg()
	VMOVDQU(onesThenZeros(), all)
	gather(all, from, r)
	return r
}
