package models

import (
	"rpnc/graph"
	"rpnc/rpnops"
)

// A convolution is an RPN head on a grid: patches of the image are the data, packed into rows, and the
// same small ψ(w) is applied to every patch. A network is worked out layer by layer on paper first
// (sizes of grids, numbers of columns), and is then a plain list of layers.

// CNN is a stack of grid layers with pooling between and perceptron layers at the end, x (b×c₀·h·w·d) → (b×fc_k).
// A pooling layer follows whenever the number of layers so far, pooling ones included, is gaps modulo gaps+1. What is
// left out of the pooling and perceptron settings is that of the convolutions.
//
// Pointers are settings that may be left out: nil takes that of the convolutions. Gaps g puts a pooling
// behind every g grid layers.
type CNN struct {
	Patching     `yaml:",inline"`
	ChannelNums  []int `yaml:"channel_nums"` // channels of the input and of every grid layer
	FCDims       []int `yaml:"fc_dims"`
	FCChannels   int   `yaml:"fc_channel_num" rpn:"min=1"`
	Product      `yaml:",inline"`
	WithResidual bool `yaml:"with_residual"`

	WithBatchNorm bool    `yaml:"with_batch_norm"`
	WithRelu      bool    `yaml:"with_relu"`
	WithSoftmax   bool    `yaml:"with_softmax"`
	WithDropout   bool    `yaml:"with_dropout"`
	PPooling      float64 `yaml:"p_pooling"`
	PFC           float64 `yaml:"p_fc"`
	TrainNorm     bool    `yaml:"train_batch_norm"`

	Metric rpnops.Metric `yaml:"pooling_metric"`
	Gaps   int           `yaml:"pooling_layer_gaps" rpn:"min=1"` // 0 means 2
	Halve  bool          `yaml:"patch_size_half_after_pooling"`

	PoolShape    *PatchShape `yaml:"pooling_patch_shape"`
	PoolPH       *int        `yaml:"pooling_p_h"`
	PoolPW       *int        `yaml:"pooling_p_w"`
	PoolPD       *int        `yaml:"pooling_p_d"`
	PoolPHPrime  *int        `yaml:"pooling_p_h_prime"`
	PoolPWPrime  *int        `yaml:"pooling_p_w_prime"`
	PoolPDPrime  *int        `yaml:"pooling_p_d_prime"`
	PoolPR       *int        `yaml:"pooling_p_r"`
	PoolCDH      *int        `yaml:"pooling_cd_h"`
	PoolCDW      *int        `yaml:"pooling_cd_w"`
	PoolCDD      *int        `yaml:"pooling_cd_d"`
	PoolStrategy string      `yaml:"pooling_packing_strategy"`

	FCResidual *bool      `yaml:"with_perceptron_residual"`
	FCDualLPHM *bool      `yaml:"with_perceptron_dual_lphm"`
	FCLoRR     *bool      `yaml:"with_perceptron_lorr"`
	FCR        *int       `yaml:"perceptron_r"`
	FCBias     *bool      `yaml:"enable_perceptron_bias"`
	Width      Width      `yaml:",inline"`
	Init       InitMethod `yaml:"parameters_init_method"`
}

var cnnDefault = CNN{Patching: gridDefault.Patching, Product: Product{R: 3, EnableBias: true}, WithBatchNorm: true, WithRelu: true,
	WithDropout: true, PPooling: 0.25, PFC: 0.5, Gaps: 2, Metric: rpnops.Max}

var _ = Register(Entry{Name: "cnn", Kind: "model", Doc: "convolutional network", Default: cnnDefault})

// ResNet is a CNN all of whose layers have a linear remainder.
type ResNet struct {
	CNN `yaml:",inline"`
}

var _ = Register(Entry{Name: "resnet", Kind: "model", Doc: "convolutional network with residuals", Default: ResNet{withResidual(cnnDefault)}})

// withResidual is a copy of the settings with remainders.
func withResidual(m CNN) CNN {
	m.WithResidual = true
	return m
}

// stack is that of the CNN; a setting that contradicts the name is refused.
func (m ResNet) stack() (r RPN, err error) {
	if !m.WithResidual {
		return r, errorf(m, "with_residual = false; a resnet always has residuals: use a cnn")
	}
	return m.CNN.stack()
}

// InOut is (c₀·h·w·d, fc_k).
func (m ResNet) InOut() (in, out int, err error) { return stackInOut(m) }

// Build builds the model.
func (m ResNet) Build(s *rpnops.Scope, x *graph.Node) *graph.Node { return stackBuild(m, s, x) }

// InOut is (c₀·h·w·d, fc_k).
func (m CNN) InOut() (in, out int, err error) { return stackInOut(m) }

// Build builds the model.
func (m CNN) Build(s *rpnops.Scope, x *graph.Node) *graph.Node { return stackBuild(m, s, x) }

// stack lists the layers: convolutions, a pooling after every Gaps of them, then perceptrons on all that is left.
// conv and pool carry the size of the grid from layer to layer, since the number of columns, and with it the size
// of the first perceptron, follows from how many patch centres each layer has. Halve makes the patches of later
// layers smaller with the grid.
func (m CNN) stack() (r RPN, err error) {
	if err = checkDims(m, "channel_nums", m.ChannelNums, 2); err != nil {
		return r, err
	}
	if err = checkDims(m, "fc_dims", m.FCDims, 1); err != nil {
		return r, err
	}
	gaps := m.Gaps
	if gaps == 0 {
		gaps = 2
	}
	conv, pool := m.Patching, m.pooling()
	for i := range len(m.ChannelNums) - 1 {
		r.Layers = append(r.Layers, m.convolution(conv, i))
		if conv.H, conv.W, conv.D, err = conv.OutputGrid(); err != nil {
			return r, err
		}
		if len(r.Layers)%(gaps+1) != gaps {
			continue
		}
		pool.H, pool.W, pool.D = conv.H, conv.W, conv.D
		r.Layers = append(r.Layers, PoolingLayer{PoolingHead{Patching: pool, Channels: m.ChannelNums[i+1], Metric: m.Metric,
			WithDropout: m.WithDropout, P: m.PPooling}})
		if conv.H, conv.W, conv.D, err = pool.OutputGrid(); err != nil {
			return r, err
		}
		if m.Halve {
			conv, pool = conv.halved(), pool.halved()
		}
	}
	return m.perceptrons(r, m.ChannelNums[len(m.ChannelNums)-1]*conv.H*conv.W*conv.D), nil
}

// convolution is grid layer i.
func (m CNN) convolution(p Patching, i int) Spec {
	return GridLayer{GridHead{Patching: p, InChannel: m.ChannelNums[i], OutChannel: m.ChannelNums[i+1], Product: m.Product,
		WithResidual: m.WithResidual, Finish: Finish{WithBatchNorm: m.WithBatchNorm, WithRelu: m.WithRelu, TrainNorm: m.TrainNorm},
		Init: m.Init}, m.Width}
}

// pooling is the patching of pooling layers: that of the convolutions where nothing else is said.
func (m CNN) pooling() Patching {
	p := m.Patching
	if m.PoolShape != nil {
		p.Shape = *m.PoolShape
	}
	for _, f := range []struct{ to, from **int }{
		{&p.PH, &m.PoolPH}, {&p.PW, &m.PoolPW}, {&p.PD, &m.PoolPD}, {&p.PHPrime, &m.PoolPHPrime}, {&p.PWPrime, &m.PoolPWPrime},
		{&p.PDPrime, &m.PoolPDPrime}, {&p.PR, &m.PoolPR}, {&p.CDH, &m.PoolCDH}, {&p.CDW, &m.PoolCDW}, {&p.CDD, &m.PoolCDD},
	} {
		if *f.from != nil {
			*f.to = *f.from
		}
	}
	if m.PoolStrategy != "" {
		p.Strategy = m.PoolStrategy
	}
	return p
}

// halved halves every positive extent, to at least 1; a zero extent stays zero, so that flat patches stay flat.
func (p Patching) halved() Patching {
	for _, e := range []**int{&p.PH, &p.PW, &p.PD, &p.PHPrime, &p.PWPrime, &p.PDPrime, &p.PR} {
		if *e != nil && **e > 0 {
			*e = Int(max(1, **e/2))
		}
	}
	return p
}

// perceptrons appends the fully connected layers to the flattened grid of n cells.
func (m CNN) perceptrons(r RPN, n int) RPN {
	p := Product{WithDualLPHM: flagOr(m.FCDualLPHM, m.WithDualLPHM), WithLoRR: flagOr(m.FCLoRR, m.WithLoRR), R: or(m.FCR, m.R),
		EnableBias: flagOr(m.FCBias, m.EnableBias)}
	for i, out := range m.FCDims {
		f := Finish{WithBatchNorm: m.WithBatchNorm, WithRelu: m.WithRelu, WithDropout: m.WithDropout, P: m.PFC, TrainNorm: m.TrainNorm}
		if i == len(m.FCDims)-1 {
			f = Finish{WithSoftmax: m.WithSoftmax}
		}
		h := PerceptronHead{M: n, N: out, Channels: m.FCChannels, Product: p, WithResidual: flagOr(m.FCResidual, m.WithResidual),
			Finish: f, Init: m.Init}
		r.Layers = append(r.Layers, PerceptronLayer{h, m.Width})
		n = out
	}
	return r
}

// flagOr is the setting, or d where it is left out.
func flagOr(p *bool, d bool) bool {
	if p == nil {
		return d
	}
	return *p
}
