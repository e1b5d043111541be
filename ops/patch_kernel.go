package ops

import (
	"rpnc/graph"
	"rpnc/internal/kernels"
)

// Kernel reads the patches from a padded copy of the part of x at hand.
func (o PatchMatMul) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, patchMatMulRun[float32], patchMatMulRun[float64])
}

func patchMatMulRun[T float](o PatchMatMul, in, out []graph.Type) Run {
	if out[0].Shape.Size() == 0 {
		return func(_, _ []Buffer) {}
	}
	p := patchesOf[T](o.Window, in[1].Shape, in[0].Shape.Dim(0))
	return func(dst, in []Buffer) { p.Mul(view[T](dst[0]), view[T](in[0]), view[T](in[1])) }
}

// Kernel sums over the patches of a padded copy of the part of x at hand.
func (o PatchMatMulGrad) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, patchMatMulGradRun[float32], patchMatMulGradRun[float64])
}

func patchMatMulGradRun[T float](o PatchMatMulGrad, in, out []graph.Type) Run {
	p := patchesOf[T](o.Window, in[1].Shape, in[0].Shape.Dim(1))
	return func(dst, in []Buffer) { p.Gradient(view[T](dst[0]), view[T](in[0]), view[T](in[1])) }
}

// patchesOf prepares products with the patches of x.
func patchesOf[T float](w Window, x graph.Shape, outputs int) *kernels.Patches[T] {
	var offsets []int
	for _, o := range w.Offsets.Slice() {
		offsets = append(offsets, int(o))
	}
	return kernels.NewPatches[T](x.Dim(0), w.H, w.W, x.Dim(1)/w.cells(), outputs, offsets)
}
