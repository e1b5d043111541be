package compile

import (
	"fmt"
	"sort"
	"sync"
	"sync/atomic"

	"rpnc/graph"
	"rpnc/ops"
)

// Store holds the memory of parameters and states by name, shared by all programs that are compiled over it.
// Programs that only read it may run at the same moment; one that updates it (a training step) runs alone, and so
// does [Store.Set].
type Store struct {
	mu      sync.Mutex
	cells   map[string]*cell
	device  residence     // what of it is on a GPU
	version atomic.Uint64 // another one after every change of a value
	lent    atomic.Bool   // to a machine of gorgonia's, whose solvers change values where they are
}

// cell is one parameter or state.
type cell struct {
	t     graph.Type
	buf   ops.Buffer
	bound bool // some program reads this memory, so it can no longer move
	row   *row // the memory that it shares with others side by side, nil if it has its own
	at    int  // where it begins there, in elements
}

// row is memory of several values side by side.
type row struct{ buf ops.Buffer }

// NewStore is an empty store.
func NewStore() *Store { return &Store{cells: map[string]*cell{}} }

// Get is a copy of the value called name; nil if there is none.
func (s *Store) Get(name string) *graph.Tensor {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.cells[name]
	if c == nil {
		return nil
	}
	// What a device could not give back is the error of the next run.
	_ = s.homeLocked()
	t := graph.NewTensor(c.t)
	c.buf.Store(t)
	return t
}

// Set gives name a value. A name that exists keeps its type: another shape or element type is an error.
func (s *Store) Set(name string, v *graph.Tensor) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.cells[name]
	if c == nil {
		c = &cell{t: v.Type, buf: ops.NewBuffer(v.Type)}
		s.cells[name] = c
	}
	if c.t != v.Type {
		return fmt.Errorf("compile.Store.Set %q: is %v, given %v", name, c.t, v.Type)
	}
	if err := s.homeLocked(); err != nil {
		return err
	}
	c.buf.Load(v)
	s.changedLocked()
	return nil
}

// Names lists what the store holds, sorted.
func (s *Store) Names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := make([]string, 0, len(s.cells))
	for name := range s.cells {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Bytes is the memory that all values take.
func (s *Store) Bytes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.cells {
		n += c.t.Bytes()
	}
	return n
}

// fill draws the parameters and states of g that the store does not hold yet and checks the types of the others.
//
// Draws depend on seed, name and element, never on the order in which parameters are made: adding a layer leaves the
// initial values of the others as they were.
func (s *Store) fill(g *graph.Graph, seed uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, kind := range []graph.LeafKind{graph.ParamLeaf, graph.StateLeaf} {
		for _, n := range g.Leaves(kind) {
			name := leafName(n)
			c := s.cells[name]
			if c == nil {
				c = &cell{t: n.Type(), buf: ops.NewBuffer(n.Type())}
				if init := g.Init(n); init != graph.Zeros() { // as new memory is: moments are many and all 0
					c.buf.Load(init.Tensor(n.Type(), seed, name))
				}
				s.cells[name] = c
			}
			if c.t != n.Type() {
				return fmt.Errorf("compile.Store: %q is %v in the store, %v in the graph (%s)", name, c.t, n.Type(), n.Site())
			}
		}
	}
	return nil
}

// bind is the memory of a leaf, which stays where it is from now on.
func (s *Store) bind(name string) ops.Buffer {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.cells[name]
	c.bound = true
	return c.buf
}

// leafName is the name of an input, parameter or state.
func leafName(n *graph.Node) string {
	l, _ := n.Leaf()
	return l.Path
}

// sideBySide lays the leaves out one after the other and answers with their common memory; ok is false if they lie
// elsewhere and some program reads them there.
//
// Memory of a leaf may move until a program has bound it, since a bound address is part of the program. So the first program
// over a store decides how stacked parameters lie, and later ones find them so, or pay for a kernel that joins them.
func (s *Store) sideBySide(names []string) (all ops.Buffer, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first, total, free, placed := s.cells[names[0]], 0, true, true
	for _, name := range names {
		c := s.cells[name]
		free = free && !c.bound && c.row == nil && c.t.DType == first.t.DType
		placed = placed && first.row != nil && c.row == first.row && c.at == first.at+total
		total += c.t.Shape.Size()
	}
	// Another program stacked the same leaves in the same order: the common case of training and prediction.
	switch {
	case placed:
		return section(first.row.buf, first.at, total), true
	case !free:
		return all, false
	}
	r := &row{ops.NewBuffer(graph.Type{DType: first.t.DType, Shape: graph.Sh(total)})}
	at := 0
	for _, name := range names {
		c := s.cells[name]
		n := c.t.Shape.Size()
		to := section(r.buf, at, n)
		to.Copy(c.buf)
		c.buf, c.row, c.at = to, r, at
		at += n
	}
	return r.buf, true
}
