package compile

import (
	"rpnc/graph"
	"rpnc/ops"
)

// hostPasses make ops that have kernels on the CPU alone; programs for other devices are compiled without them.
var hostPasses = []string{"epilogues", "fuse-pools", "fuse-steps", "quadratic", "block-powers", "expansions", "row-tiles", "turn-weights"}

// fuseGather lets products read patches of a grid where they are. Packed patches are q times the grid that they are
// packed from, and a convolution reads them three times: in the forward, for the gradient of its weights, and to add
// up the gradient of the grid. With patches of 3×3 that is 27 times the grid, written and read, which costs more than the
// products do.
//
// What it looks for is the form that packing leaves after simplify: a Gather of the grid, one Reshape,
// a product with flags. Anything between them (a reader of the packed patches, another layout) leaves
// the patches packed, which is right and slower.
func fuseGather(g *graph.Graph, roots []*graph.Node) (*graph.Graph, []*graph.Node) {
	p := patches{}
	return applyRules(g, roots, []rule{p.product, p.weights, p.back, extremes, extremesBack})
}

// patches remembers the windows of the tables met so far.
//
// Finding a window takes time proportional to the table, and every layer has its table in three
// products. nil says that there is none.
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
//
// Rank and sizes are held against what the Gather says of its patches: a table alone does not tell
// channels from cells.
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
//
// The packed gradient must have no other reader, since it is not made any more.
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

// compared finds the rows (b×n) whose patches (b×P×size) an Extreme over the last axis compares.
func compared(n *graph.Node) (x *graph.Node, op ops.PatchExtreme) {
	e, ok := n.Op.(ops.Extreme)
	if !ok || n.In[0].Shape().Rank() != 3 || axisOf(e.Axis, n.In[0].Shape()) != 2 {
		return nil, op
	}
	view := n.In[0]
	g, ok := view.Op.(ops.Reshaped)
	if !ok || view.In[0].Shape().Rank() != 2 || g.To.Dim(0) != view.In[0].Shape().Dim(0) {
		return nil, op
	}
	packing, ok := view.In[0].Op.(ops.Gather)
	if !ok {
		return nil, op
	}
	return view.In[0].In[0], ops.PatchExtreme{Table: packing.Table, Size: g.To.Dim(2), Min: e.Min}
}

// extremes: the largest or smallest entry of packed patches.
func extremes(n *graph.Node, _ func(int) bool) *graph.Node {
	if n.Op != (graph.Result{I: 0}) {
		return nil
	}
	x, op := compared(n.In[0])
	if x == nil {
		return nil
	}
	return ops.ReshapeTo(n.Graph().Apply(op, x), n.Shape())
}

// extremesBack: a cotangent placed in patches by their positions, and added up where the entries are.
//
// The forward's positions lead to the forward's patches, hence to x; y is the node that the rule
// extremes has made, found again by hash-consing.
func extremesBack(n *graph.Node, _ func(int) bool) *graph.Node {
	sum, ok := n.Op.(ops.ScatterAdd)
	if !ok || n.Shape().Rank() != 2 {
		return nil
	}
	view := n.In[0]
	if _, ok := view.Op.(ops.Reshaped); !ok {
		return nil
	}
	place, ok := view.In[0].Op.(ops.Place)
	if !ok {
		return nil
	}
	d, pos := view.In[0].In[0], view.In[0].In[1]
	if pos.Op != (graph.Result{I: 1}) {
		return nil
	}
	x, op := compared(pos.In[0])
	if x == nil || op.Table != sum.Table || x.Shape() != n.Shape() || axisOf(place.Axis, view.In[0].Shape()) != 2 || place.N != op.Size {
		return nil
	}
	y := n.Graph().Apply(op, x)
	return n.Graph().Apply(ops.PatchExtremeGrad{Table: op.Table, Size: op.Size}, x, y, ops.ReshapeTo(d, y.Shape()))
}
