package bench_test

import (
	"fmt"

	"rpnc/bench"
)

// What is measured: workloads, each with the operations that a step costs at least.
func Example() {
	w, err := bench.Find("mlp_mnist")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(w.Desc)
	for _, mode := range w.Modes() {
		fmt.Printf("%s: %.1f million operations\n", mode, w.Cost.Flops(mode)/1e6)
	}
	row, err := bench.Measure(w, bench.Setting{Mode: "infer", Seconds: 0.01})
	fmt.Println(row.Workload, row.Params, "parameters; measured:", row.MedianMs > 0, err)
	// Output:
	// perceptron layers 784-256-128-10, bias, ReLU; batch 128
	// infer: 60.1 million operations
	// train: 128.9 million operations
	// mlp_mnist 235146 parameters; measured: true <nil>
}

// The accuracy table trains models as the reference's were trained; Allowance is what chance makes of so few seeds.
func ExampleTasks() {
	t := bench.Tasks()[0]
	fmt.Println(t.Data, t.Model, t.Reference.Mean)
	same := bench.Outcome{Test: bench.Spread{Mean: 92, Std: 1}, Rows: 30}
	fmt.Printf("%.2f points\n", same.Allowance(t.Reference))
	// Output:
	// iris mlp 92.67
	// 4.82 points
}
