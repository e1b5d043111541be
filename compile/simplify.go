package compile

import (
	"slices"

	"rpnc/graph"
	"rpnc/ops"
)

// How rules are applied. A pass of rules rebuilds the graph from the operands up, and at every node
// tries the rules in order until none finds anything; rounds repeat this until nothing changes, at most
// eight times. Local rules with a fixed order are easy to reason about: each is right by itself, and
// which one comes first changes how soon the end is reached and not what it computes.

// rule looks at one node of the graph under construction and answers with a node that computes the same for less, or
// nil. shared says that the node's operand i has other readers, so that undoing it would not make it go.
type rule func(n *graph.Node, shared func(i int) bool) *graph.Node

// Rules may be tried in any order and on any graph: each keeps the type and the value of its node (up to rounding), and
// makes the graph smaller or moves a node towards where another rule removes it. What no rule may do is undo another one,
// or the rounds below would be used up going in circles.

// rounds bounds how often a pass of rules runs over the whole graph, and how often rules apply to one node.
const rounds = 8

// applyRules rewrites from the operands to the results until no rule finds anything.
//
// A node that a rule has made is over new operands, whose readers are not counted yet; it counts as
// shared until the next round, which errs towards doing nothing.
func applyRules(g *graph.Graph, roots []*graph.Node, rules []rule) (*graph.Graph, []*graph.Node) {
	for range rounds {
		changed := false
		uses := useCounts(g, roots)
		h, m := g.Rewrite(roots, func(h *graph.Graph, n *graph.Node, in []*graph.Node) *graph.Node {
			out := h.Apply(n.Op, in...)
			// What is known of readers is about operands as they were; of a rewritten node, the next round knows them.
			shared := func(i int) bool { return out.Op != n.Op || uses[n.In[i]] > 1 }
			for range rounds {
				next := firstRule(rules, out, shared)
				if next == nil {
					break
				}
				out, changed = next, true
			}
			return out
		})
		g, roots = h, m.All(roots)
		if !changed {
			break
		}
	}
	return g, roots
}

// firstRule is what the first rule that finds something makes of n; nil if none does.
//
// A rule that answers with its own node has found nothing: builders such as ops.ReshapeTo return their operand where
// nothing is to be done, and hash-consing turns an equal node into the same.
func firstRule(rules []rule, n *graph.Node, shared func(i int) bool) *graph.Node {
	for _, r := range rules {
		if out := r(n, shared); out != nil && out != n {
			return out
		}
	}
	return nil
}

// useCounts counts the readers of every live node, outputs and updates among them.
//
// Reading twice counts twice (x·x), and so does being an output: what is counted is who would miss the node.
func useCounts(g *graph.Graph, roots []*graph.Node) map[*graph.Node]int {
	uses := map[*graph.Node]int{}
	for _, n := range g.Live(roots...) {
		for _, x := range n.In {
			uses[x]++
		}
	}
	for _, n := range roots {
		uses[n]++
	}
	for _, u := range g.Updates() {
		uses[u.Value]++
	}
	return uses
}

// simplify is algebra: identities, transposes into product flags, views of views, sums and repetitions that undo each
// other, small constants.
func simplify(g *graph.Graph, roots []*graph.Node) (*graph.Graph, []*graph.Node) {
	return applyRules(g, roots, []rule{foldConstants, arithmetic, views, broadcasts, sums, labelSums, productFlags, productIdentity, sharedFactor, joins, paddings, viewBehindFunction})
}

// splat is the value of a node all of whose elements are one constant.
func splat(n *graph.Node) (v float64, ok bool) {
	switch op := n.Op.(type) {
	case graph.Const:
		return op.Splat()
	case ops.Broadcast, ops.Reshaped:
		return splat(n.In[0])
	}
	return 0, false
}

// filled is a tensor of t's type with one value.
func filled(n *graph.Node, v float64) *graph.Node { return n.Graph().Const(n.Type(), v) }

// maxFold is the largest constant that folding may make.
const maxFold = 1024

// foldConstants evaluates ops of constants where the result is small. What writes structure out (Densify, UpperOnes,
// Broadcast) stays an op: other passes know it by that op, and a table of numbers has lost it.
func foldConstants(n *graph.Node, _ func(int) bool) *graph.Node {
	switch n.Op.(type) {
	case graph.Const, graph.Leaf, graph.Result, ops.Densify, ops.UpperOnes, ops.MatPow, ops.Broadcast, ops.OneHot, ops.Pad:
		return nil
	}
	if len(n.Types) > 1 || len(n.In) == 0 || n.Shape().Size() > maxFold || !n.DType().IsFloat() {
		return nil
	}
	in := make([]*graph.Tensor, len(n.In))
	for i, x := range n.In {
		if in[i] = constValue(x); in[i] == nil {
			return nil
		}
	}
	out, err := graph.EvalOp(n.Op, n.Types, in)
	if err != nil {
		return nil // the program reports it when it runs
	}
	return constantOf(n, out[0].F)
}

// constantOf is a constant of n's type, by one value if all are equal.
//
// Constants of one repeated value are kept as that value: they are read as an immediate of a chain, not from memory.
func constantOf(n *graph.Node, v []float64) *graph.Node {
	if len(v) > 1 && !slices.ContainsFunc(v, func(x float64) bool { return x != v[0] }) {
		v = v[:1]
	}
	return n.Graph().Const(n.Type(), v...)
}

// constValue is the value of a constant or of a repeated one; nil for other nodes and for what is too large.
func constValue(n *graph.Node) *graph.Tensor {
	c, ok := n.Op.(graph.Const)
	if v, same := splat(n); !ok && same && n.DType().IsFloat() {
		c, ok = graph.Const{T: n.Type(), V: graph.NewData(v)}, true
	}
	if !ok || n.Shape().Size() > maxFold {
		return nil
	}
	t := graph.NewTensor(n.Type())
	if err := c.Eval([]*graph.Tensor{t}, nil); err != nil {
		return nil
	}
	return t
}

// arithmetic: x+0, x−0, x·1, x/1, x·(−1), −(−x), c·(d·x). Means, scaled chains and the cotangent 1 of a loss bring them.
func arithmetic(n *graph.Node, _ func(int) bool) *graph.Node {
	// 0·x is not 0 for every x (NaN, ∞), so it stays.
	if n.Op == (ops.Unary{Kind: ops.KNeg}) && n.In[0].Op == n.Op {
		return n.In[0].In[0]
	}
	if len(n.In) != 2 {
		return nil
	}
	a, b := n.In[0], n.In[1]
	va, constA := splat(a)
	vb, constB := splat(b)
	// −0 + 0 is +0, the one value that x + 0 changes; nothing here tells the two zeros apart.
	switch op := n.Op.(type) {
	case graph.Add:
		if constA && va == 0 {
			return b
		}
		if constB && vb == 0 {
			return a
		}
	case ops.Binary:
		switch {
		case op.Kind == ops.KMul && constA && !constB:
			return n.Graph().Apply(op, b, a) // constants second, so that the rules below see them
		case constB:
			return constantFactor(n, op.Kind, vb)
		}
	}
	return nil
}

// constantFactor simplifies a − v, a·v and a/v.
func constantFactor(n *graph.Node, k ops.BinaryKind, v float64) *graph.Node {
	a := n.In[0]
	switch {
	case k == ops.KSub && v == 0, k != ops.KSub && v == 1:
		return a
	case k == ops.KMul && v == -1:
		return ops.Neg(a)
	case k == ops.KMul && a.Op == n.Op:
		if inner, ok := splat(a.In[1]); ok {
			return ops.Mul(a.In[0], filled(n, inner*v))
		}
	}
	return nil
}

// views: reshapes of reshapes, permutations of permutations, and permutations that move no element. The last matter most:
// (b×1×n) → (1×b×n) is a permutation, which copies, but also a reshape, which is a view.
func views(n *graph.Node, _ func(int) bool) *graph.Node {
	switch op := n.Op.(type) {
	case ops.Reshaped:
		x := n.In[0]
		if _, again := x.Op.(ops.Reshaped); again {
			return ops.ReshapeTo(x.In[0], op.To)
		}
		return ops.ReshapeTo(x, op.To)
	case ops.Permuted:
		x := n.In[0]
		if inner, again := x.Op.(ops.Permuted); again {
			return ops.Permute(x.In[0], compose(inner.Axes(), op.Axes())...)
		}
		if keepsOrder(op.Axes(), x.Shape()) {
			return ops.ReshapeTo(x, n.Shape())
		}
	}
	return nil
}

// compose is the permutation that applies p and then q.
//
// Permutations are given as sources: axis i of the result is axis p[i] of the operand. So the second one is looked up in
// the first.
func compose(p, q []int) []int {
	r := make([]int, len(p))
	for i := range r {
		r[i] = p[q[i]]
	}
	return r
}

// keepsOrder says that the axes longer than 1 stay in order.
//
// Axes of length 1 may go anywhere without moving an element.
func keepsOrder(axes []int, s graph.Shape) bool {
	last := -1
	for _, a := range axes {
		if s.Dim(a) == 1 {
			continue
		}
		if a < last {
			return false
		}
		last = a
	}
	return true
}

// broadcasts: repetitions of repetitions, and elementwise functions before the repetition rather than after it:
//
//	tanh(repeat x) → repeat(tanh x),   repeat(x)·repeat(y) → repeat(x·y)
//
// The variance of a batch norm, b×m numbers after it is repeated, is m numbers before.
func broadcasts(n *graph.Node, _ func(int) bool) *graph.Node {
	to, repeats := n.Op.(ops.Broadcast)
	_, unary := n.Op.(ops.Unary)
	_, binary := n.Op.(ops.Binary)
	_, add := n.Op.(graph.Add)
	switch {
	case repeats:
		if _, again := n.In[0].Op.(ops.Broadcast); again {
			return ops.BroadcastTo(n.In[0].In[0], to.To)
		}
		return ops.BroadcastTo(n.In[0], to.To)
	case unary:
		if x := small(n.In[0]); x != n.In[0] {
			return ops.BroadcastTo(n.Graph().Apply(n.Op, x), n.Shape())
		}
	case binary || add:
		// Both are brought to the smallest shape that holds them; the rest of the repetition comes after.
		a, b := small(n.In[0]), small(n.In[1])
		s, ok := ops.BroadcastShapes(a.Shape(), b.Shape())
		if ok && s.Size() < n.Shape().Size() {
			return ops.BroadcastTo(n.Graph().Apply(n.Op, ops.BroadcastTo(a, s), ops.BroadcastTo(b, s)), n.Shape())
		}
	}
	return nil
}

// small is what a Broadcast or a constant of equal elements repeats, the node itself if it is neither.
func small(n *graph.Node) *graph.Node {
	if _, ok := n.Op.(ops.Broadcast); ok {
		return n.In[0]
	}
	if v, ok := splat(n); ok && n.Shape().Rank() > 0 && n.DType().IsFloat() {
		return n.Graph().Scalar(n.DType(), v)
	}
	return n
}
