package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// The statistical kernels, which take the components of a column as a sample of k numbers. Variances have the divisor
// k−1, so that they are no numbers for k = 1.
type (
	// KLKernel is the divergence of Kullback and Leibler, Σ p·(ln p − ln q) with p = softmax(u), q = softmax(v). It is not
	// symmetric.
	KLKernel struct{}
	// PearsonKernel is the correlation cov(u, v)/(std(u)·std(v)). A constant column is correlated with nothing, not
	// even itself: NaN.
	PearsonKernel struct{}
	// RVKernel is the correlation with negative ones counted as 0, and 0 on the diagonal.
	RVKernel struct{}
	// MutualInformationKernel is that of normal variables, ½·ln(var(u)·var(v)/det Σ), Σ their covariance, and 0 on the
	// diagonal. The three numbers count as 10⁻¹⁰ where they are smaller.
	MutualInformationKernel struct{}
)

var (
	_ = registerKernel(kernelSpec[KLKernel]{
		name: "kl_divergence_kernel", xi: "kl_divergence_interdependence", aliases: []string{"kl_divergence"},
		equation: "Σ p·(ln p − ln q),  p = softmax(u), q = softmax(v)",
	})
	_ = registerKernel(kernelSpec[PearsonKernel]{
		name: "pearson_correlation_kernel", xi: "pearson_correlation_interdependence", aliases: []string{"pearson_correlation"},
		equation: "cov(u, v)/(std(u)·std(v))",
	})
	_ = registerKernel(kernelSpec[RVKernel]{
		name: "rv_coefficient_kernel", xi: "rv_coefficient_interdependence", aliases: []string{"rv_coefficient"},
		equation: "max(0, cov(u, v)/(std(u)·std(v))), 0 for u = v",
	})
	_ = registerKernel(kernelSpec[MutualInformationKernel]{
		name: "mutual_information_kernel", xi: "mutual_information_interdependence", aliases: []string{"mutual_information"},
		equation: "½·ln(var(u)·var(v)/det Σ), 0 for u = v",
	})
)

// Check is nil.
func (KLKernel) Check(int) error { return nil }

// Compare builds the sum from differences of logarithms, so that it is exactly 0 on the diagonal.
func (KLKernel) Compare(s *Scope, x *graph.Node) *graph.Node {
	logs := s.G.Apply(ops.LogSoftmax{Axis: 0}, x)
	return s.G.Apply(ops.PairSum{F: ops.PairTerm{Kind: ops.PairSigned, P: 1}}, logs, ops.Exp(logs), column(s, x, 1))
}

// covariances are those of the columns of x (k×m), and their variances (1×m), the diagonal.
func covariances(x *graph.Node) (cov, variances *graph.Node) {
	x = ops.Sub(x, ops.MeanAxis(x, 0))
	c := 1 / float64(x.Shape().Dim(0)-1)
	return ops.Scale(gram(x), c), ops.Scale(ops.SumAxis(ops.Square(x), 0), c)
}

// Check is nil.
func (PearsonKernel) Check(int) error { return nil }

// Compare builds the correlations. Columns are centred before they are multiplied: E(uv) − E(u)E(v) would lose the digits
// that a large mean takes.
func (PearsonKernel) Compare(_ *Scope, x *graph.Node) *graph.Node {
	cov, variances := covariances(x)
	std := ops.Sqrt(variances)
	return ops.Div(cov, ops.Mul(ops.Transpose(std), std))
}

// Check is nil.
func (RVKernel) Check(int) error { return nil }

// Compare builds the correlations within 0…1. The diagonal is replaced, not masked: that of a constant column is NaN.
func (RVKernel) Compare(s *Scope, x *graph.Node) *graph.Node {
	r := atLeast(PearsonKernel{}.Compare(s, x), 0)
	return s.G.Apply(ops.ZeroDiagonal{}, ops.Neg(atLeast(ops.Neg(r), -1)))
}

// atLeast is max(x, c), with gradient 1 at c; NaN stays NaN.
func atLeast(x *graph.Node, c float64) *graph.Node {
	below := ops.Step(ops.Sub(constant(x, c), x))
	return ops.Add(ops.Mul(ops.Sub(constant(x, 1), below), x), ops.Scale(below, c))
}

// Check is nil.
func (MutualInformationKernel) Check(int) error { return nil }

// Compare builds ½·(ln var(u) + ln var(v) − ln det Σ): m logarithms for the variances instead of a quotient a pair. The
// determinant is that of the variances before they are bounded.
func (MutualInformationKernel) Compare(s *Scope, x *graph.Node) *graph.Node {
	const least = 1e-10
	cov, variances := covariances(x)
	det := ops.Sub(ops.Mul(ops.Transpose(variances), variances), ops.Square(cov))
	logs := ops.Log(atLeast(variances, least))
	sum := ops.Sub(ops.Add(ops.Transpose(logs), logs), ops.Log(atLeast(det, least)))
	return s.G.Apply(ops.ZeroDiagonal{}, ops.Scale(sum, 0.5))
}
