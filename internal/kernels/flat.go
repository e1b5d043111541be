package kernels

import (
	"math/bits"
	"unsafe"
)

//go:generate go -C gen run . -pkg kernels -out ../convolve_amd64.s -stubs ../convolve_amd64.go convolve

// flatArgs are the arguments of a tile of a product whose columns are positions of a grid with margins, as the kernel in
// assembly reads them by offset:
//
//	y[o, p] = Σ_r a[o, r]·b[places[r] + p]
//
// Of every register of positions it stores those in lanes, side by side, at start bytes after c.
type flatArgs struct {
	terms  int
	a      unsafe.Pointer
	rowA   int
	b      unsafe.Pointer
	places unsafe.Pointer
	c      unsafe.Pointer
	rowC   int
	rows   int
	lanes  [flatRegisters]uint64
	start  [flatRegisters]int
	cells  [flatRegisters]uint64 // as many ones as lanes has
	ahead  uintptr               // memory that is wanted next: the kernel asks for it and moves on
	pace   int                   // by as many bytes a term
}

// flatRegisters is the number of registers across a tile.
const flatRegisters = 3

// flatHigh is the number of rows of the highest strip of a tile.
const flatHigh = 8

// multiplyFlat computes n positions of a band into y, and asks for next meanwhile.
func (p *Patches[T]) multiplyFlat(e *engine[T], f *patchFrame[T], y, next []T, n int) {
	size, k := int(unsafe.Sizeof(T(0))), p.channels*p.size
	args := &f.flat
	args.terms, args.rowA, args.rowC = k, k*size, p.h*p.w*size
	args.places, args.c = unsafe.Pointer(&p.from[0]), pointer(y)
	p.askFor(args, next, n, e.lanes)
	step := max(8, blockFlops/(2*flatRegisters*e.lanes*k)/8*8)
	for q := 0; q < n; q += flatRegisters * e.lanes {
		args.b = unsafe.Pointer(&f.cells[q])
		p.selectCells(args, q, n, e.lanes, size)
		for o := 0; o < p.outputs; o += step {
			args.a, args.rows = unsafe.Pointer(&p.weights[o*k]), min(step, p.outputs-o)
			args.c = unsafe.Pointer(&y[o*p.h*p.w])
			e.flat(args)
		}
	}
}

// askFor spreads the requests for next over all terms of n positions. A core that works on one band from its cache would
// else leave memory idle, and then wait for the next band.
func (p *Patches[T]) askFor(args *flatArgs, next []T, n, lanes int) {
	tiles := (n-1)/(flatRegisters*lanes) + 1
	terms := tiles * max(1, p.outputs/flatHigh) * args.terms
	args.ahead, args.pace = uintptr(pointer(p.weights)), 0
	if len(next) > 0 {
		args.ahead, args.pace = uintptr(pointer(next)), (len(next)*int(unsafe.Sizeof(next[0]))-1)/terms+1
	}
}

// selectCells finds which of the positions from q on are cells, up to n, and where in a band they belong.
func (p *Patches[T]) selectCells(args *flatArgs, q, n, lanes, size int) {
	for v := range flatRegisters {
		row, col := q/p.pitch, q%p.pitch
		args.start[v] = (row*p.w + min(col, p.w)) * size
		m := uint64(0)
		for at := -col; at < lanes; at += p.pitch { // where rows begin
			if q+at < n {
				m |= ones(at+p.w) &^ ones(at)
			}
		}
		m &= ones(lanes)
		args.lanes[v], args.cells[v] = m, ones(bits.OnesCount64(m))
		q += lanes
	}
}

// ones are n bits, none where n is negative.
func ones(n int) uint64 { return 1<<uint(max(0, min(n, 63))) - 1 }

// flatKernel hands arguments to the kernel in assembly.
func flatKernel(kernel func(*uint64)) func(a *flatArgs) {
	return func(a *flatArgs) { kernel((*uint64)(unsafe.Pointer(a))) }
}

// The gradient of the weights.

// correlation are the arguments of tiles of a gradient: the engine's number of outputs of d, and corrPlaces stretches of x
// a tile, along the rows of a grid of rows×cols cells, whose products are added to sums, a register for each output and
// stretch:
//
//	sums[((t·outputs + o)·corrPlaces + j)·lanes + l] += Σ_{i,q} d[o·rowD + i·cols + q]·x[places[t·corrPlaces + j] + i·pitch + q]
//
// over the q < cols with q mod lanes = l.
type correlation[T Float] struct {
	d, x             []T
	rowD, pitch      int
	places           []int // a multiple of corrPlaces
	rows, cols, lane int
	sums             []T
	raw              correlateArgs
}

// correlateArgs are the same as kernels in assembly read them by offset, distances in bytes.
type correlateArgs struct {
	d            unsafe.Pointer
	rowD         int
	x            unsafe.Pointer
	places, last unsafe.Pointer // the first place, and the first of the last tile
	rows, cols   int
	gapD, gapX   int // from behind the last whole register of a row to the next row
	sums         unsafe.Pointer
}

// corrPlaces is the number of places of a tile.
const corrPlaces = 3

// differentiateFew sums the inputs lo to hi−1 to dw, where channels are too few for tiles of a product.
func (p *Patches[T]) differentiateFew(e *engine[T], f *patchFrame[T], dw []T, lo, hi int) {
	tiles := len(p.places) / corrPlaces * e.corrRows * corrPlaces * e.lanes // of an output, or several
	starts := p.starts(e)
	f.sums = atLeast(f.sums, starts*tiles)
	f.lanes = atLeast(f.lanes, e.corrRows*corrPlaces)
	clear(f.sums)
	c := &f.sum
	c.rowD, c.pitch, c.cols, c.places, c.lane = p.h*p.w, p.pitch, p.w, p.places, e.lanes
	if p.outputs < e.corrRows {
		c.rowD = 0
	}
	for b := lo; b < hi; b++ {
		for i0 := 0; i0 < p.h; i0 += p.rows {
			p.pad(e, f, b, i0)
			c.rows, c.x = min(p.rows, p.h-i0), f.cells
			for t := range starts {
				c.d, c.sums = p.y[((b*p.outputs+p.start(e, t))*p.h+i0)*p.w:], f.sums[t*tiles:][:tiles]
				e.correlate(c)
			}
		}
	}
	for t := range starts {
		p.addLanes(e, f, dw, p.start(e, t), f.sums[t*tiles:][:tiles])
	}
	f.sum = correlation[T]{}
}

// starts is the number of groups of outputs that tiles take, and start the first output of one. The last group reaches back
// where outputs are no multiple of its size; fewer outputs than one has are taken one by one.
func (p *Patches[T]) starts(e *engine[T]) int {
	if p.outputs < e.corrRows {
		return p.outputs
	}
	return (p.outputs-1)/e.corrRows + 1
}

func (p *Patches[T]) start(e *engine[T], t int) int {
	if p.outputs < e.corrRows {
		return t
	}
	return min(t*e.corrRows, p.outputs-e.corrRows)
}

// addLanes adds up the lanes of the sums of a group of outputs from o on.
func (p *Patches[T]) addLanes(e *engine[T], f *patchFrame[T], dw []T, o int, sums []T) {
	tile, k := e.corrRows*corrPlaces, len(p.from)
	for r := 0; r < k; r += corrPlaces {
		e.laneSums(f.lanes[:tile], sums[r*e.corrRows*e.lanes:])
		for i := range min(e.corrRows, p.outputs-o) {
			copy(dw[(o+i)*k+r:][:min(corrPlaces, k-r)], f.lanes[i*corrPlaces:])
			if p.outputs < e.corrRows {
				break
			}
		}
	}
}

// correlateKernel hands tiles to a kernel in assembly.
func correlateKernel[T Float](kernel func(*uint64)) func(c *correlation[T]) {
	size := int(unsafe.Sizeof(T(0)))
	return func(c *correlation[T]) {
		places, last, whole := unsafe.Pointer(&c.places[0]), unsafe.Pointer(&c.places[len(c.places)-corrPlaces]), c.cols/c.lane*c.lane
		c.raw = correlateArgs{pointer(c.d), c.rowD * size, pointer(c.x), places, last, c.rows, c.cols,
			(c.cols - whole) * size, (c.pitch - whole) * size, pointer(c.sums)}
		kernel((*uint64)(unsafe.Pointer(&c.raw)))
	}
}

// correlateGo is the kernel in plain Go, for registers of one element.
func correlateGo[T Float](c *correlation[T]) {
	outputs := len(c.sums) / len(c.places)
	for at, place := range c.places {
		for o := range outputs {
			sum := T(0)
			for i := range c.rows {
				x := c.x[place+i*c.pitch:][:c.cols]
				for q, v := range c.d[o*c.rowD+i*c.cols:][:c.cols] {
					sum += v * x[q]
				}
			}
			c.sums[(at/corrPlaces*outputs+o)*corrPlaces+at%corrPlaces] += sum
		}
	}
}

// laneSumsGo adds up the lanes of registers of one element.
func laneSumsGo[T Float](dst, x []T) { copy(dst, x) }
