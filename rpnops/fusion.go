package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// FusionOptions are what every fusion takes: the widths of its inputs, which the data must have where they are given,
// and functions before and after it.
//
// Inputs of one shape meet the functions before the fusion as one stack (k×b×n), others one by one. For functions of rows
// that is the same; a function that looks across rows, such as a softmax along axis 0, sees the inputs there. Legacy says
// nothing new but for [WeightedSummationFusion].
type FusionOptions struct {
	Dims   []int `yaml:"dims"`
	Hooks  `yaml:",inline"`
	Legacy `yaml:",inline"`
}

// widths are dims, or the declared ones where the caller knows none, as a configuration does before it has data.
func (o FusionOptions) widths(name string, dims []int) ([]int, error) {
	if len(dims) == 0 {
		dims = o.Dims
	}
	if len(dims) == 0 {
		return nil, errorf(name, "there is nothing to fuse; want one input or more (dims)")
	}
	if len(o.Dims) > 0 && !equalInts(o.Dims, dims) {
		return nil, errorf(name, "dims are declared %v, the inputs have widths %v; make them equal or leave dims out", o.Dims, dims)
	}
	return dims, nil
}

// sameWidth is the width of inputs that must all have it.
func (o FusionOptions) sameWidth(name string, dims []int) (int, error) {
	dims, err := o.widths(name, dims)
	if err != nil {
		return 0, err
	}
	for _, d := range dims {
		if d != dims[0] {
			return 0, errorf(name, "inputs of widths %v; want equal ones, or a concatenation", dims)
		}
	}
	return dims[0], nil
}

// inputs checks the data and runs the functions before the fusion. All axes but the last must agree, with same that one,
// too. A poisoned input is its own report: checks of its shape would only repeat it.
func (o FusionOptions) inputs(s *Scope, name string, xs []*graph.Node, same bool) ([]*graph.Node, error) {
	for _, x := range xs {
		if x.Poisoned() {
			return xs, nil
		}
	}
	if _, err := o.widths(name, lastDims(xs)); err != nil {
		return nil, err
	}
	first := xs[0].Shape()
	equal := true
	for _, x := range xs {
		equal = equal && x.Shape() == first
		if same && x.Shape() != first || x.Shape().With(-1, 0) != first.With(-1, 0) {
			return nil, errorf(name, "inputs of shapes %v and %v; want equal ones%s", first, x.Shape(), unless(!same, " but for the last axis"))
		}
	}
	switch {
	case len(o.Pre) == 0: // a stack that nothing reads would hide from the compiler that the inputs are apart
		return xs, nil
	case equal:
		return unstack(o.pre(s, ops.Stack(xs...))), nil
	}
	out := make([]*graph.Node, len(xs))
	for i, x := range xs {
		out[i] = o.pre(s, x)
	}
	return out, nil
}

// unstack takes a stack apart again; a poisoned one stays in one piece.
func unstack(x *graph.Node) []*graph.Node {
	if x.Poisoned() {
		return []*graph.Node{x}
	}
	out := make([]*graph.Node, x.Shape().Dim(0))
	for i := range out {
		out[i] = ops.ReshapeTo(ops.SliceAxis(x, 0, i, i+1), x.Shape().Sub(1, x.Shape().Rank()))
	}
	return out
}

// lastDims are the widths of xs.
func lastDims(xs []*graph.Node) []int {
	dims := make([]int, len(xs))
	for i, x := range xs {
		dims[i] = x.Shape().Dim(-1)
	}
	return dims
}

func equalInts(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// unless is text where it applies.
func unless(applies bool, text string) string {
	if applies {
		return text
	}
	return ""
}
