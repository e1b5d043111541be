package compile

import (
	"rpnc/graph"
	"rpnc/ops"
)

// expansions makes features of data where a product reads them: κ(x) with thousands of columns is never in memory, in
// neither the product with a matrix nor the gradient by that matrix (ops.Expanded).
//
//	κ = [x | exp −(x − c)² | sin k·x]; y = κ·Wᵀ; dW = dyᵀ·κ      κ is written once and read twice
//	y = Expanded(W, x, c, k); dW = ExpandedGrad(dy, x, c, k)    κ is made twice, where it is read
//
// It needs all readers of κ to be such products: for others κ would be made once more.
func expansions(g *graph.Graph, roots []*graph.Node) (*graph.Graph, []*graph.Node) {
	live := g.Live(roots...)
	x := expander{readers: readersOf(live), kept: keptNodes(g, roots), found: map[*graph.Node]*expanded{}}
	for _, n := range live {
		if at := expandedOperand(n); at >= 0 && x.found[n.In[at]] == nil {
			x.find(n.In[at])
		}
	}
	if len(x.found) == 0 {
		return g, roots
	}
	done := map[*graph.Node]*graph.Node{}
	h, m := g.Rewrite(roots, func(h *graph.Graph, n *graph.Node, in []*graph.Node) *graph.Node {
		done[n] = x.replace(h, n, in, func(y *graph.Node) *graph.Node {
			if l, leaf := y.Leaf(); leaf {
				return h.LeafByName(l.Path)
			}
			return done[y]
		})
		return done[n]
	})
	return h, m.All(roots)
}

const (
	// leastBatch and mostBatch are the rows of a batch for which features are made in place: they are the lanes of the product,
	// and sums over features have parts as high as the batch.
	leastBatch, mostBatch = 16, 256
	// leastOutputs is the number of rows of W from which a feature is used often enough to be worth being made twice.
	leastOutputs = 16
	// leastFeatures is the number of elements of κ from which writing it shows.
	leastFeatures = 1 << 17
	// mostSums is the number of elements of y that every part of the sum over features has memory for.
	mostSums = 1 << 15
)

// expander finds the expansions of a graph.
type expander struct {
	readers map[*graph.Node][]*graph.Node
	kept    map[*graph.Node]bool
	found   map[*graph.Node]*expanded // by κ
}

// expanded is an expansion as a program, and the nodes that it reads.
type expanded struct {
	program  *ops.RowProgram
	operands []*graph.Node
}

// expandedOperand is the operand of n that may be an expansion, for the products that can make it themselves; −1 for none.
func expandedOperand(n *graph.Node) int {
	product := n.Op
	if s, ok := product.(ops.TiledStep); ok {
		product = s.Grad
	}
	last := len(n.In) - 1
	switch {
	case product == graph.Op(ops.MatMul{TB: true}) && n.In[0].Shape().Rank() == 2 && n.In[1].Shape().Rank() == 2:
		return 0
	case product == graph.Op(ops.MatMul{TA: true}) && n.In[last].Shape().Rank() == 2 && n.In[last-1].Shape().Rank() == 2:
		return last
	}
	return -1
}

// find notes κ if it is an expansion that pays and that products alone read.
func (x *expander) find(k *graph.Node) {
	s := k.Shape()
	if b := s.Dim(0); b < leastBatch || b > mostBatch || s.Size() < leastFeatures || x.kept[k] {
		return
	}
	for _, r := range x.readers[k] {
		outputs := r.Types[0].Shape.Size() / s.Dim(0) // of y
		at := expandedOperand(r)
		if at > 0 {
			outputs = r.In[at-1].Shape().Dim(1) // of dy
		}
		if at < 0 || r.In[at] != k || outputs < leastOutputs || outputs*s.Dim(0) > mostSums {
			return
		}
	}
	p := expanded{program: &ops.RowProgram{Rows: s.Dim(0)}}
	value, member := map[*graph.Node]int{}, map[*graph.Node]bool{}
	var nodes []*graph.Node
	x.collect(k, member, &nodes)
	for _, n := range nodes {
		if _, view := n.Op.(ops.Viewer); !view && n != k && !x.within(n, member) {
			return
		}
	}
	if p.build(nodes, member, value); len(p.program.Steps) == 0 {
		return
	}
	p.program.Out = []int{value[k]}
	types := make([]graph.Type, len(p.operands))
	for i, y := range p.operands {
		types[i] = y.Type()
	}
	if makes(nodes) && ops.Expandable(p.program, types) {
		x.found[k] = &p
	}
}

// makes says that nodes compute something.
func makes(nodes []*graph.Node) bool {
	for _, n := range nodes {
		switch n.Op.(type) {
		case ops.Elementwise, ops.BSpline:
			return true
		}
	}
	return false
}

// within says that members alone read n.
func (x *expander) within(n *graph.Node, member map[*graph.Node]bool) bool {
	for _, r := range x.readers[n] {
		_, view := r.Op.(ops.Viewer)
		if !member[r] && !(view && x.within(r, member)) {
			return false
		}
	}
	return !x.kept[n]
}

// collect lists what κ is made of, operands first: joins and views, and the functions that are joined.
func (x *expander) collect(n *graph.Node, member map[*graph.Node]bool, nodes *[]*graph.Node) {
	if member[n] {
		return
	}
	switch n.Op.(type) {
	case ops.Reshaped, ops.Concat, graph.Result:
		for _, y := range n.In {
			x.collect(y, member, nodes)
		}
	case ops.Elementwise, ops.BSpline:
		for _, y := range n.In {
			if _, view := y.Op.(ops.Reshaped); view {
				x.collect(y, member, nodes)
			}
		}
	default:
		return
	}
	member[n] = true
	*nodes = append(*nodes, n)
}

// build makes steps of nodes, which come operands first.
func (p *expanded) build(nodes []*graph.Node, member map[*graph.Node]bool, value map[*graph.Node]int) {
	for _, n := range nodes {
		for i, y := range n.In {
			if _, known := value[y]; !known && !member[y] {
				value[y] = len(p.operands)
				p.operands = append(p.operands, y)
				p.program.Cut = append(p.program.Cut, p.cuts(n, i))
			}
		}
	}
	next := len(p.operands)
	for _, n := range nodes {
		if op, port := n.Op.(graph.Result); port {
			value[n] = value[n.In[0]] + op.I
			continue
		}
		s := ops.RowStep{Op: n.Op}
		for _, y := range n.In {
			s.In = append(s.In, value[y])
		}
		value[n] = next
		next += len(n.Types)
		p.program.Steps = append(p.program.Steps, s)
	}
}

// cuts says that n reads operand i row by row.
func (p *expanded) cuts(n *graph.Node, i int) bool {
	in := make([]graph.Type, len(n.In))
	for k, y := range n.In {
		in[k] = y.Type()
	}
	cut, _, ok := ops.RowCut(n.Op, in, n.Types, p.program.Rows)
	return ok && cut[i]
}

// replace applies the op that makes κ itself in place of a product with one; nil for other nodes.
func (x *expander) replace(h *graph.Graph, n *graph.Node, in []*graph.Node, of func(*graph.Node) *graph.Node) *graph.Node {
	at := expandedOperand(n)
	if at < 0 || x.found[n.In[at]] == nil {
		return h.Apply(n.Op, in...)
	}
	k := x.found[n.In[at]]
	var operands []*graph.Node
	for _, y := range k.operands {
		operands = append(operands, of(y))
	}
	switch op := n.Op.(type) {
	case ops.TiledStep:
		op.Grad = ops.ExpandedGrad{K: k.program}
		return h.Apply(op, append(in[:at:at], operands...)...)
	case ops.MatMul:
		if op.TB {
			return h.Apply(ops.Expanded{K: k.program}, append(in[1:2:2], operands...)...)
		}
	}
	return h.Apply(ops.ExpandedGrad{K: k.program}, append(in[:1:1], operands...)...)
}
