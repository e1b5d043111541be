package compile

import (
	"sort"

	"rpnc/graph"
	"rpnc/ops"
)

// align is the distance of arena places in bytes: a cache line, and the width of the widest vector.
const align = 64

// The plan is a packing problem: values are rectangles, as wide as they live and as high as they are large, and those that
// overlap in time must not overlap in memory:
//
//	memory ┌─────────┐
//	       │ y₂      ├──────┐       y₃ begins when y₁ has ended and takes its place; y₄ takes the places
//	       ├────┬────┤ y₄   │       of y₂ and y₃. Placed first is what is highest.
//	       │ y₁ │ y₃ │      │
//	       └────┴────┴──────┘ kernels, in order
//
// Under check, memory is filled with NaN once its last reader is done, so that a lifetime that is too short shows.
//
// A value lives from the kernel that writes it to the last kernel that reads it or a view of it, both included: a kernel
// never writes over what it still reads, except where its op says that it may (ops.MayShare) and nobody else reads it.

// plan gives every slot of the schedule its memory: inputs, outputs and fixed values their own, states that of the
// store, and temporaries a place in one arena an element type, shared by values that do not live at the same time.
// It answers with the bytes of the arenas.
func (s *schedule) plan(check bool) int {
	steps := s.steps()
	s.liveness(steps)
	s.inPlace(steps)
	for _, x := range s.all {
		switch {
		case x.parent != nil || x.kind == tempSlot:
		case x.row != nil: // has its memory already
		case x.kind == stateSlot:
			x.buf = s.store.bind(x.leaf)
		default:
			x.buf = ops.NewBuffer(x.t)
		}
	}
	total := 0
	for _, d := range []graph.DType{graph.F32, graph.F64, graph.I32} {
		total += s.arena(d)
	}
	for _, u := range append(append([]*unit(nil), s.once...), steps...) {
		u.resolve()
	}
	if check {
		s.poison(steps)
	}
	return total
}

// liveness finds the first writer and the last reader of every root slot.
//
// Leaves, outputs and constants are alive all the time, so only temporaries are looked at below; that they have numbers
// too does no harm.
func (s *schedule) liveness(steps []*unit) {
	for _, x := range s.all {
		x.def, x.last = -1, -1
	}
	for i, u := range steps {
		for _, x := range append(append([]*slot(nil), u.out...), u.in...) {
			r, _ := x.root()
			// The first to touch a temporary writes it: operands come first. A join begins with its first part.
			if r.def < 0 {
				r.def = i
			}
			r.last = i
		}
	}
}

// inPlace lets the first result of a kernel take over the memory of an operand that nobody reads afterwards.
func (s *schedule) inPlace(steps []*unit) {
	// Only the first result: others are small or, in an optimizer, states that the commit writes in place.
	for i, u := range steps {
		if u.node == nil || len(u.out) == 0 || u.out[0].kind != tempSlot || u.out[0].parent != nil {
			continue
		}
		for _, x := range u.in {
			// The operand must end here, views of it included, and be as large as the result, so that nothing is left over.
			r, _ := x.root()
			if r.kind == tempSlot && r.last == i && r.t.DType == u.out[0].t.DType && r.t.Shape.Size() == u.out[0].t.Shape.Size() && mayOverwrite(u, 0, r) {
				r.last = u.out[0].last
				u.out[0].parent = r
				break
			}
		}
	}
}

// arena places the temporaries of one element type, the largest first, each at the lowest offset where it meets none
// that lives at the same time.
func (s *schedule) arena(d graph.DType) int {
	var temps, placed []*slot
	for _, x := range s.all {
		if x.kind == tempSlot && x.parent == nil && x.t.DType == d && x.def >= 0 {
			temps = append(temps, x)
		}
	}
	sort.SliceStable(temps, func(i, j int) bool { return temps[i].t.Shape.Size() > temps[j].t.Shape.Size() })
	total := 0
	// Greedy by size is within a few per cent of optimal on such lists, and no search is.
	for _, x := range temps {
		x.off = lowest(x, placed)
		total = max(total, x.off+padded(x))
		at := sort.Search(len(placed), func(i int) bool { return placed[i].off > x.off })
		placed = append(placed[:at], append([]*slot{x}, placed[at:]...)...)
	}
	memory := ops.NewBuffer(graph.Type{DType: d, Shape: graph.Sh(total)})
	for _, x := range temps {
		x.buf = section(memory, x.off, x.t.Shape.Size())
		x.off = 0 // from now on the slot is a root with a buffer, and offsets count from its beginning
	}
	return total * d.Size()
}

// padded is the room that a slot takes, in elements.
func padded(x *slot) int {
	step := align / x.t.DType.Size()
	return (x.t.Shape.Size() + step - 1) / step * step
}

// lowest is the first gap between the slots placed so far (by offset) that live at the same time as x.
//
// Lifetimes are closed intervals: what a kernel reads and what it writes live at the same time, even where one ends and
// the other begins.
func lowest(x *slot, placed []*slot) int {
	off := 0
	for _, p := range placed {
		if p.last < x.def || x.last < p.def {
			continue
		}
		if off+padded(x) <= p.off {
			break
		}
		off = max(off, p.off+padded(p))
	}
	return off
}

// poison marks memory as free after its last reader.
func (s *schedule) poison(steps []*unit) {
	for _, x := range s.all {
		if x.kind == tempSlot && x.parent == nil && x.last >= 0 {
			u := steps[x.last]
			u.poison = append(u.poison, x.buf)
		}
	}
}
