package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// netSizes are those of a hypernet, l parameters and h numbers between the layers, with their defaults.
func netSizes(name string, l, h int) (int, int, error) {
	if l < 0 || h < 0 {
		return 0, 0, errorf(name, "l = %d, hidden_dim = %d; want 1 or more", l, h)
	}
	if l == 0 {
		l = 64
	}
	if h == 0 {
		h = 128
	}
	if _, ok := boundedProduct(mostPlaces, l, h); !ok {
		return 0, 0, errorf(name, "l·hidden_dim = %d·%d; want at most %d", l, h, mostPlaces)
	}
	return l, h, nil
}

// Hypernet fabricates the matrix with a net of two layers that all channels share:
//
//	vec ψ(w) = L₂·σ(L₁·w + b₁) + b₂,  L₁ (h×l), b₁ (h), L₂ (nD×h), b₂ (nD)
//
// The four tensors net.0.weight, net.0.bias, net.2.weight and net.2.bias of the scope are drawn from N(0, 1) and frozen
// unless Trainable. l does not depend on n and D, which is the point of it; the net, frozen or not, is larger than ψ.
type Hypernet struct {
	L          int  `yaml:"l" rpn:"min=1"`          // 0 means 64
	HiddenDim  int  `yaml:"hidden_dim" rpn:"min=1"` // h; 0 means 128
	Trainable  bool `yaml:"static,not"`
	BiasOption `yaml:",inline"`
}

// RandomMatrixHypernet is a hypernet of random factors:
//
//	vec ψ(w) = σ(w·P·Qᵀ)·S·Tᵀ,  P (l×r), Q (h×r), S (h×r), T (nD×r)
//
// The tensors P, Q, S and T of the scope are drawn from N(0, 1) and frozen. It is [Hypernet] without biases and with both
// layers of rank r, so that what is stored grows as nD·r instead of nD·h. Errors: r < 1.
type RandomMatrixHypernet struct {
	R          int `yaml:"r" rpn:"min=1"`          // rank; 0 means 2
	L          int `yaml:"l" rpn:"min=1"`          // 0 means 64
	HiddenDim  int `yaml:"hidden_dim" rpn:"min=1"` // h; 0 means 128
	BiasOption `yaml:",inline"`
}

var (
	_ = Register(Spec[Hypernet]{
		Name: "hypernet_reconciliation", Default: Hypernet{L: 64, HiddenDim: 128},
		Equation: "vec ψ(w) = L₂·σ(L₁·w + b₁) + b₂", Params: "l; trained also (l+1)h + (h+1)nD",
		Samples: []Hypernet{{L: 3, HiddenDim: 4}, {L: 2, HiddenDim: 3, Trainable: true}},
	})
	_ = Register(Spec[RandomMatrixHypernet]{
		Name: "random_matrix_hypernet_reconciliation", Default: RandomMatrixHypernet{R: 2, L: 64, HiddenDim: 128},
		Equation: "vec ψ(w) = σ(w·P·Qᵀ)·S·Tᵀ,  P, Q, S, T random", Params: "l",
		Samples: []RandomMatrixHypernet{{L: 3, HiddenDim: 4}, {R: 1, L: 2, HiddenDim: 3}},
	})
)

// NumParams is l.
func (o Hypernet) NumParams(n, D int) (int, error) {
	l, _, err := netSizes("Hypernet", o.L, o.HiddenDim)
	return l, err
}

// Reconcile runs the net on w.
func (o Hypernet) Reconcile(s *Scope, w *graph.Node, n, D int) *graph.Node {
	l, h, err := netSizes("Hypernet", o.L, o.HiddenDim)
	if err != nil {
		return s.fail(err)
	}
	tensor := s.Frozen
	if o.Trainable {
		tensor = s.Param
	}
	normal := graph.Normal(0, 1)
	y := ops.Add(ops.MatMulT(w, tensor("net.0.weight", normal, h, l)), tensor("net.0.bias", normal, h))
	y = ops.Add(ops.MatMulT(ops.Sigmoid(y), tensor("net.2.weight", normal, n*D, h)), tensor("net.2.bias", normal, n*D))
	return ops.Reshape(y, n, D)
}

// NumParams is l.
func (o RandomMatrixHypernet) NumParams(n, D int) (int, error) {
	l, _, err := netSizes("RandomMatrixHypernet", o.L, o.HiddenDim)
	if err == nil {
		_, err = rankOf("RandomMatrixHypernet", o.R)
	}
	return l, err
}

// Reconcile runs the factored net on w.
func (o RandomMatrixHypernet) Reconcile(s *Scope, w *graph.Node, n, D int) *graph.Node {
	if _, err := o.NumParams(n, D); err != nil {
		return s.fail(err)
	}
	l, h, _ := netSizes("RandomMatrixHypernet", o.L, o.HiddenDim)
	r, _ := rankOf("RandomMatrixHypernet", o.R)
	draw := func(name string, rows int) *graph.Node { return s.Frozen(name, graph.Normal(0, 1), rows, r) }
	hidden := ops.Sigmoid(ops.MatMulT(ops.MatMulN(w, draw("P", l)), draw("Q", h)))
	return ops.Reshape(ops.MatMulT(ops.MatMulN(hidden, draw("S", h)), draw("T", n*D)), n, D)
}
