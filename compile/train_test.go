package compile_test

import (
	"fmt"
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/ops"
)

// momentum is an optimizer with a state a parameter and a learning rate that is an input.
type momentum struct{}

func (momentum) Apply(g *graph.Graph, params, grads []*graph.Node) error {
	for i, p := range params {
		l, _ := p.Leaf()
		m := g.State("opt."+l.Path, p.Type(), graph.Zeros())
		next := ops.Add(ops.Scale(m, 0.9), grads[i])
		g.Update(m, next)
		g.Update(p, ops.Sub(p, ops.Mul(next, g.Input("lr", graph.Type{DType: p.DType()}))))
	}
	return nil
}

// asBuilt adds to p what compile.Train adds, without passes: what the interpreter runs.
func (p program) asBuilt(t *testing.T) program {
	t.Helper()
	all := p.g.Leaves(graph.ParamLeaf)
	var params, grads []*graph.Node
	for i, d := range graph.Grad(p.loss, all...) {
		if d != nil {
			params, grads = append(params, all[i]), append(grads, d)
		}
	}
	if err := (momentum{}).Apply(p.g, params, grads); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTrainingStepsMatchTheInterpreterFromEqualState(t *testing.T) {
	for _, d := range []graph.DType{graph.F64, graph.F32} {
		for _, vm := range executorsOf(d) {
			for i, p := range programs(d) {
				t.Run(fmt.Sprintf("%s/%v/%v", p.name, d, vm), func(t *testing.T) {
					q, err := compile.Train(p.g, nil, &compile.Options{VM: vm, Check: true}, p.loss, momentum{}, p.outputs...)
					if err != nil {
						t.Fatal(err)
					}
					want := programs(d)[i].asBuilt(t)
					steps(t, want, q, append([]*graph.Node{want.loss}, want.outputs...), tolerance(d))
				})
			}
		}
	}
}

func TestGradientsMatchTheInterpreter(t *testing.T) {
	for _, d := range []graph.DType{graph.F64, graph.F32} {
		for _, vm := range executorsOf(d) {
			for _, p := range programs(d) {
				t.Run(fmt.Sprintf("%s/%v/%v", p.name, d, vm), func(t *testing.T) {
					checkGradients(t, p, &compile.Options{VM: vm, Check: true}, d)
				})
			}
		}
	}
}

// checkGradients compiles all gradients of the loss and of an inner node.
func checkGradients(t *testing.T, p program, opts *compile.Options, d graph.DType) {
	t.Helper()
	wrt := append(p.g.Leaves(graph.ParamLeaf), p.g.LeafByName("x"))
	for _, nodes := range [][]*graph.Node{wrt, append(wrt, p.g.Live(p.loss)[len(p.g.Live(p.loss))/2])} {
		last := nodes[len(nodes)-1]
		if len(last.Types) > 1 || !last.DType().IsFloat() {
			continue
		}
		dy := p.g.Const(p.loss.Type(), 1.5)
		q, err := compile.WithGrad(p.g, nil, opts, p.loss, dy, nodes, p.outputs...)
		if err != nil {
			t.Fatal(err)
		}
		want := append([]*graph.Node{p.loss}, p.outputs...)
		for i, n := range graph.VJP(p.loss, dy, nodes...) {
			if n == nil {
				n = p.g.Const(nodes[i].Type())
			}
			want = append(want, n)
		}
		steps(t, p, q, want, tolerance(d))
	}
}
