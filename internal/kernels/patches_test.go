package kernels_test

import (
	"fmt"
	"math"
	"testing"

	"rpnc/internal/kernels"
)

// window lists the offsets from (−u, −l) to (d, r).
func window(u, d, l, r int) (offsets []int) {
	for i := -u; i <= d; i++ {
		for j := -l; j <= r; j++ {
			offsets = append(offsets, i, j)
		}
	}
	return offsets
}

// patchCase is one shape of a product with patches.
type patchCase struct {
	batch, h, w, channels, outputs int
	offsets                        []int
}

var patchCases = []patchCase{
	{1, 1, 1, 1, 1, window(0, 0, 0, 0)},
	{2, 4, 5, 3, 2, window(1, 1, 1, 1)},
	{3, 7, 9, 2, 9, window(0, 2, 1, 0)},
	{1, 28, 28, 4, 16, window(1, 1, 1, 1)},
	{2, 6, 33, 5, 17, window(2, 2, 2, 2)},
	{5, 3, 70, 1, 13, []int{0, -3, 2, 1, -2, 0}},
	{2, 5, 4, 7, 3, []int{9, 0, 0, -8, 1, 1}}, // patches that reach beyond the grid everywhere
	{18, 8, 8, 16, 40, window(1, 1, 1, 1)},
	{1, 40, 40, 33, 8, window(1, 1, 1, 1)}, // several bands
	{2, 5, 32, 3, 17, window(1, 1, 1, 1)},  // rows that are whole tiles
	{2, 6, 15, 2, 5, window(1, 1, 1, 1)},   // rows that are half a tile with their margins
	{3, 9, 20, 6, 15, window(1, 1, 1, 1)},  // 54 terms: more than eight stretches of six, and several inputs for a core
}

// reader returns P(x)[c·q + δ, cell] of input b.
func (c patchCase) reader(x []float64) func(b, row, cell int) float64 {
	q := len(c.offsets) / 2
	return func(b, row, cell int) float64 {
		i, j := cell/c.w+c.offsets[row%q*2], cell%c.w+c.offsets[row%q*2+1]
		if i < 0 || i >= c.h || j < 0 || j >= c.w {
			return 0
		}
		return x[((b*c.channels+row/q)*c.h+i)*c.w+j]
	}
}

// widened are the elements of x as float64.
func widened[T kernels.Float](x []T) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// sumNear fails unless got is the sum of n terms whose absolute values add up to scale.
func sumNear[T kernels.Float](t *testing.T, what string, i int, got T, want, scale float64, n int) {
	t.Helper()
	if tol := epsilon[T]() * scale * float64(n+2); !(math.Abs(float64(got)-want) <= tol) {
		t.Fatalf("%s[%d] = %v; want %v ± %.1e", what, i, got, want, tol)
	}
}

func checkPatches[T kernels.Float](t *testing.T, c patchCase) {
	cells, k := c.h*c.w, c.channels*len(c.offsets)/2
	x, w := uniform[T](c.batch*c.channels*cells, 1), uniform[T](c.outputs*k, 2)
	y, d, dw := filled[T](c.batch*c.outputs*cells, poison), uniform[T](c.batch*c.outputs*cells, 3), filled[T](len(w), poison)
	p := kernels.NewPatches[T](c.batch, c.h, c.w, c.channels, c.outputs, c.offsets)
	for range 2 { // scratch that was used before must do
		p.Mul(y, w, x)
		p.Gradient(dw, d, x)
	}
	at := c.reader(widened(x))
	grad, scale := make([]float64, len(w)), make([]float64, len(w))
	for b := range c.batch {
		for o := range c.outputs {
			for cell := range cells {
				i := (b*c.outputs+o)*cells + cell
				var want, size float64
				for r := range k {
					v := at(b, r, cell)
					want, size = want+float64(w[o*k+r])*v, size+math.Abs(float64(w[o*k+r])*v)
					grad[o*k+r] += float64(d[i]) * v
					scale[o*k+r] += math.Abs(float64(d[i]) * v)
				}
				sumNear(t, "y", i, y[i], want, size, k)
			}
		}
	}
	for i := range dw {
		sumNear(t, "dw", i, dw[i], grad[i], scale[i], c.batch*cells)
	}
}

func TestPatchProductsMatchTheirDefinition(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for _, c := range patchCases {
			t.Run(fmt.Sprintf("%d×%d×%d×%d→%d", c.batch, c.channels, c.h, c.w, c.outputs), func(t *testing.T) {
				checkPatches[float32](t, c)
				checkPatches[float64](t, c)
			})
		}
	})
}

func TestPatchProductsAreTheSameForAnyCores(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for _, c := range []patchCase{{18, 8, 8, 8, 32, window(1, 1, 1, 1)}, {18, 9, 20, 2, 33, window(1, 1, 1, 1)}} {
			cells, k := c.h*c.w, 9*c.channels
			x, w, d := uniform[float32](c.batch*c.channels*cells, 1), uniform[float32](c.outputs*k, 2), uniform[float32](c.batch*c.outputs*cells, 3)
			p := kernels.NewPatches[float32](c.batch, c.h, c.w, c.channels, c.outputs, c.offsets)
			sameForAnyCores(t, func() []float32 {
				out := make([]float32, len(d)+len(w))
				p.Mul(out[:len(d)], w, x)
				p.Gradient(out[len(d):], d, x)
				return out
			})
			y, dw := make([]float32, len(d)), make([]float32, len(w))
			noAllocs(t, "Patches", func() {
				p.Mul(y, w, x)
				p.Gradient(dw, d, x)
			})
		}
	})
}

// A NaN reaches the cells whose patches hold it and no other one.
func TestPatchProductsKeepNaNApart(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		p := kernels.NewPatches[float32](1, 6, 6, 2, 3, window(1, 1, 1, 1))
		x, w, y := uniform[float32](72, 1), uniform[float32](54, 2), make([]float32, 108)
		x[2*6+5] = float32(math.NaN())
		p.Mul(y, w, x)
		for i, v := range y {
			r, c := i%36/6, i%6
			if touched := r >= 1 && r <= 3 && c >= 4; (v != v) != touched {
				t.Errorf("y[%d] (row %d, column %d) = %v", i, r, c, v)
			}
		}
	})
}

func TestPatchProductsRefuseWrongSizes(t *testing.T) {
	p := kernels.NewPatches[float32](1, 2, 2, 1, 1, window(0, 0, 0, 0))
	for name, f := range map[string]func(){
		"no cells": func() { kernels.NewPatches[float32](1, 0, 2, 1, 1, []int{0, 0}) },
		"half":     func() { kernels.NewPatches[float32](1, 2, 2, 1, 1, []int{0, 0, 1}) },
		"short x":  func() { p.Mul(make([]float32, 4), make([]float32, 1), make([]float32, 3)) },
		"long dw":  func() { p.Gradient(make([]float32, 2), make([]float32, 4), make([]float32, 4)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

func BenchmarkPatches(b *testing.B) {
	for _, c := range []patchCase{
		{64, 28, 28, 1, 16, window(1, 1, 1, 1)}, {64, 28, 28, 16, 32, window(1, 1, 1, 1)}, {64, 32, 32, 3, 128, window(1, 1, 1, 1)}, {64, 32, 32, 32, 64, window(1, 1, 1, 1)},
	} {
		cells, k := c.h*c.w, c.channels*len(c.offsets)/2
		x, w, y := uniform[float32](c.batch*c.channels*cells, 1), uniform[float32](c.outputs*k, 2), make([]float32, c.batch*c.outputs*cells)
		p := kernels.NewPatches[float32](c.batch, c.h, c.w, c.channels, c.outputs, c.offsets)
		flops := 2 * float64(len(y)) * float64(k)
		run := func(name string, f func()) {
			b.Run(fmt.Sprintf("op=%s/channels=%d/outputs=%d/cells=%d", name, c.channels, c.outputs, cells), func(b *testing.B) {
				for b.Loop() {
					f()
				}
				b.ReportMetric(flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOPS")
			})
		}
		run("mul", func() { p.Mul(y, w, x) })
		dw := make([]float32, len(w))
		run("gradient", func() { p.Gradient(dw, y, x) })
	}
}
