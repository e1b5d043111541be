package optim_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/models/optim"
	"rpnc/ops"
	"rpnc/rpnops"
)

var executors = []compile.VM{compile.Interpreter, compile.Plan, compile.Tape}

// given compiles a step over w (2×2) and b (2) whose gradients are the inputs gw and gb.
func given(t *testing.T, d graph.DType, vm compile.VM, o optim.Optimizer) *compile.Program {
	t.Helper()
	p, err := givenProgram(d, vm, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func givenProgram(d graph.DType, vm compile.VM, o optim.Optimizer) (*compile.Program, error) {
	g := graph.New()
	tw, tb := graph.Type{DType: d, Shape: graph.Sh(2, 2)}, graph.Type{DType: d, Shape: graph.Sh(2)}
	w, b := g.Param("w", tw, graph.Given(start[:4]...)), g.Param("b", tb, graph.Given(start[4:]...))
	loss := ops.Add(ops.Sum(ops.Mul(w, g.Input("gw", tw))), ops.Sum(ops.Mul(b, g.Input("gb", tb))))
	return compile.Train(g, nil, &compile.Options{VM: vm, Check: true}, loss, o)
}

var start = []float64{1, -2, 0.5, 3, -0.25, 1.5}

// gradient is some gradient of step k at p; it depends on p, so that an error grows.
func gradient(k int, p []float64) []float64 {
	out := make([]float64, len(p))
	for i, x := range p {
		out[i] = 0.3*math.Sin(3*x+float64(k)) + 0.02*float64(i) - 0.05
	}
	return out
}

// reference is an optimizer written once more, on slices: settings, and the moments of each number.
type reference struct {
	kind                        string
	lr, b1, b2, eps             float64
	momentum, dampening, lambda float64
	nesterov, spare, centred    bool
	clip, largest               float64
	rateDecay, initial          float64
	m, v, a                     [6]float64
}

// step is step t = 1, 2, … on p, of which the last two numbers are a vector.
func (r *reference) step(t int, p, g []float64) {
	if r.largest > 0 {
		g = slices.Clone(g)
		for i, x := range g {
			g[i] = max(-r.largest, min(x, r.largest))
		}
	}
	norm := 0.0
	for _, x := range g {
		norm = math.Hypot(norm, x)
	}
	for i := range p {
		d, lambda := g[i], r.lambda
		if r.clip > 0 && norm > r.clip {
			d *= r.clip / norm
		}
		if r.spare && i >= 4 {
			lambda = 0
		}
		if r.kind == "AdamW" {
			p[i] *= 1 - r.lr*lambda
		} else {
			d += lambda * p[i]
		}
		switch r.kind {
		case "SGD":
			p[i] -= r.lr * r.velocity(t, i, d)
			continue
		case "RMSProp", "AdaGrad":
			p[i] -= r.lr / (1 + float64(t-1)*r.rateDecay) * r.scaled(i, d)
			continue
		}
		r.m[i] += (1 - r.b1) * (d - r.m[i])
		r.v[i] += (1 - r.b2) * (d*d - r.v[i])
		m, v := r.m[i]/(1-math.Pow(r.b1, float64(t))), r.v[i]/(1-math.Pow(r.b2, float64(t)))
		p[i] -= r.lr * m / (math.Sqrt(v) + r.eps)
	}
}

func (r *reference) velocity(t, i int, d float64) float64 {
	if t == 1 {
		r.m[i] = d
	} else {
		r.m[i] = r.momentum*r.m[i] + (1-r.dampening)*d
	}
	switch {
	case r.momentum == 0:
		return d
	case r.nesterov:
		return d + r.momentum*r.m[i]
	}
	return r.m[i]
}

// scaled is the gradient over the root of its squares: summed, or as a mean, about its own mean where a is kept.
func (r *reference) scaled(i int, d float64) float64 {
	if r.kind == "AdaGrad" {
		r.v[i] += d * d
		return d / (math.Sqrt(r.initial+r.v[i]) + r.eps)
	}
	r.v[i] = r.b2*r.v[i] + (1-r.b2)*d*d
	spread := r.v[i]
	if r.centred {
		r.a[i] = r.b2*r.a[i] + (1-r.b2)*d
		spread -= r.a[i] * r.a[i]
	}
	r.m[i] = r.momentum*r.m[i] + d/(math.Sqrt(spread)+r.eps)
	return r.m[i]
}

var cases = []struct {
	name string
	o    optim.Optimizer
	ref  reference
}{
	{"AdamW", optim.AdamW{}, reference{kind: "AdamW", lr: 1e-3, b1: 0.9, b2: 0.999, eps: 1e-8, lambda: 0.01}},
	{"AdamW settings", optim.AdamW{LR: 0.1, Betas: rpnops.Some([2]float64{0, 0.5}), Eps: 1e-3, WeightDecay: rpnops.Some(0.2), NoBiasDecay: true},
		reference{kind: "AdamW", lr: 0.1, b2: 0.5, eps: 1e-3, lambda: 0.2, spare: true}},
	{"AdamW without decay", optim.AdamW{LR: 0.05, WeightDecay: rpnops.Some(0.0)}, reference{kind: "AdamW", lr: 0.05, b1: 0.9, b2: 0.999, eps: 1e-8}},
	{"AdamW clipped", optim.AdamW{LR: 0.1, Eps: 0.1, ClipNorm: 0.3}, reference{kind: "AdamW", lr: 0.1, b1: 0.9, b2: 0.999, eps: 0.1, lambda: 0.01, clip: 0.3}},
	{"AdamW clipped by element", optim.AdamW{LR: 0.1, Eps: 0.1, ClipValue: 0.2}, reference{kind: "AdamW", lr: 0.1, b1: 0.9, b2: 0.999, eps: 0.1, lambda: 0.01, largest: 0.2}},
	{"SGD clipped by element and norm", optim.SGD{LR: 0.1, ClipValue: 0.3, ClipNorm: 0.4}, reference{kind: "SGD", lr: 0.1, largest: 0.3, clip: 0.4}},
	{"Adam", optim.Adam{LR: 0.02}, reference{kind: "Adam", lr: 0.02, b1: 0.9, b2: 0.999, eps: 1e-8}},
	{"Adam decay", optim.Adam{LR: 0.02, WeightDecay: 0.3, NoBiasDecay: true}, reference{kind: "Adam", lr: 0.02, b1: 0.9, b2: 0.999, eps: 1e-8, lambda: 0.3, spare: true}},
	{"SGD", optim.SGD{}, reference{kind: "SGD", lr: 1e-3}},
	{"SGD decay", optim.SGD{LR: 0.1, WeightDecay: 0.1, NoBiasDecay: true}, reference{kind: "SGD", lr: 0.1, lambda: 0.1, spare: true}},
	{"SGD momentum", optim.SGD{LR: 0.1, Momentum: 0.9, Dampening: 0.3, WeightDecay: 0.1}, reference{kind: "SGD", lr: 0.1, momentum: 0.9, dampening: 0.3, lambda: 0.1}},
	{"SGD nesterov", optim.SGD{LR: 0.1, Momentum: 0.8, Nesterov: true, ClipNorm: 0.4}, reference{kind: "SGD", lr: 0.1, momentum: 0.8, nesterov: true, clip: 0.4}},
	{"RMSProp", optim.RMSProp{}, reference{kind: "RMSProp", lr: 0.01, b2: 0.99, eps: 1e-8}},
	{"RMSProp settings", optim.RMSProp{LR: 0.05, Alpha: rpnops.Some(0.5), Eps: 1e-3, Momentum: 0.8, WeightDecay: 0.1, NoBiasDecay: true},
		reference{kind: "RMSProp", lr: 0.05, b2: 0.5, eps: 1e-3, momentum: 0.8, lambda: 0.1, spare: true}},
	{"RMSProp centred", optim.RMSProp{Centered: true, Eps: 0.1, ClipNorm: 0.3}, reference{kind: "RMSProp", lr: 0.01, b2: 0.99, eps: 0.1, centred: true, clip: 0.3}},
	{"AdaGrad", optim.AdaGrad{}, reference{kind: "AdaGrad", lr: 0.01, eps: 1e-10}},
	{"AdaGrad settings", optim.AdaGrad{LR: 0.2, Eps: 0.1, WeightDecay: 0.1, ClipNorm: 0.3}, reference{kind: "AdaGrad", lr: 0.2, eps: 0.1, lambda: 0.1, clip: 0.3}},
	{"AdaGrad slowing down", optim.AdaGrad{LR: 0.2, LRDecay: 0.05, Initial: 0.3}, reference{kind: "AdaGrad", lr: 0.2, eps: 1e-10, rateDecay: 0.05, initial: 0.3}},
}

func TestThirtyStepsAreThoseOfTheEquations(t *testing.T) {
	for _, c := range cases {
		for _, vm := range executors {
			t.Run(fmt.Sprintf("%s/%v", c.name, vm), func(t *testing.T) {
				p, r := given(t, graph.F64, vm, c.o), c.ref
				want := append([]float64(nil), start...)
				for k := range 30 {
					d := gradient(k, want)
					copy(p.Input("gw").F64, d)
					copy(p.Input("gb").F64, d[4:])
					if err := p.Run(); err != nil {
						t.Fatal(err)
					}
					r.step(k+1, want, d)
					near(t, fmt.Sprintf("step %d", k), values(p), want, 1e-12)
				}
				if got := p.Store().Get(rpnops.StepName).I[0]; got != 30 {
					t.Errorf("the step is %d; want 30", got)
				}
			})
		}
	}
}

// values are w and b.
func values(p *compile.Program) []float64 {
	return append(append([]float64(nil), p.Store().Get("w").F...), p.Store().Get("b").F...)
}

func near(t *testing.T, what string, got, want []float64, tol float64) {
	t.Helper()
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= tol*math.Max(1, math.Abs(want[i]))) {
			t.Fatalf("%s: %v; want %v", what, got, want)
		}
	}
}

// The worked example of the specification: lr 0.1, λ 0.01.
func TestAdamWGivesTheWorkedValues(t *testing.T) {
	steps := []struct{ gradient, want [2]float64 }{
		{[2]float64{0.1, -0.2}, [2]float64{0.8990000, -1.8980000}},
		{[2]float64{0.3, 0.1}, [2]float64{0.8063229, -1.8694683}},
		{[2]float64{-0.5, 0}, [2]float64{0.8216080, -1.8470110}},
	}
	for _, d := range []graph.DType{graph.F64, graph.F32} {
		p := given(t, d, compile.Plan, optim.AdamW{LR: 0.1})
		for k, s := range steps {
			for i, x := range s.gradient {
				if b := p.Input("gw"); d == graph.F64 {
					b.F64[i] = x
				} else {
					b.F32[i] = float32(x)
				}
			}
			if err := p.Run(); err != nil {
				t.Fatal(err)
			}
			near(t, fmt.Sprintf("%v step %d", d, k), p.Store().Get("w").F[:2], s.want[:], 6e-8+3e-7*float64(1-d))
		}
	}
}

func TestTheLearningRateChangesBetweenSteps(t *testing.T) {
	for _, o := range []optim.Optimizer{optim.AdamW{LR: 0.5}, optim.Adam{LR: 0.5}, optim.SGD{LR: 0.5}, optim.SGD{LR: 0.5, Momentum: 0.9}} {
		p := given(t, graph.F32, compile.Plan, o)
		if got := p.Store().Get(optim.LRName); got.F[0] != o.Rate() || got.Type != (graph.Type{DType: graph.F32}) {
			t.Errorf("%T: %s is %v %v; want the rate", o, optim.LRName, got.Type, got.F)
		}
		copy(p.Input("gw").F32, []float32{1, 1, 1, 1})
		zero := graph.NewTensor(graph.Type{DType: graph.F32})
		if err := p.Store().Set(optim.LRName, zero); err != nil {
			t.Fatal(err)
		}
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
		near(t, fmt.Sprintf("%T at rate 0", o), values(p), start, 0)
	}
}

func TestStatesAreNamedAfterTheirParameters(t *testing.T) {
	for _, c := range []struct {
		o    optim.Optimizer
		want string
	}{
		{optim.AdamW{}, "b opt.lr opt.m.b opt.m.w opt.v.b opt.v.w step w"},
		{optim.Adam{}, "b opt.lr opt.m.b opt.m.w opt.v.b opt.v.w step w"},
		{optim.SGD{}, "b opt.lr step w"},
		{optim.SGD{Momentum: 0.5}, "b opt.lr opt.m.b opt.m.w step w"},
		{optim.RMSProp{}, "b opt.lr opt.v.b opt.v.w step w"},
		{optim.RMSProp{Centered: true, Momentum: 0.5}, "b opt.a.b opt.a.w opt.lr opt.m.b opt.m.w opt.v.b opt.v.w step w"},
		{optim.AdaGrad{}, "b opt.lr opt.v.b opt.v.w step w"},
		{optim.Norms{Optimizer: optim.SGD{}}, "b opt.lr opt.norm.b opt.norm.w step w"},
		{optim.Frozen{Optimizer: optim.AdamW{}, Prefixes: []string{"w"}}, "b opt.lr opt.m.b opt.v.b step w"},
	} {
		if got := strings.Join(given(t, graph.F64, compile.Plan, c.o).Store().Names(), " "); got != c.want {
			t.Errorf("%T: states %s; want %s", c.o, got, c.want)
		}
	}
}

func TestSettingsThatMeanNothingAreErrors(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		o    optim.Optimizer
		want string
	}{
		{optim.AdamW{LR: -1}, "optim.AdamW: lr = -1"},
		{optim.AdamW{LR: nan}, "optim.AdamW: lr = NaN"},
		{optim.AdamW{WeightDecay: rpnops.Some(-0.1)}, "weight_decay = -0.1"},
		{optim.AdamW{Betas: rpnops.Some([2]float64{0.9, 1})}, "β₂ = 1"},
		{optim.AdamW{Eps: -1}, "optim.AdamW: eps = -1"},
		{optim.Adam{ClipNorm: -2}, "optim.Adam: clip_norm = -2"},
		{optim.Adam{ClipValue: -2}, "optim.Adam: clip_value = -2"},
		{optim.RMSProp{Alpha: rpnops.Some(1.0)}, "optim.RMSProp: alpha = 1"},
		{optim.RMSProp{Eps: nan}, "eps = NaN"},
		{optim.RMSProp{Momentum: -1}, "momentum = -1"},
		{optim.AdaGrad{Eps: -1}, "optim.AdaGrad: eps = -1"},
		{optim.AdaGrad{LRDecay: -1}, "lr_decay = -1"},
		{optim.AdaGrad{Initial: nan}, "initial_accumulator_value = NaN"},
		{optim.AdaGrad{LR: -1}, "optim.AdaGrad: lr = -1"},
		{optim.Frozen{Optimizer: optim.SGD{}, Prefixes: []string{"w", "layers."}}, `optim.Frozen: no parameter begins with "layers."; there are b, w`},
		{optim.Frozen{Optimizer: optim.SGD{}, Prefixes: []string{""}}, "no parameter"},
		{optim.SGD{Momentum: -0.5}, "optim.SGD: momentum -0.5"},
		{optim.SGD{Nesterov: true}, "nesterov true"},
		{optim.SGD{Momentum: 0.9, Dampening: 0.1, Nesterov: true}, "no dampening"},
	} {
		if _, err := givenProgram(graph.F64, compile.Plan, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v; want one with %q", c.o, err, c.want)
		}
	}
	g := graph.New()
	if err := (optim.SGD{}).Apply(g, nil, nil); err == nil || !strings.Contains(err.Error(), "no parameter") {
		t.Errorf("no parameters: error %v", err)
	}
	if err := (optim.SGD{}).Apply(g, make([]*graph.Node, 2), make([]*graph.Node, 1)); err == nil || !strings.Contains(err.Error(), "1 gradients for 2") {
		t.Errorf("too few gradients: error %v", err)
	}
}

// clipped runs Clip on (g₀, g₁).
func clipped(t *testing.T, d graph.DType, vm compile.VM, c float64, v ...float64) []float64 {
	t.Helper()
	g := graph.New()
	a, b := g.Input("a", graph.Type{DType: d}), g.Input("b", graph.Type{DType: d, Shape: graph.Sh(1, 2)})
	p, err := compile.Forward(g, nil, &compile.Options{VM: vm, Check: true}, optim.Clip([]*graph.Node{a, b}, c)...)
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.RunTensors(map[string]*graph.Tensor{"a": {Type: a.Type(), F: v[:1]}, "b": {Type: b.Type(), F: v[1:]}})
	if err != nil {
		t.Fatal(err)
	}
	return append(append([]float64(nil), out[0].F...), out[1].F...)
}

func TestClippingBoundsTheGlobalNorm(t *testing.T) {
	for _, c := range []struct {
		bound    float64
		in, want []float64
	}{
		{2, []float64{1, 2, 2}, []float64{2. / 3, 4. / 3, 4. / 3}},
		{1e-3, []float64{1e9, 2e9, 2e9}, []float64{1e-3 / 3, 2e-3 / 3, 2e-3 / 3}},
		{5, []float64{0, 0, 0}, []float64{0, 0, 0}},
	} {
		for _, vm := range executors {
			near(t, "f64", clipped(t, graph.F64, vm, c.bound, c.in...), c.want, 1e-15)
			near(t, "f32", clipped(t, graph.F32, vm, c.bound, c.in...), c.want, 1e-6)
		}
	}
	small := []float64{0.1, 0.7, 0.3}
	for _, bound := range []float64{49, 3, 1e6} { // c·(1/c) is not 1 for 49
		near(t, "below the bound", clipped(t, graph.F64, compile.Plan, bound, small...), small, 0)
	}
	if got := clipped(t, graph.F64, compile.Plan, 1, math.NaN(), 0, 0); !math.IsNaN(got[1]) {
		t.Errorf("a gradient with NaN clips to %v; want NaN", got)
	}
	if got := optim.Clip(nil, 1); got != nil {
		t.Errorf("no gradients clip to %v", got)
	}
}

func TestClippingByElementLeavesSmallOnesAsTheyAre(t *testing.T) {
	g := graph.New()
	x := g.Input("x", graph.Type{DType: graph.F64, Shape: graph.Sh(5)})
	p, err := compile.Forward(g, nil, &compile.Options{Check: true}, optim.ClipValues([]*graph.Node{x}, 49)...)
	if err != nil {
		t.Fatal(err)
	}
	copy(p.Input("x").F64, []float64{0.7, -48.9, 1e9, -50, math.NaN()})
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	got := p.Output(0).F64
	near(t, "within the bounds", got[:2], []float64{0.7, -48.9}, 0)
	near(t, "beyond them", got[2:4], []float64{49, -49}, 1e-14)
	if !math.IsNaN(got[4]) {
		t.Errorf("NaN clips to %v; want NaN", got[4])
	}
}
