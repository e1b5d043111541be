package compile

import (
	"rpnc/graph"
	"rpnc/ops"
)

// hostPasses make ops that have kernels on the CPU alone; programs for other devices are compiled without them.
var hostPasses = []string{"fuse-gather"}

// fuseGather lets products read patches of a grid where they are. Packed patches are q times the grid that they are
// packed from, and a convolution reads them three times: in the forward, for the gradient of its weights, and to add
// up the gradient of the grid. With patches of 3×3 that is 27 times the grid, written and read, which costs more than the
// products do.
func fuseGather(g *graph.Graph, roots []*graph.Node) (*graph.Graph, []*graph.Node) {
	p := patches{}
	return applyRules(g, roots, []rule{p.product, p.weights, p.back})
}

// patches remembers the windows of the tables met so far.
type patches map[*graph.Index]*ops.Window

// window is the window whose patches the table packs, nil if there is none.
func (p patches) window(t *graph.Index, of ops.Patches) *ops.Window {
	if _, seen := p[t]; !seen {
		p[t] = nil
		if w, ok := ops.WindowOf(t, of); ok {
			p[t] = &w
		}
	}
	return p[t]
}

// packed finds the grid (b×c·H·W) whose patches x is, one a row: Reshape(b×H·W×c·q)(Gather(grid)).
func (p patches) packed(x *graph.Node) (grid *graph.Node, w *ops.Window) {
	if _, ok := x.Op.(ops.Reshaped); !ok || x.Shape().Rank() != 3 {
		return nil, nil
	}
	op, ok := x.In[0].Op.(ops.Gather)
	if !ok || x.In[0].Shape().Rank() != 2 {
		return nil, nil
	}
	s := graph.Sh(x.In[0].Shape().Dim(0), op.Patches.Count, op.Patches.Channels*op.Patches.Size)
	grid = x.In[0].In[0]
	if x.Shape() != s || grid.Shape().Dim(1) != op.Patches.Channels*op.Patches.Count {
		return nil, nil
	}
	return grid, p.window(op.Table, op.Patches)
}

// product: w·patchesᵀ.
func (p patches) product(n *graph.Node, _ func(int) bool) *graph.Node {
	if n.Op != (ops.MatMul{TB: true}) || n.In[0].Shape().Rank() != 2 {
		return nil
	}
	grid, w := p.packed(n.In[1])
	if w == nil {
		return nil
	}
	return n.Graph().Apply(ops.PatchMatMul{Window: *w}, n.In[0], grid)
}

// weights: Σ d·patches over the batch, the gradient of w.
func (p patches) weights(n *graph.Node, _ func(int) bool) *graph.Node {
	if n.Op != (ops.MatMulSum{}) || n.In[0].Shape().Rank() != 3 {
		return nil
	}
	grid, w := p.packed(n.In[1])
	if w == nil {
		return nil
	}
	return n.Graph().Apply(ops.PatchMatMulGrad{Window: *w}, n.In[0], grid)
}

// back: the patches of the gradient, dᵀ·w, added up where the cells of the grid are.
func (p patches) back(n *graph.Node, shared func(int) bool) *graph.Node {
	op, ok := n.Op.(ops.ScatterAdd)
	if !ok || shared(0) || n.Shape().Rank() != 2 || op.N != op.Patches.Channels*op.Patches.Count {
		return nil
	}
	view := n.In[0]
	if _, ok := view.Op.(ops.Reshaped); !ok {
		return nil
	}
	// Patches of 1×1 of one channel may come without the axis that a reshape drops; they are not worth a rule.
	y := view.In[0]
	if y.Op != (ops.MatMul{TA: true}) || y.In[0].Shape().Rank() != 3 || y.In[1].Shape().Rank() != 2 {
		return nil
	}
	if y.Shape() != graph.Sh(n.Shape().Dim(0), op.Patches.Count, op.Patches.Channels*op.Patches.Size) {
		return nil
	}
	if w := p.window(op.Table, op.Patches); w != nil {
		return ops.PatchBack(*w, y.In[1], y.In[0])
	}
	return nil
}
