package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// The fusions that add inputs of equal shape. They are chains of additions, not reductions of a stack: that is the form in
// which the compiler finds products of several heads that can be one.
//
// summation_fusion and average_fusion do what sum_fusion and mean_fusion do; they are types of their own so that a
// configuration is written back under the name that it was read with.
type (
	// SummationFusion is y = Σ xᵢ.
	SummationFusion struct {
		FusionOptions `yaml:",inline"`
	}
	// AverageFusion is y = Σ xᵢ / k for k inputs.
	AverageFusion struct {
		FusionOptions `yaml:",inline"`
	}
	// WeightedSummationFusion is y = Σ wᵢ·xᵢ with constant weights or, if RequireParameters is set and true, with l = k
	// trained ones.
	WeightedSummationFusion struct {
		Weights       []float64 `yaml:"weights"`
		FusionOptions `yaml:",inline"`
	}
)

var (
	_ = Register(Spec[SummationFusion]{
		Name: "summation_fusion", Equation: "y = Σ xᵢ", Params: "0",
		Samples: []SummationFusion{{}, {FusionOptions{Hooks: Hooks{Pre: []Process{Tanh{}}, Post: []Process{Sigmoid{}}}}}},
	})
	_ = Register(Spec[AverageFusion]{Name: "average_fusion", Equation: "y = Σ xᵢ / k", Params: "0"})
	_ = Register(Spec[WeightedSummationFusion]{
		Name: "weighted_summation_fusion", Equation: "y = Σ wᵢ·xᵢ,  constant w", Params: "0",
		Samples: []WeightedSummationFusion{{Weights: []float64{0.5, -2, 3}}, {Weights: []float64{0.5, 1.5}}},
	})
	_ = Register(Spec[WeightedSummationFusion]{
		Name:     "parameterized_weighted_summation_fusion",
		Default:  WeightedSummationFusion{FusionOptions: FusionOptions{Legacy: Legacy{RequireParameters: Some(true)}}},
		Equation: "y = Σ wᵢ·xᵢ", Params: "k, one an input",
	})
)

// OutDim is the inputs' width.
func (o SummationFusion) OutDim(dims []int) (int, error) { return o.sameWidth("SummationFusion", dims) }

// NumParams is 0.
func (o SummationFusion) NumParams([]int) (int, error) { return 0, nil }

// Fuse builds the sum.
func (o SummationFusion) Fuse(s *Scope, xs []*graph.Node, _ *graph.Node) *graph.Node {
	xs, err := o.inputs(s, "SummationFusion", xs, true)
	if err != nil {
		return s.fail(err)
	}
	return o.post(s, ops.Add(xs[0], xs[1:]...))
}

// OutDim is the inputs' width.
func (o AverageFusion) OutDim(dims []int) (int, error) { return o.sameWidth("AverageFusion", dims) }

// NumParams is 0.
func (o AverageFusion) NumParams([]int) (int, error) { return 0, nil }

// Fuse builds the mean.
func (o AverageFusion) Fuse(s *Scope, xs []*graph.Node, _ *graph.Node) *graph.Node {
	xs, err := o.inputs(s, "AverageFusion", xs, true)
	if err != nil {
		return s.fail(err)
	}
	return o.post(s, average(xs))
}

// average is the mean of tensors of one shape.
func average(xs []*graph.Node) *graph.Node {
	if len(xs) == 1 {
		return xs[0]
	}
	return ops.Scale(ops.Add(xs[0], xs[1:]...), 1/float64(len(xs)))
}

// trained says whether the weights are parameters.
func (o WeightedSummationFusion) trained() bool { return o.RequireParameters.Or(false) }

// OutDim is the inputs' width; weights that are too few or too many are an error here already.
func (o WeightedSummationFusion) OutDim(dims []int) (int, error) {
	n, err := o.sameWidth("WeightedSummationFusion", dims)
	if err == nil {
		_, err = o.NumParams(dims)
	}
	return n, err
}

// NumParams is the number of inputs, or 0 for constant weights.
func (o WeightedSummationFusion) NumParams(dims []int) (int, error) {
	dims, err := o.widths("WeightedSummationFusion", dims)
	switch {
	case err != nil:
		return 0, err
	case o.trained():
		return len(dims), nil
	case len(o.Weights) != len(dims):
		return 0, errorf("WeightedSummationFusion", "%d weights for %d inputs; want one an input", len(o.Weights), len(dims))
	}
	return 0, nil
}

// Fuse builds the weighted sum.
func (o WeightedSummationFusion) Fuse(s *Scope, xs []*graph.Node, w *graph.Node) *graph.Node {
	l, err := o.NumParams(lastDims(xs))
	if err == nil {
		err = checkLength(o, w, l)
	}
	if err == nil {
		xs, err = o.inputs(s, "WeightedSummationFusion", xs, true)
	}
	if err != nil {
		return s.fail(err)
	}
	terms := make([]*graph.Node, len(xs))
	for i, x := range xs {
		if o.trained() {
			terms[i] = ops.Mul(x, part(w, i, i+1))
		} else {
			terms[i] = ops.Scale(x, o.Weights[i])
		}
	}
	return o.post(s, ops.Add(terms[0], terms[1:]...))
}
