package kernels

import "math"

// leaf is the number of elements summed in one sweep; longer sums are halved.
// Halving bounds the error by some (leaf/8 + log₂ n)·ε·Σ|x| and fixes the order.
const leaf = 256

// split is where a sum over n > leaf elements is halved: a multiple of leaf.
func split(n int) int { return ((n-1)/leaf + 2) / 2 * leaf }

// Sum returns Σ x.
func Sum[T Float](x []T) T {
	if len(x) > leaf {
		h := split(len(x))
		return Sum(x[:h]) + Sum(x[h:])
	}
	// Eight sums hide the latency of an addition.
	var s0, s1, s2, s3, s4, s5, s6, s7 T
	for ; len(x) >= 8; x = x[8:] {
		v := (*[8]T)(x)
		s0 += v[0]
		s1 += v[1]
		s2 += v[2]
		s3 += v[3]
		s4 += v[4]
		s5 += v[5]
		s6 += v[6]
		s7 += v[7]
	}
	s := ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))
	for _, v := range x {
		s += v
	}
	return s
}

// Dot returns Σ x·y.
func Dot[T Float](x, y []T) T {
	checkLen("Dot", "y", len(y), len(x))
	return dot(x, y)
}

// dot halves like Sum; both slices have one length.
func dot[T Float](x, y []T) T {
	if len(x) > leaf {
		h := split(len(x))
		return dot(x[:h], y[:h]) + dot(x[h:], y[h:])
	}
	var s0, s1, s2, s3 T
	for ; len(x) >= 4; x, y = x[4:], y[4:] {
		v, w := (*[4]T)(x), (*[4]T)(y)
		s0 += v[0] * w[0]
		s1 += v[1] * w[1]
		s2 += v[2] * w[2]
		s3 += v[3] * w[3]
	}
	s := (s0 + s1) + (s2 + s3)
	for i, v := range x {
		s += v * y[i]
	}
	return s
}

// Max returns the largest element, NaN if there is one, −Inf of no elements.
func Max[T Float](x []T) T {
	m := T(math.Inf(-1))
	for _, v := range x {
		if v > m {
			m = v
		} else if v != v {
			return v
		}
	}
	return m
}

// SumRows computes dst[i] = Σⱼ x[i,j] for a row-major x (rows×cols).
func SumRows[T Float](dst, x []T, rows, cols int) {
	checkMatrix("SumRows", len(x), rows, cols)
	checkLen("SumRows", "dst", len(dst), rows)
	for i := range dst {
		dst[i] = Sum(x[i*cols : (i+1)*cols])
	}
}

// SumColumns computes dst[j] = Σᵢ x[i,j] for a row-major x (rows×cols).
func SumColumns[T Float](dst, x []T, rows, cols int) {
	checkMatrix("SumColumns", len(x), rows, cols)
	checkLen("SumColumns", "dst", len(dst), cols)
	if rows == 0 {
		clear(dst)
		return
	}
	j := 0
	for ; j+8 <= cols; j += 8 {
		*(*[8]T)(dst[j:]) = columns8(x[j:], rows, cols)
	}
	for ; j < cols; j++ {
		dst[j] = column1(x[j:], rows, cols)
	}
}

// columns8 sums eight columns at once, halving the rows as Sum does.
func columns8[T Float](x []T, rows, cols int) (s [8]T) {
	if rows > leaf {
		h := split(rows)
		s = columns8(x, h, cols)
		t := columns8(x[h*cols:], rows-h, cols)
		for l := range s {
			s[l] += t[l]
		}
		return s
	}
	var s0, s1, s2, s3, s4, s5, s6, s7 T
	for i := range rows {
		v := (*[8]T)(x[i*cols:])
		s0 += v[0]
		s1 += v[1]
		s2 += v[2]
		s3 += v[3]
		s4 += v[4]
		s5 += v[5]
		s6 += v[6]
		s7 += v[7]
	}
	return [8]T{s0, s1, s2, s3, s4, s5, s6, s7}
}

// column1 sums one column in the order of columns8.
func column1[T Float](x []T, rows, cols int) (s T) {
	if rows > leaf {
		h := split(rows)
		return column1(x, h, cols) + column1(x[h*cols:], rows-h, cols)
	}
	for i := range rows {
		s += x[i*cols]
	}
	return s
}

// checkMatrix panics unless x has the elements of a rows×cols matrix.
func checkMatrix(op string, n, rows, cols int) {
	if rows < 0 || cols < 0 {
		panicf("kernels.%s: %d×%d is no shape", op, rows, cols)
	}
	checkLen(op, "x", n, rows*cols)
}
