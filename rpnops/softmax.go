package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// The softmaxes. Both subtract the largest entry first, so that no exponential overflows; the logarithm is not taken of
// rounded probabilities.
type (
	// Softmax is yᵢ = e^xᵢ / Σ e^xⱼ along an axis, the last one unless it is set.
	Softmax struct {
		Dim Opt[int] `yaml:"dim"`
	}
	// LogSoftmax is yᵢ = xᵢ − ln Σ e^xⱼ along an axis, the last one unless it is set.
	LogSoftmax struct {
		Dim Opt[int] `yaml:"dim"`
	}
)

var (
	_ = Register(Spec[Softmax]{
		Name: "softmax", Aliases: []string{"Softmax"}, Equation: "yᵢ = e^xᵢ / Σ e^xⱼ", Params: "0",
		Samples: []Softmax{{}, {Dim: Some(0)}},
	})
	_ = Register(Spec[LogSoftmax]{
		Name: "log_softmax", Aliases: []string{"LogSoftmax"}, Equation: "yᵢ = xᵢ − ln Σ e^xⱼ", Params: "0",
		Samples: []LogSoftmax{{}, {Dim: Some(0)}},
	})
)

// Apply builds the softmax.
func (o Softmax) Apply(_ *Scope, x *graph.Node) *graph.Node {
	return x.Graph().Apply(ops.Softmax{Axis: o.Dim.Or(-1)}, x)
}

// Apply builds the logarithm of the softmax.
func (o LogSoftmax) Apply(_ *Scope, x *graph.Node) *graph.Node {
	return x.Graph().Apply(ops.LogSoftmax{Axis: o.Dim.Or(-1)}, x)
}
