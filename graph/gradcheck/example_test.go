package gradcheck_test

import (
	"fmt"

	"rpnc/graph"
	"rpnc/graph/gradcheck"
)

// The gradient of a + a, compared in each of six components.
func Example() {
	r, err := gradcheck.Check(func(g *graph.Graph) *graph.Node {
		a := g.Input("a", graph.Type{DType: graph.F64, Shape: graph.Sh(2, 3)})
		return g.Apply(graph.Add{}, a, a)
	}, gradcheck.Options{})
	fmt.Println(r.Cases, r.Worst < 1e-7, err)
	// Output: 6 true <nil>
}
