package ops

import (
	"math"

	"rpnc/graph"
	"rpnc/internal/kernels"
)

// columnGrain is how many columns one worker takes at a time: a few lines of cache of every row.
const columnGrain = 64

// Kernel goes over the rows three times, a block of columns a worker.
func (o ColumnNorm) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, columnNormRun[float32], columnNormRun[float64])
}

// InPlace says that y may be written over x.
func (o ColumnNorm) InPlace(int) bool { return true }

// columnNormRun computes, for each column j of x (b×m),
//
//	μ = Σᵢ xᵢⱼ/b,   v = Σᵢ (xᵢⱼ − μ)²/b,   yᵢⱼ = (xᵢⱼ − μ)/√(v + ε)
//
// in three passes over the rows. The variance is summed from differences: Σx² − b·μ² in one pass loses all digits
// in float32 where the mean is large beside the deviation. Each core has columns of its own and walks down the
// rows, so a sum is never cut and its order does not depend on the number of cores.
func columnNormRun[T float](o ColumnNorm, in, _ []graph.Type) Run {
	m, rows := in[0].Shape.Dim(-1), rowsOf(in[0].Shape)
	var x, y, mean, variance, r []T
	block := func(lo, hi int) {
		mu, v, inv := mean[lo:hi], variance[lo:hi], r[lo:hi]
		clear(mu)
		clear(v)
		for i := range rows {
			for j, a := range x[i*m+lo : i*m+hi] {
				mu[j] += a
			}
		}
		for j := range mu {
			mu[j] /= T(rows)
		}
		for i := range rows {
			for j, a := range x[i*m+lo : i*m+hi] {
				v[j] += (a - mu[j]) * (a - mu[j])
			}
		}
		for j := range v {
			v[j] /= T(rows)
			inv[j] = T(1 / math.Sqrt(float64(v[j])+o.Eps))
		}
		for i := range rows {
			to := y[i*m+lo : i*m+hi]
			for j, a := range x[i*m+lo : i*m+hi] {
				to[j] = (a - mu[j]) * inv[j]
			}
		}
	}
	return func(dst, in []Buffer) {
		x, y = view[T](in[0]), view[T](dst[0])
		mean, variance, r = view[T](dst[1]), view[T](dst[2]), view[T](dst[3])
		kernels.Parallel(m, columnGrain, block)
	}
}

// Kernel goes over the rows twice, a block of columns a worker.
func (o ColumnNormGrad) Kernel(in, out []graph.Type) (Run, error) {
	return byType(o, in, out, columnNormGradRun[float32], columnNormGradRun[float64])
}

// InPlace says that the result may be written over d or y.
func (ColumnNormGrad) InPlace(i int) bool { return i < 2 }

// columnNormGradRun is the gradient in terms of results, so that x need not be kept. With r = 1/√(v + ε) and means
// over the rows,
//
//	dxᵢⱼ = r·(dᵢⱼ − mean(d) − yᵢⱼ·mean(d·y))
//
// which takes out of d what would shift the column or scale it: y does not change under either. Split over columns
// as the forward.
func columnNormGradRun[T float](_ ColumnNormGrad, in, _ []graph.Type) Run {
	m, rows := in[0].Shape.Dim(-1), rowsOf(in[0].Shape)
	mean, along := make([]T, m), make([]T, m)
	var d, y, r, dx []T
	block := func(lo, hi int) {
		mu, al, inv := mean[lo:hi], along[lo:hi], r[lo:hi]
		clear(mu)
		clear(al)
		for i := range rows {
			of := y[i*m+lo : i*m+hi]
			for j, a := range d[i*m+lo : i*m+hi] {
				mu[j] += a
				al[j] += a * of[j]
			}
		}
		for j := range mu {
			mu[j] /= T(rows)
			al[j] /= T(rows)
		}
		for i := range rows {
			of, to := y[i*m+lo:i*m+hi], dx[i*m+lo:i*m+hi]
			for j, a := range d[i*m+lo : i*m+hi] {
				to[j] = inv[j] * (a - mu[j] - of[j]*al[j])
			}
		}
	}
	return func(dst, in []Buffer) {
		d, y, r, dx = view[T](in[0]), view[T](in[1]), view[T](in[2]), view[T](dst[0])
		kernels.Parallel(m, columnGrain, block)
	}
}
