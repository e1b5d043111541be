package gradcheck

import (
	"fmt"

	"rpnc/graph"
)

// Why not the interpreter. It evaluates a graph from its leaves each time and allocates as it goes,
// which is right for one answer. A check moves one number of one leaf thousands of times, and most of
// the graph does not depend on it. So the values of all nodes are kept, and a move evaluates again
// only what lies between the leaf and the root.
//
// Nodes are numbered as they are built, operands before what uses them: order by ID is an order of
// evaluation, and slices by ID serve instead of maps.

// machine evaluates one node again and again while a leaf moves. It keeps every value, so that a move costs only what
// depends on the leaf, and memory is taken once.
type machine struct {
	root    *graph.Node
	nodes   []*graph.Node
	val, in [][]*graph.Tensor // by node ID
}

// newMachine evaluates what root needs, updates not included.
func newMachine(root *graph.Node, values graph.Leaves) (*machine, error) {
	m := &machine{root: root, nodes: reach(root)}
	m.val, m.in = make([][]*graph.Tensor, root.ID+1), make([][]*graph.Tensor, root.ID+1)
	// Operands are bound once: evaluation overwrites tensors and never replaces them.
	for _, n := range m.nodes {
		if l, ok := n.Leaf(); ok {
			m.val[n.ID] = []*graph.Tensor{values[l.Path].Clone()}
			continue
		}
		for _, t := range n.Types {
			m.val[n.ID] = append(m.val[n.ID], graph.NewTensor(t))
		}
		for _, x := range n.In {
			m.in[n.ID] = append(m.in[n.ID], m.val[x.ID]...)
		}
	}
	return m, m.run(m.nodes)
}

// reach lists what n needs, operands first.
//
// One sweep from the largest ID down suffices: when a node's turn comes, all that could need it have
// had theirs. There is no recursion, whose depth would be that of the graph.
func reach(n *graph.Node) (out []*graph.Node) {
	need := make([]bool, n.ID+1)
	need[n.ID] = true
	for id := n.ID; id >= 0; id-- {
		if need[id] {
			for _, x := range n.Graph().Nodes()[id].In {
				need[x.ID] = true
			}
		}
	}
	for id, ok := range need {
		if ok {
			out = append(out, n.Graph().Nodes()[id])
		}
	}
	return out
}

// after lists the nodes that depend on leaf, operands first.
//
// The leaf itself is not among them: it has no op, and whoever moves it writes its value.
func (m *machine) after(leaf *graph.Node) (out []*graph.Node) {
	moves := map[*graph.Node]bool{leaf: true}
	for _, n := range m.nodes {
		for _, x := range n.In {
			if moves[x] {
				moves[n] = true
				out = append(out, n)
				break
			}
		}
	}
	return out
}

// run evaluates nodes, operands first, into the memory that they have. Eval expects zeros there.
func (m *machine) run(nodes []*graph.Node) error {
	for _, n := range nodes {
		if _, ok := n.Leaf(); ok {
			continue
		}
		for _, t := range m.val[n.ID] {
			clear(t.F)
			clear(t.I)
		}
		if err := n.Op.Eval(m.val[n.ID], m.in[n.ID]); err != nil {
			return fmt.Errorf("gradcheck.Check: %v: %w", n, err)
		}
	}
	return nil
}

// leaf is the value of a leaf, to move; of one that root does not depend on, a stand-in.
//
// Moving the stand-in changes nothing, so its differences are 0, and so must its gradient be.
func (m *machine) leaf(n *graph.Node) *graph.Tensor {
	if n.ID < len(m.val) && m.val[n.ID] != nil {
		return m.val[n.ID][0]
	}
	return graph.NewTensor(n.Type())
}

// scalar is the value of the root, which has one element.
func (m *machine) scalar() float64 { return m.val[m.root.ID][0].F[0] }
