package cuda_test

import (
	"fmt"

	"rpnc/graph"
	"rpnc/ops"
	"rpnc/ops/cuda"
	"rpnc/ops/cuda/emulate"
)

// Two kernels in a row, y = x·x and then y·y in place, on the emulated card; with the Device of cuda.Open they run on the first GPU.
func Example() {
	var dev cuda.Device = &emulate.Device{}
	t := []graph.Type{{DType: graph.F64, Shape: graph.Sh(3)}}
	square, err := cuda.Bind(ops.Binary{Kind: ops.KMul}, []graph.Type{t[0], t[0]}, t, cuda.Exact)
	if err != nil {
		fmt.Println(err)
		return
	}
	x, y := ops.Buffer{F64: []float64{1, 2, 3}}, ops.Buffer{F64: make([]float64, 3)}
	from, _ := dev.Alloc(24)
	to, _ := dev.Alloc(24)
	seq, err := cuda.Load(dev, []cuda.Task{
		{Kernel: square, In: []cuda.Addr{from, from}, Out: []cuda.Addr{to}},
		{Kernel: square, In: []cuda.Addr{to, to}, Out: []cuda.Addr{to}}, // in place
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer seq.Close()
	err = dev.Bound(func() error {
		if err := dev.Upload(from, cuda.Bytes(x)); err != nil {
			return err
		}
		for i := range 2 {
			if err := seq.Run(i); err != nil {
				return err
			}
		}
		if err := seq.Check(); err != nil { // waits, and says whether a kernel met numbers that it cannot work with
			return err
		}
		return dev.Download(cuda.Bytes(y), to)
	})
	fmt.Println(y.F64, err)
	// Output: [1 16 81] <nil>
}
