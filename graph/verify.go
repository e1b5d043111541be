package graph

import (
	"errors"
	"fmt"
	"math"
	"reflect"
)

// What the verifier is for. Passes rewrite graphs by rules that trust a great deal: that operands come
// before their readers, that equal nodes are one node, that a type is what the op's shape rule says. A
// pass that breaks one of these seldom fails itself; some later one does, or a number is wrong. Verify
// states all of it as a list, is run between passes in tests, and blames the pass that has just run.
//
// Each rule has a number, a sentence and a check, and a negative test that breaks this rule alone.
// Rules are in two groups: structure has to hold before content can be looked at, since content walks
// along operands. All checks together are O(nodes + operands) with one run of each shape rule.

// Verify checks everything that passes may rely on, by numbered invariants. Each violation is a line of the error
// with the number, the rule and the node. The rules on types, leaves and updates walk along operands, so they are
// checked only if the structure (invariants 1 to 9) is sound.
func Verify(g *Graph) error {
	var bad []error
	for _, rules := range [][]invariant{structure, content} {
		for _, r := range rules {
			r.check(g, func(format string, args ...any) {
				bad = append(bad, &violation{r.number, r.holds, fmt.Sprintf(format, args...)})
			})
		}
		if len(bad) > 0 {
			break
		}
	}
	return errors.Join(bad...)
}

// invariant is one rule. Numbers are for citing: they never change and are never given away again.
//
// check calls bad once for every place where the rule is broken.
type invariant struct {
	number int
	holds  string
	check  func(g *Graph, bad report)
}

// report tells where the rule is broken.
type report func(format string, args ...any)

// what is the place: a node's line or a name.
type violation struct {
	number      int
	holds, what string
}

// Error is one line, so that a test or a person can look for the number.
func (v *violation) Error() string {
	return fmt.Sprintf("graph.Verify: invariant %d (%s): %s", v.number, v.holds, v.what)
}

// structure is what a walk along operands needs.
var structure = []invariant{
	{1, "there is no nil node", func(g *Graph, bad report) {
		for i, n := range g.nodes {
			if n == nil {
				bad("node %d", i)
			}
		}
	}},
	{2, "IDs are positions", nodes(func(g *Graph, n *Node, i int) bool { return n.ID == i })},
	{3, "nodes know their graph", nodes(func(g *Graph, n *Node, _ int) bool { return n.g == g })},
	{4, "no node is poisoned", nodes(func(_ *Graph, n *Node, _ int) bool { return !n.poison })},
	{5, "every node has an op", func(g *Graph, bad report) {
		for i, n := range g.nodes {
			if n != nil && n.Op == nil {
				bad("node %d  %s", i, n.Site())
			}
		}
	}},
	{6, "ops are comparable", nodes(func(_ *Graph, n *Node, _ int) bool { return hashable(n.Op) })},
	{7, "operands come first", operandRule(func(g *Graph, n, x *Node) bool { return x == nil || x.g != g || x.ID < n.ID })},
	{8, "operands are nodes of this graph", operandRule(func(g *Graph, n, x *Node) bool { return x == nil || g.owns(x) })},
	{9, "no operand is nil", operandRule(func(_ *Graph, _, x *Node) bool { return x != nil })},
}

// content is what the nodes say, and what the graph's tables say of them.
var content = []invariant{
	{10, "a node has at least one result", nodes(func(_ *Graph, n *Node, _ int) bool { return len(n.Types) > 0 })},
	{11, "nodes of several results are read through Result only", operandRule(func(_ *Graph, n, x *Node) bool {
		_, picks := n.Op.(Result)
		return picks || len(x.Types) <= 1
	})},
	{12, "a Result picks an existing result of one node and has its type", ofOp(func(n *Node, r Result) bool {
		return len(n.In) == 1 && r.I >= 0 && r.I < len(n.In[0].Types) && len(n.Types) == 1 && n.Types[0] == n.In[0].Types[r.I]
	})},
	{13, "element types are f32, f64 or i32", types(func(t Type) bool { return t.DType <= I32 })},
	{14, "shapes have at most 8 axes and no negative dimension", types(func(t Type) bool { return t.Shape.checkDims() == nil })},
	{15, "values have fewer than 2⁴⁸ elements", types(func(t Type) bool { return t.Shape.checkSize() == nil })},
	{16, "types are what the shape rule infers", nodes(func(_ *Graph, n *Node, _ int) bool { return inferred(n) })},
	{17, "every op has a name", nodes(func(_ *Graph, n *Node, _ int) bool { return n.Op.Name() != "" })},
	{18, "the results of a fused op and of its expansion have the same types", ofOp(expands)},
	{19, "constants have no operands and their own type", ofOp(func(n *Node, c Const) bool {
		return len(n.In) == 0 && sameTypes(n.Types, []Type{c.T})
	})},
	{20, "constants have no value, one, or one an element, integers if of i32", ofOp(func(_ *Node, c Const) bool {
		return c.V != nil && c.checkValues() == nil
	})},
	{21, "leaves have no operands", ofOp(func(n *Node, _ Leaf) bool { return len(n.In) == 0 })},
	{22, "leaves have one result", ofOp(func(n *Node, _ Leaf) bool { return len(n.Types) == 1 })},
	{23, "leaves are inputs, parameters or states", ofOp(func(_ *Node, l Leaf) bool { return l.Kind <= StateLeaf })},
	{24, "leaves have names", ofOp(func(_ *Node, l Leaf) bool { return l.Path != "" })},
	{25, "names of leaves differ", checkLeafNames},
	{26, "leaves are found by name", ofOp(func(n *Node, l Leaf) bool { return n.g.leaves[l.Path] != nil })},
	{27, "what is found by a name is the leaf of that name", checkLeafTable},
	{28, "parameters and states have an initial value", ofOp(func(n *Node, l Leaf) bool {
		_, ok := n.g.inits[l.Path]
		return ok || l.Kind == InputLeaf
	})},
	{29, "initial values belong to leaves", func(g *Graph, bad report) {
		for name := range g.inits {
			if !hasLeaf(g, name) {
				bad("%q", name)
			}
		}
	}},
	{30, "parameters are floats", ofOp(func(n *Node, l Leaf) bool { return l.Kind != ParamLeaf || len(n.Types) == 0 || n.Types[0].DType != I32 })},
	{31, "equal ops on equal operands are one node", checkTwins},
	{32, "hash-consing finds every node", nodes(func(g *Graph, n *Node, _ int) bool { return consed(g, n) })},
	{33, "nodes carry a site", nodes(func(_ *Graph, n *Node, _ int) bool { return n.site.label != "" || n.site.pc[0] != 0 })},
	{34, "no mistake of building is recorded", func(g *Graph, bad report) {
		for _, err := range g.errs {
			bad("%v", err)
		}
	}},
	{35, "updates have a state and a value", func(g *Graph, bad report) {
		for i, u := range g.updates {
			if u.State == nil || u.Value == nil {
				bad("update %d", i)
			}
		}
	}},
	{36, "what is updated is a parameter or a state", updates(func(_ *Graph, u Update) bool {
		l, ok := u.State.Leaf()
		return ok && l.Kind != InputLeaf
	})},
	{37, "updates are made of nodes of this graph", updates(func(g *Graph, u Update) bool { return g.owns(u.State) && g.owns(u.Value) })},
	{38, "an update keeps the state's type", updates(func(_ *Graph, u Update) bool {
		return len(u.Value.Types) == 0 || len(u.State.Types) == 0 || u.Value.Types[0] == u.State.Types[0]
	})},
	{39, "the value of an update has one result", updates(func(_ *Graph, u Update) bool { return len(u.Value.Types) == 1 })},
	{40, "a state has one update", checkUpdatedOnce},
	{41, "the table of pending updates agrees with the updates", checkPending},
}

// nodes makes a rule that every node must keep.
//
// Nodes that other rules refuse (nil, without op) are passed over, so that one mistake is told once.
func nodes(ok func(g *Graph, n *Node, i int) bool) func(*Graph, report) {
	return func(g *Graph, bad report) {
		for i, n := range g.nodes {
			if n != nil && n.Op != nil && !ok(g, n, i) {
				bad("%v", n.brief())
			}
		}
	}
}

// ofOp makes a rule for the nodes whose op is an O.
func ofOp[O Op](ok func(n *Node, op O) bool) func(*Graph, report) {
	return nodes(func(_ *Graph, n *Node, _ int) bool {
		op, is := n.Op.(O)
		return !is || ok(n, op)
	})
}

// operandRule makes a rule for every operand of every node.
func operandRule(ok func(g *Graph, n, x *Node) bool) func(*Graph, report) {
	return nodes(func(g *Graph, n *Node, _ int) bool {
		for _, x := range n.In {
			if !ok(g, n, x) {
				return false
			}
		}
		return true
	})
}

// types makes a rule for the type of every result.
func types(ok func(t Type) bool) func(*Graph, report) {
	return nodes(func(_ *Graph, n *Node, _ int) bool {
		for _, t := range n.Types {
			if !ok(t) {
				return false
			}
		}
		return true
	})
}

// updates makes a rule for every update that is complete.
func updates(ok func(g *Graph, u Update) bool) func(*Graph, report) {
	return func(g *Graph, bad report) {
		for _, u := range g.updates {
			if u.State != nil && u.Value != nil && !ok(g, u) {
				bad("%s ← %v", u.State.Op.Name(), u.Value.brief())
			}
		}
	}
}

// owns does not trust x to know its graph.
func (g *Graph) owns(x *Node) bool {
	return x.g == g && x.ID >= 0 && x.ID < len(g.nodes) && g.nodes[x.ID] == x
}

// hashable is deep: an op may hold an interface that holds a slice.
//
// Comparable types may hold values that are not, which panic when they are used as keys.
func hashable(op Op) bool { return reflect.ValueOf(op).Comparable() }

// inferred runs the shape rule again. Leaves, constants and results have rules of their own.
func inferred(n *Node) bool {
	switch n.Op.(type) {
	case Leaf, Const, Result:
		return true
	}
	t, err := n.Op.Infer(operandTypes(n))
	return err == nil && sameTypes(t, n.Types)
}

// operandTypes is what the shape rule is given: all results of every operand, in order.
func operandTypes(n *Node) (in []Type) {
	for _, x := range n.In {
		in = append(in, x.Types...)
	}
	return in
}

// sameTypes compares lists of types one by one.
func sameTypes(a, b []Type) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// expands builds the expansion of a fused op in a graph of its own, so that the graph under test does not grow. A
// fused op and its expansion that disagree would give a gradient of the wrong type, far from the cause.
func expands(n *Node, op Fused) bool {
	g, in := New(), []*Node{}
	for i, t := range operandTypes(n) {
		in = append(in, g.Input(fmt.Sprintf("in%d", i), t))
	}
	var got []Type
	for _, y := range op.Unfused(in) {
		got = append(got, y.Type())
	}
	return g.Err() == nil && sameTypes(got, n.Types)
}

// allInt32 says whether conversion to int32 loses nothing.
func allInt32(v []float64) bool {
	for _, x := range v {
		if x != math.Trunc(x) || x < math.MinInt32 || x > math.MaxInt32 {
			return false
		}
	}
	return true
}

// checkLeafNames finds pairs of leaves that would be fed and saved as one.
func checkLeafNames(g *Graph, bad report) {
	first := map[string]*Node{}
	for _, n := range g.nodes {
		if l, ok := n.Leaf(); ok {
			if m := first[l.Path]; m != nil {
				bad("%v and %v", m.brief(), n.brief())
			}
			first[l.Path] = n
		}
	}
}

// checkLeafTable finds names that lead to what is not the leaf of that name.
func checkLeafTable(g *Graph, bad report) {
	for name, n := range g.leaves {
		if n == nil {
			bad("%q is no node", name)
		} else if l, ok := n.Leaf(); !ok || l.Path != name || !g.owns(n) {
			bad("%q is %v", name, n.brief())
		}
	}
}

// hasLeaf looks through the nodes, not the table, which may be wrong itself.
func hasLeaf(g *Graph, name string) bool {
	for _, n := range g.nodes {
		if l, ok := n.Leaf(); ok && l.Path == name {
			return true
		}
	}
	return false
}

// checkTwins finds what hash-consing has let through. Leaves are told apart by name, see 25.
func checkTwins(g *Graph, bad report) {
	first := map[key]*Node{}
	for _, n := range g.nodes {
		if _, ok := n.Leaf(); ok {
			continue
		}
		k := key{n.Op, operands(n.In)}
		if m := first[k]; m != nil {
			bad("v%d and %v", m.ID, n.brief())
		}
		first[k] = n
	}
}

// consed says that the table answers for n's op and operands, with n or, where 31 is broken, its twin.
func consed(g *Graph, n *Node) bool {
	if _, ok := n.Leaf(); ok {
		return true
	}
	k := key{n.Op, operands(n.In)}
	m := g.cons[k]
	return m != nil && g.owns(m) && k == key{m.Op, operands(m.In)}
}

// checkUpdatedOnce finds states whose value after the step would depend on the order of updates.
func checkUpdatedOnce(g *Graph, bad report) {
	first := map[*Node]bool{}
	for _, u := range g.updates {
		if first[u.State] && u.State != nil {
			bad("%v", u.State.brief())
		}
		first[u.State] = true
	}
}

// checkPending compares both directions: a stale entry would make Current answer with another state's value, a missing
// one would make a second Update of the state append instead of replace.
func checkPending(g *Graph, bad report) {
	for s, i := range g.pending {
		if i < 0 || i >= len(g.updates) || g.updates[i].State != s {
			bad("%v is said to have update %d of %d", s.brief(), i, len(g.updates))
		}
	}
	for _, u := range g.updates {
		if _, ok := g.pending[u.State]; !ok && u.State != nil {
			bad("%v has an update that nobody finds", u.State.brief())
		}
	}
}

// brief is the node's line, fit for nodes that are themselves broken.
func (n *Node) brief() string {
	for _, x := range n.In {
		if x == nil {
			return fmt.Sprintf("v%d = %s of %d operands  %s", n.ID, opName(n.Op), len(n.In), n.Site())
		}
	}
	return n.String()
}
