package kernels

// The loops of a block, from the outside in:
//
//	p0: depth terms of every sum; A's rows are made contiguous for them
//	j:  one panel of B, width columns, copied row by row into L1
//	i:  two rows of A, read once per panel from L2
//	q:  the sums of one 2×width tile of C, in registers
//
// Columns that fill no panel go one by one, four rows of A at a time. Rows and
// columns past the edge are never read, so nothing has to be padded, and a NaN
// of one row can not reach another.

// Sizes of the portable product. The 2×4 tile is the largest whose sums,
// factors and addresses stay in the 16 registers of plain amd64 code: 4×4 and
// 2×6 spill and run a quarter slower.
const (
	depth       = 256 // terms of a sum taken at once: a panel of B stays in L1
	width       = 4   // columns of a panel
	rowsOfBlock = 128 // rows of A that stay in L2 while panels pass
	colsOfBlock = 64  // enough panels to pay for copying a strided A

	// directWork is the number mnk of multiplications up to which scratch and
	// packing do not pay.
	directWork = 512
	// directRows is the number of rows of A up to which a packed panel of B
	// would not be read often enough to pay for itself.
	directRows = 3
)

// cutPortable makes blocks finer where there are few, to keep every core busy.
func cutPortable[T Float](p *product[T], _ int) (rows, cols int) {
	if p.batch*p.m*p.n <= 4*rowsOfBlock*colsOfBlock {
		return rowsOfBlock / 4, colsOfBlock
	}
	return rowsOfBlock, colsOfBlock
}

// sharedPortable says that every block packs its B for itself, a panel at a time.
func sharedPortable[T Float](*product[T], int) (size, parts int) { return 0, 0 }

// block computes C[i0:i1, j0:j1] of product z. Every path sums depth terms in
// sequence from zero and adds these partial sums to C in sequence.
//
// The partial sums are in one order for every block, tile and column: C does not depend on the cut,
// which cores decide.
func block[T Float](p *product[T], s *scratch[T], z, i0, i1, j0, j1 int) {
	if p.m <= directRows {
		direct(p, z, i0, i1, j0, j1)
		return
	}
	b := p.b[z*p.bsB:]
	c := p.c[z*p.bsC:]
	for p0 := 0; p0 < p.k; p0 += depth {
		p1 := min(p0+depth, p.k)
		add := p.accumulate || p0 > 0
		a, lda := p.rowsOfA(s, z, i0, i1, p0, p1)
		j := j0
		for ; j+width <= j1; j += width {
			panel := s.panel[:p1-p0]
			packPanel(panel, b[p0*p.rsB+j*p.csB:], p.rsB, p.csB)
			sweepPanel(i1-i0, a, lda, panel, c[i0*p.ldc+j:], p.ldc, add)
		}
		for ; j < j1; j++ {
			column := s.column[:p1-p0]
			packColumn(column, b[p0*p.rsB+j*p.csB:], p.rsB)
			sweepColumn(i1-i0, a, lda, column, c[i0*p.ldc+j:], p.ldc, add)
		}
	}
}

// rowsOfA returns A[i0:i1, p0:p1] with contiguous rows and the distance between
// them: in place if A's rows are contiguous already, else copied to scratch.
//
// A copy costs one read and one write for each element and is read by every panel of the block.
func (p *product[T]) rowsOfA(s *scratch[T], z, i0, i1, p0, p1 int) ([]T, int) {
	a := p.a[z*p.bsA+i0*p.rsA+p0*p.csA:]
	if p.csA == 1 {
		return a, p.rsA
	}
	k, m := p1-p0, i1-i0
	s.rows = atLeast(s.rows, rowsOfBlock*depth)
	for q := range k {
		// Read along i, where a transposed A is contiguous.
		for i := range m {
			s.rows[i*k+q] = a[i*p.rsA+q*p.csA]
		}
	}
	return s.rows, k
}

// packPanel copies width columns of B into panel.
func packPanel[T Float](panel [][width]T, b []T, rs, cs int) {
	if cs == 1 {
		for q := range panel {
			panel[q] = [width]T(b[q*rs:])
		}
		return
	}
	for q := range panel {
		row := b[q*rs:]
		panel[q] = [width]T{row[0], row[cs], row[2*cs], row[3*cs]}
	}
}

// packColumn copies one column of B.
func packColumn[T Float](column, b []T, rs int) {
	for q := range column {
		column[q] = b[q*rs]
	}
}

// sweepPanel multiplies m rows of A with a panel of B into c (m×width).
func sweepPanel[T Float](m int, a []T, lda int, panel [][width]T, c []T, ldc int, add bool) {
	k := len(panel)
	i := 0
	for ; i+2 <= m; i += 2 {
		c0 := (*[width]T)(c[i*ldc:])
		c1 := (*[width]T)(c[(i+1)*ldc:])
		tile2(a[i*lda:][:k], a[(i+1)*lda:][:k], panel, c0, c1, add)
	}
	if i < m {
		tile1(a[i*lda:][:k], panel, (*[width]T)(c[i*ldc:]), add)
	}
}

// tile2 is the inner loop: two rows of A times a panel, eight sums in registers.
//
// Each of the eight sums is its own chain; an element of A serves four products and one of B two, so
// that a turn has six loads for eight multiplications and additions.
func tile2[T Float](a0, a1 []T, panel [][width]T, c0, c1 *[width]T, add bool) {
	var s00, s01, s02, s03, s10, s11, s12, s13 T
	a1 = a1[:len(a0)]
	panel = panel[:len(a0)]
	for q, x := range a0 {
		b, y := &panel[q], a1[q]
		s00 += x * b[0]
		s01 += x * b[1]
		s02 += x * b[2]
		s03 += x * b[3]
		s10 += y * b[0]
		s11 += y * b[1]
		s12 += y * b[2]
		s13 += y * b[3]
	}
	store(c0, s00, s01, s02, s03, add)
	store(c1, s10, s11, s12, s13, add)
}

// tile1 is tile2 for the last row of an odd number.
func tile1[T Float](a0 []T, panel [][width]T, c0 *[width]T, add bool) {
	var s0, s1, s2, s3 T
	panel = panel[:len(a0)]
	for q, x := range a0 {
		b := &panel[q]
		s0 += x * b[0]
		s1 += x * b[1]
		s2 += x * b[2]
		s3 += x * b[3]
	}
	store(c0, s0, s1, s2, s3, add)
}

// store writes the sums of a tile's row, or adds them.
func store[T Float](c *[width]T, s0, s1, s2, s3 T, add bool) {
	if add {
		s0, s1, s2, s3 = c[0]+s0, c[1]+s1, c[2]+s2, c[3]+s3
	}
	*c = [width]T{s0, s1, s2, s3}
}

// sweepColumn multiplies m rows of A with one column of B, four rows at a time
// so that four sums are under way at once.
//
// One sum alone would wait four cycles for each addition.
func sweepColumn[T Float](m int, a []T, lda int, column, c []T, ldc int, add bool) {
	k := len(column)
	i := 0
	for ; i+4 <= m; i += 4 {
		a0, a1, a2, a3 := a[i*lda:][:k], a[(i+1)*lda:][:k], a[(i+2)*lda:][:k], a[(i+3)*lda:][:k]
		var s0, s1, s2, s3 T
		for q, y := range column {
			s0 += a0[q] * y
			s1 += a1[q] * y
			s2 += a2[q] * y
			s3 += a3[q] * y
		}
		put(&c[i*ldc], s0, add)
		put(&c[(i+1)*ldc], s1, add)
		put(&c[(i+2)*ldc], s2, add)
		put(&c[(i+3)*ldc], s3, add)
	}
	for ; i < m; i++ {
		row := a[i*lda:][:k]
		var s T
		for q, y := range column {
			s += row[q] * y
		}
		put(&c[i*ldc], s, add)
	}
}

// put writes a sum, or adds it.
func put[T Float](c *T, s T, add bool) {
	if add {
		s = *c + s
	}
	*c = s
}

// directBlock is direct with the signature of a block.
func directBlock[T Float](p *product[T], _ *scratch[T], z, i0, i1, j0, j1 int) {
	direct(p, z, i0, i1, j0, j1)
}

// direct computes C[i0:i1, j0:j1] of product z on the operands in place: for
// products too small to pack, and for few rows, where a panel is read once.
//
// It sums as block does: depth terms from zero, then the partial sums in sequence. The same product has
// the same bits by either way.
func direct[T Float](p *product[T], z, i0, i1, j0, j1 int) {
	for p0 := 0; p0 < p.k; p0 += depth {
		k := min(depth, p.k-p0)
		add := p.accumulate || p0 > 0
		for i := i0; i < i1; i++ {
			a := p.a[z*p.bsA+i*p.rsA+p0*p.csA:]
			c := p.c[z*p.bsC+i*p.ldc:]
			j := j0
			for ; j+width <= j1; j += width {
				b := p.b[z*p.bsB+p0*p.rsB+j*p.csB:]
				directTile(k, a, p.csA, b, p.rsB, p.csB, (*[width]T)(c[j:]), add)
			}
			for ; j < j1; j++ {
				b := p.b[z*p.bsB+p0*p.rsB+j*p.csB:]
				var s T
				for q := range k {
					s += a[q*p.csA] * b[q*p.rsB]
				}
				put(&c[j], s, add)
			}
		}
	}
}

// directTile is one row of A times four columns of B, all by strides.
func directTile[T Float](k int, a []T, cs int, b []T, rsB, csB int, c *[width]T, add bool) {
	var s0, s1, s2, s3 T
	if csB == 1 { // one bounds check for four columns
		for q := range k {
			x, y := a[q*cs], (*[width]T)(b[q*rsB:])
			s0 += x * y[0]
			s1 += x * y[1]
			s2 += x * y[2]
			s3 += x * y[3]
		}
		store(c, s0, s1, s2, s3, add)
		return
	}
	for q := range k {
		x, y := a[q*cs], b[q*rsB:]
		s0 += x * y[0]
		s1 += x * y[csB]
		s2 += x * y[2*csB]
		s3 += x * y[3*csB]
	}
	store(c, s0, s1, s2, s3, add)
}
