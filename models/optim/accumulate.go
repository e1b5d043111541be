package optim

import (
	"fmt"

	"rpnc/graph"
	"rpnc/ops"
	"rpnc/rpnops"
)

// RMSProp divides the gradient by a running root of its mean square (Tieleman and Hinton, 2012):
//
//	d ← g + λ·p,   v ← α·v + (1−α)·d²
//	s = √v + ε, centred √(v − a²) + ε with a ← α·a + (1−α)·d
//	p ← p − lr·d/s, with momentum m ← μ·m + d/s, p ← p − lr·m
type RMSProp struct {
	LR          float64             `yaml:"lr"`            // 0 means 10⁻²
	Alpha       rpnops.Opt[float64] `yaml:"alpha"`         // α; 0.99 unless set
	Eps         float64             `yaml:"eps"`           // ε; 0 means 10⁻⁸
	Momentum    float64             `yaml:"momentum"`      // μ
	Centered    bool                `yaml:"centered"`      // by the variance instead of the mean square
	WeightDecay float64             `yaml:"weight_decay"`  // λ
	NoBiasDecay bool                `yaml:"no_bias_decay"` // λ = 0 for vectors
	ClipNorm    float64             `yaml:"clip_norm"`     // largest global norm of the gradient; 0: any
	ClipValue   float64             `yaml:"clip_value"`    // largest |element| of the gradient; 0: any
}

// AdaGrad divides the gradient by the root of the sum of its squares (Duchi, Hazan and Singer, 2011): with t the step
// from 1 on,
//
//	d ← g + λ·p,   v ← v + d²,   p ← p − lr/(1 + (t−1)·η) · d/(√(v₀ + v) + ε)
type AdaGrad struct {
	LR          float64 `yaml:"lr"`                        // 0 means 10⁻²
	LRDecay     float64 `yaml:"lr_decay"`                  // η
	Initial     float64 `yaml:"initial_accumulator_value"` // v₀, what the sum starts with
	Eps         float64 `yaml:"eps"`                       // ε; 0 means 10⁻¹⁰
	WeightDecay float64 `yaml:"weight_decay"`              // λ
	NoBiasDecay bool    `yaml:"no_bias_decay"`             // λ = 0 for vectors
	ClipNorm    float64 `yaml:"clip_norm"`                 // largest global norm of the gradient; 0: any
	ClipValue   float64 `yaml:"clip_value"`                // largest |element| of the gradient; 0: any
}

// Rate is the learning rate.
func (o RMSProp) Rate() float64 { return or(o.LR, 1e-2) }

// Rate is the learning rate.
func (o AdaGrad) Rate() float64 { return or(o.LR, 1e-2) }

// Apply adds the states opt.lr, opt.v.p, centred opt.a.p and with momentum opt.m.p, and the updates. Errors: a negative
// setting, α not in [0, 1), no parameters. The update is written in elementwise nodes, of which the compiler makes one
// program a parameter.
func (o RMSProp) Apply(g *graph.Graph, params, grads []*graph.Node) error {
	alpha := o.Alpha.Or(0.99)
	if !(alpha >= 0 && alpha < 1 && o.Eps >= 0 && o.Momentum >= 0) {
		return fmt.Errorf("optim.RMSProp: alpha = %v, eps = %v, momentum = %v; want 0 ≤ alpha < 1 and the others 0 or more", alpha, o.Eps, o.Momentum)
	}
	s := settings{"RMSProp", o.Rate(), o.ClipNorm, o.ClipValue, o.WeightDecay, o.NoBiasDecay}
	return s.apply(g, params, grads, func(u update) {
		d := u.decayed()
		v := u.mean("v", ops.Square(d), alpha)
		if o.Centered {
			v = ops.Sub(v, ops.Square(u.mean("a", d, alpha)))
			// The difference of two means that are equal but for rounding may come out below zero.
			v = ops.Relu(v)
		}
		d = ops.Div(d, ops.Shift(ops.Sqrt(v), or(o.Eps, 1e-8)))
		if o.Momentum > 0 {
			m := u.moment("m")
			d = ops.Add(ops.Scale(m, o.Momentum), d)
			g.Update(m, d)
		}
		u.descendBy(d)
	})
}

// Apply adds the states opt.lr, opt.v.p and with a decay of the rate opt.age, and the updates. Errors: a negative setting,
// no parameters.
func (o AdaGrad) Apply(g *graph.Graph, params, grads []*graph.Node) error {
	if !(o.Eps >= 0 && o.LRDecay >= 0 && o.Initial >= 0) {
		return fmt.Errorf("optim.AdaGrad: eps = %v, lr_decay = %v, initial_accumulator_value = %v; want 0 or more", o.Eps, o.LRDecay, o.Initial)
	}
	var slower *graph.Node // 1 + (t−1)·η, one for all parameters
	s := settings{"AdaGrad", o.Rate(), o.ClipNorm, o.ClipValue, o.WeightDecay, o.NoBiasDecay}
	return s.apply(g, params, grads, func(u update) {
		d, v := u.decayed(), u.moment("v")
		sum := ops.Add(v, ops.Square(d))
		g.Update(v, sum)
		// v₀ is added here and is not in the state: states of optimizers start at zero whenever a training starts afresh.
		d = ops.Div(d, ops.Shift(ops.Sqrt(ops.Shift(sum, o.Initial)), or(o.Eps, 1e-10)))
		if o.LRDecay > 0 {
			if slower == nil {
				age := g.State(rpnops.OptimizerPrefix+"age", u.p.Type().Of(), graph.Zeros())
				g.Update(age, ops.Shift(age, 1))
				slower = ops.Shift(ops.Scale(age, o.LRDecay), 1)
			}
			d = ops.Div(d, slower)
		}
		u.descendBy(d)
	})
}

// mean is the running mean x̄ ← α·x̄ + (1−α)·x in the state of a kind.
func (u update) mean(kind string, x *graph.Node, alpha float64) *graph.Node {
	state := u.moment(kind)
	next := ops.Add(ops.Scale(state, alpha), ops.Scale(x, 1-alpha))
	u.g.Update(state, next)
	return next
}
