package ops

import (
	"rpnc/graph"
	"rpnc/internal/kernels"
)

// Kernel reads x once and writes what is pooled, a grid of all rows a worker.
func (o NormMax) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, normMaxRun[float32], normMaxRun[float64])
}

// normPool are grids of x (b×c·cells) with the pooling behind them.
func normPool[T float](eps float64, cells int, table *graph.Index, size int, x graph.Type, back bool) *kernels.NormPool[T] {
	patches := table.Len() / size
	p := newPooling[T](PatchExtreme{Table: table, Size: size}, cells, back)
	n := kernels.NewNormPool[T](x.Shape.Dim(0), x.Shape.Dim(1), cells, patches, eps)
	if p.regular && p.planes.aroundSecond(table, size) {
		n.Width = p.planes.w
	}
	n.Pool = func(y []T, row int, z []T) {
		f := p.frames.get()
		for i := 0; (i+1)*cells <= len(z); i++ {
			p.extremes(f, y[i*row:][:patches], z[i*cells:][:cells])
		}
		p.frames.put(f)
	}
	n.Back = func(z, d []T, row int) {
		f := p.frames.get()
		for i := 0; (i+1)*cells <= len(z); i++ {
			p.replace(f, z[i*cells:][:cells], d[i*row:][:patches])
		}
		p.frames.put(f)
	}
	return n
}

// aroundSecond says that the patches are those of [kernels.GridWindows].
func (p planes) aroundSecond(table *graph.Index, size int) bool {
	if size != 9 || !kernels.GridWindows(p.h, p.w) || table.Len() != p.h*p.w/4*size {
		return false
	}
	for at, cell := range table.Slice() {
		window, k := at/size, at%size
		i, j := 2*(window/(p.w/2))+k/3-1, 2*(window%(p.w/2))+k%3-1
		if want := i*p.w + j; i < 0 || j < 0 {
			if cell != -1 {
				return false
			}
		} else if int(cell) != want {
			return false
		}
	}
	return true
}

// replace puts in the place of a row what its entries get of d.
func (o *pooling[T]) replace(f *extremeFrame[T], x, d []T) {
	if f.extremes == nil {
		f.extremes, f.row = make([]T, len(d)), make([]T, len(x))
	}
	if !o.regular {
		copy(f.row, x)
		o.extremes(f, f.extremes, x)
		o.gradient(f, x, f.row, f.extremes, d)
		return
	}
	o.extremes(f, f.extremes, x)
	o.back(f, x, f.extremes, d)
}

func normMaxRun[T float](o NormMax, in, _ []graph.Type) Run {
	n := normPool[T](o.Eps, o.Cells, o.Table, o.Size, in[0], false)
	return func(dst, in []Buffer) {
		n.Forward(view[T](dst[0]), view[T](dst[1]), view[T](dst[2]), view[T](dst[3]), view[T](in[0]), view[T](in[1]), view[T](in[2]))
	}
}

// Kernel reads x and d once and writes dx once, a grid of all rows a worker.
func (o NormMaxGrad) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, normMaxGradRun[float32], normMaxGradRun[float64])
}

// InPlaceResult says that dx may be written over x.
func (o NormMaxGrad) InPlaceResult(result, operand int) bool { return result == 0 && operand == 1 }

func normMaxGradRun[T float](o NormMaxGrad, in, _ []graph.Type) Run {
	n := normPool[T](0, o.Cells, o.Table, o.Size, in[1], true)
	return func(dst, in []Buffer) {
		n.Backward(view[T](dst[0]), view[T](dst[1]), view[T](dst[2]), view[T](dst[3]),
			view[T](in[0]), view[T](in[1]), view[T](in[2]), view[T](in[3]), view[T](in[4]), view[T](in[5]))
	}
}

// Kernel reads x once and writes what is pooled, a grid of all rows a worker.
func (o AffineMax) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, affineMaxRun[float32], affineMaxRun[float64])
}

func affineMaxRun[T float](o AffineMax, in, _ []graph.Type) Run {
	n := normPool[T](0, o.Cells, o.Table, o.Size, in[0], false)
	return func(dst, in []Buffer) { n.Map(view[T](dst[0]), view[T](in[0]), view[T](in[1]), view[T](in[2])) }
}
