package rpnops

import (
	"gonum.org/v1/gonum/mat"

	"rpnc/graph"
)

// manifold is a method that places the rows of one batch in D dimensions. It keeps no state.
type manifold interface {
	method
	// fits says whether b rows can be embedded in D dimensions.
	fits(b, D int) error
}

// Embedding places the rows of every batch in D dimensions, x (b×m) → (b×D), by a method: [Isomap], [LLE], [MDS], [SpectralEmbedding] or
// [TSNE]. The rows of one batch are comparable with each other, not with those of another: a method of this kind has no
// map for new rows, so Fit is an error. x is detached, no gradient flows back. Outside of a graph, Embed does the same.
//
// Results are unique up to rotation (MDS, t-SNE) or the signs of columns; of each column the entry of largest magnitude is
// positive, and columns are in the order of falling variance, or of rising eigenvalues where small ones count. Seeds make
// the rest repeatable. Errors: D > m, fewer rows than the method wants.
type Embedding[M manifold] struct {
	Reduced `yaml:",inline"`
	Method  M `yaml:",inline"`
	Hooks   `yaml:",inline"`
}

var (
	_ = registerEmbedding("isomap_manifold", "‖yᵢ − yⱼ‖ ≈ the length of the shortest path between i and j", Isomap{NNeighbors: 5}, Isomap{NNeighbors: 3})
	_ = registerEmbedding("lle_manifold", "yᵢ ≈ Σⱼ wᵢⱼyⱼ with the weights of x", LLE{NNeighbors: 5}, LLE{NNeighbors: 3})
	_ = registerEmbedding("mds_manifold", "Σ (‖yᵢ − yⱼ‖ − ‖xᵢ − xⱼ‖)² → min", MDS{}, MDS{Seed: 3})
	_ = registerEmbedding("spectral_embedding_manifold", "Σ aᵢⱼ·‖yᵢ − yⱼ‖² → min over neighbours", SpectralEmbedding{}, SpectralEmbedding{})
	_ = registerEmbedding("tsne_manifold", "KL(P(x) ‖ Q(y)) → min", TSNE{}, TSNE{Perplexity: 3})
)

// registerEmbedding registers a method under the reference's two names of it.
func registerEmbedding[M manifold](name, equation string, def, sample M) struct{} {
	return Register(Spec[Embedding[M]]{
		Name: name + "_compression", Aliases: []string{name}, Default: Embedding[M]{Method: def},
		Equation: equation, Params: "0", Rows: 8, Order: -1,
		Samples: []Embedding[M]{{Reduced: Reduced{D: 2}, Method: sample}},
	})
}

// OutDim is D.
func (o Embedding[M]) OutDim(m int) (int, error) { return o.dim(o.Method.name(), m) }

// Transform builds the embedding.
func (o Embedding[M]) Transform(s *Scope, x *graph.Node) *graph.Node {
	x = o.pre(s, x)
	D, err := o.OutDim(x.Shape().Dim(-1))
	if err == nil {
		err = o.Method.fits(x.Shape().Dim(0), D)
	}
	switch {
	case err != nil:
		return s.fail(err)
	case x.Poisoned():
		return x
	}
	return o.post(s, runMethod(s, o.Method, D, x))
}

// Fit is an error: there is no map for new rows.
func (o Embedding[M]) Fit(...[][]float64) (Projection, error) {
	return Projection{}, errorf(o.Method.name(), "it embeds the rows of one batch and has no map for new rows; want Embed, or a method that has one, such as IncrementalPCA")
}

// Embed places rows, outside of a graph and without the hooks.
func (o Embedding[M]) Embed(rows [][]float64) ([][]float64, error) {
	x, err := matrixOf(o.Method.name(), rows)
	if err != nil {
		return nil, err
	}
	b, m := x.Dims()
	D, err := o.OutDim(m)
	if err == nil {
		err = o.Method.fits(b, D)
	}
	if err != nil {
		return nil, err
	}
	y, err := o.Method.run(x, D, nil)
	if err != nil {
		return nil, err
	}
	return rowsOf(mat.DenseCopyOf(y).RawMatrix().Data, D), nil
}

// OfDim sets D.
func (o Embedding[M]) OfDim(D int) (_ Fitter, err error) {
	o.Reduced, err = o.ofDim(o.Method.name(), D)
	return o, err
}

// withNeighbors is the method with k neighbours, where it has neighbours and no number of its own.
func (o Embedding[M]) withNeighbors(k int) Fitter {
	switch m := any(&o.Method).(type) {
	case *Isomap:
		m.NNeighbors = k
	case *LLE:
		m.NNeighbors = k
	}
	return o
}

// enough wants b rows for D dimensions, more than least.
func enough(name string, b, least, D int) error {
	if b <= least {
		return errorf(name, "a batch of %d rows for D = %d; want more than %d", b, D, least)
	}
	return nil
}

// neighbors is k with its default, which b rows must have besides themselves, and D dimensions must fit into.
func neighbors(name string, k, b, D int) (int, error) {
	if k == 0 {
		k = 5
	}
	if k < 2 || k >= b {
		return 0, errorf(name, "n_neighbors = %d in a batch of %d rows; want 2…%d", k, b, b-1)
	}
	return k, enough(name, b, D, D)
}

// lastColumns are the last D columns of v from right to left, column i times scale[i of v].
func lastColumns(v *mat.Dense, D int, scale func(i int) float64) *mat.Dense {
	b, n := v.Dims()
	y := mat.NewDense(b, D, nil)
	for c := range D {
		for i := range b {
			y.Set(i, c, v.At(i, n-1-c)*scale(n-1-c))
		}
	}
	return y
}

// principal turns y about its mean so that its columns are uncorrelated, of falling variance, and of the sign of [flip]:
// what distances alone leave open.
func principal(name string, y *mat.Dense) (*mat.Dense, error) {
	c := centred(y, columnMeans(y))
	var cov mat.SymDense
	cov.SymOuterK(1, c.T())
	_, v, err := eigen(name, &cov)
	if err != nil {
		return nil, err
	}
	_, D := y.Dims()
	var out mat.Dense
	out.Mul(c, lastColumns(v, D, func(int) float64 { return 1 }))
	flip(&out)
	return &out, nil
}
