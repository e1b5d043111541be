package compile

import (
	"cmp"
	"errors"
	"fmt"
	"sync/atomic"

	"gorgonia.org/gorgonia"

	"rpnc/graph"
	"rpnc/ops"
)

// Program is a compiled graph: fill its inputs, Run it, read its outputs. It is not re-entrant.
type Program struct {
	graph   *graph.Graph // after all passes
	roots   []*graph.Node
	store   *Store
	inputs  map[string]input
	outputs []ops.Buffer
	sched   *schedule
	vm      gorgonia.VM
	stats   Stats
	fail    error // set by the instruction that failed
	running atomic.Bool
}

// input is the memory that the caller fills.
type input struct {
	t   graph.Type
	buf ops.Buffer
}

// errBusy reports a second Run at the same moment.
//
// A program owns its arena, inputs and outputs, which is why it cannot run twice at a time; what it shares with others is
// the store. To predict from several goroutines takes several programs.
var errBusy = errors.New("compile.Program.Run: the program is running already; it is not re-entrant, compile one a goroutine")

// Input is the memory of an input, to be filled before Run; its contents stay from run to run. A name that the
// program does not read gives an empty buffer.
func (p *Program) Input(name string) ops.Buffer { return p.inputs[name].buf }

// Inputs tells the types of all inputs that the program was built with, by name.
func (p *Program) Inputs() map[string]graph.Type {
	ts := make(map[string]graph.Type, len(p.inputs))
	for name, in := range p.inputs {
		ts[name] = in.t
	}
	return ts
}

// Output is the memory of output i as the last run left it. Callers read it before the next run and never write it.
func (p *Program) Output(i int) ops.Buffer { return p.outputs[i] }

// Store is the store that the program reads and updates.
func (p *Program) Store() *Store { return p.store }

// Graph is the graph after all passes, and its outputs.
func (p *Program) Graph() (*graph.Graph, []*graph.Node) { return p.graph, p.roots }

// Run computes the outputs and then commits the updates. An error names the node that failed; unless it failed in the
// commit itself, parameters and states are as before, and the program can run again.
func (p *Program) Run() error {
	if !p.running.CompareAndSwap(false, true) {
		return errBusy
	}
	defer p.running.Store(false)
	// gorgonia wraps errors of instructions in its own words; the instruction leaves the original here.
	p.fail = nil
	if err := p.before(); err != nil {
		return err
	}
	err := p.vm.RunAll()
	p.after()
	p.vm.Reset()
	if err = cmp.Or(p.fail, err); err == nil {
		p.sched.done()
	}
	return err
}

// RunTensors runs the program on oracle tensors, which must be all inputs and of their types, and answers with copies
// of the outputs. It is slower than filling the inputs and meant for tests and small tools.
func (p *Program) RunTensors(in map[string]*graph.Tensor) ([]*graph.Tensor, error) {
	for name, x := range p.inputs {
		t := in[name]
		if t == nil || t.Type != x.t {
			return nil, fmt.Errorf("compile.Program.RunTensors: input %q wants %v, given %v", name, x.t, given(t))
		}
		x.buf.Load(t)
	}
	if err := p.Run(); err != nil {
		return nil, err
	}
	out := make([]*graph.Tensor, len(p.outputs))
	for i, n := range p.roots {
		out[i] = graph.NewTensor(n.Type())
		p.outputs[i].Store(out[i])
	}
	return out, nil
}

// given is how an error shows a tensor that may be missing.
func given(t *graph.Tensor) string {
	if t == nil {
		return "nothing"
	}
	return t.Type.String()
}

// Close frees what the VM holds. The program cannot run afterwards.
func (p *Program) Close() error { return p.vm.Close() }

// Stats says what the program is made of.
func (p *Program) Stats() Stats { return p.stats }
