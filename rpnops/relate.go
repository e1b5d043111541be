package rpnops

import (
	"fmt"
	"reflect"

	"rpnc/graph"
	"rpnc/ops"
)

// Interdependence in one place. The attribute side relates columns: x·A with A (m×m'), computed from x.
// The instance side relates rows: Aᵀ·x with A (b×b'), computed from xᵀ in the same way. Functions are
// written once, for columns, and get x transposed where they relate rows; nothing outside of this file
// asks for the side to multiply. What is no product with a matrix (a grid that packs patches)
// implements [Relater] instead.

// Relate applies ξ to data (x itself, or κ(x) of as many rows): data·A on the attribute side, Aᵀ·data on the instance
// side, A computed from x and w. It is the one place that knows sides and transposes. Errors: those of the dimension
// methods, a w of another length than NumParams.
func Relate(s *Scope, xi Interdependence, x, data, w *graph.Node) *graph.Node {
	if data.Poisoned() {
		return data
	}
	b, m := x.Shape().Dim(0), x.Shape().Dim(1)
	if _, _, err := xi.OutDims(b, m); err != nil {
		return s.fail(err)
	}
	if l, err := xi.NumParams(b, m); err != nil {
		return s.fail(err)
	} else if err := checkLength(xi, w, l); err != nil {
		return s.fail(err)
	}
	if r, ok := xi.(Relater); ok {
		return r.Relate(s, x, data, w)
	}
	a := MatrixOf(s, xi, x, w)
	if xi.Side() == Instance {
		return ops.TMatMul(a, data)
	}
	return ops.MatMulN(data, a)
}

// MatrixOf is the matrix A of ξ for x (b×m): (m×m2) or (b×b2). x may be nil where ξ declares its sizes and reads no data.
func MatrixOf(s *Scope, xi Interdependence, x, w *graph.Node) *graph.Node {
	if x != nil && x.Poisoned() {
		return x
	}
	if x != nil && xi.Side() == Instance {
		x = ops.Transpose(x)
	}
	return xi.Matrix(s, x, w)
}

// Fabricate is ψ(w) (n×D), once n, D, which must be positive and not too many, and the length of w have been checked.
//
// The limit keeps arithmetic on sizes within an int. The matrix itself may be far larger than memory,
// since passes contract it with the data before it would be formed.
func Fabricate(s *Scope, psi Reconciliation, w *graph.Node, n, D int) *graph.Node {
	if n < 1 || D < 1 {
		return s.fail(errorf(reflect.TypeOf(psi).Name(), "a matrix of (%d×%d); want 1 row and 1 column or more", n, D))
	}
	if _, ok := boundedProduct(mostNumbers, n, D); !ok {
		return s.fail(errorf(reflect.TypeOf(psi).Name(), "a matrix of (%d×%d); want fewer than 2⁴⁸ numbers", n, D))
	}
	l, err := psi.NumParams(n, D)
	if err == nil {
		err = checkLength(psi, w, l)
	}
	if err != nil {
		return s.fail(err)
	}
	return psi.Reconcile(s, w, n, D)
}

// checkLength wants w to hold the l parameters of f.
func checkLength(f any, w *graph.Node, l int) error {
	have := 0
	if w != nil {
		if w.Poisoned() {
			return nil
		}
		have = w.Shape().Size()
	}
	if have != l {
		return errorf(reflect.TypeOf(f).Name(), "w has %d entries; want l = %d", have, l)
	}
	return nil
}

// Declared is what every interdependence may say about its data: the numbers of rows and columns that it expects and
// the side that it relates. Zero means: as they come, and the function's own side.
type Declared struct {
	B    int  `yaml:"b"`
	M    int  `yaml:"m"`
	Type Side `yaml:"interdependence_type"`
}

// check compares the declared sizes with the data; only the related side counts.
func (d Declared) check(side Side, name string, b, m int) error {
	switch {
	case side == Instance && d.B > 0 && d.B != b:
		return errorf(name, "declared for b = %d rows, the data has %d; make them equal or leave b out", d.B, b)
	case side == Attribute && d.M > 0 && d.M != m:
		return errorf(name, "declared for m = %d columns, the data has %d; make them equal or leave m out", d.M, m)
	}
	return nil
}

// related is the size of the related side.
func related(side Side, b, m int) int {
	if side == Instance {
		return b
	}
	return m
}

// outDims puts the size k of A's columns where the side says.
func outDims(side Side, b, m, k int) (int, int, error) {
	if side == Instance {
		return k, m, nil
	}
	return b, k, nil
}

// Hooks are the functions that run before and after another one.
type Hooks struct {
	Pre  []Process `yaml:"preprocess_functions"`
	Post []Process `yaml:"postprocess_functions"`
}

// pre runs what comes before a function, under the name that the reference gives it.
func (h Hooks) pre(s *Scope, x *graph.Node) *graph.Node {
	return Apply(s, "preprocess_functions", h.Pre, x)
}

// post runs what comes after it.
func (h Hooks) post(s *Scope, x *graph.Node) *graph.Node {
	return Apply(s, "postprocess_functions", h.Post, x)
}

// BiasOption lets a function ask for a bias.
type BiasOption struct {
	EnableBias bool `yaml:"enable_bias"`
}

// HasBias reports whether a bias of length n is wanted.
func (o BiasOption) HasBias() bool { return o.EnableBias }

// Legacy holds two switches of the reference's constructors that say what a function is, not what it should do. They may
// be given where they say the truth.
type Legacy struct {
	RequireData       Opt[bool] `yaml:"require_data"`
	RequireParameters Opt[bool] `yaml:"require_parameters"`
}

// check compares the switches with the truth.
func (l Legacy) check(name string, data, parameters bool) error {
	switch {
	case l.RequireData.Or(data) != data:
		return errorf(name, "require_data is %v; want %v or nothing", !data, data)
	case l.RequireParameters.Or(parameters) != parameters:
		return errorf(name, "require_parameters is %v; want %v or nothing", !parameters, parameters)
	}
	return nil
}

// part reads entries lo…hi−1 of w (1×l) as a tensor of shape dims.
func part(w *graph.Node, lo, hi int, dims ...int) *graph.Node {
	return ops.Reshape(ops.SliceAxis(w, -1, lo, hi), dims...)
}

// errorf is an error of this package: the function, what was wrong, what would be right.
func errorf(name, format string, args ...any) error {
	return fmt.Errorf("rpnops.%s: %w", name, fmt.Errorf(format, args...))
}

// CloseFactor is the largest divisor of n that is at most √n (12 → 3, 7 → 1, 0 → 0): the default of p and q.
func CloseFactor(n int) int {
	best := 0
	for d := 1; d*d <= n; d++ {
		if n%d == 0 {
			best = d
		}
	}
	return best
}
