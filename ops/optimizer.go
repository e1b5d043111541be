package ops

import (
	"fmt"
	"math"

	"rpnc/graph"
	"rpnc/internal/kernels"
)

// AdamW is one step of Adam on a parameter: p, g, m, v of one type, step (I32, 0 at the first step) and the learning
// rate lr (a scalar of p's element type) → the new p, m and v. With t = step + 1,
//
//	p ← p − lr·λ·p   if Decoupled (AdamW), else   g ← g + λ·p   (Adam)
//	m ← β₁·m + (1−β₁)·g,   v ← β₂·v + (1−β₂)·g²
//	p ← p − lr/(1−β₁ᵗ) · m / (√v/√(1−β₂ᵗ) + ε)
//
// with λ the WeightDecay. The moments are zero before the first step. It has no gradient.
type AdamW struct {
	Beta1, Beta2, Eps, WeightDecay float64
	Decoupled                      bool
}

// SGD is one step of gradient descent: p, g, u of one type, step (I32) and lr (a scalar) → the new p and u. With μ
// the Momentum, τ the Dampening and λ the WeightDecay,
//
//	d ← g + λ·p,   u ← d at step 0, else μ·u + (1−τ)·d,   p ← p − lr·u   (Nesterov: p − lr·(d + μ·u))
//
// Without momentum p ← p − lr·d, and u is kept. It has no gradient.
type SGD struct {
	Momentum, Dampening float64
	Nesterov            bool
	WeightDecay         float64
}

var _ = register(
	Sample{Op: AdamW{0.9, 0.999, 1e-8, 0.01, true}, In: optimizerTypes(4, 3, 4), Lo: 0.1, Hi: 3},
	Sample{Op: AdamW{0.9, 0.99, 1e-6, 0.1, false}, In: optimizerTypes(4, 5), Lo: 0.1, Hi: 3},
	Sample{Op: SGD{}, In: optimizerTypes(3, 3, 2), Lo: 0.1, Hi: 1},
	Sample{Op: SGD{Momentum: 0.9, Dampening: 0.3, WeightDecay: 0.1}, In: optimizerTypes(3, 5), Lo: 0.1, Hi: 1},
	Sample{Op: SGD{Momentum: 0.9, Dampening: 0.3, WeightDecay: 0.1}, In: optimizerTypes(3, 4), Lo: 0.1, Hi: 3},
	Sample{Op: SGD{Momentum: 0.9, Nesterov: true}, In: optimizerTypes(3, 2, 2), Lo: 0.1, Hi: 3},
)

// optimizerTypes are n tensors of one shape, the step and the learning rate.
func optimizerTypes(n int, dims ...int) (ts []graph.Type) {
	for range n {
		ts = append(ts, f64(dims...))
	}
	return append(ts, i32(), f64())
}

// inferStep is the shape rule of both: n tensors of one type, the step, the learning rate; a result for each tensor
// but the gradient.
func inferStep(in []graph.Type, n int) ([]graph.Type, error) {
	if len(in) != n+2 {
		return nil, errOperands(n+2, in)
	}
	if _, err := same(in[:n], n); err != nil {
		return nil, err
	}
	step, lr := in[n], in[n+1]
	if step.DType != graph.I32 || step.Shape.Size() != 1 || lr.DType != in[0].DType || lr.Shape.Size() != 1 {
		return nil, fmt.Errorf("step %v, learning rate %v; want one i32 and one %v", step, lr, in[0].DType)
	}
	out := make([]graph.Type, n-1)
	for i := range out {
		out[i] = in[0]
	}
	return out, nil
}

// checkStep wants the number of steps taken so far.
func checkStep(step int32) error {
	if step < 0 {
		return fmt.Errorf("step %d; want 0 at the first step and more after it", step)
	}
	return nil
}

// Name is AdamW or Adam.
func (o AdamW) Name() string {
	if o.Decoupled {
		return "AdamW"
	}
	return "Adam"
}

// Infer wants p, g, m, v of one float type, a step and a learning rate, and 0 ≤ β < 1.
func (o AdamW) Infer(in []graph.Type) ([]graph.Type, error) {
	if !(o.Beta1 >= 0 && o.Beta1 < 1 && o.Beta2 >= 0 && o.Beta2 < 1) {
		return nil, fmt.Errorf("β₁ = %v, β₂ = %v; want 0 ≤ β < 1", o.Beta1, o.Beta2)
	}
	return inferStep(in, 4)
}

// Eval follows the equations; a negative step is an error.
func (o AdamW) Eval(dst, in []*graph.Tensor) error {
	t, lr := float64(in[4].I[0])+1, in[5].F[0]
	c1, c2 := 1-math.Pow(o.Beta1, t), 1-math.Pow(o.Beta2, t)
	for i, p := range in[0].F {
		g := in[1].F[i]
		if o.Decoupled {
			p -= lr * o.WeightDecay * p
		} else {
			g += o.WeightDecay * p
		}
		m := o.Beta1*in[2].F[i] + (1-o.Beta1)*g
		v := o.Beta2*in[3].F[i] + (1-o.Beta2)*g*g
		dst[0].F[i] = p - lr/c1*m/(math.Sqrt(v)/math.Sqrt(c2)+o.Eps)
		dst[1].F[i], dst[2].F[i] = m, v
	}
	return checkStep(in[4].I[0])
}

// Kernel updates in one pass over p, g, m and v; a negative step panics with an error.
func (o AdamW) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, adamRun[float32], adamRun[float64])
}

// InPlaceResult says that p, m and v may be written over themselves.
func (o AdamW) InPlaceResult(result, operand int) bool {
	return operand == [...]int{0, 2, 3}[result]
}

// adamRun is a joint step of one.
func adamRun[T float](o AdamW, in, out []graph.Type) Run { return jointRun[T]([]AdamW{o}, in) }

// adamOperands are p, g, m, v, the step and the learning rate.
const adamOperands = 6

// JointSteps is one Run for several steps, whose operands and results stand one step after the other. All have the element
// type of the first. It does what their kernels do one by one, on all cores at once however small the parameters are; so
// no step may write what another one reads.
func JointSteps(steps []AdamW, in []graph.Type) Run {
	if in[0].DType == graph.F32 {
		return jointRun[float32](steps, in)
	}
	return jointRun[float64](steps, in)
}

// jointRun copies the states, which costs nothing where they are in place, and lets the loop of kernels update them.
func jointRun[T float](steps []AdamW, in []graph.Type) Run {
	sizes, states := make([]int, len(steps)), make([][3][]T, len(steps))
	for k := range steps {
		sizes[k] = in[k*adamOperands].Shape.Size()
	}
	a := kernels.NewAdamSteps[T](sizes)
	a.Before = func(k, lo, hi int) {
		copy(a.P[k][lo:hi], states[k][0][lo:hi])
		copy(a.M[k][lo:hi], states[k][1][lo:hi])
		copy(a.V[k][lo:hi], states[k][2][lo:hi])
	}
	return func(dst, in []Buffer) {
		for k, o := range steps {
			x, y := in[k*adamOperands:], dst[3*k:]
			if err := checkStep(x[4].I32[0]); err != nil {
				panic(err)
			}
			a.Steps[k] = o.at(x[4].I32[0], float64(view[T](x[5])[0]))
			states[k] = [3][]T{view[T](x[0]), view[T](x[2]), view[T](x[3])}
			a.P[k], a.G[k], a.M[k], a.V[k] = view[T](y[0]), view[T](x[1]), view[T](y[1]), view[T](y[2])
		}
		a.Run()
	}
}

// Name is SGD with its momentum.
func (o SGD) Name() string { return fmt.Sprintf("SGD{%g}", o.Momentum) }

// Infer wants p, g, u of one float type, a step and a learning rate; Nesterov wants momentum and no dampening.
func (o SGD) Infer(in []graph.Type) ([]graph.Type, error) {
	if o.Nesterov && (o.Momentum <= 0 || o.Dampening != 0) {
		return nil, fmt.Errorf("Nesterov with momentum %v and dampening %v; want momentum and no dampening", o.Momentum, o.Dampening)
	}
	return inferStep(in, 3)
}

// Eval follows the equations; a negative step is an error.
func (o SGD) Eval(dst, in []*graph.Tensor) error {
	step, lr := in[3].I[0], in[4].F[0]
	for i, p := range in[0].F {
		d, u := in[1].F[i]+o.WeightDecay*p, in[2].F[i]
		if o.Momentum != 0 {
			if u = o.Momentum*u + (1-o.Dampening)*d; step == 0 {
				u = d
			}
			if d += o.Momentum * u; !o.Nesterov {
				d = u
			}
		}
		dst[0].F[i], dst[1].F[i] = p-lr*d, u
	}
	return checkStep(step)
}

// Kernel updates in one pass over p, g and u; a negative step panics with an error.
func (o SGD) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, sgdRun[float32], sgdRun[float64])
}

// InPlaceResult says that p and u may be written over themselves.
func (o SGD) InPlaceResult(result, operand int) bool { return operand == 2*result }

// sgdRun copies the states, which costs nothing where they are in place, and lets the loop of kernels update them.
func sgdRun[T float](o SGD, in, out []graph.Type) Run {
	s := kernels.SGDStep{Momentum: o.Momentum, Decay: o.WeightDecay, Nesterov: o.Nesterov}
	return rowwise(in, out, in[0].Shape.Size(), 3, func(a *args[T], lo, hi int) {
		step := a.inI[3][0]
		if err := checkStep(step); err != nil {
			panic(err)
		}
		s := s
		s.LR = float64(a.in[4][0])
		p, u := a.dst[0][lo:hi], a.dst[1][lo:hi]
		copy(p, a.in[0][lo:hi])
		copy(u, a.in[2][lo:hi])
		if step > 0 {
			s.Dampening = o.Dampening
		} else if o.Momentum != 0 {
			clear(u) // μ·0 + d is d
		}
		if o.Momentum == 0 {
			u = nil // kept as it is
		}
		kernels.SGD(p, a.in[1][lo:hi], u, s)
	})
}
