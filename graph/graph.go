package graph

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sort"
	"strings"
)

// How a graph is kept. It is a list to which nodes are added at the end; nothing is changed or removed,
// passes build new graphs. Two properties follow from how Apply works and everything relies on them:
// operands have smaller IDs than their readers, and equal ops on equal operands are one node
// (hash-consing), so that common subexpressions never exist and "the same node" can be asked by
// comparing pointers.
//
// Mistakes do not stop construction. The first bad Apply records an error with the line of the caller
// and answers with a poisoned node, on which every later Apply is silent; models are written without a
// check after every op, and Err lists each independent mistake once.

// Node is one application of an op. Nodes are immutable; IDs number them in order of construction, operands first.
//
// In lists operands in order, Types the results; a node of several results is read through Result nodes
// alone.
type Node struct {
	g      *Graph
	ID     int
	Op     Op
	In     []*Node
	Types  []Type // one a result
	site   site
	poison bool
}

// Type is the type of the first result.
func (n *Node) Type() Type { return n.Types[0] }

// Shape is the shape of the first result.
func (n *Node) Shape() Shape { return n.Types[0].Shape }

// DType is the element type of the first result.
func (n *Node) DType() DType { return n.Types[0].DType }

// Graph is the graph that the node belongs to.
func (n *Node) Graph() *Graph { return n.g }

// Site is the line of the user's code that made the node, or of the forward node for nodes of a gradient.
func (n *Node) Site() string { return n.site.String() }

// Poisoned says that the node stands for a mistake that [Graph.Err] reports.
func (n *Node) Poisoned() bool { return n.poison }

// Leaf is the op of a leaf node.
func (n *Node) Leaf() (Leaf, bool) { l, ok := n.Op.(Leaf); return l, ok }

// Result is result i of the node; of a node with one result it is the node itself.
func (n *Node) Result(i int) *Node {
	if n.poison || len(n.Types) == 1 && i == 0 {
		return n
	}
	return n.g.Apply(Result{i}, n)
}

// String is v12 = MatMul f32 (64×10) v3 v11  model.go:17.
func (n *Node) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "v%d = %s", n.ID, n.Op.Name())
	for i, t := range n.Types {
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString(" " + t.String())
	}
	for _, x := range n.In {
		fmt.Fprintf(&b, " v%d", x.ID)
	}
	return b.String() + "  " + n.Site()
}

// Update says that a parameter or state becomes the value after the step.
type Update struct{ State, Value *Node }

// Graph is a list of nodes in which operands come first. The zero Graph is not ready; use [New].
//
// cons finds a node by op and operands, leaves by name. pending says which entry of updates a state
// has, since a second update replaces the first.
type Graph struct {
	nodes   []*Node
	cons    map[key]*Node
	leaves  map[string]*Node
	inits   map[string]Init
	updates []Update
	pending map[*Node]int // state → its entry in updates
	errs    []error
	from    *Node  // the forward node whose gradient is being built
	label   string // overrides call sites: models that come from a file carry its line
}

// key is what hash-consing compares: the op and the IDs of the operands.
//
// The operands are a string of their IDs, four bytes each, as a slice cannot be part of a key.
type key struct {
	op Op
	in string
}

// New is an empty graph.
func New() *Graph {
	return &Graph{cons: map[key]*Node{}, leaves: map[string]*Node{}, inits: map[string]Init{}, pending: map[*Node]int{}}
}

// Nodes lists all nodes, operands first. Callers must not write to it.
func (g *Graph) Nodes() []*Node { return g.nodes }

// Updates lists the updates in the order in which their states were first updated.
func (g *Graph) Updates() []Update { return append([]Update(nil), g.updates...) }

// Input is a value fed at every run. The same name and type is the same node.
func (g *Graph) Input(name string, t Type) *Node { return g.leaf(InputLeaf, name, t, Init{}) }

// Param is a value that training changes. The same name and type is the same node; the first Init counts.
func (g *Graph) Param(name string, t Type, init Init) *Node { return g.leaf(ParamLeaf, name, t, init) }

// State is a value kept from run to run: running statistics, moments, counters; without an update, a frozen draw.
func (g *Graph) State(name string, t Type, init Init) *Node { return g.leaf(StateLeaf, name, t, init) }

// Init is what a parameter or state starts with.
func (g *Graph) Init(leaf *Node) Init {
	l, _ := leaf.Leaf()
	return g.inits[l.Path]
}

// LeafByName finds a leaf; nil if there is none of the name.
func (g *Graph) LeafByName(name string) *Node { return g.leaves[name] }

// Leaves lists the leaves of a kind by name.
func (g *Graph) Leaves(k LeafKind) (out []*Node) {
	for _, n := range g.leaves {
		if l, _ := n.Leaf(); l.Kind == k {
			out = append(out, n)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].ID < out[j].ID })
	return out
}

// leaf is the leaf called name: the one that is there, where kind and type agree, so that building the same
// function twice shares its parameters. The same name for something else is an error, because leaves, unlike other
// nodes, are told apart by name alone: stores, checkpoints and random initial values go by it.
func (g *Graph) leaf(k LeafKind, name string, t Type, init Init) *Node {
	op := Leaf{k, name}
	if err := t.Shape.Check(); err != nil {
		return g.Fail("graph.%s %q: %v", k, name, err)
	}
	if name == "" {
		return g.Fail("graph.%s of %v: the name is empty; leaves are told apart by name", k, t)
	}
	if k == ParamLeaf && !t.DType.IsFloat() {
		return g.Fail("graph.Param %q is %v; want floats, integers belong into states", name, t)
	}
	if n, ok := g.leaves[name]; ok {
		if n.Op != op || n.Type() != t {
			return g.Fail("graph.%s %q: asked for as %v, exists as %s of %v", k, name, t, n.Op.(Leaf).Kind, n.Type())
		}
		return n
	}
	n := g.add(op, nil, []Type{t})
	g.leaves[name], g.inits[name] = n, init
	return n
}

// Const is a constant: no value for zeros, one to fill with, or one an element in row-major order.
func (g *Graph) Const(t Type, v ...float64) *Node {
	if err := t.Shape.Check(); err != nil {
		return g.Fail("graph.Const: %v", err)
	}
	return g.Apply(Const{t, NewData(v...)})
}

// Scalar is the constant v of shape ().
func (g *Graph) Scalar(d DType, v float64) *Node { return g.Const(Type{DType: d}, v) }

// Current is the value that a state will have after the updates recorded so far, the state itself if there are
// none. A second use of one batch norm builds on it.
func (g *Graph) Current(state *Node) *Node {
	if i, ok := g.pending[state]; ok {
		return g.updates[i].Value
	}
	return state
}

// Update sets what a parameter or state becomes after the step; a later call replaces an earlier one. All values
// are computed from the values before the step and committed together.
func (g *Graph) Update(state, value *Node) {
	if state == nil || value == nil {
		g.Fail("graph.Update: want a state and a value, one of them is nil")
		return
	}
	if state.poison || value.poison {
		return
	}
	l, ok := state.Leaf()
	switch {
	case !ok || l.Kind == InputLeaf:
		g.Fail("graph.Update: %s is not a parameter or state", state.Op.Name())
		return
	case state.g != g || value.g != g:
		g.Fail("graph.Update %q: state and value must belong to this graph", l.Path)
		return
	case len(value.Types) != 1 || state.Type() != value.Type():
		g.Fail("graph.Update %q: a state of %v cannot become %v", l.Path, state.Type(), value.Types)
		return
	}
	if i, ok := g.pending[state]; ok {
		g.updates[i].Value = value
		return
	}
	g.pending[state] = len(g.updates)
	g.updates = append(g.updates, Update{state, value})
}

// Apply is op applied to operands. It never returns nil: a mistake is recorded with the caller's line and gives
// a poisoned node. Equal ops on equal operands are one node.
func (g *Graph) Apply(op Op, in ...*Node) *Node {
	types := make([]Type, 0, len(in))
	for _, x := range in {
		if x != nil && x.poison {
			return x
		}
		if err := g.readable(op, x); err != nil {
			return g.Fail("%s: %v", opName(op), err)
		}
		types = append(types, x.Types...)
	}
	if err := applicable(op, len(in)); err != nil {
		return g.Fail("graph.Apply: %v", err)
	}
	k := key{op, operands(in)}
	if n, ok := g.cons[k]; ok {
		return n
	}
	out, err := op.Infer(types)
	if err == nil && len(out) == 0 {
		err = errors.New("the op has no result; want at least one")
	}
	for _, t := range out {
		if err == nil {
			err = t.Shape.Check()
		}
	}
	if err != nil {
		return g.Fail("%s: %v", opName(op), err)
	}
	n := g.add(op, append([]*Node(nil), in...), append([]Type(nil), out...))
	g.cons[k] = n
	return n
}

// applicable says whether op may be a node's op with so many operands.
func applicable(op Op, operands int) error {
	if op == nil {
		return errors.New("the op is nil")
	}
	if !hashable(op) {
		return fmt.Errorf("%s is not comparable, so equal nodes cannot be found: hold tables as *graph.Index", opName(op))
	}
	if _, picks := op.(Result); picks && operands != 1 {
		return fmt.Errorf("a Result reads one node, has %d operands", operands)
	}
	return nil
}

// readable says whether op may have x as an operand.
func (g *Graph) readable(op Op, x *Node) error {
	if x == nil {
		return fmt.Errorf("an operand is nil")
	}
	if x.g != g {
		return fmt.Errorf("operand v%d belongs to another graph", x.ID)
	}
	if _, picks := op.(Result); !picks && len(x.Types) != 1 {
		return fmt.Errorf("operand %s has %d results: pick one with Result(i)", x.Op.Name(), len(x.Types))
	}
	return nil
}

// operands is that string.
func operands(in []*Node) string {
	b := make([]byte, 0, 4*len(in))
	for _, x := range in {
		b = binary.LittleEndian.AppendUint32(b, uint32(x.ID))
	}
	return string(b)
}

// add appends a node with the place that it comes from. It checks nothing.
func (g *Graph) add(op Op, in []*Node, t []Type) *Node {
	n := &Node{g: g, ID: len(g.nodes), Op: op, In: in, Types: t, site: g.here()}
	g.nodes = append(g.nodes, n)
	return n
}

// opName is the op with its package, as in ops.MatMul.
func opName(op Op) string { return strings.TrimPrefix(fmt.Sprintf("%T", op), "*") }
