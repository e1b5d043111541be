package models

import (
	"rpnc/graph"
	"rpnc/rpnops"
)

// GCN is a graph convolutional network, graph layers dims[0] → … → dims[k] along one graph: x (n×dims[0]) with a row a
// node → log-probabilities (n×dims[k]). Batch norm, ReLU and dropout are those of all layers but the last, softmax that of
// the last. Errors: fewer than two widths, and those of the heads.
//
// Kipf and Welling, Semi-Supervised Classification with Graph Convolutional Networks (2017), with the normalisation of
// [rpnops.DegreeMode].
type GCN struct {
	Dims         []int `yaml:"dims"`
	Channels     int   `yaml:"channel_num" rpn:"min=1"`
	GraphOptions `yaml:",inline"`
	Product      `yaml:",inline"`
	WithResidual bool `yaml:"with_residual"`
	Finish       `yaml:",inline"`
	Width        Width      `yaml:",inline"`
	Init         InitMethod `yaml:"parameters_init_method"`
}

// GAT is a graph attention network, a [GCN] whose layers weigh links by attention.
//
// Veličković et al., Graph Attention Networks (2018), with scores x·W·xᵀ.
type GAT struct {
	GCN       `yaml:",inline"`
	Attention `yaml:",inline"`
}

var gcnDefault = GCN{GraphOptions: graphOptions, Product: Product{R: 3}, Finish: Finish{WithRelu: true, P: 0.25, WithSoftmax: true}}

var _ = Register(Entry{Name: "gcn", Kind: "model", Doc: "graph convolutional network", Default: gcnDefault})
var _ = Register(Entry{Name: "gat", Kind: "model", Doc: "graph attention network", Default: GAT{GCN: gcnDefault, Attention: Attention{RXi: 3}}})

// heads are those of the layers.
func (m GCN) heads(spec any) (out []GraphHead, err error) {
	if err := checkDims(spec, "dims", m.Dims, 2); err != nil {
		return nil, err
	}
	for i, n := range m.Dims[1:] {
		f := m.Finish
		f.WithSoftmax = false
		if i == len(m.Dims)-2 {
			f = Finish{WithSoftmax: m.WithSoftmax}
		}
		out = append(out, GraphHead{M: m.Dims[i], N: n, Channels: m.Channels, GraphOptions: m.GraphOptions, Product: m.Product,
			WithResidual: m.WithResidual, Finish: f, Init: m.Init})
	}
	return out, nil
}

func (m GCN) stack() (r RPN, err error) {
	heads, err := m.heads(m)
	for _, h := range heads {
		r.Layers = append(r.Layers, GraphLayer{h, m.Width})
	}
	return r, err
}

// InOut is (dims[0], dims[k]).
func (m GCN) InOut() (in, out int, err error) { return stackInOut(m) }

// Build builds the model.
func (m GCN) Build(s *rpnops.Scope, x *graph.Node) *graph.Node { return stackBuild(m, s, x) }

func (m GAT) stack() (r RPN, err error) {
	heads, err := m.heads(m)
	for _, h := range heads {
		r.Layers = append(r.Layers, GraphBilinearLayer{GraphBilinearHead{h, m.Attention}, m.Width})
	}
	return r, err
}

// InOut is (dims[0], dims[k]).
func (m GAT) InOut() (in, out int, err error) { return stackInOut(m) }

// Build builds the model.
func (m GAT) Build(s *rpnops.Scope, x *graph.Node) *graph.Node { return stackBuild(m, s, x) }
