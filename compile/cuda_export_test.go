package compile

import (
	"rpnc/graph"
	"rpnc/ops/cuda"
)

// UseDevice lets programs find a device other than the machine's GPU, until the function that it answers with is called.
func UseDevice(dev cuda.Device, err error) func() {
	before := openDevice
	openDevice = func() (cuda.Device, error) { return dev, err }
	return func() { openDevice = before }
}

// WithoutKernel takes the kernels of some ops away.
func WithoutKernel(has func(graph.Op) bool) func() {
	before := bindCuda
	bindCuda = func(op graph.Op, in, out []graph.Type, m cuda.Math) (*cuda.Kernel, error) {
		if !has(op) {
			return nil, cuda.ErrNoKernel
		}
		return before(op, in, out, m)
	}
	return func() { bindCuda = before }
}
