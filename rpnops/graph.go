package rpnops

import "rpnc/graph"

// Graph relates every node of a graph with its neighbours:
//
//	A = N(M + I),  M[i, j] = 1 for a link i → j, in both directions where it is undirected;  I only with SelfDependence
//
// A (n×n) for n nodes, N the optional degree normalisation. On the instance side, its own, y = Aᵀ·x: what a row knows goes
// along the links. A is a constant on the pattern of the links. Errors: no graph, links to nodes that do not exist, a
// number of nodes that differs from the number of rows (instance) or columns (attribute).
type Graph struct {
	Declared       `yaml:",inline"`
	Topology       GraphTopology    `yaml:"graph"` // the graph, or
	Nodes          []string         `yaml:"nodes"` // its nodes
	Links          [][2]string      `yaml:"links"` // and links
	Undirected     bool             `yaml:"directed,not"`
	Normalize      bool             `yaml:"normalization"`
	Mode           DegreeMode       `yaml:"normalization_mode"` // row by default
	SelfDependence bool             `yaml:"self_dependence"`
	Hooks          `yaml:",inline"` // Post runs on A; there is nothing for Pre
	CacheFlags     `yaml:",inline"`
}

// graphSample is a graph of four nodes: a circle of three, and a fourth that the first leads to.
var graphSample = GraphTopology{Nodes: []string{"a", "b", "c", "d"}, Links: [][2]string{{"a", "b"}, {"b", "c"}, {"c", "a"}, {"a", "d"}}}

// graphSamples are the settings that the tests of all graphs run.
func graphSamples() []Graph {
	g := graphSample
	return []Graph{
		{Topology: g, SelfDependence: true, Normalize: true, Mode: ColumnDegree},
		{Nodes: g.Nodes, Links: g.Links, Undirected: true, Normalize: true, Mode: RowColumnDegree},
		{Topology: g, Declared: Declared{Type: Attribute}},
		{Nodes: g.Nodes, Normalize: true},
	}
}

var _ = Register(Spec[Graph]{
	Name: "graph_interdependence", Default: Graph{Mode: RowDegree}, Samples: graphSamples(),
	Equation: "A = N(M + I),  M[i, j] = 1 for a link i → j", Params: "0", Rows: 4, Cols: 4,
})

// topology is the graph as it was given, by itself or by its nodes and links.
func (o Graph) topology() (GraphTopology, error) {
	g := o.Topology
	if g.Nodes == nil {
		g = GraphTopology{o.Nodes, o.Links, o.Undirected}
	}
	if len(g.Nodes) == 0 {
		return g, errorf("Graph", "no graph; want graph, or nodes and links")
	}
	return g, g.Check()
}

// Side is the instance side unless another is given.
func (o Graph) Side() Side { return o.Type.Or(Instance) }

// OutDims is the size of the data.
func (o Graph) OutDims(b, m int) (int, int, error) {
	g, err := o.topology()
	if err != nil {
		return 0, 0, err
	}
	if err := o.check(o.Side(), "Graph", b, m); err != nil {
		return 0, 0, err
	}
	if n := related(o.Side(), b, m); n != g.Order() {
		return 0, 0, errorf("Graph", "%d nodes for %d %s of x (%d×%d); want one a node, in their order", g.Order(), n, relatedWord(o.Side()), b, m)
	}
	return b, m, nil
}

// NumParams is 0.
func (o Graph) NumParams(b, m int) (int, error) { return 0, nil }

// Matrix is the constant A on the links.
func (o Graph) Matrix(s *Scope, _, _ *graph.Node) *graph.Node {
	a, err := o.base()
	if err != nil {
		return s.fail(err)
	}
	return o.post(s, a.node(s))
}

// base is N(M + I), without I where it is not wanted.
func (o Graph) base() (*csr, error) {
	g, err := o.topology()
	if err != nil {
		return nil, err
	}
	self := 0.0
	if o.SelfDependence {
		self = 1
	}
	m, err := g.matrix(self)
	if err != nil || !o.Normalize {
		return m, err
	}
	return m.normalized(o.Mode.Or(RowDegree))
}
