package rpnops

import "rpnc/graph"

// The functions of this file and of identityxi.go know A before they see data. They have neither parameters nor pre- or
// post-processing, and relate columns unless told otherwise.

// Constant relates by a given matrix A, whatever the data: (m×m2) on the attribute side, its own, (b×b2) on the instance
// side. Errors: no A, rows of different lengths, a number of rows that differs from what it relates.
type Constant struct {
	Declared   `yaml:",inline"`
	A          [][]float64 `yaml:"A"`
	CacheFlags `yaml:",inline"`
}

// Primed are the numbers of columns of a matrix A that no data determines. Only that of the related side is looked at;
// 0 means that it is not given.
type Primed struct {
	BPrime int `yaml:"b_prime" rpn:"min=1"` // on the instance side
	MPrime int `yaml:"m_prime" rpn:"min=1"` // on the attribute side
}

// ConstantC relates by a matrix of equal entries c: A = c·𝟏, (m×MPrime) or (b×BPrime): every column of the result is c
// times the sum over what is related. Errors: no number of columns for the side that is related.
type ConstantC struct {
	Declared   `yaml:",inline"`
	Primed     `yaml:",inline"`
	C          Opt[float64] `yaml:"c"` // 1 by default
	CacheFlags `yaml:",inline"`
}

// ZeroInterdependence relates nothing: A = 0, with the sizes and errors of [ConstantC].
type ZeroInterdependence struct {
	Declared   `yaml:",inline"`
	Primed     `yaml:",inline"`
	CacheFlags `yaml:",inline"`
}

// OneInterdependence relates all with all alike: A = 𝟏, with the sizes and errors of [ConstantC].
type OneInterdependence struct {
	Declared   `yaml:",inline"`
	Primed     `yaml:",inline"`
	CacheFlags `yaml:",inline"`
}

// Sizes of the constant functions' samples.
const (
	constantRows = 3
	constantCols = 4
)

// instanceSide is what samples declare to relate rows.
var instanceSide = Declared{Type: Instance}

var (
	_ = Register(Spec[Constant]{
		Name: "constant_interdependence", Equation: "A given", Params: "0", Rows: constantRows, Cols: constantCols,
		Samples: []Constant{
			{A: [][]float64{{1, 2}, {3, 4}, {5, 6}, {-1, 0}}},
			{Declared: instanceSide, A: [][]float64{{1, 2, 3, 4}, {0, -1, 0, 1}, {0.5, 0, 0, 2}}},
		},
	})
	_ = Register(Spec[ConstantC]{
		Name: "constant_c_interdependence", Default: ConstantC{C: Some(1.0)},
		Equation: "A = c·𝟏", Params: "0", Rows: constantRows, Cols: constantCols,
		Samples: []ConstantC{{Primed: Primed{MPrime: 2}, C: Some(0.5)}, {Declared: instanceSide, Primed: Primed{BPrime: 5}}},
	})
	_ = Register(Spec[ZeroInterdependence]{
		Name: "zero_interdependence", Equation: "A = 0", Params: "0", Rows: constantRows, Cols: constantCols,
		Samples: []ZeroInterdependence{{Primed: Primed{MPrime: 2}}, {Declared: instanceSide, Primed: Primed{BPrime: 5}}},
	})
	_ = Register(Spec[OneInterdependence]{
		Name: "one_interdependence", Equation: "A = 𝟏", Params: "0", Rows: constantRows, Cols: constantCols,
		Samples: []OneInterdependence{{Primed: Primed{MPrime: 2}}, {Declared: instanceSide, Primed: Primed{BPrime: 5}}},
	})
)

// Side is the attribute side unless another is given.
func (c Constant) Side() Side { return c.Type.Or(Attribute) }

// OutDims puts the columns of A in place of its rows.
func (c Constant) OutDims(b, m int) (int, int, error) {
	if err := c.check(c.Side(), "Constant", b, m); err != nil {
		return 0, 0, err
	}
	cols, err := c.columns()
	if err != nil {
		return 0, 0, err
	}
	if n := related(c.Side(), b, m); n != len(c.A) {
		return 0, 0, errorf("Constant", "A (%d×%d) for %d %s of x (%d×%d); make them equal", len(c.A), cols, n, relatedWord(c.Side()), b, m)
	}
	return outDims(c.Side(), b, m, cols)
}

// columns is the length of the rows of A, which is one for all.
func (c Constant) columns() (int, error) {
	if len(c.A) == 0 {
		return 0, errorf("Constant", "no matrix A; want one, row by row")
	}
	for i, row := range c.A {
		if len(row) != len(c.A[0]) {
			return 0, errorf("Constant", "row %d of A has %d entries, row 0 has %d; make them equal", i, len(row), len(c.A[0]))
		}
	}
	return len(c.A[0]), nil
}

// NumParams is 0.
func (Constant) NumParams(b, m int) (int, error) { return 0, nil }

// Matrix is A.
func (c Constant) Matrix(s *Scope, _, _ *graph.Node) *graph.Node {
	cols, err := c.columns()
	if err != nil {
		return s.fail(err)
	}
	flat := make([]float64, 0, len(c.A)*cols)
	for _, row := range c.A {
		flat = append(flat, row...)
	}
	return s.Const(s.Type(len(c.A), cols), flat...)
}

// outDims is the primed size of the side that is related, which must be given.
func (p Primed) outDims(d Declared, name string, b, m int) (int, int, error) {
	side := d.Type.Or(Attribute)
	if err := d.check(side, name, b, m); err != nil {
		return 0, 0, err
	}
	if k := p.of(side); k < 1 {
		return 0, 0, errorf(name, "A has %d columns; want %s of 1 or more", k, p.key(side))
	}
	if err := atMost(name, p.key(side), p.of(side), mostWide); err != nil {
		return 0, 0, err
	}
	return outDims(side, b, m, p.of(side))
}

// of is the size for a side.
func (p Primed) of(side Side) int { return related(side, p.BPrime, p.MPrime) }

// key is its name in configurations.
func (p Primed) key(side Side) string {
	if side == Instance {
		return "b_prime"
	}
	return "m_prime"
}

// filled is the matrix of entries c with a row for each column of x: one number, which the compiler can see through,
// not a table.
func (p Primed) filled(s *Scope, side Side, x *graph.Node, c float64) *graph.Node {
	return s.Const(s.Type(x.Shape().Dim(1), p.of(side)), c)
}

// Side is the attribute side unless another is given.
func (c ConstantC) Side() Side { return c.Type.Or(Attribute) }

// OutDims puts the primed size on the side that is related.
func (c ConstantC) OutDims(b, m int) (int, int, error) {
	return c.outDims(c.Declared, "ConstantC", b, m)
}

// NumParams is 0.
func (ConstantC) NumParams(b, m int) (int, error) { return 0, nil }

// Matrix is c·𝟏.
func (c ConstantC) Matrix(s *Scope, x, _ *graph.Node) *graph.Node {
	return c.filled(s, c.Side(), x, c.C.Or(1))
}

// Side is the attribute side unless another is given.
func (c ZeroInterdependence) Side() Side { return c.Type.Or(Attribute) }

// OutDims puts the primed size on the side that is related.
func (c ZeroInterdependence) OutDims(b, m int) (int, int, error) {
	return c.outDims(c.Declared, "ZeroInterdependence", b, m)
}

// NumParams is 0.
func (ZeroInterdependence) NumParams(b, m int) (int, error) { return 0, nil }

// Matrix is 0.
func (c ZeroInterdependence) Matrix(s *Scope, x, _ *graph.Node) *graph.Node {
	return c.filled(s, c.Side(), x, 0)
}

// Side is the attribute side unless another is given.
func (c OneInterdependence) Side() Side { return c.Type.Or(Attribute) }

// OutDims puts the primed size on the side that is related.
func (c OneInterdependence) OutDims(b, m int) (int, int, error) {
	return c.outDims(c.Declared, "OneInterdependence", b, m)
}

// NumParams is 0.
func (OneInterdependence) NumParams(b, m int) (int, error) { return 0, nil }

// Matrix is 𝟏.
func (c OneInterdependence) Matrix(s *Scope, x, _ *graph.Node) *graph.Node {
	return c.filled(s, c.Side(), x, 1)
}
