package models

import (
	"rpnc/graph"
	"rpnc/rpnops"
)

// Splines are the uniform B-splines that expand the data of a KAN; see [rpnops.BSpline].
type Splines struct {
	GridRange []float64       `yaml:"grid_range"`    // lo, hi; none means −1, 1
	T         int             `yaml:"t" rpn:"min=1"` // intervals; 0 means 5
	Degree    rpnops.Opt[int] `yaml:"d" rpn:"min=0"` // 3 unless given
}

var splinesDefault = Splines{GridRange: []float64{-1, 1}, T: 5, Degree: rpnops.Some(3)}

func (o Splines) transformation() rpnops.Transformation {
	return rpnops.BSpline{GridRange: o.GridRange, T: o.T, D: o.Degree}
}

// KANHead is the head of Kolmogorov–Arnold networks, one spline function of every entry of x for each result:
//
//	y = out(κ(x)·ψ(w)ᵀ + b + silu(x·W_rᵀ)),  x (b×m) → (b×n),  D = m(t+d)
//
// As in the reference, SiLU runs on the result of the linear map; the literature has it before the map. Outside of the
// range of the splines, widened by d intervals, only this second term is left. Dual LPHM, ReLU and dropout go beyond the
// reference. Errors: sizes below 1, an empty range.
type KANHead struct {
	M        int `yaml:"m"`
	N        int `yaml:"n"`
	Channels int `yaml:"channel_num" rpn:"min=1"`
	Base     `yaml:",inline"`
	Splines  `yaml:",inline"`
	Product  `yaml:",inline"`
	Finish   `yaml:",inline"`
	Init     InitMethod `yaml:"parameters_init_method"`
}

// KANLayer is a layer of KAN heads, x (b×m) → (b×n).
type KANLayer struct {
	KANHead `yaml:",inline"`
	Width   `yaml:",inline"`
}

// KAN is a Kolmogorov–Arnold network, KAN layers dims[0] → … → dims[k]. Nothing brings the results of a layer back into
// the range of the splines of the next. Errors: fewer than two widths, and those of the heads.
type KAN struct {
	Dims     []int `yaml:"dims"`
	Channels int   `yaml:"channel_num" rpn:"min=1"`
	Splines  `yaml:",inline"`
	Product  `yaml:",inline"`
	Width    Width      `yaml:",inline"`
	Init     InitMethod `yaml:"parameters_init_method"`
}

var kanDefault = KANHead{Splines: splinesDefault, Product: Product{R: 3}, Finish: Finish{P: 0.5}}

var _ = Register(Entry{Name: "kan_head", Kind: "head", Doc: "B-splines of every entry, and silu(x·W_rᵀ)", Default: kanDefault})
var _ = Register(Entry{Name: "kan_layer", Kind: "layer", Doc: "KAN heads", Default: KANLayer{KANHead: kanDefault}})
var _ = Register(Entry{Name: "kan", Kind: "model", Doc: "Kolmogorov–Arnold network", Default: KAN{Splines: splinesDefault, Product: Product{R: 3}}})

// InOut is (m, n).
func (h KANHead) InOut() (in, out int, err error) {
	if err = h.Finish.check(h); err != nil {
		return 0, 0, err
	}
	return expanded(h, h.M, h.N, h.transformation())
}

// Build builds the head.
func (h KANHead) Build(s *rpnops.Scope, x *graph.Node) *graph.Node {
	if _, _, err := h.InOut(); err != nil {
		return s.Fail("%w", err)
	}
	silu := rpnops.LinearRemainder{RemainderOptions: rpnops.RemainderOptions{Activations: []rpnops.Process{rpnops.Silu{}}}}
	return h.head(Head{
		M: h.M, N: h.N, Channels: h.Channels,
		Transform: h.transformation(), Fabrication: h.reconciliation(), Remainder: silu,
		Output: h.processes(h.N), Init: h.Init.or(XavierNormal),
	}).Build(s, x)
}

// InOut is that of the heads.
func (l KANLayer) InOut() (in, out int, err error) { return l.layer(l.KANHead).InOut() }

// Build builds the layer.
func (l KANLayer) Build(s *rpnops.Scope, x *graph.Node) *graph.Node {
	return l.layer(l.KANHead).Build(s, x)
}

func (m KAN) stack() (RPN, error) {
	return stackOf(m, m.Dims, func(in, out int) Spec {
		return KANLayer{KANHead{M: in, N: out, Channels: m.Channels, Splines: m.Splines, Product: m.Product, Init: m.Init}, m.Width}
	})
}

// InOut is (dims[0], dims[k]).
func (m KAN) InOut() (in, out int, err error) { return stackInOut(m) }

// Build builds the model.
func (m KAN) Build(s *rpnops.Scope, x *graph.Node) *graph.Node { return stackBuild(m, s, x) }
