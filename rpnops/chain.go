package rpnops

import "rpnc/graph"

// Chain relates every node of a chain with its neighbours:
//
//	A = N(S + σ·I),  S[i, i+1] = 1,  both directions N(S + Sᵀ + σ·I)
//
// A (L×L) for a chain of L nodes, N the optional degree normalisation. On the instance side, its own, y = Aᵀ·x: row t
// of y is x[t−1] + σ·x[t], so that what a row knows goes to the next one. Errors: no length, a length that differs from
// the number of rows (instance) or columns (attribute).
type Chain struct {
	Declared      `yaml:",inline"`
	Topology      ChainTopology    `yaml:"chain"`                    // the chain, or
	Length        int              `yaml:"chain_length" rpn:"min=1"` // its length
	BiDirectional bool             `yaml:"bi_directional"`           // and directions
	Normalize     bool             `yaml:"normalization"`
	Mode          DegreeMode       `yaml:"normalization_mode"` // row by default
	NoSelf        bool             `yaml:"self_dependence,not"`
	SelfScaling   Opt[float64]     `yaml:"self_scaling"` // σ; 1 by default
	Hooks         `yaml:",inline"` // Post runs on A; there is nothing for Pre
	CacheFlags    `yaml:",inline"`
}

// Samples of chains have four nodes.
const chainSample = 4

var _ = Register(Spec[Chain]{
	Name: "chain_interdependence", Default: Chain{Mode: RowDegree, SelfScaling: Some(1.0)},
	Equation: "A = N(S + σ·I),  S[i, i+1] = 1", Params: "0", Rows: chainSample, Cols: chainSample,
	Samples: []Chain{
		{Length: chainSample},
		{Topology: ChainTopology{chainSample, true}, Normalize: true, Mode: RowColumnDegree, SelfScaling: Some(0.5)},
		{Declared: Declared{Type: Attribute}, Length: chainSample, NoSelf: true},
	},
})

// topology is the chain as it was given, by itself or by its length.
func (c Chain) topology() (ChainTopology, error) {
	t := c.Topology
	if t.Length == 0 {
		t = ChainTopology{c.Length, c.BiDirectional}
	}
	if t.Length == 0 {
		return t, errorf("Chain", "no chain; want chain or chain_length")
	}
	return t, t.Check()
}

// Side is the instance side unless another is given.
func (c Chain) Side() Side { return c.Type.Or(Instance) }

// OutDims is the size of the data.
func (c Chain) OutDims(b, m int) (int, int, error) {
	t, err := c.topology()
	if err != nil {
		return 0, 0, err
	}
	if err := c.check(c.Side(), "Chain", b, m); err != nil {
		return 0, 0, err
	}
	if n := related(c.Side(), b, m); n != t.Length {
		return 0, 0, errorf("Chain", "length %d for %d %s of x (%d×%d); make them equal", t.Length, n, relatedWord(c.Side()), b, m)
	}
	return b, m, nil
}

// relatedWord is what a side relates.
func relatedWord(s Side) string {
	if s == Instance {
		return "rows"
	}
	return "columns"
}

// NumParams is 0.
func (c Chain) NumParams(b, m int) (int, error) { return 0, nil }

// Matrix is the constant A on the band of the chain.
func (c Chain) Matrix(s *Scope, _, _ *graph.Node) *graph.Node {
	a, err := c.base(c.SelfScaling.Or(1))
	if err != nil {
		return s.fail(err)
	}
	return c.post(s, a.node(s))
}

// base is N(S + self·I), without the self links where they are not wanted.
func (c Chain) base(self float64) (*csr, error) {
	t, err := c.topology()
	if err != nil {
		return nil, err
	}
	if c.NoSelf {
		self = 0
	}
	m := t.matrix(self)
	if !c.Normalize {
		return m, nil
	}
	return m.normalized(c.Mode.Or(RowDegree))
}
