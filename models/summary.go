package models

import (
	"fmt"
	"strings"

	"rpnc/graph"
)

// ParamInfo is one parameter tensor.
type ParamInfo struct {
	Name string
	Type graph.Type
}

// Params lists the trained tensors in the order in which the model builds them.
func (m *Model) Params() []ParamInfo {
	out := make([]ParamInfo, len(m.params))
	for i, n := range m.params {
		l, _ := n.Leaf()
		out[i] = ParamInfo{l.Path, n.Type()}
	}
	return out
}

// NumParams is the number of trained numbers.
func (m *Model) NumParams() int {
	sum := 0
	for _, p := range m.params {
		sum += p.Type().Shape.Size()
	}
	return sum
}

// Summary is a table of the parameters, a line each, and their sum.
func (m *Model) Summary() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d → %d columns, %s\n", nameOf(m.spec), m.in, m.out, m.opt.DType)
	for _, p := range m.Params() {
		fmt.Fprintf(&b, "  %-48s %-12v %8d\n", p.Name, p.Type.Shape, p.Type.Shape.Size())
	}
	fmt.Fprintf(&b, "  %-48s %-12s %8d\n", "parameters", "", m.NumParams())
	return b.String()
}
