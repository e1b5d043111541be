package kernels

import "math"

// The maps below work element by element: dst may be the slice of an input. All
// slices of a call have one length. Sums and comparisons follow IEEE 754; where
// a doc comment gives no rule for NaN, a NaN in gives a NaN out.

// Add computes dst = x + y.
func Add[T Float](dst, x, y []T) {
	checkSame("Add", len(dst), len(x), len(y))
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = x[i] + y[i]
	}
}

// Sub computes dst = x − y.
func Sub[T Float](dst, x, y []T) {
	checkSame("Sub", len(dst), len(x), len(y))
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = x[i] - y[i]
	}
}

// Mul computes dst = x · y.
func Mul[T Float](dst, x, y []T) {
	checkSame("Mul", len(dst), len(x), len(y))
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = x[i] * y[i]
	}
}

// Div computes dst = x / y.
func Div[T Float](dst, x, y []T) {
	checkSame("Div", len(dst), len(x), len(y))
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = x[i] / y[i]
	}
}

// Maximum computes dst = max(x, y), NaN if either is.
func Maximum[T Float](dst, x, y []T) {
	checkSame("Maximum", len(dst), len(x), len(y))
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = max(x[i], y[i])
	}
}

// Minimum computes dst = min(x, y), NaN if either is.
func Minimum[T Float](dst, x, y []T) {
	checkSame("Minimum", len(dst), len(x), len(y))
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = min(x[i], y[i])
	}
}

// Less computes dst = 1 where x < y, else 0; 0 where either is NaN.
func Less[T Float](dst, x, y []T) {
	checkSame("Less", len(dst), len(x), len(y))
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = indicator[T](x[i] < y[i])
	}
}

// LessEqual computes dst = 1 where x ≤ y, else 0; 0 where either is NaN.
func LessEqual[T Float](dst, x, y []T) {
	checkSame("LessEqual", len(dst), len(x), len(y))
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = indicator[T](x[i] <= y[i])
	}
}

// Equal computes dst = 1 where x = y, else 0; 0 where either is NaN.
func Equal[T Float](dst, x, y []T) {
	checkSame("Equal", len(dst), len(x), len(y))
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

// Affine computes dst = a·x + b: scaling with b = 0, adding a scalar with a = 1.
func Affine[T Float](dst, x []T, a, b T) {
	checkLen("Affine", "x", len(x), len(dst))
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = a*x[i] + b
	}
}

// Scale computes dst = a·x. Unlike Affine with b = 0 it keeps the sign of zero.
func Scale[T Float](dst, x []T, a T) {
	checkLen("Scale", "x", len(x), len(dst))
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = a * x[i]
	}
}

// Axpy computes y = y + a·x.
func Axpy[T Float](y []T, a T, x []T) {
	checkLen("Axpy", "x", len(x), len(y))
	x = x[:len(y)]
	for i := range y {
		y[i] += a * x[i]
	}
}

// Neg computes dst = −x.
func Neg[T Float](dst, x []T) {
	checkLen("Neg", "x", len(x), len(dst))
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = -x[i]
	}
}

// Abs computes dst = |x|.
func Abs[T Float](dst, x []T) {
	checkLen("Abs", "x", len(x), len(dst))
	x = x[:len(dst)]
	for i := range dst { // written out: one instruction, not a call
		dst[i] = T(math.Abs(float64(x[i])))
	}
}

// Relu computes dst = max(x, 0); NaN stays NaN and −0 becomes 0.
func Relu[T Float](dst, x []T) {
	checkLen("Relu", "x", len(x), len(dst))
	x = x[:len(dst)]
	for i := range dst {
		v := x[i]
		if v <= 0 {
			v = 0
		}
		dst[i] = v
	}
}

// MaxScalar computes dst = max(x, c), NaN if either is.
func MaxScalar[T Float](dst, x []T, c T) {
	checkLen("MaxScalar", "x", len(x), len(dst))
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = max(x[i], c)
	}
}

// MinScalar computes dst = min(x, c), NaN if either is.
func MinScalar[T Float](dst, x []T, c T) {
	checkLen("MinScalar", "x", len(x), len(dst))
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = min(x[i], c)
	}
}

// Step computes dst = 1 where x > 0, else 0; 0 where x is NaN.
func Step[T Float](dst, x []T) {
	checkLen("Step", "x", len(x), len(dst))
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = indicator[T](x[i] > 0)
	}
}

// Sign computes dst = −1, 0 or 1 by the sign of x; ±0 and NaN are kept.
func Sign[T Float](dst, x []T) {
	checkLen("Sign", "x", len(x), len(dst))
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
