package kernels_test

import (
	"fmt"
	"math"
	"testing"

	"rpnc/internal/kernels"
)

// normRelu is NormRelu in float64 by its definition, with the statistics of x and, for a cotangent d of z, those of x, w
// and s.
func normRelu(rows, cols, heads int, eps, scale float64, x, w, s, d []float64) (z, base, variance, r, dx, dw, ds []float64) {
	m := heads * cols
	z, dx = make([]float64, rows*cols), make([]float64, rows*m)
	base, variance, r = make([]float64, m), make([]float64, m), make([]float64, m)
	dw, ds = make([]float64, m), make([]float64, m)
	for j := range m {
		for i := range rows {
			base[j] += x[i*m+j] / float64(rows)
		}
		for i := range rows {
			variance[j] += (x[i*m+j] - base[j]) * (x[i*m+j] - base[j]) / float64(rows)
		}
		r[j] = 1 / math.Sqrt(variance[j]+eps)
		var mean, along float64
		g := make([]float64, rows) // the cotangent of (x − base)·r
		for i := range rows {
			y := (x[i*m+j] - base[j]) * r[j]
			if pre := y*w[j] + s[j]; pre > 0 {
				z[i*cols+j%cols] += scale * pre
				ds[j] += scale * d[i*cols+j%cols]
				dw[j] += scale * d[i*cols+j%cols] * y
				g[i] = scale * d[i*cols+j%cols] * w[j]
			}
			mean, along = mean+g[i]/float64(rows), along+g[i]*y/float64(rows)
		}
		for i := range rows {
			dx[i*m+j] = r[j] * (g[i] - mean - (x[i*m+j]-base[j])*r[j]*along)
		}
	}
	return z, base, variance, r, dx, dw, ds
}

func checkNorm[T kernels.Float](t *testing.T, rows, cols, heads int) {
	m := heads * cols
	x, w, s, d := uniform[T](rows*m, 1), uniform[T](m, 2), uniform[T](m, 3), uniform[T](rows*cols, 4)
	z, base, variance, r := filled[T](rows*cols, poison), filled[T](m, poison), filled[T](m, poison), filled[T](m, poison)
	dx, sum, dw, ds := filled[T](rows*m, poison), filled[T](m, poison), filled[T](m, poison), filled[T](m, poison)
	n := &kernels.NormRelu[T]{Rows: rows, Columns: cols, Heads: heads, Eps: 1e-3, Scale: 0.5}
	n.Forward(z, base, variance, r, x, w, s)
	n.Backward(dx, sum, dw, ds, d, x, w, s, base, r)
	wz, wb, wv, wr, wdx, wdw, wds := normRelu(rows, cols, heads, 1e-3, 0.5, widened(x), widened(w), widened(s), widened(d))
	for name, c := range map[string]struct {
		got  []T
		want []float64
	}{"z": {z, wz}, "base": {base, wb}, "variance": {variance, wv}, "r": {r, wr}, "dx": {dx, wdx}, "dw": {dw, wdw}, "ds": {ds, wds}} {
		for i, v := range c.got {
			if tol := 300 * epsilon[T]() * (1 + math.Abs(c.want[i])) * 30; !(math.Abs(float64(v)-c.want[i]) <= tol) {
				t.Fatalf("%s[%d] = %v; want %v ± %.1e", name, i, v, c.want[i], tol)
			}
		}
	}
	for j := range m {
		total := 0.0
		for i := range rows {
			total += float64(dx[i*m+j])
		}
		if tol := epsilon[T]() * 1e4; !(math.Abs(float64(sum[j])-total) <= tol) {
			t.Fatalf("sum[%d] = %v; want %v ± %.1e", j, sum[j], total, tol)
		}
	}
}

func TestNormReluMatchesItsDefinition(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for _, c := range [][3]int{{2, 1, 1}, {5, 3, 2}, {7, 16, 1}, {64, 33, 3}, {3, 257, 2}, {300, 70, 1}, {4, 600, 1}} {
			t.Run(fmt.Sprint(c), func(t *testing.T) {
				checkNorm[float32](t, c[0], c[1], c[2])
				checkNorm[float64](t, c[0], c[1], c[2])
			})
		}
	})
}

func TestNormReluOfKnownStatisticsIsItsDefinition(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		for _, c := range [][3]int{{1, 1, 1}, {5, 3, 2}, {7, 300, 3}, {40, 16, 1}} {
			rows, cols, heads := c[0], c[1], c[2]
			m := heads * cols
			x, a, b := uniform[float64](rows*m, 1), uniform[float64](m, 2), uniform[float64](m, 3)
			z := filled[float64](rows*cols, poison)
			n := &kernels.NormRelu[float64]{Rows: rows, Columns: cols, Heads: heads, Scale: 0.25}
			n.Map(z, x, a, b)
			for i := range z {
				want := 0.0
				for j := i % cols; j < m; j += cols {
					want += 0.25 * max(a[j]*x[i/cols*m+j]+b[j], 0)
				}
				if !(math.Abs(z[i]-want) <= 1e-14*float64(heads)) {
					t.Fatalf("%v: z[%d] = %v; want %v", c, i, z[i], want)
				}
			}
		}
	})
}

func TestNormReluIsTheSameForAnyCoresAndAllocatesNothing(t *testing.T) {
	onEveryTable(t, func(t *testing.T) {
		const rows, cols, heads = 16, 1000, 2
		x, w, s, d := uniform[float32](rows*cols*heads, 1), uniform[float32](cols*heads, 2), uniform[float32](cols*heads, 3), uniform[float32](rows*cols, 4)
		n := &kernels.NormRelu[float32]{Rows: rows, Columns: cols, Heads: heads, Eps: 1e-5, Scale: 1}
		z, dx, sum := make([]float32, rows*cols), make([]float32, len(x)), make([]float32, len(w))
		base, variance, r := make([]float32, len(w)), make([]float32, len(w)), make([]float32, len(w))
		dw, ds, known := make([]float32, len(w)), make([]float32, len(w)), make([]float32, len(z))
		step := func() {
			n.Forward(z, base, variance, r, x, w, s)
			n.Backward(dx, sum, dw, ds, d, x, w, s, base, r)
			n.Map(known, x, w, s)
		}
		sameForAnyCores(t, func() []float32 {
			step()
			var all []float32
			for _, v := range [][]float32{z, base, variance, r, dx, sum, dw, ds, known} {
				all = append(all, v...)
			}
			return all
		})
		noAllocs(t, "NormRelu", step)
	})
}
