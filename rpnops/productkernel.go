package rpnops

import (
	"math"

	"rpnc/graph"
	"rpnc/ops"
)

// The kernels that are functions of inner products. They are products of matrices and cost what those cost.
type (
	// LinearKernel is ⟨u, v⟩.
	LinearKernel struct {
		Centering `yaml:",inline"`
	}
	// PolynomialKernel is (⟨u, v⟩ + c)^d. Powers that are not whole are of numbers ≥ 0 only, negative ones of numbers
	// other than 0: what is outside of that is not finite.
	PolynomialKernel struct {
		C         float64      `yaml:"c"`
		D         Opt[float64] `yaml:"d"` // 1 by default
		Centering `yaml:",inline"`
	}
	// TanhKernel is tanh(α⟨u, v⟩ + c).
	TanhKernel struct {
		C         float64      `yaml:"c"`
		Alpha     Opt[float64] `yaml:"alpha"` // 1 by default
		Centering `yaml:",inline"`
	}
	// CosineKernel is ⟨u, v⟩/(‖u‖‖v‖), 0 where a column is zero.
	CosineKernel struct {
		Centering `yaml:",inline"`
	}
)

var (
	_ = registerKernel(kernelSpec[LinearKernel]{
		name: "linear_kernel", xi: "linear_kernel_interdependence", aliases: []string{"linear", "inner_product", "dot_product"},
		equation: "⟨u, v⟩", samples: []LinearKernel{{}, {Centering{true}}},
	})
	_ = registerKernel(kernelSpec[PolynomialKernel]{
		name: "polynomial_kernel", xi: "polynomial_kernel_interdependence", aliases: []string{"polynomial"},
		equation: "(⟨u, v⟩ + c)^d", def: PolynomialKernel{D: Some(1.0)},
		samples: []PolynomialKernel{{C: 1, D: Some(2.0)}, {D: Some(0.0)}, {C: 20, D: Some(-3.0)}, {C: 9, D: Some(1.5)}, {C: 9, D: Some(-0.5)}},
	})
	_ = registerKernel(kernelSpec[TanhKernel]{
		name: "hyperbolic_tangent_kernel", xi: "hyperbolic_tangent_kernel_interdependence", aliases: []string{"hyperbolic_tangent"},
		equation: "tanh(α⟨u, v⟩ + c)", def: TanhKernel{Alpha: Some(1.0)}, samples: []TanhKernel{{C: 0.2, Alpha: Some(0.5)}},
	})
	_ = registerKernel(kernelSpec[CosineKernel]{
		name: "cosine_similarity_kernel", xi: "cosine_similarity_interdependence", aliases: []string{"cosine_similarity"},
		equation: "⟨u, v⟩/(‖u‖‖v‖)",
	})
)

// Check is nil.
func (LinearKernel) Check(int) error { return nil }

// Compare builds xᵀ·x.
func (o LinearKernel) Compare(_ *Scope, x *graph.Node) *graph.Node { return gram(o.center(x)) }

// Check is nil.
func (PolynomialKernel) Check(int) error { return nil }

// Compare builds the power. Whole ones are products, which are right for negative bases, too; a root needs a slope of 0 at
// 0, which the logarithm has not.
func (o PolynomialKernel) Compare(_ *Scope, x *graph.Node) *graph.Node {
	g := gram(o.center(x))
	if o.C != 0 {
		g = ops.Shift(g, o.C)
	}
	switch d := o.D.Or(1); {
	case d != math.Trunc(d) && d > 0:
		return powerOrZero(g, d)
	case d != math.Trunc(d) || math.Abs(d) > 1<<16:
		return ops.Exp(ops.Scale(ops.Log(g), d))
	case d < 0:
		return ops.Recip(wholePower(g, int(-d)))
	default:
		return wholePower(g, int(d))
	}
}

// wholePower is xⁿ for n ≥ 0 by squaring.
func wholePower(x *graph.Node, n int) *graph.Node {
	switch {
	case n == 0:
		return constant(x, 1)
	case n == 1:
		return x
	case n%2 == 0:
		return ops.Square(wholePower(x, n/2))
	}
	return ops.Mul(x, wholePower(x, n-1))
}

// Check is nil.
func (TanhKernel) Check(int) error { return nil }

// Compare builds tanh(α·xᵀ·x + c).
func (o TanhKernel) Compare(_ *Scope, x *graph.Node) *graph.Node {
	return ops.Tanh(ops.Shift(ops.Scale(gram(o.center(x)), o.Alpha.Or(1)), o.C))
}

// Check is nil.
func (CosineKernel) Check(int) error { return nil }

// Compare builds the product of the columns over their lengths; zero columns are divided by 1.
func (o CosineKernel) Compare(_ *Scope, x *graph.Node) *graph.Node {
	x = o.center(x)
	norm := sqrtOrZero(ops.SumAxis(ops.Square(x), 0))
	return gram(ops.Div(x, oneIfZero(norm)))
}

// oneIfZero is x with 1 in the place of zeros.
func oneIfZero(x *graph.Node) *graph.Node {
	return ops.Add(x, ops.Sub(constant(x, 1), ops.NonZero(x)))
}
