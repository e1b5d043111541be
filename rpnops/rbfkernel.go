package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// The radial kernels, functions of δ = u − v that are 1 for equal columns.
type (
	// ExponentialKernel is exp(−γ·Σ δ²).
	ExponentialKernel struct {
		Gamma Opt[float64] `yaml:"gamma"` // 1 by default
	}
	// GaussianKernel is exp(−Σ δ²/(2σ²)), σ > 0.
	GaussianKernel struct {
		Sigma Opt[float64] `yaml:"sigma"` // 1 by default
	}
	// LaplacianKernel is exp(−Σ |δ|/σ), σ > 0.
	LaplacianKernel struct {
		Sigma Opt[float64] `yaml:"sigma"` // 1 by default
	}
	// AnisotropicKernel is exp(−Σ a·δ²) with a weight for every component, or one for all.
	AnisotropicKernel struct {
		Vector []float64    `yaml:"a_vector"`
		Scalar Opt[float64] `yaml:"a_scalar"` // 1 by default; counts without a vector
	}
)

var (
	_ = registerKernel(kernelSpec[ExponentialKernel]{
		name: "exponential_kernel", xi: "exponential_kernel_interdependence",
		equation: "exp(−γ·Σ δ²),  δ = u − v", def: ExponentialKernel{Some(1.0)}, samples: []ExponentialKernel{{}, {Some(0.3)}},
	})
	_ = registerKernel(kernelSpec[GaussianKernel]{
		name: "gaussian_rbf_kernel", xi: "gaussian_rbf_kernel_interdependence", aliases: []string{"gaussian_rbf"},
		equation: "exp(−Σ δ²/(2σ²)),  δ = u − v", def: GaussianKernel{Some(1.0)}, samples: []GaussianKernel{{}, {Some(0.7)}},
	})
	_ = registerKernel(kernelSpec[LaplacianKernel]{
		name: "laplacian_kernel", xi: "laplacian_kernel_interdependence", aliases: []string{"laplacian"},
		equation: "exp(−Σ |δ|/σ),  δ = u − v", def: LaplacianKernel{Some(1.0)}, samples: []LaplacianKernel{{}, {Some(1.5)}},
	})
	_ = registerKernel(kernelSpec[AnisotropicKernel]{
		name: "anisotropic_rbf_kernel", xi: "anisotropic_rbf_kernel_interdependence", aliases: []string{"anisotropic_rbf"},
		equation: "exp(−Σ a·δ²),  δ = u − v", def: AnisotropicKernel{Scalar: Some(1.0)},
		samples: []AnisotropicKernel{{}, {Scalar: Some(0.5)}, {Vector: []float64{0.1, 0.2, -0.3}}, {Vector: []float64{0.1, 0.2, 0.3, 0}}},
	})
)

// squares is exp(−c·Σ δ²), with weights for the components. The slope of δ² at 0 is 0, so equal columns need no care.
func squares(s *Scope, x *graph.Node, c float64, w ...float64) *graph.Node {
	return ops.Exp(ops.Scale(pairSum(s, x, ops.PairTerm{P: 2}, w...), -c))
}

// positiveWidth is σ, which must be above 0.
func positiveWidth(name string, sigma Opt[float64]) error {
	if σ := sigma.Or(1); !(σ > 0) {
		return errorf(name, "sigma = %v; want more than 0", σ)
	}
	return nil
}

// Check is nil.
func (ExponentialKernel) Check(int) error { return nil }

// Compare builds exp(−γ·Σ δ²).
func (o ExponentialKernel) Compare(s *Scope, x *graph.Node) *graph.Node {
	return squares(s, x, o.Gamma.Or(1))
}

// Check wants σ > 0.
func (o GaussianKernel) Check(int) error { return positiveWidth("GaussianKernel", o.Sigma) }

// Compare builds exp(−Σ δ²/(2σ²)).
func (o GaussianKernel) Compare(s *Scope, x *graph.Node) *graph.Node {
	σ := o.Sigma.Or(1)
	return squares(s, x, 1/(2*σ*σ))
}

// Check wants σ > 0.
func (o LaplacianKernel) Check(int) error { return positiveWidth("LaplacianKernel", o.Sigma) }

// Compare builds exp(−Σ |δ|/σ).
func (o LaplacianKernel) Compare(s *Scope, x *graph.Node) *graph.Node {
	return ops.Exp(ops.Scale(pairSum(s, x, ops.PairTerm{P: 1}), -1/o.Sigma.Or(1)))
}

// Check wants a weight for every component, where there are any.
func (o AnisotropicKernel) Check(k int) error {
	if o.Vector != nil && len(o.Vector) != k {
		return errorf("AnisotropicKernel", "a_vector has %d entries, what is compared has %d components; make them equal", len(o.Vector), k)
	}
	return nil
}

// Compare builds exp(−Σ a·δ²).
func (o AnisotropicKernel) Compare(s *Scope, x *graph.Node) *graph.Node {
	if o.Vector != nil {
		return squares(s, x, 1, o.Vector...)
	}
	return squares(s, x, o.Scalar.Or(1))
}
