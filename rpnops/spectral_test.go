package rpnops

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"rpnc/graph"
)

// The second eigenvector of a path's Laplacian orders its nodes.
func TestLaplacianMapsOrderAPath(t *testing.T) {
	w := mat.NewSymDense(6, nil)
	for i := range 5 {
		w.SetSym(i, i+1, 1)
	}
	values, v, err := laplacianMaps("test", w)
	if err != nil || math.Abs(values[0]) > 1e-12 {
		t.Fatal(values, err)
	}
	if second := mat.Col(nil, 1, v); !monotonic(second) {
		t.Errorf("second eigenvector %v; want it monotonic", second)
	}
}

func monotonic(v []float64) bool {
	down := slices.Clone(v)
	slices.Reverse(down)
	return slices.IsSorted(v) || slices.IsSorted(down)
}

// Points along a curve come in the order of the curve: the constant eigenvector is left out.
func TestSpectralEmbeddingOrdersACurve(t *testing.T) {
	var x [][]float64
	for i := range 40 {
		s, c := math.Sincos(float64(i) / 15)
		x = append(x, []float64{c, s, 0.3 * float64(i) / 40})
	}
	y, err := Embedding[SpectralEmbedding]{Reduced: Reduced{D: 1}}.Embed(x)
	if err != nil || !monotonic(flatten(y)) {
		t.Errorf("have %v, %v; want it monotonic", y, err)
	}
}

// Whatever the random starts, three groups of rows are three clusters, numbered as they first occur.
func TestKMeansNumbersClustersAsTheyOccur(t *testing.T) {
	x := mat.NewDense(7, 2, []float64{0, 9, 5, 0, 0, 9.1, 5.1, 0, -4, -4, 5, 0.2, -4, -4.1})
	for seed := range uint64(20) {
		if have := fmt.Sprint(kMeans(x, 3, graph.NewKey(seed, "test"))); have != "[0 1 0 1 2 1 2]" {
			t.Errorf("seed %d: labels %s, want [0 1 0 1 2 1 2]", seed, have)
		}
	}
}
