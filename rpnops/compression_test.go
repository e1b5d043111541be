package rpnops

import (
	"fmt"
	"strings"
	"testing"
)

// transformationOf makes a registered transformation, changed by edit.
func transformationOf[T any](t *testing.T, name string, edit func(*T)) T {
	t.Helper()
	v, err := New(name, func(p any) error { edit(p.(*T)); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return v.(T)
}

func TestMetricCompressionsOfARow(t *testing.T) {
	for name, want := range map[string]float64{"max": 4, "min": 1, "sum": 10, "mean": 2.5, "prod": 24, "median": 2} {
		r := newTrial(t, false)
		k := transformationOf(t, name+"_compression", func(*MetricCompression) {})
		r.want(name, k.Transform(r.s, r.input("x", 1, 4)), map[string][]float64{"x": {3, 1, 2, 4}}, want)
	}
}

// A row of three cells on a grid of 3×4: what lies outside counts as zero.
func TestGeometricCompressionsOfAGrid(t *testing.T) {
	x := ramp(12) // 1…12
	for metric, want := range map[string][]float64{
		"max":  {2, 3, 4, 4, 6, 7, 8, 8, 10, 11, 12, 12},
		"min":  {0, 1, 2, 0, 0, 5, 6, 0, 0, 9, 10, 0},
		"mean": {1, 2, 3, 7. / 3, 11. / 3, 6, 7, 5, 19. / 3, 10, 11, 23. / 3},
	} {
		k := transformationOf(t, "cuboid_"+metric+"_based_geometric_compression", func(k *GeometricCompression) {
			k.H, k.W, k.Patch = 3, 4, Cuboid{PW: 1}
			k.Metric = Some(Prod) // the class has its own
		})
		r := newTrial(t, false)
		r.want(metric, k.Transform(r.s, r.input("x", 1, 12)), map[string][]float64{"x": x}, want...)
		if D, err := k.OutDim(12); D != 12 || err != nil {
			t.Errorf("D is %d, %v; want 12", D, err)
		}
	}
}

// Two universes: the universe is the slow axis of the result, the centre the fast one.
func TestGeometricCompressionKeepsUniversesApart(t *testing.T) {
	k := GeometricCompression{Packing: Packing{Grid: Grid{H: 1, W: 4, Universes: 2}, Patch: Cuboid{PWPrime: Some(1)}, CDH: 1, CDW: 2, CDD: 1},
		Metric: Some(Sum)}
	r := newTrial(t, false)
	r.want("sums of pairs", k.Transform(r.s, r.input("x", 2, 8)), map[string][]float64{"x": ramp(16)}, 3, 7, 11, 15, 19, 23, 27, 31)
}

func TestCompressionMistakes(t *testing.T) {
	packing := Packing{H: 2, W: 2, Patch: Cuboid{}}
	for want, k := range map[string]Transformation{
		"no metric":                           MetricCompression{},
		"GeometricCompression: no metric":     GeometricCompression{Packing: packing},
		"metric sum for the compression":      transformationOf(t, "max_compression", func(k *MetricCompression) { k.Metric = Some(Sum) }),
		"2 weights of weighted_mean(1, 2)":    MetricCompression{Metric: Some(WeightedMean(1, 2))},
		"2 weights of harmonic_mean(1, 2)":    GeometricCompression{Packing: packing, Metric: Some(WeightedHarmonicMean(1, 2))},
		"5 columns for a grid of 2×2×1":       GeometricCompression{Packing: Packing{H: 2, W: 2, Patch: Sphere{}}, Metric: Some(Max)},
		"no patch":                            GeometricCompression{Packing: Packing{H: 2, W: 2}, Metric: Some(Max)},
		"no grid":                             GeometricCompression{Packing: Packing{Patch: Cuboid{}}, Metric: Some(Max)},
		"rpnops.LinearExpansion: post_C is 1": LinearCompression{LinearExpansion{PostC: [][]float64{{1}}}},
	} {
		m := 4
		if strings.Contains(want, "5 columns") {
			m = 5
		}
		r := newTrial(t, false)
		k.Transform(r.s, r.input("x", 2, m))
		r.wantError(want)
		if _, err := k.OutDim(m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("OutDim of %s: %v; want %q", fmt.Sprintf("%T", k), err, want)
		}
	}
}
