package rpnops

import (
	"math"
	"strconv"
	"strings"

	"rpnc/graph"
	"rpnc/ops"
)

// NormOrder is p of a norm, ±∞ included.
type NormOrder float64

// UnmarshalText reads a number, inf, -inf, or fro, the norm of Frobenius, which is 2 for vectors.
func (p *NormOrder) UnmarshalText(text []byte) error {
	if string(text) == "fro" {
		*p = 2
		return nil
	}
	x, err := strconv.ParseFloat(strings.Replace(string(text), ".inf", "inf", 1), 64)
	if err != nil || x != x {
		return errorf("p", "%q is no order of a norm; want a number, inf, -inf or fro", text)
	}
	*p = NormOrder(x)
	return nil
}

// MarshalText writes the number.
func (p NormOrder) MarshalText() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(p), 'g', -1, 64), nil
}

// The distances of two columns, norms of δ = u − v. A component with δ = 0 gets no gradient, and neither does a pair of
// equal columns, whatever the norm. They are computed from differences, without a table of them all.
type (
	// MinkowskiDistance is (Σ |δ|ᵖ)^(1/p); of p = ±∞ the largest and the smallest |δ|, ties sharing the gradient, of p = 0
	// the number of δ that are not 0.
	MinkowskiDistance struct {
		P         Opt[NormOrder] `yaml:"p"` // must be given
		Centering `yaml:",inline"`
	}
	// ManhattanDistance is Σ |δ|.
	ManhattanDistance struct {
		Centering `yaml:",inline"`
	}
	// EuclideanDistance is √Σ δ².
	EuclideanDistance struct {
		Centering `yaml:",inline"`
	}
	// ChebyshevDistance is max |δ|.
	ChebyshevDistance struct {
		Centering `yaml:",inline"`
	}
	// CanberraDistance is Σ |δ|/(|u| + |v| + 10⁻¹⁰).
	CanberraDistance struct{}

	// DistanceKernel is e^(−d), which is 1 for equal columns, d a distance. The interdependences that are called after
	// distances have these kernels.
	DistanceKernel[D Kernel] struct {
		Distance D `yaml:",inline"`
	}
)

var (
	_ = registerDistance("minkowski_distance", "(Σ |δ|ᵖ)^(1/p)", minkowski(3), minkowski(1.5), minkowski(0), minkowski(0.5),
		minkowski(math.Inf(1)), minkowski(math.Inf(-1)), minkowski(-1))
	_ = registerDistance("manhattan_distance", "Σ |δ|", ManhattanDistance{}, ManhattanDistance{Centering{true}})
	_ = registerDistance("euclidean_distance", "√Σ δ²", EuclideanDistance{})
	_ = registerDistance("chebyshev_distance", "max |δ|", ChebyshevDistance{})
	_ = registerDistance("canberra_distance", "Σ |δ|/(|u| + |v| + 10⁻¹⁰)", CanberraDistance{})
)

func minkowski(p float64) MinkowskiDistance { return MinkowskiDistance{P: Some(NormOrder(p))} }

// registerDistance registers a distance, the kernel of it and the interdependence with that.
func registerDistance[D Kernel](name, equation string, samples ...D) struct{} {
	var def D
	kernels := make([]DistanceKernel[D], len(samples))
	for i, d := range samples {
		kernels[i].Distance = d
	}
	registerKernel(kernelSpec[DistanceKernel[D]]{name: name + "_kernel", xi: name + "_interdependence",
		equation: "exp(−" + equation + "),  δ = u − v", samples: kernels})
	return registerKernel(kernelSpec[D]{name: name, equation: equation + ",  δ = u − v", def: def, samples: samples})
}

// Check wants p to be given.
func (o MinkowskiDistance) Check(int) error {
	if !o.P.Set {
		return errorf("MinkowskiDistance", "p is not given; want a number, inf or -inf")
	}
	return nil
}

// Compare builds the p-norm of the differences. With p < 0 a component with δ = 0 makes the distance 0, the limit of the
// formula; the sum has left that component out, so a mask does it, and the gradient there is 0.
func (o MinkowskiDistance) Compare(s *Scope, x *graph.Node) *graph.Node {
	x = o.center(x)
	p := float64(o.P.V)
	if math.IsInf(p, 0) {
		return s.G.Apply(ops.PairExtreme{Min: p < 0}, x).Result(0)
	}
	sum := pairSum(s, x, ops.PairTerm{P: p})
	switch {
	case p == 0 || p == 1:
		return sum
	case p == 2:
		return sqrtOrZero(sum)
	case p > 0:
		return powerOrZero(sum, 1/p)
	}
	apart := ops.NonZero(s.G.Apply(ops.PairExtreme{Min: true}, x).Result(0))
	return ops.Mul(apart, powerOrZero(sum, 1/p))
}

// Check is nil.
func (ManhattanDistance) Check(int) error { return nil }

// Compare builds the 1-norm of the differences.
func (o ManhattanDistance) Compare(s *Scope, x *graph.Node) *graph.Node {
	return MinkowskiDistance{Some(NormOrder(1)), o.Centering}.Compare(s, x)
}

// Check is nil.
func (EuclideanDistance) Check(int) error { return nil }

// Compare builds the 2-norm of the differences.
func (o EuclideanDistance) Compare(s *Scope, x *graph.Node) *graph.Node {
	return MinkowskiDistance{Some(NormOrder(2)), o.Centering}.Compare(s, x)
}

// Check wants a component, since the largest of none is no number.
func (ChebyshevDistance) Check(k int) error {
	if k < 1 {
		return errorf("ChebyshevDistance", "columns of %d components have no largest difference; want 1 or more", k)
	}
	return nil
}

// Compare builds the ∞-norm of the differences.
func (o ChebyshevDistance) Compare(s *Scope, x *graph.Node) *graph.Node {
	return MinkowskiDistance{Some(NormOrder(math.Inf(1))), o.Centering}.Compare(s, x)
}

// Check is nil.
func (CanberraDistance) Check(int) error { return nil }

// Compare builds the sum of the quotients.
func (CanberraDistance) Compare(s *Scope, x *graph.Node) *graph.Node {
	return pairSum(s, x, ops.PairTerm{P: 1, N: 1})
}

// Check is that of the distance.
func (o DistanceKernel[D]) Check(k int) error { return o.Distance.Check(k) }

// Compare builds e^(−d).
func (o DistanceKernel[D]) Compare(s *Scope, x *graph.Node) *graph.Node {
	return ops.Exp(ops.Neg(o.Distance.Compare(s, x)))
}
