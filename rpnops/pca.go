package rpnops

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"rpnc/graph"
)

// IncrementalPCA projects rows on the D principal directions of the rows seen so far:
//
//	κ(x) = (x − μ)·Vᵀ,  x (b×m), μ (m), V (D×m)
//
// Every batch in training moves μ, V and the singular values S, states of the scope; see [Fitter] for evaluation, for
// gradients, which there are none of, and for fits outside of a graph. After n rows a batch of b rows with mean μ_b gives
// V and S as the first D right singular vectors and values of
//
//	[diag(S)·V; x − μ_b; √(nb/(n+b))·(μ − μ_b)],
//
// and of x − μ_b where n = 0. Of each direction the entry of largest magnitude is positive; directions are in the order of
// falling variance. Errors: D > m, a first batch of fewer than D rows.
//
// Ross, Lim, Lin and Yang, Incremental Learning for Robust Visual Tracking (2008).
type IncrementalPCA struct {
	Reduced `yaml:",inline"`
	Hooks   `yaml:",inline"`
}

var _ = Register(Spec[IncrementalPCA]{
	Name: "incremental_PCA_based_compression", Aliases: []string{"incremental_PCA"},
	Equation: "κ(x) = (x − μ)·Vᵀ,  V the first D principal directions so far", Params: "0", Rows: 5, Order: -1,
	Samples: []IncrementalPCA{{Reduced: Reduced{D: 2}}, {Reduced: Reduced{NComponents: 1}, Hooks: Hooks{Post: []Process{Tanh{}}}}},
})

// OutDim is D.
func (o IncrementalPCA) OutDim(m int) (int, error) { return o.dim("IncrementalPCA", m) }

// Transform builds the fit and the projection.
func (o IncrementalPCA) Transform(s *Scope, x *graph.Node) *graph.Node {
	x = o.pre(s, x)
	m := x.Shape().Dim(-1)
	D, err := o.OutDim(m)
	switch {
	case err != nil:
		return s.fail(err)
	case x.Poisoned():
		return x
	}
	return o.post(s, runMethod(s, pca{s.noisy()}, D, x,
		s.G.State(s.Name("num_rows_seen"), graph.Type{DType: graph.I32}, graph.Zeros()),
		s.Frozen("mean", graph.Zeros(), m),
		s.Frozen("components", graph.Zeros(), D, m),
		s.Frozen("singular_values", graph.Zeros(), D)))
}

// Fit is the projection after all batches.
func (o IncrementalPCA) Fit(batches ...[][]float64) (Projection, error) {
	states, _, m, err := fitBatches(pca{true}, o.Reduced, batches, func(D, m int) []graph.Type {
		f := func(dims ...int) graph.Type { return graph.Type{DType: graph.F64, Shape: graph.Sh(dims...)} }
		return []graph.Type{{DType: graph.I32}, f(m), f(D, m), f(D)}
	})
	if err != nil {
		return Projection{}, err
	}
	return Projection{Mean: states[1].F, Components: rowsOf(states[2].F, m), Hooks: o.Hooks}, nil
}

// OfDim sets D.
func (o IncrementalPCA) OfDim(D int) (_ Fitter, err error) {
	o.Reduced, err = o.ofDim("IncrementalPCA", D)
	return o, err
}

// pca is the method. Without update only a first batch is fitted.
type pca struct{ update bool }

func (pca) name() string { return "IncrementalPCA" }

// run has the states rows seen, mean, components and singular values.
func (o pca) run(x *mat.Dense, D int, state []*graph.Tensor) (mat.Matrix, error) {
	_, m := x.Dims()
	mean := mat.NewVecDense(m, state[1].F)
	components := mat.NewDense(D, m, state[2].F)
	if state[0].I[0] == 0 || o.update {
		if err := o.fit(x, state, mean, components); err != nil {
			return nil, err
		}
	}
	var y mat.Dense
	y.Mul(centred(x, mean), components.T())
	return &y, nil
}

// fit moves the states to include the rows of x.
func (o pca) fit(x *mat.Dense, state []*graph.Tensor, mean *mat.VecDense, components *mat.Dense) error {
	b, m := x.Dims()
	D, n := len(state[3].F), float64(state[0].I[0])
	batch := columnMeans(x)
	all := centred(x, batch)
	switch {
	case n == 0 && b < D:
		return errorf("IncrementalPCA", "a first batch of %d rows for D = %d; want %d rows or more", b, D, D)
	case n > 0:
		var old, shift, stack mat.Dense
		old.Mul(mat.NewDiagDense(D, state[3].F), components)
		shift.ReuseAs(1, m)
		for j := range m {
			shift.Set(0, j, math.Sqrt(n*float64(b)/(n+float64(b)))*(mean.AtVec(j)-batch.AtVec(j)))
		}
		stack.Stack(&old, all)
		all = mat.NewDense(D+b+1, m, nil)
		all.Stack(&stack, &shift)
	}
	var svd mat.SVD
	if !svd.Factorize(all, mat.SVDThin) {
		return errorf("IncrementalPCA", "the singular values of a %d×%d batch do not converge", b, m)
	}
	var v mat.Dense
	svd.VTo(&v)
	flip(&v)
	components.Copy(v.Slice(0, m, 0, D).T())
	copy(state[3].F, svd.Values(nil))
	for j := range m {
		mean.SetVec(j, (n*mean.AtVec(j)+float64(b)*batch.AtVec(j))/(n+float64(b)))
	}
	state[0].I[0] += int32(b)
	return nil
}

// columnMeans is the mean of the rows of x.
func columnMeans(x *mat.Dense) *mat.VecDense {
	b, m := x.Dims()
	out := mat.NewVecDense(m, nil)
	for j := range m {
		out.SetVec(j, mat.Sum(x.ColView(j))/float64(b))
	}
	return out
}

// centred is x with mean taken off every row.
func centred(x *mat.Dense, mean *mat.VecDense) *mat.Dense {
	var out mat.Dense
	out.Apply(func(_, j int, v float64) float64 { return v - mean.AtVec(j) }, x)
	return &out
}
