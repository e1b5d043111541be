package models

import (
	"rpnc/graph"
	"rpnc/rpnops"
)

// GraphOptions is the graph along which rows are related, and how: page rank goes before several hops, those before
// plain links. The graph is given by itself, by the file that it was saved in, or by nodes and links.
type GraphOptions struct {
	Topology          rpnops.GraphTopology `yaml:"graph"`
	File              string               `yaml:"graph_file_path"` // written by [rpnops.GraphTopology.Save]
	Nodes             []string             `yaml:"nodes"`
	Links             [][2]string          `yaml:"links"`
	Directed          bool                 `yaml:"directed"` // of nodes and links
	Normalize         bool                 `yaml:"normalization"`
	Mode              rpnops.DegreeMode    `yaml:"normalization_mode"` // column unless given
	NoSelf            bool                 `yaml:"self_dependence,not"`
	WithMultihop      bool                 `yaml:"with_multihop"`
	H                 rpnops.Opt[int]      `yaml:"h"` // hops; 1 unless given
	Accumulative      bool                 `yaml:"accumulative"`
	WithPageRank      bool                 `yaml:"with_pagerank"`
	C                 rpnops.Opt[float64]  `yaml:"c"` // probability that a walk ends; 0.15 unless given
	rpnops.CacheFlags `yaml:",inline"`
}

var graphOptions = GraphOptions{Normalize: true, Mode: rpnops.ColumnDegree, H: rpnops.Some(1), C: rpnops.Some(0.15)}

// topology is the graph, however it is given. A file is read anew by every call: heads are descriptions and keep nothing.
func (o GraphOptions) topology(spec any) (rpnops.GraphTopology, error) {
	g := o.Topology
	switch {
	case len(g.Nodes) > 0:
	case o.File != "":
		return rpnops.LoadGraph(o.File)
	default:
		g = rpnops.GraphTopology{Nodes: o.Nodes, Links: o.Links, Undirected: !o.Directed}
	}
	if len(g.Nodes) == 0 {
		return g, errorf(spec, "no graph; want graph, graph_file_path, or nodes and links")
	}
	return g, g.Check()
}

// interdependence is that of the rows, one a node.
func (o GraphOptions) interdependence(g rpnops.GraphTopology) rpnops.Interdependence {
	links := rpnops.Graph{Topology: g, Normalize: o.Normalize, Mode: o.Mode.Or(rpnops.ColumnDegree), SelfDependence: !o.NoSelf}
	switch {
	case o.WithPageRank:
		return rpnops.PageRank{Graph: links, C: o.C}
	case o.WithMultihop:
		return rpnops.MultihopGraph{Graph: links, H: o.H, Accumulative: o.Accumulative}
	}
	return links
}

// GraphHead relates the rows of x, one a node of a graph in the order of the nodes, along its links:
//
//	y = out(Aᵀ·x·ψ(w)ᵀ + b + x·W_rᵀ),  A of the graph,  x (n×m) → (n×n′)
//
// Its softmax is the logarithm of one along each row. The graph fixes the number of rows. Errors: sizes below 1, no graph,
// links to nodes that do not exist.
type GraphHead struct {
	M            int `yaml:"m"`
	N            int `yaml:"n"`
	Channels     int `yaml:"channel_num" rpn:"min=1"`
	Base         `yaml:",inline"`
	GraphOptions `yaml:",inline"`
	Product      `yaml:",inline"`
	WithResidual bool `yaml:"with_residual"`
	Finish       `yaml:",inline"`
	Init         InitMethod `yaml:"parameters_init_method"` // fanout_std_uniform unless given
}

// GraphBilinearHead is a [GraphHead] whose links weigh as much as the rows at their ends ask for, attention on a graph:
//
//	A = softmax↓(A_graph∘(x·W·xᵀ)),  W of the attention's parameters
//
// The softmax runs down each column over the entries that are not 0; scores are computed where the graph has links. Errors:
// those of [GraphHead].
type GraphBilinearHead struct {
	GraphHead `yaml:",inline"`
	Attention `yaml:",inline"`
}

type (
	// GraphLayer is a layer of graph heads, x (n×m) → (n×n′).
	GraphLayer struct {
		GraphHead `yaml:",inline"`
		Width     `yaml:",inline"`
	}
	// GraphBilinearLayer is a layer of graph heads with attention, x (n×m) → (n×n′).
	GraphBilinearLayer struct {
		GraphBilinearHead `yaml:",inline"`
		Width             `yaml:",inline"`
	}
)

var (
	graphDefault = GraphHead{GraphOptions: graphOptions, Product: Product{R: 3},
		Finish: Finish{WithRelu: true, WithDropout: true, P: 0.5, WithSoftmax: true}}
	graphBilinearDefault = GraphBilinearHead{GraphHead: graphDefault.unnormalized(), Attention: Attention{RXi: 3}}

	_ = Register(Entry{Name: "graph_interdependence_head", Kind: "head", Doc: "Aᵀ·x along a graph, then ψ(w)", Default: graphDefault})
	_ = Register(Entry{Name: "graph_bilinear_interdependence_head", Kind: "head", Doc: "attention along a graph, then ψ(w)", Default: graphBilinearDefault})
	_ = Register(Entry{Name: "graph_interdependence_layer", Kind: "layer", Doc: "graph heads", Default: GraphLayer{GraphHead: graphDefault}})
	_ = Register(Entry{Name: "graph_bilinear_interdependence_layer", Kind: "layer", Doc: "graph heads with attention", Default: GraphBilinearLayer{GraphBilinearHead: graphBilinearDefault}})
)

// unnormalized is h with the links as they are.
func (h GraphHead) unnormalized() GraphHead {
	h.Normalize = false
	return h
}

// InOut is (m, n).
func (h GraphHead) InOut() (in, out int, err error) {
	if err = positive(h, "m", h.M, "n", h.N); err == nil {
		err = h.Finish.check(h)
	}
	if err == nil {
		_, err = h.topology(h)
	}
	return h.M, h.N, err
}

// Build builds the head.
func (h GraphHead) Build(s *rpnops.Scope, x *graph.Node) *graph.Node {
	return h.along(s, x, func(links rpnops.Interdependence) rpnops.Interdependence { return links })
}

// along builds the head with an interdependence made of that of the graph.
func (h GraphHead) along(s *rpnops.Scope, x *graph.Node, relate func(rpnops.Interdependence) rpnops.Interdependence) *graph.Node {
	if _, _, err := h.InOut(); err != nil {
		return s.Fail("%w", err)
	}
	g, err := h.topology(h)
	if err != nil {
		return s.Fail("%w", err)
	}
	return h.head(Head{
		M: h.M, N: h.N, Channels: h.Channels, Instance: relate(h.interdependence(g)),
		Fabrication: h.reconciliation(), Remainder: residual(h.WithResidual),
		Output: h.logProcesses(h.N), Init: h.Init.or(FanoutStdUniform),
	}).Build(s, x)
}

// Build builds the head. The product of graph and scores is a hybrid, whose matrix keeps to the links.
func (h GraphBilinearHead) Build(s *rpnops.Scope, x *graph.Node) *graph.Node {
	return h.along(s, x, func(links rpnops.Interdependence) rpnops.Interdependence {
		return rpnops.Hybrid{
			Declared:  rpnops.Declared{Type: rpnops.Instance},
			Functions: []rpnops.Interdependence{links, rpnops.Bilinear{Reconcile: h.scores(h.M)}},
			Fusion:    rpnops.MetricFusion{Metric: rpnops.Prod},
			Hooks:     rpnops.Hooks{Post: []rpnops.Process{rpnops.OperatorNormalize{MaskZeros: true, Mode: rpnops.SoftmaxColumns}}},
		}
	})
}

// InOut is that of the heads.
func (l GraphLayer) InOut() (in, out int, err error) { return l.layer(l.GraphHead).InOut() }

// Build builds the layer.
func (l GraphLayer) Build(s *rpnops.Scope, x *graph.Node) *graph.Node {
	return l.layer(l.GraphHead).Build(s, x)
}

// InOut is that of the heads.
func (l GraphBilinearLayer) InOut() (in, out int, err error) {
	return l.layer(l.GraphBilinearHead).InOut()
}

// Build builds the layer.
func (l GraphBilinearLayer) Build(s *rpnops.Scope, x *graph.Node) *graph.Node {
	return l.layer(l.GraphBilinearHead).Build(s, x)
}

// logProcesses are the output functions with the logarithm of a softmax.
func (f Finish) logProcesses(features int) []rpnops.Process {
	log := f.WithSoftmax
	f.WithSoftmax = false
	out := f.processes(features)
	if log {
		out = append(out, rpnops.LogSoftmax{})
	}
	return out
}
