package kernels

import "unsafe"

// How data moves. Transposes and strided copies do no arithmetic; their time is the number of cache
// lines that they touch times how often each is touched. Both kinds are arranged so that lines on at
// least one side are used whole while they are in L1: transposes by square tiles, copies by walking the
// last axis, which layouts keep contiguous where they can, innermost.

// Transpose computes dst[j,i] = src[i,j] for a row-major src (rows×cols). dst
// must not overlap src.
func Transpose[T Float](dst, src []T, rows, cols int) {
	if rows < 0 || cols < 0 {
		panicf("kernels.Transpose: %d×%d is no shape", rows, cols)
	}
	checkLen("Transpose", "src", len(src), rows*cols)
	checkLen("Transpose", "dst", len(dst), rows*cols)
	if rows == 0 || cols == 0 {
		return
	}
	// Rows of the job are bands of dst, so that no two cores write one band.
	a := rowsArgs[T]{kind: transposeRows, dst: dst, src: src, rows: (cols-1)/tileSide + 1, width: cols}
	forRows(&a, tileSide*rows)
}

// tileSide is the side of the square tiles that Transpose moves: the lines of
// one tile of src and one of dst fit in L1 together. Longer strips than
// transposeRun would keep a garbage collection waiting for the assembly.
const (
	tileSide     = 16
	transposeRun = 512
)

// transpose fills bands lo to hi−1, each of tileSide rows of dst.
func (a *rowsArgs[T]) transpose(lo, hi int) {
	e := engineOf[T]()
	cols := a.width
	rows := len(a.src) / cols
	for j := lo * tileSide; j < min(hi*tileSide, cols); j += tileSide {
		for i := 0; i < rows; i += transposeRun {
			e.transposeTo(a.dst[j*rows+i:], a.src[i*cols+j:], min(transposeRun, rows-i), min(tileSide, cols-j), rows, cols)
		}
	}
}

// transposeTo computes dst[j·rowDst + i] = src[i·rowSrc + j] for i < rows and
// j < cols: whole squares by the table's kernel, what is left by loops.
//
// The largest corner whose sides are multiples of the kernel's square is taken by assembly, then the
// rows below it across all columns, then the columns beside it.
func (e *engine[T]) transposeTo(dst, src []T, rows, cols, rowDst, rowSrc int) {
	r, c := rows/e.side*e.side, cols/e.side*e.side
	if r > 0 && c > 0 {
		e.transpose(dst, src, r, c, rowDst, rowSrc)
	}
	if r < rows {
		transposeGo(dst[r:], src[r*rowSrc:], rows-r, cols, rowDst, rowSrc)
	}
	if r > 0 && c < cols {
		transposeGo(dst[c*rowDst:], src[c:], r, cols-c, rowDst, rowSrc)
	}
}

// transposeGo is transposeTo in plain Go. Reading down a column of a tile is slow
// the first time only: the lines it touches serve the next columns as well.
func transposeGo[T Float](dst, src []T, rows, cols, rowDst, rowSrc int) {
	for i0 := 0; i0 < rows; i0 += tileSide {
		i1 := min(i0+tileSide, rows)
		for j := range cols {
			out := dst[j*rowDst+i0 : j*rowDst+i1]
			in := src[i0*rowSrc+j:]
			for i := range out {
				out[i] = in[i*rowSrc]
			}
		}
	}
}

// maxRank bounds the dimensions of CopyStrided.
const maxRank = 8

// shortRow is the number of bytes of a row up to which a call for each costs more than it copies.
const shortRow = 512

// CopyRows copies rows of cols elements from one distance between them to another:
//
//	dst[i·rowDst + j] = src[i·rowSrc + j],  i < rows, j < cols
//
// dst must not overlap src.
func CopyRows[T Float](dst, src []T, rows, cols, rowDst, rowSrc int) {
	if rows <= 0 || cols <= 0 {
		return
	}
	if needDst, needSrc := (rows-1)*rowDst+cols, (rows-1)*rowSrc+cols; rowDst < cols || rowSrc < 0 || len(dst) < needDst || len(src) < needSrc {
		panicf("kernels.CopyRows: %d rows of %d, %d apart in %d elements and %d apart in %d, do not fit",
			rows, cols, rowDst, len(dst), rowSrc, len(src))
	}
	if cols*int(unsafe.Sizeof(src[0])) > shortRow {
		for i := range rows {
			copy(dst[i*rowDst:][:cols], src[i*rowSrc:])
		}
		return
	}
	e := engineOf[T]()
	a := e.copies.Get()
	if a == nil {
		a = new(windowArgs[T])
	}
	for lo := 0; lo < rows; lo += copiedAtOnce {
		*a = windowArgs[T]{x: pointer(src[lo*rowSrc:]), y: pointer(dst[lo*rowDst:]), rows: min(copiedAtOnce, rows-lo), cols: cols, rowX: rowSrc, rowY: rowDst}
		e.copyRows(a)
	}
	*a = windowArgs[T]{} // let go of the operands
	e.copies.Put(a)
}

// copiedAtOnce bounds the time of one call into assembly, during which the goroutine can not be stopped.
const copiedAtOnce = 1024

// CopyStrided copies a block of up to 8 dimensions between two strided layouts:
//
//	dst[Σ iₐ·dstStrides[a]] = src[Σ iₐ·srcStrides[a]],  0 ≤ iₐ < dims[a]
//
// It slices, permutes, and (with a stride of 0 in src) broadcasts. Strides are
// ≥ 0 and the elements of dst distinct. dst must not overlap src.
func CopyStrided[T Float](dst []T, dstStrides []int, src []T, srcStrides []int, dims []int) {
	if len(dims) > maxRank || len(dstStrides) != len(dims) || len(srcStrides) != len(dims) {
		panicf("kernels.CopyStrided: %d dims with %d and %d strides; they must be the same and at most %d",
			len(dims), len(dstStrides), len(srcStrides), maxRank)
	}
	needDst, needSrc := 1, 1
	for a, d := range dims {
		if d <= 0 {
			return
		}
		if dstStrides[a] < 0 || srcStrides[a] < 0 {
			panicf("kernels.CopyStrided: negative stride %d or %d", dstStrides[a], srcStrides[a])
		}
		needDst += (d - 1) * dstStrides[a]
		needSrc += (d - 1) * srcStrides[a]
	}
	if len(dst) < needDst || len(src) < needSrc {
		panicf("kernels.CopyStrided: dst and src have %d and %d elements; they need %d and %d",
			len(dst), len(src), needDst, needSrc)
	}
	copyStrided(dst, dstStrides, src, srcStrides, dims)
}

// copyStrided runs an odometer over all dimensions but the last and copies one
// line a step.
//
// at counts each axis; going over the end of one takes back its dims·strides and carries into the axis
// before it. Offsets are kept by additions alone: no index is multiplied or divided.
func copyStrided[T Float](dst []T, dstStrides []int, src []T, srcStrides []int, dims []int) {
	last := len(dims) - 1
	if last < 0 {
		dst[0] = src[0]
		return
	}
	var at [maxRank]int
	d, s := 0, 0
	for {
		copyLine(dims[last], dst[d:], dstStrides[last], src[s:], srcStrides[last])
		a := last - 1
		for ; a >= 0; a-- {
			d, s = d+dstStrides[a], s+srcStrides[a]
			at[a]++
			if at[a] < dims[a] {
				break
			}
			d, s = d-dims[a]*dstStrides[a], s-dims[a]*srcStrides[a]
			at[a] = 0
		}
		if a < 0 {
			return
		}
	}
}

// copyLine copies n elements from one stride to another.
func copyLine[T Float](n int, dst []T, ds int, src []T, ss int) {
	if ds == 1 && ss == 1 {
		copy(dst[:n], src[:n])
		return
	}
	for i := range n {
		dst[i*ds] = src[i*ss]
	}
}
