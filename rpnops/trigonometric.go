package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// The expansions in three elementary functions, each applied to all columns before the next: D = 3m. The inverse
// functions get σ(x) in place of x, scaled or shifted into the inside of their domain, so that they have values and
// finite slopes for every finite x.
type (
	// Trigonometric is κ(x) = [sin x, cos x, tan x]; tan has its poles.
	Trigonometric struct {
		Hooks `yaml:",inline"`
	}
	// ArcTrigonometric is κ(x) = [arcsin 0.99σ(x), arccos 0.99σ(x), arctan σ(x)].
	ArcTrigonometric struct {
		Hooks `yaml:",inline"`
	}
	// Hyperbolic is κ(x) = [sinh x, cosh x, tanh x]; the first two are infinite where eˣ overflows.
	Hyperbolic struct {
		Hooks `yaml:",inline"`
	}
	// ArcHyperbolic is κ(x) = [arsinh σ(x), arcosh(σ(x) + 1.01), artanh 0.99σ(x)].
	ArcHyperbolic struct {
		Hooks `yaml:",inline"`
	}
)

var (
	_ = Register(Spec[Trigonometric]{Name: "trigonometric_expansion", Equation: "κ(x) = [sin x, cos x, tan x],  D = 3m", Params: "0"})
	_ = Register(Spec[ArcTrigonometric]{
		Name: "arc_trigonometric_expansion", Equation: "κ(x) = [arcsin 0.99σ, arccos 0.99σ, arctan σ],  σ = σ(x),  D = 3m", Params: "0",
		Lo: -4, Hi: 4,
	})
	_ = Register(Spec[Hyperbolic]{Name: "hyperbolic_expansion", Equation: "κ(x) = [sinh x, cosh x, tanh x],  D = 3m", Params: "0", Lo: -3, Hi: 3})
	_ = Register(Spec[ArcHyperbolic]{
		Name: "arc_hyperbolic_expansion", Equation: "κ(x) = [arsinh σ, arcosh(σ + 1.01), artanh 0.99σ],  σ = σ(x),  D = 3m", Params: "0",
		Lo: -4, Hi: 4,
	})
)

// inDomain scales σ(x) into the inside of the domain of arcsin, arccos and artanh; beyond1 shifts it into that of arcosh.
const inDomain, beyond1 = 0.99, 1.01

// OutDim is 3m.
func (Trigonometric) OutDim(m int) (int, error) { return 3 * m, nil }

// OutDim is 3m.
func (ArcTrigonometric) OutDim(m int) (int, error) { return 3 * m, nil }

// OutDim is 3m.
func (Hyperbolic) OutDim(m int) (int, error) { return 3 * m, nil }

// OutDim is 3m.
func (ArcHyperbolic) OutDim(m int) (int, error) { return 3 * m, nil }

// Transform builds the three blocks. The tangent is the quotient of the other two, which costs a division instead of a
// third function, and its relative error is that of a quotient, near the poles and zeros as well.
func (o Trigonometric) Transform(s *Scope, x *graph.Node) *graph.Node {
	x = o.pre(s, x)
	sin, cos := ops.Sin(x), ops.Cos(x)
	return o.post(s, ops.Join(-1, sin, cos, ops.Div(sin, cos)))
}

// Transform builds the three blocks.
func (o ArcTrigonometric) Transform(s *Scope, x *graph.Node) *graph.Node {
	σ := ops.Sigmoid(o.pre(s, x))
	inner := ops.Scale(σ, inDomain)
	return o.post(s, ops.Join(-1, ops.Asin(inner), ops.Acos(inner), ops.Atan(σ)))
}

// Transform builds the three blocks.
func (o Hyperbolic) Transform(s *Scope, x *graph.Node) *graph.Node {
	x = o.pre(s, x)
	return o.post(s, ops.Join(-1, ops.Sinh(x), ops.Cosh(x), ops.Tanh(x)))
}

// Transform builds the three blocks.
func (o ArcHyperbolic) Transform(s *Scope, x *graph.Node) *graph.Node {
	σ := ops.Sigmoid(o.pre(s, x))
	return o.post(s, ops.Join(-1, ops.Asinh(σ), ops.Acosh(ops.Shift(σ, beyond1)), ops.Atanh(ops.Scale(σ, inDomain))))
}
