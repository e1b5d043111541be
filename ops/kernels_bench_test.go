package ops

import (
	"fmt"
	"testing"

	"rpnc/graph"
)

// BenchmarkKernel times the kernels of a training step on sizes of small models, in f32.
func BenchmarkKernel(b *testing.B) {
	bias := NewProgram(2, nil, []Instr{{graph.Add{}, 0, 1}, {Unary{KRelu}, 2, -1}}, 3)
	norm := NewProgram(3, []float64{1e-5}, []Instr{{Binary{KSub}, 0, 1}, {graph.Add{}, 2, 3}, {Unary{KSqrt}, 5, -1}, {Binary{KDiv}, 4, 6}}, 7)
	for _, s := range []Sample{
		{Op: Elementwise{bias, graph.Sh(64, 512)}, In: []graph.Type{f64(64, 512), f64(512)}},
		{Op: Elementwise{bias, graph.Sh(64, 10)}, In: []graph.Type{f64(64, 10), f64(10)}},
		{Op: Elementwise{norm, graph.Sh(36864, 16)}, In: []graph.Type{f64(36864, 16), f64(16), f64(16)}, Lo: 0.1, Hi: 1},
		{Op: Elementwise{bias, graph.Sh(1024, 1024)}, In: []graph.Type{f64(1024, 1024), f64(1024, 1)}},
		{Op: SumTo{graph.Sh(512)}, In: []graph.Type{f64(64, 512)}},
		{Op: SumTo{graph.Sh(16)}, In: []graph.Type{f64(36864, 16)}},
		{Op: SumTo{graph.Sh()}, In: []graph.Type{f64(1024, 1024)}},
		{Op: SumTo{graph.Sh(1024, 1)}, In: []graph.Type{f64(1024, 1024)}},
		{Op: perm(0, 2, 1), In: []graph.Type{f64(64, 64, 128)}},
		{Op: perm(0, 2, 1, 3), In: []graph.Type{f64(64, 36, 4, 16)}},
		{Op: Softmax{Axis: -1}, In: []graph.Type{f64(2708, 7)}},
		{Op: Softmax{Axis: 0}, In: []graph.Type{f64(512, 512)}},
		{Op: CrossEntropy{}, In: []graph.Type{f64(64, 10), i32(64)}, Hi: 10},
		{Op: Dropout{P: 0.5}, In: []graph.Type{f64(64, 512), i32()}, Hi: 1},
		{Op: AdamW{0.9, 0.999, 1e-8, 0.01, true}, In: optimizerTypes(4, 784, 512), Lo: 0.1, Hi: 2},
	} {
		b.Run(fmt.Sprintf("op=%s/in=%v", s.Op.Name(), s.In[0].Shape), func(b *testing.B) { benchmark(b, s) })
	}
}

func benchmark(b *testing.B, s Sample) {
	c := newCall(b, s, graph.F32)
	b.ReportAllocs()
	b.SetBytes(int64(c.in[0].Bytes()))
	for b.Loop() {
		c.run(c.dst, c.src)
	}
}
