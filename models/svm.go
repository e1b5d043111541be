package models

import (
	"rpnc/graph"
	"rpnc/rpnops"
)

// SVMKernel names the expansion of an SVM head.
type SVMKernel uint8

// The kernels.
const (
	LinearKernel           SVMKernel = iota // κ(x) = x
	GaussianKernel                          // κ of [rpnops.GaussianRBF]
	InverseQuadraticKernel                  // κ of [rpnops.InverseQuadraticRBF]
)

var kernelNames = []string{"linear", "gaussian_rbf", "inverse_quadratic_rbf"}

func (k SVMKernel) String() string { return kernelNames[k] }

// MarshalText writes the reference's name.
func (k SVMKernel) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads the reference's name.
func (k *SVMKernel) UnmarshalText(text []byte) (err error) {
	*k, err = oneOf[SVMKernel]("kernel", kernelNames, text)
	return err
}

// Kernel is the kernel of a support vector machine with its centres, fixed points that are the same in every column.
// The linear kernel has none.
type Kernel struct {
	Kernel      SVMKernel           `yaml:"kernel"`
	BaseRange   []float64           `yaml:"base_range"`               // lo, hi of the centres; none means −1, 1
	NumInterval int                 `yaml:"num_interval" rpn:"min=1"` // number of centres; 0 means 10
	Epsilon     rpnops.Opt[float64] `yaml:"epsilon"`                  // 1 unless given
}

var kernelDefault = Kernel{BaseRange: []float64{-1, 1}, NumInterval: 10, Epsilon: rpnops.Some(1.0)}

// transformation is the κ of the kernel: distances of every column to the centres. With it the linear map behind
// is the dual form of a support vector machine whose support vectors are fixed centres on a grid.
func (k Kernel) transformation() rpnops.Transformation {
	c := rpnops.Centres{BaseRange: k.BaseRange, NumInterval: k.NumInterval, Epsilon: k.Epsilon}
	switch k.Kernel {
	case GaussianKernel:
		return rpnops.GaussianRBF{Centres: c}
	case InverseQuadraticKernel:
		return rpnops.InverseQuadraticRBF{Centres: c}
	}
	return rpnops.IdentityExpansion{}
}

// SVMHead is a support vector machine whose support vectors are fixed:
//
//	y = out(κ(x)·ψ(w)ᵀ + b + x·W_rᵀ),  x (b×m) → (b×n)
//
// with κ the similarities of every entry of x to the centres of a kernel, D = m·num_interval, or x itself. A machine
// proper has its training data for centres; here the distance of two rows is not looked at, only that of their entries.
// Dual LPHM, ReLU and dropout go beyond the reference. Errors: sizes below 1, an unknown kernel, a range that is not
// two numbers.
type SVMHead struct {
	M            int `yaml:"m"`
	N            int `yaml:"n"`
	Channels     int `yaml:"channel_num" rpn:"min=1"`
	Base         `yaml:",inline"`
	Kernel       `yaml:",inline"`
	Product      `yaml:",inline"`
	WithResidual bool `yaml:"with_residual"`
	Finish       `yaml:",inline"`
	Init         InitMethod `yaml:"parameters_init_method"`
}

// SVMLayer is a layer of SVM heads, x (b×m) → (b×n).
type SVMLayer struct {
	SVMHead `yaml:",inline"`
	Width   `yaml:",inline"`
}

// SVM is a stack of SVM layers, dims[0] → … → dims[k]; a support vector machine proper has one. Its results are scores,
// without any output function. Errors: fewer than two widths, and those of the heads.
type SVM struct {
	Dims         []int `yaml:"dims"`
	Channels     int   `yaml:"channel_num" rpn:"min=1"`
	Kernel       `yaml:",inline"`
	Product      `yaml:",inline"`
	WithResidual bool       `yaml:"with_residual"`
	Width        Width      `yaml:",inline"`
	Init         InitMethod `yaml:"parameters_init_method"`
}

var svmDefault = SVMHead{Kernel: kernelDefault, Product: Product{R: 3}, Finish: Finish{P: 0.5}}

var _ = Register(Entry{Name: "svm_head", Kind: "head", Doc: "similarities to the centres of a kernel, times ψ(w)ᵀ", Default: svmDefault})
var _ = Register(Entry{Name: "svm_layer", Kind: "layer", Doc: "SVM heads", Default: SVMLayer{SVMHead: svmDefault}})
var _ = Register(Entry{Name: "svm", Kind: "model", Doc: "support vector machine", Default: SVM{Kernel: kernelDefault, Product: Product{R: 3}}})

// InOut is (m, n).
func (h SVMHead) InOut() (in, out int, err error) {
	if err = known(h, "kernel", h.Kernel.Kernel, kernelNames); err == nil {
		err = h.Finish.check(h)
	}
	if err != nil {
		return 0, 0, err
	}
	return expanded(h, h.M, h.N, h.transformation())
}

// Build builds the head.
func (h SVMHead) Build(s *rpnops.Scope, x *graph.Node) *graph.Node {
	if _, _, err := h.InOut(); err != nil {
		return s.Fail("%w", err)
	}
	return h.head(Head{
		M: h.M, N: h.N, Channels: h.Channels,
		Transform: h.transformation(), Fabrication: h.reconciliation(), Remainder: residual(h.WithResidual),
		Output: h.processes(h.N), Init: h.Init.or(XavierNormal),
	}).Build(s, x)
}

// InOut is that of the heads.
func (l SVMLayer) InOut() (in, out int, err error) { return l.layer(l.SVMHead).InOut() }

// Build builds the layer.
func (l SVMLayer) Build(s *rpnops.Scope, x *graph.Node) *graph.Node {
	return l.layer(l.SVMHead).Build(s, x)
}

func (m SVM) stack() (RPN, error) {
	return stackOf(m, m.Dims, func(in, out int) Spec {
		return SVMLayer{SVMHead{M: in, N: out, Channels: m.Channels, Kernel: m.Kernel, Product: m.Product,
			WithResidual: m.WithResidual, Init: m.Init}, m.Width}
	})
}

// InOut is (dims[0], dims[k]).
func (m SVM) InOut() (in, out int, err error) { return stackInOut(m) }

// Build builds the model.
func (m SVM) Build(s *rpnops.Scope, x *graph.Node) *graph.Node { return stackBuild(m, s, x) }
