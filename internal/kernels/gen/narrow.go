package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A tile that is one register across has half of the sums of a wide one in as many rows, and beside so few
// multiplications the additions to counters and addresses count: they run where multiplications run. So it takes twice
// the rows,
//
//	AVX-512  24×1 registers: 24 sums + 1 of B; 24 elements of A, each the operand of one FMA
//
// and each element of A is broadcast by the multiplication itself, as no other needs it. What the higher strip
// leaves no general register for (strides that are read once a turn, the rows that are left) stays in memory.
const narrowHigh = 24

// narrow writes the tile kernel for columns that fill one register.
func narrow(s isa) {
	if !s.zmm {
		return
	}
	t := narrowTile{newTile(s, "tileNarrow", 1, narrowHigh)}
	t.kernel(t.strip)
}

// narrowTile is a tile whose rows are addressed from a base for every tileHalf of them.
type narrowTile struct{ *tile }

// strip computes mr rows of C and goes on to the next ones.
func (t narrowTile) strip(mr int) {
	Label(t.label("strip", mr))
	t.sums = make([][]vec, mr)
	for i := range t.sums {
		t.sums[i] = t.registers(1)
		t.zero(t.sums[i][0])
	}
	t.b, t.broadcasts = t.registers(1), t.registers(2)
	t.prefetch(mr)
	t.loop(mr)
	t.finish(mr)
	SUBQ(U32(mr), t.rows)
	JMP(LabelRef(t.label("next", 0)))
}

// loop sums over k ≥ 1: two terms a turn where rows of A lie along the sum, which halves the additions to addresses,
// and one by one otherwise and for the last.
func (t narrowTile) loop(mr int) {
	k, b, colA, ahead := t.arg(argK), t.arg(argB), t.arg(argColA), t.arg(argAhead)
	bases := t.bases(mr)
	masked := t.label("edge", mr)
	CMPQ(Mem{Base: t.p, Disp: argWhole}, U8(0))
	JEQ(LabelRef(masked))
	single, done := t.label("single", mr), t.label("summed", mr)
	CMPQ(colA, U32(t.size()))
	JNE(LabelRef(single))
	SUBQ(U32(2), k)
	JLT(LabelRef(t.label("last", mr)))
	Label(t.label("pair", mr))
	t.turn(2, false, b, ahead, bases)
	for _, base := range bases {
		ADDQ(U32(2*t.size()), base)
	}
	SUBQ(U32(2), k)
	JGE(LabelRef(t.label("pair", mr)))
	Label(t.label("last", mr))
	ADDQ(U32(2), k)
	JEQ(LabelRef(done))
	for _, edge := range []bool{false, true} {
		top := single
		if edge {
			top = masked
		}
		Label(top)
		t.turn(1, edge, b, ahead, bases)
		for _, base := range bases {
			ADDQ(colA, base)
		}
		DECQ(k)
		JNE(LabelRef(top))
		if !edge {
			JMP(LabelRef(done))
		}
	}
	Label(done)
	ADDQ(Mem{Base: t.p, Disp: argBack}, ahead)
	MOVQ(ahead, Mem{Base: t.p, Disp: argAhead})
}

// turn adds the products of some terms, and asks for two lines ahead for each of them: a strip reads some 96 bytes of A.
//
// Requests that leave the second cache are few at a time, and one more than that stops all loads behind it. So they stand
// evenly between the multiplications, and go to the second cache alone, since what is asked for is read much later.
func (t narrowTile) turn(terms int, edge bool, b, ahead reg.GPVirtual, bases []reg.GPVirtual) {
	every := max(1, len(t.sums)/2)
	for q := range terms {
		t.loadB(Mem{Base: b}, edge)
		ADDQ(Mem{Base: t.p, Disp: argRowB}, b)
		for i, sum := range t.sums {
			if i%every == 0 && i < 2*every {
				PREFETCHT1(Mem{Base: ahead, Disp: i / every * 64})
			}
			a := t.row(bases[i/tileHalf], nil, i%tileHalf)
			a.Disp = q * t.size()
			t.fmaBroadcast(sum[0], t.b[0], a)
		}
		ADDQ(Mem{Base: t.p, Disp: argStep}, ahead)
	}
}

// bases returns the addresses of every tileHalf-th row of a strip of A, and moves a below the strip.
func (t narrowTile) bases(mr int) []reg.GPVirtual {
	var bases []reg.GPVirtual
	for i := 0; i < mr; i += tileHalf {
		base := GP64()
		MOVQ(t.a, base)
		bases = append(bases, base)
		LEAQ(t.row(t.a, t.a, min(tileHalf, mr-i)), t.a)
	}
	return bases
}
