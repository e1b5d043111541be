package models

import (
	"rpnc/graph"
	"rpnc/rpnops"
)

// Transformer is, for every pair of dims, a bilinear layer (m → n) and a perceptron layer (n → n) with the same flags,
// then perceptrons over fc_dims: x (b×dims[0]) → (b×fc_k). Attention relates the rows of a batch.
type Transformer struct {
	Dims         []int `yaml:"dims"`
	FCDims       []int `yaml:"fc_dims"`
	BatchNum     int   `yaml:"batch_num"`
	Channels     int   `yaml:"channel_num" rpn:"min=1"`
	Attention    `yaml:",inline"`
	Expansion    `yaml:",inline"`
	Product      `yaml:",inline"`
	WithResidual bool             `yaml:"with_residual"`
	Finish       `yaml:",inline"` // of every layer; of the fully connected ones softmax only on the last
	Width        Width            `yaml:",inline"`
	Init         InitMethod       `yaml:"parameters_init_method"`
}

var _ = Register(Entry{Name: "transformer", Kind: "model", Doc: "attention over rows, then perceptrons", Default: Transformer{
	Attention: Attention{WithLoRRXi: true, RXi: 3}, Expansion: Expansion{D: 2}, Product: Product{R: 3, EnableBias: true}, WithResidual: true,
	Finish: Finish{WithBatchNorm: true, WithRelu: true, WithDropout: true, P: 0.25, WithSoftmax: true}}})

// stack is a pair of layers for each step of Dims, attention (in → out) and a perceptron (out → out) that finish
// alike, then the perceptrons of FCDims. Of these the last has softmax alone, where it is wanted, and the others
// have everything but softmax: rows that sum to 1 are for the output.
func (m Transformer) stack() (r RPN, err error) {
	if err = checkDims(m, "dims", m.Dims, 2); err != nil {
		return r, err
	}
	if err = checkDims(m, "fc_dims", m.FCDims, 1); err != nil {
		return r, err
	}
	for i := range len(m.Dims) - 1 {
		in, out := m.Dims[i], m.Dims[i+1]
		r.Layers = append(r.Layers, BilinearLayer{BilinearHead{M: in, N: out, Channels: m.Channels, Attention: m.Attention,
			Expansion: m.Expansion, Product: m.Product, WithResidual: m.WithResidual, Finish: m.Finish, Init: m.Init}, m.Width},
			m.perceptron(out, out, m.Finish))
	}
	in := m.Dims[len(m.Dims)-1]
	for i, out := range m.FCDims {
		f := m.Finish
		f.WithSoftmax = false
		if i == len(m.FCDims)-1 {
			f = Finish{WithSoftmax: m.WithSoftmax}
		}
		r.Layers = append(r.Layers, m.perceptron(in, out, f))
		in = out
	}
	return r, nil
}

func (m Transformer) perceptron(in, out int, f Finish) Spec {
	return PerceptronLayer{PerceptronHead{M: in, N: out, Channels: m.Channels, Expansion: m.Expansion, Product: m.Product,
		WithResidual: m.WithResidual, Finish: f, Init: m.Init}, m.Width}
}

// InOut is (dims[0], fc_k).
func (m Transformer) InOut() (in, out int, err error) { return stackInOut(m) }

// Build builds the model.
func (m Transformer) Build(s *rpnops.Scope, x *graph.Node) *graph.Node { return stackBuild(m, s, x) }
