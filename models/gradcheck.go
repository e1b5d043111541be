package models

import (
	"rpnc/graph"
	"rpnc/graph/gradcheck"
	"rpnc/rpnops"
)

// GradCheck compares the gradients of the model's result, with respect to its data and every parameter, with finite
// differences in F64, on rows of random data. The parameters are those that the model has now.
func (m *Model) GradCheck(rows int) (gradcheck.Report, error) {
	values := graph.Leaves{}
	for _, name := range m.store.Names() {
		t := m.store.Get(name)
		if t.Type.DType.IsFloat() {
			t.Type.DType = graph.F64
		}
		values[name] = t
	}
	return gradcheck.Check(func(g *graph.Graph) *graph.Node {
		s := rpnops.NewScope(g, false, graph.F64)
		s.Seed = m.opt.Seed
		return m.spec.Build(s, g.Input(InputName, s.Type(rows, m.in)))
	}, gradcheck.Options{Values: values})
}
