package rpnops

import (
	"math"

	"rpnc/graph"
	"rpnc/ops"
)

// Wavelet is what all wavelet expansions have in common: scales and translations of a mother function ψ,
//
//	φ_{i,k}(x) = a^(−i/2)·ψ(x/aⁱ − k·b),  i = 0…s−1, k = 0…t−1
//
// as a vector of length mst with all functions of one column side by side, i slow, and of this vector the Taylor
// expansion of order d: D = Σ (mst)ⁱ, i = 1…d. With a = 1 all scales coincide.
//
// Errors of all of them: d, s or t below 1, a < 1, b < 0.
type Wavelet struct {
	D     int          `yaml:"d" rpn:"min=1"` // order; 0 means 1
	S     int          `yaml:"s" rpn:"min=1"` // number of scales; 0 means 1
	T     int          `yaml:"t" rpn:"min=1"` // number of translations; 0 means 1
	A     Opt[float64] `yaml:"a" rpn:"min=1"` // ratio of scales, 1 unless it is set
	B     Opt[float64] `yaml:"b" rpn:"min=0"` // distance of translations, 1 unless it is set
	Hooks `yaml:",inline"`
}

var (
	defaultWavelet = Wavelet{D: 1, S: 1, T: 1, A: Some(1.0), B: Some(1.0)}
	sampleWavelet  = Wavelet{S: 2, T: 2, A: Some(2.0), B: Some(0.7)}
	squaredWavelet = Wavelet{D: 2, T: 2, B: Some(0.3)}
)

const waveletLaw = "κ(x) = a^(−i/2)·ψ(x_j/aⁱ − kb), i < s, k < t,  "

// settings are the numbers with their defaults.
func (o Wavelet) settings() (d, s, t int, a, b float64, err error) {
	d, s, t, a, b = o.D, o.S, o.T, o.A.Or(1), o.B.Or(1)
	for _, n := range []*int{&d, &s, &t} {
		if *n == 0 {
			*n = 1
		}
	}
	if d < 1 || s < 1 || t < 1 || !(a >= 1) || !(b >= 0) {
		err = errorf("Wavelet", "d = %d, s = %d, t = %d, a = %v, b = %v; want d, s, t and a of 1 or more, b of 0 or more", d, s, t, a, b)
	} else if _, ok := boundedProduct(mostPoints, s, t); !ok {
		err = errorf("Wavelet", "s·t = %d·%d; want at most %d", s, t, mostPoints)
	}
	return d, s, t, a, b, err
}

// OutDim is Σ (mst)ⁱ, i = 1…d.
func (o Wavelet) OutDim(m int) (int, error) {
	d, s, t, _, _, err := o.settings()
	if err != nil {
		return 0, err
	}
	n, err := width("Wavelet", m, s*t)
	if err != nil {
		return 0, err
	}
	return Taylor{D: d}.OutDim(n)
}

// expand builds the expansion with the mother function ψ, which gets all arguments at once, as (b×m×s×t).
func (o Wavelet) expand(s *Scope, x *graph.Node, ψ func(τ *graph.Node) *graph.Node) *graph.Node {
	order, scales, shifts, a, b, err := o.settings()
	if err != nil {
		return s.fail(err)
	}
	x = o.pre(s, x)
	if x.Poisoned() {
		return x
	}
	width, height, shift := make([]float64, scales), make([]float64, scales), make([]float64, shifts)
	for i := range width {
		width[i], height[i] = math.Pow(a, float64(i)), math.Pow(a, -float64(i)/2)
	}
	for k := range shift {
		shift[k] = float64(k) * b
	}
	rows, m := x.Shape().Dim(0), x.Shape().Dim(1)
	// A quotient, not a product with a^(−i), which would move arguments across the steps of the Haar wavelet.
	τ := ops.Sub(ops.Div(ops.Reshape(x, rows, m, 1, 1), s.Const(s.Type(scales, 1), width...)), s.Const(s.Type(shifts), shift...))
	y := ops.Mul(ψ(τ), s.Const(s.Type(scales, 1), height...))
	return o.post(s, Taylor{D: order}.Transform(s, ops.Reshape(y, rows, m*scales*shifts)))
}

// positive wants settings to be positive numbers.
func positive(name, setting string, values ...float64) error {
	for _, v := range values {
		if !(v > 0) || math.IsInf(v, 0) {
			return errorf(name, "%s = %v; want positive numbers", setting, values)
		}
	}
	return nil
}
