package graph_test

import (
	"math"
	"strings"
	"testing"

	"rpnc/graph"
	"rpnc/graph/gradcheck"
	"rpnc/ops"
)

func f64(dims ...int) graph.Type { return graph.Type{DType: graph.F64, Shape: graph.Sh(dims...)} }

// values evaluates nodes with leaves drawn from seed 1 (inputs from N(0, 1)).
func values(t *testing.T, g *graph.Graph, ns ...*graph.Node) [][]float64 {
	t.Helper()
	leaves := graph.Leaves{}
	leaves.Fill(g, 1)
	for _, x := range g.Leaves(graph.InputLeaf) {
		l, _ := x.Leaf()
		leaves[l.Path] = graph.Normal(0, 1).Tensor(x.Type(), 1, l.Path)
	}
	v, err := graph.Run(g, leaves, ns...)
	if err != nil {
		t.Fatal(err)
	}
	out := make([][]float64, len(ns))
	for i, n := range ns {
		out[i] = v.Of(n).F
	}
	return out
}

func near(a, b []float64, tol float64) bool {
	for i := range a {
		if len(a) != len(b) || !(math.Abs(a[i]-b[i]) <= tol*math.Max(1, math.Abs(b[i]))) {
			return false
		}
	}
	return len(a) == len(b)
}

// sameValues compares two nodes of one graph.
func sameValues(t *testing.T, what string, a, b *graph.Node) {
	t.Helper()
	if a == nil && b == nil {
		return
	}
	if a == nil || b == nil {
		t.Errorf("%s: have %v and %v", what, a, b)
		return
	}
	if v := values(t, a.Graph(), a, b); !near(v[0], v[1], 1e-12) {
		t.Errorf("%s: %v and %v", what, v[0], v[1])
	}
}

// product is a·b as a fused op.
type product struct{}

func (product) Name() string { return "Product" }

func (product) Infer(in []graph.Type) ([]graph.Type, error) { return in[:1:1], nil }

func (o product) Eval(dst, in []*graph.Tensor) error { return graph.EvalUnfused(o, dst, in) }

func (product) Unfused(in []*graph.Node) []*graph.Node {
	return []*graph.Node{ops.Mul(in[0], in[1])}
}

// sincos has two results, the second of which is its operand's cosine, and the third the operand itself.
type sincos struct{}

func (sincos) Name() string { return "SinCos" }

func (sincos) Infer(in []graph.Type) ([]graph.Type, error) {
	return []graph.Type{in[0], in[0], in[0]}, nil
}

func (o sincos) Eval(dst, in []*graph.Tensor) error { return graph.EvalUnfused(o, dst, in) }

func (sincos) Unfused(in []*graph.Node) []*graph.Node {
	return []*graph.Node{ops.Sin(in[0]), ops.Cos(in[0]), in[0]}
}

// opaque has no gradient; odd has one of a wrong type.
type (
	opaque struct{}
	odd    struct{ opaque }
)

func (opaque) Name() string { return "Opaque" }

func (opaque) Infer(in []graph.Type) ([]graph.Type, error) { return in, nil }

func (opaque) Eval(dst, in []*graph.Tensor) error { dst[0].Copy(in[0]); return nil }

func (odd) VJP(n *graph.Node, _ []*graph.Node) []*graph.Node {
	return []*graph.Node{n.Graph().Const(f64(7))}
}

func TestGradientOfAFusedOpIsThatOfItsExpansion(t *testing.T) {
	for what, build := range map[string]func(x, w *graph.Node, mul func(a, b *graph.Node) *graph.Node) *graph.Node{
		"different operands": func(x, w *graph.Node, mul func(a, b *graph.Node) *graph.Node) *graph.Node {
			return mul(x, w)
		},
		"one operand twice": func(x, _ *graph.Node, mul func(a, b *graph.Node) *graph.Node) *graph.Node {
			return mul(x, x)
		},
		"an operand made of the other": func(x, w *graph.Node, mul func(a, b *graph.Node) *graph.Node) *graph.Node {
			return mul(x, ops.Tanh(ops.Mul(x, w)))
		},
		"fused into fused": func(x, w *graph.Node, mul func(a, b *graph.Node) *graph.Node) *graph.Node {
			y := mul(x, w)
			return mul(mul(y, x), y)
		},
		"its expansion exists already": func(x, w *graph.Node, mul func(a, b *graph.Node) *graph.Node) *graph.Node {
			return ops.Add(ops.Exp(ops.Mul(x, w)), mul(x, w))
		},
	} {
		g := graph.New()
		x, w := g.Input("x", f64(2, 3)), g.Param("w", f64(2, 3), graph.Normal(0, 1))
		fused := func(a, b *graph.Node) *graph.Node { return g.Apply(product{}, a, b) }
		a, b := ops.Sum(build(x, w, fused)), ops.Sum(build(x, w, ops.Mul))
		da, db := graph.Grad(a, x), graph.Grad(b, x)
		sameValues(t, what, da[0], db[0])
		square := func(d *graph.Node) *graph.Node { return ops.Sum(ops.Square(d)) }
		sameValues(t, what+", second order", graph.Grad(square(da[0]), x)[0], graph.Grad(square(db[0]), x)[0])
		if err := graph.Verify(g); err != nil {
			t.Error(err)
		}
	}
}

func TestAFusedOpOfSeveralResults(t *testing.T) {
	r, err := gradcheck.Op(sincos{}, []graph.Type{f64(4)}, gradcheck.Options{Order: 2})
	if err != nil || r.Cases != 8 {
		t.Errorf("%+v, %v", r, err)
	}
	g := graph.New()
	x := g.Input("x", f64(4))
	y := g.Apply(sincos{}, x)
	sameValues(t, "one result used", graph.Grad(ops.Sum(y.Result(1)), x)[0], ops.Neg(ops.Sin(x)))
	sameValues(t, "an operand as result", graph.Grad(ops.Sum(y.Result(2)), x)[0], g.Const(f64(4), 1))
}

func TestSecondOrderThroughAFusedPower(t *testing.T) {
	_, err := gradcheck.Check(func(g *graph.Graph) *graph.Node {
		a, x := g.Param("A", f64(3, 3), graph.Zeros()), g.Input("x", f64(2, 3))
		return ops.Tanh(ops.MatMulN(x, g.Apply(ops.MatPow{H: 3, Accumulative: true}, a)))
	}, gradcheck.Options{Order: 2})
	if err != nil {
		t.Error(err)
	}
}

func TestFanOutAddsUpOverAllPaths(t *testing.T) {
	_, err := gradcheck.Check(func(g *graph.Graph) *graph.Node {
		x := g.Input("x", f64(3))
		a := ops.Sin(x)
		b := ops.Mul(a, x)
		return ops.Add(ops.Mul(a, b), b, x, a)
	}, gradcheck.Options{Order: 2})
	if err != nil {
		t.Error(err)
	}
}

func TestBothResultsOfOneNodeGetTheirCotangents(t *testing.T) {
	labels, _ := graph.Ints(graph.Sh(2), 1, 0)
	_, err := gradcheck.Check(func(g *graph.Graph) *graph.Node {
		x, y := g.Input("x", f64(2, 3)), g.Input("labels", labels.Type)
		n := g.Apply(ops.CrossEntropy{}, x, y)
		return ops.Mul(n.Result(0), ops.Square(n.Result(1)))
	}, gradcheck.Options{Order: 2, Values: graph.Leaves{"labels": labels}})
	if err != nil {
		t.Error(err)
	}
}

func TestStatesAndInputsHaveGradients(t *testing.T) {
	g := graph.New()
	x, s := g.Input("x", f64(3)), g.State("s", f64(3), graph.Normal(0, 1))
	y := ops.Mul(x, s)
	g.Update(s, y)
	d := graph.Grad(ops.Sum(y), x, s)
	if d[0] == nil || d[1] == nil {
		t.Fatal("no gradient")
	}
	sameValues(t, "of the input", d[0], s)
	sameValues(t, "of the state, before the step", d[1], x)
}

func TestNoDependenceIsANilGradient(t *testing.T) {
	g := graph.New()
	x, w := g.Input("x", f64(3)), g.Param("w", f64(3), graph.Zeros())
	step := g.State("step", graph.Type{DType: graph.I32}, graph.Zeros())
	for what, y := range map[string]*graph.Node{
		"another leaf":         ops.Sum(x),
		"a constant":           g.Scalar(graph.F64, 2),
		"a zero derivative":    ops.Sum(ops.Sign(w)),
		"an integer's reading": ops.Sum(g.Apply(ops.OneHot{DType: graph.F64, N: 3}, step)),
	} {
		if d := graph.Grad(y, w, step); d[0] != nil || d[1] != nil {
			t.Errorf("%s: gradients %v", what, d)
		}
	}
	if err := g.Err(); err != nil {
		t.Error(err)
	}
}

func TestOnlyGradientsAskedForAreBuilt(t *testing.T) {
	g := graph.New()
	x, w := g.Input("x", f64(2, 3)), g.Param("w", f64(3, 4), graph.Zeros())
	y := ops.Sum(ops.MatMulN(ops.Exp(x), w))
	d := graph.Grad(y, w)
	for _, n := range g.Nodes() {
		if n.Op.Name() == "Mul" {
			t.Errorf("the gradient of Exp exists: %v", n)
		}
	}
	for _, n := range g.Live(d...) {
		if n.Shape() == x.Shape() && n != x && n.In[0] != x {
			t.Errorf("the gradient of w needs %v", n)
		}
	}
}

func TestNothingFlowsThroughIntegers(t *testing.T) {
	g := graph.New()
	x := g.Input("x", f64(2, 3))
	winner := g.Apply(ops.Extreme{Axis: 1}, x).Result(1)
	hot := ops.Reshape(g.Apply(ops.OneHot{DType: graph.F64, N: 3}, winner), 2, 3)
	sameValues(t, "x times its own winner", graph.Grad(ops.Sum(ops.Mul(x, hot)), x)[0], hot)
	if err := g.Err(); err != nil {
		t.Error(err)
	}
}

func TestVJPOfTheNodeItselfIsTheCotangent(t *testing.T) {
	g := graph.New()
	y, dy := ops.Exp(g.Input("x", f64(3))), g.Input("dy", f64(3))
	if d := graph.VJP(y, dy, y, y); d[0] != dy || d[1] != dy {
		t.Errorf("VJP(y, dy, y, y) = %v", d)
	}
}

func TestGradientNodesCarryTheForwardSite(t *testing.T) {
	g := graph.New()
	x := g.Input("x", f64(3))
	g.Label("model.yaml:4")
	y := ops.Exp(x)
	g.Label("model.yaml:5")
	s := ops.Sum(y)
	g.Label("elsewhere")
	before := len(g.Nodes())
	graph.Grad(s, x)
	for _, n := range g.Nodes()[before+1:] { // after the constant 1
		if site := n.Site(); !strings.HasPrefix(site, "model.yaml:") {
			t.Errorf("%v has site %s", n, site)
		}
	}
	if g.Label("") != "elsewhere" {
		t.Error("Label does not answer with the label before")
	}
}

func TestMistakesInGradientsAreReported(t *testing.T) {
	for want, build := range map[string]func(g *graph.Graph, x *graph.Node){
		"graph_test.opaque has no gradient": func(g *graph.Graph, x *graph.Node) {
			graph.Grad(ops.Sum(g.Apply(opaque{}, x)), x)
		},
		"graph_test.odd: VJP gives operand 0 of f64 (3) a cotangent of f64 (7)": func(g *graph.Graph, x *graph.Node) {
			graph.Grad(ops.Sum(g.Apply(odd{}, x)), x)
		},
		"graph.Grad: y is f64 (3), want one float":     func(_ *graph.Graph, x *graph.Node) { graph.Grad(x, x) },
		"graph.VJP: y is [f64 (3)], its cotangent f64": func(g *graph.Graph, x *graph.Node) { graph.VJP(x, g.Scalar(graph.F64, 1), x) },
		"graph.VJP: there is no cotangent":             func(_ *graph.Graph, x *graph.Node) { graph.VJP(x, nil, x) },
		"graph.VJP: wrt 1 is no node of this graph":    func(_ *graph.Graph, x *graph.Node) { graph.VJP(x, x, x, graph.New().Input("x", f64(3))) },
	} {
		g := graph.New()
		build(g, g.Input("x", f64(3)))
		if err := g.Err(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("want one error with %q, have %v", want, err)
		}
	}
}

func TestGradientsOfPoisonAreSilent(t *testing.T) {
	g := graph.New()
	x := g.Input("x", f64(3))
	bad := ops.Add(x, g.Input("y", f64(2)))
	if d := graph.Grad(ops.Sum(bad), x, bad); d[0] != nil || d[1] != nil {
		t.Errorf("gradients %v", d)
	}
	graph.Grad(ops.Sum(x), bad)
	if err := g.Err(); strings.Contains(err.Error(), "\n") {
		t.Errorf("more than the one mistake: %v", err)
	}
}
