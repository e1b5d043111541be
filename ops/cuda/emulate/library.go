package emulate

import (
	"encoding/binary"
	"fmt"
	"math"

	"rpnc/ops/cuda"
)

// How a library of products is emulated: by three loops with sums in float64, rounded once. What tensor
// cores round is rounded here too, and every access is held against the memory that was reserved, that
// of the workspace as well. It stands in for cuBLAS where tests ask who does a product and whether the
// right one is done; what a real library answers, and how fast, only a card can tell.

// workspace is what the emulated library wants.
const workspace = 4096

// library multiplies on a device.
type library struct{ *Device }

// Library is an emulated one with the name that Products gives it, nil without.
func (d *Device) Library() (cuda.Library, error) {
	if d.Products == "" {
		return nil, nil
	}
	return library{d}, nil
}

// Name is what the test has chosen.
func (l library) Name() string { return l.Products }

// Workspace is some memory, so that a program without it is found out.
func (l library) Workspace() int { return workspace }

// Multiply does a product, or records it.
func (l library) Multiply(g cuda.Gemm, a, b, c, work cuda.Addr) error {
	if l.Refuse != nil && l.Refuse(g) != nil {
		return fmt.Errorf("emulate.Multiply: %v: %w", g, l.Refuse(g))
	}
	if l.record == nil {
		l.Multiplies++
	}
	return l.do(func() error {
		if _, err := l.at(uint64(work), workspace); err != nil {
			return fmt.Errorf("emulate.Multiply: the workspace: %w", err)
		}
		for i := range g.Batch {
			if err := l.product(g, a, b, c, i); err != nil {
				return fmt.Errorf("emulate.Multiply: %v: %w", g, err)
			}
		}
		return nil
	})
}

// product is one of the batch.
func (l library) product(g cuda.Gemm, a, b, c cuda.Addr, i int) error {
	x, err := l.matrix(g, a, i*g.StepA, g.M, g.K, g.TA)
	if err != nil {
		return err
	}
	y, err := l.matrix(g, b, i*g.StepB, g.K, g.N, g.TB)
	if err != nil {
		return err
	}
	out, err := l.at(uint64(c)+uint64(i*g.M*g.N*g.Size()), g.M*g.N*g.Size())
	if err != nil {
		return err
	}
	for row := range g.M {
		for col := range g.N {
			sum := 0.0
			for k := range g.K {
				sum += x[row*g.K+k] * y[k*g.N+col]
			}
			at := (row*g.N + col) * g.Size()
			if g.F64 {
				binary.LittleEndian.PutUint64(out[at:], math.Float64bits(sum))
			} else {
				binary.LittleEndian.PutUint32(out[at:], math.Float32bits(float32(sum)))
			}
		}
	}
	return nil
}

// matrix are the numbers of a factor, rows × cols, row by row, as the maths of the product sees them.
func (l library) matrix(g cuda.Gemm, from cuda.Addr, off, rows, cols int, transposed bool) ([]float64, error) {
	m, err := l.at(uint64(from)+uint64(off*g.Size()), rows*cols*g.Size())
	if err != nil {
		return nil, err
	}
	out := make([]float64, rows*cols)
	for i := range out {
		at := i
		if transposed {
			at = i%cols*rows + i/cols
		}
		if g.F64 {
			out[i] = math.Float64frombits(binary.LittleEndian.Uint64(m[8*at:]))
		} else {
			out[i] = seen(g.Math, binary.LittleEndian.Uint32(m[4*at:]))
		}
	}
	return out, nil
}

// seen is a float32 as products of the given maths see it.
func seen(m cuda.Math, x uint32) float64 {
	switch m {
	case cuda.TF32:
		x = tf32(x)
	case cuda.BF16:
		x = bf16(x) << 16
	}
	return float64(math.Float32frombits(x))
}
