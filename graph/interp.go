package graph

import "fmt"

// Values holds the results of nodes, as the interpreter computed them.
type Values map[*Node][]*Tensor

// Of is the first result of n.
func (v Values) Of(n *Node) *Tensor { return v[n][0] }

// Leaves holds the values of leaves by name.
type Leaves map[string]*Tensor

// Fill draws the parameters and states of g that have no value yet.
func (l Leaves) Fill(g *Graph, seed uint64) {
	for name, n := range g.leaves {
		if leaf, _ := n.Leaf(); leaf.Kind != InputLeaf && l[name] == nil {
			l[name] = g.inits[name].Tensor(n.Type(), seed, name)
		}
	}
}

// Commit replaces the parameters and states by their updates, all at once.
func (l Leaves) Commit(g *Graph, v Values) {
	for _, u := range g.updates {
		leaf, _ := u.State.Leaf()
		l[leaf.Path] = v.Of(u.Value).Clone()
	}
}

// Run is the reference interpreter: it evaluates what roots and updates need (everything, without roots) in float64
// by the Eval of every op. It is slow and it is the oracle: compiled programs are tested against it.
func Run(g *Graph, leaves Leaves, roots ...*Node) (Values, error) {
	if err := g.Err(); err != nil {
		return nil, err
	}
	nodes := g.nodes
	if len(roots) > 0 {
		nodes = g.Live(roots...)
	}
	val := Values{}
	for _, n := range nodes {
		out, err := evalNode(n, leaves, val)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", n.Site(), opName(n.Op), err)
		}
		val[n] = out
	}
	return val, nil
}

// evalNode computes the results of one node from those of its operands. A leaf is what the caller gave; floats of
// another width are welcome, since the oracle holds all floats in float64, but shapes and the kind of number must
// agree.
func evalNode(n *Node, leaves Leaves, val Values) ([]*Tensor, error) {
	if l, ok := n.Leaf(); ok {
		t := leaves[l.Path]
		if t == nil {
			return nil, l.Eval(nil, nil)
		}
		if t.Type.Shape != n.Shape() || t.Type.DType.IsFloat() != n.DType().IsFloat() {
			return nil, fmt.Errorf("%s is %v, given %v", l.Name(), n.Type(), t.Type)
		}
		return []*Tensor{t}, nil
	}
	in := make([]*Tensor, 0, len(n.In))
	for _, x := range n.In {
		in = append(in, val[x]...)
	}
	return EvalOp(n.Op, n.Types, in)
}

// EvalOp runs an op on its own: by Eval, which for a fused op means its expansion.
func EvalOp(op Op, types []Type, in []*Tensor) ([]*Tensor, error) {
	dst := make([]*Tensor, len(types))
	for i, t := range types {
		dst[i] = NewTensor(t)
	}
	return dst, op.Eval(dst, in)
}

// EvalUnfused evaluates a fused op by its expansion, in a graph of its own: the body of a fused op's Eval.
func EvalUnfused(op Fused, dst, in []*Tensor) error {
	g, leaves := New(), Leaves{}
	xs := make([]*Node, len(in))
	for i, t := range in {
		name := fmt.Sprintf("in%d", i)
		xs[i], leaves[name] = g.Input(name, t.Type), t
	}
	ys := op.Unfused(xs)
	val, err := Run(g, leaves)
	if err != nil {
		return err
	}
	for i, y := range ys {
		dst[i].Copy(val.Of(y))
	}
	return nil
}
