package ops

import "rpnc/graph"

// Fusable says whether n can be part of an [Elementwise] chain: an elementwise primitive, or a Broadcast.
func Fusable(n *graph.Node) bool {
	switch n.Op.(type) {
	case Unary, Binary, graph.Add, Dropout, Broadcast:
		return !n.Poisoned()
	}
	return false
}

// FuseElementwise makes one op of fusable nodes, which all have one shape and come operands first. outputs are those
// of them that are read elsewhere. Applied to inputs, the op has one result an output.
//
// What a node reads from outside becomes an input, with two exceptions: a Broadcast, inside or outside, becomes its
// operand, read with repetition, and a constant of equal elements becomes an immediate. So an input may have any
// shape that broadcasts to that of the nodes.
func FuseElementwise(nodes, outputs []*graph.Node) (op Elementwise, inputs []*graph.Node) {
	f := fuser{at: map[*graph.Node]ref{}}
	for _, n := range nodes {
		f.at[n] = f.node(n)
	}
	out := make([]int, len(outputs))
	for i, n := range outputs {
		out[i] = f.number(f.at[n])
	}
	code := make([]Instr, len(f.code))
	for i, c := range f.code {
		code[i] = Instr{c.op, f.number(c.a), -1}
		if c.binary {
			code[i].B = f.number(c.b)
		}
	}
	return Elementwise{NewProgram(len(f.inputs), f.imm, code, out...), outputs[0].Shape()}, f.inputs
}

// ref is a value of a program under construction, numbered within its class because the classes still grow.
type ref struct {
	class valueClass
	i     int
}

// valueClass tells the three kinds of values apart.
type valueClass uint8

// The classes, in the order in which a [Program] numbers them.
const (
	inputValue valueClass = iota
	immValue
	codeValue
)

// fuser collects the parts of a program.
type fuser struct {
	at     map[*graph.Node]ref // nodes and outside operands seen so far
	inputs []*graph.Node
	imm    []float64
	code   []fusedInstr
}

// fusedInstr is an [Instr] before its operands have their final numbers; b counts only if binary is set.
type fusedInstr struct {
	op     graph.Op
	a, b   ref
	binary bool
}

// number is the final number of a value.
func (f *fuser) number(r ref) int {
	switch r.class {
	case inputValue:
		return r.i
	case immValue:
		return len(f.inputs) + r.i
	}
	return len(f.inputs) + len(f.imm) + r.i
}

// node adds n, whose operands within the set have been added.
func (f *fuser) node(n *graph.Node) ref {
	if _, ok := n.Op.(Broadcast); ok {
		return f.operand(n.In[0]) // no instruction: repetition is how an operand is read
	}
	c := fusedInstr{op: n.Op, a: f.operand(n.In[0])}
	if c.binary = len(n.In) == 2; c.binary {
		c.b = f.operand(n.In[1])
	}
	f.code = append(f.code, c)
	return ref{codeValue, len(f.code) - 1}
}

// operand finds or adds the value of x. A Broadcast outside the set is looked through: its operand is smaller to read.
func (f *fuser) operand(x *graph.Node) ref {
	if r, ok := f.at[x]; ok {
		return r
	}
	var r ref
	if _, ok := x.Op.(Broadcast); ok {
		r = f.operand(x.In[0])
	} else if v, ok := splat(x); ok {
		r = ref{immValue, len(f.imm)}
		f.imm = append(f.imm, v)
	} else {
		r = ref{inputValue, len(f.inputs)}
		f.inputs = append(f.inputs, x)
	}
	f.at[x] = r
	return r
}

// splat is the value of a constant of equal floats.
func splat(x *graph.Node) (float64, bool) {
	c, ok := x.Op.(graph.Const)
	if !ok || !x.DType().IsFloat() {
		return 0, false
	}
	return c.Splat()
}
