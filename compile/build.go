package compile

import (
	"fmt"
	"slices"
	"sort"

	"gorgonia.org/gorgonia"

	"rpnc/graph"
	"rpnc/ops"
)

// From a graph to a program. The steps, and what each may assume:
//
//	begin            the caller's graph has no mistake; a copy is made, the caller's stays as it is
//	prepare passes   on the forward graph, so that the backward is differentiated from what they choose
//	differentiate    graph.VJP on the copy; an optimizer adds states and updates
//	optimise passes  on forward and backward together
//	lower            nodes become units (kernel with operands) in an order, values become slots
//	hold             units that read parameters alone are run only once these have changed, if nothing updates them
//	bind             every unit finds its kernel; nothing has memory yet, so a refusal costs nothing
//	plan             slots get places in one arena
//	run once         units without inputs, parameters or states above them are computed now and for good
//	emit             units become nodes of a gorgonia graph, which a VM runs
//
// The store is filled with initial values as soon as parameters are known, and again when an optimizer
// has added its own. A failure anywhere leaves no memory behind but that.

// Optimizer turns gradients into updates.
type Optimizer interface {
	// Apply adds to g the states that it keeps and the update of every parameter; grads[i] is of params[i]'s type.
	Apply(g *graph.Graph, params, grads []*graph.Node) error
}

// The three ways to compile differ in what they add to the graph between prepare and optimise: nothing, gradients, or
// gradients and an optimizer's updates.

// Forward compiles outputs, nodes of g. The updates of g (statistics of a graph built for training) are part of the
// program. A nil store means one of its own.
func Forward(g *graph.Graph, st *Store, opts *Options, outputs ...*graph.Node) (*Program, error) {
	b, err := begin("Forward", g, st, opts, outputs)
	if err != nil {
		return nil, err
	}
	if err := b.phases(prepare, optimise); err != nil {
		return nil, err
	}
	return b.finish()
}

// WithGrad compiles y, the further outputs, and then Σ dyᵀ·∂y/∂w for each w of wrt, in that order; dy is a node of y's
// type. The gradient of a w that y does not depend on is zero.
//
// Passes keep roots and nothing else, hence everything asked for is a root while they run: y, outputs,
// dy and wrt in this order, of which y, outputs and the gradients are left.
func WithGrad(g *graph.Graph, st *Store, opts *Options, y, dy *graph.Node, wrt []*graph.Node, outputs ...*graph.Node) (*Program, error) {
	roots := append(append([]*graph.Node{y}, outputs...), append([]*graph.Node{dy}, wrt...)...)
	b, err := begin("WithGrad", g, st, opts, roots)
	if err != nil {
		return nil, err
	}
	// A pass may lead y round an inner node that is still asked for its gradient, so the order is the other way then.
	inner := slices.ContainsFunc(wrt, func(n *graph.Node) bool { _, leaf := n.Leaf(); return !leaf })
	if !inner {
		if err := b.phases(prepare); err != nil {
			return nil, err
		}
	}
	k := 1 + len(outputs)
	grads := graph.VJP(b.roots[0], b.roots[k], b.roots[k+1:]...)
	// Callers count on one output a node that they ask for, so what y does not depend on has a gradient too: zeros.
	for i, w := range b.roots[k+1:] {
		if grads[i] == nil {
			grads[i] = b.graph.Const(w.Type())
		}
	}
	b.roots = append(b.roots[:k:k], grads...)
	if err := b.differentiated(); err != nil {
		return nil, err
	}
	if inner {
		if err := b.phases(prepare); err != nil {
			return nil, err
		}
	}
	if err := b.phases(optimise); err != nil {
		return nil, err
	}
	return b.finish()
}

// Train compiles one training step: outputs loss and the further outputs, and as updates what the optimizer makes of
// the gradients, besides those of g. Every parameter that loss (one float) depends on is trained.
//
// A parameter that loss does not depend on gets no update and no moments. The optimizer works on the
// graph like any other builder, so its updates are fused and planned with the rest.
func Train(g *graph.Graph, st *Store, opts *Options, loss *graph.Node, opt Optimizer, outputs ...*graph.Node) (*Program, error) {
	b, err := begin("Train", g, st, opts, append([]*graph.Node{loss}, outputs...))
	if err != nil {
		return nil, err
	}
	if err := b.phases(prepare); err != nil {
		return nil, err
	}
	var params, grads []*graph.Node
	all := b.graph.Leaves(graph.ParamLeaf)
	// By name, so that the program does not depend on the order in which the model was built.
	sort.Slice(all, func(i, j int) bool { return leafName(all[i]) < leafName(all[j]) })
	for i, d := range graph.Grad(b.roots[0], all...) {
		if d != nil {
			params, grads = append(params, all[i]), append(grads, d)
		}
	}
	if err := b.differentiated(); err != nil {
		return nil, err
	}
	if err := opt.Apply(b.graph, params, grads); err != nil {
		return nil, fmt.Errorf("compile.Train: optimizer: %w", err)
	}
	if err := b.differentiated(); err != nil {
		return nil, err
	}
	if err := b.phases(optimise); err != nil {
		return nil, err
	}
	return b.finish()
}

// builder carries a graph through the passes to a program.
//
// roots are what the program has to compute, besides the updates that graph itself knows; inputs are
// all that callers may fill, also those that passes have found unnecessary.
type builder struct {
	what   string // Forward, WithGrad or Train
	opt    Options
	store  *Store
	graph  *graph.Graph
	roots  []*graph.Node
	inputs map[string]graph.Type
	stats  Stats
	dumps  []graph.Column // what Options.Dump asks for, so far
}

// begin checks what the caller hands in and draws initial values.
//
// A node of several results is refused because an output is one buffer.
func begin(what string, g *graph.Graph, st *Store, opts *Options, roots []*graph.Node) (*builder, error) {
	opt, err := opts.merged()
	if err != nil {
		return nil, err
	}
	if err := g.Err(); err != nil {
		return nil, err
	}
	for i, n := range roots {
		switch {
		case n == nil || n.Graph() != g:
			return nil, fmt.Errorf("compile.%s: node %d asked for is nil or of another graph", what, i)
		case len(n.Types) != 1:
			return nil, fmt.Errorf("compile.%s: %s has %d results; pick one with Result(i)", what, n.Op.Name(), len(n.Types))
		}
	}
	if st == nil {
		st = NewStore()
	}
	if err := st.fill(g, opt.Seed); err != nil {
		return nil, err
	}
	// The passes rewrite a copy, so that the caller's graph stays as it was built.
	h, m := g.Rewrite(roots, nil)
	b := &builder{what: what, opt: opt, store: st, graph: h, roots: m.All(roots), inputs: map[string]graph.Type{}}
	b.noteInputs()
	return b, nil
}

// noteInputs remembers the inputs of the graph: passes may find out that one is not needed, and callers fill it still.
func (b *builder) noteInputs() {
	for _, n := range b.graph.Leaves(graph.InputLeaf) {
		b.inputs[leafName(n)] = n.Type()
	}
}

// differentiated checks what was added to the graph since the prepare passes.
func (b *builder) differentiated() error {
	if err := b.graph.Err(); err != nil {
		return err
	}
	b.noteInputs()
	return b.store.fill(b.graph, b.opt.Seed)
}

// finish schedules, plans and emits.
func (b *builder) finish() (*Program, error) {
	p := &Program{graph: b.graph, roots: b.roots, store: b.store, inputs: map[string]input{}, stats: b.stats}
	s := lower(b.graph, b.store, b.roots)
	p.sched = s
	// On a device every run launches the whole of a recorded sequence.
	if b.opt.Device != "cuda" {
		s.hold()
	}
	steps := s.steps()
	for _, u := range append(append([]*unit(nil), s.once...), steps...) {
		if err := u.bind(); err != nil {
			return nil, err
		}
	}
	// Kernels are bound before memory is planned: an op may have no kernel for these types, and then nothing is allocated.
	p.stats.ArenaBytes = s.plan(b.opt.Check)
	// Constants need their memory, and nothing that a run writes.
	if err := s.runOnce(); err != nil {
		return nil, err
	}
	p.memory(b.inputs)
	p.count(steps)
	return p, p.load(b.opt)
}

// memory takes inputs and outputs out of the schedule.
func (p *Program) memory(inputs map[string]graph.Type) {
	for _, x := range p.sched.all {
		if x.kind == inputSlot {
			p.inputs[x.leaf] = input{x.t, x.buf}
		}
	}
	// An input that the passes found superfluous is still filled by callers; nobody reads it.
	for name, t := range inputs {
		if _, ok := p.inputs[name]; !ok {
			p.inputs[name] = input{t, ops.NewBuffer(t)}
		}
	}
	for _, x := range p.sched.outs {
		p.outputs = append(p.outputs, x.resolve())
	}
}

// load emits the schedule and hands it to a VM.
func (p *Program) load(opt Options) error {
	eg, count, err := emit(p.sched, opt.NaN, &p.fail)
	if err != nil {
		return err
	}
	p.stats.Instructions = count
	if opt.Device == "cuda" {
		p.vm, err = newCudaVM(p, eg, opt)
		return err
	}
	vm, why := p.choose(opt.VM)
	p.stats.VM, p.stats.Why = vm.String(), why
	p.vm, err = p.start(vm, eg)
	return err
}

// choose decides for Auto. A run of the TapeMachine is handed to a goroutine of its own and back, which costs some 100 µs
// where the caches have to follow, and 0.4 µs an instruction; its compiler is quadratic in the nodes.
func (p *Program) choose(vm VM) (VM, string) {
	if vm != Auto {
		return vm, "asked for"
	}
	const perRun, perInstruction, flopRate, tooMany = 1e-4, 4e-7, 5e10, 1000
	// The limits are estimates; being wrong by a factor of two costs a few per cent of a run.
	fixed, work := perRun+perInstruction*float64(p.stats.Instructions), p.stats.Flops/flopRate
	switch {
	case p.stats.Instructions == 0 || p.stats.Instructions > tooMany:
		return Plan, fmt.Sprintf("%d instructions", p.stats.Instructions)
	case fixed > 0.02*work:
		return Plan, fmt.Sprintf("a tape's fixed %.0f µs would show beside %.0f µs of work", fixed*1e6, work*1e6)
	}
	return Tape, fmt.Sprintf("a tape's fixed %.0f µs do not show beside %.0f µs of work", fixed*1e6, work*1e6)
}

// start makes the VM. A program without instructions (outputs that are leaves or constants) needs no tape, which
// gorgonia would refuse to build.
func (p *Program) start(vm VM, eg *gorgonia.ExprGraph) (gorgonia.VM, error) {
	switch {
	case vm == Interpreter:
		return interpreter{p}, nil
	case vm == Tape && p.stats.Instructions > 0:
		return newTape(eg)
	}
	return newPlanVM(eg)
}

// runOnce computes the fixed values and lets go of those that no run reads.
//
// Fixed values include tables, constant matrices and what passes made of these. A panic in a kernel
// becomes an error with the name of its node.
func (s *schedule) runOnce() (err error) {
	at := 0
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("compile: %s: %v", s.once[at].name(), r)
		}
	}()
	for at = range s.once {
		s.once[at].exec()
	}
	read := map[*slot]bool{}
	for _, x := range s.outs {
		r, _ := x.root()
		read[r] = true
	}
	for _, u := range s.steps() {
		for _, x := range u.in {
			r, _ := x.root()
			read[r] = true
		}
	}
	// Their kernels are done for good; only values that a run reads keep memory.
	s.once = nil
	for _, x := range s.all {
		if x.kind == fixedSlot && !read[x] {
			x.buf = ops.NewBuffer(graph.Type{DType: x.t.DType})
		}
	}
	return nil
}
