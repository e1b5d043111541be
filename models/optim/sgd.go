package optim

import (
	"fmt"

	"rpnc/graph"
	"rpnc/ops"
)

// SGD is gradient descent, with momentum μ where it is given:
//
//	d ← g + λ·p,   m ← μ·m + d,   p ← p − lr·m   (Nesterov: p ← p − lr·(d + μ·m))
type SGD struct {
	LR          float64 `yaml:"lr"`            // 0 means 10⁻³
	Momentum    float64 `yaml:"momentum"`      // μ
	Dampening   float64 `yaml:"dampening"`     // τ: after the first step m ← μ·m + (1−τ)·d
	Nesterov    bool    `yaml:"nesterov"`      // look ahead; needs momentum and no dampening
	WeightDecay float64 `yaml:"weight_decay"`  // λ
	NoBiasDecay bool    `yaml:"no_bias_decay"` // λ = 0 for vectors
	ClipNorm    float64 `yaml:"clip_norm"`     // largest global norm of the gradient; 0: any
	ClipValue   float64 `yaml:"clip_value"`    // largest |element| of the gradient; 0: any
}

// Rate is the learning rate.
func (o SGD) Rate() float64 { return or(o.LR, defaultLR) }

// Apply adds the states opt.lr and, with momentum, opt.m.p, and the updates. Errors: a negative setting, Nesterov
// without momentum or with dampening, no parameters.
func (o SGD) Apply(g *graph.Graph, params, grads []*graph.Node) error {
	if !(o.Momentum >= 0) || o.Nesterov && (o.Momentum == 0 || o.Dampening != 0) {
		return fmt.Errorf("optim.SGD: momentum %v, dampening %v, nesterov %t; want momentum of 0 or more, and for nesterov momentum and no dampening",
			o.Momentum, o.Dampening, o.Nesterov)
	}
	s := settings{"SGD", o.Rate(), o.ClipNorm, o.ClipValue, o.WeightDecay, o.NoBiasDecay}
	return s.apply(g, params, grads, func(u update) {
		if o.Momentum == 0 {
			u.descendBy(u.decayed()) // keeps no state
			return
		}
		m := u.moment("m")
		op := ops.SGD{Momentum: o.Momentum, Dampening: o.Dampening, Nesterov: o.Nesterov, WeightDecay: u.decay}
		next := g.Apply(op, u.p, u.d, m, u.step, u.lr)
		g.Update(u.p, next.Result(0))
		g.Update(m, next.Result(1))
	})
}
