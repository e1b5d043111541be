package rpnops

import "rpnc/graph"

// The compressions of this file name another one and give it their D.

// FeatureSelection compresses by a function that is fitted to data, such as [VarianceThreshold],
// x (b×m) → (b×D). Errors: no function, a
// function with another D.
type FeatureSelection struct {
	D        int    `yaml:"D" rpn:"required,min=1"`
	Function Fitter `yaml:"fs_function"`
	Hooks    `yaml:",inline"`
}

// DimensionReduction compresses by a function that is fitted to data, such as [IncrementalPCA],
// x (b×m) → (b×D). Errors: no function, a
// function with another D.
type DimensionReduction struct {
	D        int    `yaml:"D" rpn:"required,min=1"`
	Function Fitter `yaml:"dr_function"`
	Hooks    `yaml:",inline"`
}

// ManifoldCompression compresses by an [Embedding]. Errors: no function, a function with another D.
type ManifoldCompression struct {
	D          int    `yaml:"D" rpn:"required,min=1"`
	NNeighbors int    `yaml:"n_neighbors" rpn:"min=2"` // 0 means those of the function
	Function   Fitter `yaml:"manifold_function"`
	Hooks      `yaml:",inline"`
}

var (
	_ = Register(Spec[FeatureSelection]{
		Name: "feature_selection_compression", Equation: "κ(x) = D columns of x, or of clusters of them", Params: "0", Rows: 5, Order: -1,
		Samples: []FeatureSelection{{D: 2, Function: VarianceThreshold{}}, {D: 1, Function: FeatureClustering{}, Hooks: Hooks{Pre: []Process{Tanh{}}}}},
	})
	_ = Register(Spec[DimensionReduction]{
		Name: "dimension_reduction_compression", Equation: "κ(x) = the projection of x on D directions", Params: "0", Rows: 5, Order: -1,
		Samples: []DimensionReduction{{D: 2, Function: IncrementalPCA{}}, {D: 1, Function: RandomProjection{}}},
	})
	_ = Register(Spec[ManifoldCompression]{
		Name: "manifold_compression", Equation: "κ(x) = the rows of x placed in D dimensions", Params: "0", Rows: 8, Order: -1,
		Samples: []ManifoldCompression{{D: 2, NNeighbors: 4, Function: Embedding[LLE]{}}, {D: 1, Function: Embedding[MDS]{}}},
	})
)

// given is the function with its owner's D.
func given(name string, f Fitter, D int) (Fitter, error) {
	if f == nil {
		return nil, errorf(name, "no function; want one that is fitted to data, such as incremental_PCA")
	}
	return f.OfDim(D)
}

func (o FeatureSelection) inner() (Fitter, error) { return given("FeatureSelection", o.Function, o.D) }

func (o DimensionReduction) inner() (Fitter, error) {
	return given("DimensionReduction", o.Function, o.D)
}

func (o ManifoldCompression) inner() (Fitter, error) {
	f := o.Function
	if n, ok := f.(interface{ withNeighbors(int) Fitter }); ok && o.NNeighbors > 0 {
		f = n.withNeighbors(o.NNeighbors)
	}
	return given("ManifoldCompression", f, o.D)
}

// owned builds the function that inner gives, between the hooks of its owner.
func owned(s *Scope, h Hooks, inner func() (Fitter, error), x *graph.Node) *graph.Node {
	f, err := inner()
	if err != nil {
		return s.fail(err)
	}
	return h.post(s, f.Transform(s.Sub("function"), h.pre(s, x)))
}

// ownedDim is the width of what the function gives.
func ownedDim(inner func() (Fitter, error), m int) (int, error) {
	f, err := inner()
	if err != nil {
		return 0, err
	}
	return f.OutDim(m)
}

// ownedFit fits the function. Hooks of the owner run round those of the function.
func ownedFit(h Hooks, inner func() (Fitter, error), batches [][][]float64) (Projection, error) {
	f, err := inner()
	if err != nil {
		return Projection{}, err
	}
	p, err := f.Fit(batches...)
	p.Pre = append(append([]Process(nil), h.Pre...), p.Pre...)
	p.Post = append(append([]Process(nil), p.Post...), h.Post...)
	return p, err
}

// ownedOf wants the D that is there already, since it is no option of these classes.
func ownedOf(name string, o Fitter, has, D int) (Fitter, error) {
	if has != D {
		return o, errorf(name, "D = %d of its own and D = %d of its owner; make them equal", has, D)
	}
	return o, nil
}

// OutDim is D.
func (o FeatureSelection) OutDim(m int) (int, error) { return ownedDim(o.inner, m) }

// Transform builds the function.
func (o FeatureSelection) Transform(s *Scope, x *graph.Node) *graph.Node {
	return owned(s, o.Hooks, o.inner, x)
}

// Fit fits the function.
func (o FeatureSelection) Fit(batches ...[][]float64) (Projection, error) {
	return ownedFit(o.Hooks, o.inner, batches)
}

// OfDim wants the D that it has.
func (o FeatureSelection) OfDim(D int) (Fitter, error) {
	return ownedOf("FeatureSelection", o, o.D, D)
}

// OutDim is D.
func (o DimensionReduction) OutDim(m int) (int, error) { return ownedDim(o.inner, m) }

// Transform builds the function.
func (o DimensionReduction) Transform(s *Scope, x *graph.Node) *graph.Node {
	return owned(s, o.Hooks, o.inner, x)
}

// Fit fits the function.
func (o DimensionReduction) Fit(batches ...[][]float64) (Projection, error) {
	return ownedFit(o.Hooks, o.inner, batches)
}

// OfDim wants the D that it has.
func (o DimensionReduction) OfDim(D int) (Fitter, error) {
	return ownedOf("DimensionReduction", o, o.D, D)
}

// OutDim is D.
func (o ManifoldCompression) OutDim(m int) (int, error) { return ownedDim(o.inner, m) }

// Transform builds the function.
func (o ManifoldCompression) Transform(s *Scope, x *graph.Node) *graph.Node {
	return owned(s, o.Hooks, o.inner, x)
}

// Fit fits the function, which embeddings refuse.
func (o ManifoldCompression) Fit(batches ...[][]float64) (Projection, error) {
	return ownedFit(o.Hooks, o.inner, batches)
}

// OfDim wants the D that it has.
func (o ManifoldCompression) OfDim(D int) (Fitter, error) {
	return ownedOf("ManifoldCompression", o, o.D, D)
}
