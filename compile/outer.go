package compile

import (
	"rpnc/graph"
	"rpnc/ops"
)

// sparseRate is how many times longer an operation of a sparse product with one column takes than one of a dense
// product.
const sparseRate = 48

// outerProducts contracts x·ψᵀ for ψ (n×D) that is a flat outer product of a (P) and b (S), P·S = n·D, read row by row:
// ψ[i, d] = a[u]·b[v] with i·D + d = u·S + v. With G = gcd(D, S) both numberings run in step through blocks of G, so
//
//	T[r, k, l] = Σ_e x[r, k·G+e]·b[l·G+e]                   k < D/G, l < S/G: one product
//	y[r, i]    = Σ_k a[u(i, k)]·T[r, k, l(i, k)]            one sparse product whose values are entries of a
//
// and ψ is never formed, where that is cheaper. Where S divides D there is one l, and the second product is the dense one with
// a read as (n×D/S).
func outerProducts(g *graph.Graph, roots []*graph.Node) (*graph.Graph, []*graph.Node) {
	return applyRules(g, roots, []rule{outerProduct})
}

// outerProduct is the rule of outerProducts.
func outerProduct(n *graph.Node, _ func(int) bool) *graph.Node {
	if n.Op != (ops.MatMul{TB: true}) {
		return nil
	}
	x := n.In[0]
	a, b := flatOuter(n.In[1])
	if a == nil {
		return nil
	}
	count, D, S := n.Shape().Dim(-1), x.Shape().Dim(-1), b.Shape().Size()
	rows, G := x.Shape().Size()/max(1, D), gcd(D, S)
	// T costs 2·rows·D·S/G, the sparse product one entry a block of a row of ψ, with few columns and so at a bad rate. Where
	// G is 1 there are as many blocks as elements, and forming ψ is cheaper.
	// Forming ψ writes and reads it once, some 4 operations an element besides the product.
	formed := float64(count) * float64(D) * float64(2*rows+4)
	rate := sparseRate
	if G == S {
		rate = 1
	}
	if 2*float64(rows)*float64(D)/float64(G)*float64(S+rate*count) > 0.8*formed {
		return nil
	}
	t := ops.MatMulT(ops.Reshape(x, rows*D/G, G), ops.Reshape(b, S/G, G))
	if G == S {
		return ops.ReshapeTo(ops.MatMulT(ops.Reshape(t, rows, D/G), ops.Reshape(a, count, D/G)), n.Shape())
	}
	p, table := outerPattern(count, D/G, S/G)
	values := n.Graph().Apply(ops.Gather{Table: table}, ops.Reshape(a, a.Shape().Size()))
	y := n.Graph().Apply(ops.SpMM{P: p}, values, ops.Reshape(t, rows, D/G*(S/G), 1))
	return ops.ReshapeTo(y, n.Shape())
}

// flatOuter recognises the outer product of a column and a row under another shape; nil for others.
func flatOuter(n *graph.Node) (a, b *graph.Node) {
	if _, ok := n.Op.(ops.Reshaped); ok {
		n = n.In[0]
	}
	if n.Op != (ops.Binary{Kind: ops.KMul}) {
		return nil, nil
	}
	a, b = behindBroadcast(n.In[0]), behindBroadcast(n.In[1])
	sa, sb := a.Shape(), b.Shape()
	if sa.Rank() != 2 || sb.Rank() != 2 || sa.Dim(1) != 1 || sb.Dim(0) != 1 || n.Shape() != graph.Sh(sa.Dim(0), sb.Dim(1)) {
		return nil, nil
	}
	return a, b
}

// outerPattern is where block k of row i meets T: entry (i, k·blocks + l) with value a[u], where i·width + k = u·blocks + l.
func outerPattern(count, width, blocks int) (ops.Pattern, *graph.Index) {
	ptr, col, table := []int32{0}, []int32{}, []int32{}
	for i := range count {
		for k := range width {
			at := i*width + k
			col, table = append(col, int32(k*blocks+at%blocks)), append(table, int32(at/blocks))
		}
		ptr = append(ptr, int32(len(col)))
	}
	return ops.Pattern{Rows: count, Cols: width * blocks, Ptr: graph.NewIndex(ptr...), Col: graph.NewIndex(col...)}, graph.NewIndex(table...)
}

// gcd is the greatest common divisor, at least 1.
func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return max(a, 1)
}
