package rpnops

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"rpnc/graph"
	"rpnc/ops"
)

// method is how a compression is fitted on a batch and applied to it: a comparable value, computed by the host.
type method interface {
	// name is that of the compression.
	name() string
	// run fits to x (b×m), D columns of whose compression it returns (b×D). state is the running state, which run
	// moves; methods that keep none have none. Nothing may be kept of x.
	run(x *mat.Dense, D int, state []*graph.Tensor) (mat.Matrix, error)
}

// batchFit is the op of compressions that are fitted while they run: x (b×m) and their states go in, κ(x) (b×D) and the
// new states come out. A fit is an eigenproblem or an iteration whose derivative nobody wants: nothing flows back.
type batchFit struct {
	method method
	D      int
}

// Name is that of the method.
func (o batchFit) Name() string { return fmt.Sprintf("%s{D=%d}", o.method.name(), o.D) }

// Infer gives κ(x), then the states as they are.
func (o batchFit) Infer(in []graph.Type) ([]graph.Type, error) {
	if len(in) < 1 || !in[0].DType.IsFloat() || in[0].Shape.Rank() != 2 || in[0].Shape.Dim(0) < 1 || in[0].Shape.Dim(1) < o.D {
		return nil, fmt.Errorf("operands %v; want x (b×m) with a row and %d columns or more, and states", in, o.D)
	}
	return append([]graph.Type{{DType: in[0].DType, Shape: in[0].Shape.With(1, o.D)}}, in[1:]...), nil
}

// Eval runs the method in float64 whatever the type.
func (o batchFit) Eval(dst, in []*graph.Tensor) error {
	b, m := in[0].Type.Shape.Dim(0), in[0].Type.Shape.Dim(1)
	for i, v := range in[0].F {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return errorf(o.method.name(), "x[%d][%d] is %v; want finite numbers", i/m, i%m, v)
		}
	}
	for i, t := range in[1:] {
		dst[i+1].Copy(t)
	}
	x := mat.NewDense(b, m, append([]float64(nil), in[0].F...))
	y, err := o.method.run(x, o.D, dst[1:])
	if err != nil {
		return err
	}
	for i := range dst[0].F {
		dst[0].F[i] = y.At(i/o.D, i%o.D)
	}
	return nil
}

// VJP gives nothing.
func (o batchFit) VJP(n *graph.Node, _ []*graph.Node) []*graph.Node {
	return make([]*graph.Node, len(n.In))
}

// runMethod builds the op and, in training, the updates of its states. The result is that of the states before the step;
// of several uses in a step each moves the states on.
func runMethod(s *Scope, method method, D int, x *graph.Node, states ...*graph.Node) *graph.Node {
	fit := func(states []*graph.Node) *graph.Node {
		return s.G.Apply(batchFit{method, D}, append([]*graph.Node{x}, states...)...)
	}
	y := fit(states)
	if y.Poisoned() || len(states) == 0 {
		return y
	}
	if s.Train {
		current := make([]*graph.Node, len(states))
		for i, st := range states {
			current[i] = s.G.Current(st)
		}
		moved := fit(current) // y itself at the first use
		for i, st := range states {
			s.G.Update(st, moved.Result(i+1))
		}
	}
	return y.Result(0)
}

// detach is the op y = x without a gradient.
type detach struct{}

// Name is Detach.
func (detach) Name() string { return "Detach" }

// Infer keeps the type.
func (detach) Infer(in []graph.Type) ([]graph.Type, error) { return in[:1:1], nil }

// Eval copies.
func (detach) Eval(dst, in []*graph.Tensor) error { dst[0].Copy(in[0]); return nil }

// VJP gives nothing.
func (detach) VJP(*graph.Node, []*graph.Node) []*graph.Node { return []*graph.Node{nil} }

// View says that the result is the operand's memory.
func (detach) View() {}

// Kernel copies; a program that keeps views never runs it.
func (detach) Kernel(_, _ []graph.Type) (ops.Run, error) {
	return func(dst, in []ops.Buffer) { dst[0].Copy(in[0]) }, nil
}

// matrixOf is a batch of rows as a matrix; the rows must be of one length and hold finite numbers.
func matrixOf(name string, rows [][]float64) (*mat.Dense, error) {
	if len(rows) == 0 || len(rows[0]) == 0 {
		return nil, errorf(name, "Fit to no data; want rows of numbers")
	}
	x := mat.NewDense(len(rows), len(rows[0]), nil)
	for i, row := range rows {
		if len(row) != len(rows[0]) {
			return nil, errorf(name, "row %d has %d columns, row 0 has %d; make them equal", i, len(row), len(rows[0]))
		}
		for j, v := range row {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, errorf(name, "x[%d][%d] is %v; want finite numbers", i, j, v)
			}
		}
		x.SetRow(i, row)
	}
	return x, nil
}

// fitBatches runs a method over batches, from the states of types that shape gives for m columns. It returns the states.
func fitBatches(method method, r Reduced, batches [][][]float64, shape func(D, m int) []graph.Type) (states []*graph.Tensor, D, m int, err error) {
	for i, rows := range batches {
		x, err := matrixOf(method.name(), rows)
		if err != nil {
			return nil, 0, 0, err
		}
		_, k := x.Dims()
		if i == 0 {
			if D, err = r.dim(method.name(), k); err != nil {
				return nil, 0, 0, err
			}
			for _, t := range shape(D, k) {
				states = append(states, graph.NewTensor(t))
			}
			m = k
		}
		if k != m {
			return nil, 0, 0, errorf(method.name(), "batch %d has %d columns, batch 0 has %d; make them equal", i, k, m)
		}
		if _, err := method.run(x, D, states); err != nil {
			return nil, 0, 0, err
		}
	}
	if len(batches) == 0 {
		return nil, 0, 0, errorf(method.name(), "Fit to no data; want rows of numbers")
	}
	return states, D, m, nil
}

// rowsOf cuts numbers into rows of n.
func rowsOf(v []float64, n int) (rows [][]float64) {
	for ; len(v) > 0; v = v[n:] {
		rows = append(rows, append([]float64(nil), v[:n]...))
	}
	return rows
}

// flip multiplies each column of v by −1 where its entry of largest magnitude, the first of several, is negative: so
// the sign of an eigenvector, which the mathematics leaves open, is a convention.
func flip(v *mat.Dense) {
	rows, cols := v.Dims()
	for j := range cols {
		largest := 0.0
		for i := range rows {
			// Rounding must not decide between entries that are equal up to it.
			if a := v.At(i, j); math.Abs(a) > math.Abs(largest)*(1+1e-10) {
				largest = a
			}
		}
		for i := range rows {
			if largest < 0 {
				v.Set(i, j, -v.At(i, j))
			}
		}
	}
}

// eigen is the eigenvalues of a symmetric matrix in rising order and its eigenvectors as columns, with signs by [flip].
func eigen(name string, a *mat.SymDense) ([]float64, *mat.Dense, error) {
	var e mat.EigenSym
	if !e.Factorize(a, true) {
		return nil, nil, errorf(name, "the eigenvalues of the %d×%d matrix of this batch do not converge", a.SymmetricDim(), a.SymmetricDim())
	}
	var v mat.Dense
	e.VectorsTo(&v)
	flip(&v)
	return e.Values(nil), &v, nil
}
