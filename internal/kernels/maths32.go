package kernels

import "math"

// The float32 functions evaluate short polynomials in float64: their error is
// some 1e-2 ULP of float32, so that the one rounding at the end decides.

const (
	// round added to and subtracted from |t| < 2⁵¹ rounds t to an integer,
	// which then stands in the low bits of t + round.
	round = 3 << 51

	expMax = 89   // above, eˣ overflows float32
	expMin = -104 // below, eˣ rounds to 0 in float32
)

// reduce writes eˣ as 2ᵏ·(1 + q): x = k·ln 2 + r with |r| ≤ ½ ln 2, and q = eʳ − 1
// by its Taylor polynomial (relative error < 1e-8). It returns 2ᵏ and q, and is
// valid for |x| < 700.
func reduce(x float64) (scale, q float64) {
	t := x*math.Log2E + round
	r := x - (t-round)*math.Ln2
	r2 := r * r
	q = r * ((1 + r*(1./2)) + r2*((1./6+r*(1./24))+r2*((1./120+r*(1./720))+r2*(1./5040+r*(1./40320)))))
	return math.Float64frombits((math.Float64bits(t) + 1023) << 52), q
}

// exp32 tests with a negated "inside" so that NaN takes the tail, as the other
// float32 maps do.
func exp32(dst, x []float32) {
	for i, v := range x {
		if !(v >= expMin && v <= expMax) {
			dst[i] = expTail(v)
			continue
		}
		s, q := reduce(float64(v))
		dst[i] = float32(s + s*q)
	}
}

// gauss32 is exp32 of −x².
func gauss32(dst, x []float32) {
	for i, v := range x {
		dst[i] = -(v * v)
	}
	exp32(dst, dst)
}

// expTail is eˣ where it is 0, Inf or NaN in float32.
func expTail(x float32) float32 {
	switch {
	case x < expMin:
		return 0
	case x > expMax:
		return float32(math.Inf(1))
	}
	return x
}

// sigmoid32 has no cancellation to avoid: e⁻ˣ ≤ e¹⁰⁴ is finite in float64.
func sigmoid32(dst, x []float32) {
	for i, v := range x {
		if !(v >= expMin && v <= expMax) {
			dst[i] = sigmoidTail(v)
			continue
		}
		s, q := reduce(-float64(v))
		dst[i] = float32(1 / (1 + (s + s*q)))
	}
}

// sigmoidTail is 1/(1 + e⁻ˣ) where it is 0, 1 or NaN in float32.
func sigmoidTail(x float32) float32 {
	switch {
	case x < expMin:
		return 0
	case x > expMax:
		return 1
	}
	return x
}

// tanhMax is where tanh rounds to 1 in float32.
const tanhMax = 9.1

// tanh32 uses tanh x = m/(m + 2) with m = e²ˣ − 1, which loses nothing near 0.
func tanh32(dst, x []float32) {
	for i, v := range x {
		if !(v >= -tanhMax && v <= tanhMax) || v == 0 {
			dst[i] = tanhTail(v)
			continue
		}
		s, q := reduce(2 * float64(v))
		m := s*q + (s - 1)
		dst[i] = float32(m / (m + 2))
	}
}

// tanhTail is tanh x where it is ±0, ±1 or NaN in float32.
func tanhTail(x float32) float32 {
	switch {
	case x < -tanhMax:
		return -1
	case x > tanhMax:
		return 1
	}
	return x
}

// log32 writes x = 2ᵏ·m with √½ ≤ m < √2 and uses ln m = 2 artanh s,
// s = (m − 1)/(m + 1), |s| ≤ 0.172, by its series to s¹³ (relative error < 1e-11).
func log32(dst, x []float32) {
	const halfRoot = 0x3fe6a09e667f3bcd // bits of √½
	for i, v := range x {
		if !(v > 0 && v <= math.MaxFloat32) {
			dst[i] = logTail(v)
			continue
		}
		bits := math.Float64bits(float64(v))
		k := int64(bits-halfRoot) >> 52
		m := math.Float64frombits(bits - uint64(k)<<52)
		s := (m - 1) / (m + 1)
		z := s * s
		y := 2 + z*((2./3+z*(2./5))+z*z*((2./7+z*(2./9))+z*z*(2./11+z*(2./13))))
		dst[i] = float32(float64(k)*math.Ln2 + s*y)
	}
}

// logTail is ln x for x that is not a positive number.
func logTail(x float32) float32 {
	switch {
	case x == 0:
		return float32(math.Inf(-1))
	case x < 0:
		return float32(math.NaN())
	}
	return x
}
