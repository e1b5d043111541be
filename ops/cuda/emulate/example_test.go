package emulate_test

import (
	"fmt"
	"strings"

	"rpnc/graph"
	"rpnc/ops"
	"rpnc/ops/cuda"
	"rpnc/ops/cuda/emulate"
)

// The kernel of an op on the emulated card, whose counters say what a program asks of a device.
func Example() {
	dev := &emulate.Device{}
	t := graph.Type{DType: graph.F64, Shape: graph.Sh(3)}
	k, err := cuda.Bind(ops.Binary{Kind: ops.KMul}, []graph.Type{t, t}, []graph.Type{t}, cuda.Exact)
	if err != nil {
		fmt.Println(err)
		return
	}
	x, y := ops.Buffer{F64: []float64{1, 2, 3}}, ops.Buffer{F64: make([]float64, 3)}
	from, _ := dev.Alloc(24)
	to, _ := dev.Alloc(24)
	_ = dev.Upload(from, cuda.Bytes(x))
	seq, err := cuda.Load(dev, []cuda.Task{{Kernel: k, In: []cuda.Addr{from, from}, Out: []cuda.Addr{to}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("run:", seq.Run(0), "check:", seq.Check())
	_ = dev.Download(cuda.Bytes(y), to)
	fmt.Println(y.F64, "launches:", dev.Launches, "PTX:", strings.Contains(dev.Text, "mul.rn.f64"))
	// Memory that was not reserved is an error, not a crash.
	fmt.Println(dev.Upload(from+8, cuda.Bytes(x)) != nil)
	fmt.Println("close:", seq.Close(), dev.Free(from), dev.Free(to), "left:", dev.Live)
	// Output:
	// run: <nil> check: <nil>
	// [1 4 9] launches: 1 PTX: true
	// true
	// close: <nil> <nil> <nil> left: 0
}
