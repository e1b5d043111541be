package models

import (
	"rpnc/graph"
	"rpnc/ops"
	"rpnc/rpnops"
)

// RNN maps the L positions of every row by perceptron and chain layers in turn and ends with a perceptron on the mean
// over the positions: x (b×L·dims[0]) position-major → (b×dims[k]). Each pair of the hidden widths gives a perceptron
// (m → n) with ReLU and a chain layer (n → n).
//
// Perceptrons see (b·L × width), all positions of all rows alike; chain layers see (b × L·width) and
// relate the positions of each row. Both views are of one memory, so that going from one to the other
// costs nothing.
type RNN struct {
	Length       int   `yaml:"chain_length"`
	Dims         []int `yaml:"dims"`
	Channels     int   `yaml:"channel_num" rpn:"min=1"`
	ChainOptions `yaml:",inline"`
	Expansion    `yaml:",inline"`
	Product      `yaml:",inline"`
	WithResidual bool             `yaml:"with_residual"`
	Finish       `yaml:",inline"` // of the chain layers; softmax is that of the output
	Attention    `yaml:",inline"` // accepted and without effect
	Hybrid       bool             `yaml:"with_hybrid_expansion"`
	Width        Width            `yaml:",inline"`
	Init         InitMethod       `yaml:"parameters_init_method"`
}

// RegressionRNN is an RNN whose output layer sees all positions side by side instead of their mean.
type RegressionRNN struct {
	RNN `yaml:",inline"`
}

var rnnDefault = RNN{ChainOptions: ChainOptions{H: rpnops.Some(1), SelfScaling: rpnops.Some(1.0)}, Expansion: Expansion{D: 2}, Product: Product{R: 3},
	Finish: Finish{WithRelu: true, WithSoftmax: true, P: 0.25}, Attention: Attention{RXi: 3}}

var _ = Register(Entry{Name: "rnn", Kind: "model", Doc: "recurrent network on a chain, mean over positions", Default: rnnDefault})
var _ = Register(Entry{Name: "regression_rnn", Kind: "model", Doc: "recurrent network on a chain, positions side by side", Default: RegressionRNN{rnnDefault}})

// check refuses what stack could not lay out: no chain, an output step at odds with itself, less than two widths.
func (m RNN) check() error {
	if err := positive(m, "chain_length", m.Length); err != nil {
		return err
	}
	if err := m.Finish.check(m); err != nil {
		return err
	}
	return checkDims(m, "dims", m.Dims, 2)
}

// InOut is (L·dims[0], dims[k]).
func (m RNN) InOut() (in, out int, err error) {
	if err = m.check(); err != nil {
		return 0, 0, err
	}
	return m.Length * m.Dims[0], m.Dims[len(m.Dims)-1], nil
}

// Build builds the model.
func (m RNN) Build(s *rpnops.Scope, x *graph.Node) *graph.Node {
	return m.build(s, x, func(x *graph.Node, n int) *graph.Node {
		b := x.Shape().Dim(0)
		return ops.Reshape(ops.MeanAxis(ops.Reshape(x, b, m.Length, n), 1), b, n)
	})
}

// Build builds the model.
func (m RegressionRNN) Build(s *rpnops.Scope, x *graph.Node) *graph.Node {
	return m.build(s, x, func(x *graph.Node, _ int) *graph.Node { return x })
}

// build builds the hidden layers, joins the positions and ends with the output layer.
func (m RNN) build(s *rpnops.Scope, x *graph.Node, join func(x *graph.Node, n int) *graph.Node) *graph.Node {
	defer s.Mark()()
	in, _, err := m.InOut()
	if err != nil {
		return s.Fail("%w", err)
	}
	if bad := refuse(s, m, x, in); bad != nil {
		return bad
	}
	b, layers, k := x.Shape().Dim(0), s.Sub("layers"), len(m.Dims)-1
	for i := range k - 1 {
		x = ops.Reshape(x, b*m.Length, m.Dims[i])
		x = m.perceptron(m.Dims[i], m.Dims[i+1], Finish{WithRelu: true}).Build(layers.SubN(2*i), x)
		if x.Poisoned() {
			return x
		}
		x = ops.Reshape(x, b, m.Length*m.Dims[i+1])
		x = m.chain(m.Dims[i+1]).Build(layers.SubN(2*i+1), x)
	}
	if x.Poisoned() {
		return x
	}
	x = join(x, m.Dims[k-1])
	return m.perceptron(x.Shape().Dim(1), m.Dims[k], Finish{WithSoftmax: m.WithSoftmax}).Build(layers.SubN(2*(k-1)), x)
}

// perceptron is the layer that works position by position.
func (m RNN) perceptron(in, out int, f Finish) Spec {
	return PerceptronLayer{PerceptronHead{M: in, N: out, Channels: m.Channels, Expansion: m.Expansion, Product: m.Product,
		WithResidual: m.WithResidual, Finish: f, WithHybrid: m.Hybrid, Init: m.Init}, m.Width}
}

// chain is the layer that relates positions; softmax belongs to the output alone.
func (m RNN) chain(n int) Spec {
	f := m.Finish
	f.WithSoftmax = false
	return ChainLayer{ChainHead{M: n, N: n, Length: m.Length, Channels: m.Channels, ChainOptions: m.ChainOptions, Product: m.Product,
		WithResidual: m.WithResidual, Finish: f, Init: m.Init}, m.Width}
}
