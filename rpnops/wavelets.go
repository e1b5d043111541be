package rpnops

import (
	"math"

	"rpnc/graph"
	"rpnc/ops"
)

// The wavelet expansions, which differ in their mother function ψ alone; see [Wavelet] for the rest.
type (
	// HarrWavelet has ψ(τ) = 1 on [0, ½), −1 on [½, 1), else 0. Its gradient is zero.
	HarrWavelet struct {
		Wavelet `yaml:",inline"`
	}
	// ShannonWavelet has ψ(τ) = (sin 2πτ − sin πτ)/(πτ), 1 at 0 with slope 0.
	ShannonWavelet struct {
		Wavelet `yaml:",inline"`
	}
	// RickerWavelet has ψ(τ) = 2(1 − r²)/(√(3σ)·π^¼)·e^(−r²/2), r = τ/σ. Errors: a σ that is not positive.
	RickerWavelet struct {
		Wavelet `yaml:",inline"`
		Sigma   Opt[float64] `yaml:"sigma"` // 1 unless it is set
	}
	// DogWavelet has the difference of normal densities ψ(τ) = N(τ; 0, σ₁) − N(τ; 0, σ₂). Errors: a σ that is not
	// positive.
	DogWavelet struct {
		Wavelet `yaml:",inline"`
		Sigma1  Opt[float64] `yaml:"sigma_1"` // 1 unless it is set
		Sigma2  Opt[float64] `yaml:"sigma_2"` // 2 unless it is set
	}
	// MeyerWavelet has ψ(τ) = (sin(2πτ/3) + (4/3)τ cos(4πτ/3))/(πτ − (16π/9)τ³), with its limits 2/3 + 4/(3π) at 0 and
	// 2/(3π) at ±¾.
	MeyerWavelet struct {
		Wavelet `yaml:",inline"`
	}
)

var (
	_ = Register(Spec[HarrWavelet]{
		Name: "harr_wavelet_expansion", Default: HarrWavelet{defaultWavelet}, Equation: waveletLaw + "ψ = 1 on [0, ½), −1 on [½, 1), else 0",
		Params: "0", Samples: []HarrWavelet{{}, {sampleWavelet}, {squaredWavelet}}, Order: -1,
	})
	_ = Register(Spec[ShannonWavelet]{
		Name: "shannon_wavelet_expansion", Default: ShannonWavelet{defaultWavelet}, Equation: waveletLaw + "ψ(τ) = (sin 2πτ − sin πτ)/(πτ)",
		Params: "0", Samples: []ShannonWavelet{{}, {sampleWavelet}, {squaredWavelet}},
	})
	_ = Register(Spec[RickerWavelet]{
		Name: "ricker_wavelet_expansion", Default: RickerWavelet{Wavelet: defaultWavelet, Sigma: Some(1.0)},
		Equation: waveletLaw + "ψ(τ) = 2(1−r²)/(√(3σ)·π^¼)·exp(−r²/2), r = τ/σ", Params: "0",
		Samples: []RickerWavelet{{}, {Wavelet: sampleWavelet, Sigma: Some(0.8)}, {Wavelet: squaredWavelet}},
	})
	_ = Register(Spec[DogWavelet]{
		Name: "dog_wavelet_expansion", Default: DogWavelet{Wavelet: defaultWavelet, Sigma1: Some(1.0), Sigma2: Some(2.0)},
		Equation: waveletLaw + "ψ(τ) = N(τ; 0, σ₁) − N(τ; 0, σ₂)", Params: "0",
		Samples: []DogWavelet{{}, {Wavelet: sampleWavelet, Sigma1: Some(0.5)}, {Wavelet: squaredWavelet, Sigma2: Some(0.7)}},
	})
	_ = Register(Spec[MeyerWavelet]{
		Name: "meyer_wavelet_expansion", Default: MeyerWavelet{defaultWavelet}, Params: "0",
		Equation: waveletLaw + "ψ(τ) = (sin(2πτ/3) + (4/3)τ cos(4πτ/3))/(πτ − (16π/9)τ³)",
		Samples:  []MeyerWavelet{{}, {sampleWavelet}, {squaredWavelet}},
	})
)

// Transform builds the expansion of steps: with H(τ) = 1 for τ ≥ 0, which is 1 − Step(−τ), ψ = H(τ) − 2H(τ−½) + H(τ−1).
func (o HarrWavelet) Transform(s *Scope, x *graph.Node) *graph.Node {
	return o.expand(s, x, func(τ *graph.Node) *graph.Node {
		below := func(c float64) *graph.Node { return ops.Step(ops.Shift(ops.Neg(τ), c)) } // 1 where τ < c
		return ops.Sub(ops.Scale(below(0.5), 2), ops.Add(below(0), below(1)))
	})
}

// Transform builds the expansion. The difference of sines is a product, 2·cos(3πτ/2)·sin(πτ/2), which does not cancel.
func (o ShannonWavelet) Transform(s *Scope, x *graph.Node) *graph.Node {
	return o.expand(s, x, func(τ *graph.Node) *graph.Node {
		return ops.Mul(ops.Cos(ops.Scale(τ, 3*math.Pi/2)), sinc(ops.Scale(τ, math.Pi/2)))
	})
}

// bell is e^(−r²/2).
func bell(r *graph.Node) *graph.Node { return ops.Exp(ops.Scale(ops.Square(r), -0.5)) }

func (o RickerWavelet) check() error { return positive("RickerWavelet", "sigma", o.Sigma.Or(1)) }

// OutDim is Σ (mst)ⁱ, i = 1…d.
func (o RickerWavelet) OutDim(m int) (int, error) {
	if err := o.check(); err != nil {
		return 0, err
	}
	return o.Wavelet.OutDim(m)
}

// Transform builds the expansion.
func (o RickerWavelet) Transform(s *Scope, x *graph.Node) *graph.Node {
	if err := o.check(); err != nil {
		return s.fail(err)
	}
	σ := o.Sigma.Or(1)
	top := 2 / (math.Sqrt(3*σ) * math.Pow(math.Pi, 0.25))
	return o.expand(s, x, func(τ *graph.Node) *graph.Node {
		r := ops.Scale(τ, 1/σ)
		return ops.Mul(ops.Shift(ops.Scale(ops.Square(r), -top), top), bell(r))
	})
}

func (o DogWavelet) check() error {
	return positive("DogWavelet", "sigma_1 and sigma_2", o.Sigma1.Or(1), o.Sigma2.Or(2))
}

// OutDim is Σ (mst)ⁱ, i = 1…d.
func (o DogWavelet) OutDim(m int) (int, error) {
	if err := o.check(); err != nil {
		return 0, err
	}
	return o.Wavelet.OutDim(m)
}

// Transform builds the expansion.
func (o DogWavelet) Transform(s *Scope, x *graph.Node) *graph.Node {
	if err := o.check(); err != nil {
		return s.fail(err)
	}
	return o.expand(s, x, func(τ *graph.Node) *graph.Node {
		density := func(σ float64) *graph.Node {
			return ops.Scale(bell(ops.Scale(τ, 1/σ)), 1/(σ*math.Sqrt(2*math.Pi)))
		}
		return ops.Sub(density(o.Sigma1.Or(1)), density(o.Sigma2.Or(2)))
	})
}

// Transform builds the expansion. Numerator and denominator share zeros at 0 and ±¾; divided by them, with v = 2π|τ|/3,
// q = π/4 − v/2 and k = sin v/v,
//
//	ψ = ⅔·(k + (1 + 2vk)·q·(sin q/q)²)/(1 + 2v/π)
//
// in which nothing cancels (cos 2v = 1 − 2sin²v takes the numerator apart, 1 − sin v = 2sin²q the zero at ¾).
func (o MeyerWavelet) Transform(s *Scope, x *graph.Node) *graph.Node {
	return o.expand(s, x, func(τ *graph.Node) *graph.Node {
		v := ops.Scale(ops.Abs(τ), 2*math.Pi/3)
		q := ops.Shift(ops.Scale(v, -0.5), math.Pi/4)
		k := sinc(v)
		sum := ops.Add(k, ops.Mul(ops.Shift(ops.Scale(ops.Mul(v, k), 2), 1), ops.Mul(q, ops.Square(sinc(q)))))
		return ops.Div(ops.Scale(sum, 2./3), ops.Shift(ops.Scale(v, 2/math.Pi), 1))
	})
}
