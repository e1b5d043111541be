package compile_test

import (
	"fmt"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/ops"
)

// descent is gradient descent with a fixed rate.
type descent float64

func (rate descent) Apply(g *graph.Graph, params, grads []*graph.Node) error {
	for i, p := range params {
		g.Update(p, ops.Sub(p, ops.Scale(grads[i], float64(rate))))
	}
	return nil
}

// A line through four points by a program of training, and a program of prediction over the same store.
func Example() {
	st := compile.NewStore()
	line := func(rows int) (g *graph.Graph, y *graph.Node) {
		g = graph.New()
		x := g.Input("x", graph.Type{DType: graph.F64, Shape: graph.Sh(rows, 1)})
		w := g.Param("w", graph.Type{DType: graph.F64, Shape: graph.Sh(1, 1)}, graph.Zeros())
		c := g.Param("c", graph.Type{DType: graph.F64, Shape: graph.Sh(1)}, graph.Zeros())
		return g, ops.Add(ops.MatMulT(x, w), c)
	}
	g, y := line(4)
	loss := ops.Mean(ops.Square(ops.Sub(y, g.Input("t", y.Type()))))
	step, err := compile.Train(g, st, nil, loss, descent(0.1)) // forward, backward and update in one
	if err != nil {
		fmt.Println(err)
		return
	}
	defer step.Close()
	copy(step.Input("x").F64, []float64{-1, 0, 1, 2})
	copy(step.Input("t").F64, []float64{-1, 1, 3, 5})
	for range 200 {
		if err := step.Run(); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Printf("y = %.2f·x + %.2f\n", st.Get("w").F[0], st.Get("c").F[0])

	g, y = line(1)
	predict, err := compile.Forward(g, st, nil, y) // of one row, with the weights where they are
	if err != nil {
		fmt.Println(err)
		return
	}
	defer predict.Close()
	copy(predict.Input("x").F64, []float64{10})
	err = predict.Run()
	fmt.Printf("y(10) = %.1f, error %v\n", predict.Output(0).F64[0], err)
	// Output:
	// y = 2.00·x + 1.00
	// y(10) = 21.0, error <nil>
}
