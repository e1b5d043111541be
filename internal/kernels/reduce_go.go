package kernels

import "math"

// leafGo is the leaf of sums in plain Go, which keep eight partial sums.
const leafGo = 256

// sumGo adds up x. Eight sums hide the latency of an addition.
//
// Element i of the part that fills eights goes to sum i mod 8; the eight are added in pairs, and what
// is left goes to the total one by one. The order is a function of the length alone. The conversion to
// an array pointer checks bounds once for eight elements.
func sumGo[T Float](x []T) T {
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

// dotGo adds up x·y.
//
// Four partial sums: each product needs two loads, so that loads and not the latency of additions bound the loop.
func dotGo[T Float](x, y []T) T {
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

// largestGo is Max.
//
// The first NaN ends it: nothing later can undo one. v > m is false for a NaN, so the second test is
// reached by elements that are not larger only.
func largestGo[T Float](x []T) T {
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

// columnsGo sums columns, eight at a time.
//
// Rows are the inner loop: eight sums stay in registers, and x is read in stretches of eight elements a
// row. Each sum is a chain from the first row to the last, as in assembly.
func columnsGo[T Float](dst, x []T, rows, row int) {
	for ; len(dst) >= 8; dst, x = dst[8:], x[8:] {
		*(*[8]T)(dst) = columns8(x, rows, row)
	}
	for j := range dst {
		var s T
		for i := range rows {
			s += x[i*row+j]
		}
		dst[j] = s
	}
}

// columns8 sums eight columns at once.
func columns8[T Float](x []T, rows, row int) [8]T {
	var s0, s1, s2, s3, s4, s5, s6, s7 T
	for i := range rows {
		v := (*[8]T)(x[i*row:])
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
