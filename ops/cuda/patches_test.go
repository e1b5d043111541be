package cuda_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"rpnc/graph"
	"rpnc/ops"
	"rpnc/ops/cuda"
	"rpnc/ops/cuda/emulate"
)

// square is the window of h×w cells with patches of ±reach, cells of a patch so many apart.
func square(h, w, reach, apart int) ops.Window {
	var offsets []int32
	for i := -reach; i <= reach; i++ {
		for j := -reach; j <= reach; j++ {
			offsets = append(offsets, int32(i*apart), int32(j*apart))
		}
	}
	return ops.Window{H: h, W: w, Offsets: graph.NewIndex(offsets...)}
}

// patchSamples are products with patches in sizes around those of tiles, each with the gradients of weights and grid, and
// norms that stand behind them.
func patchSamples() (s []ops.Sample) {
	for _, c := range []struct {
		w                         ops.Window
		images, channels, outputs int
	}{
		{square(5, 7, 1, 1), 3, 2, 5},
		{square(4, 4, 1, 2), 9, 5, 33},
		{square(6, 5, 1, 1), 40, 1, 17}, // a gradient of weights that is cut
		{square(2, 2, 1, 1), 3, 65, 9},  // a product that is cut
		{square(3, 3, 0, 1), 5, 20, 70}, // patches of one cell
		{ops.Window{H: 1, W: 11, Offsets: graph.NewIndex(0, -3, 0, 0, 0, 12)}, 4, 3, 8},
	} {
		x := f(c.images, c.channels*c.w.H*c.w.W)
		size := c.channels * c.w.Offsets.Len() / 2
		s = append(s,
			ops.Sample{Op: ops.PatchMatMul{Window: c.w}, In: []graph.Type{f(c.outputs, size), x}},
			ops.Sample{Op: ops.PatchMatMulGrad{Window: c.w}, In: []graph.Type{f(c.images, c.outputs, c.w.H*c.w.W), x}})
	}
	wide := square(33, 31, 1, 1) // for the widest tiles
	return append(s, ops.Sample{Op: ops.PatchMatMul{Window: wide}, In: []graph.Type{f(5, 9), f(17, 33*31)}})
}

// largePatches are products with patches, extremes of patches and norms with a relu.
func largePatches() []ops.Sample {
	rng := rand.New(rand.NewPCG(5, 6))
	table := make([]int32, 45*4)
	for i := range table {
		table[i] = int32(rng.IntN(61)) - 1
	}
	t := graph.NewIndex(table...)
	return append(patchSamples(),
		ops.Sample{Op: ops.PatchExtreme{Table: t, Size: 4}, In: []graph.Type{f(9, 60)}},
		ops.Sample{Op: ops.PatchExtreme{Table: t, Size: 9, Min: true}, In: []graph.Type{f(9, 60)}},
		ops.Sample{Op: ops.NormRelu{Eps: 1e-5, Heads: 1, Scale: 1}, In: []graph.Type{f(130, 37), f(37), f(37)}},
		ops.Sample{Op: ops.NormRelu{Eps: 1e-5, Heads: 3, Scale: 0.5}, In: []graph.Type{f(41, 33), f(33), f(33)}},
		ops.Sample{Op: ops.NormReluGrad{Heads: 1, Scale: 1}, In: []graph.Type{f(130, 37), f(130, 37), f(37), f(37), f(37), f(37)}},
		ops.Sample{Op: ops.NormReluGrad{Heads: 3, Scale: 0.5}, In: []graph.Type{f(41, 11), f(41, 33), f(33), f(33), f(33), f(33)}},
		ops.Sample{Op: ops.AffineRelu{Heads: 3, Scale: 0.5}, In: []graph.Type{f(41, 33), f(33), f(33)}})
}

// Cotangents of extremes go where the extremes are: y has to be that of x, ties and NaNs among its entries.
func TestGradientsOfPatchExtremesGoToTheFirstOfEquals(t *testing.T) {
	for _, s := range largePatches() {
		op, ok := s.Op.(ops.PatchExtreme)
		if !ok {
			continue
		}
		c := as(s, graph.F32, t)
		for i, v := range c.operand[0].F {
			c.operand[0].F[i] = float64(int(4 * v)) // many are equal, some to the zeros outside
		}
		c.operand[0].F[17] = math.NaN()
		y, err := graph.EvalOp(c.op, c.out, c.operand)
		if err != nil {
			t.Fatal(err)
		}
		d := graph.Uniform(-1, 1).Tensor(c.out[0], 3, "d")
		back := call{op: ops.PatchExtremeGrad{Table: op.Table, Size: op.Size}, in: []graph.Type{c.in[0], c.out[0], c.out[0]}, out: c.in,
			operand: []*graph.Tensor{c.operand[0], y[0], d}}
		want, err := graph.EvalOp(back.op, back.out, back.operand)
		if err != nil {
			t.Fatal(err)
		}
		for _, dev := range []cuda.Device{&emulate.Device{}, &emulate.Device{Reverse: true}} {
			got, err := run(dev, back)
			if err != nil {
				t.Fatal(err)
			}
			if e := apart(got[0], want[0]); e < 0 || e > 1e-6 {
				t.Errorf("%s: %.3g off", op.Name(), e)
			}
		}
	}
}

// What a product with patches reserves beside its operands are parts of its result, never the patches.
func TestPatchesAreNotWrittenToTheDevice(t *testing.T) {
	w := square(28, 28, 1, 1)
	x := f(64, 32*28*28)
	for name, c := range map[string]struct {
		op   graph.Op
		in   []graph.Type
		most int
	}{
		"product": {ops.PatchMatMul{Window: w}, []graph.Type{f(32, 32*9), x}, 0},
		"weights": {ops.PatchMatMulGrad{Window: w}, []graph.Type{f(64, 32, 28*28), x}, 8 * 32 * 32 * 9 * 128},
	} {
		out, err := c.op.Infer(c.in)
		if err != nil {
			t.Fatal(err)
		}
		k, err := cuda.Bind(c.op, c.in, out, cuda.Exact)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, n := range k.Foreign().Scratch {
			got += n
		}
		if got > c.most {
			t.Errorf("%s: %d bytes beside the operands; want at most %d", name, got, c.most)
		}
	}
}

// narrowedFactors rounds the factors of a product as tensor cores do, unless a side of it is too small for them.
func (c call) narrowedFactors() {
	sides := c.in[0].Shape.Dims() // outputs by taps; cells are more
	if _, weights := c.op.(ops.PatchMatMulGrad); weights {
		sides = c.out[0].Shape.Dims()
	}
	if min(sides[0], sides[1]) < 8 {
		return
	}
	bits, even := 11, false
	if c.math == cuda.BF16 {
		bits, even = 8, true
	}
	for _, x := range c.operand {
		for i, v := range x.F {
			x.F[i] = narrowed(v, bits, even)
		}
	}
}

func TestProductsWithPatchesOnTensorCoresAreThoseOfRoundedFactors(t *testing.T) {
	for _, m := range []cuda.Math{cuda.TF32, cuda.BF16} {
		for _, s := range patchSamples() {
			t.Run(fmt.Sprintf("%v/%s%v", m, s.Op.Name(), s.In), func(t *testing.T) {
				c := as(s, graph.F32, t)
				c.math = m
				got, err := run(&emulate.Device{}, c)
				if err != nil {
					t.Fatal(err)
				}
				c.narrowedFactors()
				want, err := graph.EvalOp(c.op, c.out, c.operand)
				if err != nil {
					t.Fatal(err)
				}
				if e := apart(got[0], want[0]); e < 0 || e > 1e-5 {
					t.Errorf("%.3g off; want at most 1e-5", e)
				}
			})
		}
	}
}

// Convolutions of the sizes that networks have fill the largest tiles, which take the most registers.
func TestTheTranslatorTakesProductsWithPatches(t *testing.T) {
	ptxas := translator()
	if ptxas == "" {
		t.Skip("there is no ptxas to try the kernels with")
	}
	w := square(28, 28, 1, 1)
	var samples []ops.Sample
	for _, outputs := range []int{16, 32, 64, 128} {
		samples = append(samples,
			ops.Sample{Op: ops.PatchMatMul{Window: w}, In: []graph.Type{f(outputs, 64*9), f(64, 64*28*28)}},
			ops.Sample{Op: ops.PatchMatMulGrad{Window: w}, In: []graph.Type{f(64, outputs, 28*28), f(64, 64*28*28)}})
	}
	for m, archs := range map[cuda.Math][]string{cuda.Exact: {"sm_70", "sm_75", "sm_80", "sm_90"}, cuda.TF32: {"sm_80", "sm_90"}, cuda.BF16: {"sm_80", "sm_90"}} {
		for _, p := range precisions {
			dev := &emulate.Device{}
			loaded(t, dev, samples, p.dtype, m)
			translate(t, ptxas, dev.Text, archs...)
		}
	}
}
