package rpnops

import (
	"fmt"
	"strings"

	"rpnc/graph"
	"rpnc/ops"
)

// Scope is where a function builds: the graph, the mode, the element type, the path of names and the seed. Functions
// use it during a call and never keep it.
type Scope struct {
	G     *graph.Graph
	Train bool        // batch statistics, dropout; counters and running statistics move
	DType graph.DType // of parameters and constants
	Seed  uint64      // of dropout
	// AlwaysTrain makes norms and dropout work in evaluation as they do in training, which is what the reference does
	// with those that it is given in a list. Published accuracies were measured so.
	AlwaysTrain bool
	// Paths makes nodes, and mistakes, carry the path of their scope instead of a line of Go: for models that come from
	// a file, whose lines of Go say nothing.
	Paths bool
	path  string
	site  *uint32 // number of stochastic sites so far, shared by all scopes of one build
}

// NewScope is the root scope of a build.
func NewScope(g *graph.Graph, train bool, d graph.DType) *Scope {
	return &Scope{G: g, Train: train, DType: d, site: new(uint32)}
}

// Sub is the scope of a part: its names start with name and a dot.
func (s *Scope) Sub(name string) *Scope {
	c := *s
	c.path = s.path + name + "."
	return &c
}

// Mark makes nodes carry the path of this scope, where Paths asks for it, until the function that it answers with is
// called: defer s.Mark()().
func (s *Scope) Mark() (restore func()) {
	if !s.Paths {
		return func() {}
	}
	before := s.G.Label(strings.TrimSuffix(s.path, "."))
	return func() { s.G.Label(before) }
}

// SubN is the scope of part i of a list.
func (s *Scope) SubN(i int) *Scope { return s.Sub(fmt.Sprint(i)) }

// Name is the full name of a tensor of this scope.
func (s *Scope) Name(name string) string { return s.path + name }

// Type is the type of a tensor of the scope's element type.
func (s *Scope) Type(dims ...int) graph.Type {
	return graph.Type{DType: s.DType, Shape: graph.Sh(dims...)}
}

// Param is a trained tensor. The same name is the same tensor: that is how heads share parameters.
func (s *Scope) Param(name string, init graph.Init, dims ...int) *graph.Node {
	return s.G.Param(s.Name(name), s.Type(dims...), init)
}

// Frozen is a tensor that is saved but not trained: random matrices, masks, static nets, running statistics.
func (s *Scope) Frozen(name string, draw graph.Init, dims ...int) *graph.Node {
	return s.G.State(s.Name(name), s.Type(dims...), draw)
}

// Const is a constant tensor (see graph.Graph.Const).
func (s *Scope) Const(t graph.Type, v ...float64) *graph.Node { return s.G.Const(t, v...) }

// Step is the counter of training steps, an I32 scalar shared by the whole model. In training it grows by one a step.
func (s *Scope) Step() *graph.Node { return Step(s.G, s.Train) }

// StepName is the name of the step counter among the states of a model.
const StepName = "step"

// OptimizerPrefix starts the names of the states that an optimizer keeps.
const OptimizerPrefix = "opt."

// Step is the step counter of a graph; with count it grows by one a step.
func Step(g *graph.Graph, count bool) *graph.Node {
	step := g.State(StepName, graph.Type{DType: graph.I32}, graph.Zeros())
	if count {
		g.Update(step, g.Apply(ops.AddInt{C: 1}, step))
	}
	return step
}

// noisy says whether norms use the batch's statistics and dropout drops.
func (s *Scope) noisy() bool { return s.Train || s.AlwaysTrain }

// Stream numbers a stochastic site. Sites are numbered in the order of building, which is the same for every batch
// size, so no two sites of a model share a stream and no site changes its own.
func (s *Scope) Stream() uint32 {
	*s.site++
	return *s.site
}

// Fail records a mistake at the user's line and returns a poisoned node.
func (s *Scope) Fail(format string, args ...any) *graph.Node { return s.G.Fail(format, args...) }

// fail records err, which functions return from their dimension methods, where a node is needed.
func (s *Scope) fail(err error) *graph.Node { return s.G.Fail("%w", err) }
