package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// Fitter is a compression that is fitted to data. There are two ways to use one.
//
// In a graph as it is, it fits on every batch, as in the reference: in training its running state moves and is saved with
// the model, in evaluation the state is used as it is, or the batch itself where nothing was fitted yet. x is detached:
// no gradient flows back through the fit.
//
// Outside of a graph, Fit returns what was fitted as a [Projection], a constant linear map with the gradient of one.
type Fitter interface {
	Transformation
	// Fit fits to batches of rows, one after the other, all with the same number of columns: rows as they are after
	// pre-processing, which the projection does again. Methods that embed the rows that they see, and no others, return
	// an error.
	Fit(batches ...[][]float64) (Projection, error)
	// OfDim is the method with D set to its argument. A different D of its own is an error.
	OfDim(D int) (Fitter, error)
}

// Projection is a constant affine map of every row, as [Fitter.Fit] returns it:
//
//	κ(x) = (x − mean)·Cᵀ,  x (b×m), mean (m), C (D×m)
//
// Mean and C are the frozen tensors mean and components of the scope. Errors: rows of C that are not of one length,
// which is also that of the mean and the number of columns.
type Projection struct {
	Components [][]float64 `yaml:"components"`
	Mean       []float64   `yaml:"mean"` // none means 0
	Hooks      `yaml:",inline"`
}

var _ = Register(Spec[Projection]{
	Name: "projection_compression", Equation: "κ(x) = (x − mean)·Cᵀ", Params: "0", Cols: 3,
	Samples: []Projection{
		{Components: [][]float64{{1, 2, -1}, {0, 0.5, 3}}},
		{Components: [][]float64{{1, 0, 1}}, Mean: []float64{0.5, -1, 2}, Hooks: Hooks{Post: []Process{Tanh{}}}},
	},
})

// OutDim is the number of rows of C.
func (o Projection) OutDim(m int) (int, error) {
	if len(o.Components) == 0 {
		return 0, errorf("Projection", "no components; want a row for each column of the result (Fit makes them)")
	}
	for i, row := range o.Components {
		if len(row) != m {
			return 0, errorf("Projection", "component %d has %d entries for %d columns; want %d", i, len(row), m, m)
		}
	}
	if o.Mean != nil && len(o.Mean) != m {
		return 0, errorf("Projection", "the mean has %d entries for %d columns; want %d", len(o.Mean), m, m)
	}
	return len(o.Components), nil
}

// Transform builds the product.
func (o Projection) Transform(s *Scope, x *graph.Node) *graph.Node {
	x = o.pre(s, x)
	m := x.Shape().Dim(-1)
	D, err := o.OutDim(m)
	if err != nil {
		return s.fail(err)
	}
	var flat []float64
	for _, row := range o.Components {
		flat = append(flat, row...)
	}
	if o.Mean != nil {
		x = ops.Sub(x, s.Frozen("mean", graph.Given(o.Mean...), m))
	}
	return o.post(s, ops.MatMulT(x, s.Frozen("components", graph.Given(flat...), D, m)))
}

// Reduced is the width of what compressions that are fitted give, under the names that the reference has for it.
type Reduced struct {
	D           int `yaml:"D" rpn:"min=1"`
	NComponents int `yaml:"n_components" rpn:"min=1"` // other names of D,
	NFeature    int `yaml:"n_feature" rpn:"min=1"`    // which must agree with it
}

// dim is D for m columns.
func (r Reduced) dim(name string, m int) (int, error) {
	D := 0
	for _, d := range []int{r.D, r.NComponents, r.NFeature} {
		switch {
		case d != 0 && D != 0 && d != D:
			return 0, errorf(name, "D = %d, n_components = %d, n_feature = %d are names of one number; give one", r.D, r.NComponents, r.NFeature)
		case d != 0:
			D = d
		}
	}
	if D < 1 || D > m {
		return 0, errorf(name, "D = %d of %d columns; want 1…%d", D, m, m)
	}
	return D, nil
}

// ofDim is r with D set.
func (r Reduced) ofDim(name string, D int) (Reduced, error) {
	was := max(r.D, r.NComponents, r.NFeature)
	if was != 0 && was != D {
		return r, errorf(name, "D = %d of its own and D = %d of its owner; make them equal", was, D)
	}
	r.D = D
	return r, nil
}
