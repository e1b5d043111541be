package kernels

// A narrow C whose A is transposed, as in the gradient xᵀ·dy of a layer of few outputs, leaves lanes of the
// tiles empty, and reads A across its lines. The transposed product
//
//	Cᵀ (n×m) = Bᵀ·Aᵀ
//
// has neither fault: Aᵀ lies row by row, its rows are long, and each of its lines is read once. Parts of Cᵀ
// stay in L1 until they are turned into rows of C.
const (
	turnedDepth = 16  // terms of a sum from which turning the result pays
	turnedRows  = 64  // rows of C from which it does
	turnedPart  = 256 // rows of C that are computed, then turned
	turnedPitch = turnedPart + 16
)

// isTurned says that the transposed product is computed.
func (t tiles[T]) isTurned(p *product[T]) bool {
	return p.n > 1 && p.n <= t.thin && p.m >= turnedRows && p.k >= turnedDepth && p.rsA == 1 && p.csA > 1 && !p.accumulate
}

// turnedBlock computes C[i0:i1, j0:j1] of product z from its transpose.
func (t tiles[T]) turnedBlock(p *product[T], s *scratch[T], z, i0, i1, j0, j1 int) {
	s.across = atLeast(s.across, roundUp(t.thin, t.turnLanes)*turnedPitch)
	q := &s.turned
	*q = product[T]{
		batch: 1, m: j1 - j0, k: p.k,
		a: p.b[z*p.bsB+j0*p.csB:], rsA: p.csB, csA: p.rsB,
		rsB: p.csA, csB: 1,
		c: s.across, ldc: turnedPitch,
	}
	for i := i0; i < i1; i += turnedPart {
		q.b, q.n = p.a[z*p.bsA+i:], min(turnedPart, i1-i)
		t.tileBlock(q, s, 0, 0, q.m, 0, q.n)
		t.turnTo(p.c[z*p.bsC+i*p.ldc+j0:], s.across, q.m, q.n, p.ldc)
	}
	*q = product[T]{} // let go of the operands
}

// turnTo computes dst[j·rowDst + i] = src[i·turnedPitch + j] for i < rows and j < cols.
func (t tiles[T]) turnTo(dst, src []T, rows, cols, rowDst int) {
	whole := cols / t.turnUnit * t.turnUnit
	for i := 0; i < rows && whole > 0; i += t.turnLanes {
		t.turn(dst[i:], src[i*turnedPitch:], min(t.turnLanes, rows-i), whole, rowDst, turnedPitch)
	}
	for j := whole; j < cols; j++ {
		for i := range rows {
			dst[j*rowDst+i] = src[i*turnedPitch+j]
		}
	}
}

// isTurnedDots says that dot products compute the transpose, whose factors lie along the sum and side by side as [tiles.isDots]
// wants them: tiles would turn all of B into panels for the few rows of A.
func (t tiles[T]) isTurnedDots(p *product[T]) bool {
	return p.m > 1 && p.m <= t.thin && p.n >= turnedRows && p.k >= dotDepth && p.rsA == 1 && p.csA > 1 && p.rsB == 1 && p.csB > 1 && !p.accumulate
}

// turnedDots computes C[i0:i1, j0:j1] of product z from dot products that make its transpose.
func (t tiles[T]) turnedDots(p *product[T], s *scratch[T], z, i0, i1, j0, j1 int) {
	s.across = atLeast(s.across, roundUp(t.thin, t.turnLanes)*turnedPitch)
	q := &s.turned
	*q = product[T]{
		batch: 1, n: i1 - i0, k: p.k,
		b: p.a[z*p.bsA+i0:], rsB: p.csA, csB: 1,
		rsA: p.csB, csA: 1,
		c: s.across, ldc: i1 - i0,
	}
	for j := j0; j < j1; j += turnedPart {
		q.a, q.m = p.b[z*p.bsB+j*p.csB:], min(turnedPart, j1-j)
		t.dotBlock(q, s, 0, 0, q.m, 0, q.n)
		engineOf[T]().transposeTo(p.c[z*p.bsC+i0*p.ldc+j:], s.across, q.m, q.n, p.ldc, q.n)
	}
	*q = product[T]{} // let go of the operands
}
