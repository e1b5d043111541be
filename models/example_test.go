package models_test

import (
	"fmt"

	"rpnc/graph"
	"rpnc/models"
	"rpnc/rpnops"
)

// A head g(x) = ⟨κ(x), ψ(w)⟩ + π(x) of its three functions, as a model with its parameters.
func Example() {
	head := models.Head{M: 4, N: 3,
		Transform:   rpnops.Taylor{D: 2},      // κ(x) = [x, x ⊗ x]: 4 → 20
		Fabrication: rpnops.LoRR{R: 2},        // ψ(w) = A·B (3×20) of 2·(3 + 20) numbers
		Remainder:   rpnops.LinearRemainder{}, // π(x) = x·Wᵀ, W (3×4)
	}
	m, err := models.New(head, &models.Options{Seed: 1, DType: graph.F64})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()
	for _, p := range m.Params() {
		fmt.Println(p.Name, p.Type.Shape)
	}
	fmt.Println(m.NumParams(), "parameters")
	y, err := m.Predict([]float64{6.7, 3.1, 5.6, 2.4, 5.1, 3.5, 1.4, 0.2}) // two rows
	fmt.Println(len(y), "results, error", err)
	// Output:
	// w (1×46)
	// w_remainder (3×4)
	// 58 parameters
	// 6 results, error <nil>
}

// Models of the zoo are config structs too. A mistake names the part and the sizes.
func ExampleNew() {
	m, err := models.New(models.MLP{Dims: []int{64, 32, 10}, Finish: models.Finish{WithRelu: true}}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()
	fmt.Println(m.Dims())
	_, err = m.Predict(make([]float64, 63))
	fmt.Println(err)
	// Output:
	// 64 10
	// models.Model.Predict: 63 numbers are no whole rows of 64 columns
}
