package graph

import "math/rand/v2"

// Map tells what became of the nodes of a graph in another.
//
// Nodes that were not live are not in it.
type Map map[*Node]*Node

// All maps a list of nodes.
func (m Map) All(ns []*Node) []*Node {
	out := make([]*Node, len(ns))
	for i, n := range ns {
		out[i] = m[n]
	}
	return out
}

// Live lists what roots and updates need, operands first.
//
// Updates count as roots: what only a statistic needs is needed. One pass downwards, O(nodes +
// operands).
func (g *Graph) Live(roots ...*Node) (out []*Node) {
	live := make([]bool, len(g.nodes))
	mark := func(n *Node) {
		if !n.poison {
			live[n.ID] = true
		}
	}
	for _, r := range roots {
		mark(r)
	}
	for _, u := range g.updates {
		mark(u.State)
		mark(u.Value)
	}
	for id := len(g.nodes) - 1; id >= 0; id-- {
		if live[id] {
			for _, x := range g.nodes[id].In {
				live[x.ID] = true
			}
		}
	}
	for id, n := range g.nodes {
		if live[id] {
			out = append(out, n)
		}
	}
	return out
}

// Rewrite builds a new graph of what roots and updates need (so dead code is gone). For every node that is not a
// leaf, f may answer with a node of the new graph h that computes the same, from the new operands in; nil copies
// the node. New nodes carry the site of the node they replace.
//
// Operands are rewritten before their readers, so f sees new operands; what it builds may use any nodes
// of h made so far.
func (g *Graph) Rewrite(roots []*Node, f func(h *Graph, n *Node, in []*Node) *Node) (*Graph, Map) {
	return g.rebuild(g.Live(roots...), f)
}

// Reorder is Rewrite with the order chosen by the caller: nodes are what is live, operands first. Passes that make one
// node of several use it to have them side by side.
func (g *Graph) Reorder(nodes []*Node, f func(h *Graph, n *Node, in []*Node) *Node) (*Graph, Map) {
	return g.rebuild(nodes, f)
}

// Shuffle rebuilds the graph with its nodes in another order that still has operands first: what a pass may
// depend on is the graph, never the order of its nodes.
func (g *Graph) Shuffle(roots []*Node, seed uint64) (*Graph, Map) {
	return g.rebuild(shuffled(g.Live(roots...), seed), nil)
}

// rebuild makes a graph of the given nodes, which are in an order in which operands come first. f may answer with
// another form of a node over its new operands, or with nil to keep it. Leaves are kept as they are, mistakes and
// updates are carried over, and every new node has the call site of the one that it stands for (h.from), so that
// errors still name the user's line after any number of passes.
func (g *Graph) rebuild(nodes []*Node, f func(h *Graph, n *Node, in []*Node) *Node) (*Graph, Map) {
	h, m := New(), Map{}
	h.errs = append(h.errs, g.errs...)
	for _, n := range nodes {
		h.from = n
		in := m.All(n.In)
		if l, ok := n.Leaf(); ok {
			m[n] = h.leaf(l.Kind, l.Path, n.Type(), g.inits[l.Path])
			continue
		}
		if f != nil {
			m[n] = f(h, n, in)
		}
		if m[n] == nil {
			m[n] = h.Apply(n.Op, in...)
		}
	}
	h.from = nil
	for _, u := range g.updates {
		h.Update(m[u.State], m[u.Value])
	}
	return h, m
}

// shuffled is a random order of nodes in which operands come first.
//
// It is Kahn's topological sort with a random choice among the nodes that are ready.
func shuffled(nodes []*Node, seed uint64) []*Node {
	rng := rand.New(rand.NewPCG(seed, 1))
	waits, readers := map[*Node]int{}, map[*Node][]*Node{}
	var ready, out []*Node
	for _, n := range nodes {
		for _, x := range n.In {
			readers[x] = append(readers[x], n)
		}
		if waits[n] = len(n.In); len(n.In) == 0 {
			ready = append(ready, n)
		}
	}
	for len(ready) > 0 {
		i := rng.IntN(len(ready))
		n := ready[i]
		ready[i] = ready[len(ready)-1]
		ready = ready[:len(ready)-1]
		out = append(out, n)
		for _, r := range readers[n] {
			if waits[r]--; waits[r] == 0 {
				ready = append(ready, r)
			}
		}
	}
	return out
}
