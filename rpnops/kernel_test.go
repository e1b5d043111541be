package rpnops

import (
	"math"
	"strings"
	"testing"

	"rpnc/graph"
	"rpnc/ops"
)

func TestKernelsOfTwoColumns(t *testing.T) {
	// Columns (1, 3, 5) and (2, 4, 7): δ = (1, 1, 2).
	for _, c := range []struct {
		k    Kernel
		want []float64
	}{
		{LinearKernel{}, []float64{35, 49, 49, 69}},
		{CosineKernel{}, []float64{1, 0.9970973, 0.9970973, 1}},
		{DistanceKernel[ManhattanDistance]{}, []float64{1, 0.0183156, 0.0183156, 1}},
		{DistanceKernel[EuclideanDistance]{}, []float64{1, 0.0863376, 0.0863376, 1}},
		{DistanceKernel[ChebyshevDistance]{}, []float64{1, 0.1353353, 0.1353353, 1}},
		{DistanceKernel[CanberraDistance]{}, []float64{1, 0.5257880, 0.5257880, 1}},
		{ExponentialKernel{}, []float64{1, 0.0024788, 0.0024788, 1}},
		{GaussianKernel{}, []float64{1, 0.0497871, 0.0497871, 1}},
		{LaplacianKernel{}, []float64{1, 0.0183156, 0.0183156, 1}},
		{AnisotropicKernel{}, []float64{1, 0.0024788, 0.0024788, 1}},
		{AnisotropicKernel{Vector: []float64{0.1, 0.2, 0.3}}, []float64{1, 0.2231302, 0.2231302, 1}},
		{DistanceKernel[MinkowskiDistance]{minkowski(3)}, []float64{1, 0.1159687, 0.1159687, 1}},
		{DistanceKernel[MinkowskiDistance]{minkowski(0)}, []float64{1, 0.0497871, 0.0497871, 1}},
		{DistanceKernel[MinkowskiDistance]{minkowski(math.Inf(-1))}, []float64{1, 0.3678795, 0.3678795, 1}},
		{minkowski(-1), []float64{0, 0.4, 0.4, 0}},
		{PolynomialKernel{C: 1, D: Some(2.0)}, []float64{1296, 2500, 2500, 4900}},
		{HybridKernel{[]Kernel{LinearKernel{}, CosineKernel{}}, []float64{0.5, 2}}, []float64{19.5, 26.494194, 26.494194, 36.5}},
		{KLKernel{}, []float64{0, 0.0452403, 0.0344455, 0}},
		{PearsonKernel{}, []float64{1, 0.9933992, 0.9933992, 1}},
		{RVKernel{}, []float64{0, 0.9933993, 0.9933993, 0}},
		{MutualInformationKernel{}, []float64{0, 2.1653667, 2.1653667, 0}}, // ½·ln 76
	} {
		wantKernel(t, c.k, []float64{1, 2, 3, 4, 5, 7}, c.want, 5e-7)
	}
	wantKernel(t, RVKernel{}, []float64{1, 5, 2, 3, 3, 2}, []float64{0, 0, 0, 0}, 0)
	wantKernel(t, MutualInformationKernel{}, []float64{4, 2, 4, 3, 4, 5}, []float64{0, 0.4236489, 0.4236489, 0}, 5e-7)
	wantKernel(t, CosineKernel{}, []float64{0, 3, 0, 4}, []float64{0, 0, 0, 1}, 1e-15)
	nan := math.NaN()
	wantKernel(t, PearsonKernel{}, []float64{4, 2, 4, 3, 4, 5}, []float64{nan, nan, nan, 1}, 1e-15)
	wantKernel(t, RVKernel{}, []float64{4, 2, 4, 3, 4, 5}, []float64{0, nan, nan, 0}, 0)
}

// wantKernel compares the columns of x (k×2).
func wantKernel(t *testing.T, k Kernel, x, want []float64, tol float64) {
	t.Helper()
	r := newTrial(t, false)
	in := r.input("x", len(x)/2, 2)
	y := Compare(r.s, k, in)
	if y.Poisoned() {
		t.Fatalf("%T: %v", k, r.s.G.Err())
	}
	val, _ := r.run(y, map[string][]float64{"x": x})
	for i, w := range want {
		if v := val.Of(y).F[i]; !(math.Abs(v-w) <= tol*max(1, math.Abs(w)) || v != v && w != w) {
			t.Errorf("%T%+v: entry %d is %v, want %v", k, k, i, v, w)
		}
	}
}

func TestKernelsThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		xi   KernelInterdependence
		want string
	}{
		{KernelInterdependence{}, "no kernel"},
		{KernelInterdependence{Kernel: MinkowskiDistance{}}, "p is not given"},
		{KernelInterdependence{Kernel: GaussianKernel{Some(0.0)}}, "sigma = 0"},
		{KernelInterdependence{Kernel: LaplacianKernel{Some(-1.0)}}, "sigma = -1"},
		{KernelInterdependence{Kernel: AnisotropicKernel{Vector: []float64{1, 2}}}, "a_vector has 2 entries, what is compared has 3"},
		{KernelInterdependence{Kernel: HybridKernel{}}, "no kernels"},
		{KernelInterdependence{Kernel: HybridKernel{Kernels: []Kernel{LinearKernel{}}, Weights: []float64{1, 2}}}, "2 weights for 1 kernels"},
		{KernelInterdependence{Kernel: LinearKernel{}, Legacy: Legacy{RequireData: Some(false)}}, "require_data is false"},
		{KernelInterdependence{Kernel: LinearKernel{}, Declared: Declared{B: 4, Type: Instance}}, "declared for b = 4 rows"},
	} {
		if _, err := runXi(c.xi, 3, 2, ramp(6)...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v; want %s", c.xi, err, c.want)
		}
	}
	var p NormOrder
	if err := p.UnmarshalText([]byte("nuc")); err == nil {
		t.Error("nuc is an order of a norm")
	}
	for text, want := range map[string]NormOrder{"fro": 2, "-.inf": NormOrder(math.Inf(-1)), "Inf": NormOrder(math.Inf(1)), "1.5": 1.5} {
		if err := p.UnmarshalText([]byte(text)); err != nil || p != want {
			t.Errorf("%s is %v, %v; want %v", text, p, err, want)
		}
	}
}

// Equal columns, columns of zeros and components that tie must not give NaN or ±Inf as gradients.
func TestKernelGradientsAreFiniteAtSpecialPoints(t *testing.T) {
	x := []float64{
		1, 1, 0, -1,
		2, 2, 0, 2,
	}
	for _, e := range Entries() {
		k, ok := e.Default.(Kernel)
		if !ok || e.Name == "pearson_correlation_kernel" || e.Name == "rv_coefficient_kernel" {
			continue // the correlation of a constant column is NaN
		}
		for _, sample := range append(e.Samples, k) {
			k := sample.(Kernel)
			if k.Check(2) != nil {
				continue
			}
			if p, ok := k.(PolynomialKernel); ok && p.C == 0 && p.D.Or(1) < 0 {
				continue
			}
			if h, ok := k.(HybridKernel); ok && len(h.Kernels) == 3 {
				continue // with a correlation in it
			}
			r := newTrial(t, false)
			in := r.input("x", 2, 4)
			y := Compare(r.s, k, in)
			dx := graph.Grad(ops.SumToShape(y, graph.Sh()), in)[0]
			if dx == nil {
				continue
			}
			val, _ := r.run(dx, map[string][]float64{"x": x})
			for i, v := range val.Of(dx).F {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Errorf("%s %+v: gradient %d is %v", e.Name, k, i, v)
				}
			}
		}
	}
}
