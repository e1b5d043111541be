package loss_test

import (
	"fmt"

	"rpnc/graph"
	"rpnc/models/loss"
)

// A loss adds itself to the graph of y. Weights pick the rows that count: of three, the second is not trained on.
func Example() {
	g := graph.New()
	y := g.Input("y", graph.Type{DType: graph.F64, Shape: graph.Sh(3, 2)})
	label := g.Input("label", graph.Type{DType: graph.I32, Shape: graph.Sh(3)})
	weight := g.Input("weight", graph.Type{DType: graph.F64, Shape: graph.Sh(3)})
	all := loss.CrossEntropy{}.Of(y, label, nil)
	some := loss.CrossEntropy{}.Of(y, label, weight)
	if err := g.Err(); err != nil {
		fmt.Println(err)
		return
	}
	logits, _ := graph.Floats(y.Type(), 2, 0, 5, 0, 0, 0)
	weights, _ := graph.Floats(weight.Type(), 0.5, 0, 0.5)
	labels := &graph.Tensor{Type: label.Type(), I: []int32{0, 1, 1}}
	v, err := graph.Run(g, graph.Leaves{"y": logits, "label": labels, "weight": weights}, all, some)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("all rows %.3f, without the second %.3f\n", v.Of(all).F[0], v.Of(some).F[0])
	// Output: all rows 1.942, without the second 0.410
}

// The losses by the names of configurations.
func ExampleEntries() {
	for _, e := range loss.Entries() {
		fmt.Println(e.Name)
	}
	// Output:
	// BCEWithLogitsLoss
	// CrossEntropyLoss
	// HuberLoss
	// L1Loss
	// MSELoss
	// NLLLoss
}
