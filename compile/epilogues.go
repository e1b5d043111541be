package compile

import (
	"rpnc/graph"
	"rpnc/ops"
)

// epilogues makes one op of a product and the elementwise chain that alone reads it: bias and activation of a layer, the
// mask of a gradient, the other term of a sum of gradients.
//
// What it is worth: a product of 512×64 by 64×64 takes 25 µs, and a chain over its result in memory half of that again;
// over rows that the product has just left in cache, it is nearly free. A chain that only updates read stays with the
// commit, which computes parameters in place.
func epilogues(g *graph.Graph, roots []*graph.Node) (*graph.Graph, []*graph.Node) {
	live := g.Live(roots...)
	c := newClusters(g, live, roots)
	var groups [][]*graph.Node
	for _, n := range live {
		if p := c.epilogueOf(n); p != nil {
			groups = append(groups, []*graph.Node{p, n})
		}
	}
	out, mapped, _ := contract(g, roots, groups, func(h *graph.Graph, group []*graph.Node, of func(*graph.Node) *graph.Node) []*graph.Node {
		y := mergeEpilogue(h, group[0], group[1], of)
		return []*graph.Node{y, y}
	})
	return out, mapped
}

// epilogueOf is the product that a chain ends: the last of its operands that is one, of its own shape and read by it
// alone. It is nil where there is none.
func (c *clusters) epilogueOf(n *graph.Node) (product *graph.Node) {
	chain, isChain := n.Op.(ops.Elementwise)
	if sum, ok := n.Op.(ops.MapSum); ok && sum.Map.IsRelu() {
		chain, isChain = sum.Map, true
	}
	if !isChain && !c.fusable(n) || c.updates(n) {
		return nil
	}
	shape := n.Types[0].Shape
	if isChain {
		shape = chain.Shape
	}
	for _, x := range n.In {
		if _, ok := x.Op.(ops.MatMul); ok && c.single(x) && !c.fixed[x] && x.Shape() == shape {
			product = x
		}
	}
	return product
}

// updates says that a result of n becomes a parameter or a state.
func (c *clusters) updates(n *graph.Node) bool {
	if c.kept[n] && !c.root[n] || c.late[n] {
		return true
	}
	for _, r := range c.readers[n] {
		if _, port := r.Op.(graph.Result); port && c.kept[r] && !c.root[r] {
			return true
		}
	}
	return false
}

// mergeEpilogue applies one op for a product and the chain, or the single elementwise node, that reads it. Of a sum of a
// chain, which only a relu is, the sum is left: a product takes the relu of what it has in registers, at no cost, and the
// sum then reads its operand once.
func mergeEpilogue(h *graph.Graph, product, n *graph.Node, of func(*graph.Node) *graph.Node) *graph.Node {
	chain, operands := ops.Elementwise{}, n.In
	sum, isSum := n.Op.(ops.MapSum)
	if op, ok := n.Op.(ops.Elementwise); ok {
		chain = op
	} else if isSum {
		chain = sum.Map
	} else {
		chain, operands = ops.FuseElementwise([]*graph.Node{n}, []*graph.Node{n})
	}
	in, at := []*graph.Node{of(product.In[0]), of(product.In[1])}, 0
	for i, x := range operands {
		if x == product {
			at = i
			continue
		}
		in = append(in, of(x))
	}
	mul, _ := product.Op.(ops.MatMul)
	y := h.Apply(ops.MatMulMap{Mul: mul, Map: chain, At: at}, in...)
	if isSum {
		y = h.Apply(ops.SumTo{To: sum.To}, y)
	}
	return y
}
