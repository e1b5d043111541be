package compile

import (
	"math"

	"rpnc/graph"
	"rpnc/ops"
)

// An expansion in powers κ(x) = [x, x⊗x, …] is a row-wise Kronecker product [1, x, …]⊗x, wide and easily described: 784
// columns of x are 615,440 of κ. The passes here keep it from memory. norm-products takes layer norms of κ to the other side of
// the product with a matrix, where they are a correction of rank one:
//
//	((κ − μ)∘ρ)·Wᵀ = (κ·Wᵀ − μ·(W·1)ᵀ)∘ρ,    Σκ = Σu·Σx,    Σκ² = Σu²·Σx²    for κ = u⊗x, row by row
//
// W·1 is one more row of the product, with a row of ones below u and below x; so whatever later passes find out about W
// serves both. contract-powers then multiplies κ block by block (ops.Trilinear).

// largePower is the number of elements from which it pays to keep a Kronecker product out of memory. Smaller ones stay in
// cache, and products with them fuse with others.
const largePower = 1 << 14

// kroneckerOf recognises a large matrix that is u⊗x row by row, for u (b×p) and x (b×q); nil for others. Powers side by
// side are one such product, [x, x⊗x] = [1, x]⊗x.
func kroneckerOf(n *graph.Node) (u, x *graph.Node) {
	if n.Shape().Rank() != 2 || n.Shape().Size() < largePower {
		return nil, nil
	}
	join, ok := n.Op.(ops.Concat)
	if !ok || axisOf(join.Axis, n.Shape()) != 1 {
		return rowKronecker(n)
	}
	var left []*graph.Node
	for i := len(n.In) - 1; i >= 0; i-- { // x itself may stand first, and is known by the others
		part := n.In[i]
		if part == x {
			one := part.Type().Of(part.Shape().Dim(0), 1)
			left = append([]*graph.Node{n.Graph().Const(one, 1)}, left...)
			continue
		}
		v, y := rowKronecker(part)
		if v == nil || x != nil && y != x {
			return nil, nil
		}
		left, x = append([]*graph.Node{v}, left...), y
	}
	return ops.Join(1, left...), x
}

// rowKronecker recognises (b×p×1)·(b×1×q) read as (b×p·q).
func rowKronecker(n *graph.Node) (u, x *graph.Node) {
	if _, ok := n.Op.(ops.Reshaped); !ok || n.In[0].Op != (ops.Binary{Kind: ops.KMul}) {
		return nil, nil
	}
	s := n.In[0].Shape()
	if s.Rank() != 3 || n.Shape() != graph.Sh(s.Dim(0), s.Dim(1)*s.Dim(2)) {
		return nil, nil
	}
	a, c := behindBroadcast(n.In[0].In[0]), behindBroadcast(n.In[0].In[1])
	if a.Shape() == graph.Sh(s.Dim(0), 1, s.Dim(2)) {
		a, c = c, a
	}
	if a.Shape() != graph.Sh(s.Dim(0), s.Dim(1), 1) || c.Shape() != graph.Sh(s.Dim(0), 1, s.Dim(2)) {
		return nil, nil
	}
	return matrixOf(a, s.Dim(0), s.Dim(1)), matrixOf(c, s.Dim(0), s.Dim(2))
}

// matrixOf reads x under two axes. What was a matrix before it was reshaped is that matrix, so that equal factors are equal
// nodes.
func matrixOf(x *graph.Node, rows, cols int) *graph.Node {
	if _, ok := x.Op.(ops.Reshaped); ok && x.In[0].Shape() == graph.Sh(rows, cols) {
		return x.In[0]
	}
	return ops.Reshape(x, rows, cols)
}

// kronecker is u⊗x in the form that rowKronecker recognises.
func kronecker(u, x *graph.Node) *graph.Node {
	b, p, q := u.Shape().Dim(0), u.Shape().Dim(1), x.Shape().Dim(1)
	return ops.Reshape(ops.Mul(ops.Reshape(u, b, p, 1), ops.Reshape(x, b, 1, q)), b, p*q)
}

// normProducts takes norms of powers through products.
func normProducts(g *graph.Graph, roots []*graph.Node) (*graph.Graph, []*graph.Node) {
	return applyRules(g, roots, []rule{sumOfPowers, squaresOfPowers, normedProduct})
}

// sumOfPowers: the row sums of u⊗x are the products of the row sums of u and x.
func sumOfPowers(n *graph.Node, _ func(int) bool) *graph.Node {
	if !isRowSum(n) {
		return nil
	}
	u, x := kroneckerOf(n.In[0])
	if u == nil {
		return nil
	}
	return ops.Mul(rowSums(u, 1), rowSums(x, 1))
}

// rowSums are the sums of rows, of their values (power 1) or squares (2), (b×1). Of columns side by side they are added up part by
// part: u = [1, x] has the sums of x and one more, so they are taken once for both.
func rowSums(x *graph.Node, power int) *graph.Node {
	if v, ok := splat(x); ok {
		return x.Graph().Const(x.Type().Of(x.Shape().Dim(0), 1), math.Pow(v, float64(power))*float64(x.Shape().Dim(1)))
	}
	if join, ok := x.Op.(ops.Concat); ok && axisOf(join.Axis, x.Shape()) == 1 {
		sum := rowSums(x.In[len(x.In)-1], power)
		for _, part := range x.In[:len(x.In)-1] {
			sum = ops.Add(sum, rowSums(part, power))
		}
		return sum
	}
	if power == 2 {
		x = ops.Square(x)
	}
	return ops.SumAxis(x, 1)
}

// isRowSum says that n sums the rows of a matrix.
func isRowSum(n *graph.Node) bool {
	to, ok := n.Op.(ops.SumTo)
	return ok && n.In[0].Shape().Rank() == 2 && to.To == graph.Sh(n.In[0].Shape().Dim(0), 1)
}

// squaresOfPowers: Σ(κ − μ)² = Σκ² − μ(2Σκ − D·μ) for one μ a row. Rounding may leave less than the 0 that the sum is at
// least.
func squaresOfPowers(n *graph.Node, _ func(int) bool) *graph.Node {
	if !isRowSum(n) || n.In[0].Op != (ops.Unary{Kind: ops.KSquare}) {
		return nil
	}
	kappa, mu := centred(n.In[0].In[0])
	if kappa == nil {
		return nil
	}
	u, x := kroneckerOf(kappa)
	if u == nil {
		return nil
	}
	squares := ops.Mul(rowSums(u, 2), rowSums(x, 2))
	sum := ops.Mul(rowSums(u, 1), rowSums(x, 1))
	shift := ops.Sub(ops.Scale(sum, 2), ops.Scale(mu, float64(kappa.Shape().Dim(1))))
	return ops.Relu(ops.Sub(squares, ops.Mul(mu, shift)))
}

// centred recognises x − μ for a matrix x and a column μ of one number a row; nil for others.
func centred(n *graph.Node) (x, mu *graph.Node) {
	if n.Op != (ops.Binary{Kind: ops.KSub}) {
		return nil, nil
	}
	return n.In[0], perRow(n.In[1])
}

// perRow is the column (b×1) that n repeats, nil if n is anything else.
func perRow(n *graph.Node) *graph.Node {
	if c := behindBroadcast(n); n.Shape().Rank() == 2 && c.Shape() == graph.Sh(n.Shape().Dim(0), 1) {
		return c
	}
	return nil
}

// normedProduct: ((κ − μ)∘ρ)·Wᵀ = (κ·Wᵀ − μ·(W·1)ᵀ)∘ρ.
func normedProduct(n *graph.Node, _ func(int) bool) *graph.Node {
	if n.Op != (ops.MatMul{TB: true}) || n.In[0].Op != (ops.Binary{Kind: ops.KMul}) || n.In[1].Shape().Rank() != 2 {
		return nil
	}
	kappa, mu := centred(n.In[0].In[0])
	rho := perRow(n.In[0].In[1])
	if kappa == nil || mu == nil || rho == nil {
		return nil
	}
	u, x := kroneckerOf(kappa)
	if u == nil {
		return nil
	}
	b := u.Shape().Dim(0)
	y := ops.MatMulT(kronecker(withOnes(u), withOnes(x)), n.In[1])
	sums := ops.SliceAxis(y, 0, b, b+1)
	return ops.Mul(ops.Sub(ops.SliceAxis(y, 0, 0, b), ops.Mul(mu, sums)), rho)
}

// withOnes is x with a row of ones below it.
func withOnes(x *graph.Node) *graph.Node {
	return ops.Join(0, x, x.Graph().Const(x.Type().Of(1, x.Shape().Dim(1)), 1))
}

// contractPowers multiplies powers without forming them.
func contractPowers(g *graph.Graph, roots []*graph.Node) (*graph.Graph, []*graph.Node) {
	return applyRules(g, roots, []rule{powerProduct, powerBlocks})
}

// powerProduct: (u⊗x)·Wᵀ block by block.
func powerProduct(n *graph.Node, _ func(int) bool) *graph.Node {
	if n.Op != (ops.MatMul{TB: true}) || n.In[1].Shape().Rank() != 2 {
		return nil
	}
	u, x := kroneckerOf(n.In[0])
	if u == nil {
		return nil
	}
	return ops.KroneckerProduct(u, x, n.In[1])
}

// powerBlocks: κ cut into blocks of G columns that are multiplied with the L rows of one matrix each, which is how flat outer
// products contract it (see outerProducts). Block c is made of segments, stretches of rows of the (p×q) matrix that a row
// of κ is; segment s lies in row j(s) and begins at column k(s) of it:
//
//	T[r, c, l] = Σ_s u[r, j(s)]·Σ_k x[r, k]·m[s, l, k]    s in c,  m[s, l, k] = b[l, j(s)·q + k − c·G] within s, else 0
//
// so one product with a gathered matrix does for all, of some 2·R·(p + C)·L·q operations.
func powerBlocks(n *graph.Node, _ func(int) bool) *graph.Node {
	u, x := blocksOfPowers(n)
	if u == nil {
		return nil
	}
	R, p, q := u.Shape().Dim(0), u.Shape().Dim(1), x.Shape().Dim(1)
	L, G := n.In[1].Shape().Dim(0), n.In[1].Shape().Dim(1)
	t := segmentsOf(p, q, G, L)
	gather := func(x *graph.Node, table []int32) *graph.Node {
		return x.Graph().Apply(ops.Gather{Table: graph.NewIndex(table...)}, x)
	}
	m := ops.Reshape(gather(ops.Reshape(n.In[1], L*G), t.matrix), len(t.left), q)
	z := ops.Mul(ops.MatMulT(x, m), gather(u, t.left))
	y := n.Graph().Apply(ops.ScatterAdd{Table: graph.NewIndex(t.sum...), N: p * q / G * L}, z)
	return ops.Reshape(y, R*(p*q/G), L)
}

// behindReshape is kroneckerOf what n reads under another shape.
func behindReshape(n *graph.Node) (u, x *graph.Node) {
	if u, x = kroneckerOf(n.In[0]); u != nil {
		return u, x
	}
	// simplify looks through one of two reshapes, so the matrix of powers may itself be gone.
	p := n.In[0]
	if p.Op != (ops.Binary{Kind: ops.KMul}) || p.Shape().Rank() != 3 {
		return nil, nil
	}
	s := p.Shape()
	return kroneckerOf(ops.Reshape(p, s.Dim(0), s.Dim(1)*s.Dim(2)))
}

// segmentTables are the tables of powerBlocks, an entry each for a segment and a row l of the matrix.
type segmentTables struct {
	matrix []int32 // where the row of m reads b, −1 outside of the segment
	left   []int32 // the column of u
	sum    []int32 // the column of T
}

// segmentsOf cuts a row of κ into blocks of G and rows of q.
func segmentsOf(p, q, G, L int) (t segmentTables) {
	for at := 0; at < p*q; {
		j, k, c := at/q, at%q, at/G
		n := min(q-k, (c+1)*G-at)
		for l := range L {
			row := make([]int32, q)
			for i := range row {
				if row[i] = -1; i >= k && i < k+n {
					row[i] = int32(l*G + at - c*G + i - k)
				}
			}
			t.matrix = append(t.matrix, row...)
			t.left, t.sum = append(t.left, int32(j)), append(t.sum, int32(c*L+l))
		}
		at += n
	}
	return t
}
