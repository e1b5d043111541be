package compile

import (
	"rpnc/graph"
	"rpnc/ops"
)

// viewBehindFunction: f of another shape of a product is another shape of f of the product. The function then stands
// beside the product, and what was reshaped there and back (rows of a chain flattened for an activation, and positions
// again for the mean over them) is not: a repetition along positions is read in place by the gradient of f.
func viewBehindFunction(n *graph.Node, shared func(int) bool) *graph.Node {
	f, ok := n.Op.(ops.Unary)
	if !ok || shared(0) {
		return nil
	}
	if _, view := n.In[0].Op.(ops.Reshaped); !view {
		return nil
	}
	x := n.In[0].In[0]
	if _, product := x.Op.(ops.MatMul); !product {
		return nil
	}
	return ops.ReshapeTo(n.Graph().Apply(f, x), n.Shape())
}
