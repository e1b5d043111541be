package rpnops

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"rpnc/graph"
)

// Isomap keeps distances along the data: the lengths of shortest paths in the graph of every row and its nearest
// neighbours are embedded by classical scaling. Where the graph falls apart, each two parts are joined by their shortest
// edge. Errors: n_neighbors below 2 or not below the number of rows.
//
// Tenenbaum, de Silva and Langford, A Global Geometric Framework for Nonlinear Dimensionality Reduction (2000).
type Isomap struct {
	NNeighbors int `yaml:"n_neighbors" rpn:"min=2"` // 0 means 5
}

func (Isomap) name() string { return "Isomap" }

func (o Isomap) fits(b, D int) error {
	_, err := neighbors("Isomap", o.NNeighbors, b, D)
	return err
}

// run is the eigenvectors of −½·J·d²·J, J = I − 𝟏/b, times the roots of their eigenvalues.
func (o Isomap) run(x *mat.Dense, D int, _ []*graph.Tensor) (mat.Matrix, error) {
	b, _ := x.Dims()
	k, err := neighbors("Isomap", o.NNeighbors, b, D)
	if err != nil {
		return nil, err
	}
	d := paths(distancesOf(x), k)
	d.MulElem(d, d)
	mean := columnMeans(d)
	all := mat.Sum(mean) / float64(b)
	kernel := mat.NewSymDense(b, nil)
	for i := range b {
		for j := range i + 1 {
			kernel.SetSym(i, j, -0.5*(d.At(i, j)-mean.AtVec(i)-mean.AtVec(j)+all))
		}
	}
	values, v, err := eigen("Isomap", kernel)
	if err != nil {
		return nil, err
	}
	return lastColumns(v, D, func(i int) float64 { return math.Sqrt(max(values[i], 0)) }), nil
}

// paths are the lengths of the shortest paths between nodes over edges to the k nearest others (Floyd and Warshall).
func paths(distances *mat.Dense, k int) *mat.Dense {
	n, _ := distances.Dims()
	p := mat.NewDense(n, n, nil)
	p.Apply(func(i, j int, _ float64) float64 {
		if i == j {
			return 0
		}
		return math.Inf(1)
	}, p)
	edge := func(i, j int) {
		p.Set(i, j, distances.At(i, j))
		p.Set(j, i, distances.At(i, j))
	}
	part := make([]int, n)
	for i := range part {
		part[i] = i
	}
	for i, near := range nearest(distances, k) {
		for _, j := range near {
			edge(i, j)
			unite(part, i, j)
		}
	}
	joinParts(part, distances, edge)
	for via := range n {
		row := p.RawRowView(via)
		for i := range n {
			to, first := p.RawRowView(i), p.At(i, via)
			for j, second := range row {
				to[j] = min(to[j], first+second)
			}
		}
	}
	return p
}

// unite gives the parts of i and j one number.
func unite(part []int, i, j int) {
	from, to := part[i], part[j]
	for k := range part {
		if part[k] == from {
			part[k] = to
		}
	}
}

// joinParts adds the shortest edge between each two parts.
func joinParts(part []int, distances *mat.Dense, edge func(i, j int)) {
	shortest := map[[2]int][2]int{}
	for i := range part {
		for j := range i {
			if part[i] == part[j] {
				continue
			}
			key := [2]int{min(part[i], part[j]), max(part[i], part[j])}
			if at, ok := shortest[key]; !ok || distances.At(i, j) < distances.At(at[0], at[1]) {
				shortest[key] = [2]int{i, j}
			}
		}
	}
	for _, at := range shortest {
		edge(at[0], at[1])
	}
}
