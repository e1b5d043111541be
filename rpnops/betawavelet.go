package rpnops

import (
	"math"

	"rpnc/graph"
	"rpnc/ops"
)

// BetaWavelet is the wavelet expansion (see [Wavelet]) with the density of the beta distribution:
//
//	ψ(τ) = u^(α−1)·(1−u)^(β−1)/B(α, β),  u = τ or σ(τ)
//
// The density lives on [0, 1]. As in the reference, u is τ if for this scale and translation every entry of the data,
// rows and columns, has τ in there, and else σ(τ) for every entry: so the result for a row depends on the rest of its
// batch. AlwaysSigmoid takes σ(τ) in any case. At α = β = 1, the defaults, ψ is 1 and has no gradient. Where u is 0
// or 1, an exponent below 1 has slope 0. Errors: α < 1, β < 1.
type BetaWavelet struct {
	Wavelet       `yaml:",inline"`
	Alpha         Opt[float64] `yaml:"alpha" rpn:"min=1"` // 1 unless it is set
	Beta          Opt[float64] `yaml:"beta" rpn:"min=1"`  // 1 unless it is set
	AlwaysSigmoid bool         `yaml:"always_sigmoid"`
}

var _ = Register(Spec[BetaWavelet]{
	Name: "beta_wavelet_expansion", Default: BetaWavelet{Wavelet: defaultWavelet, Alpha: Some(1.0), Beta: Some(1.0)},
	Equation: waveletLaw + "ψ(τ) = u^(α−1)·(1−u)^(β−1)/B(α, β), u = τ or σ(τ)", Params: "0", Lo: 0.1, Hi: 0.9,
	Samples: []BetaWavelet{
		{}, {Alpha: Some(2.0), Beta: Some(3.0)}, {Alpha: Some(2.0), Beta: Some(3.0), AlwaysSigmoid: true},
		{Wavelet: sampleWavelet, Alpha: Some(1.5), Beta: Some(2.5)}, {Wavelet: squaredWavelet, Alpha: Some(4.0)},
	},
})

func (o BetaWavelet) check() error {
	if α, β := o.Alpha.Or(1), o.Beta.Or(1); !(α >= 1 && β >= 1) || math.IsInf(α, 0) || math.IsInf(β, 0) {
		return errorf("BetaWavelet", "alpha = %v, beta = %v; want numbers of 1 or more", α, β)
	}
	return nil
}

// OutDim is Σ (mst)ⁱ, i = 1…d.
func (o BetaWavelet) OutDim(m int) (int, error) {
	if err := o.check(); err != nil {
		return 0, err
	}
	return o.Wavelet.OutDim(m)
}

// Transform builds the expansion.
func (o BetaWavelet) Transform(s *Scope, x *graph.Node) *graph.Node {
	if err := o.check(); err != nil {
		return s.fail(err)
	}
	α, β := o.Alpha.Or(1), o.Beta.Or(1)
	return o.expand(s, x, func(τ *graph.Node) *graph.Node {
		u := o.argument(τ)
		rest := ops.Sub(constant(u, 1), u)
		return ops.Scale(ops.Mul(power(u, α-1), power(rest, β-1)), math.Exp(-logBeta(α, β)))
	})
}

// argument is u (b×m×s×t): τ, or σ(τ) for the scales and translations that have an entry outside of [0, 1]. The masks
// are steps, exactly 0 or 1 and without gradient.
func (o BetaWavelet) argument(τ *graph.Node) *graph.Node {
	inside := ops.Sigmoid(τ)
	if o.AlwaysSigmoid {
		return inside
	}
	outside := ops.Add(ops.Step(ops.Neg(τ)), ops.Step(ops.Shift(τ, -1)))
	squash := ops.NonZero(ops.SumAxis(ops.SumAxis(outside, 0), 1))
	return ops.Add(ops.Mul(inside, squash), ops.Sub(τ, ops.Mul(τ, squash)))
}

// logBeta is ln B(α, β) = lnΓ(α) + lnΓ(β) − lnΓ(α+β).
func logBeta(α, β float64) float64 {
	a, _ := math.Lgamma(α)
	b, _ := math.Lgamma(β)
	sum, _ := math.Lgamma(α + β)
	return a + b - sum
}

// power is uᵖ of u ≥ 0 for a fixed p ≥ 0, as e^(p·ln u) for all but the smallest whole p. Zeros stay zeros with slope 0:
// the logarithm is taken of 1 instead, and the mask, which carries no gradient, removes it again.
func power(u *graph.Node, p float64) *graph.Node {
	switch p {
	case 0:
		return constant(u, 1)
	case 1:
		return u
	case 2:
		return ops.Square(u)
	}
	filled := ops.NonZero(u)
	safe := ops.Add(u, ops.Sub(constant(u, 1), filled))
	return ops.Mul(filled, ops.Exp(ops.Scale(ops.Log(safe), p)))
}
