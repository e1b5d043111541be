package kernels_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"rpnc/internal/kernels"
)

// gradients drive p = (1, −2) through three steps in every test here.
var gradients = [][]float64{{0.1, -0.2}, {0.3, 0.1}, {-0.5, 0}}

// The values are rounded to seven digits from an independent calculation.
func TestAdamWMatchesWorkedExample(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		want := [][]float64{{0.8990000, -1.8980000}, {0.8063229, -1.8694683}, {0.8216080, -1.8470110}}
		p, m, v := []float64{1, -2}, make([]float64, 2), make([]float64, 2)
		s := kernels.AdamStep{LR: 0.1, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, Decay: 0.01, Decoupled: true}
		for i, g := range gradients {
			s.Step = i + 1
			kernels.Adam(p, g, m, v, s)
			for j := range p {
				if math.Abs(p[j]-want[i][j]) > 1e-7 {
					t.Errorf("step %d: p[%d] = %.7f, want %.7f", i+1, j, p[j], want[i][j])
				}
			}
		}
	})
}

// Parameters of every size, among them none and some of several chunks, with a decay of their own.
func TestJointStepsAreTheStepsOfEachParameter(t *testing.T) {
	sizes := []int{3, 0, 1, 700, 5000, 2048, 17, 9000, 0}
	onEveryTable(t, func(t *testing.T) {
		a := kernels.NewAdamSteps[float32](sizes)
		want := make([][]float32, len(sizes))
		for k, n := range sizes {
			a.Steps[k] = kernels.AdamStep{LR: 0.1, Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-8, Decay: 0.1 * float64(k%2), Decoupled: true, Step: 2}
			want[k] = uniform[float32](n, uint64(k))
			a.G[k], a.M[k], a.V[k] = uniform[float32](n, 1), make([]float32, n), make([]float32, n)
			kernels.Adam(want[k], a.G[k], make([]float32, n), make([]float32, n), a.Steps[k])
		}
		run := func() (all []float32) {
			for k, n := range sizes {
				a.P[k] = uniform[float32](n, uint64(k))
				clear(a.M[k])
				clear(a.V[k])
			}
			a.Run()
			for k, p := range a.P {
				if !sameBits(p, want[k]) {
					t.Errorf("parameter %d of %d elements: other bits than a step of its own", k, sizes[k])
				}
				all = append(all, p...)
			}
			return all
		}
		sameForAnyCores(t, run)
		noAllocs(t, "AdamSteps", a.Run)
		a.V[3] = a.V[3][1:]
		if !panics(a.Run) {
			t.Error("a short V: no panic")
		}
	})
}

// Coupled decay λ on gradient g is no decay on gradient g + λ·p.
func TestAdamRowsAreStepsOfEachRowAndTouchNothingBetween(t *testing.T) {
	const rows, cols, ld = 5, 37, 50
	step := kernels.AdamStep{LR: 0.1, Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-8, Decay: 0.1, Decoupled: true, Step: 3}
	var got, want [3][]float32 // p, m and v
	for i := range got {
		got[i] = uniform[float32](rows*ld, uint64(i+1))
		kernels.Mul(got[i], got[i], got[i]) // v is none without
		want[i] = slices.Clone(got[i])
	}
	g := uniform[float32](rows*cols, 9)
	kernels.AdamRows(rows, cols, ld, got[0], g, got[1], got[2], step)
	for r := range rows {
		lo, hi := r*ld, r*ld+cols
		kernels.Adam(want[0][lo:hi], g[r*cols:(r+1)*cols], want[1][lo:hi], want[2][lo:hi], step)
	}
	for i := range got {
		if !slices.Equal(got[i], want[i]) {
			t.Errorf("state %d differs from that of a step row by row", i)
		}
	}
}

func TestAdamWithCoupledDecayAddsItToTheGradient(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		s := kernels.AdamStep{LR: 0.1, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
		coupled := s
		coupled.Decay = 0.3
		p, m, v := []float64{1, -2}, make([]float64, 2), make([]float64, 2)
		q, mq, vq := []float64{1, -2}, make([]float64, 2), make([]float64, 2)
		for i, g := range gradients {
			s.Step, coupled.Step = i+1, i+1
			kernels.Adam(p, g, m, v, coupled)
			sum := []float64{g[0] + 0.3*q[0], g[1] + 0.3*q[1]}
			kernels.Adam(q, sum, mq, vq, s)
			if math.Abs(p[0]-q[0])+math.Abs(p[1]-q[1]) > 1e-14 {
				t.Fatalf("step %d: %v, want %v", i+1, p, q)
			}
		}
	})
}

// The equations again in float64, with a velocity even where μ = 0.
func TestSGDMatchesItsEquations(t *testing.T) {
	onEveryTable(t, checkSGD)
}

func checkSGD(t *testing.T) {
	for _, s := range []kernels.SGDStep{{LR: 0.1}, {LR: 0.1, Decay: 0.2}, {LR: 0.1, Momentum: 0.9, Decay: 0.2}, {LR: 0.1, Momentum: 0.9, Nesterov: true}} {
		p, m := []float32{1, -2}, make([]float32, 2)
		if s.Momentum == 0 {
			m = nil
		}
		want, vel := []float64{1, -2}, make([]float64, 2)
		for _, g := range gradients {
			kernels.SGD(p, []float32{float32(g[0]), float32(g[1])}, m, s)
			for j := range want {
				d := g[j] + s.Decay*want[j]
				vel[j] = s.Momentum*vel[j] + d
				if s.Nesterov {
					want[j] -= s.LR * (d + s.Momentum*vel[j])
				} else {
					want[j] -= s.LR * vel[j]
				}
				if math.Abs(float64(p[j])-want[j]) > 1e-6 {
					t.Errorf("%+v: p[%d] = %v, want %v", s, j, p[j], want[j])
				}
			}
		}
	}
}

// checkAdam compares a step over n elements with the equations in float64. The
// first parameter is infinite, the last gradient NaN: neither spreads.
func checkAdam[T kernels.Float](t *testing.T, n int, step kernels.AdamStep) {
	p, g, m, v := uniform[T](n, 1), uniform[T](n, 2), uniform[T](n, 3), uniform[T](n, 4)
	kernels.Abs(v, v)
	p[0], g[n-1] = T(inf), T(nan)
	q, mq, vq := append([]T(nil), p...), append([]T(nil), m...), append([]T(nil), v...)
	kernels.Adam(q, g, mq, vq, step)
	for i := range p {
		x, d := float64(p[i]), float64(g[i])
		if step.Decay != 0 && !step.Decoupled {
			d += step.Decay * x
		}
		m1 := step.Beta1*float64(m[i]) + (1-step.Beta1)*d
		v1 := step.Beta2*float64(v[i]) + (1-step.Beta2)*d*d
		if step.Decoupled {
			x *= 1 - step.LR*step.Decay
		}
		steps := float64(step.Step)
		x -= step.LR / (1 - math.Pow(step.Beta1, steps)) * m1 / (math.Sqrt(v1)/math.Sqrt(1-math.Pow(step.Beta2, steps)) + step.Epsilon)
		for name, pair := range map[string][2]float64{"p": {float64(q[i]), x}, "m": {float64(mq[i]), m1}, "v": {float64(vq[i]), v1}} {
			got, want := pair[0], pair[1]
			if got != want && !(got != got && want != want) && !(math.Abs(got-want) <= 20*epsilon[T]()*(1+math.Abs(want))) {
				t.Errorf("%T n=%d: %s[%d] = %v, want %v", p[i], n, name, i, got, want)
			}
		}
	}
}

func TestAdamMatchesItsEquationsAtEveryLength(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		step := kernels.AdamStep{LR: 0.1, Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-3, Step: 2}
		decoupled, coupled := step, step
		decoupled.Decay, decoupled.Decoupled, coupled.Decay = 0.1, true, 0.1
		for _, n := range []int{1, 3, 4, 8, 15, 16, 17, 33, 100} {
			for _, s := range []kernels.AdamStep{step, decoupled, coupled} {
				checkAdam[float32](t, n, s)
				checkAdam[float64](t, n, s)
			}
		}
	})
}

func BenchmarkAdam(b *testing.B) {
	benchEveryTable(b, func(b *testing.B) {
		const n = 1 << 16
		p, g, m, v := uniform[float32](n, 1), uniform[float32](n, 2), make([]float32, n), make([]float32, n)
		s := kernels.AdamStep{LR: 1e-3, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, Decay: 0.01, Decoupled: true, Step: 3}
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				kernels.Adam(p, g, m, v, s)
			}
		})
	})
}
