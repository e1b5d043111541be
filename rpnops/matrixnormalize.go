package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// DegreeNormalize divides the rows or columns of a matrix by their sums, as graphs normalise their links; sums of 0 count
// as 1, and roots of negative sums are not numbers:
//
//	row: Z[i, j]/rᵢ,  column: Z[i, j]/cⱼ,  row_column: rows by √rᵢ, then columns by the root of the sums that result
type DegreeNormalize struct {
	Mode DegreeMode `yaml:"mode"` // row by default
}

// MeanStdNormalize shifts and scales the columns or rows of a matrix, or all of it, to mean 0 and deviation 1:
//
//	(Z − mean)/(std + 10⁻⁸), std with divisor n−1
type MeanStdNormalize struct {
	Mode StandardMode `yaml:"mode"`
}

// StandardMode says which entries have mean 0 and deviation 1 together.
type StandardMode uint8

// The modes.
const (
	StandardColumns StandardMode = iota
	StandardRows
	StandardAll
)

var (
	_ = Register(Spec[DegreeNormalize]{
		Name: "degree_based_normalize_matrix", Default: DegreeNormalize{RowDegree}, Lo: 0.3, Hi: 1,
		Equation: "Z over its sums by rows, by columns or by the roots of both", Params: "0",
		Samples: []DegreeNormalize{{}, {ColumnDegree}, {RowColumnDegree}},
	})
	_ = Register(Spec[MeanStdNormalize]{
		Name: "mean_std_based_normalize_matrix", Equation: "(Z − mean)/(std + 10⁻⁸)", Params: "0",
		Samples: []MeanStdNormalize{{}, {StandardRows}, {StandardAll}},
	})
)

// Apply builds the quotients.
func (o DegreeNormalize) Apply(_ *Scope, z *graph.Node) *graph.Node {
	sums := func(x *graph.Node, axis int) *graph.Node { return oneIfZero(ops.SumAxis(x, axis)) }
	switch o.Mode.Or(RowDegree) {
	case RowDegree:
		return ops.Div(z, sums(z, -1))
	case ColumnDegree:
		return ops.Div(z, sums(z, -2))
	}
	z = ops.Div(z, ops.Sqrt(sums(z, -1)))
	return ops.Div(z, ops.Sqrt(sums(z, -2)))
}

// standardNames are the words of configurations, by mode; all has others, too.
var standardNames = [...]string{"column", "row", "all"}

func (m StandardMode) String() string {
	if int(m) < len(standardNames) {
		return standardNames[m]
	}
	return "unknown"
}

// UnmarshalText reads column, row, or all, which is row_column and column_row, too.
func (m *StandardMode) UnmarshalText(text []byte) error {
	name := string(text)
	if name == "row_column" || name == "column_row" {
		name = "all"
	}
	for i, n := range standardNames {
		if n == name {
			*m = StandardMode(i)
			return nil
		}
	}
	return errorf("MeanStdNormalize", "mode %q is unknown; want column, row or all", text)
}

// MarshalText writes the name.
func (m StandardMode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// Apply builds the normalised matrix. A constant line becomes 0, with gradient 0 of its deviation.
func (o MeanStdNormalize) Apply(_ *Scope, z *graph.Node) *graph.Node {
	if z.Poisoned() {
		return z
	}
	const eps = 1e-8
	axis, x := -2, z
	switch o.Mode {
	case StandardRows:
		axis = -1
	case StandardAll:
		axis, x = 0, ops.Reshape(z, z.Shape().Size())
	}
	y := ops.Div(ops.Sub(x, ops.MeanAxis(x, axis)), ops.Shift(Std.Reduce(x, axis), eps))
	return ops.ReshapeTo(y, z.Shape())
}
