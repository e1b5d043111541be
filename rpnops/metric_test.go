package rpnops

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"rpnc/graph"
)

// Every metric of a row, with the gradient where it is not smooth.
func TestMetricsOfRows(t *testing.T) {
	for _, e := range []struct {
		metric   string
		x        []float64
		want     float64
		gradient []float64 // nil: not compared
	}{
		{"mean", []float64{3, 1, 2, 4}, 2.5, []float64{0.25, 0.25, 0.25, 0.25}},
		{"sum", []float64{3, 1, 2, 4}, 10, nil},
		{"prod", []float64{3, 0, 2, 4}, 0, []float64{0, 24, 0, 0}},
		{"max", []float64{1, 4, 4, 2}, 4, []float64{0, 1, 0, 0}},
		{"min", []float64{1, 4, 1, 2}, 1, []float64{1, 0, 0, 0}},
		{"median", []float64{3, 1, 2, 4}, 2, []float64{0, 0, 1, 0}},
		{"mode", []float64{3, 2, 3, 2}, 2, []float64{0, 1, 0, 0}},
		{"mode", []float64{3, 2, 3, 1}, 3, []float64{1, 0, 0, 0}},
		{"l1_norm", []float64{-3, 0, 2, 4}, 9, []float64{-1, 0, 1, 1}},
		{"l2_norm", []float64{3, 0, 0, -4}, 5, []float64{0.6, 0, 0, -0.8}},
		{"l2_norm", []float64{0, 0, 0, 0}, 0, []float64{0, 0, 0, 0}},
		{"norm", []float64{3, 0, 0, -4}, 5, nil},
		{"norm(1)", []float64{-3, 0, 2, 4}, 9, []float64{-1, 0, 1, 1}},
		{"norm(0)", []float64{-3, 0, 2, 4}, 3, []float64{0, 0, 0, 0}},
		{"norm(3)", []float64{-3, 0, 4, 5}, 6, []float64{-0.25, 0, 4. / 9, 25. / 36}},
		{"norm(3)", []float64{0, 0, 0, 0}, 0, []float64{0, 0, 0, 0}},
		{"norm(inf)", []float64{-4, 0, 4, 1}, 4, []float64{-0.5, 0, 0.5, 0}},
		{"norm(-inf)", []float64{-4, 1, 4, -1}, 1, []float64{0, 0.5, 0, -0.5}},
		{"norm(fro)", []float64{3, 0, 0, -4}, 5, nil},
		{"variance", []float64{1, 2, 3, 4}, 5. / 3, nil},
		{"std", []float64{2, 2, 2, 2}, 0, []float64{0, 0, 0, 0}},
		{"skewness", []float64{0, 0, 0, 4}, 6 / (3 * math.Sqrt(3)), nil},
		{"skewness", []float64{2, 2, 2, 2}, 0, []float64{0, 0, 0, 0}},
		{"entropy", []float64{0.5, 0.5, 0, 0}, math.Ln2, nil},
		{"geometric_mean", []float64{1, 2, 4, 8}, math.Pow(2, 1.5), nil},
		{"geometric_mean", []float64{1, -2, 4, 8}, math.NaN(), nil},
		{"harmonic_mean", []float64{1, 2, 4, 4}, 2, nil},
		{"harmonic_mean(1, 0, 2, 0)", []float64{1, 2, 4, 4}, 2, nil},
		{"weighted_mean(1, 0, 2, 1)", []float64{1, 2, 4, 3}, 3, []float64{0.25, 0, 0.5, 0.25}},
	} {
		var m Metric
		if err := m.UnmarshalText([]byte("some.path.batch_" + e.metric)); err != nil {
			t.Error(err)
			continue
		}
		r := newTrial(t, false)
		x := r.input("x", 1, 4)
		y := m.Reduce(x, -1)
		in := map[string][]float64{"x": e.x}
		what := fmt.Sprintf("%s of %v", e.metric, e.x)
		if math.IsNaN(e.want) {
			if val, _ := r.run(y, in); !math.IsNaN(val.Of(y).F[0]) {
				t.Errorf("%s is %v; want NaN", what, val.Of(y).F)
			}
			continue
		}
		r.want(what, y, in, e.want)
		if e.gradient != nil {
			if d := graph.VJP(y, r.s.Const(y.Type(), 1), x)[0]; d != nil {
				r.want("gradient of "+what, d, in, e.gradient...)
			} else if e.metric != "norm(0)" {
				t.Errorf("%s has no gradient", what)
			}
		}
	}
}

func TestMetricsReduceAnyAxis(t *testing.T) {
	for axis, want := range map[int][]float64{0: {1.75, 2.75}, 1: {1.5, 3.5}, -1: {1.5, 3.5}, -2: {1.75, 2.75}} {
		r := newTrial(t, false)
		w := []float64{1, 1}
		if axis%2 == 0 {
			w = []float64{5, 3}
		}
		r.want(fmt.Sprint("axis ", axis), WeightedMean(w...).Reduce(r.input("x", 2, 2), axis), map[string][]float64{"x": {1, 2, 3, 4}}, want...)
	}
	for _, m := range []Metric{WeightedMean(1, 2), WeightedHarmonicMean(1, 2)} {
		r := newTrial(t, false)
		m.Reduce(r.input("x", 2, 3), 1)
		r.wantError("2 weights for the 3 entries along axis 1 of (2×3)")
	}
}

func TestMetricsKeepTheirNames(t *testing.T) {
	for kind := range metricRules {
		m := Metric{kind: metricKind(kind)}
		if m.kind == weightedKind {
			m = WeightedMean(1, 2.5)
		}
		for _, m := range []Metric{m, Norm(3), Norm(math.Inf(-1)), WeightedHarmonicMean(0.1, 1e-9)} {
			var back Metric
			if err := back.UnmarshalText([]byte(m.String())); err != nil || back != m {
				t.Errorf("%v comes back as %v, %v", m, back, err)
			}
		}
	}
	for text, want := range map[string]string{
		"maximum": "unknown", "max(1)": "1 arguments", "norm(1, 2)": "2 arguments", "norm(": "want numbers in brackets",
		"norm(nuc)": `argument "nuc"`, "weighted_mean": "0 arguments", "norm(3)x": "want numbers", "norm(nan)": "want a number",
	} {
		if err := new(Metric).UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", text, err, want)
		}
	}
}
