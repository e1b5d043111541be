package gradcheck_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"rpnc/graph"
	"rpnc/graph/gradcheck"
)

func f64(dims ...int) graph.Type { return graph.Type{DType: graph.F64, Shape: graph.Sh(dims...)} }

// mapped is y = f(x) element by element with a gradient that may be told to be wrong.
type mapped struct{ Kind string }

func (o mapped) Name() string { return "Mapped" }

func (o mapped) Infer(in []graph.Type) ([]graph.Type, error) { return in[:1:1], nil }

func (o mapped) Eval(dst, in []*graph.Tensor) error {
	for i, x := range in[0].F {
		switch o.Kind {
		case "sin", "sin with no gradient", "sin with −cos", "sin with 0.9999cos", "sin with cos whose gradient is sin", "sin wrong at 777":
			dst[0].F[i] = math.Sin(x)
		case "cos":
			dst[0].F[i] = math.Cos(x)
		case "cos whose gradient is sin":
			dst[0].F[i] = math.Cos(x)
		case "wrong at 777":
			if dst[0].F[i] = math.Cos(x); i == 777 {
				dst[0].F[i]++
			}
		case "log":
			dst[0].F[i] = math.Log(x)
		case "1/x":
			dst[0].F[i] = 1 / x
		case "abs":
			dst[0].F[i] = math.Abs(x)
		case "sign":
			dst[0].F[i] = math.Copysign(1, x)
		case "fails":
			return errors.New("on purpose")
		}
	}
	return nil
}

func (o mapped) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	x, g := n.In[0], n.Graph()
	d := func(kind string) *graph.Node { return g.Apply(mapped{kind}, x) }
	times := func(f float64, y *graph.Node) []*graph.Node {
		return []*graph.Node{g.Apply(product{f}, dy[0], y)}
	}
	switch o.Kind {
	case "sin":
		return times(1, d("cos"))
	case "cos":
		return times(-1, d("sin"))
	case "sin with −cos":
		return times(-1, d("cos"))
	case "sin with 0.9999cos":
		return times(0.9999, d("cos"))
	case "sin with cos whose gradient is sin":
		return times(1, d("cos whose gradient is sin"))
	case "cos whose gradient is sin":
		return times(1, d("sin"))
	case "sin wrong at 777":
		return times(1, d("wrong at 777"))
	case "log":
		return times(1, d("1/x"))
	case "abs":
		return times(1, d("sign"))
	}
	return []*graph.Node{nil}
}

// product is y = F·a·b, element by element.
type product struct{ F float64 }

func (product) Name() string { return "Product" }

func (product) Infer(in []graph.Type) ([]graph.Type, error) { return in[:1:1], nil }

func (o product) Eval(dst, in []*graph.Tensor) error {
	for i, a := range in[0].F {
		dst[0].F[i] = o.F * a * in[1].F[i]
	}
	return nil
}

func (o product) VJP(n *graph.Node, dy []*graph.Node) []*graph.Node {
	g := n.Graph()
	return []*graph.Node{g.Apply(o, dy[0], n.In[1]), g.Apply(o, dy[0], n.In[0])}
}

func TestRightGradientsPassToSecondOrder(t *testing.T) {
	r, err := gradcheck.Op(mapped{"sin"}, []graph.Type{f64(3, 4)}, gradcheck.Options{Order: 2, Lo: -2, Hi: 2})
	if err != nil {
		t.Fatal(err)
	}
	if r.Cases != 24 || r.Skipped != 0 || r.Worst > 1e-9 {
		t.Errorf("%+v; want 12 comparisons an order, error below 1e-9", r)
	}
}

func TestWrongGradientsAreFound(t *testing.T) {
	for _, c := range []struct {
		kind, says string
		size       int
		o          gradcheck.Options
	}{
		{"sin with no gradient", "order 1, in0[", 6, gradcheck.Options{}},
		{"sin with −cos", "order 1, in0[", 6, gradcheck.Options{}},
		{"sin with 0.9999cos", "order 1, in0[", 6, gradcheck.Options{}},
		{"sin with cos whose gradient is sin", "order 2, in0[", 6, gradcheck.Options{Order: 2}},
		{"sin wrong at 777", "order 1, in0 along a random direction", 2000, gradcheck.Options{Components: 3}},
		{"abs", "order 1, in0[", 6, gradcheck.Options{Lo: -1e-4, Hi: 1e-4}}, // the kink is within reach of the steps
		{"log", "order 1, in0[", 6, gradcheck.Options{Lo: -1, Hi: -0.5}},    // not a number
	} {
		_, err := gradcheck.Op(mapped{c.kind}, []graph.Type{f64(c.size)}, c.o)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %q", c.kind, err, c.says)
		}
	}
}

func TestOneOrderOfAWrongSecondOrderPasses(t *testing.T) {
	if _, err := gradcheck.Op(mapped{"sin with cos whose gradient is sin"}, []graph.Type{f64(6)}, gradcheck.Options{}); err != nil {
		t.Error(err)
	}
}

func TestDomainsKeepAwayFromKinks(t *testing.T) {
	o := gradcheck.Options{Domains: map[string]gradcheck.Range{"in0": {0.1, 1}}}
	if _, err := gradcheck.Op(mapped{"abs"}, []graph.Type{f64(20)}, o); err != nil {
		t.Error(err)
	}
}

// mixed reads an input, a parameter and a state of three types: y = x·w + w·s.
func mixed(wrong string) func(g *graph.Graph) *graph.Node {
	kind := func(leaf string) mapped {
		if leaf == wrong {
			return mapped{"sin with −cos"}
		}
		return mapped{"sin"}
	}
	return func(g *graph.Graph) *graph.Node {
		x := g.Apply(kind("x"), g.Input("x", f64(2, 3)))
		w := g.Apply(kind("w"), g.Param("w", f64(2, 3), graph.Zeros()))
		s := g.Apply(kind("s"), g.State("s", f64(2, 3), graph.Normal(1, 0.1)))
		return g.Apply(graph.Add{}, g.Apply(product{1}, x, w), g.Apply(product{2}, w, s))
	}
}

func TestInputsParamsAndStatesAreChecked(t *testing.T) {
	r, err := gradcheck.Check(mixed(""), gradcheck.Options{Order: 2})
	if err != nil || r.Cases != 36 {
		t.Errorf("%+v, %v; want 18 comparisons an order", r, err)
	}
	for _, leaf := range []string{"x", "w", "s"} {
		if _, err := gradcheck.Check(mixed(leaf), gradcheck.Options{}); err == nil || !strings.Contains(err.Error(), leaf+"[") {
			t.Errorf("a wrong gradient of %s gives %v", leaf, err)
		}
		others := map[string][]string{"x": {"w", "s"}, "w": {"x", "s"}, "s": {"x", "w"}}[leaf]
		if r, err := gradcheck.Check(mixed(leaf), gradcheck.Options{Wrt: others}); err != nil || r.Cases != 12 {
			t.Errorf("wrt %v: %+v, %v; want 12 right gradients", others, r, err)
		}
	}
}

func TestLargeLeavesAreSampledDeterministically(t *testing.T) {
	o := gradcheck.Options{Components: 10}
	r, err := gradcheck.Op(mapped{"sin"}, []graph.Type{f64(40, 50)}, o)
	if err != nil || r.Cases != 11 || r.Skipped != 1990 {
		t.Errorf("%+v, %v; want 10 components and a direction, 1990 skipped", r, err)
	}
	if again, _ := gradcheck.Op(mapped{"sin"}, []graph.Type{f64(40, 50)}, o); again != r {
		t.Errorf("a second check answers %+v, the first %+v", again, r)
	}
}

func TestGivenValuesAreUsed(t *testing.T) {
	v, _ := graph.Floats(f64(2), 0, 0)
	o := gradcheck.Options{Values: graph.Leaves{"in0": v}}
	if _, err := gradcheck.Op(mapped{"abs"}, []graph.Type{f64(2)}, o); err == nil {
		t.Error("the kink at 0 of the given values went unnoticed")
	}
	if v.F[0] != 0 {
		t.Error("the caller's values have moved")
	}
}

func TestMisuseIsAnError(t *testing.T) {
	in := []graph.Type{f64(2)}
	wrong, _ := graph.Floats(f64(3), 1, 2, 3)
	for says, check := range map[string]func() (gradcheck.Report, error){
		"on purpose": func() (gradcheck.Report, error) {
			return gradcheck.Op(mapped{"fails"}, in, gradcheck.Options{})
		},
		"no floating-point leaf": func() (gradcheck.Report, error) {
			return gradcheck.Check(func(g *graph.Graph) *graph.Node { return g.Const(f64(2), 1) }, gradcheck.Options{})
		},
		"no floating-point result": func() (gradcheck.Report, error) {
			i := graph.Type{DType: graph.I32}
			return gradcheck.Check(func(g *graph.Graph) *graph.Node { return g.Input("i", i) }, gradcheck.Options{})
		},
		"Options.Wrt asks for": func() (gradcheck.Report, error) {
			return gradcheck.Op(mapped{"sin"}, in, gradcheck.Options{Wrt: []string{"in0", "nobody"}})
		},
		"Options.Values gives f64 (3)": func() (gradcheck.Report, error) {
			return gradcheck.Op(mapped{"sin"}, in, gradcheck.Options{Values: graph.Leaves{"in0": wrong}})
		},
		"no node of the graph": func() (gradcheck.Report, error) {
			return gradcheck.Check(func(*graph.Graph) *graph.Node { return nil }, gradcheck.Options{})
		},
		"want two operands": func() (gradcheck.Report, error) {
			return gradcheck.Op(graph.Add{}, in, gradcheck.Options{})
		},
	} {
		if _, err := check(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want one that says %q", err, says)
		}
	}
}
