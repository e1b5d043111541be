package graph_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"rpnc/graph"
	"rpnc/ops"
)

// randomGraph applies n random ops to random earlier nodes of shape (3×3), and updates a state and a parameter.
func randomGraph(seed uint64, n int) (*graph.Graph, []*graph.Node) {
	rng, g, t := rand.New(rand.NewPCG(seed, 7)), graph.New(), f64(3, 3)
	w, s := g.Param("w", t, graph.Normal(0, 1)), g.State("s", t, graph.Uniform(-1, 1))
	pool := []*graph.Node{g.Input("x", t), w, s, g.Const(t, 0.5)}
	pick := func() *graph.Node { return pool[rng.IntN(len(pool))] }
	for range n {
		a, b := pick(), pick()
		g.Label(fmt.Sprintf("random:%d", len(pool)))
		pool = append(pool, []func() *graph.Node{
			func() *graph.Node { return ops.Tanh(ops.Add(a, b)) },
			func() *graph.Node { return ops.Tanh(ops.MatMulT(a, b)) },
			func() *graph.Node { return ops.Sin(ops.Mul(a, b)) },
			func() *graph.Node { return ops.Sub(a, ops.MaxAxis(b, 1)) },
			func() *graph.Node { return ops.Transpose(a) },
			func() *graph.Node { return g.Apply(ops.Softmax{Axis: -1}, a) },
			func() *graph.Node { return g.Apply(product{}, a, b) },
		}[rng.IntN(7)]())
	}
	y := ops.Sum(pool[len(pool)-1])
	d := graph.Grad(y, w, s)
	roots := []*graph.Node{y}
	for i, leaf := range []*graph.Node{w, s} {
		if d[i] != nil {
			g.Update(leaf, ops.Sub(leaf, ops.Scale(d[i], 0.1)))
		}
	}
	return g, roots
}

// stepped is the root's value and what the leaves are after one step.
func stepped(t *testing.T, g *graph.Graph, root *graph.Node) (y []float64, leaves graph.Leaves) {
	t.Helper()
	leaves = graph.Leaves{"x": graph.Normal(0, 1).Tensor(f64(3, 3), 4, "x")}
	leaves.Fill(g, 1)
	v, err := graph.Run(g, leaves, root)
	if err != nil {
		t.Fatal(err)
	}
	leaves.Commit(g, v)
	return v.Of(root).F, leaves
}

// sameProgram compares values and the effect of a step of two graphs.
func sameProgram(t *testing.T, what string, g *graph.Graph, root *graph.Node, h *graph.Graph, other *graph.Node) {
	t.Helper()
	if err := graph.Verify(h); err != nil {
		t.Errorf("%s: %v", what, err)
	}
	a, la := stepped(t, g, root)
	b, lb := stepped(t, h, other)
	if !near(a, b, 1e-12) {
		t.Errorf("%s: value %v becomes %v", what, a, b)
	}
	if len(g.Updates()) != len(h.Updates()) {
		t.Errorf("%s: %d updates become %d", what, len(g.Updates()), len(h.Updates()))
	}
	for name, x := range lb {
		if !near(la[name].F, x.F, 1e-12) {
			t.Errorf("%s: %s after the step is %v, was %v", what, name, x.F, la[name].F)
		}
	}
}

func TestRewriteAndShuffleKeepTheProgram(t *testing.T) {
	for seed := range uint64(30) {
		g, roots := randomGraph(seed, 15)
		if err := graph.Verify(g); err != nil {
			t.Fatal(err)
		}
		h, m := g.Rewrite(roots, nil)
		sameProgram(t, "copied", g, roots[0], h, m[roots[0]])
		if len(h.Nodes()) != len(g.Live(roots...)) {
			t.Errorf("the copy has %d nodes, %d are live", len(h.Nodes()), len(g.Live(roots...)))
		}
		s, ms := g.Shuffle(roots, seed)
		sameProgram(t, "shuffled", g, roots[0], s, ms[roots[0]])
		r, mr := g.Reorder(g.Live(roots...), unfuse)
		sameProgram(t, "reordered", g, roots[0], r, mr[roots[0]])
		u, mu := g.Rewrite(roots, unfuse)
		sameProgram(t, "unfused", g, roots[0], u, mu[roots[0]])
		for _, n := range u.Nodes() {
			if n.Op == (product{}) {
				t.Errorf("%v is left", n)
			}
		}
	}
}

// unfuse replaces fused products by primitive ones.
func unfuse(_ *graph.Graph, n *graph.Node, in []*graph.Node) *graph.Node {
	if n.Op == (product{}) {
		return ops.Mul(in[0], in[1])
	}
	return nil
}

func TestShuffleChangesTheOrderAndIsDeterministic(t *testing.T) {
	g, roots := randomGraph(1, 40)
	names := func(seed uint64) (s string) {
		h, _ := g.Shuffle(roots, seed)
		for _, n := range h.Nodes() {
			s += n.Op.Name() + " "
		}
		return s
	}
	if names(1) != names(1) {
		t.Error("one seed, two orders")
	}
	if names(1) == names(2) {
		t.Error("two seeds, one order")
	}
}

func TestNewNodesCarryTheSiteOfWhatTheyReplace(t *testing.T) {
	g := graph.New()
	x := g.Input("x", f64(3, 3))
	g.Label("model.yaml:3")
	y := g.Apply(product{}, x, x)
	g.Label("")
	h, m := g.Rewrite([]*graph.Node{y}, unfuse)
	if site := m[y].Site(); site != "model.yaml:3" {
		t.Errorf("site %s", site)
	}
	if h.Init(h.LeafByName("x")) != g.Init(x) {
		t.Error("initial values differ")
	}
}

func TestMistakesSurviveARewrite(t *testing.T) {
	g := graph.New()
	bad := ops.MatMulN(g.Input("x", f64(2, 3)), g.Input("y", f64(2, 3)))
	h, _ := g.Rewrite([]*graph.Node{bad}, nil)
	if h.Err() == nil || h.Err().Error() != g.Err().Error() {
		t.Errorf("%v becomes %v", g.Err(), h.Err())
	}
}
