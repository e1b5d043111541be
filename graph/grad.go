package graph

import (
	"errors"
	"fmt"
	"slices"
)

// Reverse mode on the graph. Nodes are numbered with operands first, so walking IDs downwards meets
// every reader of a node before the node itself: when a node is visited its cotangent is complete. The
// walk is
//
//	cot[y] = dy
//	for n from y down to the first node:  for each operand x of n that depends on wrt:  cot[x] += (∂n/∂x)ᵀ·cot[n]
//
// and what it does is build nodes, in the same graph, so the gradient can be differentiated again. Each
// op gives the product with its transposed Jacobian as a few nodes (its VJP); fused ops without one of
// their own are differentiated through what they stand for.
//
// Only nodes between wrt and y are visited (dependents), and only along floats. The cost is one VJP for
// each of them; by the usual argument the gradient takes a small multiple of the operations of y,
// whatever the number of parameters (Griewank & Walther, Evaluating Derivatives, 2008).

// VJP is the vector-Jacobian product: for each w of wrt the cotangent Σ dyᵀ·∂y/∂w, for y of one result and dy of
// y's type. wrt names any nodes, states and inputs included. A nil entry means that y does not depend on that node;
// nothing flows through integers. Nodes that do not depend on wrt are never visited; what the VJP of a visited node
// builds for such operands is dead code.
func VJP(y, dy *Node, wrt ...*Node) []*Node {
	if y.poison || dy != nil && dy.poison {
		return make([]*Node, len(wrt))
	}
	if err := differentiable(y, dy, wrt); err != nil {
		y.g.Fail("graph.VJP: %v", err)
		return make([]*Node, len(wrt))
	}
	return backprop([]*Node{y}, []*Node{dy}, wrt, nil)
}

// differentiable says what is wrong with the arguments of a VJP.
func differentiable(y, dy *Node, wrt []*Node) error {
	switch {
	case dy == nil || dy.g != y.g:
		return errors.New("there is no cotangent of this graph: dy is nil or belongs to another")
	case len(y.Types) != 1 || y.Type() != dy.Type() || !y.DType().IsFloat():
		return fmt.Errorf("y is %v, its cotangent %v: they must be of one float type", y.Types, dy.Type())
	}
	for i, w := range wrt {
		if w == nil || w.g != y.g {
			return fmt.Errorf("wrt %d is no node of this graph: nil or of another", i)
		}
	}
	return nil
}

// Grad is the gradient of a scalar y: VJP with dy = 1.
func Grad(y *Node, wrt ...*Node) []*Node {
	if !y.poison && (y.Shape().Size() != 1 || !y.DType().IsFloat()) {
		y.g.Fail("graph.Grad: y is %v, want one float (use VJP for others)", y.Type())
		return make([]*Node, len(wrt))
	}
	return VJP(y, y.g.Const(y.Type(), 1), wrt...)
}

// backprop walks from ys to wrt. It does not enter the history of the nodes in stop: that is how the expansion of
// a fused op is differentiated between its results and its operands.
//
// Several ys are the results of one expansion, each with its own cotangent.
func backprop(ys, dys, wrt []*Node, stop map[*Node]bool) []*Node {
	s := &sweep{cot: map[*Node][]*Node{}, needs: dependents(ys[0].g, wrt, stop), stop: stop}
	last := 0
	for i, y := range ys {
		if s.needs[y] {
			s.put(y, 0, dys[i])
		}
		last = max(last, y.ID)
	}
	for id := last; id >= 0 && !s.failed; id-- {
		s.visit(ys[0].g.nodes[id])
	}
	out := make([]*Node, len(wrt))
	for i, w := range wrt {
		if d := s.cot[w]; d != nil && !s.failed {
			out[i] = d[0]
		}
	}
	return out
}

// dependents marks every node that depends on one of wrt.
//
// One pass upwards over all nodes; stop keeps the walk through an expansion from leaving by the
// operands.
func dependents(g *Graph, wrt []*Node, stop map[*Node]bool) map[*Node]bool {
	needs := map[*Node]bool{}
	for _, w := range wrt {
		needs[w] = true
	}
	for _, n := range g.nodes {
		if stop[n] {
			continue
		}
		for _, x := range n.In {
			if needs[x] && carriesFloats(x) {
				needs[n] = true
				break
			}
		}
	}
	return needs
}

// carriesFloats says whether a cotangent can flow into n.
func carriesFloats(n *Node) bool {
	for _, t := range n.Types {
		if t.DType.IsFloat() {
			return true
		}
	}
	return false
}

// sweep is the state of one backward walk: the cotangents collected so far, one slot a result.
//
// cot holds a node for each result, nil where nothing has flowed; failed ends the walk after the first
// mistake, which the graph has recorded.
type sweep struct {
	cot         map[*Node][]*Node
	needs, stop map[*Node]bool
	failed      bool
}

// put adds d to the cotangent of a result. Sums arise here only, where a value has several readers.
//
// Readers are visited in falling order of ID, so sums associate in that order: the same graph has the
// same gradient to the bit.
func (s *sweep) put(n *Node, result int, d *Node) {
	if s.cot[n] == nil {
		s.cot[n] = make([]*Node, len(n.Types))
	}
	if old := s.cot[n][result]; old != nil {
		d = n.g.Apply(Add{}, old, d)
	}
	s.cot[n][result] = d
}

// visit hands the cotangents of n on to its operands; later readers of n have all been visited.
//
// While the VJP runs the graph knows which node it is of, so new nodes carry the forward node's line.
func (s *sweep) visit(n *Node) {
	d := s.cot[n]
	if d == nil || !s.needs[n] || s.stop[n] || len(n.In) == 0 {
		return
	}
	if r, ok := n.Op.(Result); ok {
		s.put(n.In[0], r.I, d[0])
		return
	}
	g := n.g
	outer := g.from // a fused op's expansion is walked while its own node is
	g.from = n
	defer func() { g.from = outer }()
	for i, dx := range vjp(n, d) {
		x := n.In[i]
		switch {
		case dx == nil || !s.needs[x]:
		case dx.poison:
			s.failed = true
			return
		case dx.Type() != x.Type():
			g.Fail("%s: VJP gives operand %d of %v a cotangent of %v", opName(n.Op), i, x.Type(), dx.Type())
			s.failed = true
			return
		default:
			s.put(x, 0, dx)
		}
	}
}

// vjp prefers a gradient of the op's own to that of its expansion: it may reuse results that the expansion recomputes.
func vjp(n *Node, dy []*Node) []*Node {
	switch op := n.Op.(type) {
	case Differentiable:
		return op.VJP(n, dy)
	case Fused:
		return expansionVJP(n, op, dy)
	}
	n.g.Fail("%s has no gradient; results of it cannot be differentiated", opName(n.Op))
	return make([]*Node, len(n.In))
}

// expansionVJP differentiates what a fused op stands for, with its operands as leaves: one operand may depend on another,
// and what flows along that path the outer walk counts.
func expansionVJP(n *Node, op Fused, dy []*Node) []*Node {
	stop := map[*Node]bool{}
	for _, x := range n.In {
		stop[x] = true
	}
	var ys, dys []*Node
	for i, y := range op.Unfused(n.In) {
		if dy[i] != nil && !y.poison {
			ys, dys = append(ys, y), append(dys, dy[i])
		}
	}
	if len(ys) == 0 {
		return make([]*Node, len(n.In))
	}
	ds := backprop(ys, dys, n.In, stop)
	for i, x := range n.In {
		if slices.Contains(n.In[:i], x) {
			ds[i] = nil // the first of equal operands has the cotangent of all of them
		}
	}
	return ds
}
