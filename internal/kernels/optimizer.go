package kernels

import (
	"math"
	"slices"
)

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
	adamPieces(p, g, m, v, s.scalars())
}

// AdamRows takes a step as [Adam] does on rows of so many columns, those of p, m and v ld apart and those of g side by side.
// What the scalars of a step take, two powers, is more than the work of a short row.
func AdamRows[T Float](rows, cols, ld int, p, g, m, v []T, s AdamStep) {
	if rows < 1 || cols < 1 || ld < cols {
		panicf("kernels.AdamRows: %d rows of %d columns, %d apart; it needs at least 1 of each, and rows that do not overlap", rows, cols, ld)
	}
	reach := (rows-1)*ld + cols
	checkLen("AdamRows", "g", len(g), rows*cols)
	scalars := s.scalars()
	p, m, v = p[:reach], m[:reach], v[:reach]
	for i := range rows {
		at := i * ld
		adamPieces(p[at:at+cols], g[i*cols:(i+1)*cols], m[at:at+cols], v[at:at+cols], scalars)
	}
}

// adamScalars are what a step multiplies and adds by.
type adamScalars struct{ keep, couple, rate, root, b1, c1, b2, c2, eps float64 }

// scalars are those of step s; it panics if that is no step.
func (s AdamStep) scalars() adamScalars {
	if s.Step < 1 {
		panicf("kernels.Adam: step %d; the first is 1", s.Step)
	}
	keep, couple, t := 1.0, s.Decay, float64(s.Step)
	if s.Decoupled {
		keep, couple = 1-s.LR*s.Decay, 0
	}
	return adamScalars{keep, couple, s.LR / (1 - math.Pow(s.Beta1, t)), 1 / math.Sqrt(1-math.Pow(s.Beta2, t)),
		s.Beta1, 1 - s.Beta1, s.Beta2, 1 - s.Beta2, s.Epsilon}
}

// adamPieces takes a step piece by piece.
func adamPieces[T Float](p, g, m, v []T, s adamScalars) {
	adam := engineOf[T]().adam
	for len(p) > 0 {
		n := min(len(p), piece)
		adam(p[:n], g[:n], m[:n], v[:n], T(s.keep), T(s.couple), T(s.rate), T(s.root), T(s.b1), T(s.c1), T(s.b2), T(s.c2), T(s.eps))
		p, g, m, v = p[n:], g[n:], m[n:], v[n:]
	}
}

// AdamSteps takes the steps of several parameters as one piece of work for all cores: a model of many small parameters
// spends its time on handing out work otherwise. The result is that of [Adam] for each of them, bit by bit.
type AdamSteps[T Float] struct {
	// Operands of the steps: slices that differ from step to step, but for their lengths.
	P, G, M, V [][]T
	Steps      []AdamStep
	// Before, if not nil, is called for a stretch of parameter k before its step: it may fill P, M and V there.
	Before func(k, lo, hi int)

	start   []int // of each slice, counted through all
	from    []int // of each slice in its parameter
	sizes   []int // of the parameters
	scalars []adamScalars
	body    func(lo, hi int)
}

// adamSlices is the number of slices of a parameter. Elements are counted slice by slice: the first eighths of all parameters, then
// the second ones, and so on. A half, a quarter or an eighth of the work is then that part of every parameter, of which the
// core that takes it has written the gradient, and which it reads again in the next step; see [Parallel].
const adamSlices = 8

// adamSlice is where slice i of a parameter of so many elements begins: small ones are not cut.
func adamSlice(size, i int) int { return min(size, roundUp(size*i/adamSlices, adamUnit)) }

// NewAdamSteps prepares steps of parameters of those sizes. Steady state allocates nothing.
func NewAdamSteps[T Float](sizes []int) *AdamSteps[T] {
	n := len(sizes)
	a := &AdamSteps[T]{P: make([][]T, n), G: make([][]T, n), M: make([][]T, n), V: make([][]T, n),
		Steps: make([]AdamStep, n), start: make([]int, 1, adamSlices*n+1), scalars: make([]adamScalars, n), sizes: slices.Clone(sizes)}
	for i := range adamSlices {
		for _, size := range sizes {
			lo, hi := adamSlice(size, i), adamSlice(size, i+1)
			a.from = append(a.from, lo)
			a.start = append(a.start, a.start[len(a.start)-1]+hi-lo)
		}
	}
	a.body = a.chunk
	return a
}

// adamGrain is the number of elements of a chunk, and slices begin at multiples of adamUnit; fewer than adamAlone in all are not
// worth another core.
const (
	adamGrain = 1 << 11
	adamUnit  = 1 << 8
	adamAlone = 1 << 13
)

// Run takes the steps.
func (a *AdamSteps[T]) Run() {
	for k, p := range a.P {
		checkLen("AdamSteps", "p", len(p), a.sizes[k])
		checkSame("AdamSteps", len(p), len(a.G[k]), len(a.M[k]))
		checkLen("AdamSteps", "v", len(a.V[k]), len(p))
		if k > 0 && a.Steps[k] == a.Steps[k-1] {
			a.scalars[k] = a.scalars[k-1]
		} else {
			a.scalars[k] = a.Steps[k].scalars()
		}
	}
	if n := a.start[len(a.from)]; n < adamAlone {
		a.chunk(0, n)
	} else {
		Parallel(n, adamGrain, a.body)
	}
}

// chunk takes the steps of elements lo to hi−1, counted through all parameters.
func (a *AdamSteps[T]) chunk(lo, hi int) {
	i, _ := slices.BinarySearch(a.start, lo+1)
	for i--; lo < hi; i++ {
		k, end := i%len(a.P), min(hi, a.start[i+1])
		from, to := a.from[i]+lo-a.start[i], a.from[i]+end-a.start[i]
		if a.Before != nil {
			a.Before(k, from, to)
		}
		adamPieces(a.P[k][from:to], a.G[k][from:to], a.M[k][from:to], a.V[k][from:to], a.scalars[k])
		lo = end
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
