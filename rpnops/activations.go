package rpnops

import (
	"math"

	"rpnc/graph"
	"rpnc/ops"
)

// The elementwise activations. Each is a function without settings; the names are those of the reference's
// functional namespace and of its module classes.
type (
	// Relu is max(x, 0).
	Relu struct{}
	// Sigmoid is 1/(1+e⁻ˣ).
	Sigmoid struct{}
	// Tanh is the hyperbolic tangent.
	Tanh struct{}
	// Softplus is ln(1+eˣ), linear above 20.
	Softplus struct{}
	// Silu is x·σ(x).
	Silu struct{}
	// Gelu is x·Φ(x) with the exact normal distribution function Φ.
	Gelu struct{}
	// Exp is eˣ.
	Exp struct{}
	// Sin is sin x.
	Sin struct{}
)

var (
	_ = Register(Spec[Relu]{Name: "relu", Aliases: []string{"ReLU"}, Equation: "max(x, 0)", Params: "0", Lo: 0.2, Hi: 1})
	_ = Register(Spec[Sigmoid]{Name: "sigmoid", Aliases: []string{"Sigmoid"}, Equation: "1/(1+e⁻ˣ)", Params: "0"})
	_ = Register(Spec[Tanh]{Name: "tanh", Aliases: []string{"Tanh"}, Equation: "tanh x", Params: "0"})
	_ = Register(Spec[Softplus]{Name: "softplus", Aliases: []string{"Softplus"}, Equation: "ln(1+eˣ)", Params: "0"})
	_ = Register(Spec[Silu]{Name: "silu", Aliases: []string{"SiLU"}, Equation: "x·σ(x)", Params: "0"})
	_ = Register(Spec[Gelu]{Name: "gelu", Aliases: []string{"GELU"}, Equation: "x·Φ(x)", Params: "0"})
	_ = Register(Spec[Exp]{Name: "exp", Equation: "eˣ", Params: "0"})
	_ = Register(Spec[Sin]{Name: "sin", Equation: "sin x", Params: "0"})
)

// Apply builds the activation.
func (Relu) Apply(_ *Scope, x *graph.Node) *graph.Node { return ops.Relu(x) }

// Apply builds the activation.
func (Sigmoid) Apply(_ *Scope, x *graph.Node) *graph.Node { return ops.Sigmoid(x) }

// Apply builds the activation.
func (Tanh) Apply(_ *Scope, x *graph.Node) *graph.Node { return ops.Tanh(x) }

// Apply builds the activation.
func (Softplus) Apply(_ *Scope, x *graph.Node) *graph.Node { return ops.Softplus(x) }

// Apply builds the activation.
func (Silu) Apply(_ *Scope, x *graph.Node) *graph.Node { return ops.Mul(x, ops.Sigmoid(x)) }

// Apply builds the activation.
func (Gelu) Apply(_ *Scope, x *graph.Node) *graph.Node {
	return ops.Mul(x, ops.Scale(ops.Shift(ops.Erf(ops.Scale(x, 1/math.Sqrt2)), 1), 0.5))
}

// Apply builds the function.
func (Exp) Apply(_ *Scope, x *graph.Node) *graph.Node { return ops.Exp(x) }

// Apply builds the function.
func (Sin) Apply(_ *Scope, x *graph.Node) *graph.Node { return ops.Sin(x) }
