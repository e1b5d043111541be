package compile

import (
	"rpnc/graph"
	"rpnc/ops"
)

// largeStep is the number of parameters from which a gradient leaves the cache between the product that makes it and the
// step that reads it.
const largeStep = 1 << 19

// fuseSteps lets the steps of an optimizer make their gradients themselves, tile by tile: a large gradient that only its step
// reads is never in memory.
//
//	AdamW(p, Grad(…), m, v, step, lr) → TiledStep(p, m, v, step, lr, …)
func fuseSteps(g *graph.Graph, roots []*graph.Node) (*graph.Graph, []*graph.Node) {
	uses := useCounts(g, roots)
	h, m := g.Rewrite(roots, func(h *graph.Graph, n *graph.Node, in []*graph.Node) *graph.Node {
		if grad := tiledGrad(n, uses); grad != nil {
			if in[1].Op != grad.Op { // under another shape
				in[1] = in[1].In[0]
			}
			return h.Apply(ops.TiledStep{Step: n.Op.(ops.AdamW), Grad: grad.Op}, append([]*graph.Node{in[0], in[2], in[3], in[4], in[5]}, in[1].In...)...)
		}
		return h.Apply(n.Op, in...)
	})
	return h, m.All(roots)
}

// tiledGrad is the gradient that step n reads alone and may compute by itself; nil for other nodes.
func tiledGrad(n *graph.Node, uses map[*graph.Node]int) *graph.Node {
	if _, ok := n.Op.(ops.AdamW); !ok || n.Shape().Size() < largeStep {
		return nil
	}
	grad := n.In[1]
	if _, view := grad.Op.(ops.Reshaped); view && uses[grad] == 1 {
		grad = grad.In[0]
	}
	if !ops.Tiled(grad.Op) || grad.Shape().Rank() != 2 || uses[grad] > 1 {
		return nil
	}
	return grad
}
