package models

import (
	"rpnc/graph"
	"rpnc/rpnops"
)

// RPN is the general model: layers one after another. The concrete models below are functions from a few settings to
// such a list.
//
// Depth and Alloc are the reference's way to say "this layer four times".
type RPN struct {
	Layers []Spec `yaml:"layers"`
	Depth  int    `yaml:"depth"`       // number of layers; 0 means those given
	Alloc  []int  `yaml:"depth_alloc"` // repetitions of each layer given, with independent parameters
}

var _ = Register(Entry{Name: "rpn", Kind: "model", Doc: "any layers one after another", Default: RPN{}})

// layers repeats each layer as often as depth and depth_alloc say. Repeated layers share a config, not parameters:
// each gets a name of its own, and with it initial values of its own.
func (m RPN) layers() ([]Spec, error) {
	if len(m.Layers) == 0 {
		return nil, errorf(m, "no layers; give at least one")
	}
	counts, err := allocate(m, "depth", m.Depth, m.Alloc, len(m.Layers))
	if err != nil {
		return nil, err
	}
	var out []Spec
	for i, l := range m.Layers {
		for range counts[i] {
			out = append(out, l)
		}
	}
	return out, nil
}

// InOut is the width of the first layer's data and of the last layer's result; neighbours must fit.
func (m RPN) InOut() (in, out int, err error) {
	ls, err := m.layers()
	if err != nil {
		return 0, 0, err
	}
	for i, l := range ls {
		a, b, err := l.InOut()
		if err != nil {
			return 0, 0, err
		}
		if i == 0 {
			in = a
		} else if a != out {
			return 0, 0, errorf(m, "layer %d takes %d columns, layer %d gives %d; make them equal", i, a, i-1, out)
		}
		out = b
	}
	return in, out, nil
}

// Build builds layer after layer under layers.i.
func (m RPN) Build(s *rpnops.Scope, x *graph.Node) *graph.Node {
	if _, _, err := m.InOut(); err != nil {
		return s.Fail("%w", err)
	}
	ls, _ := m.layers()
	for i, l := range ls {
		x = l.Build(s.Sub("layers").SubN(i), x)
	}
	return x
}

// stacked is implemented by models that are nothing but a list of layers.
type stacked interface{ stack() (RPN, error) }

// stackInOut and stackBuild are InOut and Build of a model by its list.
func stackInOut(m stacked) (in, out int, err error) {
	r, err := m.stack()
	if err != nil {
		return 0, 0, err
	}
	return r.InOut()
}

func stackBuild(m stacked, s *rpnops.Scope, x *graph.Node) *graph.Node {
	r, err := m.stack()
	if err != nil {
		return s.Fail("%w", err)
	}
	return r.Build(s, x)
}

// stackOf is a layer for every pair of neighbouring widths.
func stackOf(spec any, dims []int, layer func(in, out int) Spec) (r RPN, err error) {
	if err = checkDims(spec, "dims", dims, 2); err != nil {
		return r, err
	}
	for i := range len(dims) - 1 {
		r.Layers = append(r.Layers, layer(dims[i], dims[i+1]))
	}
	return r, nil
}

// checkDims wants at least k positive widths.
func checkDims(spec any, name string, dims []int, k int) error {
	if len(dims) < k {
		return errorf(spec, "%s = %v; want %d widths or more", name, dims, k)
	}
	for _, d := range dims {
		if d < 1 {
			return errorf(spec, "%s = %v; widths must be 1 or more", name, dims)
		}
	}
	return nil
}
