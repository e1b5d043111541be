package cuda_test

import (
	"fmt"
	"testing"

	"rpnc/graph"
	"rpnc/ops"
	"rpnc/ops/cuda"
)

// ceiling is one thing that a card is measured at.
type ceiling struct {
	name string
	op   graph.Op
	in   []graph.Type
	math cuda.Math
	work float64 // of one run: bytes, or operations
	unit string  // of work a nanosecond

	products cuda.Products
}

// ceilings copy size elements, and multiply matrices of side n.
func ceilings(size, n int) []ceiling {
	x := graph.Type{DType: graph.F32, Shape: graph.Sh(size)}
	m := graph.Type{DType: graph.F32, Shape: graph.Sh(n, n)}
	cube := 2 * float64(n) * float64(n) * float64(n)
	list := []ceiling{{"copy", ops.Unary{Kind: ops.KNeg}, []graph.Type{x}, cuda.Exact, 2 * 4 * float64(size), "GB/s", cuda.Own}}
	double := m
	double.DType = graph.F64
	for _, p := range []cuda.Products{cuda.Own, cuda.CuBLAS} {
		by := map[cuda.Products]string{cuda.CuBLAS: " by cuBLAS"}[p]
		for math := cuda.Exact; math <= cuda.BF16; math++ {
			list = append(list, ceiling{"product " + math.String() + by, ops.MatMul{}, []graph.Type{m, m}, math, cube, "GFLOP/s", p})
		}
		list = append(list, ceiling{"product f64" + by, ops.MatMul{}, []graph.Type{double, double}, cuda.Exact, cube, "GFLOP/s", p})
	}
	return list
}

// rate is the work a nanosecond of the best of several rounds of several runs.
func (c ceiling) rate(dev cuda.Device, rounds, runs int) (best float64, err error) {
	out, err := c.op.Infer(c.in)
	if err != nil {
		return 0, err
	}
	k, err := cuda.Bind(c.op, c.in, out, c.math)
	if err != nil {
		return 0, err
	}
	var memory []cuda.Addr
	err = dev.Bound(func() error {
		for _, t := range append(append([]graph.Type(nil), c.in...), out...) {
			a, err := dev.Alloc(t.Bytes())
			if err == nil {
				memory = append(memory, a)
				err = dev.Upload(a, make([]byte, t.Bytes()))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	s, err := cuda.Load(dev, []cuda.Task{{Kernel: k, In: memory[:len(c.in)], Out: memory[len(c.in):], Products: c.products}})
	if err != nil {
		return 0, err
	}
	err = dev.Bound(func() error {
		for range rounds {
			took, err := dev.Time(func() error {
				for range runs {
					if err := s.Run(0); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
			best = max(best, c.work*float64(runs)/float64(took.Nanoseconds()))
		}
		for _, a := range memory {
			if err := dev.Free(a); err != nil {
				return err
			}
		}
		return nil
	})
	if e := s.Close(); err == nil {
		err = e
	}
	return best, err
}

// What the card can do at best, measured with our own kernels: the figures that times of steps are put beside. On the
// emulator small sizes show that the measurement itself works.
func TestCeilings(t *testing.T) {
	t.Run("emulator", func(t *testing.T) {
		dev := withLibrary()
		for _, c := range ceilings(1000, 20) {
			if r, err := c.rate(dev, 1, 2); err != nil || r <= 0 {
				t.Errorf("%s: %v, %v", c.name, r, err)
			}
		}
		if dev.Live != 0 {
			t.Errorf("%d pieces are not given back", dev.Live)
		}
	})
	t.Run("gpu", func(t *testing.T) {
		dev := gpu(t)
		for _, c := range ceilings(1<<26, 4096) {
			if dev.Capability() < c.math.Capability() || c.products == cuda.CuBLAS && cublasIsMissing(dev) != nil {
				continue
			}
			r, err := c.rate(dev, 5, 5)
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			fmt.Printf("ceiling: %s %s: %.0f %s\n", dev.Name(), c.name, r, c.unit)
		}
	})
}
