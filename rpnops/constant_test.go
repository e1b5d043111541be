package rpnops

import (
	"strings"
	"testing"
)

func TestConstantInterdependences(t *testing.T) {
	x := []float64{1, 2, 3, 4, 5, 7} // (3×2)
	instance := Declared{B: 3, M: 9, Type: Instance}
	for name, c := range map[string]struct {
		xi   Interdependence
		want []float64
	}{
		"given":             {Constant{A: [][]float64{{1, 0, 2}, {0, 1, -1}}}, []float64{1, 2, 0, 3, 4, 2, 5, 7, 3}},
		"given, instance":   {Constant{Declared: instance, A: [][]float64{{1}, {2}, {-1}}}, []float64{2, 3}},
		"c":                 {ConstantC{C: Some(0.5), Primed: Primed{MPrime: 2}}, []float64{1.5, 1.5, 3.5, 3.5, 6, 6}},
		"c of 1":            {ConstantC{Primed: Primed{MPrime: 1}}, []float64{3, 7, 12}},
		"c of 0":            {ConstantC{C: Some(0.0), Primed: Primed{MPrime: 1}}, []float64{0, 0, 0}},
		"c, instance":       {ConstantC{Declared: instance, C: Some(2.0), Primed: Primed{BPrime: 1}}, []float64{18, 26}},
		"zero":              {ZeroInterdependence{Primed: Primed{MPrime: 1}}, []float64{0, 0, 0}},
		"one":               {OneInterdependence{Primed: Primed{MPrime: 1}}, []float64{3, 7, 12}},
		"one, instance":     {OneInterdependence{Declared: instance, Primed: Primed{BPrime: 2}}, []float64{9, 13, 9, 13}},
		"identity":          {IdentityInterdependence{}, x},
		"identity, wide":    {IdentityInterdependence{Declared: Declared{B: 3, M: 2}, Primed: Primed{MPrime: 3}}, []float64{1, 2, 0, 3, 4, 0, 5, 7, 0}},
		"identity, narrow":  {IdentityInterdependence{Primed: Primed{MPrime: 1}}, []float64{1, 3, 5}},
		"identity, 2 rows":  {IdentityInterdependence{Declared: instance, Primed: Primed{BPrime: 2}}, []float64{1, 2, 3, 4}},
		"identity, 4 rows":  {IdentityInterdependence{Declared: instance, Primed: Primed{BPrime: 4}}, []float64{1, 2, 3, 4, 5, 7, 0, 0}},
		"identity, as rows": {IdentityInterdependence{Declared: instance}, x},
	} {
		r, err := runXi(c.xi, 3, 2, x...)
		if err != nil {
			t.Fatal(name, err)
		}
		wantNumbers(t, name, r.Y.F, c.want)
		b2, m2, err := c.xi.OutDims(3, 2)
		if err != nil || b2 != r.y.Shape().Dim(0) || m2 != r.y.Shape().Dim(1) {
			t.Errorf("%s: OutDims says (%d×%d) %v, the result is %v", name, b2, m2, err, r.y.Shape())
		}
	}
}

func TestConstantMistakes(t *testing.T) {
	for want, xi := range map[string]Interdependence{
		"rpnops.Constant: no matrix A":                                                             Constant{},
		"rpnops.Constant: row 1 of A has 1 entries, row 0 has 2; make them equal":                  Constant{A: [][]float64{{1, 2}, {3}}},
		"rpnops.Constant: A (1×2) for 2 columns of x (3×2); make them equal":                       Constant{A: [][]float64{{1, 2}}},
		"rpnops.ConstantC: A has 0 columns; want m_prime of 1 or more":                             ConstantC{Primed: Primed{BPrime: 2}},
		"rpnops.ZeroInterdependence: A has 0 columns; want b_prime of 1 or more":                   ZeroInterdependence{Declared: instanceSide, Primed: Primed{MPrime: 2}},
		"rpnops.OneInterdependence: A has -1 columns; want m_prime of 1 or more":                   OneInterdependence{Primed: Primed{MPrime: -1}},
		"rpnops.IdentityInterdependence: declared for m = 3 columns, the data has 2; make them eq": IdentityInterdependence{Declared: Declared{M: 3}},
	} {
		_, err := runXi(xi, 3, 2, ramp(6)...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%T: %v\nwant %s", xi, err, want)
		}
	}
}
