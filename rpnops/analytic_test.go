package rpnops

import (
	"fmt"
	"math"
	"testing"

	"rpnc/graph"
	"rpnc/ops"
)

// values are κ(x) of one row.
func values(t *testing.T, κ Transformation, x ...float64) []float64 {
	t.Helper()
	r := newTrial(t, false)
	y := κ.Transform(r.s, r.input("x", 1, len(x)))
	val, _ := r.run(y, map[string][]float64{"x": x})
	return val.Of(y).F
}

// slopes are the derivatives of the sum of κ(x) by the entries of one row.
func slopes(t *testing.T, κ Transformation, x ...float64) []float64 {
	t.Helper()
	r := newTrial(t, false)
	in := r.input("x", 1, len(x))
	y := κ.Transform(r.s, in)
	d := graph.VJP(y, r.s.Const(y.Type(), 1), in)[0]
	if d == nil {
		return make([]float64, len(x))
	}
	val, _ := r.run(d, map[string][]float64{"x": x})
	return val.Of(d).F
}

func TestElementaryExpansionsOfWorkedExamples(t *testing.T) {
	quarter := math.Sqrt(0.5)
	rbf := Centres{NumInterval: 3, Epsilon: Some(2.0)}
	for _, e := range []struct {
		κ       Transformation
		x, want []float64
	}{
		{ArcHyperbolic{}, []float64{0.5}, []float64{0.587988, 1.072535, 0.718912}},
		{ArcTrigonometric{}, []float64{0.5}, []float64{0.663953, 0.906843, 0.556770}},
		{Trigonometric{}, []float64{0, math.Pi / 4}, []float64{0, quarter, 1, quarter, 0, 1}},
		{Hyperbolic{}, []float64{0, math.Log(2)}, []float64{0, 0.75, 1, 1.25, 0, 0.6}},
		{Fourier{P: Some(4.0), N: 2}, []float64{0, 1}, []float64{1, 0, 0, 1, 1, -1, 0, 0}},
		{GaussianRBF{Centres: rbf}, []float64{0.5}, []float64{1.2340980e-4, 0.3678794, 0.3678794}},
		{InverseQuadraticRBF{Centres: rbf}, []float64{0.5}, []float64{0.1, 0.5, 0.5}},
		{InverseQuadraticRBF{Centres: Centres{NumInterval: 1}}, []float64{1, -1}, []float64{0.2, 1}},
		{InverseQuadraticRBF{Centres: Centres{NumInterval: 2, Base: []float64{3, 1}}}, []float64{2, 1}, []float64{0.5, 0.5, 0.2, 1}},
	} {
		wantDigits(t, fmt.Sprintf("%T", e.κ), values(t, e.κ, e.x...), e.want)
	}
}

// wantDigits compares to the six digits that worked examples have.
func wantDigits(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	for i := range got {
		if !(math.Abs(got[i]-want[i]) <= 1e-6) {
			t.Errorf("%s: number %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

func TestPolynomialsOfWorkedExamples(t *testing.T) {
	four := Degree{D: 4}
	for _, e := range []struct {
		κ         Transformation
		half, two []float64 // at ½ and 2
	}{
		{Hermite{four}, []float64{0.5, -0.75, -1.375, 1.5625}, []float64{2, 3, 2, -5}},
		{Laguerre{Degree: four}, []float64{2.5, 3.375, 3.6875, 3.5390625}, []float64{4, 3, 0, -3}},
		{Legendre{four}, []float64{0.5, -0.125, -0.4375, -0.2890625}, []float64{2, 5.5, 17, 55.375}},
		{Gegenbauer{Degree: four}, []float64{1, 0, -1, -1}, []float64{4, 15, 56, 209}},
		{Bessel{four}, []float64{1.5, 3.25, 9.625, 36.9375}, []float64{3, 19, 193, 2721}},
		{ReverseBessel{four}, []float64{1.5, 4.75, 24.125, 170.0625}, []float64{3, 13, 77, 591}},
		{Fibonacci{four}, []float64{1, 0.5, 1.25, 1.125}, []float64{1, 2, 5, 12}},
		{Lucas{four}, []float64{0.5, 2.25, 1.625, 3.0625}, []float64{2, 6, 14, 34}},
		{Chebyshev{four}, []float64{0.5, -0.5, -1, -0.5}, []float64{2, 7, 26, 97}},
		{Jacobi{Degree: four}, []float64{1, 0.1875, -0.625, -0.7421875}, []float64{4, 14.25, 50, 175.625}},
		// L₁…L₄ of α = 0 have the closed forms 1−x, (x²−4x+2)/2, (−x³+9x²−18x+6)/6, (x⁴−16x³+72x²−96x+24)/24.
		{Laguerre{Degree: four, Alpha: Some(0.0), Classical: true}, []float64{0.5, 0.125, -7. / 48, -127. / 384}, []float64{-1, -1, -1. / 3, 1. / 3}},
	} {
		wantNumbers(t, fmt.Sprintf("%T", e.κ), values(t, e.κ, 0.5, 2), append(e.half, e.two...))
	}
}

// Orthogonal polynomials of high degree stay exact on their interval: Tₙ(cos θ) = cos nθ.
func TestTheRecurrenceIsStable(t *testing.T) {
	const θ = 0.3
	for n, got := range values(t, Chebyshev{Degree{D: 60}}, math.Cos(θ)) {
		if want := math.Cos(float64(n+1) * θ); math.Abs(got-want) > 1e-12 {
			t.Errorf("T of degree %d is %v, want %v", n+1, got, want)
		}
	}
}

func TestWaveletsOfWorkedExamples(t *testing.T) {
	w := Wavelet{A: Some(2.0), B: Some(0.5), S: 2, T: 2}
	limit := 2 / (3 * math.Pi) // of the Meyer wavelet at −¾
	for _, e := range []struct {
		κ    Transformation
		want []float64
	}{
		{HarrWavelet{w}, []float64{-1, 1, 0.7071068, 0, 0, 0, 0, 0}},
		{RickerWavelet{Wavelet: w}, []float64{0.5740588, 0.8673251, 0.5572710, 0.5572710, 0.7881002, 0.2864275, 0.5990107, 0.3074174}},
		{DogWavelet{Wavelet: w}, []float64{0.1587313, 0.1994711, 0.1334659, 0.1334659, 0.1887493, 0.1152099, 0.1391273, 0.0977191}},
		{MeyerWavelet{w}, []float64{0.6104200, 1.0910798, 0.6752371, 0.6752371, 0.9549295, limit, 0.7466779, 0.2878578}},
		{ShannonWavelet{w}, []float64{-0.6366198, 1, 0.2636966, 0.2636966, 0.3729232, -0.7245187, 0.5841672, -0.5873615}},
	} {
		wantDigits(t, fmt.Sprintf("%T", e.κ), values(t, e.κ, 0.5, -0.25), e.want)
	}
}

func TestWaveletsOfHigherOrderAreTaylorExpanded(t *testing.T) {
	w := Wavelet{S: 2, A: Some(4.0)}
	flat, stacked := HarrWavelet{w}, HarrWavelet{w}
	stacked.D = 2
	v := values(t, flat, 0.25, 2)
	wantNumbers(t, "order 1", v, []float64{1, 0.5, 0, -0.5})
	want := append([]float64(nil), v...)
	for _, a := range v {
		for _, b := range v {
			want = append(want, a*b)
		}
	}
	wantNumbers(t, "order 2", values(t, stacked, 0.25, 2), want)
}

func TestHaarWaveletAtItsSteps(t *testing.T) {
	x := []float64{-1e-300, 0, math.Nextafter(0.5, 0), 0.5, math.Nextafter(1, 0), 1, 7, -7}
	wantNumbers(t, "values", values(t, HarrWavelet{}, x...), []float64{0, 1, 1, -1, -1, 0, 0, 0})
	wantNumbers(t, "slopes", slopes(t, HarrWavelet{}, x...), make([]float64, len(x)))
}

// The removable singularities have their limits, and nothing is lost beside them.
func TestWaveletsAreSmoothAtTheirSingularities(t *testing.T) {
	wantNumbers(t, "Shannon at 0", append(values(t, ShannonWavelet{}, 0), slopes(t, ShannonWavelet{}, 0)...), []float64{1, 0})
	wantNumbers(t, "Meyer at 0", append(values(t, MeyerWavelet{}, 0), slopes(t, MeyerWavelet{}, 0)...), []float64{2./3 + 4/(3*math.Pi), 0})
	at := slopes(t, MeyerWavelet{}, 0.75)[0]
	for _, ε := range []float64{1e-15, 1e-12, 1e-9, 1e-8, 1e-5} {
		for _, x := range []float64{0.75 - ε, 0.75 + ε, -0.75 - ε, -0.75 + ε} {
			y, want := values(t, MeyerWavelet{}, x)[0], 2/(3*math.Pi)+at*(math.Abs(x)-0.75)
			if math.Abs(y-want) > 1e-15+20*ε*ε {
				t.Errorf("Meyer at %v is %v, want %v", x, y, want)
			}
		}
		y, dy := values(t, ShannonWavelet{}, ε)[0], slopes(t, ShannonWavelet{}, ε)[0]
		curve := -7 * math.Pi * math.Pi / 3 // ψ = 1 + curve·τ²/2 + …
		if math.Abs(y-1-curve*ε*ε/2) > 1e-15 || math.Abs(dy-curve*ε) > 1e-6*ε {
			t.Errorf("Shannon at %v is %v with slope %v, want %v", ε, y, dy, curve*ε)
		}
	}
}

func TestSincAgreesOnBothSidesOfItsBranch(t *testing.T) {
	for _, x := range []float64{0.3, 0.999, 1, math.Nextafter(1, 2), 1.001, -1, -4, 40} {
		r := newTrial(t, false)
		v := r.input("v", 1, 1)
		y := sinc(v)
		d := graph.VJP(y, r.s.Const(y.Type(), 1), v)[0]
		dd := graph.VJP(d, r.s.Const(y.Type(), 1), v)[0]
		all := ops.Join(-1, y, d, dd)
		val, _ := r.run(all, map[string][]float64{"v": {x}})
		want := []float64{math.Sin(x) / x, (math.Cos(x) - math.Sin(x)/x) / x, -math.Sin(x)/x - 2*(math.Cos(x)-math.Sin(x)/x)/(x*x)}
		for i, got := range val.Of(all).F {
			if math.Abs(got-want[i]) > 1e-14 {
				t.Errorf("derivative %d of sinc at %v is %v, want %v", i, x, got, want[i])
			}
		}
	}
}

func TestBetaWaveletLooksAtTheWholeBatch(t *testing.T) {
	at := func(κ BetaWavelet, rows int, x ...float64) []float64 {
		r := newTrial(t, false)
		y := κ.Transform(r.s, r.input("x", rows, 2))
		val, _ := r.run(y, map[string][]float64{"x": x})
		return val.Of(y).F
	}
	κ := BetaWavelet{Alpha: Some(2.0), Beta: Some(3.0)}
	wantNumbers(t, "inside", at(κ, 1, 0.75, 0.2), []float64{0.5625, 1.536})
	wantNumbers(t, "bounds", at(κ, 2, 0, 1, 0.5, 0.5), []float64{0, 0, 1.5, 1.5})
	outside := []float64{0.8388642, 1.3370827}
	wantDigits(t, "another row outside", at(κ, 2, 0.75, 0.2, 0.1, 2.0)[:2], outside)
	κ.AlwaysSigmoid = true
	wantDigits(t, "always σ", at(κ, 1, 0.75, 0.2), outside)
	// The second translation has 0.2 − 1 outside, the first has nothing there.
	mixed := at(BetaWavelet{Alpha: Some(2.0), Beta: Some(3.0), Wavelet: Wavelet{T: 2}}, 1, 0.75, 0.2)
	wantNumbers(t, "first translation", []float64{mixed[0], mixed[2]}, []float64{0.5625, 1.536})
	if σ := 1 / (1 + math.Exp(0.25)); math.Abs(mixed[1]-12*σ*(1-σ)*(1-σ)) > 1e-12 {
		t.Errorf("second translation is %v, want ψ(σ(−0.25))", mixed[1])
	}
	wantNumbers(t, "α = β = 1", at(BetaWavelet{Wavelet: Wavelet{S: 2, A: Some(4.0)}}, 1, 3, 0.2), []float64{1, 0.5, 1, 0.5})
	wantNumbers(t, "slope at 0 and 1", slopes(t, BetaWavelet{Alpha: Some(2.5), Beta: Some(3.5)}, 0, 1), []float64{0, 0})
}

func TestAnalyticExpansionsSayWhatTheyWant(t *testing.T) {
	for want, κ := range map[string]Transformation{
		"rpnops.Degree: d = -1; want 1 or more":                                                   Chebyshev{Degree{D: -1}},
		"rpnops.Fourier: P = 0, N = 5; want a period other than 0":                                Fourier{P: Some(0.0)},
		"rpnops.Fourier: P = 10, N = -2":                                                          Fourier{N: -2},
		"rpnops.Jacobi: alpha = -1, beta = -1: there is no p of degree 2":                         Jacobi{Alpha: Some(-1.0), Beta: Some(-1.0)},
		"rpnops.Jacobi: alpha = -3, beta = -1: there is no p of degree 3":                         Jacobi{Degree: five, Alpha: Some(-3.0), Beta: Some(-1.0)},
		"rpnops.Degree: d = -3":                                                                   Jacobi{Degree: Degree{D: -3}},
		"rpnops.Centres: base has 2 numbers and num_interval is 10; make them equal":              GaussianRBF{Centres: Centres{Base: []float64{1, 2}}},
		"rpnops.Centres: base_range [1]; want two numbers, lo and hi":                             GaussianRBF{Centres: Centres{BaseRange: []float64{1}}},
		"rpnops.Centres: num_interval = -1; want 1 or more":                                       InverseQuadraticRBF{Centres: Centres{NumInterval: -1}},
		"rpnops.Wavelet: d = 1, s = 1, t = 1, a = 0.5, b = 1; want d, s, t and a of 1 or more":    HarrWavelet{Wavelet{A: Some(0.5)}},
		"rpnops.Wavelet: d = 1, s = -1, t = 1, a = 1, b = -1":                                     MeyerWavelet{Wavelet{S: -1, B: Some(-1.0)}},
		"rpnops.RickerWavelet: sigma = [0]; want positive numbers":                                RickerWavelet{Sigma: Some(0.0)},
		"rpnops.DogWavelet: sigma_1 and sigma_2 = [1 -2]; want positive numbers":                  DogWavelet{Sigma2: Some(-2.0)},
		"rpnops.BetaWavelet: alpha = 1, beta = 0.5; want numbers of 1 or more":                    BetaWavelet{Beta: Some(0.5)},
		"rpnops.Taylor: order 9 of 16 columns has over 2³¹ monomials; want a lower order or fewe": ShannonWavelet{Wavelet{D: 9, S: 4}},
	} {
		r := newTrial(t, false)
		κ.Transform(r.s, r.input("x", 3, 4))
		r.wantError(want)
		if _, err := κ.OutDim(4); err == nil {
			t.Errorf("%T%+v: OutDim gives no error; want %q", κ, κ, want)
		}
	}
}
