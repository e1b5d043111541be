package kernels

import "unsafe"

// PanelWidth is the number of columns of a panel: rows that follow each other without gaps, of so many numbers each. It is
// how products copy their right factor before they multiply. Who makes panels himself, or multiplies with one many times, saves
// the copy.
const PanelWidth = 32

const (
	// panelRows are the rows for one call of a kernel, seven strips of float32: a garbage collection waits for none of them long.
	panelRows, panelStrip = 91, 13
	lineBytes             = 64
)

// PanelProduct is the scratch of products with panels. Its zero value is ready for use, by one goroutine at a time.
type PanelProduct[T Float] struct{ args panelArgs }

// panelArgs are the arguments of a kernel of products with panels, which reads them by offset; strides are in bytes. Each turn of
// a product asks for the line at an address and moves that on by a step; the address keeps nothing alive.
type panelArgs struct {
	k          int
	a          unsafe.Pointer
	rowA       int
	b, c       unsafe.Pointer
	rowC       int
	rows       int
	accumulate int
	at, step   uintptr
}

// Multiply computes C = A·B, or adds A·B to C, with A (rows×k) of rows that are rowA elements apart, B a panel of k rows, and
// C (rows×32) of rows that are rowC elements apart. Rows of A may overlap. C must not overlap A or B.
func (p *PanelProduct[T]) Multiply(rows, k int, a []T, rowA int, b []T, c []T, rowC int, accumulate bool) {
	kernel := engineOf[T]().foldedTile
	if kernel == nil || rows == 0 || k == 0 {
		Gemm(rows, PanelWidth, k, a, rowA, 1, b, PanelWidth, 1, c, rowC, accumulate)
		return
	}
	checkReach("A", len(a), rows, k, rowA, 1, 1, 0)
	checkReach("B", len(b), k, PanelWidth, PanelWidth, 1, 1, 0)
	checkReach("C", len(c), rows, PanelWidth, rowC, 1, 1, 0)
	size := int(unsafe.Sizeof(c[0]))
	s := &p.args
	s.k, s.b, s.rowA, s.rowC, s.accumulate = k, unsafe.Pointer(&b[0]), rowA*size, rowC*size, 0
	if accumulate {
		s.accumulate = 1
	}
	for i := 0; i < rows; i += panelRows {
		s.rows, s.a, s.c = min(panelRows, rows-i), unsafe.Pointer(&a[i*rowA]), unsafe.Pointer(&c[i*rowC])
		kernel((*uint64)(unsafe.Pointer(s)))
	}
	s.a, s.b, s.c = nil, nil, nil // let go of the operands
}
