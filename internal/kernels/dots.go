package kernels

import "unsafe"

// Where both factors lie along the sum, elements of a C of few rows or columns are
// dot products of their own, of dotDepth terms or more: tiles would first copy B
// into panels, and fill their lanes in part.
const (
	dotDepth = 64
	dotTerms = 1024    // terms of a sum taken at once: four rows of A stay in L1
	dotBytes = 1 << 17 // of B, for one call: strips of rows find them in L2
	dotWork  = 1 << 20 // multiplications of one call at most
	dotRows  = 4       // rows of a call are a multiple of it
	dotCols  = 8       // columns of a call are a multiple of it

	// copiedRows is the number of rows of C from which it pays to copy columns of B.
	copiedRows = 16
)

// dotArgs are the arguments of a kernel of dot products, which reads them by
// offset; the strides are in bytes.
type dotArgs struct {
	k          int
	a          unsafe.Pointer
	rsA        int
	b          unsafe.Pointer
	csB        int
	c          unsafe.Pointer
	rsC        int
	rows, cols int
	accumulate int
}

// isDots says that the elements of C are computed as dot products. Few columns of B that do not lie along
// the sum are copied: that costs less than lanes that stay empty in all rows.
func (t tiles[T]) isDots(p *product[T]) bool {
	if p.k < dotDepth || p.csA != 1 {
		return false
	}
	return p.rsB == 1 && min(p.m, p.n) <= t.thin || p.csB == 1 && p.n > 1 && p.n <= t.thin && p.m >= copiedRows
}

// dotBlock computes C[i0:i1, j0:j1] of product z as dot products.
func (t tiles[T]) dotBlock(p *product[T], s *scratch[T], z, i0, i1, j0, j1 int) {
	var e T
	size := int(unsafe.Sizeof(e))
	k := (p.k-1)/((p.k-1)/dotTerms+1) + 1
	cols := max(dotCols, dotBytes/(k*size)/dotCols*dotCols)
	rows := max(dotRows, dotWork/(k*min(cols, j1-j0))/dotRows*dotRows)
	args := &s.dots
	args.rsA, args.rsC = p.rsA*size, p.ldc*size
	for p0 := 0; p0 < p.k; p0 += k {
		args.k, args.accumulate = min(k, p.k-p0), 0
		if p.accumulate || p0 > 0 {
			args.accumulate = 1
		}
		b, csB := p.columns(s, z, p0, args.k, j0, j1)
		args.csB = csB * size
		for j := j0; j < j1; j += cols {
			args.b, args.cols = unsafe.Pointer(&b[(j-j0)*csB]), min(cols, j1-j)
			for i := i0; i < i1; i += rows {
				args.a, args.rows = unsafe.Pointer(&p.a[z*p.bsA+i*p.rsA+p0]), min(rows, i1-i)
				args.c = unsafe.Pointer(&p.c[z*p.bsC+i*p.ldc+j])
				t.dots((*uint64)(unsafe.Pointer(args)))
			}
		}
	}
	s.dots = dotArgs{} // let go of the operands
}

// columns returns B[p0:p0+k, j0:j1] of product z with its columns along the sum, and the distance between
// them: in place, or copied.
func (p *product[T]) columns(s *scratch[T], z, p0, k, j0, j1 int) (b []T, csB int) {
	b = p.b[z*p.bsB+p0*p.rsB+j0*p.csB:]
	if p.rsB == 1 {
		return b, p.csB
	}
	s.columns = atLeast(s.columns, (j1-j0)*dotTerms)
	engineOf[T]().transposeTo(s.columns, b, k, j1-j0, k, p.rsB)
	return s.columns, k
}
