package models

import (
	"rpnc/graph"
	"rpnc/rpnops"
)

// MLP is a stack of perceptron layers, dims[0] → … → dims[k]. The reference ends every layer with ReLU, dropout and
// softmax, and that is the default of configurations; in Go the flags say what is wanted, and Plain keeps the
// last layer free of them, so that it gives logits.
type MLP struct {
	Dims         []int `yaml:"dims"`
	Channels     int   `yaml:"channel_num" rpn:"min=1"`
	Expansion    `yaml:",inline"`
	Product      `yaml:",inline"`
	WithResidual bool `yaml:"with_residual"`
	Finish       `yaml:",inline"`
	Plain        bool       `yaml:"plain_output"` // no output functions on the last layer
	Width        Width      `yaml:",inline"`
	Init         InitMethod `yaml:"parameters_init_method"`
}

var _ = Register(Entry{Name: "mlp", Kind: "model", Doc: "multi-layer perceptron", Default: MLP{
	Expansion: Expansion{D: 2}, Product: Product{R: 3}, Finish: Finish{WithRelu: true, WithDropout: true, P: 0.5, WithSoftmax: true}}})

// stack is a perceptron layer for each pair of widths that follow one another. The reference puts batch norm,
// activation and softmax behind the last layer too; Plain leaves it bare, as losses of logits want it.
func (m MLP) stack() (r RPN, err error) {
	if err = checkDims(m, "dims", m.Dims, 2); err != nil {
		return r, err
	}
	for i := range len(m.Dims) - 1 {
		h := PerceptronHead{M: m.Dims[i], N: m.Dims[i+1], Channels: m.Channels, Expansion: m.Expansion, Product: m.Product,
			WithResidual: m.WithResidual, Finish: m.Finish, Init: m.Init}
		if m.Plain && i == len(m.Dims)-2 {
			h.Finish = Finish{}
		}
		r.Layers = append(r.Layers, PerceptronLayer{h, m.Width})
	}
	return r, nil
}

// InOut is (dims[0], dims[k]).
func (m MLP) InOut() (in, out int, err error) { return stackInOut(m) }

// Build builds the model.
func (m MLP) Build(s *rpnops.Scope, x *graph.Node) *graph.Node { return stackBuild(m, s, x) }
