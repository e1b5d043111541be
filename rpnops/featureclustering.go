package rpnops

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"rpnc/graph"
)

// FeatureClustering groups the columns into D clusters and gives the mean of each. Columns are compared by their
// Euclidean distance over the batch, averaged over the batches of training as in [VarianceThreshold]; similarities
// exp(−dist²/2) are clustered by the eigenvectors of their normalised Laplacian and k-means with fixed seeds. Clusters are
// in the order of their first columns; an empty one would give 0. See [Fitter] for evaluation, gradients and fits outside
// of a graph. Errors: D > m.
//
// Ng, Jordan and Weiss, On Spectral Clustering (2001).
type FeatureClustering struct {
	Reduced `yaml:",inline"`
	Hooks   `yaml:",inline"`
}

var _ = Register(Spec[FeatureClustering]{
	Name: "incremental_feature_clustering_based_compression", Aliases: []string{"incremental_feature_clustering"},
	Equation: "κ(x) = the means of D clusters of columns", Params: "0", Rows: 5, Order: -1,
	Samples: []FeatureClustering{{Reduced: Reduced{D: 2}}, {Reduced: Reduced{NFeature: 1}, Hooks: Hooks{Post: []Process{Tanh{}}}}},
})

// OutDim is D.
func (o FeatureClustering) OutDim(m int) (int, error) { return o.dim("FeatureClustering", m) }

// Transform builds the fit and the means.
func (o FeatureClustering) Transform(s *Scope, x *graph.Node) *graph.Node {
	x = o.pre(s, x)
	m := x.Shape().Dim(-1)
	D, err := o.OutDim(m)
	switch {
	case err != nil:
		return s.fail(err)
	case x.Poisoned():
		return x
	}
	return o.post(s, runMethod(s, featureClustering{s.noisy()}, D, x, averageStates(s, "distances", m, m)...))
}

// Fit clusters by the average distances over all batches.
func (o FeatureClustering) Fit(batches ...[][]float64) (Projection, error) {
	states, D, m, err := fitBatches(featureClustering{true}, o.Reduced, batches, func(_, m int) []graph.Type { return averageTypes(m, m) })
	if err != nil {
		return Projection{}, err
	}
	C, err := clusterMeans(states[1].F, m, D)
	if err != nil {
		return Projection{}, err
	}
	return Projection{Components: rowsOf(C.RawMatrix().Data, m), Hooks: o.Hooks}, nil
}

// OfDim sets D.
func (o FeatureClustering) OfDim(D int) (_ Fitter, err error) {
	o.Reduced, err = o.ofDim("FeatureClustering", D)
	return o, err
}

// featureClustering is the method. Without update only a first batch is fitted.
type featureClustering struct{ update bool }

func (featureClustering) name() string { return "FeatureClustering" }

// run has the states of a running average.
func (o featureClustering) run(x *mat.Dense, D int, state []*graph.Tensor) (mat.Matrix, error) {
	_, m := x.Dims()
	if moves(o.update, state) {
		moveAverage(state, distancesOf(x.T()).RawMatrix().Data)
	}
	C, err := clusterMeans(state[1].F, m, D)
	if err != nil {
		return nil, err
	}
	var y mat.Dense
	y.Mul(x, C.T())
	return &y, nil
}

// distancesOf are the Euclidean distances between the rows of x.
func distancesOf(x mat.Matrix) *mat.Dense {
	n, k := x.Dims()
	d := mat.NewDense(n, n, nil)
	for i := range n {
		for j := range i {
			sum := 0.0
			for c := range k {
				sum += (x.At(i, c) - x.At(j, c)) * (x.At(i, c) - x.At(j, c))
			}
			d.Set(i, j, math.Sqrt(sum))
			d.Set(j, i, math.Sqrt(sum))
		}
	}
	return d
}

// clusterMeans is the matrix (D×m) that takes the means of the clusters of m columns with the given distances.
func clusterMeans(distances []float64, m, D int) (*mat.Dense, error) {
	w := mat.NewSymDense(m, nil)
	for i := range m {
		for j := i; j < m; j++ {
			d := distances[i*m+j]
			w.SetSym(i, j, math.Exp(-d*d/2))
		}
	}
	_, v, err := laplacianMaps("FeatureClustering", w)
	if err != nil {
		return nil, err
	}
	labels := kMeans(mat.DenseCopyOf(v.Slice(0, m, 0, D)), D, graph.NewKey(clusteringSeed, "clusters"))
	C := mat.NewDense(D, m, nil)
	size := make([]float64, D)
	for _, l := range labels {
		size[l]++
	}
	for j, l := range labels {
		C.Set(l, j, 1/size[l])
	}
	return C, nil
}

// clusteringSeed starts k-means the same way every time.
const clusteringSeed = 42
