package compile_test

import (
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/ops"
)

// perceptron is tanh(x·Wᵀ + b) with a product by a second matrix behind it.
func perceptron(rows int) program {
	g := graph.New()
	d := graph.F64
	x := g.Input("x", typ(d, rows, 20))
	w, b := g.Param("w", typ(d, 24, 20), graph.Normal(0, 1)), g.Param("b", typ(d, 24), graph.Normal(0, 1))
	v := g.Param("v", typ(d, 16, 24), graph.Normal(0, 1))
	y := ops.MatMulT(ops.Tanh(ops.Add(ops.MatMulT(x, w), b)), v)
	return program{name: "perceptron", g: g, outputs: []*graph.Node{y}, loss: ops.Sum(ops.Square(y))}
}

func TestWeightsAreTurnedOnceWhereNothingUpdatesThem(t *testing.T) {
	for _, c := range []struct {
		rows  int
		train bool
		held  int
	}{{64, false, 2}, {1, false, 0}, {2048, false, 0}, {64, true, 0}} {
		p := perceptron(c.rows)
		compiled := compile.Forward
		if c.train {
			compiled = func(g *graph.Graph, st *compile.Store, o *compile.Options, outputs ...*graph.Node) (*compile.Program, error) {
				return compile.Train(g, st, o, p.loss, momentum{}, outputs...)
			}
		}
		q, err := compiled(p.g, nil, &compile.Options{Check: true}, p.outputs...)
		if err != nil {
			t.Fatal(err)
		}
		if got := q.Stats().Held; got != c.held {
			t.Errorf("%d rows, trained %t: %d weights are held, want %d", c.rows, c.train, got, c.held)
		}
		if !c.train {
			checkHeld(t, p, compile.Plan, 1e-10)
		}
	}
}
