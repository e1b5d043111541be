package rpnops

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// laplacianMaps are the eigenvalues in rising order and the eigenvectors, as columns, of the normalised Laplacian
// I − D^(−½)·W·D^(−½) of a graph with weights W, whose diagonal does not count; D is the diagonal of its degrees. The rows of the
// vectors are divided by √degree, so that the first column is constant on a connected graph. A node without edges has
// degree 1 and similarity to none.
func laplacianMaps(name string, w *mat.SymDense) ([]float64, *mat.Dense, error) {
	n := w.SymmetricDim()
	root := make([]float64, n)
	for i := range n {
		degree := 0.0
		for j := range n {
			if j != i {
				degree += w.At(i, j)
			}
		}
		if root[i] = math.Sqrt(degree); degree <= 0 {
			root[i] = 1
		}
	}
	l := mat.NewSymDense(n, nil)
	for i := range n {
		l.SetSym(i, i, 1)
		for j := range i {
			l.SetSym(i, j, -w.At(i, j)/root[i]/root[j])
		}
	}
	values, v, err := eigen(name, l)
	if err != nil {
		return nil, nil, err
	}
	v.Apply(func(i, _ int, a float64) float64 { return a / root[i] }, v)
	flip(v)
	return values, v, nil
}

// nearest lists for every row of a matrix of distances the k nearest others, in the order of distances and, where these
// are equal, of positions.
func nearest(distances *mat.Dense, k int) [][]int {
	n, _ := distances.Dims()
	out := make([][]int, n)
	for i := range out {
		for range k {
			best := -1
			for j := range n {
				if j != i && !slices.Contains(out[i], j) && (best < 0 || distances.At(i, j) < distances.At(i, best)) {
					best = j
				}
			}
			out[i] = append(out[i], best)
		}
	}
	return out
}
