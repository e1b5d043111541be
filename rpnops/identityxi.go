package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// IdentityInterdependence keeps the data: A = I, with the primed size given rectangular, ones on the main diagonal, so
// that the result is cut or filled up with zeros.
type IdentityInterdependence struct {
	Declared   `yaml:",inline"`
	Primed     `yaml:",inline"` // the sizes of the data by default
	CacheFlags `yaml:",inline"`
}

var _ = Register(Spec[IdentityInterdependence]{
	Name: "identity_interdependence", Aliases: []string{"eye_interdependence"},
	Equation: "A = I, rectangular", Params: "0", Rows: constantRows, Cols: constantCols,
	Samples: []IdentityInterdependence{
		{}, {Primed: Primed{MPrime: 6}}, {Primed: Primed{MPrime: 2}}, {Declared: instanceSide, Primed: Primed{BPrime: 2}},
	},
})

// Side is the attribute side unless another is given.
func (c IdentityInterdependence) Side() Side { return c.Type.Or(Attribute) }

// OutDims is the primed size on the side that is related, or the size of the data.
func (c IdentityInterdependence) OutDims(b, m int) (int, int, error) {
	return c.primed(b, m).outDims(c.Declared, "IdentityInterdependence", b, m)
}

// primed has the sizes of the data where none are given.
func (c IdentityInterdependence) primed(b, m int) Primed {
	p := c.Primed
	if p.BPrime == 0 {
		p.BPrime = b
	}
	if p.MPrime == 0 {
		p.MPrime = m
	}
	return p
}

// NumParams is 0.
func (IdentityInterdependence) NumParams(b, m int) (int, error) { return 0, nil }

// Matrix is the rectangular identity on its sparse pattern.
func (c IdentityInterdependence) Matrix(s *Scope, x, _ *graph.Node) *graph.Node {
	n := x.Shape().Dim(1)
	return ops.Eye(s.G, s.DType, n, c.primed(n, n).of(c.Side()))
}
