package rpnops

import (
	"math"
	"sort"

	"gonum.org/v1/gonum/mat"

	"rpnc/graph"
)

// VarianceThreshold keeps the D columns of largest variance, in the order of rising variance, and of position where
// variances are equal. Variances are unbiased and averaged over the batches of training, v ← ((t−1)·v + v_t)/t, until
// t = 100 or a batch moves v by less than 0.01 in the 2-norm: from then on they stay, where the reference goes over to
// those of each batch alone. See [Fitter] for evaluation, gradients and fits outside of a graph. Errors: D > m, a batch of
// one row before there is a variance.
type VarianceThreshold struct {
	Reduced `yaml:",inline"`
	Hooks   `yaml:",inline"`
}

var _ = Register(Spec[VarianceThreshold]{
	Name: "incremental_variance_threshold_based_compression", Aliases: []string{"incremental_variance_threshold"},
	Equation: "κ(x) = the D columns of largest variance so far", Params: "0", Rows: 5, Order: -1,
	Samples: []VarianceThreshold{{Reduced: Reduced{D: 2}}, {Reduced: Reduced{NFeature: 1}, Hooks: Hooks{Post: []Process{Tanh{}}}}},
})

// OutDim is D.
func (o VarianceThreshold) OutDim(m int) (int, error) { return o.dim("VarianceThreshold", m) }

// Transform builds the fit and the choice.
func (o VarianceThreshold) Transform(s *Scope, x *graph.Node) *graph.Node {
	x = o.pre(s, x)
	m := x.Shape().Dim(-1)
	D, err := o.OutDim(m)
	switch {
	case err != nil:
		return s.fail(err)
	case x.Poisoned():
		return x
	}
	return o.post(s, runMethod(s, varianceThreshold{s.noisy()}, D, x, averageStates(s, "variance", m)...))
}

// Fit chooses by the average over all batches.
func (o VarianceThreshold) Fit(batches ...[][]float64) (Projection, error) {
	states, D, m, err := fitBatches(varianceThreshold{true}, o.Reduced, batches, func(_, m int) []graph.Type { return averageTypes(m) })
	if err != nil {
		return Projection{}, err
	}
	C := mat.NewDense(D, m, nil)
	for i, j := range topColumns(states[1].F, D) {
		C.Set(i, j, 1)
	}
	return Projection{Components: rowsOf(C.RawMatrix().Data, m), Hooks: o.Hooks}, nil
}

// OfDim sets D.
func (o VarianceThreshold) OfDim(D int) (_ Fitter, err error) {
	o.Reduced, err = o.ofDim("VarianceThreshold", D)
	return o, err
}

// topColumns are the positions of the D largest entries of v, in rising order of these.
//
// The sort is stable, so of equal variances the later positions are among the largest.
func topColumns(v []float64, D int) []int {
	order := make([]int, len(v))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, j int) bool { return v[order[i]] < v[order[j]] })
	return order[len(v)-D:]
}

// varianceThreshold is the method. Without update only a first batch is fitted.
type varianceThreshold struct{ update bool }

func (varianceThreshold) name() string { return "VarianceThreshold" }

// run has the states of a running average.
//
// Two passes: deviations from the mean are squared, divided by b − 1.
func (o varianceThreshold) run(x *mat.Dense, D int, state []*graph.Tensor) (mat.Matrix, error) {
	b, m := x.Dims()
	if moves(o.update, state) {
		if b < 2 {
			return nil, errorf("VarianceThreshold", "a batch of one row has no variance; want 2 rows or more")
		}
		mean := columnMeans(x)
		v := make([]float64, m)
		for j := range v {
			d := mat.VecDenseCopyOf(x.ColView(j))
			for i := range b {
				d.SetVec(i, d.AtVec(i)-mean.AtVec(j))
			}
			v[j] = mat.Dot(d, d) / float64(b-1)
		}
		moveAverage(state, v)
	}
	y := mat.NewDense(x.RawMatrix().Rows, D, nil)
	for i, j := range topColumns(state[1].F, D) {
		y.SetCol(i, mat.Col(nil, j, x))
	}
	return y, nil
}

// The states of a running average of statistics: the number of batches so far, negative once the average stays, and the
// average.

// averageTypes are their types: a counter and numbers of the given shape.
func averageTypes(dims ...int) []graph.Type {
	return []graph.Type{{DType: graph.I32}, {DType: graph.F64, Shape: graph.Sh(dims...)}}
}

// averageStates makes them in the graph, under the reference's names, so that checkpoints keep them.
func averageStates(s *Scope, name string, dims ...int) []*graph.Node {
	return []*graph.Node{
		s.G.State(s.Name("num_batches_tracked"), graph.Type{DType: graph.I32}, graph.Zeros()),
		s.Frozen(name, graph.Zeros(), dims...),
	}
}

// moves says whether a batch moves the average: in training until it stays, in evaluation only where there is none.
func moves(update bool, state []*graph.Tensor) bool {
	return state[0].I[0] == 0 || update && state[0].I[0] > 0
}

// moveAverage is v ← ((t−1)·v + batch)/t. It stays after 100 batches, and after one that hardly moves it; the first
// one moves it from nothing and does not count.
func moveAverage(state []*graph.Tensor, batch []float64) {
	const most, little = 100, 0.01
	state[0].I[0]++
	t, moved := float64(state[0].I[0]), 0.0
	for j, new := range batch {
		v := state[1].F[j]
		next := ((t-1)*v + new) / t
		moved += (next - v) * (next - v)
		state[1].F[j] = next
	}
	if t >= most || t > 1 && math.Sqrt(moved) < little {
		state[0].I[0] = -state[0].I[0]
	}
}
