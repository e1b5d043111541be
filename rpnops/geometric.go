package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// PatchMode says what becomes of the cells of a patch.
type PatchMode uint8

// The modes. The default is padding.
const (
	DefaultPatchMode PatchMode = iota
	Padding                    // side by side
	Aggregation                // added up
)

// String is the word of configurations.
func (m PatchMode) String() string {
	switch m {
	case DefaultPatchMode, Padding:
		return "padding"
	case Aggregation:
		return "aggregation"
	}
	return "unknown"
}

// UnmarshalText reads padding or aggregation.
func (m *PatchMode) UnmarshalText(text []byte) error {
	switch string(text) {
	case "padding":
		*m = Padding
	case "aggregation":
		*m = Aggregation
	default:
		return errorf("interdependence_matrix_mode", "%q is unknown; want padding or aggregation", text)
	}
	return nil
}

// MarshalText writes the name.
func (m PatchMode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// Geometric relates the cells of a grid by patches. For G cells in one universe, P centres and patches of q cells
//
//	padding      A (G×P·q),  A[cell, t·q + s] = 1 where cell is offset s of patch t
//	aggregation  A (G×G),    A[cell, centre] = 1 where cell is in the patch of centre
//
// with degree normalisation where asked for. On the attribute side, its own, A acts in each of C universes, and the
// patch is the slowest axis of the result: padding (b×C·G) → (b×P·C·q), column t·C·q + c·q + s; aggregation
// (b×C·G) → (b×P·C), column t·C + c, of centres only. On the instance side it is Aᵀ·x: (G×m) → (P·q×m) or (G×m). Neither
// needs A: packing is one [ops.Gather], adding up one [ops.SpMM]. Errors: data that is not the grid, several universes
// on the instance side, and those of [Packing.Layout].
type Geometric struct {
	Declared   `yaml:",inline"`
	Packing    `yaml:",inline"`
	Mode       PatchMode        `yaml:"interdependence_matrix_mode"`
	Normalize  bool             `yaml:"normalization"`
	NormMode   DegreeMode       `yaml:"normalization_mode"` // row_column by default
	Hooks      `yaml:",inline"` // Post runs on A; there is nothing for Pre
	CacheFlags `yaml:",inline"`

	forced PatchMode // of classes that ignore Mode
}

// Side is the attribute side unless another is given.
func (g Geometric) Side() Side { return g.Type.Or(Attribute) }

// aggregates says which of the two modes it is, that of the class first.
func (g Geometric) aggregates() bool {
	if g.forced != DefaultPatchMode {
		return g.forced == Aggregation
	}
	return g.Mode == Aggregation
}

// OutDims is P·C·q (padding) or P·C (aggregation) columns on the attribute side, P·q or G rows on the instance side,
// where the result keeps a row of zeros for every cell that is no centre.
func (g Geometric) OutDims(b, m int) (int, int, error) {
	l, err := g.Layout()
	if err != nil {
		return 0, 0, err
	}
	if g.Mode > Aggregation {
		return 0, 0, errorf("Geometric", "interdependence_matrix_mode %d; want padding or aggregation", g.Mode)
	}
	if err := g.check(g.Side(), "Geometric", b, m); err != nil {
		return 0, 0, err
	}
	if err := g.fits(l, b, m); err != nil {
		return 0, 0, err
	}
	switch {
	case !g.aggregates():
		return outDims(g.Side(), b, m, l.PatchNumAcross()*l.PatchSize())
	case g.Side() == Instance:
		return b, m, nil
	}
	return b, l.PatchNumAcross(), nil
}

// fits says whether data (b×m) is the grid: a column, or on the instance side a row, for each cell.
func (g Geometric) fits(l *Layout, b, m int) error {
	n := related(g.Side(), b, m)
	if g.Side() == Instance && l.Grid.Channels() > 1 {
		return errorf("Geometric", "%d universes on the instance side; want 1, a row for each cell", l.Grid.Channels())
	}
	if n != l.Grid.Columns() {
		return l.mismatch(relatedWord(g.Side()), n)
	}
	return nil
}

// NumParams is 0.
func (Geometric) NumParams(b, m int) (int, error) { return 0, nil }

// Matrix is A of one universe on its pattern; [Geometric.Relate] repeats it over the universes.
func (g Geometric) Matrix(s *Scope, _, _ *graph.Node) *graph.Node {
	l, err := g.Layout()
	if err != nil {
		return s.fail(err)
	}
	a, err := g.pattern(l)
	if err != nil {
		return s.fail(err)
	}
	return g.post(s, a.node(s))
}

// pattern is A before post-processing. A cell of several patches has an entry for each: its row sum, the degree, is
// the number of patches that it is in.
func (g Geometric) pattern(l *Layout) (*csr, error) {
	columns := l.PatchNum() * l.PatchSize()
	if g.aggregates() {
		columns = l.Grid.Volume()
	}
	a, centres := newCSR(l.Grid.Volume(), columns), l.CentreIndexes()
	for t, patch := range l.PatchIndexes() {
		for s, cell := range patch {
			switch {
			case cell < 0:
			case g.aggregates():
				a.add(cell, centres[t], 1)
			default:
				a.add(cell, t*l.PatchSize()+s, 1)
			}
		}
	}
	if !g.Normalize {
		return a, nil
	}
	return a.normalized(g.NormMode.Or(RowColumnDegree))
}

// Relate packs or adds up data, whose size must be that of the grid; x is of no interest. Only a post-processed A, of
// which nothing is known, is multiplied as a matrix.
func (g Geometric) Relate(s *Scope, _, data, _ *graph.Node) *graph.Node {
	l, err := g.Layout()
	if err != nil {
		return s.fail(err)
	}
	if err := g.fits(l, data.Shape().Dim(0), data.Shape().Dim(1)); err != nil {
		return s.fail(err)
	}
	a, err := g.pattern(l)
	switch {
	case err != nil:
		return s.fail(err)
	case len(g.Post) > 0:
		return g.relateDense(s, l, g.post(s, a.node(s)), data)
	case g.Side() == Instance:
		return a.transposed().spmm(s, data)
	case g.aggregates():
		return aggregate(s, l, a, data)
	}
	return scalePacked(s, l, a, l.Gather(data))
}

// aggregate adds up the patches of every centre: one sparse product (P×G)·(G×C) a row of data. The universes are the
// inner axis of the product as of the result; columns of A that belong to no centre are left out.
func aggregate(s *Scope, l *Layout, a *csr, data *graph.Node) *graph.Node {
	b, C, G := data.Shape().Dim(0), l.Grid.Channels(), l.Grid.Volume()
	x := ops.Permute(ops.Reshape(data, b, C, G), 0, 2, 1)
	sums := a.transposed().picked(l.CentreIndexes()).spmm(s, x)
	return ops.Reshape(sums, b, l.PatchNumAcross())
}

// scalePacked multiplies packed columns by the entries of the normalised A: a column of A has one entry or none, so that
// normalisation is a factor for each column (1/o for row, o^(−¼) for row_column and a cell in o patches), the same in
// every universe. Columns without an entry are zero whatever the factor.
func scalePacked(s *Scope, l *Layout, a *csr, packed *graph.Node) *graph.Node {
	q, C := l.PatchSize(), l.Grid.Channels()
	scale, plain := make([]float64, l.PatchNumAcross()*q), true
	a.each(func(_, column int, v float64) {
		for c := range C {
			scale[(column/q*C+c)*q+column%q] = v
		}
		plain = plain && v == 1
	})
	if plain {
		return packed
	}
	return ops.Mul(packed, s.Const(s.Type(len(scale)), scale...))
}

// relateDense multiplies by a post-processed A, which may have lost its zeros: universe by universe, then patches come
// before universes as in the packed form. Aggregation is padding with patches of one column.
func (g Geometric) relateDense(s *Scope, l *Layout, a, data *graph.Node) *graph.Node {
	if g.Side() == Instance {
		return ops.TMatMul(a, data)
	}
	b, C, P, q := data.Shape().Dim(0), l.Grid.Channels(), l.PatchNum(), l.PatchSize()
	if g.aggregates() {
		q = 1
		a = s.G.Apply(ops.Gather{Table: indexOf(l.CentreIndexes())}, a)
	}
	y := ops.MatMulN(ops.Reshape(data, b*C, l.Grid.Volume()), a)
	return ops.Reshape(ops.Permute(ops.Reshape(y, b, C, P, q), 0, 2, 1, 3), b, P*C*q)
}

// indexOf is a table of non-negative integers.
func indexOf(v []int) *graph.Index {
	t := make([]int32, len(v))
	for i, x := range v {
		t[i] = int32(x)
	}
	return graph.NewIndex(t...)
}
