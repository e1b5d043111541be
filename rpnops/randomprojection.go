package rpnops

import (
	"math"

	"rpnc/graph"
	"rpnc/ops"
)

// RandomProjection projects rows on D sparse random directions:
//
//	κ(x) = x·Rᵀ,  R (D×m),  R_ij = ±√(s/D) with probability 1/(2s) each, 0 otherwise,  s = √m
//
// so that distances are kept on average. R is the frozen tensor components of the scope: drawn once from the model's
// seed and saved with it, where the reference draws another one for every batch. x is detached, as for every [Fitter].
// Errors: D > m.
//
// Li, Hastie and Church, Very Sparse Random Projections (2006).
type RandomProjection struct {
	Reduced `yaml:",inline"`
	Seed    uint64 `yaml:"random_state"` // of Fit; in a graph the model's seed counts
	Hooks   `yaml:",inline"`
}

var _ = Register(Spec[RandomProjection]{
	Name: "incremental_random_projection_based_compression", Aliases: []string{"incremental_random_projection"},
	Equation: "κ(x) = x·Rᵀ,  R sparse and random", Params: "0", Order: -1,
	Samples: []RandomProjection{{Reduced: Reduced{D: 2}}, {Reduced: Reduced{NComponents: 1}, Hooks: Hooks{Pre: []Process{Tanh{}}}}},
})

// draw is the distribution of the entries of R.
func (o RandomProjection) draw(D, m int) graph.Init {
	s := math.Sqrt(float64(m))
	return graph.Ternary(math.Sqrt(s/float64(D)), 1/s)
}

// OutDim is D.
func (o RandomProjection) OutDim(m int) (int, error) { return o.dim("RandomProjection", m) }

// Transform builds the product.
func (o RandomProjection) Transform(s *Scope, x *graph.Node) *graph.Node {
	x = o.pre(s, x)
	m := x.Shape().Dim(-1)
	D, err := o.OutDim(m)
	switch {
	case err != nil:
		return s.fail(err)
	case x.Poisoned():
		return x
	}
	return o.post(s, ops.MatMulT(s.G.Apply(detach{}, x), s.Frozen("components", o.draw(D, m), D, m)))
}

// Fit draws R for the number of columns, from Seed; nothing else of the data matters.
func (o RandomProjection) Fit(batches ...[][]float64) (Projection, error) {
	if len(batches) == 0 {
		return Projection{}, errorf("RandomProjection", "Fit to no data; want rows of numbers")
	}
	x, err := matrixOf("RandomProjection", batches[0])
	if err != nil {
		return Projection{}, err
	}
	_, m := x.Dims()
	D, err := o.OutDim(m)
	if err != nil {
		return Projection{}, err
	}
	r := o.draw(D, m).Tensor(graph.Type{DType: graph.F64, Shape: graph.Sh(D, m)}, o.Seed, "components")
	return Projection{Components: rowsOf(r.F, m), Hooks: o.Hooks}, nil
}

// OfDim sets D.
func (o RandomProjection) OfDim(D int) (_ Fitter, err error) {
	o.Reduced, err = o.ofDim("RandomProjection", D)
	return o, err
}
