package kernels

// The maps below work element by element: dst may be the slice of an input. All
// slices of a call have one length. Sums and comparisons follow IEEE 754; where
// a doc comment gives no rule for NaN, a NaN in gives a NaN out.

// map2 computes dst = f(x, y) piece by piece.
func map2[T Float](op string, f func(dst, x, y []T), dst, x, y []T) {
	checkSame(op, len(dst), len(x), len(y))
	for len(dst) > piece {
		f(dst[:piece], x[:piece], y[:piece])
		dst, x, y = dst[piece:], x[piece:], y[piece:]
	}
	f(dst, x, y)
}

// mapScalar computes dst = f(x, c) piece by piece.
func mapScalar[T Float](op string, f func(dst, x []T, c T), dst, x []T, c T) {
	checkLen(op, "x", len(x), len(dst))
	for len(dst) > piece {
		f(dst[:piece], x[:piece], c)
		dst, x = dst[piece:], x[piece:]
	}
	f(dst, x, c)
}

// Add computes dst = x + y.
func Add[T Float](dst, x, y []T) { map2("Add", engineOf[T]().add, dst, x, y) }

// Sub computes dst = x − y.
func Sub[T Float](dst, x, y []T) { map2("Sub", engineOf[T]().sub, dst, x, y) }

// Mul computes dst = x · y.
func Mul[T Float](dst, x, y []T) { map2("Mul", engineOf[T]().mul, dst, x, y) }

// Div computes dst = x / y.
func Div[T Float](dst, x, y []T) { map2("Div", engineOf[T]().div, dst, x, y) }

// Gate computes dst = x where y > 0, else 0·x: x times the [Step] of y, as the gradient of a relu is.
func Gate[T Float](dst, x, y []T) { map2("Gate", engineOf[T]().gate, dst, x, y) }

// Maximum computes dst = max(x, y), NaN if either is.
func Maximum[T Float](dst, x, y []T) { map2("Maximum", engineOf[T]().maximum, dst, x, y) }

// Minimum computes dst = min(x, y), NaN if either is.
func Minimum[T Float](dst, x, y []T) { map2("Minimum", engineOf[T]().minimum, dst, x, y) }

// Less computes dst = 1 where x < y, else 0; 0 where either is NaN.
func Less[T Float](dst, x, y []T) { map2("Less", engineOf[T]().less, dst, x, y) }

// LessEqual computes dst = 1 where x ≤ y, else 0; 0 where either is NaN.
func LessEqual[T Float](dst, x, y []T) { map2("LessEqual", engineOf[T]().lessEqual, dst, x, y) }

// Equal computes dst = 1 where x = y, else 0; 0 where either is NaN.
func Equal[T Float](dst, x, y []T) { map2("Equal", engineOf[T]().equal, dst, x, y) }

// Affine computes dst = a·x + b: scaling with b = 0, adding a scalar with a = 1.
func Affine[T Float](dst, x []T, a, b T) {
	checkLen("Affine", "x", len(x), len(dst))
	f := engineOf[T]().affine
	for ; len(dst) > piece; dst, x = dst[piece:], x[piece:] {
		f(dst[:piece], x[:piece], a, b)
	}
	f(dst, x, a, b)
}

// Scale computes dst = a·x. Unlike Affine with b = 0 it keeps the sign of zero.
func Scale[T Float](dst, x []T, a T) { mapScalar("Scale", engineOf[T]().scaleBy, dst, x, a) }

// Axpy computes y = y + a·x.
func Axpy[T Float](y []T, a T, x []T) {
	checkLen("Axpy", "x", len(x), len(y))
	f := engineOf[T]().axpy
	for ; len(y) > piece; y, x = y[piece:], x[piece:] {
		f(y[:piece], y[:piece], x[:piece], a)
	}
	f(y, y, x, a)
}

// Mark sets dst = a where x = y or x is NaN, and leaves the rest.
func Mark[T Float](dst, x, y []T, a T) {
	checkLen("Mark", "x", len(x), len(dst))
	checkLen("Mark", "y", len(y), len(dst))
	f := engineOf[T]().marked
	for ; len(dst) > piece; dst, x, y = dst[piece:], x[piece:], y[piece:] {
		f(dst[:piece], x[:piece], y[:piece], dst[:piece], a)
	}
	f(dst, x, y, dst, a)
}

// Neg computes dst = −x.
func Neg[T Float](dst, x []T) { map1("Neg", engineOf[T]().neg, dst, x) }

// Abs computes dst = |x|.
func Abs[T Float](dst, x []T) { map1("Abs", engineOf[T]().abs, dst, x) }

// Relu computes dst = max(x, 0); NaN stays NaN and −0 becomes 0.
func Relu[T Float](dst, x []T) { map1("Relu", engineOf[T]().relu, dst, x) }

// MaxScalar computes dst = max(x, c), NaN if either is.
func MaxScalar[T Float](dst, x []T, c T) { mapScalar("MaxScalar", engineOf[T]().maxScalar, dst, x, c) }

// MinScalar computes dst = min(x, c), NaN if either is.
func MinScalar[T Float](dst, x []T, c T) { mapScalar("MinScalar", engineOf[T]().minScalar, dst, x, c) }

// Step computes dst = 1 where x > 0, else 0; 0 where x is NaN.
func Step[T Float](dst, x []T) { map1("Step", engineOf[T]().step, dst, x) }

// Sign computes dst = −1, 0 or 1 by the sign of x; ±0 and NaN are kept.
func Sign[T Float](dst, x []T) { map1("Sign", engineOf[T]().sign, dst, x) }

// RepeatLines repeats each line of n elements so many times in a row:
//
//	dst[(r·times + t)·n + i] = src[r·n + i]
//
// for as many r as fill dst, whose length is a multiple of n·times. dst must not overlap src.
func RepeatLines[T Float](dst, src []T, n, times int) {
	if n < 1 || times < 1 || len(dst)%(n*times) != 0 || len(dst)/times > len(src) {
		panicf("kernels.RepeatLines: %d elements of %d, lines of %d each %d times; it needs whole lines, and as many as repeated", len(dst), len(src), n, times)
	}
	f, lines := engineOf[T]().repeatLines, max(1, piece/(n*times))
	for len(dst) > 0 {
		k := min(lines*n, len(dst)/times)
		f(dst[:k*times], src[:k], n, times)
		dst, src = dst[k*times:], src[k:]
	}
}

// repeatLinesGo is RepeatLines in plain Go.
func repeatLinesGo[T Float](dst, src []T, n, times int) {
	for ; len(dst) > 0; src = src[n:] {
		for range times {
			copy(dst[:n], src)
			dst = dst[n:]
		}
	}
}
