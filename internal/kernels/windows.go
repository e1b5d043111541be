package kernels

import "unsafe"

//go:generate go -C gen run . -pkg kernels -out ../windows_amd64.s -stubs ../windows_amd64.go windows

// Windows are Rows×Cols windows of a grid whose entries are compared. Entry k of the window at (i, j) is
//
//	x[From[k] + i·Pitch + j]
//
// in a slice x that is laid out so: neighbouring windows read neighbouring elements, and a vector register holds entry k
// of as many windows as it has lanes. Vectors of the windows, y and d, are dense, Rows×Cols. Windows of 2×2 cells of a grid with
// a pitch of 5, say, one cell apart, have From = 0, 1, 5, 6:
//
//	0  1  2  3  4        window (0, 0) is 0, 1, 5, 6
//	5  6  7  8  9        window (0, 1) is 1, 2, 6, 7, and so on:
//	…                    entry 2 of all windows of the row is 5, 6, 7, 8, one load
//
// Which entry of a window is the largest is found again in the backward, from the values: to keep it would be a number a
// window in memory, and to find it is as many comparisons as the forward has made.
//
// A Windows belongs to one op of one program. Its methods may run on several cores, with a frame for each.
type Windows[T Float] struct {
	Rows, Cols, Pitch int
	From              []int
}

// WindowFrame is the scratch of one core.
type WindowFrame[T Float] struct {
	entry []T
	args  windowArgs[T]
}

// windowArgs are the arguments of the kernels, which read them by offset; distances of rows are in elements, and in bytes
// for assembly.
type windowArgs[T Float] struct {
	x, y, z          unsafe.Pointer
	from             unsafe.Pointer
	size, rows, cols int
	rowX, rowY, rowZ int
	step             T // size as a number
}

// check wants x as long as the last entry of the last window, and vectors of the windows.
func (w *Windows[T]) check(op string, x []T, vectors ...[]T) {
	if w.Rows < 1 || w.Cols < 1 || w.Pitch < 0 || len(w.From) == 0 {
		panicf("kernels.Windows.%s: %d×%d windows of %d entries, pitch %d; want some", op, w.Rows, w.Cols, len(w.From), w.Pitch)
	}
	for _, from := range w.From {
		if end := from + (w.Rows-1)*w.Pitch + w.Cols; from < 0 || end > len(x) {
			panicf("kernels.Windows.%s: x has %d elements; windows read [%d, %d)", op, len(x), from, end)
		}
	}
	for _, v := range vectors {
		if len(v) != w.Rows*w.Cols { // no checkLen, which would have the name put together in every call
			panicf("kernels.Windows.%s: a vector has %d elements; there are %d×%d windows", op, len(v), w.Rows, w.Cols)
		}
	}
}

// Extreme computes the largest (least: smallest) entry of every window, y; a NaN wins over every number.
func (w *Windows[T]) Extreme(f *WindowFrame[T], y, x []T, least bool) {
	w.check("Extreme", x, y)
	e := engineOf[T]()
	kernel := e.windowMax
	if least {
		kernel = e.windowMin
	}
	kernel(w.fill(f, x, y, nil))
	f.args = windowArgs[T]{} // let go of the operands
}

// Back adds d of every window to that of its entries which is y first, or is the first NaN: dx[From[k] + i·Pitch + j].
// A window without such an entry adds nothing. An element of dx gets its terms in the order of the windows where an
// entry of a higher k lies further on.
func (w *Windows[T]) Back(f *WindowFrame[T], dx, x, y, d []T) {
	w.check("Back", x, y, d)
	w.check("Back", dx)
	e := engineOf[T]()
	f.entry = atLeast(f.entry, w.Rows*w.Cols)
	e.windowFirst(w.fill(f, x, y, f.entry))
	e.windowPlace(w.fill(f, dx, d, f.entry))
	f.args = windowArgs[T]{}
}

// fill makes the arguments of a kernel.
func (w *Windows[T]) fill(f *WindowFrame[T], x, y, z []T) *windowArgs[T] {
	f.args = windowArgs[T]{pointer(x), pointer(y), pointer(z), unsafe.Pointer(&w.From[0]), len(w.From), w.Rows, w.Cols,
		w.Pitch, w.Cols, w.Cols, T(len(w.From))}
	return &f.args
}

func pointer[T Float](x []T) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(x)) }

// Deal copies even columns of x, rows of cols elements with rowX between them, to even, and odd ones to odd, rows of these
// being rowTo apart.
func Deal[T Float](f *WindowFrame[T], even, odd, x []T, rows, cols, rowX, rowTo int) {
	engineOf[T]().deal(f.halves("Deal", even, odd, x, rows, cols, rowX, rowTo))
	f.args = windowArgs[T]{}
}

// Join puts back what Deal has dealt out.
func Join[T Float](f *WindowFrame[T], x, even, odd []T, rows, cols, rowX, rowFrom int) {
	engineOf[T]().join(f.halves("Join", even, odd, x, rows, cols, rowX, rowFrom))
	f.args = windowArgs[T]{}
}

// halves makes the arguments of Deal and Join.
func (f *WindowFrame[T]) halves(op string, even, odd, x []T, rows, cols, rowX, row int) *windowArgs[T] {
	last := rows - 1
	if rows < 1 || cols < 2 || len(x) < last*rowX+cols || len(even) < last*row+(cols+1)/2 || len(odd) < last*row+cols/2 {
		panicf("kernels.%s: %d×%d elements, rows %d apart, in %d; halves of %d and %d, rows %d apart", op, rows, cols, rowX,
			len(x), len(even), len(odd), row)
	}
	f.args = windowArgs[T]{pointer(x), pointer(even), pointer(odd), nil, 0, rows, cols, rowX, row, row, 0}
	return &f.args
}

// windowKernel hands arguments to a kernel in assembly.
func windowKernel[T Float](kernel func(*uint64)) func(a *windowArgs[T]) {
	size := int(unsafe.Sizeof(T(0)))
	return func(a *windowArgs[T]) {
		a.rowX, a.rowY, a.rowZ = a.rowX*size, a.rowY*size, a.rowZ*size
		kernel((*uint64)(unsafe.Pointer(a)))
	}
}

// The kernels in plain Go.

// slices are x, y and z of the arguments up to the ends that the kernels reach, and the places.
func (a *windowArgs[T]) slices() (x, y, z []T, from []int) {
	from = unsafe.Slice((*int)(a.from), a.size)
	n, m := 0, (a.rows-1)*a.rowY+a.cols
	for _, place := range from {
		n = max(n, place+(a.rows-1)*a.rowX+a.cols)
	}
	if a.z != nil {
		z = unsafe.Slice((*T)(a.z), m)
	}
	return unsafe.Slice((*T)(a.x), n), unsafe.Slice((*T)(a.y), m), z, from
}

func windowMaxGo[T Float](a *windowArgs[T]) {
	windowExtremeGo(a, func(v, best T) bool { return v > best })
}
func windowMinGo[T Float](a *windowArgs[T]) {
	windowExtremeGo(a, func(v, best T) bool { return v < best })
}

// windowExtremeGo goes window by window.
func windowExtremeGo[T Float](a *windowArgs[T], better func(v, best T) bool) {
	x, y, _, from := a.slices()
	for i := range a.rows {
		for j := range a.cols {
			at := i*a.rowX + j
			best := x[from[0]+at]
			for _, place := range from[1:] {
				if v := x[place+at]; v != v || better(v, best) {
					best = v
				}
			}
			y[i*a.rowY+j] = best
		}
	}
}

// windowFirstGo is z = the first k with entry k equal to y, or NaN; −1 where there is none.
func windowFirstGo[T Float](a *windowArgs[T]) {
	x, y, z, from := a.slices()
	for i := range a.rows {
		for j := range a.cols {
			to := &z[i*a.rowZ+j]
			*to = -1
			for k, place := range from {
				if v := x[place+i*a.rowX+j]; v == y[i*a.rowY+j] || v != v {
					*to = T(k)
					break
				}
			}
		}
	}
}

// windowPlaceGo adds y to entry z of x, the last entries first.
func windowPlaceGo[T Float](a *windowArgs[T]) {
	x, y, z, from := a.slices()
	for k := len(from) - 1; k >= 0; k-- {
		for i := range a.rows {
			for j := range a.cols {
				if z[i*a.rowZ+j] == T(k) {
					x[from[k]+i*a.rowX+j] += y[i*a.rowY+j]
				}
			}
		}
	}
}

// dealGo and joinGo go row by row.
func dealGo[T Float](a *windowArgs[T]) {
	for i := range a.rows {
		x, even, odd := a.row(i)
		for j := range odd {
			even[j], odd[j] = x[2*j], x[2*j+1]
		}
		if len(x)%2 == 1 {
			even[len(odd)] = x[len(x)-1]
		}
	}
}

func joinGo[T Float](a *windowArgs[T]) {
	for i := range a.rows {
		x, even, odd := a.row(i)
		for j := range odd {
			x[2*j], x[2*j+1] = even[j], odd[j]
		}
		if len(x)%2 == 1 {
			x[len(x)-1] = even[len(odd)]
		}
	}
}

// row is row i of x and of its halves.
func (a *windowArgs[T]) row(i int) (x, even, odd []T) {
	return stretch[T](a.x, i*a.rowX, a.cols), stretch[T](a.y, i*a.rowY, (a.cols+1)/2), stretch[T](a.z, i*a.rowZ, a.cols/2)
}

// stretch are n elements from one on.
func stretch[T Float](base unsafe.Pointer, from, n int) []T {
	return unsafe.Slice((*T)(unsafe.Add(base, from*int(unsafe.Sizeof(T(0))))), n)
}

// copyRowsGo copies x to y row by row.
func copyRowsGo[T Float](a *windowArgs[T]) {
	for i := range a.rows {
		copy(stretch[T](a.y, i*a.rowY, a.cols), stretch[T](a.x, i*a.rowX, a.cols))
	}
}
