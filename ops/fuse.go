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
// of them that are read elsewhere. Applied to inputs, the op has one result an output. A Broadcast becomes its
// operand, read with repetition; a constant of equal elements becomes an immediate.
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

type valueClass uint8

const (
	inputValue valueClass = iota
	immValue
	codeValue
)

type fuser struct {
	at     map[*graph.Node]ref
	inputs []*graph.Node
	imm    []float64
	code   []fusedInstr
}

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
		return f.operand(n.In[0])
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
