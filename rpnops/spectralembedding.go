package rpnops

import (
	"gonum.org/v1/gonum/mat"

	"rpnc/graph"
)

// SpectralEmbedding, Laplacian eigenmaps, keeps neighbours near each other: the eigenvectors of the normalised Laplacian of
// the graph of every row and its max(b/10, 1) nearest others, after the first one, in the order of rising eigenvalues and
// divided by √degree. An edge that only one of its two rows has counts half. Errors: as many dimensions as rows.
//
// Belkin and Niyogi, Laplacian Eigenmaps for Dimensionality Reduction and Data Representation (2003).
type SpectralEmbedding struct{}

func (SpectralEmbedding) name() string { return "SpectralEmbedding" }

func (SpectralEmbedding) fits(b, D int) error { return enough("SpectralEmbedding", b, D, D) }

// run embeds the graph whose weights are ½ for each of two rows that has the other among its b/10 nearest, so 1
// where both do: a symmetric form of a relation that is not. The eigenvector of the least eigenvalue of the
// Laplacian is constant on a connected graph and is left out.
func (SpectralEmbedding) run(x *mat.Dense, D int, _ []*graph.Tensor) (mat.Matrix, error) {
	b, _ := x.Dims()
	w := mat.NewSymDense(b, nil)
	for i, near := range nearest(distancesOf(x), max(b/10, 1)) {
		for _, j := range near {
			w.SetSym(i, j, w.At(i, j)+0.5)
		}
	}
	_, v, err := laplacianMaps("SpectralEmbedding", w)
	if err != nil {
		return nil, err
	}
	return v.Slice(0, b, 1, D+1), nil
}
