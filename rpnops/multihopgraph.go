package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// MultihopGraph relates every node of a graph with those up to h links away:
//
//	A = Mʰ,  accumulative A = Σ_{k=1…h} Mᵏ,  M that of [Graph]
//
// A power is the op [ops.MatPow] of the sparse M, so that products need no power at all; sums are not normalised again.
// Accumulative h = 0 is h = 1. Errors: h < 0 and those of [Graph].
type MultihopGraph struct {
	Graph        `yaml:",inline"`
	H            Opt[int] `yaml:"h"` // hops; 1 by default
	Accumulative bool     `yaml:"accumulative"`
}

var _ = Register(Spec[MultihopGraph]{
	Name: "multihop_graph_interdependence", Default: MultihopGraph{Graph: Graph{Mode: RowDegree}, H: Some(1)},
	Equation: "A = Mʰ or Σ Mᵏ, k = 1…h", Params: "0", Rows: 4, Cols: 4,
	Samples: []MultihopGraph{
		{Graph: graphSamples()[0], H: Some(2)},
		{Graph: graphSamples()[1], H: Some(3), Accumulative: true},
		{Graph: graphSamples()[2], H: Some(0)},
	},
})

// OutDims is the size of the data.
func (o MultihopGraph) OutDims(b, m int) (int, int, error) {
	if h := o.H.Or(1); h < 0 {
		return 0, 0, errorf("MultihopGraph", "h = %d; want 0 or more", h)
	} else if err := atMost("MultihopGraph", "h", h, mostTerms); err != nil {
		return 0, 0, err
	}
	return o.Graph.OutDims(b, m)
}

// Matrix is the power of the sparse M.
func (o MultihopGraph) Matrix(s *Scope, _, _ *graph.Node) *graph.Node {
	base, err := o.base()
	if err != nil {
		return s.fail(err)
	}
	return o.post(s, s.G.Apply(ops.MatPow{H: o.H.Or(1), Accumulative: o.Accumulative}, base.node(s)))
}
