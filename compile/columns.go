package compile

import (
	"slices"

	"rpnc/graph"
	"rpnc/ops"
)

// Expansions that choose and add up columns are linear: κ(x) = x·G for a sparse G of zeros and ones. All sums of two columns
// of 64 are 2,016 columns, but a product with them has no more to tell than one with the 64:
//
//	κ(x)·Wᵀ = (x·G)·Wᵀ = x·(W·Gᵀ)ᵀ
//
// G is kept as tables, of which column j of κ is the sum: that of x at t[j] for each table t. For [x₀, x₁, x₀ + x₁] these are
//
//	0  1  0
//	−  −  1      − for no column
//
// and W·Gᵀ is a [ops.ScatterAdd] of W by each of them, with what Gather reads as 0 dropped.
//
// W·Gᵀ adds up the columns of W that meet one column of x. A batch is as high as it is, a layer has few rows of W: so that is
// less work than to write κ(x), and the product is that of a layer on x. Backward, the gradient of W is read off the small
// gradient of W·Gᵀ by the same tables.

// columnMaps moves choices and sums of columns from the data to the weights that they are multiplied with.
func columnMaps(g *graph.Graph, roots []*graph.Node) (*graph.Graph, []*graph.Node) {
	return applyRules(g, roots, []rule{columnMap})
}

// columnMap is the rule of columnMaps.
func columnMap(n *graph.Node, _ func(int) bool) *graph.Node {
	if n.Op != (ops.MatMul{TB: true}) || n.In[0].Shape().Rank() != 2 || n.In[1].Shape().Rank() != 2 {
		return nil
	}
	k, w := n.In[0], n.In[1]
	x := firstGathered(k, map[*graph.Node]bool{})
	if x == nil || x == k {
		return nil
	}
	tables := tablesOf(k, x)
	rows, D, count, m := k.Shape().Dim(0), k.Shape().Dim(1), w.Shape().Dim(0), x.Shape().Dim(1)
	// κ is written and read once a table and multiplied; W is read by a table, at a worse rate.
	direct := float64(rows) * float64(D) * float64(len(tables)+1+2*count)
	moved := gatherRate*float64(count)*float64(D)*float64(len(tables)) + 2*float64(rows)*float64(m)*float64(count)
	if len(tables) == 0 || moved > 0.5*direct || !allChosen(tables, m) {
		return nil
	}
	var sum *graph.Node
	for _, t := range tables {
		s := n.Graph().Apply(ops.ScatterAdd{Table: graph.NewIndex(t...), N: m}, w)
		if sum == nil {
			sum = s
		} else {
			sum = ops.Add(sum, s)
		}
	}
	return ops.MatMulT(x, sum)
}

// allChosen says whether tables choose each of m columns. A column that none chooses would meet a weight of 0 in the product
// with x, and be NaN in all results if it is NaN or infinite, as attributes that were not measured may be.
func allChosen(tables [][]int32, m int) bool {
	chosen, missing := make([]bool, m), m
	for _, t := range tables {
		for _, j := range t {
			if j >= 0 && !chosen[j] {
				chosen[j] = true
				missing--
			}
		}
	}
	return missing == 0
}

const (
	// gatherRate is how many times longer it takes to add up an element that a table chooses than to multiply one in a product.
	gatherRate = 4
	// mostTables bounds the terms of a column.
	mostTables = 8
)

// firstGathered is what the first choice of columns reads within joins and sums of choices; nil where there is none. Sums of
// sums share their terms, so that nodes in them are reached on more ways than there are nodes: none is looked at twice.
func firstGathered(n *graph.Node, seen map[*graph.Node]bool) *graph.Node {
	if seen[n] {
		return nil
	}
	seen[n] = true
	switch op := n.Op.(type) {
	case ops.Gather:
		if op.Patches == (ops.Patches{}) {
			return n.In[0]
		}
	case ops.Concat, graph.Add:
		for _, x := range n.In {
			if y := firstGathered(x, seen); y != nil {
				return y
			}
		}
	}
	return nil
}

// tablesOf are tables of columns of x whose sum is n, −1 for none; nil where n is not such a sum.
func tablesOf(n, x *graph.Node) (tables [][]int32) {
	if n == x {
		own := make([]int32, x.Shape().Dim(1))
		for j := range own {
			own[j] = int32(j)
		}
		return [][]int32{own}
	}
	switch op := n.Op.(type) {
	case ops.Gather:
		if n.In[0] == x && op.Patches == (ops.Patches{}) {
			return [][]int32{op.Table.Slice()}
		}
	case graph.Add:
		for _, y := range n.In {
			t := tablesOf(y, x)
			if t == nil {
				return nil
			}
			tables = append(tables, t...)
		}
	case ops.Concat:
		if axisOf(op.Axis, n.Shape()) == 1 {
			tables = joinTables(n.In, x)
		}
	}
	if len(tables) > mostTables {
		return nil
	}
	return tables
}

// joinTables are the tables of operands side by side: each of them has as many as the one that needs most.
func joinTables(in []*graph.Node, x *graph.Node) (tables [][]int32) {
	width := 0
	for _, y := range in {
		t := tablesOf(y, x)
		if t == nil {
			return nil
		}
		for len(tables) < len(t) {
			tables = append(tables, slices.Repeat([]int32{-1}, width))
		}
		none := slices.Repeat([]int32{-1}, y.Shape().Dim(1))
		for k := range tables {
			if k < len(t) {
				tables[k] = append(slices.Clone(tables[k]), t[k]...)
			} else {
				tables[k] = append(tables[k], none...)
			}
		}
		width += len(none)
	}
	return tables
}
