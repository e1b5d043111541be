package cuda_test

import (
	"fmt"
	"math"
	"os"
	"testing"

	"rpnc/graph"
	"rpnc/ops"
	"rpnc/ops/cuda"
	"rpnc/ops/cuda/emulate"
)

// call is an op on operands.
type call struct {
	op      graph.Op
	in, out []graph.Type
	operand []*graph.Tensor

	math     cuda.Math
	products cuda.Products
}

// as is a sample in an element type, with random operands.
func as(s ops.Sample, d graph.DType, t *testing.T) call {
	t.Helper()
	c := call{op: retyped(s.Op, d)}
	lo, hi := s.Lo, s.Hi
	if lo == 0 && hi == 0 {
		lo, hi = -1, 1
	}
	for i, x := range s.In {
		r := graph.Uniform(lo, hi)
		if x.DType == graph.I32 {
			r = graph.Uniform(0, math.Max(1, s.Hi))
		} else {
			x.DType = d
		}
		c.in = append(c.in, x)
		v := r.Tensor(x, 11, fmt.Sprint("in", i))
		for k := range v.F {
			v.F[k] = float64(float32(v.F[k])) // what both precisions can hold
		}
		c.operand = append(c.operand, v)
	}
	out, err := c.op.Infer(c.in)
	if err != nil {
		t.Fatal(err)
	}
	c.out = out
	return c
}

// retyped is an op that names its element type in another one.
func retyped(op graph.Op, d graph.DType) graph.Op {
	switch op := op.(type) {
	case ops.OneHot:
		op.DType = d
		return op
	case ops.UpperOnes:
		op.DType = d
		return op
	}
	return op
}

// run computes the results of a call on a device.
func run(dev cuda.Device, c call) ([]*graph.Tensor, error) {
	k, err := cuda.Bind(c.op, c.in, c.out, c.math)
	if err != nil {
		return nil, err
	}
	task := cuda.Task{Kernel: k, Products: c.products}
	var memory []cuda.Addr
	err = dev.Bound(func() error {
		for _, x := range append(append([]graph.Type(nil), c.in...), c.out...) {
			a, err := dev.Alloc(max(1, x.Bytes()))
			if err != nil {
				return err
			}
			memory = append(memory, a)
		}
		for i, x := range c.operand {
			b := ops.NewBuffer(x.Type)
			b.Load(x)
			if err := dev.Upload(memory[i], cuda.Bytes(b)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	task.In, task.Out = memory[:len(c.in)], memory[len(c.in):]
	s, err := cuda.Load(dev, []cuda.Task{task})
	if err != nil {
		return nil, err
	}
	var results []*graph.Tensor
	err = dev.Bound(func() error {
		if err := s.Run(0); err != nil {
			return err
		}
		for i, x := range c.out {
			b, r := ops.NewBuffer(x), graph.NewTensor(x)
			if err := dev.Download(cuda.Bytes(b), task.Out[i]); err != nil {
				return err
			}
			b.Store(r)
			results = append(results, r)
		}
		err := s.Check()
		for _, a := range memory {
			if e := dev.Free(a); e != nil {
				return e
			}
		}
		return err
	})
	if e := s.Close(); e != nil {
		return nil, e
	}
	return results, err
}

// apart is the largest difference of two tensors beside the largest entry; −1 where one has a NaN that the other has
// not, or integers differ.
func apart(got, want *graph.Tensor) float64 {
	most, scale := 0.0, 0.0
	for i, w := range want.F {
		g := got.F[i]
		if w == g || math.IsNaN(w) && math.IsNaN(g) {
			continue
		}
		if math.IsNaN(w) || math.IsNaN(g) || math.IsInf(w, 0) || math.IsInf(g, 0) {
			return -1
		}
		most, scale = max(most, math.Abs(g-w)), max(scale, math.Abs(w))
	}
	for _, w := range want.F {
		if !math.IsInf(w, 0) && !math.IsNaN(w) {
			scale = max(scale, math.Abs(w))
		}
	}
	for i, w := range want.I {
		if got.I[i] != w {
			return -1
		}
	}
	if most == 0 {
		return 0
	}
	return most / scale
}

var precisions = []struct {
	dtype graph.DType
	tol   float64
}{{graph.F32, 1e-5}, {graph.F64, 1e-12}}

// inShort are the precisions of the short tests, in which the emulator runs float64 for the order of threads alone.
func inShort() int {
	if testing.Short() {
		return 1
	}
	return len(precisions)
}

// against runs every sample in both precisions on a device, beside the oracle.
func against(t *testing.T, dev cuda.Device, samples []ops.Sample) {
	for _, s := range samples {
		for _, p := range precisions[:inShort()] {
			t.Run(fmt.Sprintf("%v/%.60s%v", p.dtype, s.Op.Name(), s.In), func(t *testing.T) {
				c := as(s, p.dtype, t)
				want, err := graph.EvalOp(c.op, c.out, c.operand)
				if err != nil {
					t.Fatal(err)
				}
				got, err := run(dev, c)
				if err != nil {
					t.Fatal(err)
				}
				for i := range want {
					if e := apart(got[i], want[i]); e < 0 || e > p.tol {
						t.Errorf("result %d is %.3g off; want at most %g", i, e, p.tol)
					}
				}
			})
		}
	}
}

// gpu is the card of the machine, or a skip that says why; RPNC_REQUIRE_GPU=1 makes it a failure.
func gpu(t *testing.T) cuda.Device {
	t.Helper()
	dev, err := cuda.Open()
	if err != nil && os.Getenv("RPNC_REQUIRE_GPU") == "1" {
		t.Fatal(err)
	}
	if err != nil {
		t.Skipf("%d calls wait for a GPU: %v", 2*len(suite()), err)
	}
	return dev
}

// suite is every sample of package ops but those of ops for the CPU alone, and larger calls.
func suite() (all []ops.Sample) {
	for _, s := range append(ops.Samples(), large()...) {
		if _, host := s.Op.(ops.HostOnly); !host {
			all = append(all, s)
		}
	}
	return all
}

func TestKernelsMatchTheOracleOnTheGPU(t *testing.T) { against(t, gpu(t), suite()) }

func TestKernelsMatchTheOracleOnTheEmulator(t *testing.T) {
	dev := &emulate.Device{}
	against(t, dev, suite())
	if dev.Live != 0 {
		t.Errorf("%d pieces of memory and modules were not given back", dev.Live)
	}
}

// What differs when threads run in another order is a race.
func TestResultsDoNotDependOnTheOrderOfThreads(t *testing.T) {
	for _, s := range suite() {
		c := as(s, graph.F64, t)
		one, err := run(&emulate.Device{}, c)
		if err != nil {
			t.Fatal(err)
		}
		other, err := run(&emulate.Device{Reverse: true}, c)
		if err != nil {
			t.Fatal(err)
		}
		want, err := graph.EvalOp(c.op, c.out, c.operand)
		if err != nil {
			t.Fatal(err)
		}
		for i := range one {
			if e := apart(other[i], one[i]); e != 0 {
				t.Errorf("%s%v, result %d: %g", s.Op.Name(), s.In, i, e)
			}
			if e := apart(one[i], want[i]); e < 0 || e > precisions[1].tol {
				t.Errorf("%s%v, result %d is %.3g off; want at most %g", s.Op.Name(), s.In, i, e, precisions[1].tol)
			}
		}
	}
}
