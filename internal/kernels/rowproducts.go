package kernels

import "unsafe"

// A product of one or two rows, as of a layer for one example, uses each element of B once or twice: nothing counts but how B
// is read. Its rows are read from end to end, some side by side, and added to rows of C that stay in L1.
const (
	rowHigh   = 2       // rows of C at most
	rowPanels = 4       // panels of B at least: tiles of fewer keep their sums in registers
	rowBytes  = 1 << 20 // of B that a call reads
)

// rowKernel computes y[i·rowY + j] += Σ_p a[i·rowA + p]·b[p·rowB + j], p < terms, j < cols, for its number of rows i.
type rowKernel[T Float] func(y, a, b *T, terms, cols, rowY, rowA, rowB int)

// isRow says that C is computed so.
func (t tiles[T]) isRow(p *product[T]) bool {
	return p.m <= rowHigh && p.csA == 1 && p.csB == 1 && p.n >= rowPanels*t.width
}

// rowBlock computes C[i0:i1, j0:j1] of product z. Each element is one chain of FMA over all terms.
func (t tiles[T]) rowBlock(p *product[T], z, i0, i1, j0, j1 int) {
	c, a := p.c[z*p.bsC+i0*p.ldc+j0:], p.a[z*p.bsA+i0*p.rsA:]
	if !p.accumulate {
		for i := range i1 - i0 {
			clear(c[i*p.ldc:][:j1-j0])
		}
	}
	terms := max(rowUnit, rowBytes/((j1-j0)*int(unsafe.Sizeof(c[0])))/rowUnit*rowUnit)
	for p0 := 0; p0 < p.k; p0 += terms {
		t.rows[i1-i0-1](&c[0], &a[p0], &p.b[z*p.bsB+p0*p.rsB+j0], min(terms, p.k-p0), j1-j0, p.ldc, p.rsA, p.rsB)
	}
}
