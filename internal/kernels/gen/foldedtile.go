package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// How the wait for memory goes by while panels are multiplied. A fold does one addition for two elements that it reads, and
// a product of some tens of rows reads next to nothing: one waits for memory, the other has no use for it. So each turn of
// the product asks for the line at an address and moves it on by a step, which is less than a line: as evenly as that, a core
// waits for a few lines at a time and for none that its product needs. Asked for faster, they fill all the places in which a
// core waits for lines, and those of the product find none. Lines are asked for into L2, as L1 is full of the panel.

// Offsets of the fields of panelArgs in package kernels.
const (
	foldedK = 8 * iota
	foldedA
	foldedRowA
	foldedB
	foldedC
	foldedRowC
	foldedRows
	foldedAccumulate
	foldedAt
	foldedStep
)

// foldedTile is a tile of a panel's width, all of whose columns exist, with rows of A and of B that have no gaps. In strips of
// 13 rows, 26 sums with AVX-512, one row more than tiles of products: a batch of 64 and a row of ones are five of them.
type foldedTile struct {
	*tile
	at, step reg.GPVirtual // where to ask for a line, and how far to go from there
}

// write emits the kernel, which leaves behind where it has come to.
func (f *foldedTile) write() {
	TEXT(f.fn, NOSPLIT, "func(args *uint64)")
	Pragma("noescape")
	f.p = Load(Param("args"), GP64())
	f.a, f.c, f.rowA, f.rows = f.arg(foldedA), f.arg(foldedC), f.arg(foldedRowA), f.arg(foldedRows)
	f.at, f.step = f.arg(foldedAt), f.arg(foldedStep)
	for _, odd := range []int{3, 5} {
		f.multiples[odd] = GP64()
		LEAQ(Mem{Base: f.rowA, Index: f.rowA, Scale: uint8(odd - 1)}, f.multiples[odd])
	}
	f.choose()
	for mr := f.high; mr > 0; mr-- {
		f.strip(mr)
	}
	Label(f.label("done", 0))
	MOVQ(f.at, Mem{Base: f.p, Disp: foldedAt})
	end()
}

// strip computes mr rows of C and goes on to the next ones.
func (f *foldedTile) strip(mr int) {
	Label(f.label("strip", mr))
	f.sums, f.b, f.broadcasts = make([][]vec, mr), f.registers(f.count), f.registers(2)
	for i := range f.sums {
		f.sums[i] = f.registers(f.count)
		for _, r := range f.sums[i] {
			f.zero(r)
		}
	}
	f.loop(mr)
	f.finish(mr)
	SUBQ(U32(mr), f.rows)
	JMP(LabelRef(f.label("next", 0)))
}

// loop sums over k ≥ 1.
func (f *foldedTile) loop(mr int) {
	k, b, a := f.arg(foldedK), f.arg(foldedB), GP64()
	MOVQ(f.a, a)
	half := a
	if mr > tileHalf {
		half = GP64()
		LEAQ(f.row(a, a, tileHalf), half)
	}
	LEAQ(f.row(a, half, mr-1), f.a)
	ADDQ(f.rowA, f.a)
	Label(f.label("k", mr))
	for v, r := range f.b {
		f.load(r, Mem{Base: b, Disp: v * f.bytes()})
	}
	PREFETCHT1(Mem{Base: f.at})
	ADDQ(f.step, f.at)
	for i := range mr {
		x := f.broadcasts[i%len(f.broadcasts)]
		f.broadcast(x, f.row(a, half, i))
		for v, sum := range f.sums[i] {
			f.fma(sum, x, f.b[v])
		}
	}
	ADDQ(U32(foldWidth*f.size()), b)
	ADDQ(U32(f.size()), a)
	if mr > tileHalf {
		ADDQ(U32(f.size()), half)
	}
	DECQ(k)
	JNE(LabelRef(f.label("k", mr)))
}

// finish stores the sums, or adds them to C, and moves c below them.
func (f *foldedTile) finish(mr int) {
	fresh, rowC, at := f.label("fresh", mr), f.arg(foldedRowC), GP64()
	CMPQ(Mem{Base: f.p, Disp: foldedAccumulate}, U8(0))
	JEQ(LabelRef(fresh))
	MOVQ(f.c, at)
	for _, row := range f.sums {
		for v, r := range row {
			f.add(r, r, Mem{Base: at, Disp: v * f.bytes()})
		}
		ADDQ(rowC, at)
	}
	Label(fresh)
	for _, row := range f.sums {
		for v, r := range row {
			f.store(Mem{Base: f.c, Disp: v * f.bytes()}, r)
		}
		ADDQ(rowC, f.c)
	}
}
