package rpnops

import "rpnc/graph"

// The polynomial expansions without a parameter besides the degree. Fibonacci's first column is the constant 1.
type (
	// Chebyshev has the polynomials of the first kind: pₙ = 2x·pₙ₋₁ − pₙ₋₂ after 1 and x.
	Chebyshev struct {
		Degree `yaml:",inline"`
	}
	// Hermite has the probabilists' polynomials: pₙ = x·pₙ₋₁ − (n−1)pₙ₋₂ after 1 and x.
	Hermite struct {
		Degree `yaml:",inline"`
	}
	// Legendre has n·pₙ = (2n−1)x·pₙ₋₁ − (n−1)pₙ₋₂ after 1 and x.
	Legendre struct {
		Degree `yaml:",inline"`
	}
	// Bessel has pₙ = (2n−1)x·pₙ₋₁ + pₙ₋₂ after 1 and x+1.
	Bessel struct {
		Degree `yaml:",inline"`
	}
	// ReverseBessel has pₙ = (2n−1)pₙ₋₁ + x²pₙ₋₂ after 1 and x+1.
	ReverseBessel struct {
		Degree `yaml:",inline"`
	}
	// Fibonacci has pₙ = x·pₙ₋₁ + pₙ₋₂ after 0 and 1.
	Fibonacci struct {
		Degree `yaml:",inline"`
	}
	// Lucas has pₙ = x·pₙ₋₁ + pₙ₋₂ after 2 and x.
	Lucas struct {
		Degree `yaml:",inline"`
	}
)

var (
	_ = registerPolynomial(Chebyshev{two}, Chebyshev{five}, "chebyshev", "pₙ = 2x·pₙ₋₁ − pₙ₋₂, p₁ = x")
	_ = registerPolynomial(Hermite{two}, Hermite{five}, "hermite", "pₙ = x·pₙ₋₁ − (n−1)pₙ₋₂, p₁ = x")
	_ = registerPolynomial(Legendre{two}, Legendre{five}, "legendre", "n·pₙ = (2n−1)x·pₙ₋₁ − (n−1)pₙ₋₂, p₁ = x")
	_ = registerPolynomial(Bessel{two}, Bessel{five}, "bessel", "pₙ = (2n−1)x·pₙ₋₁ + pₙ₋₂, p₁ = x + 1")
	_ = registerPolynomial(ReverseBessel{two}, ReverseBessel{five}, "reverse_bessel", "pₙ = (2n−1)pₙ₋₁ + x²pₙ₋₂, p₁ = x + 1")
	_ = registerPolynomial(Fibonacci{two}, Fibonacci{five}, "fibonacci", "pₙ = x·pₙ₋₁ + pₙ₋₂, p₁ = 1")
	_ = registerPolynomial(Lucas{two}, Lucas{five}, "lucas", "pₙ = x·pₙ₋₁ + pₙ₋₂, p₁ = x")
)

var two, five = Degree{D: 2}, Degree{D: 5}

// registerPolynomial registers the class of one sequence, with its default, a sample of a larger degree and its law.
func registerPolynomial[T Transformation](def, sample T, name, law string) struct{} {
	return Register(Spec[T]{
		Name: name + "_expansion", Default: def, Equation: "κ(x) = p₁(x_j)…p_d(x_j),  " + law, Params: "0",
		Samples: []T{def, sample},
	})
}

// Transform builds p₁ to p_d.
func (o Chebyshev) Transform(s *Scope, x *graph.Node) *graph.Node {
	return o.expand(s, x, sequence{1, line{1, 0}, func(float64) terms { return terms{line{2, 0}, 0, -1} }})
}

// Transform builds p₁ to p_d.
func (o Hermite) Transform(s *Scope, x *graph.Node) *graph.Node {
	return o.expand(s, x, sequence{1, line{1, 0}, func(n float64) terms { return terms{line{1, 0}, 0, 1 - n} }})
}

// Transform builds p₁ to p_d.
func (o Legendre) Transform(s *Scope, x *graph.Node) *graph.Node {
	return o.expand(s, x, sequence{1, line{1, 0}, func(n float64) terms { return terms{line{(2*n - 1) / n, 0}, 0, (1 - n) / n} }})
}

// Transform builds p₁ to p_d.
func (o Bessel) Transform(s *Scope, x *graph.Node) *graph.Node {
	return o.expand(s, x, sequence{1, line{1, 1}, func(n float64) terms { return terms{line{2*n - 1, 0}, 0, 1} }})
}

// Transform builds p₁ to p_d.
func (o ReverseBessel) Transform(s *Scope, x *graph.Node) *graph.Node {
	return o.expand(s, x, sequence{1, line{1, 1}, func(n float64) terms { return terms{line{0, 2*n - 1}, 1, 0} }})
}

// additive is the recurrence of the Fibonacci numbers with a factor x.
func additive(float64) terms { return terms{line{1, 0}, 0, 1} }

// Transform builds p₁ to p_d.
func (o Fibonacci) Transform(s *Scope, x *graph.Node) *graph.Node {
	return o.expand(s, x, sequence{0, line{0, 1}, additive})
}

// Transform builds p₁ to p_d.
func (o Lucas) Transform(s *Scope, x *graph.Node) *graph.Node {
	return o.expand(s, x, sequence{2, line{1, 0}, additive})
}
