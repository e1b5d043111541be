package models

import (
	"rpnc/graph"
	"rpnc/ops"
	"rpnc/rpnops"
)

// A head is the equation of the RPN paper (Zhang, RPN: Reconciled Polynomial Network, 2024),
//
//	g(x|w) = ⟨κ(x), ψ(w)⟩ + π(x)
//
// with interdependence on either side of κ, several channels, and processes around it. This file turns
// it into a graph in the order of the equation and decides nothing about how it is computed: ψ(w) is a
// node of shape (n×D) even where D is a million columns, and the compiler sees that it need not exist.
//
// Shapes on the way, for b rows, C channels and P positions:
//
//	x (b×m) → ξ (b×m') → κ (b×D·P) → (b×P×D) → ·ψ(w)ᵀ (b×P×n/P) → (b×n)
//
// Positions are what chains and grids add: the same ψ(w) is applied to P parts of a row. Their bias has
// an entry a column of ψ, or an entry a column of the result where it is channel-major.
//
// Names of tensors are those of the reference.

// Head is the general RPN head over C channels:
//
//	y = out( fuse_c( A_i(x)ᵀ · κ(x·A_a(x)) · ψ(w_c)ᵀ + b ) + π(x) ),  x (b×m) → (b×n)
//
// A nil κ is the identity, a nil ψ passes the transformed data on, nil ξ and π are left out; several channels without
// a fusion are averaged. Its tensors are w (C×l), b (n), w_attribute_interdependence and w_instance_interdependence (C×l'),
// w_remainder (n×m), b_remainder (n) and w_channel_fusion (1×l”), each only where a function asks for it.
type Head struct {
	M           int                    `yaml:"m"`
	N           int                    `yaml:"n"`
	Channels    int                    `yaml:"channel_num" rpn:"min=1"` // 0 means 1
	BatchNum    int                    `yaml:"batch_num"`               // rows, informational
	L           int                    `yaml:"l"`                       // if given, must be what ψ needs
	Input       []rpnops.Process       `yaml:"input_process_functions"`
	Transform   rpnops.Transformation  `yaml:"data_transformation"`
	Attribute   rpnops.Interdependence `yaml:"attribute_interdependence"`
	Instance    rpnops.Interdependence `yaml:"instance_interdependence"`
	Fabrication rpnops.Reconciliation  `yaml:"parameter_fabrication"`
	Fusion      rpnops.Fusion          `yaml:"channel_fusion"`
	Remainder   rpnops.Remainder       `yaml:"remainder"`
	Output      []rpnops.Process       `yaml:"output_process_functions"`
	Init        InitMethod             `yaml:"parameters_init_method"`
}

var _ = Register(Entry{Name: "head", Kind: "head", Doc: "any functions in their roles", Default: Head{}})
var _ = Register(Entry{Name: "rpn_head", Kind: "head", Doc: "another name of head", Default: Head{}})

// InOut is (m, n).
func (h Head) InOut() (in, out int, err error) {
	return h.M, h.N, positive(h, "m", h.M, "n", h.N)
}

// Build builds the head.
func (h Head) Build(s *rpnops.Scope, x *graph.Node) *graph.Node {
	return layout{Head: h}.build(s, x)
}

// layout is a head whose data are rows of several positions that share the parameters: the elements of a chain, the
// patches of a grid. The generic head has one position and no layout of its own.
type layout struct {
	Head
	positions int  // 0 means 1
	outer     bool // the result is channel-major, (b, n/P, P) flattened; the bias then has an entry a column
	chain     bool // ξ relates the positions of each row, and π works position by position
}

// count is the number of positions, at least 1.
func (h layout) count() int { return max(1, h.positions) }

// sizes of one build: b rows, D columns of the fabricated matrix, n rows of it, l parameters a channel.
//
// D and n are those of one position: ψ(w) is (n×D).
type sizes struct{ b, channels, D, n, l int }

// build writes the head into the graph in the order of its equation: input processes, then of each channel
// ⟨A_iᵀ·κ(x·A_a), ψ(w)⟩, the fusion of the channels, the remainder, bias and output processes. Sizes are checked
// first, so that what follows may rely on them; a mistake is recorded in the scope and comes back as a poisoned
// node. Mark makes the nodes carry the head's line.
func (h layout) build(s *rpnops.Scope, x *graph.Node) *graph.Node {
	defer s.Mark()()
	in, _, err := h.InOut()
	if err != nil {
		return s.Fail("%w", err)
	}
	if bad := refuse(s, h.Head, x, in); bad != nil {
		return bad
	}
	x = rpnops.Apply(s, "input_process_functions", h.Input, x)
	z, err := h.measure(x)
	if err != nil {
		return s.Fail("%w", err)
	}
	y := h.fuse(s, h.channelOutputs(s, x, z))
	y = h.remain(s, x, y)
	return h.finish(s, y)
}

// measure works out the sizes and checks the settings against each other.
//
// Attribute interdependence changes the width that κ sees, κ that of ψ; each function says so itself,
// before a node is made.
func (h layout) measure(x *graph.Node) (z sizes, err error) {
	b, m := x.Shape().Dim(0), x.Shape().Dim(1)
	z = sizes{b: b, channels: max(1, h.Channels), D: m}
	if h.Attribute != nil {
		if _, z.D, err = h.Attribute.OutDims(b, m); err != nil {
			return z, err
		}
	}
	if h.Transform != nil {
		if z.D, err = h.Transform.OutDim(z.D); err != nil {
			return z, err
		}
	}
	if z.D%h.count() != 0 || h.N%h.count() != 0 {
		return z, errorf(h.Head, "%d transformed columns and %d results must be multiples of the %d positions", z.D, h.N, h.count())
	}
	z.D, z.n = z.D/h.count(), h.N/h.count()
	if h.Fabrication != nil {
		if z.l, err = h.Fabrication.NumParams(z.n, z.D); err != nil {
			return z, err
		}
	}
	if h.L > 0 && h.Fabrication != nil && h.L != z.l {
		return z, errorf(h.Head, "l = %d; the reconciliation of a (%d×%d) matrix needs %d; leave l out or correct it", h.L, z.n, z.D, z.l)
	}
	return z, nil
}

// channelOutputs builds A_iᵀ·κ(x·A_a)·ψ(w_c)ᵀ + b for every channel. What does not depend on the channel is built
// once, so that stochastic functions draw once for all of them.
//
// Where interdependence has parameters each channel has its own, and transformed data of its own.
func (h layout) channelOutputs(s *rpnops.Scope, x *graph.Node, z sizes) []*graph.Node {
	wa := h.relationParams(s, "w_attribute_interdependence", h.Attribute, x, z.channels)
	wi := h.relationParams(s, "w_instance_interdependence", h.Instance, h.instanceData(x), z.channels)
	var w *graph.Node
	if z.l > 0 {
		w = s.Param("w", h.method().tensor(z.channels, z.l, h.N), z.channels, z.l)
	}
	var data *graph.Node
	out := make([]*graph.Node, z.channels)
	for c := range out {
		if data == nil || wa != nil || wi != nil {
			data = h.transform(s, x, row(wa, c), row(wi, c))
		}
		out[c] = h.product(s, data, row(w, c), z)
	}
	return out
}

// method is how parameters are drawn where nothing else is said.
func (h layout) method() InitMethod { return h.Init.or(XavierUniform) }

// relationParams is the parameter tensor (C×l') of an interdependence, nil where it has none.
func (h layout) relationParams(s *rpnops.Scope, name string, xi rpnops.Interdependence, x *graph.Node, channels int) *graph.Node {
	if xi == nil || x.Poisoned() {
		return nil
	}
	l, err := xi.NumParams(x.Shape().Dim(0), x.Shape().Dim(1))
	if err != nil {
		return s.Fail("%w", err)
	}
	if l == 0 {
		return nil
	}
	return s.Param(name, h.method().tensor(channels, l, h.N), channels, l)
}

// row is channel c of parameters (C×l) as (1×l).
func row(w *graph.Node, c int) *graph.Node {
	if w == nil {
		return nil
	}
	return ops.SliceAxis(w, 0, c, c+1)
}

// instanceData is what the instance side relates: the rows of x, or the positions of a chain.
//
// For a chain (b×P·k) the positions are the rows of a (P × b·k) matrix.
func (h layout) instanceData(x *graph.Node) *graph.Node {
	if !h.chain {
		return x
	}
	b := x.Shape().Dim(0)
	return ops.Reshape(ops.Permute(h.split(x), 1, 0, 2), h.count(), b*x.Shape().Dim(1)/h.count())
}

// split views (b×P·k) as (b×P×k).
func (h layout) split(x *graph.Node) *graph.Node {
	return ops.Reshape(x, x.Shape().Dim(0), h.count(), x.Shape().Dim(1)/h.count())
}

// transform is A_iᵀ·κ(x·A_a) of one channel: (b'×D), or (b×P×D) for several positions.
//
// Instance interdependence of a chain multiplies (P×P)ᵀ with (b×P×D), a batch of b products with a
// shared left side.
func (h layout) transform(s *rpnops.Scope, x, wa, wi *graph.Node) *graph.Node {
	z := x
	if h.Attribute != nil {
		z = rpnops.Relate(s.Sub("attribute_interdependence"), h.Attribute, x, x, wa)
	}
	if h.Transform != nil {
		z = h.Transform.Transform(s.Sub("data_transformation"), z)
	}
	if h.positions > 0 && !z.Poisoned() {
		z = h.split(z)
	}
	if h.Instance == nil || z.Poisoned() {
		return z
	}
	si := s.Sub("instance_interdependence")
	if !h.chain {
		return rpnops.Relate(si, h.Instance, x, z, wi)
	}
	t := h.instanceData(x)
	if _, _, err := h.Instance.OutDims(t.Shape().Dim(0), t.Shape().Dim(1)); err != nil {
		return s.Fail("%w", err)
	}
	return ops.TMatMul(rpnops.MatrixOf(si, h.Instance, t, wi), z)
}

// product is data·ψ(w)ᵀ + b, flattened to (b×n).
//
// The bias is added before flattening where it is shared by positions, and after it where it is not.
func (h layout) product(s *rpnops.Scope, data, w *graph.Node, z sizes) *graph.Node {
	if h.Fabrication == nil || data.Poisoned() {
		return data
	}
	phi := rpnops.Fabricate(s.Sub("parameter_fabrication"), h.Fabrication, w, z.n, z.D)
	y := ops.MatMulT(data, phi)
	bias := h.bias(s, z)
	if bias != nil && !h.outer {
		y = ops.Add(y, bias)
	}
	if h.positions > 0 && !y.Poisoned() {
		if h.outer {
			y = ops.Permute(y, 0, 2, 1)
		}
		y = ops.Reshape(y, y.Shape().Dim(0), h.N)
	}
	if bias != nil && h.outer {
		y = ops.Add(y, bias)
	}
	return y
}

// bias is shared by all channels: one entry a column of ψ's result, or a column of the head where the layout says so.
func (h layout) bias(s *rpnops.Scope, z sizes) *graph.Node {
	f, ok := h.Fabrication.(rpnops.Biased)
	if !ok || !f.HasBias() || z.l == 0 {
		return nil
	}
	n := z.n
	if h.outer {
		n = h.N
	}
	return s.Param("b", h.method().bias(n, z.l), n)
}

// fuse joins the channels: by the fusion given, by the mean where there are several.
func (h layout) fuse(s *rpnops.Scope, ys []*graph.Node) *graph.Node {
	f := h.Fusion
	if f == nil {
		if len(ys) == 1 {
			return ys[0]
		}
		f = rpnops.MetricFusion{}
	}
	return fuse(s, "w_channel_fusion", "channel_fusion", f, ys, h.method(), h.N)
}

// fuse applies a fusion with its own parameters (1×l).
func fuse(s *rpnops.Scope, param, sub string, f rpnops.Fusion, ys []*graph.Node, init InitMethod, n int) *graph.Node {
	dims := make([]int, len(ys))
	for i, y := range ys {
		if y.Poisoned() {
			return y
		}
		dims[i] = y.Shape().Dim(-1)
	}
	l, err := f.NumParams(dims)
	if err != nil {
		return s.Fail("%w", err)
	}
	var w *graph.Node
	if l > 0 {
		w = s.Param(param, init.tensor(1, l, n), 1, l)
	}
	return f.Fuse(s.Sub(sub), ys, w)
}

// remain adds π(x). The zero remainder is left out even where its activations would make it another number.
//
// A remainder of one row is broadcast; any other must have the rows of the result, which instance
// interdependence may have changed.
func (h layout) remain(s *rpnops.Scope, x, y *graph.Node) *graph.Node {
	if _, zero := h.Remainder.(rpnops.ZeroRemainder); zero || h.Remainder == nil || x.Poisoned() || y.Poisoned() {
		return y
	}
	m, n := x.Shape().Dim(1), h.N
	if h.chain {
		m, n = m/h.count(), n/h.count()
		x = ops.Reshape(x, x.Shape().Dim(0)*h.count(), m)
	}
	lw, lb, err := h.Remainder.NumParams(m, n)
	if err != nil {
		return s.Fail("%w", err)
	}
	var w, b *graph.Node
	if lw > 0 {
		w = s.Param("w_remainder", h.method().tensor(n, m, h.N), n, m)
	}
	if lb > 0 {
		b = s.Param("b_remainder", h.method().bias(n, m), n)
	}
	r := h.Remainder.Remain(s.Sub("remainder"), x, w, b, n)
	if r == nil || r.Poisoned() {
		return y
	}
	if h.chain && r.Shape().Rank() == 2 {
		r = ops.Reshape(r, y.Shape().Dim(0), h.N)
	}
	if rows := r.Shape().Dim(0); r.Shape().Rank() == 2 && rows > 1 && rows != y.Shape().Dim(0) {
		return s.Fail("%s: the remainder has %d rows, the head's output %d; ξ must keep the rows or π be zero or constant", nameOf(h.Head), rows, y.Shape().Dim(0))
	}
	return ops.Add(y, r)
}

// finish runs the output functions and checks the width. Batch norm of a chain sees the features of all positions.
func (h layout) finish(s *rpnops.Scope, y *graph.Node) *graph.Node {
	for i, p := range h.Output {
		if y.Poisoned() {
			return y
		}
		sub := s.Sub("output_process_functions").SubN(i)
		if _, norm := p.(rpnops.BatchNorm1d); norm && h.chain {
			flat := y.Shape()
			y = ops.ReshapeTo(p.Apply(sub, ops.Reshape(y, flat.Dim(0)*h.count(), h.N/h.count())), flat)
			continue
		}
		y = p.Apply(sub, y)
	}
	if !y.Poisoned() && y.Shape().Dim(-1) != h.N {
		return s.Fail("%s: the result is %v; want %d columns (n)", nameOf(h.Head), y.Shape(), h.N)
	}
	return y
}
