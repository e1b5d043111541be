package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// HybridKernel is a weighted sum of kernels, Σ wᵢ·kᵢ(u, v). Without weights each counts 1/n. Errors: no kernels, another
// number of weights, those of the kernels.
type HybridKernel struct {
	Kernels []Kernel  `yaml:"kernels"`
	Weights []float64 `yaml:"weights"`
}

var _ = registerKernel(kernelSpec[HybridKernel]{
	name: "custom_hybrid_kernel", xi: "custom_hybrid_kernel_interdependence", aliases: []string{"custom_hybrid"},
	equation: "Σ wᵢ·kᵢ(u, v)",
	samples: []HybridKernel{
		{Kernels: []Kernel{LinearKernel{}, CosineKernel{}}, Weights: []float64{0.5, 2}},
		{Kernels: []Kernel{GaussianKernel{}, DistanceKernel[ManhattanDistance]{}, PearsonKernel{}}},
	},
})

// Check wants a weight for every kernel and the kernels to fit.
func (o HybridKernel) Check(k int) error {
	switch {
	case len(o.Kernels) == 0:
		return errorf("HybridKernel", "no kernels; want one or more")
	case o.Weights != nil && len(o.Weights) != len(o.Kernels):
		return errorf("HybridKernel", "%d weights for %d kernels; want one each, or none", len(o.Weights), len(o.Kernels))
	}
	for i, part := range o.Kernels {
		if part == nil {
			return errorf("HybridKernel", "kernel %d is missing", i)
		}
		if err := part.Check(k); err != nil {
			return err
		}
	}
	return nil
}

// Compare builds the sum.
func (o HybridKernel) Compare(s *Scope, x *graph.Node) *graph.Node {
	terms := make([]*graph.Node, len(o.Kernels))
	for i, part := range o.Kernels {
		w := 1 / float64(len(o.Kernels))
		if o.Weights != nil {
			w = o.Weights[i]
		}
		terms[i] = ops.Scale(part.Compare(s.SubN(i), x), w)
	}
	return ops.Add(terms[0], terms[1:]...)
}
