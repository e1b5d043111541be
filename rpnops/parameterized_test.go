package rpnops

import (
	"fmt"
	"strings"
	"testing"
)

func TestParameterisedInterdependencesOfWorkedExamples(t *testing.T) {
	even, odd := []float64{1, 2, 3, 4, 5, 6}, []float64{1, 2, 3, 4, 5, 7}
	instance, attribute := Declared{Type: Instance}, Declared{Type: Attribute}
	psi := IdentityReconciliation{}
	for _, c := range []struct {
		xi   Interdependence
		x    []float64 // (3×2)
		want []float64
	}{
		{Parameterized{}, even, []float64{7, 10, 15, 22, 23, 34}},
		{Parameterized{Declared: Declared{B: 7, M: 2}, MPrime: 3}, even, []float64{9, 12, 15, 19, 26, 33, 29, 40, 51}},
		{Parameterized{Declared: instance}, even, []float64{48, 60, 57, 72, 66, 84}},
		{Parameterized{Declared: instance, BPrime: 2}, even, []float64{35, 44, 44, 56}},
		{Parameterized{Reconcile: LoRR{R: 1}}, even, []float64{15, 20, 33, 44, 51, 68}},
		{Bilinear{}, even, []float64{659, 836, 1485, 1884, 2311, 2932}},
		{Bilinear{Declared: attribute}, even, []float64{1*549 + 2*696, 1*720 + 2*912, 3*549 + 4*696, 3*720 + 4*912, 5*549 + 6*696, 5*720 + 6*912}},
		{Bilinear{Reconcile: LoRR{R: 1}}, even, []float64{55 + 3*121 + 5*187, 2*55 + 4*121 + 6*187, 125 + 3*275 + 5*425,
			2*125 + 4*275 + 6*425, 195 + 3*429 + 5*663, 2*195 + 4*429 + 6*663}},
		{RPNParameterized{Transform: IdentityExpansion{}, Reconcile: psi}, odd, []float64{84, 189, 190, 427, 327, 735}},
		{RPNParameterized{Declared: instance, Transform: IdentityExpansion{}, Reconcile: psi}, odd, []float64{133, 187, 301, 423, 469, 659}},
		{RPNParameterized{Declared: instance, Transform: Taylor{}, Reconcile: psi, BPrime: 2}, odd, []float64{4291, 5989, 10051, 14029}},
	} {
		r := newTrial(t, false)
		l, err := c.xi.NumParams(3, 2)
		if err != nil {
			t.Fatal(err)
		}
		x := r.input("x", 3, 2)
		r.want(fmt.Sprintf("%T%+v", c.xi, c.xi), Relate(r.s, c.xi, x, x, r.weights(l)), map[string][]float64{"x": c.x}, c.want...)
	}
}

func TestBilinearMatrixOfWorkedExample(t *testing.T) {
	r := newTrial(t, false)
	x := r.input("x", 3, 2)
	a := MatrixOf(r.s, Bilinear{}, x, r.weights(4))
	r.want("A", a, map[string][]float64{"x": ramp(6)}, 27, 61, 95, 59, 133, 207, 91, 205, 319)
}

func TestInterdependenceOfParametersAloneNeedsNoData(t *testing.T) {
	r := newTrial(t, false)
	a := MatrixOf(r.s, Parameterized{Declared: Declared{M: 2}, MPrime: 3}, nil, r.weights(6))
	r.want("A", a, nil, ramp(6)...)
	MatrixOf(r.s, Bilinear{}, nil, r.weights(6))
	r.wantError("rpnops.Bilinear: the matrix is computed from data, and there is none")
}

func TestParameterisedInterdependencesSayWhatDoesNotFit(t *testing.T) {
	for _, c := range []struct {
		xi   Interdependence
		want string
	}{
		{Parameterized{Declared: Declared{M: 5}}, "declared for m = 5 columns, the data has 4"},
		{Parameterized{Declared: Declared{B: 5, Type: Instance}}, "declared for b = 5 rows, the data has 3"},
		{Bilinear{Declared: Declared{M: 5}}, "declared for m = 5 columns, the data has 4"},
		{Bilinear{Declared: Declared{B: 5, Type: Attribute}}, "declared for b = 5 rows, the data has 3"},
		{Parameterized{Reconcile: HM{}}, "rpnops.Parameterized: p is not given"},
		{Bilinear{Reconcile: LPHM{}}, "rpnops.Bilinear: p is not given"},
		{Parameterized{Reconcile: HM{Blocks: Blocks{P: 2}}, MPrime: 3}, "q = 2 does not divide D = 3"},
		{Parameterized{Legacy: Legacy{RequireData: Some(true)}}, "require_data is true; want false or nothing"},
		{Bilinear{Legacy: Legacy{RequireData: Some(false)}}, "require_data is false; want true or nothing"},
		{Bilinear{Legacy: Legacy{RequireParameters: Some(false)}}, "require_parameters is false; want true or nothing"},
		{RPNParameterized{Transform: Taylor{}}, "data_transformation or parameter_fabrication is not given"},
		{RPNParameterized{Declared: Declared{B: 4}, Transform: Taylor{}, Reconcile: LoRR{}}, "declared for b = 4 rows, the data has 3"},
	} {
		if _, err := c.xi.NumParams(3, 4); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%T%+v: %v; want %q", c.xi, c.xi, err, c.want)
		}
	}
}

func TestDeclaredSizesOfTheOtherSideDoNotMatter(t *testing.T) {
	for _, xi := range []Interdependence{
		Parameterized{Declared: Declared{B: 9, M: 4}},
		Bilinear{Declared: Declared{B: 9, M: 4}},
		Bilinear{Declared: Declared{B: 3, M: 9, Type: Attribute}},
	} {
		if _, err := xi.NumParams(3, 4); err != nil {
			t.Errorf("%T%+v: %v", xi, xi, err)
		}
	}
}

func TestRelateChecksTheLengthOfW(t *testing.T) {
	r := newTrial(t, false)
	x := r.input("x", 3, 2)
	Relate(r.s, Parameterized{}, x, x, r.weights(5))
	Relate(r.s, Parameterized{}, x, x, nil)
	r.wantError("rpnops.Parameterized: w has 5 entries; want l = 4", "rpnops.Parameterized: w has 0 entries; want l = 4")
}
