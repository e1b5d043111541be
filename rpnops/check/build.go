package check

import (
	"fmt"

	"rpnc/graph"
	"rpnc/rpnops"
)

// How a function is built for a check. Each role has methods of its own; here all of them are brought
// to one form, a node and the shape that was promised for it. Data are inputs x (or x0, x1, … of a
// fusion), parameters are one tensor w (1×l) under that name, as heads make them, so what a check has
// found can be repeated by building the same thing by hand.
//
// Nothing returns early where a dimension method has an error. The function is built all the same,
// with a stand-in for the number of parameters, because the check wants to see that building reports
// the mistake too: heads may build before anybody has asked for dimensions. A mistake in building is
// kept in the graph and poisons what is made of it, so going on is safe.

// size is that of one call: rows, and the columns of what goes in; for a remainder, columns in and out; for a
// reconciliation, rows and columns of what comes out.
type size struct {
	rows int
	cols []int
}

func (z size) String() string { return fmt.Sprintf("rows %d, columns %v", z.rows, z.cols) }

// sizesOf lists the calls of a family, those first that suit most functions. Fixed rows and columns replace others. A
// function need not accept all sizes, p may not divide one of them, but what it refuses it must refuse in words.
//
// The sizes are chosen so that a mix-up shows. 4 and 6 have common divisors, so blocks and chunks fit
// without filling a side; 3×4 and 6×4 are not square, so rows taken for columns give another shape;
// 4×4 is for functions that want a square; one row and one column are where a broadcast is right by
// accident.
//
// Fixed rows and columns are written into the list itself, which is therefore made afresh in every
// call.
func sizesOf(e rpnops.Entry) (out []size) {
	all := []size{{3, []int{4}}, {4, []int{6}}, {6, []int{4}}, {4, []int{4}}, {2, []int{2}}, {5, []int{1}}, {1, []int{3}}}
	switch e.Family {
	case rpnops.Fusions:
		all = []size{{3, []int{4, 4, 4}}, {3, []int{4, 4}}, {2, []int{2, 4}}, {1, []int{3, 3, 3, 3}}, {2, []int{6}}}
	case rpnops.Remainders:
		all = []size{{3, []int{4, 4}}, {3, []int{4, 2}}, {1, []int{1, 3}}}
	}
	seen := map[string]bool{}
	for _, z := range all {
		if e.Rows > 0 {
			z.rows = e.Rows
		}
		for i := range z.cols {
			if e.Cols > 0 {
				z.cols[i] = e.Cols
			}
		}
		if !seen[z.String()] {
			seen[z.String()] = true
			out = append(out, z)
		}
	}
	return out
}

// built is what a function gives at one size.
type built struct {
	y       *graph.Node
	promise graph.Shape // of y, by the dimension methods
	wider   bool        // y need only broadcast to the promise; nil stands for zero
	err     error       // of the dimension methods
}

// Build calls f as heads and layers do: with inputs of rows rows and cols columns (one number; one an input for a fusion;
// in and out for a remainder), or for the result of a reconciliation of that size. Parameters are the trained tensor w.
// A remainder that is zero gives nil. Errors: those of the dimension methods and of building, a result of another shape
// than the dimension methods promise.
func Build(s *rpnops.Scope, f any, rows int, cols ...int) (*graph.Node, error) {
	if _, remainder := f.(rpnops.Remainder); remainder && len(cols) != 2 || len(cols) == 0 {
		return nil, fmt.Errorf("check.Build: %T with columns %v; want in and out for a remainder, one or more for others", f, cols)
	}
	r := build(s, f, size{rows, cols})
	switch {
	case r.err != nil:
		return nil, r.err
	case s.G.Err() != nil:
		return nil, s.G.Err()
	case r.y != nil && (r.y.DType() != s.DType || !r.fits()) || r.y == nil && !r.wider:
		return nil, fmt.Errorf("check.Build: %T gives %v; its dimension methods promise %v", f, r.y, r.promise)
	}
	return r.y, nil
}

// Size is the first size of the tests at which setting f of the function can be built: rows and columns for [Build]. There
// is none for patches, and for functions that refuse all.
func Size(e rpnops.Entry, f any) (rows int, cols []int, ok bool) {
	for _, z := range sizesOf(e) {
		s := mode{train: true, dtype: graph.F64}.scope(graph.New())
		if _, err := Build(s, f, z.rows, z.cols...); err == nil {
			return z.rows, z.cols, true
		}
	}
	return 0, nil, false
}

// build calls f as heads and layers do: data are inputs, l parameters are the trained tensor w.
func build(s *rpnops.Scope, f any, z size) built {
	b, m := z.rows, z.cols[0]
	switch f := f.(type) {
	case rpnops.Transformation:
		D, err := f.OutDim(m)
		return built{y: f.Transform(s, data(s, "x", b, m)), promise: graph.Sh(b, D), err: err}
	case rpnops.Reconciliation:
		l, err := f.NumParams(b, m)
		return built{y: rpnops.Fabricate(s, f, weights(s, l, err, b*m), b, m), promise: graph.Sh(b, m), err: err}
	case rpnops.Interdependence:
		return buildInterdependence(s, f, b, m)
	case rpnops.Remainder:
		return buildRemainder(s, f, b, m, z.cols[1])
	case rpnops.Fusion:
		return buildFusion(s, f, z)
	case rpnops.Distribution:
		_, _, err := f.Support()
		return built{y: f.LogDensity(s, data(s, "x", b, m)), promise: graph.Sh(b, m), err: err}
	case rpnops.Process:
		return built{y: f.Apply(s, data(s, "x", b, m)), promise: graph.Sh(b, m)}
	case rpnops.Kernel:
		return built{y: rpnops.Compare(s, f, data(s, "x", b, m)), promise: graph.Sh(m, m), err: f.Check(b)}
	}
	return built{y: s.Fail("%T has none of the roles of package rpnops", f)}
}

func data(s *rpnops.Scope, name string, dims ...int) *graph.Node {
	return s.G.Input(name, s.Type(dims...))
}

// weights are l parameters (1×l), none for 0. Where l is an error, building must report one whatever it is given.
func weights(s *rpnops.Scope, l int, err error, otherwise int) *graph.Node {
	if err != nil {
		l = otherwise
	}
	if l == 0 {
		return nil
	}
	return s.Param("w", graph.Zeros(), 1, l)
}

// x is given twice: once as what the matrix is computed from, once as what it multiplies. On the
// attribute side A is (m×m2), on the instance side (b×b2).
func buildInterdependence(s *rpnops.Scope, f rpnops.Interdependence, b, m int) built {
	b2, m2, err := f.OutDims(b, m)
	l, errL := f.NumParams(b, m)
	if err == nil {
		err = errL
	}
	x, w := data(s, "x", b, m), weights(s, l, err, m)
	out := built{y: rpnops.Relate(s, f, x, x, w), promise: graph.Sh(b2, m2), err: err}
	if _, own := f.(rpnops.Relater); own || err != nil || out.y.Poisoned() {
		return out
	}
	want := graph.Sh(m, m2)
	if f.Side() == rpnops.Instance {
		want = graph.Sh(b, b2)
	}
	// The matrix on its own is what data-free passes and printers ask for; a Relater need not have one of this size.
	if a := rpnops.MatrixOf(s, f, x, w); !a.Poisoned() && a.Shape() != want {
		out.y = s.Fail("the matrix is %v; OutDims promises %v", a.Shape(), want)
	}
	return out
}

// Heads know two kinds of tensors for remainders, a weight (n×m) and a bias (n), each there or not;
// any other number of parameters could not be stored.
func buildRemainder(s *rpnops.Scope, f rpnops.Remainder, b, m, n int) built {
	l, k, err := f.NumParams(m, n)
	if err == nil && (l != 0 && l != n*m || k != 0 && k != n) {
		err = fmt.Errorf("NumParams is %d and %d; heads hold %d or 0 weights and %d or 0 numbers of bias", l, k, n*m, n)
	}
	var w, bias *graph.Node
	if l > 0 {
		w = s.Param("w", graph.Zeros(), n, m)
	}
	if k > 0 {
		bias = s.Param("b", graph.Zeros(), n)
	}
	return built{y: f.Remain(s, data(s, "x", b, m), w, bias, n), promise: graph.Sh(b, n), wider: true, err: err}
}

// All inputs have the same rows; a fusion joins columns, so those may differ where it allows it.
func buildFusion(s *rpnops.Scope, f rpnops.Fusion, z size) built {
	n, err := f.OutDim(z.cols)
	l, errL := f.NumParams(z.cols)
	if err == nil {
		err = errL
	}
	xs := make([]*graph.Node, len(z.cols))
	for i, m := range z.cols {
		xs[i] = data(s, fmt.Sprint("x", i), z.rows, m)
	}
	return built{y: f.Fuse(s, xs, weights(s, l, err, 1)), promise: graph.Sh(z.rows, n), err: err}
}
