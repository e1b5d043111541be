package kernels

import "math"

// CubicSplines computes the cubic B-splines of uniform knots at every x, width of them each:
//
//	y[i·width + j] = B(u − j + 1),  u = (x[i] − lo)/cell,  B(t) = (2−|t|)₊³/6 − ⅔(1−|t|)₊³
//
// that is basis j has its centre at lo + (j−1)·cell. The bases of a NaN are 0. B is what the recurrence of Cox and de Boor
// gives for four cells, in a form without cases. y must not overlap x.
func CubicSplines[T Float](y, x []T, width int, lo, cell T) {
	cubicSplines("CubicSplines", engineOf[T]().splines, y, x, width, lo, cell)
}

// CubicSplineSlopes computes the derivatives with respect to x of the functions of [CubicSplines].
func CubicSplineSlopes[T Float](y, x []T, width int, lo, cell T) {
	cubicSplines("CubicSplineSlopes", engineOf[T]().splineSlopes, y, x, width, lo, cell)
}

// CubicSplineRows computes the functions of [CubicSplines] for rows of n x each, a basis of a whole row side by side:
//
//	y[(r·width + j)·n + i] = B((x[r·n + i] − lo)/cell − j + 1)
//
// That is the transpose of what CubicSplines computes of a transposed matrix, and the form that a product reads whose lanes
// are the rows of a batch. y must not overlap x.
func CubicSplineRows[T Float](y, x []T, n, width int, lo, cell T) {
	if width < 1 || n < 1 || len(x)%n != 0 {
		panicf("kernels.CubicSplineRows: %d bases of %d elements in rows of %d; it needs at least 1 of whole rows", width, len(x), n)
	}
	checkLen("CubicSplineRows", "y", len(y), len(x)*width)
	for most := (piece/(width*n) + 1) * n; len(x) > 0; {
		k := min(most, len(x))
		engineOf[T]().splineRows(y[:k*width], x[:k], width, n, lo, 1/cell)
		y, x = y[k*width:], x[k:]
	}
}

// cubicSplines calls f for as many x at a time as give some thousand bases.
func cubicSplines[T Float](op string, f func(y, x []T, width int, lo, inv T), y, x []T, width int, lo, cell T) {
	if width < 1 {
		panicf("kernels.%s: %d bases; it needs at least 1", op, width)
	}
	checkLen(op, "y", len(y), len(x)*width)
	most := piece/width + 1
	for len(x) > 0 {
		n := min(most, len(x))
		f(y[:n*width], x[:n], width, lo, 1/cell)
		y, x = y[n*width:], x[n:]
	}
}

// splinesGo is CubicSplines in plain Go, for 1/cell.
func splinesGo[T Float](y, x []T, width int, lo, inv T) {
	splineRowsGo(y, x, width, 1, lo, inv)
}

// splineRowsGo is CubicSplineRows in plain Go, for 1/cell.
func splineRowsGo[T Float](y, x []T, width, n int, lo, inv T) {
	aroundEach(y, x, width, n, lo, inv, func(t T) T {
		a := max(t, -t)
		p, q := 2-a, max(1-a, 0)
		return p*p*p/6 - 2*q*q*q/3
	})
}

// splineSlopesGo is CubicSplineSlopes in plain Go, for 1/cell.
func splineSlopesGo[T Float](y, x []T, width int, lo, inv T) {
	aroundEach(y, x, width, 1, lo, inv, func(t T) T {
		a := max(t, -t)
		p, q := 2-a, max(1-a, 0)
		if t < 0 {
			return inv * (p*p/2 - 2*q*q)
		}
		return inv * (2*q*q - p*p/2)
	})
}

// aroundEach writes f(u − centre) for the bases whose centre is nearer than two cells, and 0 for the others; those of n x
// stand side by side.
func aroundEach[T Float](y, x []T, width, n int, lo, inv T, f func(t T) T) {
	clear(y)
	for i, v := range x {
		u := (v - lo) * inv
		if !(u > -3 && u < T(width)+1) {
			continue
		}
		from := int(math.Floor(float64(u)))
		for j := max(from, 0); j < min(from+4, width); j++ {
			if t := u - T(j-1); t > -2 && t < 2 {
				y[(i/n*width+j)*n+i%n] = f(t)
			}
		}
	}
}
