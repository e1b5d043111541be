package compile

import (
	"rpnc/graph"
	"rpnc/ops"
)

// A large matrix that is multiplied with several narrow ones is read once for each of them, and reading it is what takes
// the time: the rows of a graph's nodes times the queries, keys and values of attention, and the same again for their
// gradients. Side by side the narrow matrices make one product,
//
//	q = x·A, k = x·Bᵀ, v = x·Wᵀ                  Y = x·[A | Bᵀ | Wᵀ], of which q, k and v are columns
//	dA = xᵀ·dq, dB = dkᵀ·x, dW = dvᵀ·x           Y = [dq | dk | dv]ᵀ·x, of which dAᵀ, dB and dW are rows

// What joining takes: a matrix too large for the caches near a core, and narrow ones that leave the product bound by it.
const (
	joinShared = 1 << 18 // elements of the matrix that is shared, at least
	joinNarrow = 32      // columns of a narrow one, at most
	joinWide   = 64      // columns of all of them
)

// thin is a product of a shared matrix with a narrow one, x·s, x transposed where the key of its group says so: the
// product itself, or its transpose, read from the other side.
type thin struct {
	product *graph.Node
	s       *graph.Node
	t       bool // s is transposed
	turned  bool // the product is (x·s)ᵀ
}

// sharing is what the products of a group have in common.
//
// Products belong together only if they read x in the same direction.
type sharing struct {
	x *graph.Node
	t bool
}

// width is the number of columns of the narrow matrix.
func (p thin) width() int {
	if p.t {
		return p.s.Shape().Dim(0)
	}
	return p.s.Shape().Dim(1)
}

// joinProducts multiplies narrow matrices that meet the same large one together.
//
// Products are taken in the order of nodes and groups in the order of their first product, so no map
// decides.
func joinProducts(g *graph.Graph, roots []*graph.Node) (*graph.Graph, []*graph.Node) {
	found := map[sharing][]thin{}
	var order []sharing
	for _, n := range g.Live(roots...) {
		for _, side := range []int{0, 1} {
			if k, p, ok := thinProduct(n, side); ok {
				if found[k] == nil {
					order = append(order, k)
				}
				found[k] = append(found[k], p)
				break
			}
		}
	}
	var groups [][]*graph.Node
	joins := map[*graph.Node]join{}
	for _, k := range order {
		for _, j := range batchesOf(k, found[k]) {
			var members []*graph.Node
			for _, p := range j.parts {
				members = append(members, p.product)
			}
			groups = append(groups, members)
			joins[members[0]] = j
		}
	}
	if len(groups) == 0 {
		return g, roots
	}
	// Where one product waits for another of its group nothing is joined: no model that we know of does that.
	h, mapped, _ := contract(g, roots, groups, func(h *graph.Graph, group []*graph.Node, of func(*graph.Node) *graph.Node) []*graph.Node {
		return joins[group[0]].build(h, of)
	})
	return h, mapped
}

// thinProduct reads n as a product whose operand on the given side is large and shared and whose other one is narrow.
//
// Both sides are tried: x·s, and s·x as the transpose of xᵀ·sᵀ.
func thinProduct(n *graph.Node, side int) (k sharing, p thin, ok bool) {
	op, isProduct := n.Op.(ops.MatMul)
	if !isProduct || n.In[0].Shape().Rank() != 2 || n.In[1].Shape().Rank() != 2 || n.In[side].Shape().Size() < joinShared {
		return k, p, false
	}
	k = sharing{n.In[0], op.TA}
	p = thin{product: n, s: n.In[1], t: op.TB}
	if side == 1 { // s·x = (xᵀ·sᵀ)ᵀ
		k = sharing{n.In[1], !op.TB}
		p = thin{product: n, s: n.In[0], t: !op.TA, turned: true}
	}
	return k, p, p.width() <= joinNarrow
}

// join is a group of products to be computed as one.
type join struct {
	sharing
	parts []thin
	width int
}

// batchesOf cuts the products with one matrix into groups of at most joinWide columns.
//
// It goes through the products in order and begins a new group where the next would not fit; groups of
// one are left alone.
func batchesOf(k sharing, parts []thin) (out []join) {
	j := join{sharing: k}
	flush := func() {
		if len(j.parts) > 1 {
			out = append(out, j)
		}
		j = join{sharing: k}
	}
	for _, p := range parts {
		if j.width+p.width() > joinWide {
			flush()
		}
		j.parts, j.width = append(j.parts, p), j.width+p.width()
	}
	flush()
	return out
}

// most says that f holds for at least half of the parts.
func (j join) most(f func(thin) bool) bool {
	count := 0
	for _, p := range j.parts {
		if f(p) {
			count++
		}
	}
	return 2*count >= len(j.parts)
}

// build applies the one product and cuts it. The narrow matrices are joined the way most of them lie, and the result lies
// the way most products do: rows of it are views.
func (j join) build(h *graph.Graph, of func(*graph.Node) *graph.Node) []*graph.Node {
	rows := j.most(func(p thin) bool { return p.t })
	turned := j.most(func(p thin) bool { return p.turned })
	axis, narrow := 1, make([]*graph.Node, len(j.parts))
	if rows {
		axis = 0
	}
	for i, p := range j.parts {
		narrow[i] = upright(of(p.s), p.t != rows)
	}
	x, s := of(j.x), h.Apply(ops.Concat{Axis: axis}, narrow...)
	y, cut := (*graph.Node)(nil), 1
	if turned {
		y, cut = h.Apply(ops.MatMul{TA: !rows, TB: !j.t}, s, x), 0
	} else {
		y = h.Apply(ops.MatMul{TA: j.t, TB: rows}, x, s)
	}
	out, at := make([]*graph.Node, len(j.parts)), 0
	for i, p := range j.parts {
		out[i] = upright(ops.SliceAxis(y, cut, at, at+p.width()), p.turned != turned)
		at += p.width()
	}
	return out
}
