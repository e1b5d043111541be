package kernels

// rowKind names the body of a rowsJob.
type rowKind uint8

const (
	spmmRows rowKind = iota
	sddmmRows
	lineBlocks
	linesBack
	gatherRows
	scatterRows
	softmaxRows
	softmaxNarrowRows
	softmaxPanels
	transposeRows
)

// rowsJob is a kernel whose rows are independent. Like gemmJob it is kept with
// its body for Parallel, so that a call in steady state allocates nothing.
type rowsJob[T Float] struct {
	rowsArgs[T]
	run func(lo, hi int)
}

// rowsArgs are the operands; each kind uses some of them.
type rowsArgs[T Float] struct {
	kind          rowKind
	dst, src, val []T
	table         []int32
	pattern       *Pattern
	lines         *Lines
	rows, width   int
	height        int // rows of each matrix of a batch
	panel         int // columns that are done together
	log, mask     bool
}

// rowsWork is the number of elements worth handing to another core as a chunk.
const rowsWork = 1 << 14

// forRows runs all rows of a, each of about work elements. Chunks hold at least
// rowsWork elements, so that a small matrix stays on the calling goroutine.
func forRows[T Float](a *rowsArgs[T], work int) {
	e := engineOf[T]()
	j := e.rows.Get()
	if j == nil {
		j = new(rowsJob[T])
		j.run = j.chunk
	}
	j.rowsArgs = *a
	Parallel(a.rows, rowsWork/max(work, 1)+1, j.run)
	j.rowsArgs = rowsArgs[T]{} // let go of the operands
	e.rows.Put(j)
}

// chunk computes rows lo to hi−1. A switch, since a method value or a generic
// function value made per call would be allocated per call.
func (j *rowsJob[T]) chunk(lo, hi int) {
	switch j.kind {
	case spmmRows:
		j.spmm(lo, hi)
	case sddmmRows:
		j.sddmm(lo, hi)
	case lineBlocks:
		j.softenBlocks(lo, hi)
	case linesBack:
		j.linesBack(lo, hi)
	case gatherRows:
		j.gather(lo, hi)
	case scatterRows:
		j.scatter(lo, hi)
	case softmaxRows:
		j.softmax(lo, hi)
	case softmaxNarrowRows:
		j.softmaxNarrow(lo, hi)
	case softmaxPanels:
		j.softmaxPanels(lo, hi)
	case transposeRows:
		j.transpose(lo, hi)
	}
}
