// Package gradcheck compares the gradients that a graph builds of itself with numerical differences of its values.
//
// # What is compared
//
// A result y is contracted with a fixed random cotangent c to the scalar s = Σ c·y. For every floating-point leaf x,
// be it an input, a parameter or a state, and every component of it, ∂s/∂xᵢ by [graph.Grad] is compared with the
// five-point central difference
//
//	(−s(xᵢ+2δ) + 8s(xᵢ+δ) − 8s(xᵢ−δ) + s(xᵢ−2δ)) / 12δ,   δ = h·max(1, |xᵢ|), h = 10⁻³, 10⁻², 10⁻⁴,
//
// in float64 by the reference interpreter's oracles. Of the three steps the best counts: a large one suffers from
// curvature, a small one from rounding, and a wrong gradient from neither. The error of a leaf is
// max|analytic − numeric| / max(1, max|numeric|).
//
// Order 2 does the same for s₂ = Σ r·∂s/∂x with random r over all leaves: a gradient is itself a graph that must
// have right gradients.
//
// Leaves of more components than [Options].Components are sampled at that many places, always the same, and along
// one random direction through all components, which a mistake anywhere else would tilt.
//
// # Kinks
//
// Functions with kinks are right only away from them: choose [Options].Lo and Hi, or Domains for single leaves, so that
// no sample lies within 0.02·max(1, |x|) of one.
package gradcheck

import (
	"fmt"
	"math"
	"strconv"

	"rpnc/graph"
)

// Options says where and how closely to look. The zero value checks first order on −1…1.
type Options struct {
	Order      int              // 2: second order too
	Lo, Hi     float64          // inputs and parameters are uniform on it; both 0: −1…1
	Ints       int              // integer leaves are uniform on 0…Ints−1; 0: 0 and 1
	Domains    map[string]Range // domains of single leaves, by name
	Values     graph.Leaves     // values of single leaves, by name; states without one have their initial value
	Wrt        []string         // leaves to check; none: every floating-point leaf that is live
	Components int              // components checked one by one of a larger leaf; 0: 48
	Seed       uint64           // of values, cotangents and choices
	Tol, Tol2  float64          // largest error of first and second order; 0: 1e-7 and 1e-5
}

// Range is the interval Lo…Hi.
type Range struct{ Lo, Hi float64 }

// Report says what a check has seen.
type Report struct {
	Cases   int     // comparisons of one number with another
	Skipped int     // components of large leaves that only the random direction covers
	Worst   float64 // the largest error relative to the leaf's gradient
	Where   string  // the component and order of it
}

// Merge adds the cases of another report and keeps the worse error.
func (r *Report) Merge(s Report) {
	r.Cases += s.Cases
	r.Skipped += s.Skipped
	if s.Worst > r.Worst || r.Where == "" {
		r.Worst, r.Where = s.Worst, s.Where
	}
}

// Check builds a graph and checks the gradients of the node that build returns; of a node with several results, of
// all floating-point ones together. The error is the first mistake of building, an order's largest error beyond the
// tolerance, or that there was nothing to compare.
func Check(build func(g *graph.Graph) *graph.Node, o Options) (Report, error) {
	o = o.withDefaults()
	g := graph.New()
	y := build(g)
	if err := g.Err(); err != nil {
		return Report{}, err
	}
	if y == nil || y.Graph() != g {
		return Report{}, fmt.Errorf("gradcheck.Check: build returned no node of the graph that it was given")
	}
	c := &checker{g: g, o: o, key: graph.NewKey(o.Seed, "gradcheck")}
	s := c.contract(results(y))
	if s == nil {
		return Report{}, fmt.Errorf("gradcheck.Check: %s has no floating-point result to differentiate", y.Op.Name())
	}
	if err := c.chooseLeaves(s); err != nil {
		return Report{}, err
	}
	var all Report
	for order := 1; order <= o.Order && s != nil; order++ {
		grads := graph.Grad(s, c.wrt...)
		if err := graph.Verify(g); err != nil {
			return all, fmt.Errorf("gradcheck.Check: gradient of order %d: %w", order, err)
		}
		r, err := c.compare(s, grads, order)
		all.Merge(r)
		if err != nil {
			return all, err
		}
		s = c.contract(grads)
	}
	return all, nil
}

// Op checks one op on inputs of the given types.
func Op(op graph.Op, in []graph.Type, o Options) (Report, error) {
	return Check(func(g *graph.Graph) *graph.Node {
		xs := make([]*graph.Node, len(in))
		for i, t := range in {
			xs[i] = g.Input("in"+strconv.Itoa(i), t)
		}
		return g.Apply(op, xs...)
	}, o)
}

// withDefaults fills in what is not given. The tolerances are what five-point differences reach in float64: their
// error is about h⁴·f⁗/30 + ε/h, 10⁻¹¹ at best for functions of size 1, and 10⁻⁷ leaves room for functions that
// bend; second order takes differences of gradients, which have rounding of their own. 48 components of each
// operand are enough to meet every row, column and edge of the samples.
func (o Options) withDefaults() Options {
	if o.Lo == 0 && o.Hi == 0 {
		o.Lo, o.Hi = -1, 1
	}
	o.Order, o.Ints = max(o.Order, 1), max(o.Ints, 0)
	if o.Ints == 0 {
		o.Ints = 2
	}
	if o.Components == 0 {
		o.Components = 48
	}
	if o.Tol == 0 {
		o.Tol = 1e-7
	}
	if o.Tol2 == 0 {
		o.Tol2 = 1e-5
	}
	return o
}

// checker is the state of one Check.
type checker struct {
	g      *graph.Graph
	o      Options
	key    graph.Key
	draws  uint64 // streams of key taken so far
	wrt    []*graph.Node
	values graph.Leaves
}

// chooseLeaves draws a value for every leaf that s needs and decides which of them to check.
//
// All leaves get values, also those that are not checked: integers and leaves beside Wrt take part in
// the result. What is left in asked at the end was named and never met.
func (c *checker) chooseLeaves(s *graph.Node) error {
	c.values = graph.Leaves{}
	asked := map[string]bool{}
	for _, name := range c.o.Wrt {
		asked[name] = true
	}
	for _, n := range reach(s) {
		l, ok := n.Leaf()
		if !ok {
			continue
		}
		if t := c.o.Values[l.Path]; t != nil && t.Type != n.Type() {
			return fmt.Errorf("gradcheck.Check: %s is %v, Options.Values gives %v", l.Name(), n.Type(), t.Type)
		}
		c.values[l.Path] = c.draw(n, l)
		if n.DType().IsFloat() && n.Shape().Size() > 0 && (len(c.o.Wrt) == 0 || asked[l.Path]) {
			c.wrt = append(c.wrt, n)
		}
		delete(asked, l.Path)
	}
	for name := range asked {
		return fmt.Errorf("gradcheck.Check: the result does not depend on %q, which Options.Wrt asks for", name)
	}
	if len(c.wrt) == 0 {
		return fmt.Errorf("gradcheck.Check: the result depends on no floating-point leaf")
	}
	return nil
}

// draw is the value of a leaf: a given one, a state's initial one, or random in the domain, keyed by name.
func (c *checker) draw(n *graph.Node, l graph.Leaf) *graph.Tensor {
	if t := c.o.Values[l.Path]; t != nil {
		return t.Clone()
	}
	r, own := c.o.Domains[l.Path]
	switch {
	case own:
	case l.Kind == graph.StateLeaf:
		return c.g.Init(n).Tensor(n.Type(), c.o.Seed, l.Path)
	case n.DType() == graph.I32:
		r = Range{0, float64(c.o.Ints)}
	default:
		r = Range{c.o.Lo, c.o.Hi}
	}
	return graph.Uniform(r.Lo, r.Hi).Tensor(n.Type(), c.o.Seed, l.Path)
}

// compare sets the gradients of s against differences of it, leaf by leaf.
//
// The analytic gradient is one evaluation of the gradient's graph, by a machine of its own; the
// differences evaluate s alone. So nothing of the gradient's graph takes part in the numbers that it
// is held against.
//
// An error of a hundredth of the tolerance ends the search for a better step (enough). The negated
// comparison at the end makes NaN fail.
func (c *checker) compare(s *graph.Node, grads []*graph.Node, order int) (Report, error) {
	m, err := newMachine(s, c.values)
	if err != nil {
		return Report{}, err
	}
	tol := c.o.Tol
	if order == 2 {
		tol = c.o.Tol2
	}
	var all Report
	for i, w := range c.wrt {
		analytic, err := gradientValue(grads[i], w, c.values)
		if err != nil {
			return all, err
		}
		l := &leafCheck{m: m, x: m.leaf(w), analytic: analytic, nodes: m.after(w), enough: tol / 100}
		r, err := l.run(c.o.Components, c.key.Sub(uint64(i)))
		if err != nil {
			return all, err
		}
		leaf, _ := w.Leaf()
		r.Where = fmt.Sprintf("order %d, %s%s", order, leaf.Path, r.Where)
		all.Merge(r)
	}
	if !(all.Worst <= tol) {
		return all, fmt.Errorf("gradcheck.Check: %s; error %.1e, want at most %.0e", all.Where, all.Worst, tol)
	}
	return all, nil
}

// gradientValue evaluates a gradient; none means zeros.
func gradientValue(d, w *graph.Node, values graph.Leaves) (*graph.Tensor, error) {
	if d == nil {
		return graph.NewTensor(w.Type()), nil
	}
	m, err := newMachine(d, values)
	if err != nil {
		return nil, err
	}
	return m.val[d.ID][0], nil
}

// relative is an error by the scale of what it is an error of; what is not a number is infinitely wrong.
func relative(diff, scale float64) float64 {
	if math.IsNaN(diff) || math.IsNaN(scale) || math.IsInf(scale, 0) {
		return math.Inf(1)
	}
	return diff / math.Max(1, scale)
}
