package kernels

import "math"

// AdamStep holds the scalars of one step of Adam or AdamW.
type AdamStep struct {
	LR, Beta1, Beta2, Epsilon float64
	Decay                     float64 // weight decay λ
	Decoupled                 bool    // AdamW: decay p itself, not through g
	Step                      int     // t, 1 for the first step
}

// Adam takes one step in place on parameters p with gradients g and moments m, v
// (zero before the first step):
//
//	p ← p − lr·λ·p   if decoupled, else   g ← g + λ·p
//	m ← β₁·m + (1 − β₁)·g,   v ← β₂·v + (1 − β₂)·g²
//	p ← p − lr/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε)
//
// after Loshchilov and Hutter, "Decoupled weight decay regularization",
// algorithm 2. g is only read.
func Adam[T Float](p, g, m, v []T, s AdamStep) {
	checkSame("Adam", len(p), len(g), len(m))
	checkLen("Adam", "v", len(v), len(p))
	if s.Step < 1 {
		panicf("kernels.Adam: step %d; the first is 1", s.Step)
	}
	keep, couple := T(1), T(s.Decay)
	if s.Decoupled {
		keep, couple = T(1-s.LR*s.Decay), 0
	}
	t := float64(s.Step)
	rate := T(s.LR / (1 - math.Pow(s.Beta1, t)))
	root := T(1 / math.Sqrt(1-math.Pow(s.Beta2, t)))
	b1, c1, b2, c2, eps := T(s.Beta1), T(1-s.Beta1), T(s.Beta2), T(1-s.Beta2), T(s.Epsilon)
	adam := engineOf[T]().adam
	for len(p) > 0 {
		n := min(len(p), piece)
		adam(p[:n], g[:n], m[:n], v[:n], keep, couple, rate, root, b1, c1, b2, c2, eps)
		p, g, m, v = p[n:], g[n:], m[n:], v[n:]
	}
}

// adamGo is the kernel in plain Go.
func adamGo[T Float](p, g, m, v []T, keep, couple, rate, root, b1, c1, b2, c2, eps T) {
	g, m, v = g[:len(p)], m[:len(p)], v[:len(p)]
	for i, x := range p {
		d := g[i]
		if couple != 0 { // else an infinite x would turn d into NaN
			d += couple * x
		}
		m1 := b1*m[i] + c1*d
		v1 := b2*v[i] + c2*(d*d)
		m[i], v[i] = m1, v1
		p[i] = keep*x - rate*m1/(T(math.Sqrt(float64(v1)))*root+eps)
	}
}

// SGDStep holds the scalars of one step of gradient descent.
type SGDStep struct {
	LR, Momentum, Decay float64 // η, μ and the weight decay λ
	Dampening           float64 // τ
	Nesterov            bool
}

// SGD takes one step of gradient descent with momentum in place on parameters p
// with gradients g and velocities m (zero before the first step):
//
//	d ← g + λ·p,   m ← μ·m + (1 − τ)·d,   p ← p − η·m   (Nesterov: p ← p − η·(d + μ·m))
//
// m may be nil if μ = 0. g is only read.
func SGD[T Float](p, g, m []T, s SGDStep) {
	checkLen("SGD", "g", len(g), len(p))
	if s.Momentum != 0 || m != nil {
		checkLen("SGD", "m", len(m), len(p))
	}
	e := engineOf[T]()
	for len(p) > 0 {
		n := min(len(p), piece)
		if m == nil {
			e.descend(p[:n], g[:n], s)
		} else {
			e.descendMomentum(p[:n], g[:n], m[:n], s)
			m = m[n:]
		}
		p, g = p[n:], g[n:]
	}
}

// descend computes p ← p − η·(λ·p + g) in passes over a piece in L1. Without
// decay p must not be a factor: an infinite one times 0 would be NaN.
func (e *engine[T]) descend(p, g []T, s SGDStep) {
	if s.Decay != 0 {
		e.axpy(p, p, p, T(-s.LR*s.Decay))
	}
	e.axpy(p, p, g, T(-s.LR))
}

// descendMomentum is descend by velocities.
func (e *engine[T]) descendMomentum(p, g, m []T, s SGDStep) {
	fresh := 1 - s.Dampening
	e.scaleBy(m, m, T(s.Momentum))
	e.axpy(m, m, g, T(fresh))
	if s.Decay != 0 {
		e.axpy(m, m, p, T(fresh*s.Decay))
	}
	if s.Nesterov {
		e.descend(p, g, s)
		e.axpy(p, p, m, T(-s.LR*s.Momentum))
	} else {
		e.axpy(p, p, m, T(-s.LR))
	}
}
