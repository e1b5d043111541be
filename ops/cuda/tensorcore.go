package cuda

import "fmt"

// Math says how products of float32 matrices are computed. Products of float64 are exact whatever it says.
type Math uint8

// The ways to multiply. Those on tensor cores round the factors of every product, multiply them exactly and add in
// float32: a result is off by some 2⁻¹¹ (TF32) or 2⁻⁹ (BF16) of Σ|a|·|b|, the sum of the absolute products.
const (
	Exact Math = iota // in float32 throughout, as on the CPU
	TF32              // factors of 11 bits and the range of float32
	BF16              // factors of 8 bits and the range of float32; twice as fast, and half the shared memory
)

// String is the word of flags and listings.
func (m Math) String() string { return [...]string{"f32", "tf32", "bf16"}[m] }

// ParseMath is the Math of a word: f32, tf32 or bf16.
func ParseMath(word string) (Math, error) {
	for m := Exact; m <= BF16; m++ {
		if m.String() == word {
			return m, nil
		}
	}
	return Exact, fmt.Errorf("cuda.ParseMath: %q is unknown; want f32, tf32 or bf16", word)
}

// Capability is the least compute capability that a card must have, times ten.
func (m Math) Capability() int {
	if m == Exact {
		return oldest
	}
	return tensorCores
}

// The compute capabilities, times ten, that kernels are written for: the oldest at all, and that of the first tensor cores
// which take TF32 and BF16.
const (
	oldest      = 70
	tensorCores = 80
)

// smallest is the size below which a product is not worth the corners of a tile that it leaves empty.
const smallest = 8

// mathOf is what a product is computed in where want is asked for.
func (p product) mathOf(want Math) Math {
	if p.kind != f32 || min(p.m, p.n, p.k) < smallest {
		return Exact
	}
	return want
}

// warpShape is how a block of threads shares a square of the result: warps of 32 threads, across of them side by side,
// have rows × cols of it each, in pieces of 16×8, which is what one instruction computes.
type warpShape struct{ side, across, rows, cols int }

// threads is how many a block has.
func (w warpShape) threads() int { return 32 * w.across * (w.side / w.rows) }

// shape is the largest that still makes enough blocks.
func (p product) shape() warpShape {
	for _, w := range []warpShape{{128, 4, 64, 32}, {64, 2, 32, 32}} {
		if (p.m/w.side)*(p.n/w.side)*max(1, p.batch) >= enoughBlocks {
			return w
		}
	}
	return warpShape{32, 2, 16, 16}
}

// pitch is the distance of lines in shared memory, in words: lines of a and of bᵀ, depth words each. With it the 32 words
// that the threads of a warp read at a time lie on 32 banks.
const pitch = depth + 4

// warpTile is the code of one block of threads on tensor cores.
//
// Lane 4g+t of a warp holds, of every piece, the words t and t+4 of lines g and g+8 of a and of line g of bᵀ, and elements 2t
// and 2t+1 of lines g and g+8 of the result. A word is one element of TF32 or two neighbours of BF16; nothing else differs.
type warpTile struct {
	tile
	shape    warpShape
	fromA    val // address of the thread's first word of a in shared memory
	fromB    val
	row, col val        // of the thread's first element of the result
	sums     [][][4]val // of every piece
	nextA    []val      // elements on their way to shared memory
	nextB    []val
	hi       val // end of the inner indices
}

// run adds up step after step and writes the result. While a step is multiplied, the elements of the next are on their way
// from device memory to registers.
func (t *warpTile) run() {
	c := t.c
	c.target = tensorCores
	t.place()
	for range t.shape.rows / 16 {
		var line [][4]val
		for range t.shape.cols / 8 {
			zero := func() val { return c.variable(num(f32, 0)) }
			line = append(line, [4]val{zero(), zero(), zero(), zero()})
		}
		t.sums = append(t.sums, line)
	}
	t.loaders(t.shape.side, t.shape.side, t.shape.threads(), t.perWord())
	t.nextA, t.nextB = t.waiting(), t.waiting()
	t.along(func(inner [2]val) {
		t.hi = inner[1]
		c.values.within(func() { t.read(inner[0]) })
		c.loop(inner[0], inner[1], n(t.step()), func(k0 val) {
			c.note("a step of both factors, rounded, to shared memory")
			t.stash(t.partA, t.nextA, t.loadA)
			t.stash(t.partB, t.nextB, t.loadB)
			c.sync()
			t.read(c.add(k0, n(t.step())))
			t.multiply()
			c.sync()
		})
	})
	t.write()
}

// place finds where the thread works.
func (t *warpTile) place() {
	c, w := t.c, t.shape
	t.partA, t.partB = c.share(i32, w.side*pitch), c.share(i32, w.side*pitch)
	warp, lane := c.split2(t.tid, 32)
	down, across := c.split2(warp, w.across)
	g, quad := c.split2(lane, 4)
	line, column := c.mad(down, w.rows, g), c.mad(across, w.cols, g)
	t.fromA = c.at(t.partA, c.mad(line, pitch, quad), i32)
	t.fromB = c.at(t.partB, c.mad(column, pitch, quad), i32)
	t.row = c.add(t.top, line)
	t.col = c.add(t.left, c.mad(across, w.cols, c.mul(quad, n(2))))
}

// perWord is the number of elements of a word.
func (t *warpTile) perWord() int { return t.step() / depth }

// waiting are registers for the elements of one operand that a thread brings.
func (t *warpTile) waiting() (r []val) {
	for range t.shape.side * t.step() / t.shape.threads() {
		r = append(r, t.c.variable(num(f32, 0)))
	}
	return r
}

// read starts to bring the step at k0 of both operands.
func (t *warpTile) read(k0 val) {
	t.c.note("the next step of both factors")
	t.bring(t.nextA, t.loadA, k0)
	t.bring(t.nextB, t.loadB, k0)
}

// bring reads elements of one operand, zeros beyond the matrix or the end of the thread's part of the inner dimension.
func (t *warpTile) bring(to []val, l *loader, k0 val) {
	l.step(k0, t.hi)
	for i, x := range to {
		t.c.set(x, num(f32, 0))
		l.load(i/l.per, i%l.per, x)
	}
}

// stash rounds what has arrived and puts it to shared memory.
func (t *warpTile) stash(to val, x []val, l *loader) {
	c, per := t.c, t.perWord()
	for i := 0; i < len(x); i += per {
		var y val
		if t.math == BF16 {
			y = c.op(i32, "cvt.rn.bf16x2.f32", x[i+1], x[i]) // the upper half first
		} else {
			y = c.op(i32, "cvt.rna.tf32.f32", x[i])
		}
		c.put(to, c.mad(l.lines[i/per], pitch, l.words[i/per]), y)
	}
}

// multiply adds the products of what lies in shared memory, eight words at a time.
func (t *warpTile) multiply() {
	c := t.c
	c.note("products of what lies in shared memory")
	name := "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32"
	if t.math == BF16 {
		name = "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32"
	}
	word := func(from val, line, k int) val { return c.get(i32, from, n(0), line*pitch+k) }
	for k := 0; k < depth; k += 8 {
		var b [][]val
		for j := range t.sums[0] {
			b = append(b, []val{word(t.fromB, 8*j, k), word(t.fromB, 8*j, k+4)})
		}
		for i, line := range t.sums {
			a := []val{word(t.fromA, 16*i, k), word(t.fromA, 16*i+8, k), word(t.fromA, 16*i, k+4), word(t.fromA, 16*i+8, k+4)}
			for j, sum := range line {
				c.emit("%s {%s}, {%s}, {%s}, {%s}", name, list(sum[:]), list(a), list(b[j]), list(sum[:]))
			}
		}
	}
}

// write stores what lies within the result.
func (t *warpTile) write() {
	c := t.c
	c.note("what lies within the result")
	for i, line := range t.sums {
		for j, sum := range line {
			for e, x := range sum {
				t.put(c.add(t.row, n(16*i+e/2*8)), c.add(t.col, n(8*j+e%2)), x)
			}
		}
	}
}
