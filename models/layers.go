package models

import (
	"rpnc/graph"
	"rpnc/rpnops"
)

// The concrete layers: one kind of head, repeated Width times. Their fields are those of the head.
type (
	// PerceptronLayer is a layer of perceptron heads, x (b×m) → (b×n).
	PerceptronLayer struct {
		PerceptronHead `yaml:",inline"`
		Width          `yaml:",inline"`
	}
	// ChainLayer is a layer of chain heads, x (b×L·m) → (b×L·n).
	ChainLayer struct {
		ChainHead `yaml:",inline"`
		Width     `yaml:",inline"`
	}
	// GridLayer is a layer of grid heads, x (b×in·h·w·d) → (b×out·P).
	GridLayer struct {
		GridHead `yaml:",inline"`
		Width    `yaml:",inline"`
	}
	// PoolingLayer is a layer of one pooling head, x (b×C·h·w·d) → (b×C·P).
	PoolingLayer struct {
		PoolingHead `yaml:",inline"`
	}
	// BilinearLayer is a layer of bilinear heads joined by a parameterised concatenation, cat(heads)·Wᵀ with W
	// (n×width·n), also where there is one head; x (b×m) → (b×n).
	BilinearLayer struct {
		BilinearHead `yaml:",inline"`
		Width        `yaml:",inline"`
	}
)

var _ = Register(Entry{Name: "perceptron_layer", Kind: "layer", Doc: "perceptron heads", Default: PerceptronLayer{
	PerceptronHead: PerceptronHead{Expansion: Expansion{D: 2}, Product: Product{R: 3, EnableBias: true},
		Finish: Finish{WithRelu: true, WithDropout: true, P: 0.5, WithSoftmax: true}}}})
var _ = Register(Entry{Name: "chain_interdependence_layer", Kind: "layer", Doc: "chain heads", Default: ChainLayer{ChainHead: chainDefault}})
var _ = Register(Entry{Name: "grid_interdependence_layer", Kind: "layer", Doc: "grid heads (convolution)", Default: GridLayer{GridHead: gridDefault}})
var _ = Register(Entry{Name: "grid_compression_layer", Kind: "layer", Doc: "a pooling head", Default: PoolingLayer{
	PoolingHead{Patching: gridDefault.Patching, Metric: rpnops.Max, P: 0.5}}})
var _ = Register(Entry{Name: "bilinear_interdependence_layer", Kind: "layer", Doc: "bilinear heads (attention)", Default: BilinearLayer{BilinearHead: bilinearDefault}})

// InOut is that of the heads.
func (l PerceptronLayer) InOut() (in, out int, err error) { return l.layer(l.PerceptronHead).InOut() }

// Build builds the layer.
func (l PerceptronLayer) Build(s *rpnops.Scope, x *graph.Node) *graph.Node {
	return l.layer(l.PerceptronHead).Build(s, x)
}

// InOut is that of the heads.
func (l ChainLayer) InOut() (in, out int, err error) { return l.layer(l.ChainHead).InOut() }

// Build builds the layer.
func (l ChainLayer) Build(s *rpnops.Scope, x *graph.Node) *graph.Node {
	return l.layer(l.ChainHead).Build(s, x)
}

// InOut is that of the heads.
func (l GridLayer) InOut() (in, out int, err error) { return l.layer(l.GridHead).InOut() }

// Build builds the layer.
func (l GridLayer) Build(s *rpnops.Scope, x *graph.Node) *graph.Node {
	return l.layer(l.GridHead).Build(s, x)
}

// InOut is that of the head.
func (l PoolingLayer) InOut() (in, out int, err error) { return Width{}.layer(l.PoolingHead).InOut() }

// Build builds the layer.
func (l PoolingLayer) Build(s *rpnops.Scope, x *graph.Node) *graph.Node {
	return Width{}.layer(l.PoolingHead).Build(s, x)
}

// layer joins the heads by the parameterised concatenation unless another fusion is given.
func (l BilinearLayer) joined() Layer {
	w := l.Width
	if w.Fusion == nil {
		dims := make([]int, max(1, w.Width))
		for i := range dims {
			dims[i] = l.N
		}
		w.Fusion = rpnops.ParameterizedConcatenationFusion{FusionOptions: rpnops.FusionOptions{Dims: dims}}
	}
	return w.layer(l.BilinearHead)
}

// InOut is that of the heads.
func (l BilinearLayer) InOut() (in, out int, err error) { return l.joined().InOut() }

// Build builds the layer.
func (l BilinearLayer) Build(s *rpnops.Scope, x *graph.Node) *graph.Node {
	return l.joined().Build(s, x)
}
