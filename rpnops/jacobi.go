package rpnops

import (
	"math"

	"rpnc/graph"
)

// The polynomial expansions with parameters of their own, α and β, which are fixed. Each is 1 unless it is set.
type (
	// Laguerre has n·pₙ = (2n−1+α−x)pₙ₋₁ − (n−1+α)pₙ₋₂ after 1 and x+1+α, which is the reference's sequence: its p₁ has
	// the other sign of x than the generalised Laguerre polynomial 1+α−x, with which it starts if Classical.
	Laguerre struct {
		Degree    `yaml:",inline"`
		Alpha     Opt[float64] `yaml:"alpha"`
		Classical bool         `yaml:"classical"`
	}
	// Gegenbauer has the ultraspherical polynomials: n·pₙ = 2(n−1+α)x·pₙ₋₁ − (n−2+2α)pₙ₋₂ after 1 and 2αx.
	Gegenbauer struct {
		Degree `yaml:",inline"`
		Alpha  Opt[float64] `yaml:"alpha"`
	}
	// Jacobi has c₁pₙ = (c₂x + c₃)pₙ₋₁ − c₄pₙ₋₂ after 1 and (α−β + (s+2)x)/2, with s = α+β and
	//
	//	c₁ = 2n(n+s)(2n+s−2)       c₃ = (2n+s−1)(α²−β²)
	//	c₂ = (2n+s−1)(2n+s)(2n+s−2)  c₄ = 2(n+α−1)(n+β−1)(2n+s)
	//
	// Errors: c₁ = 0 for an n up to d, which is where s is −n or 2−2n.
	Jacobi struct {
		Degree `yaml:",inline"`
		Alpha  Opt[float64] `yaml:"alpha"`
		Beta   Opt[float64] `yaml:"beta"`
	}
)

var (
	_ = Register(Spec[Laguerre]{
		Name: "laguerre_expansion", Default: Laguerre{Degree: two, Alpha: Some(1.0)},
		Equation: "κ(x) = p₁(x_j)…p_d(x_j),  n·pₙ = (2n−1+α−x)pₙ₋₁ − (n−1+α)pₙ₋₂, p₁ = x+1+α", Params: "0",
		Samples: []Laguerre{{}, {Degree: five, Alpha: Some(0.0)}, {Degree: five, Alpha: Some(-0.5), Classical: true}},
	})
	_ = Register(Spec[Gegenbauer]{
		Name: "gegenbauer_expansion", Default: Gegenbauer{Degree: two, Alpha: Some(1.0)},
		Equation: "κ(x) = p₁(x_j)…p_d(x_j),  n·pₙ = 2(n−1+α)x·pₙ₋₁ − (n−2+2α)pₙ₋₂, p₁ = 2αx", Params: "0",
		Samples: []Gegenbauer{{}, {Degree: five, Alpha: Some(0.5)}},
	})
	_ = Register(Spec[Jacobi]{
		Name: "jacobi_expansion", Default: Jacobi{Degree: two, Alpha: Some(1.0), Beta: Some(1.0)},
		Equation: "κ(x) = p₁(x_j)…p_d(x_j),  c₁pₙ = (c₂x + c₃)pₙ₋₁ − c₄pₙ₋₂, p₁ = (α−β + (α+β+2)x)/2", Params: "0",
		Samples: []Jacobi{{}, {Degree: five, Alpha: Some(0.5), Beta: Some(-0.5)}},
	})
)

// Transform builds p₁ to p_d.
func (o Laguerre) Transform(s *Scope, x *graph.Node) *graph.Node {
	α, sign := o.Alpha.Or(1), 1.0
	if o.Classical {
		sign = -1
	}
	return o.expand(s, x, sequence{1, line{sign, 1 + α}, func(n float64) terms {
		return terms{line{-1 / n, (2*n - 1 + α) / n}, 0, -(n - 1 + α) / n}
	}})
}

// Transform builds p₁ to p_d.
func (o Gegenbauer) Transform(s *Scope, x *graph.Node) *graph.Node {
	α := o.Alpha.Or(1)
	return o.expand(s, x, sequence{1, line{2 * α, 0}, func(n float64) terms {
		return terms{line{2 * (n - 1 + α) / n, 0}, 0, -(n - 2 + 2*α) / n}
	}})
}

// OutDim is md.
func (o Jacobi) OutDim(m int) (int, error) {
	d, err := o.degree()
	if err != nil {
		return 0, err
	}
	for n := 2.0; n <= float64(d); n++ {
		if c1 := o.divisor(n); c1 == 0 || math.IsNaN(c1) || math.IsInf(c1, 0) {
			return 0, errorf("Jacobi", "alpha = %v, beta = %v: there is no p of degree %v, which is divided by c₁; want alpha + beta other than %v and %v",
				o.Alpha.Or(1), o.Beta.Or(1), n, -n, 2-2*n)
		}
	}
	return m * d, nil
}

// divisor is c₁.
func (o Jacobi) divisor(n float64) float64 {
	s := o.Alpha.Or(1) + o.Beta.Or(1)
	return 2 * n * (n + s) * (2*n + s - 2)
}

// Transform builds p₁ to p_d.
func (o Jacobi) Transform(s *Scope, x *graph.Node) *graph.Node {
	if _, err := o.OutDim(x.Shape().Dim(-1)); err != nil {
		return s.fail(err)
	}
	α, β := o.Alpha.Or(1), o.Beta.Or(1)
	sum := α + β
	return o.expand(s, x, sequence{1, line{(sum + 2) / 2, (α - β) / 2}, func(n float64) terms {
		c1, t := o.divisor(n), 2*n+sum
		return terms{line{(t - 1) * t * (t - 2) / c1, (t - 1) * (α*α - β*β) / c1}, 0, -2 * (n + α - 1) * (n + β - 1) * t / c1}
	}})
}
