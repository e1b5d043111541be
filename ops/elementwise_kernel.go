package ops

import (
	"rpnc/graph"
	"rpnc/internal/kernels"
)

// blockLen is the number of elements of a block. The registers of a chain, one slice of that length each, stay in L1
// (4 KiB each in f32), and the cost of calling a loop, a few ns, vanishes in the loop.
const blockLen = 1024

// shortLine is the length of lines up to which elements that fill one each are gathered for a block at once, in the time of a call
// for each line.
const shortLine = 20

// Kernel interprets the program block by block: one vector loop an instruction over some 1,024 elements. Operands of
// the full shape are read in place, and the last instruction of a result writes it in place.
func (o Elementwise) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, chainRun[float32], chainRun[float64])
}

// InPlace says whether the first result may be written over operand i.
func (o Elementwise) InPlace(i int) bool { return o.InPlaceResult(0, i) }

// InPlaceResult says whether a result may be written over an operand: if no instruction reads the operand after the
// one that writes the result.
//
// A result may be an operand itself, or stand twice: it is then copied after all instructions, later
// than any write.
func (o Elementwise) InPlaceResult(result, operand int) bool {
	code, outs := o.Prog.Instrs(), o.Prog.Out.Slice()
	written := make([]int, len(outs))
	taken := map[int32]bool{}
	for r, v := range outs {
		written[r] = int(v) - o.Prog.first()
		if written[r] < 0 || taken[v] {
			written[r] = len(code) + r // a copy after all instructions
		}
		taken[v] = true
	}
	for i, c := range code {
		if (c.A == operand || c.B == operand) && i > written[result] {
			return false
		}
	}
	for r, v := range outs {
		if int(v) == operand && written[r] > written[result] {
			return false
		}
	}
	return true
}

// single is the kernel of one elementwise primitive: a program of one instruction.
func single(op graph.Op, in, out []graph.Type) (Run, error) {
	c := Instr{Op: op, A: 0, B: len(in) - 1}
	if len(in) == 1 {
		c.B = -1
	}
	return Elementwise{NewProgram(len(in), nil, []Instr{c}, len(in)), out[0].Shape}.Kernel(in, out)
}

// chain is an Elementwise bound to types. The result, seen as lines along the last axis of the grid, is cut into
// blocks: parts of a line, or several whole lines where these are short. For each block every value of the program
// gets its place, a slice, and then every instruction is one loop over slices. The slices live in a frame, one for
// each core at work.
//
// A broadcast operand is read as is fit: as a stretch of itself, as contents that all blocks share (a
// scalar; a row, where blocks are whole lines), or else filled into a register for each block.
type chain[T float] struct {
	grid   grid // of the operands
	piece  int  // elements of a block that is part of a line
	lines  int  // lines of a block; 0 if blocks are parts of lines
	period int  // a divisor of lines: after so many, operands in shared registers repeat
	blocks int
	size   int // elements of a result

	before []func() // instructions on shared registers alone, once a run
	code   []chainInstr[T]
	place  []place // of every value
	copies []chainCopy
	tail   func(f *frame[T], x []T, b, row, col int) // takes result 0 of every block, if there is no memory for it
	out    int                                       // the value that the tail takes
	regs   int                                       // registers of a frame

	repeats map[int]*kernels.Repeats // of operands of which every element fills a short line

	first  int   // the number of the first instruction's value
	shared [][]T // contents that all blocks read alike: immediates, scalars, rows
	steps  []int // the operand with the step, of every dropout
	masks  []mask[T]
	in     [][]T // the buffers of the run
	dst    [][]T
	frames *spare[frame[T]]
}

// frame is the scratch of one core: its registers, and where the values of the current block are.
type frame[T float] struct {
	reg [][]T
	val [][]T
	// line is, by register, one more than the place of the line of an operand that fills it over and over; 0 for none.
	line []int
	// own takes the results instead of the buffers of the run, from the element with number origin on; nil for none.
	own    [][]T
	origin int
}

// chainInstr is an instruction bound to its loop: one of unary, binary and pair, or a mask.
type chainInstr[T float] struct {
	unary  func(dst, x []T)
	binary func(dst, x, y []T)
	pair   func(dst, second, x []T) // computes value z too
	mask   int                      // of a dropout
	y, z   int                      // the value computed from values a and b
	a, b   int
}

// chainCopy fills a result that is no instruction's value.
type chainCopy struct{ out, value int }

// placeKind says where the elements of a value are found for a block.
type placeKind uint8

const (
	nowhere   placeKind = iota // a step: no floats
	inPlace                    // a stretch of the operand
	inShared                   // register i that all blocks share
	inFilled                   // register i, filled from the operand for every block
	inScratch                  // register i, the value of an instruction
	inResult                   // a stretch of result i
)

// place is a kind and the number that it needs.
type place struct {
	kind placeKind
	i    int
}

// chainRun weighs the work by elements and instructions; results go to the buffers of the run.
func chainRun[T float](o Elementwise, in, out []graph.Type) Run {
	c := newChain[T](o, in)
	c.compile(o.Prog, true)
	body := c.chunk
	return func(dst, src []Buffer) {
		c.load(dst, src)
		chunked(c.blocks, grainOf(c.block()), c.size*(1+len(c.code)/4), body)
	}
}

// newChain lays out blocks and operands; further strides of the result's shape keep its axes apart where they must be.
func newChain[T float](o Elementwise, in []graph.Type, further ...[]int) *chain[T] {
	steps := o.Prog.steps()
	strides := make([][]int, len(in))
	for i, t := range in {
		if strides[i] = SourceStrides(t.Shape, o.Shape); steps[i] {
			strides[i] = make([]int, o.Shape.Rank())
		}
	}
	c := &chain[T]{grid: newGrid(o.Shape, append(strides, further...)...), size: o.Shape.Size(), first: o.Prog.first(), period: 1}
	c.cut()
	c.in, c.dst = make([][]T, len(in)), make([][]T, o.Prog.Out.Len())
	for i := range in {
		c.place = append(c.place, c.operand(i, in[i].Shape.Size(), steps[i]))
	}
	for _, v := range o.Prog.Imm.Slice() {
		c.place = append(c.place, c.share())
		kernels.Fill(c.shared[len(c.shared)-1], T(v))
	}
	return c
}

// cut chooses the blocks: parts of long lines, or several short lines.
//
// Parts of a line are of even size, so that the last is not a scrap; whole lines go into a block up to
// blockLen elements.
func (c *chain[T]) cut() {
	rows, n := c.grid.rows(), c.grid.inner()
	switch {
	case c.size == 0:
	case n >= blockLen || rows == 1:
		parts := (n-1)/blockLen + 1
		c.piece = (n-1)/parts + 1
		c.blocks = rows * ((n-1)/c.piece + 1)
	default:
		c.lines = min(blockLen/n, rows)
		c.repeat()
		c.blocks = (rows-1)/c.lines + 1
	}
}

// repeat makes blocks of whole periods of lines where an operand repeats them: columns that meet every row of a larger
// operand are then the same for all blocks, and need not be filled in for each.
func (c *chain[T]) repeat() {
	last := len(c.grid.dims) - 2
	if last < 1 || c.grid.dims[last] > c.lines {
		return
	}
	for _, st := range c.grid.strides {
		if zero(st[:last]) && st[last] != 0 {
			c.period = c.grid.dims[last]
		}
	}
	if c.period > 1 {
		c.lines = min(3*blockLen/(2*c.grid.inner()), c.grid.rows()) / c.period * c.period
	}
}

// block is the number of elements of a full block.
func (c *chain[T]) block() int { return max(c.piece, c.lines*c.grid.inner()) }

// share makes a shared register.
func (c *chain[T]) share() place {
	c.shared = append(c.shared, make([]T, c.block()))
	return place{kind: inShared, i: len(c.shared) - 1}
}

// operand decides how operand i is read.
func (c *chain[T]) operand(i, size int, step bool) place {
	outer := c.grid.strides[i][:len(c.grid.dims)-1]
	switch {
	case step:
		return place{}
	case size == c.size || c.lines == 0 && c.grid.step(i) == 1:
		return place{kind: inPlace}
	case size == 1 || c.lines > 0 && zero(outer): // every block reads the same: a scalar, or one line again and again
		return c.share()
	case c.period > 1 && zero(outer[:len(outer)-1]): // or a period of lines
		return c.share()
	}
	if n := c.grid.inner(); n <= shortLine && len(outer) == 1 && outer[0] == 1 && c.grid.step(i) == 0 {
		if c.repeats == nil {
			c.repeats = map[int]*kernels.Repeats{}
		}
		c.repeats[i] = kernels.NewRepeats(c.block(), n)
	}
	c.regs++
	return place{kind: inFilled, i: c.regs - 1}
}

func zero(v []int) bool {
	for _, x := range v {
		if x != 0 {
			return false
		}
	}
	return true
}

// frame makes the scratch of one core.
func (c *chain[T]) frame() *frame[T] {
	f := &frame[T]{reg: make([][]T, c.regs), val: make([][]T, len(c.place)), line: make([]int, c.regs)}
	for i := range f.reg {
		f.reg[i] = make([]T, c.block())
	}
	return f
}

// load takes the buffers of a run and fills the shared registers.
func (c *chain[T]) load(dst, in []Buffer) {
	for i, b := range dst {
		c.dst[i] = view[T](b)
	}
	for i, b := range in {
		c.in[i] = view[T](b)
	}
	for i, at := range c.steps {
		c.masks[i].load(in[at].I32[0])
	}
	c.begin()
}

// begin fills the shared registers from the operands.
func (c *chain[T]) begin() {
	for v, p := range c.place[:len(c.in)] {
		if p.kind == inShared && c.size > 0 {
			c.fill(c.shared[p.i], v, 0, 0)
		}
	}
	for _, f := range c.before {
		f()
	}
}

// chunk computes blocks lo to hi−1.
func (c *chain[T]) chunk(lo, hi int) {
	f := c.frames.get()
	clear(f.line) // operands have changed
	for b := lo; b < hi; b++ {
		c.run(f, b)
	}
	c.frames.put(f)
}

// run computes one block.
func (c *chain[T]) run(f *frame[T], b int) {
	row, col, n := c.stretch(b)
	c.compute(f, row, col, n)
	if c.tail != nil {
		c.tail(f, f.val[c.out], b, row, col)
	}
}

// span computes elements lo to hi−1, wherever blocks begin.
func (c *chain[T]) span(lo, hi int) {
	f := c.frames.get()
	c.stretches(f, lo, hi)
	c.frames.put(f)
}

// spanTo computes elements lo to hi−1 of every result into a slice of its own.
func (c *chain[T]) spanTo(dst [][]T, lo, hi int) {
	f := c.frames.get()
	f.own, f.origin = dst, lo
	c.stretches(f, lo, hi)
	f.own = nil
	c.frames.put(f)
}

// stretches computes elements lo to hi−1 in stretches that end where blocks of a whole number of periods would.
func (c *chain[T]) stretches(f *frame[T], lo, hi int) {
	clear(f.line)
	for inner := c.grid.inner(); lo < hi; {
		row, col := lo/inner, lo%inner
		n := min(c.block()-row%c.period*inner, hi-lo)
		if c.lines == 0 || col > 0 {
			n = min(n, inner-col)
		}
		c.compute(f, row, col, n)
		lo += n
	}
}

// compute computes n elements from line row, column col on: a part of a line, or lines from the start of one.
func (c *chain[T]) compute(f *frame[T], row, col, n int) {
	at := row*c.grid.inner() + col
	for v, p := range c.place {
		f.val[v] = c.value(f, v, p, row, col, n)
	}
	for i := range c.code {
		k := &c.code[i]
		y := f.val[k.y]
		switch {
		case k.unary != nil:
			k.unary(y, f.val[k.a])
		case k.binary != nil:
			k.binary(y, f.val[k.a], f.val[k.b])
		case k.pair != nil:
			k.pair(y, f.val[k.z], f.val[k.a])
		default:
			c.masks[k.mask].apply(y, f.val[k.a], at)
		}
	}
	for _, k := range c.copies {
		copy(c.result(f, k.out, at, n), f.val[k.value])
	}
}

// result is where n elements of a result from the given one on go.
func (c *chain[T]) result(f *frame[T], r, at, n int) []T {
	if f.own != nil {
		return f.own[r][at-f.origin:][:n]
	}
	return c.dst[r][at : at+n]
}

// value is where value v is found, or goes to, in the n elements from line row, column col on.
func (c *chain[T]) value(f *frame[T], v int, p place, row, col, n int) []T {
	at := row*c.grid.inner() + col
	switch p.kind {
	case inPlace:
		if len(c.in[v]) != c.size { // a part of a line of an operand that repeats lines
			at = c.grid.offset(v, row) + col
		}
		return c.in[v][at : at+n]
	case inShared:
		if c.lines > 0 { // lines, of which one may begin in the middle
			return c.shared[p.i][row%c.period*c.grid.inner()+col:][:n]
		}
		return c.shared[p.i][:n]
	case inFilled:
		c.fillLine(f, p.i, v, row, col, n)
		return f.reg[p.i][:n]
	case inScratch:
		return f.reg[p.i][:n]
	case inResult:
		return c.result(f, p.i, at, n)
	}
	return nil
}

// stretch is where block b begins and how many elements it has.
func (c *chain[T]) stretch(b int) (row, col, n int) {
	inner := c.grid.inner()
	if c.lines == 0 {
		parts := (inner-1)/c.piece + 1
		row, col = b/parts, b%parts*c.piece
		return row, col, min(c.piece, inner-col)
	}
	row = b * c.lines
	return row, 0, min(c.lines, c.grid.rows()-row) * inner
}

// fillLine fills register r with n elements of operand v, unless they are one line over and over that fills it already: a
// row for each of a batch, say, which all of many lines meet.
func (c *chain[T]) fillLine(f *frame[T], r, v, row, col, n int) {
	line := 0
	if inner, last := c.grid.inner(), len(c.grid.dims)-2; c.lines > 0 && col == 0 && c.grid.step(v) == 1 && c.grid.strides[v][last] == 0 {
		if repeats := c.grid.dims[last]; row/repeats == (row+(n-1)/inner)/repeats {
			line = c.grid.offset(v, row) + 1
		}
	}
	switch {
	case line == 0:
		c.fill(f.reg[r][:n], v, row, col)
	case line != f.line[r]:
		kernels.RepeatLines(f.reg[r], c.in[v][line-1:], c.grid.inner(), c.lines)
	}
	f.line[r] = line
}

// fill writes operand v, repeated, from line row, column col on.
func (c *chain[T]) fill(reg []T, v, row, col int) {
	if c.standsInARow(v, row, col, len(reg)) {
		n := c.grid.inner()
		kernels.RepeatLines(reg, c.in[v][row/c.period*n:], n, c.period)
		return
	}
	if r := c.repeats[v]; r != nil && col == 0 {
		kernels.Repeat(r, reg, c.in[v][row:])
		return
	}
	x, n, moves := c.in[v], c.grid.inner(), c.grid.step(v) != 0
	for ; len(reg) > 0; row, col = row+1, 0 {
		k := min(n-col, len(reg))
		off := c.grid.offset(v, row)
		if moves {
			copy(reg[:k], x[off+col:])
		} else {
			kernels.Fill(reg[:k], x[off])
		}
		reg = reg[k:]
	}
}

// standsInARow says that each line of operand v stands a period times in a row in n elements from line row, column col on.
func (c *chain[T]) standsInARow(v, row, col, n int) bool {
	st := c.grid.strides[v]
	return c.period > 1 && len(st) == 3 && st[0] == c.grid.inner() && st[1] == 0 && st[2] == 1 &&
		row%c.period == 0 && col == 0 && n%(c.period*st[0]) == 0
}
