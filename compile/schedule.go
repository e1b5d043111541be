package compile

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"rpnc/graph"
	"rpnc/ops"
)

// Lowering turns nodes into units and values into slots. What holds of a schedule from here to the VM:
//
//   - A node is a leaf, a view (a reshape, a slice that is contiguous), a join that costs nothing, or one unit. Only units
//     become instructions.
//   - Every slot has one root, the slot that owns the memory, found by following parents. Who asks whether two values may
//     touch asks about roots: a view lives as long as what it is a view of.
//   - A root is written by one unit, or, if it is a join, by one unit a part. Nothing but the commit writes the memory of
//     parameters and states, and nothing at all that of inputs. So every unit sees leaves as they were before the step.
//   - Units stand in the order of the graph, operands first; the plan and the emission keep that order.

// slotKind says who owns the memory of a value.
type slotKind uint8

const (
	tempSlot   slotKind = iota // in the arena: reused when its last reader is done
	inputSlot                  // the caller fills it before a run
	stateSlot                  // memory of the store
	fixedSlot                  // computed once, when the program is built
	heldSlot                   // computed again once the store has changed
	outputSlot                 // read by the caller after a run
)

// slot is the place of one result. A view has none of its own: it reads its parent from an offset on.
type slot struct {
	t         graph.Type
	kind      slotKind
	parent    *slot
	off       int    // in elements: within the parent of a view, within the arena of a temporary
	leaf      string // of inputs and states
	def, last int    // the kernels that write it first and read it last
	buf       ops.Buffer
	row       []*slot // of leaves that lie side by side in the store: those leaves
	parts     []*slot // of a join whose operands are written where they belong: those operands
}

// covers says that s is the memory of root x, or a row of leaves with x among them.
func (s *slot) covers(x *slot) bool { return s == x || slices.Contains(s.row, x) }

// root is the slot that owns the memory of s, and where in it s begins.
func (s *slot) root() (r *slot, off int) {
	for s.parent != nil {
		off += s.off
		s = s.parent
	}
	return s, off
}

// resolve gives views, too, their memory.
func (s *slot) resolve() ops.Buffer {
	r, off := s.root()
	return section(r.buf, off, s.t.Shape.Size())
}

// section is n elements of b from lo on.
func section(b ops.Buffer, lo, n int) ops.Buffer {
	switch {
	case b.F32 != nil:
		return ops.Buffer{F32: b.F32[lo : lo+n : lo+n]}
	case b.F64 != nil:
		return ops.Buffer{F64: b.F64[lo : lo+n : lo+n]}
	}
	return ops.Buffer{I32: b.I32[lo : lo+n : lo+n]}
}

// unit is one kernel of the program. A unit without a node copies in[0] to out[0].
type unit struct {
	node    *graph.Node
	in, out []*slot
	src     []ops.Buffer
	dst     []ops.Buffer
	poison  []ops.Buffer // memory that is free once the unit has run
	run     ops.Run
	native  bool
	held    *holding // of units that run only when parameters have changed; nil of others
}

// name says what the unit is in errors and listings.
func (u *unit) name() string {
	if u.node == nil {
		return "Copy " + u.in[0].t.String()
	}
	return u.node.String()
}

// inTypes and outTypes are the types that the kernel is bound to.
func types(ss []*slot) []graph.Type {
	ts := make([]graph.Type, len(ss))
	for i, s := range ss {
		ts[i] = s.t
	}
	return ts
}

// bind finds the kernel.
func (u *unit) bind() (err error) {
	if u.node == nil {
		u.native = true
		u.run = func(dst, in []ops.Buffer) { dst[0].Copy(in[0]) }
		return nil
	}
	u.run, u.native, err = ops.Bind(u.node.Op, types(u.in), types(u.out))
	if err != nil {
		return fmt.Errorf("compile: %v: %w", u.node, err)
	}
	return nil
}

// resolve finds the memory, once every slot has its place.
func (u *unit) resolve() {
	u.src, u.dst = make([]ops.Buffer, len(u.in)), make([]ops.Buffer, len(u.out))
	for i, s := range u.in {
		u.src[i] = s.resolve()
	}
	for i, s := range u.out {
		u.dst[i] = s.resolve()
	}
}

// exec runs the kernel, unless its results are there already.
func (u *unit) exec() {
	if u.held != nil && u.held.fresh {
		return
	}
	u.run(u.dst, u.src)
	for _, b := range u.poison {
		poison(b)
	}
}

// poison makes a later read of free memory show.
func poison(b ops.Buffer) {
	for i := range b.F32 {
		b.F32[i] = float32(math.NaN())
	}
	for i := range b.F64 {
		b.F64[i] = math.NaN()
	}
	for i := range b.I32 {
		b.I32[i] = math.MinInt32
	}
}

// schedule is a program as a list of kernels in order, with a slot for every value.
type schedule struct {
	units  []*unit
	once   []*unit // of constants only: run when the program is built
	commit *commit // nil without updates
	slots  map[*graph.Node][]*slot
	all    []*slot // in order of creation
	outs   []*slot
	store  *Store
	holding
}

// lower turns what outputs and updates need into a schedule. Units that read nothing but constants run once, when the
// program is built; units that only updates read go to the commit, where they may write the states themselves.
func lower(g *graph.Graph, st *Store, outputs []*graph.Node) *schedule {
	s := &schedule{slots: map[*graph.Node][]*slot{}, store: st}
	// Units are in the order of the graph, which is the order in which the model was built: values are read soon after
	// they are written.
	sink := sinkable(g, outputs)
	var sunk []*unit
	for _, n := range g.Live(outputs...) {
		u := s.node(n, sink[n])
		switch {
		case u == nil:
		case constant(u):
			s.fix(u)
		case sink[n]:
			sunk = append(sunk, u)
		default:
			s.units = append(s.units, u)
		}
	}
	// Outputs come before the commit is planned: one that is a state needs a copy of its value before the step.
	s.outputs(g, outputs)
	if updates := g.Updates(); len(updates) > 0 {
		s.commit = newCommit(s, updates, sunk)
	}
	return s
}

// slot makes a slot of its own memory.
func (s *schedule) slot(t graph.Type, kind slotKind) *slot {
	x := &slot{t: t, kind: kind}
	s.all = append(s.all, x)
	return x
}

// node gives the results of n their slots; a node that computes something also gets a unit. sunk says that only updates
// read n.
func (s *schedule) node(n *graph.Node, sunk bool) *unit {
	switch op := n.Op.(type) {
	case graph.Leaf:
		x := s.slot(n.Type(), stateSlot)
		if op.Kind == graph.InputLeaf {
			x.kind = inputSlot
		}
		x.leaf = op.Path
		s.slots[n] = []*slot{x}
		return nil
	case graph.Result:
		// A port costs no instruction: it is a name for one of the slots of its kernel.
		s.slots[n] = s.slots[n.In[0]][op.I : op.I+1]
		return nil
	}
	if off, ok := viewOffset(n); ok {
		s.slots[n] = []*slot{{t: n.Type(), parent: s.slots[n.In[0]][0], off: off}}
		return nil
	}
	if x := s.leafRow(n); x != nil {
		s.slots[n] = []*slot{x}
		return nil
	}
	if x := s.joinInPlace(n, sunk); x != nil {
		s.slots[n] = []*slot{x}
		return nil
	}
	u := &unit{node: n}
	for _, x := range n.In {
		u.in = append(u.in, s.slots[x][0])
	}
	for _, t := range n.Types {
		u.out = append(u.out, s.slot(t, tempSlot))
	}
	s.slots[n] = u.out
	return u
}

// leafRow is the slot of a join of whole parameters and states that lie side by side in the store, so that joining them
// costs nothing; nil for other nodes.
func (s *schedule) leafRow(n *graph.Node) *slot {
	if !joinsWholes(n) {
		return nil
	}
	var leaves []*slot
	var names []string
	for _, x := range n.In {
		r, off := s.slots[x][0].root()
		if r.kind != stateSlot || r.row != nil || off != 0 || r.t.Shape.Size() != x.Shape().Size() || slices.Contains(leaves, r) {
			return nil
		}
		leaves, names = append(leaves, r), append(names, r.leaf)
	}
	// The store may refuse: another program reads the leaves where they are now. Then the join is a kernel like any other.
	all, ok := s.store.sideBySide(names)
	if !ok {
		return nil
	}
	x := s.slot(n.Type(), stateSlot)
	x.row, x.buf, x.leaf = leaves, all, strings.Join(names, "+")
	return x
}

// joinsWholes says that n lays its operands one after the other in memory: a join along the outermost axis that is
// longer than 1.
func joinsWholes(n *graph.Node) bool {
	op, ok := n.Op.(ops.Concat)
	return ok && n.Shape().Sub(0, axisOf(op.Axis, n.Shape())).Size() == 1
}

// joinInPlace is the slot of a join whose operands are all computed by kernels: they write where the join has them, and
// it costs nothing. nil for other nodes.
func (s *schedule) joinInPlace(n *graph.Node, sunk bool) *slot {
	// A join that becomes a state is left to the commit, before which the state must not change.
	if sunk || !joinsWholes(n) {
		return nil
	}
	var parts []*slot
	for _, x := range n.In {
		r, off := s.slots[x][0].root()
		// A part of a larger value lies elsewhere, and so does what two joins want, or one join twice.
		if r.kind != tempSlot || off != 0 || r.t.Shape.Size() != x.Shape().Size() || slices.Contains(parts, r) {
			return nil
		}
		parts = append(parts, r)
	}
	y := s.slot(n.Type(), tempSlot)
	at := 0
	for _, r := range parts {
		r.parent, r.off = y, at
		at += r.t.Shape.Size()
	}
	y.parts = parts
	return y
}

// viewOffset says whether the result of n is memory of its operand, and from which element on: a reshape, or a slice
// of the outermost axis that is longer than 1.
func viewOffset(n *graph.Node) (int, bool) {
	if _, ok := n.Op.(ops.Viewer); ok {
		return 0, true
	}
	// x[Lo:Hi] along an axis with nothing but 1s before it is one stretch of memory: heads that were fused are read so.
	sl, ok := n.Op.(ops.Slice)
	if !ok {
		return 0, false
	}
	x := n.In[0].Shape()
	ax := sl.Axis
	if ax < 0 {
		ax += x.Rank()
	}
	return sl.Lo * x.Sub(ax+1, x.Rank()).Size(), x.Sub(0, ax).Size() == 1
}

// constant says that a unit reads nothing that changes from run to run.
func constant(u *unit) bool {
	for _, x := range u.in {
		if r, _ := x.root(); r.kind != fixedSlot {
			return false
		}
	}
	return true
}

// fix marks the results of u as constants and lets u run when the program is built.
func (s *schedule) fix(u *unit) {
	for _, x := range u.out {
		x.kind = fixedSlot
	}
	s.once = append(s.once, u)
}

// outputs gives every output memory that the caller can read after the run: temporaries leave the arena, and a state
// that the program updates is copied, because the node means its value before the step.
func (s *schedule) outputs(g *graph.Graph, outputs []*graph.Node) {
	var updated []*slot
	for _, u := range g.Updates() {
		updated = append(updated, s.slots[u.State][0])
	}
	for _, n := range outputs {
		x := s.slots[n][0]
		r, _ := x.root()
		switch {
		case r.kind == tempSlot:
			r.kind = outputSlot
		case r.kind == stateSlot && slices.ContainsFunc(updated, r.covers):
			c := s.slot(n.Type(), outputSlot)
			s.units = append(s.units, &unit{in: []*slot{x}, out: []*slot{c}})
			x = c
		}
		s.outs = append(s.outs, x)
	}
}

// steps are all units of a run in order: those of the commit come last.
func (s *schedule) steps() []*unit {
	if s.commit == nil {
		return s.units
	}
	return append(append([]*unit(nil), s.units...), s.commit.units...)
}
