package compile

import (
	"regexp"
	"sort"
	"strings"

	"rpnc/graph"
	"rpnc/ops"
)

// fuseHeads finds computations that are built alike over different parameters (heads, channels) and makes one
// computation over stacked parameters of them, with the results as slices. It looks for equal structure from the
// results down: nodes whose histories differ in nothing but which parameters and states of one type they read. Two heads
//
//	y₀ = tanh(x·W₀ᵀ + b₀),  y₁ = tanh(x·W₁ᵀ + b₁)      four kernels, or six
//
// become Y = tanh(x·[W₀; W₁]ᵀ + [b₀; b₁]) with y₀ = Y[0] and y₁ = Y[1], two kernels: the stacks of parameters are one piece
// of memory of the store, and the slices are views. Going down from the results decides which parameters belong
// together: the queries of two heads, not the query and the key of one, though all four have one type and one reader.
//
// What a head reads of its own need not be a parameter: equal parts of one value, along its first axis, are a stack as they
// lie. Such are the rows of a joining matrix that meet the results of one head (see distribute).
func fuseHeads(g *graph.Graph, roots []*graph.Node) (*graph.Graph, []*graph.Node) {
	live := g.Live(roots...)
	s := &stacks{group: map[*graph.Node]*stack{}, sig: signatures(live), readers: readersOf(live)}
	classes := map[int][]*graph.Node{}
	for _, n := range live {
		classes[s.sig[n]] = append(classes[s.sig[n]], n)
	}
	for i := len(live) - 1; i >= 0; i-- {
		if s.group[live[i]] == nil {
			s.seed(classes[s.sig[live[i]]])
		}
	}
	s.prune()
	groups := [][]*graph.Node{}
	for _, st := range s.all {
		if !st.leaf() {
			groups = append(groups, st.members)
		}
	}
	if len(groups) == 0 {
		return g, roots
	}
	h, mapped, _ := contract(g, roots, groups, s.merge)
	return applyRules(h, mapped, []rule{sumOfLanes})
}

// How stacks are found. The signature of a node is a number that tells its whole history but for the names of parameters
// and states; nodes of equal signature are a class. From the results down, every class that has not been met becomes a
// stack, and its members' operands, place by place, become one of three things (see operand). A stack is given up again
// where its op has no stacked form or the operands would have to be copied, and with it the stacks that only serve it.

// anonymous is the signature of a parameter or state: which one it is does not count.
type anonymous struct {
	kind graph.LeafKind
	t    graph.Type
}

// shape is the signature of an op: itself and the signatures of its operands.
type shape struct {
	op graph.Op
	in string
}

// lane is the signature of one of several equal parts of a value: which one it is does not count.
type lane struct{ of, size int }

// signatures numbers nodes so that equal numbers mean equal structure.
//
// Parts of a value are alike where nothing else is like that value: parts of values that are stacked themselves go by their
// places in them. Which values those are, a first round tells.
func signatures(live []*graph.Node) map[*graph.Node]int {
	exact := numbered(live, nil)
	like := map[int]int{}
	for _, n := range live {
		like[exact[n]]++
	}
	return numbered(live, func(n *graph.Node) bool { return like[exact[n]] == 1 })
}

// numbered gives equal numbers to nodes of equal structure; parts of a value for which alone holds are alike.
//
// Nodes come in topological order, so operands have numbers already; one map serves all keys. O(nodes +
// operands).
func numbered(live []*graph.Node, alone func(*graph.Node) bool) map[*graph.Node]int {
	sig, numbers := map[*graph.Node]int{}, map[any]int{}
	for _, n := range live {
		var k any = n
		l, leaf := n.Leaf()
		_, size, part := partOf(n)
		// An input or a constant is like itself alone: heads that read different data are different.
		switch {
		case leaf && l.Kind != graph.InputLeaf && n.DType().IsFloat():
			k = anonymous{l.Kind, n.Type()}
		case part && alone != nil && alone(n.In[0]):
			k = lane{sig[n.In[0]], size}
		case !leaf && len(n.In) > 0:
			var b strings.Builder
			for _, x := range n.In {
				b.WriteString(itoa(sig[x]))
			}
			k = shape{n.Op, b.String()}
		}
		if _, ok := numbers[k]; !ok {
			numbers[k] = len(numbers)
		}
		sig[n] = numbers[k]
	}
	return sig
}

// partOf reads n as one of equal parts of its operand along the first axis: part number at, of size rows.
func partOf(n *graph.Node) (at, size int, ok bool) {
	op, ok := n.Op.(ops.Slice)
	if !ok || axisOf(op.Axis, n.Shape()) != 0 {
		return 0, 0, false
	}
	size = op.Hi - op.Lo
	return op.Lo / max(1, size), size, size > 0 && op.Lo%size == 0 && n.In[0].Shape().Dim(0)%size == 0
}

// itoa is a number in four bytes.
func itoa(i int) string { return string([]byte{byte(i), byte(i >> 8), byte(i >> 16), byte(i >> 24)}) }

// stack is a list of nodes of equal structure that become one node with a new first axis.
//
// members are in the order of the lanes: lane i of the stacked node is what member i computes.
type stack struct {
	members []*graph.Node
	in      []operand
	node    *graph.Node // the stacked node, once it is built
	dropped bool
}

// operand is what the members read at one place: one common node, the members of another stack, parts of one value that
// follow each other, or separate nodes.
type operand struct {
	common *graph.Node
	stack  *stack
	parts  []*graph.Node
	loose  []*graph.Node
}

// leaf says that the members are parameters or states, which are joined rather than computed.
func (st *stack) leaf() bool { _, ok := st.members[0].Leaf(); return ok }

// stacks are all stacks of a graph while they are looked for: by member, in the order in which they
// were found, with the signatures and readers of all live nodes.
type stacks struct {
	group   map[*graph.Node]*stack
	all     []*stack
	sig     map[*graph.Node]int
	readers map[*graph.Node][]*graph.Node
}

var number = regexp.MustCompile("[0-9]+")

// seed makes a stack of all nodes of a class that are in none, and walks down to their operands.
//
// Nodes of several results are never seeds, as nobody outside could read their slices, and parts of a value are views as
// they are.
func (s *stacks) seed(class []*graph.Node) {
	var free []*graph.Node
	for _, n := range class {
		_, leaf := n.Leaf()
		_, _, part := partOf(n)
		if s.group[n] == nil && !leaf && !part && len(n.Types) == 1 {
			free = append(free, n)
		}
	}
	if len(free) < 2 {
		return
	}
	// The order of the lanes decides how parameters lie in the store, so it must be the same in every program. Head 10 comes
	// after head 9: sums of heads are built in the order of numbers, and views of lanes in that order join again.
	names := map[*graph.Node]string{}
	for _, n := range free {
		names[n] = number.ReplaceAllStringFunc(leavesBelow(n), func(digits string) string { return string(rune(len(digits))) + digits })
	}
	sort.SliceStable(free, func(i, j int) bool { return names[free[i]] < names[free[j]] })
	s.add(free)
}

// leavesBelow lists the parameters and states that n depends on, in the order of its structure: the same for every
// order of nodes.
func leavesBelow(n *graph.Node) string {
	var b strings.Builder
	seen := map[*graph.Node]bool{}
	var walk func(*graph.Node)
	walk = func(n *graph.Node) {
		if seen[n] {
			return
		}
		seen[n] = true
		if l, ok := n.Leaf(); ok {
			b.WriteString(l.Path + "\n")
		}
		for _, x := range n.In {
			walk(x)
		}
	}
	walk(n)
	return b.String()
}

// add makes a stack of members and, place by place, of what they read. Members have equal signatures, so their histories
// have equal depth and none can be in the history of another: groups never make a circle.
func (s *stacks) add(members []*graph.Node) *stack {
	st := &stack{members: members}
	s.all = append(s.all, st)
	for _, n := range members {
		s.group[n] = st
	}
	for k := range members[0].In {
		st.in = append(st.in, s.operand(members, k))
	}
	return st
}

// operand pairs what the members read at place k.
//
// Pairing place by place is what keeps queries with queries: members' operands at place k belong
// together whatever else is alike.
func (s *stacks) operand(members []*graph.Node, k int) operand {
	xs, distinct := make([]*graph.Node, len(members)), map[*graph.Node]bool{}
	taken := false
	for i, n := range members {
		xs[i] = n.In[k]
		distinct[xs[i]] = true
		taken = taken || s.group[xs[i]] != nil
	}
	switch {
	case len(distinct) == 1: // the data that all heads read
		return operand{common: xs[0]}
	case len(distinct) < len(xs) || len(xs[0].Types) > 1 && !isColumnNorm(xs[0]):
		return operand{loose: xs}
	case followEachOther(xs):
		return operand{parts: xs}
	case arePartsOfOne(xs):
		return operand{loose: xs}
	case !taken:
		return operand{stack: s.add(xs)}
	}
	// They are in stacks already. Only if that is one stack, whole and in the same order, its lanes are those needed here.
	st := s.group[xs[0]]
	if st == nil || len(st.members) != len(xs) {
		return operand{loose: xs}
	}
	for i, x := range xs {
		if st.members[i] != x {
			return operand{loose: xs}
		}
	}
	return operand{stack: st}
}

// arePartsOfOne says that xs, which are alike and different, are parts of one value.
func arePartsOfOne(xs []*graph.Node) bool {
	_, _, part := partOf(xs[0])
	return part && xs[0].In[0] == xs[1].In[0]
}

// followEachOther says that xs are parts of one value in the order in which they lie in it.
func followEachOther(xs []*graph.Node) bool {
	first, _, _ := partOf(xs[0])
	for i, x := range xs {
		if at, _, _ := partOf(x); !arePartsOfOne(xs) || at != first+i {
			return false
		}
	}
	return true
}

// prune drops stacks that have no batched form, that would copy more than they save, or that serve no product.
//
// Pruning goes to a fixed point: a stack that is dropped leaves its readers with separate operands, which they would have
// to join by copying.
func (s *stacks) prune() {
	// Dropping a stack makes its readers' operands loose, which may be too dear for them in turn.
	for changed := true; changed; {
		changed = false
		for _, st := range s.all {
			if st.dropped || st.leaf() {
				continue
			}
			for k, o := range st.in {
				if o.stack != nil && o.stack.dropped {
					st.in[k] = operand{loose: elements(st.members, k)}
				}
			}
			if !st.batches() || st.copies() || s.leaks(st) {
				st.dropped, changed = true, true
			}
		}
	}
	s.keepProducts()
}

// leaks says that a result of several is read outside of stacks. A stack has such results as a whole only: a slice is of
// one result, not of the node that has them.
func (s *stacks) leaks(st *stack) bool {
	if len(st.members[0].Types) == 1 {
		return false
	}
	for _, n := range st.members {
		for _, r := range s.readers[n] {
			if to := s.group[r]; to == nil || to.dropped {
				return true
			}
		}
	}
	return false
}

// elements lists what the members read at place k.
func elements(members []*graph.Node, k int) []*graph.Node {
	xs := make([]*graph.Node, len(members))
	for i, n := range members {
		xs[i] = n.In[k]
	}
	return xs
}

// copies says that joining separate operands costs more than the stack can save.
//
// A product of few rows is bound by reading its matrix, which a copy reads and writes once more.
func (st *stack) copies() bool {
	size := 0
	for _, o := range st.in {
		for _, x := range o.loose {
			size += x.Shape().Size()
		}
	}
	if !isMatrixProduct(st.members[0]) {
		return size > 0
	}
	// Copying an element costs about as much as some tens of multiply-adds of a product that is read from cache.
	return float64(32*size) > flops(st.members[0])*float64(len(st.members))
}

// isMatrixProduct says that n is worth stacking for its own sake.
func isMatrixProduct(n *graph.Node) bool {
	switch n.Op.(type) {
	case ops.MatMul, ops.SpMM:
		return true
	}
	return false
}

// keepProducts keeps the stacks that are connected with a product: merging small elementwise nodes alone gains nothing.
//
// It walks stacks as an undirected graph.
func (s *stacks) keepProducts() {
	reach := map[*stack][]*stack{}
	var todo, kept []*stack
	for _, st := range s.all {
		if st.dropped || st.leaf() {
			continue
		}
		for _, o := range st.in {
			if o.stack != nil {
				reach[st] = append(reach[st], o.stack)
				if !o.stack.leaf() {
					reach[o.stack] = append(reach[o.stack], st)
				}
			}
		}
		if isMatrixProduct(st.members[0]) {
			todo = append(todo, st)
		}
	}
	// From every product along operands and readers; parameters are not crossed, or all their users would be connected.
	seen := map[*stack]bool{}
	for len(todo) > 0 {
		st := todo[0]
		todo = todo[1:]
		if !seen[st] {
			seen[st] = true
			todo = append(todo, reach[st]...)
		}
	}
	for _, st := range s.all {
		if seen[st] && !st.dropped {
			kept = append(kept, st)
		}
	}
	s.all = kept
	for n, st := range s.group {
		if !seen[st] || st.dropped {
			delete(s.group, n)
		}
	}
}

// merge builds the stacked node of a group; members become its slices.
//
// Readers outside get slices: of the first axis, so they are views and cost nothing.
func (s *stacks) merge(h *graph.Graph, group []*graph.Node, of func(*graph.Node) *graph.Node) []*graph.Node {
	st := s.group[group[0]]
	st.node = st.build(h, of)
	out := make([]*graph.Node, len(group))
	for i, n := range group {
		if out[i] = st.node; len(n.Types) == 1 { // of several results, all readers are stacks
			out[i] = ops.ReshapeTo(ops.SliceAxis(st.node, 0, i, i+1), n.Shape())
		}
	}
	return out
}

// value is the operand in the new graph; stacked says that it has the new first axis.
func (o operand) value(of func(*graph.Node) *graph.Node) (x *graph.Node, stacked bool) {
	all := func(ns []*graph.Node) *graph.Node {
		xs := make([]*graph.Node, len(ns))
		for i, n := range ns {
			xs[i] = of(n)
		}
		return ops.Stack(xs...)
	}
	switch {
	case o.parts != nil: // rows of a value are a stack under another shape
		first, size, _ := partOf(o.parts[0])
		x := ops.SliceAxis(of(o.parts[0].In[0]), 0, first*size, (first+len(o.parts))*size)
		return ops.ReshapeTo(x, graph.Sh(append([]int{len(o.parts)}, o.parts[0].Shape().Dims()...)...)), true
	case o.common != nil:
		return of(o.common), false
	case o.stack == nil:
		return all(o.loose), true
	case o.stack.leaf():
		return all(o.stack.members), true
	}
	return o.stack.node, true
}
