package optim

import (
	"fmt"

	"rpnc/graph"
	"rpnc/ops"
	"rpnc/rpnops"
)

// AdamW is Adam with decoupled weight decay (Loshchilov and Hutter, 2019): with t the step from 1 on,
//
//	p ← p − lr·λ·p
//	m ← β₁·m + (1−β₁)·g,   v ← β₂·v + (1−β₂)·g²
//	p ← p − lr/(1−β₁ᵗ) · m / (√v/√(1−β₂ᵗ) + ε)
type AdamW struct {
	LR          float64                `yaml:"lr"`            // 0 means 10⁻³
	Betas       rpnops.Opt[[2]float64] `yaml:"betas"`         // β₁, β₂; 0.9, 0.999 unless set
	Eps         float64                `yaml:"eps"`           // ε; 0 means 10⁻⁸
	WeightDecay rpnops.Opt[float64]    `yaml:"weight_decay"`  // λ; 0.01 unless set
	NoBiasDecay bool                   `yaml:"no_bias_decay"` // λ = 0 for vectors: biases, scales and offsets of norms
	ClipNorm    float64                `yaml:"clip_norm"`     // largest global norm of the gradient; 0: any
	ClipValue   float64                `yaml:"clip_value"`    // largest |element| of the gradient; 0: any
}

// Adam is AdamW with the decay added to the gradient, g ← g + λ·p, instead (Kingma and Ba, 2015).
type Adam struct {
	LR          float64                `yaml:"lr"`            // 0 means 10⁻³
	Betas       rpnops.Opt[[2]float64] `yaml:"betas"`         // β₁, β₂; 0.9, 0.999 unless set
	Eps         float64                `yaml:"eps"`           // ε; 0 means 10⁻⁸
	WeightDecay float64                `yaml:"weight_decay"`  // λ
	NoBiasDecay bool                   `yaml:"no_bias_decay"` // λ = 0 for vectors
	ClipNorm    float64                `yaml:"clip_norm"`     // largest global norm of the gradient; 0: any
	ClipValue   float64                `yaml:"clip_value"`    // largest |element| of the gradient; 0: any
}

// Rate is the learning rate.
func (o AdamW) Rate() float64 { return or(o.LR, defaultLR) }

// Rate is the learning rate.
func (o Adam) Rate() float64 { return or(o.LR, defaultLR) }

// Apply adds the states opt.m.p, opt.v.p, opt.lr and the updates. Errors: a negative setting, no parameters.
func (o AdamW) Apply(g *graph.Graph, params, grads []*graph.Node) error {
	s := settings{"AdamW", o.Rate(), o.ClipNorm, o.ClipValue, o.WeightDecay.Or(0.01), o.NoBiasDecay}
	return adam(s, g, params, grads, o.Betas, o.Eps, true)
}

// Apply adds the states opt.m.p, opt.v.p, opt.lr and the updates. Errors: a negative setting, no parameters.
func (o Adam) Apply(g *graph.Graph, params, grads []*graph.Node) error {
	s := settings{"Adam", o.Rate(), o.ClipNorm, o.ClipValue, o.WeightDecay, o.NoBiasDecay}
	return adam(s, g, params, grads, o.Betas, o.Eps, false)
}

func adam(s settings, g *graph.Graph, params, grads []*graph.Node, betas rpnops.Opt[[2]float64], eps float64, decoupled bool) error {
	if !(eps >= 0) {
		return fmt.Errorf("optim.%s: eps = %v; want 0 or more", s.name, eps)
	}
	b := betas.Or([2]float64{0.9, 0.999})
	return s.apply(g, params, grads, func(u update) {
		m, v := u.moment("m"), u.moment("v")
		op := ops.AdamW{Beta1: b[0], Beta2: b[1], Eps: or(eps, 1e-8), WeightDecay: u.decay, Decoupled: decoupled}
		next := g.Apply(op, u.p, u.d, m, v, u.step, u.lr)
		g.Update(u.p, next.Result(0))
		g.Update(m, next.Result(1))
		g.Update(v, next.Result(2))
	})
}
