package compile

import (
	"rpnc/graph"
	"rpnc/ops"
)

// maxChain bounds the nodes of one fused chain: each value of a chain takes a block of L1.
const maxChain = 64

// fuseElementwise makes one op of elementwise nodes of one type that read one another or the same values, and of a chain
// that only a sum reads and that sum. Nothing is computed twice: a value with readers outside becomes one of several
// results. A chain that feeds updates alone stays apart from others, so that the commit can write its results in place.
func fuseElementwise(g *graph.Graph, roots []*graph.Node) (*graph.Graph, []*graph.Node) {
	live := g.Live(roots...)
	c := newClusters(g, live, roots)
	// A value with a single reader goes with its reader first: the mask of a relu is computed where the gradient needs
	// it, not written in the forward and read in the backward. That makes trees, and a tree may end in a sum.
	for _, only := range []bool{true, false} {
		for _, n := range live {
			for _, x := range n.In {
				if _, sum := n.Op.(ops.SumTo); sum && only {
					c.joinSum(x, n)
				} else if x = behindBroadcast(x); !only || c.single(x) {
					c.join(x, n)
				}
			}
		}
	}
	c.siblings(live)
	out, mapped, _ := contract(g, roots, c.groups(live), func(h *graph.Graph, group []*graph.Node, of func(*graph.Node) *graph.Node) []*graph.Node {
		return fuseGroup(h, group, c.outside(group), of)
	})
	return out, mapped
}

// fuseGroup applies one op for the nodes of a group: a MapSum for a chain with a sum at its end, else an Elementwise.
//
// What fusing is worth: a chain of k primitives on memory reads and writes about k times what it must, and each is an
// instruction. In a chain, blocks of 1,024 elements pass through all k loops in L1. A sum at the end saves the last write
// and the read of it.
func fuseGroup(h *graph.Graph, group, outputs []*graph.Node, of func(*graph.Node) *graph.Node) []*graph.Node {
	last := group[len(group)-1]
	to, sums := last.Op.(ops.SumTo)
	if sums {
		group, outputs = group[:len(group)-1], []*graph.Node{last.In[0]}
	}
	chain, inputs := ops.FuseElementwise(group, outputs)
	var op graph.Op = chain
	if sums {
		group, outputs, op = append(group, last), []*graph.Node{last}, ops.MapSum{Map: chain, To: to.To}
	}
	in := make([]*graph.Node, len(inputs))
	for i, x := range inputs {
		in[i] = of(x)
	}
	fused := h.Apply(op, in...)
	results := make([]*graph.Node, len(group))
	for i, n := range group {
		results[i] = fused // of inner nodes, which nobody reads any more
		for k, o := range outputs {
			if o == n {
				results[i] = fused.Result(k)
			}
		}
	}
	return results
}

// behindBroadcast is the value that x repeats, x itself if it repeats nothing.
func behindBroadcast(x *graph.Node) *graph.Node {
	for {
		if _, ok := x.Op.(ops.Broadcast); !ok {
			return x
		}
		x = x.In[0]
	}
}
