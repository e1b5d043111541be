package compile

import (
	"slices"

	"rpnc/graph"
	"rpnc/ops"
)

// Functions of interdependence build A as a matrix, dense by definition: Densify writes values on a pattern, MatPow takes a
// power, UpperOnes is the triangle of an inverse chain. The rules here recognise these three, and never the numbers: what
// a graph computes must not depend on values.
//
//	Densify{P}(v)·x           → SpMM{P}(v, x)                   nnz·n operations for rows·cols·n
//	(Densify{P}(v))ʰ·x        → SpMM(SpMM(…x)), or one SpMM of the power where v is constant and the power thinner
//	U·x                       → CumSum(x)
//	f(Densify(v)), f(0) = 0   → Densify(f(v))                   so that the product above is found
//	Densify·(x·yᵀ) elementwise → Densify of sampled products    attention on edges
//
// The backward is not looked at: SpMM has VJPs that are SpMM and SDDMM, so what is sparse forward is so backward.

// sparse is a matrix that is known by its pattern: (Σ or not) (Densify{p}(values))ʰ, transposed where t says so.
type sparse struct {
	p      ops.Pattern
	values *graph.Node
	t      bool
	h      int
	sum    bool
}

// denseShare is the share of entries from which on the dense product is faster than the sparse one.
const denseShare = 0.25

// structured recognises the dense form of a sparse matrix.
//
// A transpose of a sparse matrix is the same values read the other way, so it is a flag here as it is in products.
func structured(n *graph.Node) (s sparse, ok bool) {
	switch op := n.Op.(type) {
	case ops.Densify:
		return sparse{p: op.P, values: n.In[0], h: 1}, isThin(op.P)
	case ops.MatPow:
		// A power of a power, and A⁰, are left to the dense op: neither is built by any function.
		s, ok := structured(n.In[0])
		if !ok || s.h != 1 || op.H < 1 {
			return s, false
		}
		s.h, s.sum = op.H, op.Accumulative
		return s, true
	case ops.Permuted:
		s, ok := structured(n.In[0])
		s.t = !s.t
		return s, ok
	}
	return s, false
}

// structure replaces products with matrices that are sparse or triangular by construction. The dense matrix stays
// where something else reads it.
func structure(g *graph.Graph, roots []*graph.Node) (*graph.Graph, []*graph.Node) {
	return applyRules(g, roots, []rule{sparseProduct, triangleProduct, belowDensify, sampledProduct})
}

// sparseProduct: A·x, x·A and their transposes become SpMM.
func sparseProduct(n *graph.Node, _ func(int) bool) *graph.Node {
	mm, ok := n.Op.(ops.MatMul)
	if !ok {
		return nil
	}
	a, b := n.In[0], n.In[1]
	if s, ok := structured(a); ok {
		s.t = s.t != mm.TA
		return s.times(upright(b, mm.TB))
	}
	if s, ok := structured(b); ok { // x·A = (Aᵀ·xᵀ)ᵀ
		s.t = s.t == mm.TB
		if mm.TA {
			return ops.Transpose(s.times(a))
		}
		// Every row of x is a batch of its own with one column, so nothing is transposed.
		x := ops.ReshapeTo(a, a.Shape().Append(1))
		y := s.times(x)
		return ops.ReshapeTo(y, y.Shape().Sub(0, y.Shape().Rank()-1))
	}
	return nil
}

// upright is x, transposed where a flag says so.
func upright(x *graph.Node, t bool) *graph.Node {
	if t {
		return ops.Transpose(x)
	}
	return x
}

// times is the product with x: one sparse product with the power, where its pattern is known and cheaper, or h of them.
//
// The order of the two products in y ← A·(x + y) is Horner's rule for (A + A² + … + Aʰ)·x: h products, as many as Aʰ·x
// alone takes.
func (s sparse) times(x *graph.Node) *graph.Node {
	// A chain's third power has 4 diagonals where three products read 2 each: one product is cheaper, and x is read once.
	if p := s.power(); p != nil {
		s = *p
	}
	y := s.once(x)
	for range s.h - 1 { // Horner's rule: A·(x + A·(x + …))
		if s.sum {
			y = ops.Add(x, y)
		}
		y = s.once(y)
	}
	return y
}

// once is the product of the base with x.
func (s sparse) once(x *graph.Node) *graph.Node {
	return x.Graph().Apply(ops.SpMM{P: s.p, T: s.t}, s.values, x)
}

// power is the sparse power of a constant matrix; nil where the values are not constant or the power has more entries
// than the repeated product reads.
//
// The power of a band of width w has width h·w: three hops along a chain are 4 diagonals, computed once while compiling.
// A matrix that spreads fast (a graph with hubs) fills up, and repeated products stay cheaper; limit is where.
func (s sparse) power() *sparse {
	c, ok := s.values.Op.(graph.Const)
	if s.h < 2 || !ok {
		return nil
	}
	limit := s.h * s.p.NNZ()
	if s.sum {
		limit += (s.h - 1) * s.p.Rows // Horner's additions
	}
	a := newRows(s.p, c.At)
	y := a
	for range s.h - 1 {
		if y = a.times(y, s.p.Cols, limit); y == nil {
			return nil
		}
		if s.sum {
			y = y.plus(a, s.p.Cols)
		}
	}
	p, v := y.pattern(s.p.Cols)
	if p.NNZ() > limit {
		return nil
	}
	t := s.values.Type().Of(p.NNZ())
	return &sparse{p: p, values: s.values.Graph().Const(t, v...), t: s.t, h: 1}
}

// rows is a sparse matrix as a list of entries a row, columns rising.
type rows [][]entry

type entry struct {
	col int
	v   float64
}

// newRows reads the pattern and the values of a matrix.
func newRows(p ops.Pattern, at func(int) float64) rows {
	m := make(rows, p.Rows)
	p.Each(func(e, i, j int) { m[i] = append(m[i], entry{j, at(e)}) })
	return m
}

// times is m·o, nil if it has more than limit entries.
func (m rows) times(o rows, cols, limit int) rows {
	out, sum, seen := make(rows, len(m)), make([]float64, cols), make([]bool, cols)
	total := 0
	for i, row := range m {
		var touched []int
		for _, e := range row {
			for _, f := range o[e.col] {
				if !seen[f.col] {
					seen[f.col] = true
					touched = append(touched, f.col)
				}
				sum[f.col] += e.v * f.v
			}
		}
		slices.Sort(touched)
		for _, j := range touched {
			out[i] = append(out[i], entry{j, sum[j]})
			sum[j], seen[j] = 0, false
		}
		if total += len(touched); total > limit {
			return nil
		}
	}
	return out
}

// plus is m + o, a merge of two rising lists.
func (m rows) plus(o rows, cols int) rows {
	out := make(rows, len(m))
	for i := range m {
		a, b := m[i], o[i]
		for len(a) > 0 || len(b) > 0 {
			switch {
			case len(b) == 0 || len(a) > 0 && a[0].col < b[0].col:
				out[i], a = append(out[i], a[0]), a[1:]
			case len(a) == 0 || b[0].col < a[0].col:
				out[i], b = append(out[i], b[0]), b[1:]
			default:
				out[i] = append(out[i], entry{a[0].col, a[0].v + b[0].v})
				a, b = a[1:], b[1:]
			}
		}
	}
	return out
}

// pattern splits m into where its entries are and what they are.
func (m rows) pattern(cols int) (ops.Pattern, []float64) {
	ptr, col, v := []int32{0}, []int32{}, []float64{}
	for _, row := range m {
		for _, e := range row {
			col, v = append(col, int32(e.col)), append(v, e.v)
		}
		ptr = append(ptr, int32(len(col)))
	}
	return ops.Pattern{Rows: len(m), Cols: cols, Ptr: graph.NewIndex(ptr...), Col: graph.NewIndex(col...)}, v
}

// triangleProduct: products with the triangle of ones are running sums. Uᵀ·x sums from the first row down, U·x from
// the last one up, x·U along columns, x·Uᵀ along columns from the end.
//
// The inverse of a chain's I − S is the triangle of ones: an inverse interdependence over b instances costs b additions
// a column instead of b²/2 products.
func triangleProduct(n *graph.Node, _ func(int) bool) *graph.Node {
	mm, ok := n.Op.(ops.MatMul)
	if !ok {
		return nil
	}
	a, b := n.In[0], n.In[1]
	isTriangle := func(x *graph.Node) bool { _, ok := x.Op.(ops.UpperOnes); return ok }
	switch {
	case isTriangle(a):
		x := upright(b, mm.TB)
		return n.Graph().Apply(ops.CumSum{Axis: x.Shape().Rank() - 2, Reverse: !mm.TA}, x)
	case isTriangle(b):
		x := upright(a, mm.TA)
		return n.Graph().Apply(ops.CumSum{Axis: x.Shape().Rank() - 1, Reverse: mm.TB}, x)
	}
	return nil
}

// belowDensify: functions that keep 0 apply to the values instead of the whole matrix. An elementwise product with any
// matrix keeps the zeros too (entries of the other one are read at the pattern), a quotient by it does not: 0/0.
func belowDensify(n *graph.Node, _ func(int) bool) *graph.Node {
	op, isBinary := n.Op.(ops.Binary)
	if op.Kind == ops.KMul && isBinary && !isDensify(n.In[0]) {
		n = n.Graph().Apply(op, n.In[1], n.In[0])
	}
	if len(n.In) == 0 || !isDensify(n.In[0]) {
		return nil
	}
	g, d, v := n.Graph(), n.In[0].Op.(ops.Densify), n.In[0].In[0]
	if f, ok := n.Op.(ops.Unary); ok && keepsZero[f.Kind] {
		return g.Apply(d, g.Apply(f, v))
	}
	if len(n.In) != 2 || !isBinary && n.Op != (graph.Add{}) {
		return nil
	}
	c, same := splat(n.In[1])
	switch {
	case n.In[1].Op == n.In[0].Op && op.Kind != ops.KDiv:
		return g.Apply(d, g.Apply(n.Op, v, n.In[1].In[0]))
	case !isBinary:
	case same && (op.Kind == ops.KMul || op.Kind == ops.KDiv && c != 0):
		return g.Apply(d, g.Apply(op, v, g.Const(v.Type(), c)))
	case op.Kind == ops.KMul && isThin(d.P):
		return g.Apply(d, g.Apply(op, v, g.Apply(ops.AtPattern{P: d.P}, n.In[1])))
	}
	return nil
}

// isDensify says that n is a sparse matrix in dense form.
func isDensify(n *graph.Node) bool { _, ok := n.Op.(ops.Densify); return ok }

// isThin says that working on the entries of the pattern is cheaper than on the whole matrix.
func isThin(p ops.Pattern) bool {
	return float64(p.NNZ()) <= denseShare*float64(p.Rows)*float64(p.Cols)
}

// sampledProduct: a product of which only the entries on a pattern are read is computed only there.
//
// It is what attention on a graph needs: scores for its edges, of which there are far fewer than pairs of nodes. The
// softmax over them is one on the pattern, and no matrix of all pairs is ever in memory.
func sampledProduct(n *graph.Node, shared func(int) bool) *graph.Node {
	at, ok := n.Op.(ops.AtPattern)
	if !ok || shared(0) || !isThin(at.P) {
		return nil
	}
	mm, ok := n.In[0].Op.(ops.MatMul)
	if !ok {
		return nil
	}
	a, b := n.In[0].In[0], n.In[0].In[1]
	return n.Graph().Apply(ops.SDDMM{P: at.P}, upright(a, mm.TA), upright(b, !mm.TB))
}

// keepsZero lists the functions with f(0) = 0.
var keepsZero = map[ops.UnaryKind]bool{ops.KNeg: true, ops.KAbs: true, ops.KSquare: true, ops.KSqrt: true, ops.KLog1p: true, ops.KExpm1: true,
	ops.KSin: true, ops.KTanh: true, ops.KErf: true, ops.KRelu: true, ops.KStep: true, ops.KSign: true, ops.KNonZero: true,
	ops.KSinh: true, ops.KAsin: true, ops.KAtan: true, ops.KAsinh: true, ops.KAtanh: true}
