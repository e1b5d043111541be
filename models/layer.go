package models

import (
	"math"

	"rpnc/graph"
	"rpnc/rpnops"
)

// Layer runs heads side by side on one x and fuses their results; several heads without a fusion are averaged.
// Its own tensor is w_head_fusion (1×l), where the fusion has parameters.
//
// Heads of a concrete layer are independent: each is built under its own name, with its own initial
// values. A shared one is built again under the same name; nodes of equal op and operands are one, so
// that nothing is computed twice.
type Layer struct {
	M      int           `yaml:"m"`
	N      int           `yaml:"n"`
	Heads  []Spec        `yaml:"heads"`
	Width  int           `yaml:"width"`       // number of heads; 0 means those given
	Alloc  []int         `yaml:"width_alloc"` // repetitions of each head given
	Fusion rpnops.Fusion `yaml:"head_fusion"`
	Init   InitMethod    `yaml:"parameters_init_method"`
	Shared bool          `yaml:"shared_heads"` // the heads are one head repeated
}

var _ = Register(Entry{Name: "layer", Kind: "layer", Doc: "any heads side by side", Default: Layer{}})
var _ = Register(Entry{Name: "rpn_layer", Kind: "layer", Doc: "another name of layer", Default: Layer{}})

// heads lists every head, repetitions included. A generic head without sizes takes those of the layer.
func (l Layer) heads() ([]Spec, error) {
	if len(l.Heads) == 0 {
		return nil, errorf(l, "no heads; give at least one")
	}
	counts, err := allocate(l, "width", l.Width, l.Alloc, len(l.Heads))
	if err != nil {
		return nil, err
	}
	var out []Spec
	for i, h := range l.Heads {
		if g, ok := h.(Head); ok {
			h = g.sized(l)
		}
		for range counts[i] {
			out = append(out, h)
		}
	}
	return out, nil
}

// sized gives a generic head the sizes and the method of its layer where it has none.
func (h Head) sized(l Layer) Head {
	if h.M == 0 {
		h.M = l.M
	}
	if h.N == 0 {
		h.N = l.N
	}
	h.Init = h.Init.or(l.Init)
	return h
}

// allocate is the number of repetitions of each of k configurations: as given, one each, or a single one repeated.
func allocate(spec any, what string, total int, alloc []int, k int) ([]int, error) {
	if alloc == nil {
		switch {
		case total == 0 || total == k:
			alloc = ones(k)
		case k == 1:
			alloc = []int{total}
		default:
			return nil, errorf(spec, "%s = %d for %d configurations; give %s_alloc with the repetitions of each", what, total, k, what)
		}
	}
	sum := 0
	for _, a := range alloc {
		sum += a
	}
	if len(alloc) != k || total > 0 && sum != total {
		return nil, errorf(spec, "%s_alloc %v for %d configurations and %s = %d; want one entry each and that sum", what, alloc, k, what, total)
	}
	return alloc, nil
}

// ones is k times 1: each configuration once.
func ones(k int) []int {
	out := make([]int, k)
	for i := range out {
		out[i] = 1
	}
	return out
}

// InOut is the width of the heads' data and that of the fused result.
func (l Layer) InOut() (in, out int, err error) {
	hs, err := l.heads()
	if err != nil {
		return 0, 0, err
	}
	dims := make([]int, len(hs))
	for i, h := range hs {
		m, n, err := h.InOut()
		if err != nil {
			return 0, 0, err
		}
		if i == 0 {
			in = m
		}
		if m != in || l.M > 0 && m != l.M {
			return 0, 0, errorf(l, "head %d takes %d columns; want %d, as the others", i, m, max(in, l.M))
		}
		dims[i] = n
	}
	if l.N > 0 && l.N != dims[0] {
		return 0, 0, errorf(l, "the heads give %d columns; want n = %d", dims[0], l.N)
	}
	if f := l.fusion(len(hs)); f != nil {
		out, err = f.OutDim(dims)
		return in, out, err
	}
	return in, dims[0], nil
}

// fusion of k heads: the one given, the mean of several, none for one.
func (l Layer) fusion(k int) rpnops.Fusion {
	if l.Fusion == nil && k > 1 {
		return rpnops.MetricFusion{}
	}
	return l.Fusion
}

// Build builds every head under heads.i (all under heads.0 where they are shared) and fuses the results.
//
// Heads see the same x and know nothing of each other; that their products may be one larger product is
// for the compiler to find.
func (l Layer) Build(s *rpnops.Scope, x *graph.Node) *graph.Node {
	defer s.Mark()()
	in, _, err := l.InOut()
	if err != nil {
		return s.Fail("%w", err)
	}
	if bad := refuse(s, l, x, in); bad != nil {
		return bad
	}
	hs, _ := l.heads()
	ys := make([]*graph.Node, len(hs))
	for i, h := range hs {
		at := i
		if l.Shared {
			at = 0
		}
		if ys[i] = h.Build(s.Sub("heads").SubN(at), x); ys[i].Poisoned() {
			return ys[i]
		}
	}
	f := l.fusion(len(ys))
	if f == nil {
		return ys[0]
	}
	return fuseHeads(s, f, ys)
}

// fuseHeads applies the fusion of a layer, whose parameters are drawn from U(−1/√l, 1/√l).
func fuseHeads(s *rpnops.Scope, f rpnops.Fusion, ys []*graph.Node) *graph.Node {
	dims := make([]int, len(ys))
	for i, y := range ys {
		dims[i] = y.Shape().Dim(-1)
		if y.Shape() != ys[0].Shape() {
			return s.Fail("models.Layer: head %d gives %v, head 0 %v; heads must agree", i, y.Shape(), ys[0].Shape())
		}
	}
	l, err := f.NumParams(dims)
	if err != nil {
		return s.Fail("%w", err)
	}
	var w *graph.Node
	if l > 0 {
		w = s.Param("w_head_fusion", symmetric(1/math.Sqrt(float64(l))), 1, l)
	}
	return f.Fuse(s.Sub("head_fusion"), ys, w)
}

// Width is how many heads a concrete layer has and how they are joined.
type Width struct {
	Width  int           `yaml:"width" rpn:"min=1"` // independent heads; 0 means 1
	Shared bool          `yaml:"shared_heads"`      // one head repeated, as the reference does
	Fusion rpnops.Fusion `yaml:"head_fusion"`       // nil: the mean, where there are several
}

// layer is the generic layer of the head h repeated.
func (w Width) layer(h Spec) Layer {
	return Layer{Heads: []Spec{h}, Width: max(1, w.Width), Shared: w.Shared, Fusion: w.Fusion}
}
