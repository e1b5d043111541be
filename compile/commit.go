package compile

import (
	"rpnc/graph"
	"rpnc/ops"
)

// Why a commit at all: an update may be computed from any state, also from one that another update changes. Two states
// that swap, a ← b and b ← a, are right only if both are read before either is written. Writing all new values to the
// side and copying them at the end is always right, and costs a copy of every parameter and moment. So members write in
// place as far as there is an order in which
//
//	whoever writes a state comes after everybody else who reads it,
//
// and only where members wait for each other in a circle does one of them write to the side.

// commit is the end of a step: every parameter and state becomes its update, computed from the values before the
// step. It is one instruction, after every reader. A kernel that serves updates alone (an optimizer's) is part of it
// and writes the memory of the states themselves.
type commit struct {
	units []*unit // in an order in which every state is read before it is written
}

// sinkable marks the nodes whose results only updates read.
//
// An optimizer's kernel has several results (parameter and moments) that are updates each; if anything else reads one of
// them, the kernel must run before that reader, and its results are copied by the commit instead.
func sinkable(g *graph.Graph, outputs []*graph.Node) map[*graph.Node]bool {
	sink, other := map[*graph.Node]bool{}, map[*graph.Node]bool{}
	// A result and the node it is of are one kernel.
	origin := func(n *graph.Node) *graph.Node {
		if _, ok := n.Op.(graph.Result); ok {
			return n.In[0]
		}
		return n
	}
	for _, n := range outputs {
		other[origin(n)] = true
	}
	for _, n := range g.Live(outputs...) {
		if _, port := n.Op.(graph.Result); port {
			continue
		}
		for _, x := range n.In {
			other[origin(x)] = true
		}
	}
	for _, u := range g.Updates() {
		n := origin(u.Value)
		_, leaf := n.Op.(graph.Leaf)
		_, view := viewOffset(n)
		sink[n] = !other[n] && !leaf && !view
	}
	return sink
}

// newCommit plans the updates. Each member (a sunk kernel, or a copy) writes some states and reads others; members
// are taken when nobody left over reads what they write. Where they wait for each other in a circle (two states that
// swap), one of them writes to the side and is copied at the very end.
func newCommit(s *schedule, updates []graph.Update, sunk []*unit) *commit {
	c := &commit{}
	targets := map[*slot][]*slot{} // result of a sunk kernel → the states it becomes
	var members []*member
	for _, u := range sunk {
		members = append(members, &member{unit: u})
		for _, x := range u.out {
			targets[x] = nil
		}
	}
	for _, u := range updates {
		to, from := s.slots[u.State][0], s.slots[u.Value][0]
		// One value may become several states: the kernel writes the first in place, the others are copies of it.
		if _, ok := targets[from]; ok {
			targets[from] = append(targets[from], to)
		} else if from != to {
			members = append(members, &member{unit: copyUnit(from, to), writes: []*slot{to}})
		}
	}
	for _, m := range members {
		if m.node != nil {
			c.direct(m, targets)
		}
	}
	c.order(s, members)
	return c
}

// member is one kernel of a commit before it has its place.
type member struct {
	*unit
	writes []*slot // states that it writes in place
	tail   []*unit // copies from the side, after all members
}

// copyUnit is a unit without a node: to becomes from.
func copyUnit(from, to *slot) *unit { return &unit{in: []*slot{from}, out: []*slot{to}} }

// direct lets a sunk kernel write the states themselves where its results may share their memory.
//
// What shares memory must be safe element by element: an op says so (ops.MayShare) for a result and an operand, and a
// state that is no operand at all may be written in any case.
func (c *commit) direct(m *member, targets map[*slot][]*slot) {
	for i, x := range m.out {
		for k, to := range targets[x] {
			if k == 0 && mayOverwrite(m.unit, i, to) {
				m.out[i] = to
				m.writes = append(m.writes, to)
				continue
			}
			m.tail = append(m.tail, copyUnit(m.out[i], to))
		}
	}
}

// mayOverwrite says whether result i of u may be written over the memory of root slot to, which u may also read.
func mayOverwrite(u *unit, i int, to *slot) bool {
	for j, x := range u.in {
		r, off := x.root()
		if !r.covers(to) {
			continue
		}
		// Element by element is safe only if element k of the operand is element k of the memory.
		if r != to || off != 0 || x.t.Shape.Size() != u.out[i].t.Shape.Size() || !ops.MayShare(u.node.Op, i, j) {
			return false
		}
	}
	return true
}

// reads says whether u reads the memory of state x.
func (u *unit) reads(x *slot) bool {
	for _, in := range u.in {
		if r, _ := in.root(); r.covers(x) {
			return true
		}
	}
	return false
}

// order appends the members so that a state is written after its last reader.
func (c *commit) order(s *schedule, left []*member) {
	// The loop is quadratic in the number of states and runs once a program.
	var tail []*unit
	for len(left) > 0 {
		i := free(left)
		if i < 0 {
			// Every member left waits for another one: the circle is cut at the first.
			i = 0
			left[0].aside(s)
		}
		c.units = append(c.units, left[i].unit)
		tail = append(tail, left[i].tail...)
		left = append(left[:i:i], left[i+1:]...)
	}
	c.units = append(c.units, tail...)
}

// free is the first member that writes nothing that another one still reads, −1 if there is none.
func free(left []*member) int {
	for i, m := range left {
		// The first of several, so that one graph gives one program.
		if !blocked(m, left) {
			return i
		}
	}
	return -1
}

// blocked says that another member still has to read a state that m writes.
func blocked(m *member, left []*member) bool {
	for _, w := range m.writes {
		for _, o := range left {
			if o != m && o.reads(w) {
				return true
			}
		}
	}
	return false
}

// aside makes m write temporaries, and copies them to the states at the end.
func (m *member) aside(s *schedule) {
	for i, x := range m.out {
		for _, w := range m.writes {
			if x == w {
				m.out[i] = s.slot(x.t, tempSlot)
				m.tail = append(m.tail, copyUnit(m.out[i], w))
			}
		}
	}
	m.writes = nil
}

// A commit is a list of units, and most of it are steps of an optimizer: one for each parameter, of which a model has dozens,
// most of them biases of a few numbers. Each as a kernel of its own would keep one core busy and the others waiting, and to hand
// out work takes as long as a small step does.

// joinSteps makes one kernel of steps of an optimizer that follow each other: dozens of small parameters are then one piece of
// work for all cores. The first of them runs them all, the others have nothing left to do.
func joinSteps(units []*unit) {
	for len(units) > 0 {
		n := 0
		for n < len(units) && stepsBeside(units[:n], units[n]) {
			n++
		}
		if n > 1 {
			joinStep(units[:n])
		}
		units = units[max(1, n):]
	}
}

// stepsBeside says whether u is a step as those before it, and neither reads what they write nor writes what they read. Results
// that are no states may share memory with what an earlier step is the last to read.
func stepsBeside(before []*unit, u *unit) bool {
	if u.node == nil || !u.native {
		return false
	}
	if _, ok := u.node.Op.(ops.AdamW); !ok {
		return false
	}
	for _, x := range u.out {
		if r, _ := x.root(); r.kind == tempSlot {
			return false
		}
	}
	for _, b := range before {
		if b.in[0].t.DType != u.in[0].t.DType || b.disturbs(u) || u.disturbs(b) {
			return false
		}
	}
	return true
}

// disturbs says whether o reads what u writes.
func (u *unit) disturbs(o *unit) bool {
	for _, w := range u.out {
		if r, _ := w.root(); o.reads(r) {
			return true
		}
	}
	return false
}

// joinStep lets the first unit run all.
func joinStep(units []*unit) {
	var steps []ops.AdamW
	var in []graph.Type
	var src, dst []ops.Buffer
	for _, u := range units {
		steps = append(steps, u.node.Op.(ops.AdamW))
		in = append(in, types(u.in)...)
		src, dst = append(src, u.src...), append(dst, u.dst...)
		u.run = func(_, _ []ops.Buffer) {}
	}
	run := ops.JointSteps(steps, in)
	units[0].run = func(_, _ []ops.Buffer) { run(dst, src) }
}
