package kernels

import "unsafe"

// Where both factors lie along the sum, elements of a C of few rows or columns are
// dot products of their own, of dotDepth terms or more: tiles would first copy B
// into panels, and fill their lanes in part.
const (
	dotDepth = 64
	dotTerms = 1024 // terms of a sum taken at once: four columns of B stay in L1
	dotWidth = 4    // columns of one call
)

// dotArgs are the arguments of a kernel of dot products, which reads them by
// offset; the strides are in bytes.
type dotArgs struct {
	k          int
	a          unsafe.Pointer
	rsA        int
	b          [dotWidth]unsafe.Pointer
	c          unsafe.Pointer
	rsC        int
	rows, cols int
	accumulate int
}

// isDots says that the elements of C are computed as dot products.
func (t tiles[T]) isDots(p *product[T]) bool {
	return min(p.m, p.n) <= t.thin && p.k >= dotDepth && p.csA == 1 && p.rsB == 1
}

// dotBlock computes C[i0:i1, j0:j1] of product z as dot products.
func (t tiles[T]) dotBlock(p *product[T], s *scratch[T], z, i0, i1, j0, j1 int) {
	var e T
	size := int(unsafe.Sizeof(e))
	k := (p.k-1)/((p.k-1)/dotTerms+1) + 1
	args := &s.dots
	args.rsA, args.rsC = p.rsA*size, p.ldc*size
	for p0 := 0; p0 < p.k; p0 += k {
		args.k, args.accumulate = min(k, p.k-p0), 0
		if p.accumulate || p0 > 0 {
			args.accumulate = 1
		}
		for i := i0; i < i1; i += tileRows {
			args.a, args.rows = unsafe.Pointer(&p.a[z*p.bsA+i*p.rsA+p0]), min(tileRows, i1-i)
			for j := j0; j < j1; j += dotWidth {
				args.cols = min(dotWidth, j1-j)
				for q := range args.b { // columns that are missing repeat the last
					args.b[q] = unsafe.Pointer(&p.b[z*p.bsB+min(j+q, j1-1)*p.csB+p0])
				}
				args.c = unsafe.Pointer(&p.c[z*p.bsC+i*p.ldc+j])
				t.dots((*uint64)(unsafe.Pointer(args)))
			}
		}
	}
	s.dots = dotArgs{} // let go of the operands
}
