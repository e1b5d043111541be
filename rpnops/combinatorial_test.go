package rpnops

import (
	"fmt"
	"math"
	"testing"
)

func TestCombinatorialExpansionsOfWorkedExamples(t *testing.T) {
	x := map[string][]float64{"x": {1, 2, 3}}
	for _, e := range []struct {
		k    Transformation
		want []float64
	}{
		{Combinatorial{}, []float64{1, 2, 3, 1, 2, 1, 3, 2, 3}},
		{Combinatorial{Tuples: Tuples{D: 3}}, []float64{1, 2, 3, 1, 2, 1, 3, 2, 3, 1, 2, 3}},
		{Combinatorial{Tuples: Tuples{D: 2, Replace: true}}, []float64{1, 2, 3, 1, 1, 1, 2, 1, 3, 2, 2, 2, 3, 3, 3}},
		{CombinatorialNormal{Tuples: Tuples{D: 2}}, []float64{-1.4189385, -2.9189385, -5.4189385, -4.3378771, -6.8378771, -8.3378771}},
		{CombinatorialNormal{}, []float64{-1.4189385, -2.9189385, -5.4189385}},
		{Nested{}, []float64{1, 2, 3}},
		{Nested{Functions: []Transformation{Combinatorial{}, LinearExpansion{C: Some(2.0)}}}, []float64{2, 4, 6, 2, 4, 2, 6, 4, 6}},
	} {
		r := newTrial(t, false)
		y := e.k.Transform(r.s, r.input("x", 1, 3))
		val, _ := r.run(y, x)
		if D, err := e.k.OutDim(3); err != nil || D != len(e.want) {
			t.Errorf("%+v: D = %d, %v; want %d", e.k, D, err, len(e.want))
		}
		for i, want := range e.want {
			if have := val.Of(y).F[i]; math.Abs(have-want) > 5e-7 {
				t.Errorf("%+v: column %d is %v, want %v", e.k, i, have, want)
			}
		}
	}
	r := newTrial(t, false)
	two := Extended{Functions: []Transformation{IdentityExpansion{}, Taylor{D: 2}}}
	r.want("identity and Taylor", two.Transform(r.s, r.input("x", 1, 2)), map[string][]float64{"x": {2, 3}}, 2, 3, 2, 3, 4, 6, 6, 9)
}

// TestTuplesAreAllOfThem lists tuples by loops and compares, with and without replacement.
func TestTuplesAreAllOfThem(t *testing.T) {
	for _, replace := range []bool{false, true} {
		for m := 4; m <= 6; m++ {
			tuples := Tuples{D: 4, Replace: replace}
			levels, err := tuples.levels("test", m)
			counts, errs := tuples.counts("test", m)
			if err != nil || errs != nil {
				t.Fatal(err, errs)
			}
			for r, have := range places(levels) {
				want := byLoops(m, r+1, replace)
				if fmt.Sprint(have) != fmt.Sprint(want) || counts[r]*(r+1) != len(want) {
					t.Errorf("replacement %v, %d of %d: %v, %d of them; want %v", replace, r+1, m, have, counts[r], want)
				}
			}
		}
	}
}

// byLoops counts through all sequences of r columns and keeps those that rise.
func byLoops(m, r int, replace bool) (out []int32) {
	total := 1
	for range r {
		total *= m
	}
	for code := range total {
		tuple, rises := make([]int32, r), true
		for i, rest := r-1, code; i >= 0; i-- {
			tuple[i] = int32(rest % m)
			rest /= m
			if i < r-1 && (tuple[i] > tuple[i+1] || tuple[i] == tuple[i+1] && !replace) {
				rises = false
			}
		}
		if rises {
			out = append(out, tuple...)
		}
	}
	return out
}

func TestCombinatorialErrors(t *testing.T) {
	for want, f := range map[string]Transformation{
		"rpnops.Combinatorial: d = 4 for 3 columns; want 1…3, or replacement": Combinatorial{Tuples: Tuples{D: 4}},
		"rpnops.CombinatorialNormal: d = -1; want 1 or more":                  CombinatorialNormal{Tuples: Tuples{D: -1}},
		"rpnops.Combinatorial: d = 1099511627776; want at most":               Combinatorial{Tuples: Tuples{D: 1 << 40, Replace: true}},
		"rpnops.Extended: needs at least one function":                        Extended{},
		"rpnops.Taylor": Nested{Functions: []Transformation{IdentityExpansion{}, Taylor{D: -1}}},
	} {
		r := newTrial(t, false)
		f.Transform(r.s, r.input("x", 1, 3))
		r.wantError(want)
		if _, err := f.OutDim(3); err == nil {
			t.Errorf("%+v: OutDim accepts it", f)
		}
	}
	if _, err := (Combinatorial{Tuples: Tuples{D: 30}}).OutDim(1 << 20); err == nil {
		t.Error("30-tuples of 2²⁰ columns are accepted")
	}
}

// TestGeometricExpansionsOfWorkedExamples has the channel slowest, then the offset, then the centre.
func TestGeometricExpansionsOfWorkedExamples(t *testing.T) {
	before := GeometricExpansion{Packing: Packing{Grid: Grid{H: 2, W: 2, Universes: 2}, Patch: Cuboid{PW: 1, PWPrime: Some(0)}}}
	around := GeometricExpansion{Packing: Packing{H: 2, W: 3, Patch: Cuboid{PW: 1}}}
	far := around
	far.CDH, far.CDW, far.CDD = 2, 2, 1
	r := newTrial(t, false)
	x := map[string][]float64{"x": {1, 2, 3, 4, 5, 6, 7, 8}, "x6": {1, 2, 3, 4, 5, 6}}
	y := before.Transform(r.s, r.input("x", 1, 8))
	x6 := r.input("x6", 1, 6)
	r.want("two channels", y, x, 0, 1, 0, 3, 1, 2, 3, 4, 0, 5, 0, 7, 5, 6, 7, 8)
	r.want("one channel", around.Transform(r.s, x6), x, 0, 1, 2, 0, 4, 5, 1, 2, 3, 4, 5, 6, 2, 3, 0, 5, 6, 0)
	r.want("centres 1 and 3 of row 1", far.Transform(r.s, x6), x, 0, 2, 1, 3, 2, 0)
	around.Transform(r.s, r.input("x7", 1, 7))
	r.wantError("7 columns for a grid of 2×3×1 cells in 1 universes; want 6")
}
