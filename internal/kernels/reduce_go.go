package kernels

import "math"

// leafGo is the leaf of sums in plain Go, which keep eight partial sums.
const leafGo = 256

// sumGo adds up x. Eight sums hide the latency of an addition.
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
