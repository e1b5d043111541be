package rpnops

import (
	"gonum.org/v1/gonum/mat"

	"rpnc/graph"
)

// LLE, locally linear embedding, keeps the weights with which every row is the mean of its nearest neighbours: the
// weights minimise ‖xᵢ − Σⱼ wᵢⱼxⱼ‖² + 10⁻³·tr(G)·‖w‖² with Σⱼ wᵢⱼ = 1, G the products of the neighbours' differences, and
// the result is the eigenvectors of (I − W)ᵀ(I − W) after the constant one, in the order of rising eigenvalues, each of
// length 1. Errors: n_neighbors below 2 or not below the number of rows.
//
// Roweis and Saul, Nonlinear Dimensionality Reduction by Locally Linear Embedding (2000).
type LLE struct {
	NNeighbors int `yaml:"n_neighbors" rpn:"min=2"` // 0 means 5
}

func (LLE) name() string { return "LLE" }

func (o LLE) fits(b, D int) error {
	_, err := neighbors("LLE", o.NNeighbors, b, D)
	return err
}

// run finds weights W that make every row from its neighbours, xᵢ ≈ Σⱼ Wᵢⱼ·xⱼ with Σⱼ Wᵢⱼ = 1, and the y that
// these weights serve best: the eigenvectors of the least eigenvalues of (I − W)ᵀ·(I − W). The first, of
// eigenvalue 0, is constant, since the weights of each row sum to 1, and says nothing about the data, so columns
// 1…D are taken.
func (o LLE) run(x *mat.Dense, D int, _ []*graph.Tensor) (mat.Matrix, error) {
	b, _ := x.Dims()
	k, err := neighbors("LLE", o.NNeighbors, b, D)
	if err != nil {
		return nil, err
	}
	rest := mat.NewDense(b, b, nil) // I − W
	for i, near := range nearest(distancesOf(x), k) {
		w, err := barycentre(x, i, near)
		if err != nil {
			return nil, err
		}
		rest.Set(i, i, 1)
		for n, j := range near {
			rest.Set(i, j, -w.AtVec(n))
		}
	}
	var gram mat.SymDense
	gram.SymOuterK(1, rest.T())
	_, v, err := eigen("LLE", &gram)
	if err != nil {
		return nil, err
	}
	return v.Slice(0, b, 1, D+1), nil
}

// barycentre are the weights, of sum 1, with which row i is nearest to the mean of the rows near.
func barycentre(x *mat.Dense, i int, near []int) (*mat.VecDense, error) {
	const regular = 1e-3
	k := len(near)
	_, m := x.Dims()
	z := mat.NewDense(k, m, nil)
	ones := mat.NewVecDense(k, nil)
	for n, j := range near {
		for c := range m {
			z.Set(n, c, x.At(j, c)-x.At(i, c))
		}
		ones.SetVec(n, 1)
	}
	var gram mat.SymDense
	gram.SymOuterK(1, z)
	add := regular * mat.Trace(&gram)
	if add <= 0 {
		add = regular // all neighbours are the row itself
	}
	for n := range k {
		gram.SetSym(n, n, gram.At(n, n)+add)
	}
	var chol mat.Cholesky
	var w mat.VecDense
	if !chol.Factorize(&gram) {
		return nil, errorf("LLE", "the neighbours of row %d have no weights; want data of a moderate range", i)
	}
	if err := chol.SolveVecTo(&w, ones); err != nil {
		return nil, errorf("LLE", "the neighbours of row %d have no weights: %v", i, err)
	}
	w.ScaleVec(1/mat.Sum(&w), &w)
	return &w, nil
}
