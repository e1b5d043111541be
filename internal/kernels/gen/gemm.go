package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// How a tile works. A product is 2·m·n·k operations on (m + n)·k elements read, so a kernel that reads
// both factors of every multiplication from memory is bound by loads, not by arithmetic. A tile keeps
// mr·nr sums in registers and reads mr + nr elements for mr·nr multiplications:
//
//	C[i,j] = Σ_p A[i,p]·B[p,j],  i < mr,  j < nr = count·lanes
//
// One turn over p loads count registers of B, lane by lane, and broadcasts mr elements of A. The shapes
// follow from the number of registers and from the latency of FMA: two a cycle, each ready after four
// cycles, so that at least eight sums must be open at once.
//
//	AVX-512  12×2 registers: 24 sums + 2 of B + 2 broadcasts = 28 of 32; 14 loads for 24 FMA
//	AVX2      6×2 registers: 12 sums + 2 of B + 2 broadcasts = 16 of 16;  8 loads for 12 FMA
//
// Two loads a cycle feed either shape. There is a strip for every number of rows up to the highest: what
// is left of m is shared out evenly between the last two strips, since a strip of less than four rows is
// bound by the latency of its few sums.
//
// Every C[i,j] is one chain of FMA in the order of p, whatever strip and lane it falls in. Results
// therefore do not depend on how C was cut, which is what makes them the same bits for any number of
// cores.

// Offsets of the fields of tileArgs in package kernels.
const (
	argK = 8 * iota
	argA
	argRowA
	argColA
	argB
	argRowB
	argC
	argRowC
	argRows
	argCols
	argAccumulate
	argAhead
	argStep
	argBack
	argRelu
	argWhole
)

// prefetchTerms is the length of a sum from which its strip asks for its part of C in advance.
const (
	prefetchTerms = 48
	tileHalf      = 6 // rows of a strip that are addressed from its first
	unroll        = 4 // terms that the turns of the highest strip take, in pairs
)

// tile is the state of one tile kernel while it is written. The kernel computes
// rows × (count registers) of C = A·B (+ C), a strip of rows at a time:
//
//	for each k: load count registers of B; for each row: broadcast A, FMA
//
// which keeps the sums of a strip in registers throughout.
//
// c advances strip by strip down C and a down A; p stays at the arguments, so that what a strip needs
// once (k, b, the strides) is read again from memory for each strip rather than held in one of the
// few general registers.
type tile struct {
	isa
	fn            string
	count         int // registers across
	high          int // rows of the highest strip
	p             reg.Register
	a, c          reg.GPVirtual
	rowA, rows    reg.GPVirtual
	multiples     map[int]reg.GPVirtual // odd multiples of rowA, for addressing
	masks         []mask                // AVX-512: known from the start
	listed        bool                  // rows of B lie where a list says, not one stride apart
	sums          [][]vec
	b, broadcasts []vec
}

// gemm writes the wide tile kernel, with AVX-512 one of half its width, and what is better than a tile for one or two rows,
// whose sums would be too few.
func gemm(s isa) {
	if s.zmm {
		newTile(s, "tile", 2, 12).write()
	} else {
		newTile(s, "tile", 2, 6).write()
	}
	rowProducts(s)
}

// patches writes tile kernels that read B by a list: argRowB is then the address of k distances in bytes from argB, one
// for each row of B. Patches of a grid are such a B: row (c, δ) is the grid of channel c moved by δ.
func patches(s isa) {
	counts, high := map[string]int{"patches": 2, "patchesNarrow": 1}, 12
	if !s.zmm {
		counts, high = map[string]int{"patches": 2}, 6
	}
	for _, op := range []string{"patches", "patchesNarrow"} {
		if count, ok := counts[op]; ok {
			t := newTile(s, op, count, high)
			t.listed = true
			t.write()
		}
	}
}

// newTile describes a kernel of strips of up to high rows.
func newTile(s isa, op string, count, high int) *tile {
	return &tile{isa: s, fn: s.name(op), count: count, high: high, multiples: map[int]reg.GPVirtual{}}
}

// arg loads a field of tileArgs.
func (t *tile) arg(offset int) reg.GPVirtual {
	r := GP64()
	MOVQ(Mem{Base: t.p, Disp: offset}, r)
	return r
}

// label names a place in the strip of mr rows.
func (t *tile) label(place string, mr int) string { return fmt.Sprintf("%s_%s%d", t.fn, place, mr) }

// write emits the kernel.
func (t *tile) write() { t.kernel(t.strip) }

// kernel emits arguments, multiples of the stride of A, then a strip for each number of rows.
func (t *tile) kernel(strip func(mr int)) {
	t.start()
	t.choose()
	for mr := t.high; mr > 0; mr-- {
		strip(mr)
	}
	Label(t.label("done", 0))
	end()
}

// start reads the arguments.
//
// x86 addresses are base + index·{1, 2, 4, 8}. Rows 3 and 5 need multiples of the stride in registers of
// their own, and rows from half on have a base of their own, which saves an addition for each broadcast.
func (t *tile) start() {
	TEXT(t.fn, NOSPLIT, "func(args *uint64)")
	Pragma("noescape")
	t.p = Load(Param("args"), GP64())
	t.a, t.c, t.rowA, t.rows = t.arg(argA), t.arg(argC), t.arg(argRowA), t.arg(argRows)
	for _, odd := range []int{3, 5} {
		t.multiples[odd] = GP64()
		LEAQ(Mem{Base: t.rowA, Index: t.rowA, Scale: uint8(odd - 1)}, t.multiples[odd])
	}
	if t.zmm {
		t.masks = t.isa.masks(t.arg(argCols), t.count)
	}
}

// choose goes to the strip for the rows that are left: the highest as long as more than two of them are,
// then two strips of half of what is left, rounded up, then none.
func (t *tile) choose() {
	rows, whole := GP64(), t.label("whole", 0)
	Label(t.label("next", 0))
	MOVQ(t.rows, rows)
	CMPQ(rows, U32(2*t.high))
	JGE(LabelRef(t.label("strip", t.high)))
	CMPQ(rows, U32(t.high))
	JLE(LabelRef(whole))
	INCQ(rows)
	SHRQ(U8(1), rows)
	Label(whole)
	for mr := t.high; mr > 0; mr-- {
		CMPQ(rows, U32(mr))
		JEQ(LabelRef(t.label("strip", mr)))
	}
	JMP(LabelRef(t.label("done", 0)))
}

// strip computes mr rows of C and goes on to the next ones.
//
// Registers are fresh for each strip: avo assigns physical ones by the ranges in which they live, and
// strips do not overlap.
func (t *tile) strip(mr int) {
	Label(t.label("strip", mr))
	t.sums, t.b = make([][]vec, mr), t.registers(t.count)
	for i := range t.sums {
		t.sums[i] = t.registers(t.count)
		for _, r := range t.sums[i] {
			t.zero(r)
		}
	}
	t.broadcasts = t.registers(2) // two, so that loading one overlaps with using the other
	if !t.listed {
		t.prefetch(mr)
	}
	t.loop(mr)
	t.finish(mr)
	SUBQ(U32(mr), t.rows)
	JMP(LabelRef(t.label("next", 0)))
}

// prefetch asks for the lines of C that the strip writes, while it sums: a C that is not in cache would
// stop the processor at the end of every strip. Sums of few terms end before the lines could come.
func (t *tile) prefetch(mr int) {
	short := t.label("short", mr)
	CMPQ(Mem{Base: t.p, Disp: argK}, U8(prefetchTerms))
	JLT(LabelRef(short))
	rowC, at := t.arg(argRowC), GP64()
	MOVQ(t.c, at)
	for i := range mr {
		for line := 0; line < t.count*t.bytes(); line += 64 {
			PREFETCHT0(Mem{Base: at, Disp: line})
		}
		if i+1 < mr {
			ADDQ(rowC, at)
		}
	}
	Label(short)
}

// registers returns n fresh vector registers.
func (t *tile) registers(n int) []vec {
	out := make([]vec, n)
	for i := range out {
		out[i] = t.reg()
	}
	return out
}

// sweep is where a strip stands in its factors: k terms are left; ahead is what it asks for.
type sweep struct {
	k, b, rowB, colA, a, half, ahead reg.GPVirtual
}

// loop sums over k, which is at least 1: callers answer an empty sum themselves.
//
// Additions to addresses and counters take the ports of multiplications. The highest strip, where all time goes, therefore
// takes unroll terms a turn if the elements of A for them, or for its rows, lie side by side: then most of an address is part
// of the instruction. Terms that are left, and any other A, are taken one by one. Other strips gain nothing: they come last, and
// where C is in memory, it is memory that they wait for.
func (t *tile) loop(mr int) {
	single, masked, done := t.label("single", mr), t.label("edge", mr), t.label("summed", mr)
	s := t.begin(mr)
	if t.masks != nil {
		CMPQ(Mem{Base: t.p, Disp: argWhole}, U8(0))
		JEQ(LabelRef(masked))
	}
	if mr == t.high && !t.listed {
		t.severally(s, mr, single)
		TESTQ(s.k, s.k)
		JEQ(LabelRef(done))
		t.middle(s, mr)
	}
	Label(single)
	t.singly(s, mr, false)
	if t.masks != nil {
		JMP(LabelRef(done))
		Label(masked)
		t.singly(s, mr, true)
	}
	Label(done)
	if !t.listed {
		ADDQ(Mem{Base: t.p, Disp: argBack}, s.ahead)
		MOVQ(s.ahead, Mem{Base: t.p, Disp: argAhead})
	}
}

// severally takes unroll terms a turn, of rows of A or of a transposed A, or goes to single if there are fewer or A is neither.
func (t *tile) severally(s *sweep, mr int, single string) {
	across, rest := t.label("across", mr), t.label("rest", mr)
	CMPQ(s.k, U8(unroll))
	JLT(LabelRef(single))
	CMPQ(s.colA, U8(t.size()))
	JNE(LabelRef(across))
	t.turns(s, mr, "along", func(i, term int) Mem { return t.row(s.a, s.half, i).Offset(term * t.size()) })
	JMP(LabelRef(rest))
	Label(across)
	CMPQ(t.rowA, U8(t.size()))
	JNE(LabelRef(single))
	t.turns(s, mr, "down", func(i, term int) Mem {
		m := Mem{Base: s.a, Disp: i * t.size()}
		if term%2 == 1 {
			m.Index, m.Scale = s.colA, 1
		}
		return m
	})
	Label(rest)
}

// begin loads what the loop of a strip needs, and moves the A of the kernel below the strip.
func (t *tile) begin(mr int) *sweep {
	s := &sweep{k: t.arg(argK), b: t.arg(argB), rowB: t.arg(argRowB), colA: t.arg(argColA), a: GP64()}
	MOVQ(t.a, s.a)
	s.half = s.a
	if mr > tileHalf {
		s.half = GP64()
		t.middle(s, mr)
	}
	LEAQ(t.row(s.a, s.half, mr), t.a)
	if !t.listed {
		s.ahead = t.arg(argAhead)
	}
	return s
}

// middle finds the row of A that those from half on are addressed from.
func (t *tile) middle(s *sweep, mr int) {
	if mr > tileHalf {
		LEAQ(Mem{Base: s.a, Index: t.multiples[3], Scale: 2}, s.half)
	}
}

// turns takes unroll terms a turn as long as there are so many. Element (i, term) of A lies at place, seen from where
// the pair of terms begins that the term belongs to.
func (t *tile) turns(s *sweep, mr int, name string, place func(i, term int) Mem) {
	top, along := t.label(name, mr), name == "along"
	SUBQ(U8(unroll), s.k)
	Label(top)
	for term := range unroll {
		at := Mem{Base: s.b}
		if term%2 == 1 {
			at.Index, at.Scale = s.rowB, 1
		}
		t.loadB(at, false)
		t.ask(s)
		t.multiply(mr, func(i int) Mem { return place(i, term) })
		if term%2 == 1 {
			LEAQ(Mem{Base: s.b, Index: s.rowB, Scale: 2}, s.b)
			if !along {
				LEAQ(Mem{Base: s.a, Index: s.colA, Scale: 2}, s.a)
			}
		}
	}
	if along {
		ADDQ(U8(unroll*t.size()), s.a)
		if s.half != s.a {
			ADDQ(U8(unroll*t.size()), s.half)
		}
	}
	SUBQ(U8(unroll), s.k)
	JGE(LabelRef(top))
	ADDQ(U8(unroll), s.k)
}

// singly takes one term a turn, until none is left; masked says that rows of B end within their registers.
func (t *tile) singly(s *sweep, mr int, masked bool) {
	top, b := t.label("k", mr), s.b
	if masked {
		top = t.label("masked", mr)
	}
	Label(top)
	if t.listed {
		b = GP64()
		MOVQ(Mem{Base: s.rowB}, b)
		ADDQ(s.b, b)
	}
	t.loadB(Mem{Base: b}, masked)
	t.ask(s)
	t.multiply(mr, func(i int) Mem { return t.row(s.a, s.half, i) })
	if t.listed {
		ADDQ(U32(8), s.rowB)
	} else {
		ADDQ(s.rowB, s.b)
	}
	ADDQ(s.colA, s.a)
	if s.half != s.a {
		ADDQ(s.colA, s.half)
	}
	DECQ(s.k)
	JNE(LabelRef(top))
}

// loadB loads a row of B. A load through a mask also takes a port of multiplications, one of 13 in the highest strip, so
// that kernels do without where all columns are there, or the panel is padded (argWhole).
func (t *tile) loadB(at Mem, masked bool) {
	for v, r := range t.b {
		m := at.Offset(v * t.bytes())
		if masked {
			t.loadMasked(r, m, t.masks[v])
		} else {
			t.load(r, m)
		}
	}
}

// multiply adds the products of one term: of a row of B with the elements of A.
func (t *tile) multiply(mr int, element func(i int) Mem) {
	for i := range mr {
		x := t.broadcasts[i%len(t.broadcasts)]
		t.broadcast(x, element(i))
		for v, sum := range t.sums[i] {
			t.fma(sum, x, t.b[v])
		}
	}
}

// row is the address of row i of A below base; half is that of row tileHalf.
func (t *tile) row(base, half reg.GPVirtual, i int) Mem {
	if i >= tileHalf && half != base {
		base, i = half, i-tileHalf
	}
	switch i {
	case 0:
		return Mem{Base: base}
	case 1, 2, 4, 8:
		return Mem{Base: base, Index: t.rowA, Scale: uint8(i)}
	case 6:
		return Mem{Base: base, Index: t.multiples[3], Scale: 2}
	}
	return Mem{Base: base, Index: t.multiples[i], Scale: 1}
}

// finish adds the sums to C or stores them, and moves c below them.
//
// With AVX-512 every row is written through opmasks, which cost nothing where they are full. An AVX2
// mask is a whole vector register, and all 16 hold sums, B and broadcasts until the loop ends: whole
// tiles take a path without masks, and for the others the masks are made here, where B is dead.
func (t *tile) finish(mr int) {
	masked, whole, done := t.label("masked", mr), t.label("whole", mr), t.label("stored", mr)
	if t.zmm {
		t.output(whole, t.masks)
		return
	}
	cols := t.arg(argCols)
	CMPQ(cols, U32(t.count*t.lanes()))
	JNE(LabelRef(masked))
	t.output(whole, nil)
	JMP(LabelRef(done))
	Label(masked)
	t.output(masked, t.isa.masks(cols, t.count))
	Label(done)
}

// output writes the sums through masks, or all lanes if there are none.
//
// Where the kernel accumulates, the old C is added to the finished sums and not the start of the chain:
// one more rounding, but the loads of C do not stand before the first FMA.
func (t *tile) output(label string, masks []mask) {
	rowC, fresh := t.arg(argRowC), label+"_fresh"
	accumulate := t.arg(argAccumulate)
	TESTQ(accumulate, accumulate)
	JEQ(LabelRef(fresh))
	at := GP64()
	MOVQ(t.c, at)
	for _, row := range t.sums {
		for v, r := range row {
			m := Mem{Base: at, Disp: v * t.bytes()}
			if masks == nil {
				t.add(r, r, m)
				continue
			}
			old := t.broadcasts[v%2]
			t.loadMasked(old, m, masks[v])
			t.add(r, r, old)
		}
		ADDQ(rowC, at)
	}
	Label(fresh)
	t.rectify(label)
	for _, row := range t.sums {
		for v, r := range row {
			m := Mem{Base: t.c, Disp: v * t.bytes()}
			if masks == nil {
				t.store(m, r)
			} else {
				t.storeMasked(m, r, masks[v])
			}
		}
		ADDQ(rowC, t.c)
	}
}

// rectify replaces the sums by max(sum, 0) where the caller asks for it. Of a NaN the instruction returns its second source,
// the sum, as of −0, of which 0 + −0 makes 0. The arithmetic hides behind the stores of the strip before.
func (t *tile) rectify(label string) {
	if t.listed {
		return // products of patches have no relu
	}
	CMPQ(Mem{Base: t.p, Disp: argRelu}, U8(0))
	JEQ(LabelRef(label + "_plain"))
	zero := t.broadcasts[0] // dead by now
	t.zero(zero)
	for _, row := range t.sums {
		for _, r := range row {
			t.greater(r, zero, r)
			t.add(r, r, zero)
		}
	}
	Label(label + "_plain")
}
