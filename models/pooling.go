package models

import (
	"rpnc/graph"
	"rpnc/rpnops"
)

// PoolingHead reduces every patch of every channel of a grid to one number:
//
//	y[c, t] = metric of the cells of channel c in patch t,  x (b×C·h·w·d) → (b×C·P), channel-major
//
// Cells outside the grid count as zeros. It has no parameters; dropout may follow.
type PoolingHead struct {
	Patching    `yaml:",inline"`
	Channels    int `yaml:"channel_num"` // of the grid
	Base        `yaml:",inline"`
	Metric      rpnops.Metric `yaml:"pooling_metric"`
	WithDropout bool          `yaml:"with_dropout"`
	P           float64       `yaml:"p"`
	Init        InitMethod    `yaml:"parameters_init_method"` // accepted: there is nothing to draw
}

var poolingDefault = PoolingHead{Patching: gridDefault.Patching, Metric: rpnops.Max, WithDropout: true, P: 0.5}

var _ = Register(Entry{Name: "grid_compression_head", Kind: "head", Doc: "pooling over the patches of a grid", Default: poolingDefault})

// InOut is (C·h·w·d, C·P).
func (h PoolingHead) InOut() (in, out int, err error) {
	_, l, err := h.packing(h, h.Channels)
	if err == nil {
		err = Finish{WithDropout: h.WithDropout, P: h.P}.check(h)
	}
	if err != nil {
		return 0, 0, err
	}
	return l.Grid.Columns(), l.PatchNumAcross(), nil
}

// Build builds the head.
func (h PoolingHead) Build(s *rpnops.Scope, x *graph.Node) *graph.Node {
	in, out, err := h.InOut()
	if err != nil {
		return s.Fail("%w", err)
	}
	k, _, _ := h.packing(h, h.Channels)
	return h.head(Head{
		M: in, N: out, Transform: rpnops.GeometricCompression{Packing: k, Metric: rpnops.Some(h.Metric)},
		Output: Finish{WithDropout: h.WithDropout, P: h.P}.processes(out),
	}).Build(s, x)
}
