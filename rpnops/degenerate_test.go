package rpnops

import (
	"math"
	"testing"
)

// Data without any variation, or with one column, gives finite numbers: distances of 0 divide nothing.
func TestFitsOfDegenerateData(t *testing.T) {
	one := Reduced{D: 1}
	for _, k := range []Transformation{
		IncrementalPCA{Reduced: one}, VarianceThreshold{Reduced: one}, FeatureClustering{Reduced: one}, RandomProjection{Reduced: one},
		Embedding[Isomap]{Reduced: one, Method: Isomap{NNeighbors: 2}}, Embedding[LLE]{Reduced: one, Method: LLE{NNeighbors: 2}},
		Embedding[MDS]{Reduced: one}, Embedding[SpectralEmbedding]{Reduced: one}, Embedding[TSNE]{Reduced: one, Method: TSNE{Perplexity: 3.5}},
	} {
		for what, x := range map[string][][]float64{
			"equal rows":   {{2, 1, 0}, {2, 1, 0}, {2, 1, 0}, {2, 1, 0}},
			"one column":   {{1}, {2}, {3}, {7}},
			"two of a row": {{1, 1}, {1, 1}, {5, 0}, {5, 0}},
			"large":        {{1e9, 0}, {-1e9, 1}, {3e9, 0}, {0, -1e9}},
			"tiny":         {{1e-9, 0}, {-1e-9, 1e-12}, {3e-9, 0}, {0, -1e-9}},
		} {
			for _, v := range flatten(compress(t, k, true, x)) {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Errorf("%T of %s: %v", k, what, v)
				}
			}
		}
	}
}
