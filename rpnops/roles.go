package rpnops

import "rpnc/graph"

// Transformation is κ: it maps every row of x (b×m) to a row of D numbers.
type Transformation interface {
	// OutDim is D for m columns.
	OutDim(m int) (int, error)
	// Transform builds κ(x), (b×m) → (b×D).
	Transform(s *Scope, x *graph.Node) *graph.Node
}

// Reconciliation is ψ: it fabricates a matrix (n×D) from l parameters.
type Reconciliation interface {
	// NumParams is l. A bias is not counted.
	NumParams(n, D int) (int, error)
	// Reconcile builds ψ(w) (n×D) from w (1×l); w is nil where l = 0.
	Reconcile(s *Scope, w *graph.Node, n, D int) *graph.Node
}

// Biased is implemented by reconciliations and remainders that may ask their head for a bias of length n.
type Biased interface{ HasBias() bool }

// Interdependence is ξ: it gives the matrix A that relates attributes (columns) or instances (rows) of the data.
type Interdependence interface {
	// Side says what A relates, and so on which side it is multiplied.
	Side() Side
	// OutDims is the size of the result for data (b×m): A is (m×m2) on the attribute side, (b×b2) on the instance side.
	OutDims(b, m int) (b2, m2 int, err error)
	// NumParams is l for data (b×m).
	NumParams(b, m int) (int, error)
	// Matrix builds A. x is (b×m) on the attribute side and arrives transposed, (m×b), on the instance side, so that
	// columns are always what is related. w is (1×l), nil where l = 0.
	Matrix(s *Scope, x, w *graph.Node) *graph.Node
}

// Relater is an interdependence whose application is not a plain product with its matrix.
type Relater interface {
	Interdependence
	// Relate applies ξ, computed from x and w, to data.
	Relate(s *Scope, x, data, w *graph.Node) *graph.Node
}

// Remainder is π: it adds a function of the head's input to its output.
type Remainder interface {
	// NumParams tells the sizes of the weights and of the bias; 0 where there are none.
	NumParams(m, n int) (w, b int, err error)
	// Remain builds π(x) that broadcasts with (b×n); w is (n×m), b is (n), nil where there are none. A nil result
	// means zero.
	Remain(s *Scope, x, w, b *graph.Node, n int) *graph.Node
}

// Fusion joins the outputs of channels or heads.
type Fusion interface {
	// OutDim is the width of the result for inputs of widths dims.
	OutDim(dims []int) (int, error)
	// NumParams is l for inputs of widths dims.
	NumParams(dims []int) (int, error)
	// Fuse builds the result of xs, with w (1×l), nil where l = 0.
	Fuse(s *Scope, xs []*graph.Node, w *graph.Node) *graph.Node
}

// Distribution is what probabilistic functions take the density of.
type Distribution interface {
	// Support is the interval on which the density is defined; an error for parameters that no distribution has.
	Support() (lo, hi float64, err error)
	// LogDensity builds ln p of every entry of x, which must lie in the support.
	LogDensity(s *Scope, x *graph.Node) *graph.Node
}

// Process is a step before or after another function: an activation, a norm, dropout.
type Process interface {
	Apply(s *Scope, x *graph.Node) *graph.Node
}

// Module is a process with a weight and a bias of its own. In a list of processes they are frozen; a configuration that
// gives one process alone trains them.
type Module interface {
	Process
	// Trained is the process with its weight and bias trained.
	Trained() Process
}

// Side says what an interdependence relates.
type Side uint8

// The sides. Default stands for the one that a function has by itself.
const (
	DefaultSide Side = iota
	Attribute        // A (m×m2): data·A
	Instance         // A (b×b2): Aᵀ·data
)

// String is the side's word in configurations and errors; default is the side that a function has by itself.
func (s Side) String() string {
	switch s {
	case Attribute:
		return "attribute"
	case Instance:
		return "instance"
	}
	return "default"
}

// Or is s, or the side d where s is the default.
func (s Side) Or(d Side) Side {
	if s == DefaultSide {
		return d
	}
	return s
}

// UnmarshalText reads the reference's names of the two families.
func (s *Side) UnmarshalText(text []byte) error {
	switch string(text) {
	case "attribute", "attribute_interdependence", "right", "column":
		*s = Attribute
	case "instance", "instance_interdependence", "left", "row":
		*s = Instance
	default:
		return errorf("interdependence_type", "%q is unknown; want attribute (or right, column) or instance (or left, row)", text)
	}
	return nil
}

// MarshalText writes the name of the family.
func (s Side) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Apply runs processes from left to right, each in its own scope under name. The first mistake ends it: what the others
// would say of a value that does not exist helps nobody.
func Apply(s *Scope, name string, ps []Process, x *graph.Node) *graph.Node {
	for i, p := range ps {
		if x.Poisoned() {
			return x
		}
		x = p.Apply(s.Sub(name).SubN(i), x)
	}
	return x
}
