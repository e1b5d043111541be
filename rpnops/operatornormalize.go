package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// OperatorNormalize normalises a matrix with a softmax:
//
//	A = softmax(c·Z) of every row, of every column, or of the columns of the softmax of the rows
//
// With MaskZeros entries of c·Z that are 0 count as −10⁹ and are 0 in the result, so that attention keeps to the edges of
// a graph; the mask is a constant to the gradient. A matrix that is sparse by construction stays so in the first two
// modes. In the third mode the mask acts before the rows and after the columns: in between, masked entries are zeros among
// others.
type OperatorNormalize struct {
	MaskZeros     bool         `yaml:"mask_zeros"`
	RescaleFactor Opt[float64] `yaml:"rescale_factor"` // c, 1 unless set
	Mode          SoftmaxMode  `yaml:"mode"`
}

// SoftmaxMode says which lines of a matrix a softmax makes sum to 1.
type SoftmaxMode uint8

// The modes.
const (
	SoftmaxRows SoftmaxMode = iota
	SoftmaxColumns
	SoftmaxRowsThenColumns
)

var _ = Register(Spec[OperatorNormalize]{
	Name: "operator_based_normalize_matrix", Default: OperatorNormalize{RescaleFactor: Some(1.0)},
	Equation: "A = softmax(c·Z) by rows, by columns or by rows and then columns", Params: "0",
	Samples: []OperatorNormalize{{}, {RescaleFactor: Some(2.0), Mode: SoftmaxColumns, MaskZeros: true}, {Mode: SoftmaxRowsThenColumns},
		{Mode: SoftmaxRowsThenColumns, MaskZeros: true}},
})

// UnmarshalText reads row, column and row-column, the last with a hyphen.
func (m *SoftmaxMode) UnmarshalText(text []byte) error {
	for i := range SoftmaxRowsThenColumns + 1 {
		if i.String() == string(text) {
			*m = i
			return nil
		}
	}
	return errorf("OperatorNormalize", "mode %q is unknown; want row, column or row-column", text)
}

// MarshalText writes the name.
func (m SoftmaxMode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// String is the word of configurations for the axis along which entries sum to 1.
func (m SoftmaxMode) String() string {
	switch m {
	case SoftmaxRows:
		return "row"
	case SoftmaxColumns:
		return "column"
	}
	return "row-column"
}

// Apply builds the normalised matrix.
func (o OperatorNormalize) Apply(s *Scope, z *graph.Node) *graph.Node {
	if c := o.RescaleFactor.Or(1); c != 1 {
		z = rescaled(z, c)
	}
	if d, ok := z.Op.(ops.Densify); ok && o.MaskZeros && o.Mode != SoftmaxRowsThenColumns {
		return s.G.Apply(d, s.G.Apply(ops.PatternSoftmax{P: d.P, Columns: o.Mode == SoftmaxColumns}, z.In[0]))
	}
	switch o.Mode {
	case SoftmaxRows:
		return s.G.Apply(ops.Softmax{Axis: -1, MaskZeros: o.MaskZeros}, z)
	case SoftmaxColumns:
		return s.G.Apply(ops.Softmax{Axis: -2, MaskZeros: o.MaskZeros}, z)
	}
	mask := ops.NonZero(z) // of the rescaled matrix: with c = 0 everything is masked
	if o.MaskZeros {       // the row softmax of a line of zeros is uniform here, without gradient
		z = ops.Add(ops.Mul(z, mask), ops.Scale(ops.Shift(mask, -1), 1e9))
	}
	a := s.G.Apply(ops.Softmax{Axis: -2}, s.G.Apply(ops.Softmax{Axis: -1}, z))
	if o.MaskZeros {
		return ops.Mul(a, mask)
	}
	return a
}

// rescaled is c·z, of a sparse matrix on its pattern.
func rescaled(z *graph.Node, c float64) *graph.Node {
	if d, ok := z.Op.(ops.Densify); ok {
		return z.Graph().Apply(d, ops.Scale(z.In[0], c))
	}
	return ops.Scale(z, c)
}
