package rpnops

import (
	"math"
	"strings"
	"testing"

	"rpnc/graph"
)

// TestLogDensitiesOfWorkedExamples compares the densities at 0.5 that the functions are specified by.
func TestLogDensitiesOfWorkedExamples(t *testing.T) {
	for _, e := range []struct {
		of   DensityList
		at   int // block
		want float64
	}{
		{NaiveNormal, 0, -1.0439385}, {NaiveCauchy, 0, -1.3678734}, {NaiveChi2, 0, -0.9944323}, {NaiveGamma, 0, -0.9483468},
		{NaiveExponential, 0, -1.0017645}, {NaiveLaplace, 0, -1.1931472}, {HybridProbabilistic, 2, -0.9863030},
		{HybridProbabilistic, 0, -1.0439385}, {HybridProbabilistic, 1, -1.3678734}, {HybridProbabilistic, 4, -1.1931472},
		{NormalList, 1, -1.0439385}, {LaplaceList, 2, -1.1931472}, {CauchyList, 0, -1.3678734}, {GammaList, 0, -0.9483468},
		{Chi2List, 0, -0.9944323}, {ExponentialList, 0, -1.0017645},
	} {
		r := newTrial(t, false)
		y := LogDensity{Of: e.of}.Transform(r.s, r.input("x", 1, 2))
		val, _ := r.run(y, map[string][]float64{"x": {0.5, 0}})
		if have := val.Of(y).F[2*e.at]; math.Abs(have-e.want) > 2e-7 { // the examples are in single precision
			t.Errorf("%v, block %d: %.7f, want %.7f", e.of, e.at, have, e.want)
		}
	}
}

// TestLogDensitiesStayFiniteAndFlatWhereTheyMust takes data far out, and the peaks of the Laplace densities.
func TestLogDensitiesStayFiniteAndFlatWhereTheyMust(t *testing.T) {
	far := []float64{-1e6, -800, 800, 1e6}
	for of := range densityLists {
		r := newTrial(t, false)
		x := r.input("x", 1, 4)
		y := LogDensity{Of: of}.Transform(r.s, x)
		d := graph.VJP(y, r.s.Const(y.Type(), 1), x)[0]
		for what, n := range map[string]*graph.Node{"value": y, "gradient": d} {
			val, _ := r.run(n, map[string][]float64{"x": far})
			for i, v := range val.Of(n).F {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Errorf("%v: %s %d is %v", of, what, i, v)
				}
			}
		}
	}
	r := newTrial(t, false)
	x := r.input("x", 1, 3)
	y := LogDensity{Of: NaiveLaplace}.Transform(r.s, x)
	r.want("gradient", graph.VJP(y, r.s.Const(y.Type(), 1), x)[0], map[string][]float64{"x": {0, 2, -3}}, 0, -1, 1)
}

// TestDensitiesIntegrateToOne sums them up on a grid: constants and signs are right.
func TestDensitiesIntegrateToOne(t *testing.T) {
	const n, lo, hi = 40000, -100.0, 100.0
	for _, p := range []Distribution{Normal{}, Normal{Mean: 3, Std: 0.25}, Normal{Loc: Some(-2.0), Scale: Some(4.0)}, Laplace{Loc: 1, Scale: 3}, Exponential{Rate: 2},
		Gamma{Concentration: 3, Rate: 0.5}, Chi2{DF: 5}, Uniform{Low: -2, High: Some(6.0)}, Cauchy{Loc: 1, Scale: 0.05}} {
		from, to, err := p.Support()
		if err != nil {
			t.Fatal(err)
		}
		from, to = max(from, lo), min(to, hi)
		xs := make([]float64, n)
		for i := range xs {
			xs[i] = from + (float64(i)+0.5)*(to-from)/n
		}
		r := newTrial(t, false)
		y := p.LogDensity(r.s, r.input("x", 1, n))
		val, _ := r.run(y, map[string][]float64{"x": xs})
		sum := 0.0
		for _, v := range val.Of(y).F {
			sum += math.Exp(v) * (to - from) / n
		}
		if math.Abs(sum-1) > 1e-3 {
			t.Errorf("%T%+v: the integral is %v", p, p, sum)
		}
	}
}

func TestDistributionsSayWhatIsNone(t *testing.T) {
	for _, e := range []struct {
		p    Distribution
		want string
	}{
		{Normal{Std: -1}, "rpnops.Normal: std = -1; want a number above 0"},
		{Normal{Scale: Some(0.0)}, "rpnops.Normal: std = 0"},
		{Normal{Std: 3, Scale: Some(2.0)}, "mean and loc are one, std and scale, too"},
		{Normal{Mean: 3, Loc: Some(2.0)}, "mean = 3 and loc = 2"},
		{Cauchy{Scale: math.Inf(1)}, "rpnops.Cauchy: scale"},
		{Laplace{Scale: -1}, "rpnops.Laplace: scale"},
		{Gamma{Rate: -2}, "rpnops.Gamma: rate"},
		{Chi2{DF: math.NaN()}, "rpnops.Chi2: df"},
		{Exponential{Rate: -2}, "rpnops.Exponential: rate"},
		{Uniform{Low: 1}, "rpnops.Uniform: low = 1, high = 1; want low < high"},
	} {
		if _, _, err := e.p.Support(); err == nil || !strings.Contains(err.Error(), e.want) {
			t.Errorf("%+v: %v; want %q", e.p, err, e.want)
		}
		r := newTrial(t, false)
		e.p.LogDensity(r.s, r.input("x", 1, 2))
		r.wantError(e.want)
	}
	r := newTrial(t, false)
	LogDensity{Of: densityLists}.Transform(r.s, r.input("x", 1, 2))
	r.wantError("is none of the 13 lists")
}
