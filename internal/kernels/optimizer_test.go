package kernels_test

import (
	"fmt"
	"math"
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

// Coupled decay λ on gradient g is no decay on gradient g + λ·p.
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
