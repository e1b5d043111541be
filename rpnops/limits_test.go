package rpnops

import (
	"math"
	"strings"
	"testing"

	"rpnc/graph"
)

// tooMuch lists settings that would keep a program busy for hours or eat its memory, or whose sizes do not fit an int.
var tooMuch = []struct {
	want string // in the message
	f    any
}{
	{"rpnops.Taylor: order d = 1000000000; want at most 4096", Taylor{D: 1e9}},
	{"rpnops.Combinatorial: d = 1000000000; want at most 4096", Combinatorial{Tuples: Tuples{D: 1e9, Replace: true}}},
	{"tuples of 1…4096 of 3 columns have more than", CombinatorialNormal{Tuples: Tuples{D: 4096, Replace: true}}},
	{"rpnops.Degree: d = 1000000000; want at most", Laguerre{Degree: Degree{D: 1e9}}},
	{"rpnops.Fourier: N = 1000000000; want at most", Fourier{N: 1e9}},
	{"rpnops.Centres: num_interval = 1000000000; want at most", GaussianRBF{Centres: Centres{NumInterval: 1e9}}},
	{"rpnops.BSpline: t = 1000000000; want at most", BSpline{T: 1e9}},
	{"rpnops.BSpline: d = 1000000000; want at most", BSpline{D: Some(int(1e9))}},
	{"rpnops.Wavelet: s·t = 1000000000·1; want at most", ShannonWavelet{Wavelet{S: 1e9}}},
	{"rpnops.Wavelet: s·t = 1·9223372036854775807; want at most", ShannonWavelet{Wavelet{T: math.MaxInt}}},
	{"rpnops.LoRR: rank r = 1000000000; want at most", LoRR{R: 1e9}},
	{"rpnops.Hypernet: l·hidden_dim = 64·1000000000; want at most", Hypernet{HiddenDim: 1e9}},
	{"rpnops.RandomMatrixHypernet: l·hidden_dim = 1000000000·128; want at most", RandomMatrixHypernet{L: 1e9}},
	{"rpnops.ConstantEyeReconciliation: n = 2147483647; want at most", ParameterizedConcatenationFusion{N: math.MaxInt32, Reconcile: ConstantEyeReconciliation{}}},
	{"rpnops.DuplicatedDiagonalPadding: D = 999999999; want at most", Parameterized{Reconcile: DuplicatedDiagonalPadding{}, MPrime: 999999999}},
	{"rpnops.ChainTopology: length = 1000000000; want at most", Chain{Length: 1e9}},
	{"rpnops.MultihopChain: h = 1000000000; want at most", MultihopChain{Chain: Chain{Length: 3}, H: Some(int(1e9))}},
	{"rpnops.MultihopGraph: h = 1000000000; want at most", MultihopGraph{Graph: Graph{Topology: graphSample}, H: Some(int(1e9))}},
	{"rpnops.OneInterdependence: m_prime = 9223372036854775807; want at most", OneInterdependence{Primed: Primed{MPrime: math.MaxInt}}},
	{"rpnops.Parameterized: the primed size = 9223372036854775807; want at most", Parameterized{Reconcile: LoRR{}, MPrime: math.MaxInt}},
	{"rpnops.RPNParameterized: the primed size = 9223372036854775807; want at most", RPNParameterized{Transform: Taylor{}, Reconcile: LoRR{}, MPrime: math.MaxInt}},
	{"rpnops.ParameterizedConcatenationFusion: n = 9223372036854775807; want at most", ParameterizedConcatenationFusion{N: math.MaxInt}},
}

func TestExcessiveSettingsAreRefused(t *testing.T) {
	for _, c := range tooMuch {
		r := newTrial(t, false)
		x := r.input("x", 3, 3)
		switch f := c.f.(type) {
		case Transformation:
			f.Transform(r.s, x)
		case Reconciliation:
			Fabricate(r.s, f, nil, 3, 3)
		case Fusion:
			f.Fuse(r.s, []*graph.Node{x, x}, nil)
		case Parameterized:
			f.Matrix(r.s, x, nil)
		case Interdependence:
			Relate(r.s, f, x, x, nil)
		default:
			t.Fatalf("%T has no role here", f)
		}
		r.wantError(c.want)
	}
}

func TestExcessivePatchesAreRefused(t *testing.T) {
	few := Cuboid{PH: 1, PW: 1}
	for want, err := range map[string]error{
		"rpnops.Cuboid: cells from [-1000000000 0 0]":                       mistake(Cuboid{PH: 1e9}.Offsets()),
		"rpnops.Cuboid: cells from [-9223372036854775808 0 0]":              mistake(Cuboid{PH: math.MinInt, PHPrime: Some(0)}.Offsets()),
		"rpnops.Cuboid: 2001×2001×1 cells; want at most":                    mistake(Cuboid{PH: 1000, PW: 1000}.Offsets()),
		"rpnops.Cylinder: radius 1, depth 1000000000; want a patch in a bo": mistake(Cylinder{R: 1, PD: 1e9}.Offsets()),
		"rpnops.Sphere: radius 9223372036854775807, depth":                  mistake(Sphere{R: math.MaxInt}.Offsets()),
		"rpnops.Grid: 1000000000×1000000000×1 cells in 1 universes":         mistake(Grid{H: 1e9, W: 1e9}.Pack(few, Cell{1, 1, 1})),
		"rpnops.Grid: 1000000 patches of 81 cells; want at most":            mistake(Grid{H: 1000, W: 1000}.Pack(Cuboid{PH: 4, PW: 4}, Cell{1, 1, 1})),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v; want %q in it", err, want)
		}
	}
	far := Cell{math.MaxInt, math.MaxInt, math.MaxInt}
	if l, err := (Grid{H: 3, W: 3}).Pack(few, far); err != nil || l.PatchNum() != 1 {
		t.Errorf("centres as far apart as an int can say are %v, %v; want one patch", l, err)
	}
}

func TestBlocksLargerThanTheMatrixAreRefused(t *testing.T) {
	for want, err := range map[string]error{
		"p = 1000000000 does not divide n = 0":               mistake(HM{Blocks: Blocks{P: 1e9}}.NumParams(0, 4)),
		"q = 3 does not divide D = 0":                        mistake(Kronecker{Blocks: Blocks{P: 1, Q: 3}}.NumParams(4, 0)),
		"a matrix of (9223372036854775807×4); want at most ": mistake(HM{}.NumParams(math.MaxInt, 4)),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v; want %q in it", err, want)
		}
	}
}

// mistake is the error of a call.
func mistake[T any](_ T, err error) error { return err }

func TestFailedHooksOfFusionsAreErrors(t *testing.T) {
	pre := Hooks{Pre: []Process{BatchNorm1d{NumFeatures: 7}}}
	for _, f := range []Fusion{ConcatenationFusion{FusionOptions{Hooks: pre}}, MetricFusion{Metric: Max, FusionOptions: FusionOptions{Hooks: pre}}} {
		r := newTrial(t, false)
		f.Fuse(r.s, []*graph.Node{r.input("x", 3, 2), r.input("y", 3, 2)}, nil)
		r.wantError("rpnops.BatchNorm1d: x is")
	}
}

func TestMatricesWithoutOrWithTooManyEntriesAreRefused(t *testing.T) {
	r := newTrial(t, false)
	Fabricate(r.s, ZeroReconciliation{}, nil, 1<<30, 1<<30)
	r.wantError("a matrix of (1073741824×1073741824); want fewer than 2⁴⁸ numbers")
	for _, psi := range []Reconciliation{IdentityReconciliation{}, DuplicatedPadding{}, LoRR{}} {
		r := newTrial(t, false)
		Fabricate(r.s, psi, nil, 0, 3)
		r.wantError("a matrix of (0×3); want 1 row and 1 column or more")
	}
}

func TestTheFirstMistakeOfAListOfProcessesIsTheOnlyOne(t *testing.T) {
	r := newTrial(t, true)
	Apply(r.s, "pre", []Process{Softmax{Dim: Some(5)}, Dropout{P: Some(-1.0)}}, r.input("x", 3, 2))
	r.wantError("axis 5")
	if strings.Contains(r.s.G.Err().Error(), "Dropout") {
		t.Errorf("a process after a mistake was built:\n%v", r.s.G.Err())
	}
}

func TestNormOfTwoWidthsIsOneMistake(t *testing.T) {
	r := newTrial(t, true)
	BatchNorm1d{}.Apply(r.s, r.input("x", 3, 2))
	BatchNorm1d{}.Apply(r.s, r.input("y", 3, 4))
	r.wantError(`graph.State "running_mean"`)
	if n := strings.Count(r.s.G.Err().Error(), "\n"); n > 0 {
		t.Errorf("%d messages; want one:\n%v", n+1, r.s.G.Err())
	}
}
