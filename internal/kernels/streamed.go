package kernels

import "unsafe"

// A sum over the rows of a large B with few rows of C, as in the gradient of a layer whose inputs are wide, is bound
// by memory: B is larger than the caches, and a few multiplications are done with each of its elements. Copied to
// panels first, B would come from memory in one phase and the arithmetic would wait for it; read across its rows
// panel by panel, it would come a few lines at a time from places too far apart for the processor to foresee.
//
// So the sum is taken some rows of B at a time, all columns of which fit in L2, and while a tile sums its part of
// them, it asks for its share of the next rows: line after line of memory, as the processor's own prefetching likes it.
// C stays in L2, too. As in other long sums, each core takes a part of the rows.
const (
	aheadRows   = 16      // rows of B that a tile asks ahead for otherwise: some 100 cycles
	streamParts = 4       // parts of a sum
	streamDepth = 64      // rows of B taken at once
	streamLeast = 16      // and of long rows so many at least
	streamBytes = 1 << 19 // of them at most
	streamCols  = 128     // columns from which C is wide enough
	broadHigh   = 8       // and a broad one
	narrowHigh  = 24      // rows that a narrow kernel takes at once
	turnedLanes = 16      // rows of C that a register of a transposed sum holds
	turnedLeast = 12      // of the last of which it holds more
	walkRows    = 48      // rows of a large A taken at once
	streamRows  = 48      // rows of C up to which arithmetic does not outweigh memory
)

// streams says that the product is such a sum.
func (p *product[T]) streams() bool {
	var e T
	row := p.n * int(unsafe.Sizeof(e))
	return p.batch == 1 && p.m > rowHigh && p.m <= streamRows && p.csB == 1 && p.rsB == p.n && p.n >= streamCols &&
		p.k*row > inPlaceBytes && row*streamLeast <= streamBytes
}

// turns says that the transposed sum is computed,
//
//	Cᵀ (n×m) = Bᵀ·Aᵀ
//
// which multiplies rows of A, short and side by side, by single elements of B. Those are never cut by the border of a
// line, as most registers of B are whose rows have odd lengths. It takes two registers of rows of C, or more, that are nearly full.
func (p *product[T]) turns() bool {
	last := p.m % turnedLanes
	return p.rsA == 1 && p.m > turnedLanes && (last == 0 || last > turnedLeast)
}

// turned says that the product is such a transposed sum, whose A is what is streamed.
func (p *product[T]) turned() bool { return p.streamed && p.n <= streamRows }

// isBroad says that tiles of three registers across suit a sum whose B is streamed: where two strips of theirs hold all rows,
// and one strip of the others does not.
func (t tiles[T]) isBroad(p *product[T]) bool {
	return t.broad != nil && p.streamed && !p.turned() && p.m > t.high && p.m <= 2*broadHigh
}

// walks says that A comes from memory beside a B of few columns, as in a layer with wide inputs: the rows of A are
// taken some at a time through all their terms, which makes one stretch of memory of them, and the next stretch is asked
// for meanwhile.
func (p *product[T]) walks() bool {
	var e T
	return p.packed != nil && p.n <= streamRows && p.csA == 1 && p.rsA == p.k && p.k > maxDepth && p.m*p.k*int(unsafe.Sizeof(e)) > inPlaceBytes
}

// askAhead tells a kernel what to ask for while it computes cols columns from j on: rows of B some turns ahead or, of
// a sum that is streamed, the share of the next rows that belongs to the tile; or rows of A from i1 on; or what the caller
// of the block wants.
func (t tiles[T]) askAhead(p *part[T], i1, j, cols, high int) {
	args := &p.s.tile
	args.step, args.back = args.rsB, -args.rsB*p.k
	args.ahead = uintptr(args.b) + uintptr(args.rsB*aheadRows)
	size, turns := int(unsafe.Sizeof(*new(T))), (args.rows-1)/high+1 // turns for each term
	switch {
	case p.next != 0:
		args.ahead, args.step, args.back = p.next, (p.share-1)/turns+1, 0
		p.next += uintptr(args.step * turns * p.k)
	case p.walks() && j == p.j0:
		args.ahead = uintptr(unsafe.Pointer(&p.a[0])) + uintptr((p.z*p.bsA+i1*p.rsA+p.p0*args.rows)*size)
		args.step, args.back = args.rows*size/turns, 0
	case p.turned():
		next := (p.z*p.bsA + (p.p0+p.k)*p.csA + (i1-args.rows)*p.k) * size
		args.ahead = uintptr(unsafe.Pointer(&p.a[0])) + uintptr(next)
		args.step, args.back = args.rows*size/turns, 0
	case p.streamed:
		next := (p.z*p.bsB + (p.p0+p.k)*p.rsB + j*p.k) * size
		args.ahead = uintptr(unsafe.Pointer(&p.b[0])) + uintptr(next)
		args.step, args.back = cols*size/turns, 0
	}
}
