package models_test

import (
	"fmt"
	"maps"
	"slices"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/models/config"
	"rpnc/rpnops"
)

// built is a case as a graph: what to run and what to compare.
type built struct {
	y      *graph.Node            // nil where only others are compared
	others map[string]*graph.Node // the matrix A
	loose  bool                   // y is implementation-defined: its shape counts
}

// run builds the case and compares it on every executor.
func (c *golden) run() error {
	switch {
	case c.Class == "grid":
		return c.runGeometry()
	case c.family == "metrics":
		return c.runMetric()
	case c.family == "config":
		return c.runConfig()
	}
	obj, err := c.make()
	if c.refused() {
		return c.refusal(obj, err)
	}
	if err != nil {
		return err
	}
	return c.compare(func(s *rpnops.Scope, in map[string]*graph.Node) (built, error) { return c.build(obj, s, in) })
}

var codec = config.Codec{Registries: []config.Registry{config.Functions, config.Models, config.Training}}

// make decodes the object of the case.
func (c *golden) make() (any, error) {
	if !exists(c.Class) {
		return nil, unsupported(c.Class)
	}
	obj, err := codec.Object(c.node())
	if err != nil && !c.refused() {
		if name, ok := missing(c.Args); ok {
			return nil, unsupported(name)
		}
	}
	return obj, err
}

// refusal wants an error: of decoding, or else of building.
func (c *golden) refusal(obj any, err error) error {
	if err != nil {
		return nil
	}
	s, in := c.scope(graph.New())
	b, err := c.build(obj, s, in)
	if err != nil || s.G.Err() != nil || b.y != nil && b.y.Poisoned() {
		return nil
	}
	return fmt.Errorf("want an error, since the arguments are refused")
}

// scope is where the case builds, with its inputs.
func (c *golden) scope(g *graph.Graph) (*rpnops.Scope, map[string]*graph.Node) {
	in := map[string]*graph.Node{}
	for name, v := range c.Inputs {
		in[name] = g.Input(name, graph.Type{DType: c.dtype(), Shape: graph.Sh(v.Shape...)})
	}
	return rpnops.NewScope(g, c.Mode == "train", c.dtype()), in
}

// executors are what a case must agree with. The interpreter runs the graph as it was built.
var executors = []compile.Options{{VM: compile.Interpreter, Level: compile.O0}, {VM: compile.Tape}, {VM: compile.Plan}}

// compare builds the graph once and runs it on every executor.
func (c *golden) compare(build func(*rpnops.Scope, map[string]*graph.Node) (built, error)) error {
	g := graph.New()
	s, in := c.scope(g)
	b, err := build(s, in)
	if err == nil {
		err = g.Err()
	}
	if err == nil {
		g, b, err = c.injected(g, b)
	}
	if err != nil {
		return err
	}
	if err := c.knowsLeaves(g); err != nil {
		return err
	}
	for _, o := range executors {
		if err := c.execute(g, b, o); err != nil {
			return fmt.Errorf("%v: %w", o.VM, err)
		}
	}
	return nil
}

// knowsLeaves wants every parameter of the graph to be one of the case, so that none is silently random.
func (c *golden) knowsLeaves(g *graph.Graph) error {
	for _, n := range g.Leaves(graph.ParamLeaf) {
		l, _ := n.Leaf()
		if _, ok := c.Params[l.Path]; !ok {
			return fmt.Errorf("the case gives no parameter %s %v", l.Path, n.Shape())
		}
	}
	return nil
}

// execute runs the graph on one executor, over a store of its own.
func (c *golden) execute(g *graph.Graph, b built, opt compile.Options) error {
	st := compile.NewStore()
	for _, group := range []map[string]vector{c.Params, c.Buffers, c.Consts} {
		if err := fill(st, g, group); err != nil {
			return err
		}
	}
	names := slices.Sorted(maps.Keys(b.others))
	var extra []*graph.Node
	for _, name := range names {
		extra = append(extra, b.others[name])
	}
	p, wrt, err := c.program(g, st, b, &opt, extra)
	if err != nil {
		return err
	}
	defer p.Close()
	out, err := p.RunTensors(c.feed(p))
	if err != nil {
		return err
	}
	if b.y != nil {
		if err := c.checkY(b, out[0]); err != nil {
			return err
		}
		out = out[1:]
	}
	for i, name := range names {
		if err := c.check(name, out[i]); err != nil {
			return err
		}
	}
	if err := c.checkGrads(wrt, out[len(names):]); err != nil {
		return err
	}
	return c.checkBuffers(st)
}

// fill sets the leaves of g that group names.
func fill(st *compile.Store, g *graph.Graph, group map[string]vector) error {
	for name, v := range group {
		leaf := g.LeafByName(name)
		if leaf == nil {
			continue // without influence on y, or another way to the same numbers; outputs tell
		}
		x, err := v.tensor(leaf.Type())
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := st.Set(name, x); err != nil {
			return err
		}
	}
	return nil
}

// program compiles outputs and, where the case has a cotangent, gradients with respect to wrt, by name.
func (c *golden) program(g *graph.Graph, st *compile.Store, b built, opt *compile.Options, extra []*graph.Node) (p *compile.Program, wrt []string, err error) {
	if b.y == nil || b.loose || c.Cotangent == nil {
		if b.y != nil {
			extra = append([]*graph.Node{b.y}, extra...)
		}
		p, err = compile.Forward(g, st, opt, extra...)
		return p, nil, err
	}
	var nodes []*graph.Node
	for _, name := range slices.Sorted(maps.Keys(c.Grads)) {
		if leaf := g.LeafByName(name); leaf != nil {
			wrt, nodes = append(wrt, name), append(nodes, leaf)
		}
	}
	dy := g.Input("cotangent", b.y.Type())
	p, err = compile.WithGrad(g, st, opt, b.y, dy, nodes, extra...)
	return p, wrt, err
}

// feed are the inputs of the program.
func (c *golden) feed(p *compile.Program) map[string]*graph.Tensor {
	in := map[string]*graph.Tensor{}
	for name, t := range p.Inputs() {
		v := c.Inputs[name]
		if name == "cotangent" {
			v = *c.Cotangent
		}
		if x, err := v.tensor(t); err == nil {
			in[name] = x
		}
	}
	return in
}

func (c *golden) check(name string, have *graph.Tensor) error {
	want, ok := c.output(name)
	if !ok {
		return nil
	}
	return c.agree(name, have, want, true)
}

func (c *golden) checkY(b built, have *graph.Tensor) error {
	want, ok := c.output("y")
	switch {
	case !ok:
		return nil
	case b.loose && slices.Equal(have.Type.Shape.Dims(), want.Shape):
		return nil
	}
	return c.agree("y", have, want, true)
}

// checkGrads compares the gradients. One that the graph has no leaf for must be zero.
func (c *golden) checkGrads(wrt []string, have []*graph.Tensor) error {
	at := map[string]*graph.Tensor{}
	for i, name := range wrt {
		at[name] = have[i]
	}
	for _, name := range slices.Sorted(maps.Keys(c.Grads)) {
		x := at[name]
		if x == nil {
			if len(wrt) == 0 && c.Cotangent == nil {
				continue
			}
			x = graph.NewTensor(graph.Type{DType: graph.F64, Shape: graph.Sh(c.Grads[name].Shape...)})
		}
		if err := c.agree("gradient of "+name, x, c.Grads[name], false); err != nil {
			return err
		}
	}
	return nil
}

// checkBuffers compares the running statistics after the call.
func (c *golden) checkBuffers(st *compile.Store) error {
	for name := range c.Buffers {
		want, ok := c.output(name)
		if !ok {
			continue
		}
		have := st.Get(name)
		if have == nil {
			return fmt.Errorf("there is no buffer %s", name)
		}
		if err := c.agree(name, have, want, false); err != nil {
			return err
		}
	}
	return nil
}
