package kernels

import "math"

// Each loop begins by cutting its inputs to the length of dst, which tells the compiler that i is in
// range for all of them: no bounds check is left inside. One function for each map, rather than one
// loop that calls a function value, since an indirect call for each element would cost ten times the
// arithmetic.
//
// Go compares and adds as IEEE 754 asks, so these maps define what the assembly has to give for NaN,
// ±Inf and ±0: max and min of the language know NaN and the order −0 < 0, comparisons with NaN are
// false, and negation flips the sign of a zero. They may differ from the assembly in one thing: a·x + b
// rounds once where the compiler or the instruction set fuses it, and twice elsewhere.

// The maps in plain Go, as the exported functions describe them. They trust that
// all slices have the length of dst.

// addGo, subGo, mulGo and divGo are one rounding of the exact result.
func addGo[T Float](dst, x, y []T) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = x[i] + y[i]
	}
}

func subGo[T Float](dst, x, y []T) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = x[i] - y[i]
	}
}

func mulGo[T Float](dst, x, y []T) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = x[i] * y[i]
	}
}

func divGo[T Float](dst, x, y []T) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = x[i] / y[i]
	}
}

// gateGo multiplies, as a step and a product would.
func gateGo[T Float](dst, x, y []T) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = x[i] * indicator[T](y[i] > 0)
	}
}

// maximumGo and minimumGo are NaN where either operand is.
func maximumGo[T Float](dst, x, y []T) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = max(x[i], y[i])
	}
}

func minimumGo[T Float](dst, x, y []T) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = min(x[i], y[i])
	}
}

// lessGo, lessEqualGo and equalGo are 1 where the comparison holds, 0 elsewhere and beside a NaN.
func lessGo[T Float](dst, x, y []T) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = indicator[T](x[i] < y[i])
	}
}

func lessEqualGo[T Float](dst, x, y []T) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = indicator[T](x[i] <= y[i])
	}
}

func equalGo[T Float](dst, x, y []T) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = indicator[T](x[i] == y[i])
	}
}

// indicator is 1 for true and 0 for false.
func indicator[T Float](b bool) T {
	if b {
		return 1
	}
	return 0
}

// affineGo is dst = a·x + b.
func affineGo[T Float](dst, x []T, a, b T) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = a*x[i] + b
	}
}

// scaleByGo is dst = a·x, also for a = 0, where Inf and NaN in x give NaN.
func scaleByGo[T Float](dst, x []T, a T) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = a * x[i]
	}
}

// axpyGo is dst = x + a·y.
func axpyGo[T Float](dst, x, y []T, a T) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = x[i] + a*y[i]
	}
}

// markedGo is a where x = y or x is NaN, else z.
func markedGo[T Float](dst, x, y, z []T, a T) {
	x, y, z = x[:len(dst)], y[:len(dst)], z[:len(dst)]
	for i, v := range x {
		if v == y[i] || v != v {
			dst[i] = a
		} else {
			dst[i] = z[i]
		}
	}
}

func negGo[T Float](dst, x []T) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = -x[i]
	}
}

func absGo[T Float](dst, x []T) {
	x = x[:len(dst)]
	for i := range dst { // written out: one instruction, not a call
		dst[i] = T(math.Abs(float64(x[i])))
	}
}

// reluGo asks for v ≤ 0 and not for v > 0: a NaN is neither, and stays.
func reluGo[T Float](dst, x []T) {
	x = x[:len(dst)]
	for i := range dst {
		v := x[i]
		if v <= 0 {
			v = 0
		}
		dst[i] = v
	}
}

// maxScalarGo and minScalarGo bound from below and above; a NaN in x or c gives NaN.
func maxScalarGo[T Float](dst, x []T, c T) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = max(x[i], c)
	}
}

func minScalarGo[T Float](dst, x []T, c T) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = min(x[i], c)
	}
}

func stepGo[T Float](dst, x []T) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = indicator[T](x[i] > 0)
	}
}

func signGo[T Float](dst, x []T) {
	x = x[:len(dst)]
	for i := range dst {
		v := x[i]
		if v > 0 {
			v = 1
		} else if v < 0 {
			v = -1
		}
		dst[i] = v
	}
}

func sqrtGo[T Float](dst, x []T) {
	for i, v := range x { // written out: one instruction, not a call
		dst[i] = T(math.Sqrt(float64(v)))
	}
}
