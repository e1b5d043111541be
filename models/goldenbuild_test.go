package models_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"rpnc/graph"
	"rpnc/models"
	"rpnc/ops"
	"rpnc/rpnops"
)

// build builds the case in the role of its object and compares the integers on the way.
func (c *golden) build(obj any, s *rpnops.Scope, in map[string]*graph.Node) (built, error) {
	switch f := obj.(type) {
	case rpnops.Transformation:
		return c.transformation(f, s, in["x"])
	case rpnops.Reconciliation:
		return c.reconciliation(f, s)
	case rpnops.Interdependence:
		return c.interdependence(f, s, in)
	case rpnops.Remainder:
		return c.remainder(f, s, in["x"])
	case rpnops.Fusion:
		return c.fusion(f, s, in)
	case models.Spec:
		return c.spec(f, s, in["x"])
	}
	return built{}, fmt.Errorf("no way to run a %T", obj)
}

func (c *golden) transformation(f rpnops.Transformation, s *rpnops.Scope, x *graph.Node) (built, error) {
	D, err := f.OutDim(x.Shape().Dim(1))
	if err != nil {
		return built{}, err
	}
	if c.Class == "combinatorial_normal_expansion" && c.argument("with_replacement") == "true" {
		m := x.Shape().Dim(1)
		if want := m + m*(m+1)/2; D != want { // the reference ignores the flag
			return built{}, fmt.Errorf("D is %d, want %d with replacement", D, want)
		}
		return built{y: f.Transform(s, x), loose: true}, c.replaceY(x.Shape().Dim(0), D)
	}
	return built{y: f.Transform(s, x), loose: c.loose()}, c.whole("D", D)
}

// replaceY makes the case want only a shape of y.
func (c *golden) replaceY(dims ...int) (err error) {
	c.Cotangent, c.Grads = nil, nil
	c.Outputs["y"], err = json.Marshal(map[string]any{"shape": dims, "data": []int{}})
	return err
}

// int is call_args[key], or args[key].
func (c *golden) int(key string) int {
	for _, m := range []map[string]any{c.CallArgs, c.Args} {
		if n, ok := m[key].(json.Number); ok {
			i, _ := n.Int64()
			return int(i)
		}
	}
	return 0
}

// param is the parameter name in the shape of the case, nil where it has none.
func (c *golden) param(s *rpnops.Scope, name string, shape func(size int) []int) *graph.Node {
	v, ok := c.Params[name]
	if !ok {
		return nil
	}
	return s.Param(name, graph.Zeros(), shape(len(v.Data))...)
}

func rowVector(size int) []int { return []int{1, size} }

// weights is the parameter w (1×l) once l has been compared.
func (c *golden) weights(s *rpnops.Scope, l int) (*graph.Node, error) {
	if err := c.whole("l", l); err != nil {
		return nil, err
	}
	w := c.param(s, "w", rowVector)
	if w == nil && l > 0 {
		return nil, fmt.Errorf("l is %d, the case has no w", l)
	}
	return w, nil
}

func (c *golden) reconciliation(f rpnops.Reconciliation, s *rpnops.Scope) (built, error) {
	n, D := c.int("n"), c.int("D")
	l, err := f.NumParams(n, D)
	if err != nil {
		return built{}, err
	}
	w, err := c.weights(s, l)
	if err != nil {
		return built{}, err
	}
	return built{y: f.Reconcile(s, w, n, D)}, errors.Join(c.whole("n", n), c.whole("D", D))
}

func (c *golden) remainder(f rpnops.Remainder, s *rpnops.Scope, x *graph.Node) (built, error) {
	m, n := c.int("m"), c.int("n")
	lw, lb, err := f.NumParams(m, n)
	if err != nil {
		return built{}, err
	}
	var w, b *graph.Node
	if lw > 0 {
		w = c.param(s, "w", func(int) []int { return []int{n, m} })
	}
	if lb > 0 {
		b = c.param(s, "b", func(int) []int { return []int{n} })
	}
	y := f.Remain(s, x, w, b, n)
	want, _ := c.output("y")
	if y == nil {
		y = s.Const(s.Type(want.Shape...))
	}
	return built{y: c.asWanted(y, want)}, nil
}

// asWanted lets a remainder that is the same in every row, or everywhere, stand for its smaller or larger form.
func (c *golden) asWanted(y *graph.Node, want vector) *graph.Node {
	if y.Poisoned() || slices.Equal(y.Shape().Dims(), want.Shape) {
		return y
	}
	zero := y.Graph().Const(graph.Type{DType: y.DType(), Shape: graph.Sh(want.Shape...)})
	return ops.Add(y, zero)
}

func (c *golden) fusion(f rpnops.Fusion, s *rpnops.Scope, in map[string]*graph.Node) (built, error) {
	var xs []*graph.Node
	var dims []int
	for i := range len(in) {
		x := in[fmt.Sprintf("x%d", i)]
		if x == nil {
			return built{}, fmt.Errorf("the inputs are %v; want x0, x1, …", slices.Sorted(maps.Keys(in)))
		}
		xs, dims = append(xs, x), append(dims, x.Shape().Dim(-1))
	}
	n, err := f.OutDim(dims)
	if err != nil {
		return built{}, err
	}
	l, err := f.NumParams(dims)
	if err != nil {
		return built{}, err
	}
	w, err := c.weights(s, l)
	if err != nil {
		return built{}, err
	}
	return built{y: f.Fuse(s, xs, w)}, c.whole("n", n)
}

func (c *golden) interdependence(f rpnops.Interdependence, s *rpnops.Scope, in map[string]*graph.Node) (built, error) {
	x := in["x"]
	b, m := x.Shape().Dim(0), x.Shape().Dim(1)
	l, err := f.NumParams(b, m)
	if err != nil {
		return built{}, err
	}
	w, err := c.weights(s, l)
	if err != nil {
		return built{}, err
	}
	out := built{others: map[string]*graph.Node{}}
	a := rpnops.MatrixOf(s, f, x, w)
	if err := c.whole("A_shape", a.Shape().Dims()); err != nil && !a.Poisoned() {
		return out, err
	}
	if _, ok := c.Outputs["A"]; ok {
		out.others["A"] = a
	}
	if _, ok := c.Outputs["y"]; !ok {
		return out, nil
	}
	data := x
	if k := in["kappa_x"]; k != nil {
		data = k
	}
	out.y = rpnops.Relate(s, f, x, data, w)
	return out, c.primes(f, b, m)
}

// primes compares the size of the related side of the result: b' or m'.
func (c *golden) primes(f rpnops.Interdependence, b, m int) error {
	b2, m2, err := f.OutDims(b, m)
	if err != nil {
		return err
	}
	if f.Side() == rpnops.Instance {
		m2 = b2
	}
	return c.whole("prime", m2)
}

// spec builds a head, a layer or a model.
func (c *golden) spec(f models.Spec, s *rpnops.Scope, x *graph.Node) (built, error) {
	if _, _, err := f.InOut(); err != nil {
		return built{}, err
	}
	y := f.Build(s, x)
	if err := s.G.Err(); err != nil {
		return built{}, err
	}
	return built{y: y}, errors.Join(c.numParams(s.G, "w", "l"), c.numParams(s.G, "w_attribute_interdependence", "l_attribute_interdependence"),
		c.numParams(s.G, "w_instance_interdependence", "l_instance_interdependence"), c.numParams(s.G, "w_channel_fusion", "l_channel_fusion"), c.grids(f))
}

// numParams compares the number of parameters of one channel of a head.
func (c *golden) numParams(g *graph.Graph, leaf, output string) error {
	if n := g.LeafByName(leaf); n != nil {
		return c.whole(output, n.Shape().Dim(-1))
	}
	return nil
}

// gridded is what heads and layers on grids tell of them.
type gridded interface {
	OutputGrid() (h, w, d int, err error)
	PatchSize() (int, error)
}

// grids compares the geometry of grid heads and layers.
func (c *golden) grids(f models.Spec) error {
	g, ok := f.(gridded)
	if !ok {
		return nil
	}
	h, w, d, err := g.OutputGrid()
	if err != nil {
		return err
	}
	q, err := g.PatchSize()
	if err != nil {
		return err
	}
	return errors.Join(c.whole("get_output_grid_shape", []int{h, w, d}), c.whole("get_patch_size", q))
}
