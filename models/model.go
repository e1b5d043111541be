package models

import (
	"fmt"
	"math"
	"sync"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/rpnops"
)

// A model is a spec and a store. The spec is a plain value that builds graphs; the store has the
// parameters by name; every program (of any number of rows, for training or evaluation) is compiled
// from a graph that the spec builds afresh, over the same store. So there is no state to keep in step
// between "the model" and "its compiled form".
//
// Initial values are functions of (seed, name, element). They do not depend on the order in which
// parameters are made, on the number of rows of the first build, or on other parameters being there.

// Options say how a model is made. The zero value serves, and so does a nil pointer.
type Options struct {
	Seed    uint64           // of initial values and of dropout
	DType   graph.DType      // of parameters and data: F32, the default, or F64
	Rows    int              // rows of the first build; only models that fix their rows need it. 0 means 2
	Compile *compile.Options // nil: the best there is
	Paths   bool             // nodes and mistakes name their part of the model (layers.0.heads.1) instead of a line of Go
}

// Model is a spec with its parameters. Its methods may be called from several goroutines, except while a training
// step runs.
//
// A program is not re-entrant, so each call of Predict takes an idle one of its size or compiles
// another; they are kept until Close.
type Model struct {
	spec    Spec
	opt     Options
	in, out int
	store   *compile.Store
	params  []*graph.Node // of the first build: names, types and initial values

	mu   sync.Mutex
	free map[int][]*compile.Program // idle programs by rows
}

// New makes a model and draws its parameters. Errors name what is wrong with the spec, a line each.
//
// The first build finds out what parameters there are. Its graph is for evaluation, which has all of
// them and all states.
func New(spec Spec, o *Options) (*Model, error) {
	m := &Model{spec: spec, store: compile.NewStore(), free: map[int][]*compile.Program{}}
	if o != nil {
		m.opt = *o
	}
	if m.opt.Rows == 0 {
		m.opt.Rows = 2
	}
	if !m.opt.DType.IsFloat() {
		return nil, fmt.Errorf("models.New: element type %v; want F32 or F64", m.opt.DType)
	}
	var err error
	if m.in, m.out, err = spec.InOut(); err != nil {
		return nil, err
	}
	g, _, _, err := m.Graph(m.opt.Rows, false)
	if err != nil {
		return nil, err
	}
	m.params = g.Leaves(graph.ParamLeaf)
	if err := m.draw(g); err != nil {
		return nil, err
	}
	return m, nil
}

// mostElements bounds the parameters and states of a model. In float32 that many take 256 GiB: what has more is a width with
// digits too many, and to run out of memory ends a program without a word of which one.
const mostElements = 1 << 36

// draw gives parameters and states their initial values.
func (m *Model) draw(g *graph.Graph) error {
	elements := 0
	for _, kind := range []graph.LeafKind{graph.ParamLeaf, graph.StateLeaf} {
		for _, n := range g.Leaves(kind) {
			l, _ := n.Leaf()
			if elements += n.Shape().Size(); elements >= mostElements {
				return fmt.Errorf("models.New: %s %v brings parameters and states to 2³⁶ numbers or more; want smaller dimensions",
					l.Path, n.Shape())
			}
			if err := m.store.Set(l.Path, g.Init(n).Tensor(n.Type(), m.opt.Seed, l.Path)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Spec is the description that the model was made from.
func (m *Model) Spec() Spec { return m.spec }

// InOut is the number of columns of the data and of the results.
func (m *Model) Dims() (in, out int) { return m.in, m.out }

// DType is the element type of parameters and data.
func (m *Model) DType() graph.DType { return m.opt.DType }

// Seed is the seed of initial values and of dropout.
func (m *Model) Seed() uint64 { return m.opt.Seed }

// Store holds the parameters and states by name.
func (m *Model) Store() *compile.Store { return m.store }

// CompileOptions are the options that the model's programs are compiled with.
func (m *Model) CompileOptions() *compile.Options {
	var o compile.Options
	if m.opt.Compile != nil {
		o = *m.opt.Compile
	}
	o.Seed = m.opt.Seed
	return &o
}

// InputName is the name of the input of a model's graphs.
const InputName = "x"

// Graph builds the model for a number of rows, for training (batch statistics, dropout, updates of states) or for
// evaluation: the graph, its input x (rows×in) and its result y (rows×out).
func (m *Model) Graph(rows int, train bool) (g *graph.Graph, x, y *graph.Node, err error) {
	if rows < 1 {
		return nil, nil, nil, fmt.Errorf("models.Model: %d rows; want 1 or more", rows)
	}
	g = graph.New()
	s := rpnops.NewScope(g, train, m.opt.DType)
	s.Seed, s.Paths = m.opt.Seed, m.opt.Paths
	x = g.Input(InputName, s.Type(rows, m.in))
	y = m.spec.Build(s, x)
	if err := g.Err(); err != nil {
		return nil, nil, nil, err
	}
	return g, x, y, nil
}

// Predict evaluates the model on the rows of x, row-major: y holds as many rows of the model's results. Data that are
// no whole number of rows, or hold NaN, are errors.
//
// NaN is refused here because a network makes numbers of it: relu and comparisons forget it.
func (m *Model) Predict(x []float64) (y []float64, err error) {
	if len(x) == 0 || len(x)%m.in != 0 {
		return nil, fmt.Errorf("models.Model.Predict: %d numbers are no whole rows of %d columns", len(x), m.in)
	}
	for i, v := range x {
		if math.IsNaN(v) {
			return nil, fmt.Errorf("models.Model.Predict: row %d, column %d of x is NaN; remove or fill missing values first", i/m.in, i%m.in)
		}
	}
	p, err := m.program(len(x) / m.in)
	if err != nil {
		return nil, err
	}
	defer m.release(len(x)/m.in, p)
	in := p.Input(InputName)
	copy(in.F64, x)
	for i := range in.F32 {
		in.F32[i] = float32(x[i])
	}
	if err := p.Run(); err != nil {
		return nil, err
	}
	out := p.Output(0)
	y = append(make([]float64, 0, out.Len()), out.F64...)
	for _, v := range out.F32 {
		y = append(y, float64(v))
	}
	return y, nil
}

// program is an idle program for a number of rows, or a new one.
func (m *Model) program(rows int) (*compile.Program, error) {
	m.mu.Lock()
	if ps := m.free[rows]; len(ps) > 0 {
		// Taken under the lock: what is released next goes into the same place of the slice.
		p := ps[len(ps)-1]
		m.free[rows] = ps[:len(ps)-1]
		m.mu.Unlock()
		return p, nil
	}
	m.mu.Unlock()
	g, _, y, err := m.Graph(rows, false)
	if err != nil {
		return nil, err
	}
	return compile.Forward(g, m.store, m.CompileOptions(), y)
}

// release makes a program idle again.
func (m *Model) release(rows int, p *compile.Program) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.free[rows] = append(m.free[rows], p)
}

// Close releases the programs. The parameters stay.
func (m *Model) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var first error
	for _, ps := range m.free {
		for _, p := range ps {
			if err := p.Close(); err != nil && first == nil {
				first = err
			}
		}
	}
	m.free = map[int][]*compile.Program{}
	return first
}
