package rpnops

import (
	"math"

	"rpnc/graph"
	"rpnc/ops"
)

// Fourier is the expansion in the first N harmonics of the period P:
//
//	κ(x) = [cos ω₁x, sin ω₁x, cos ω₂x, sin ω₂x, …],  ωₙ = 2πn/P, n = 1…N,  x (b×m) → (b×2mN)
//
// Every cosine and sine is a block of all m columns. The frequencies are fixed. Errors: N < 1, a period that is 0 or no
// finite number.
type Fourier struct {
	P     Opt[float64] `yaml:"P"`             // period, 10 unless it is set
	N     int          `yaml:"N" rpn:"min=1"` // harmonics; 0 means 5
	Hooks `yaml:",inline"`
}

var _ = Register(Spec[Fourier]{
	Name: "fourier_expansion", Default: Fourier{P: Some(10.0), N: 5},
	Equation: "κ(x) = [cos(2πnx/P), sin(2πnx/P)], n = 1…N,  D = 2mN", Params: "0",
	Samples: []Fourier{{}, {P: Some(1.5), N: 2}, {N: 1}},
})

// frequencies are ωₙ, computed in double precision whatever the data's is.
func (o Fourier) frequencies() ([]float64, error) {
	p, n := o.P.Or(10), o.N
	if n == 0 {
		n = 5
	}
	if p == 0 || math.IsNaN(p) || math.IsInf(p, 0) || n < 1 {
		return nil, errorf("Fourier", "P = %v, N = %d; want a period other than 0 and 1 harmonic or more", p, n)
	}
	if err := atMost("Fourier", "N", n, mostPoints); err != nil {
		return nil, err
	}
	ω := make([]float64, n)
	for i := range ω {
		ω[i] = 2 * math.Pi * float64(i+1) / p
	}
	return ω, nil
}

// OutDim is 2mN.
func (o Fourier) OutDim(m int) (int, error) {
	ω, err := o.frequencies()
	return 2 * m * len(ω), err
}

// Transform builds all harmonics at once, as (b×N×1×m), and puts each sine behind its cosine.
func (o Fourier) Transform(s *Scope, x *graph.Node) *graph.Node {
	ω, err := o.frequencies()
	if err != nil {
		return s.fail(err)
	}
	x = o.pre(s, x)
	b, m := x.Shape().Dim(0), x.Shape().Dim(1)
	phase := ops.Mul(ops.Reshape(x, b, 1, 1, m), s.Const(s.Type(len(ω), 1, 1), ω...))
	return o.post(s, ops.Reshape(ops.Join(2, ops.Cos(phase), ops.Sin(phase)), b, 2*m*len(ω)))
}
