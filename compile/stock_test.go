package compile_test

import (
	"fmt"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/ops"
)

// stock emits a graph node by node with gorgonia's own operations, those that are right, so that gorgonia.Grad gives
// a second opinion on gradients.
type stock struct {
	t     *testing.T
	g     *gorgonia.ExprGraph
	leaf  graph.Leaves
	nodes map[*graph.Node]*gorgonia.Node
}

func (s *stock) must(n *gorgonia.Node, err error) *gorgonia.Node {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// input is a leaf with the elements of v; names must differ, or gorgonia takes nodes for one.
func (s *stock) input(name string, v *graph.Tensor) *gorgonia.Node {
	if v.Type.Shape.Rank() == 0 {
		return gorgonia.NewScalar(s.g, gorgonia.Float64, gorgonia.WithName(name), gorgonia.WithValue(v.F[0]))
	}
	d := tensor.New(tensor.WithShape(v.Type.Shape.Dims()...), tensor.WithBacking(append([]float64(nil), v.F...)))
	return gorgonia.NewTensor(s.g, gorgonia.Float64, d.Dims(), gorgonia.WithShape(d.Shape()...), gorgonia.WithName(name), gorgonia.WithValue(d))
}

func (s *stock) filled(name string, t graph.Type, v float64) *gorgonia.Node {
	return s.input(name, graph.Fill(v).Tensor(t, 0, ""))
}

func (s *stock) emit(n *graph.Node) *gorgonia.Node {
	var in []*gorgonia.Node
	for _, x := range n.In {
		in = append(in, s.nodes[x])
	}
	switch op := n.Op.(type) {
	case graph.Leaf:
		return s.input(op.Path, s.leaf[op.Path])
	case graph.Const:
		return s.filled(fmt.Sprint("const", n.ID), n.Type(), op.At(0))
	case graph.Add:
		return s.must(gorgonia.Add(in[0], in[1]))
	case ops.Binary:
		if op.Kind == ops.KSub {
			return s.must(gorgonia.Sub(in[0], in[1]))
		}
		return s.must(gorgonia.HadamardProd(in[0], in[1]))
	case ops.Broadcast: // rows: a column of ones times the row
		if c, ok := n.In[0].Op.(graph.Const); ok {
			return s.filled(fmt.Sprint("filled", n.ID), n.Type(), c.At(0))
		}
		return s.must(gorgonia.Mul(s.filled(fmt.Sprint("ones", n.ID), n.Type().Of(op.To.Dim(0), 1), 1), in[0]))
	case ops.SumTo:
		return s.must(gorgonia.Sum(in[0]))
	case ops.Unary:
		return s.must(map[ops.UnaryKind]func(*gorgonia.Node) (*gorgonia.Node, error){ops.KTanh: gorgonia.Tanh, ops.KSquare: gorgonia.Square,
			ops.KSigmoid: gorgonia.Sigmoid, ops.KRelu: gorgonia.Rectify}[op.Kind](in[0]))
	case ops.MatMul:
		for i, transposed := range []bool{op.TA, op.TB} {
			if transposed {
				in[i] = s.must(gorgonia.Transpose(in[i], 1, 0))
			}
		}
		return s.must(gorgonia.Mul(in[0], in[1]))
	}
	s.t.Fatalf("no stock operation for %v", n)
	return nil
}

// network is a perceptron with three kinds of activations and a mean squared error.
func network() (g *graph.Graph, loss *graph.Node, params []*graph.Node) {
	g = graph.New()
	y := g.Input("x", typ(graph.F64, 6, 5))
	width := 5
	for i, act := range []func(*graph.Node) *graph.Node{ops.Tanh, ops.Sigmoid, ops.Relu} {
		w := g.Param(fmt.Sprint("w", i), typ(graph.F64, 4, width), graph.Normal(0, 0.7))
		b := g.Param(fmt.Sprint("b", i), typ(graph.F64, 1, 4), graph.Normal(0.1, 0.3))
		y, width = act(ops.Add(ops.MatMulT(y, w), b)), 4
		params = append(params, w, b)
	}
	return g, ops.MSE(y, g.Input("target", typ(graph.F64, 6, 4))), params
}

func TestGradientsOfANetworkMatchGorgonia(t *testing.T) {
	g, loss, params := network()
	q, err := compile.WithGrad(g, nil, nil, loss, g.Const(loss.Type(), 1), params)
	if err != nil {
		t.Fatal(err)
	}
	in := program{g: g}.feed(4)
	got := run(t, q, in)
	s := &stock{t, gorgonia.NewGraph(), leaves(in, q.Store()), map[*graph.Node]*gorgonia.Node{}}
	for _, n := range g.Live(loss) {
		s.nodes[n] = s.emit(n)
	}
	var wrt []*gorgonia.Node
	for _, w := range params {
		wrt = append(wrt, s.nodes[w])
	}
	grads, err := gorgonia.Grad(s.nodes[loss], wrt...)
	if err != nil {
		t.Fatal(err)
	}
	read := make([]gorgonia.Value, len(grads))
	for i, d := range grads {
		gorgonia.Read(d, &read[i])
	}
	vm := gorgonia.NewTapeMachine(s.g)
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	for i, w := range params {
		want := &graph.Tensor{Type: w.Type(), F: read[i].Data().([]float64)}
		same(t, "gradient of "+w.String(), got[1+i], want, 1e-12)
	}
}
