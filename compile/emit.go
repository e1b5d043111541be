package compile

import (
	"fmt"
	"hash"
	"hash/fnv"
	"math"
	"sync/atomic"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"rpnc/graph"
	"rpnc/ops"
)

// The emitted graph is a gorgonia ExprGraph like any other: it can be drawn, sorted, and run by a TapeMachine. What is
// particular about it:
//
//   - All memory is planned. A kernel finds its operands by address, and the values that gorgonia hands from instruction to
//     instruction are headers over that memory, which nobody reads. Edges are there for the order.
//   - gorgonia orders by data alone, and reuse of memory is right for one order only. So every instruction also hangs on the
//     one before it: the graph is a chain with further edges.
//   - gorgonia takes two ops of one hash for one op, so hashes are numbers that no other instruction of the process has.

// instruction is the only gorgonia.Op of emitted graphs: kernels and the commit are instructions. It owns its result, so
// that a VM never allocates; gorgonia's own ops are not used, because they write over memory that they take for dead.
type instruction struct {
	id    uint64
	in    []*gorgonia.Node
	out   *tensor.Dense
	units []*unit // several for a commit
	nan   bool
	fail  *error // where the program looks for what went wrong
}

// instructions counts all instructions of the process: gorgonia takes ops of equal hash for one, so no two share one.
var instructions atomic.Uint64

var gorgoniaType = map[graph.DType]tensor.Dtype{graph.F32: tensor.Float32, graph.F64: tensor.Float64, graph.I32: tensor.Int32}

// Arity is the number of operands, the order edge included.
func (o *instruction) Arity() int { return len(o.in) }

// Type is a fresh function type at every call: gorgonia takes it back into a pool.
func (o *instruction) Type() hm.Type {
	ts := make([]hm.Type, 0, len(o.in)+1)
	for _, x := range o.in {
		ts = append(ts, tensorType(x.Dtype(), x.Shape()))
	}
	return hm.NewFnType(append(ts, tensorType(o.out.Dtype(), o.out.Shape()))...)
}

// tensorType is gorgonia's type of a tensor, by rank and element type.
func tensorType(d tensor.Dtype, s tensor.Shape) hm.Type {
	return gorgonia.TensorType{Dims: s.Dims(), Of: d}
}

// InferShape is the shape of the result that the instruction owns.
func (o *instruction) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	return o.out.Shape().Clone(), nil
}

// ReturnsPtr says that the result is memory, not a copy.
func (o *instruction) ReturnsPtr() bool { return true }

// CallsExtern is false: with true, the TapeMachine would allocate a result for every run.
func (o *instruction) CallsExtern() bool { return false }

// OverwritesInput is −1: in-place work is planned here, not by gorgonia.
func (o *instruction) OverwritesInput() int { return -1 }

// WriteHash is the identity of the instruction.
func (o *instruction) WriteHash(h hash.Hash) { fmt.Fprintf(h, "rpnc#%d", o.id) }

// Hashcode is that of WriteHash.
func (o *instruction) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

// String names the instruction in gorgonia's errors and drawings.
func (o *instruction) String() string {
	if len(o.units) == 1 {
		return o.units[0].name()
	}
	return fmt.Sprintf("Commit of %d kernels", len(o.units))
}

// Do runs the kernels. It takes no notice of the values, since kernels know their memory.
func (o *instruction) Do(...gorgonia.Value) (gorgonia.Value, error) {
	err := o.exec()
	return o.out, err
}

// exec runs the kernels and turns a panic into an error that names the node: a panic inside a VM would end the process.
func (o *instruction) exec() (err error) {
	at := 0
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("compile: %s: %v", o.units[at].name(), r)
			*o.fail = err
		}
	}()
	// One deferred call guards all kernels; at says which of them panicked.
	for at = range o.units {
		o.units[at].exec()
		if o.nan {
			o.units[at].panicOnNaN()
		}
	}
	return nil
}

// panicOnNaN is the check of Options.NaN.
//
// The check is a panic because exec turns panics into errors that name the node, and a run without it pays nothing.
func (u *unit) panicOnNaN() {
	for i, b := range u.dst {
		for k, x := range b.F32 {
			if x != x {
				panic(fmt.Sprintf("result %d is NaN at element %d", i, k))
			}
		}
		for k, x := range b.F64 {
			if math.IsNaN(x) {
				panic(fmt.Sprintf("result %d is NaN at element %d", i, k))
			}
		}
	}
}

// emitter builds the gorgonia graph of a schedule.
//
// A leaf of the emitted graph is memory that no instruction writes before it is read: inputs, constants, and the states,
// which the commit writes when everybody is done.
type emitter struct {
	g     *gorgonia.ExprGraph
	nodes map[*slot]*gorgonia.Node
	prev  *gorgonia.Node // the instruction before: an edge from it keeps the order of the plan
	count int
	nan   bool
	fail  *error
}

// emit turns a schedule into a gorgonia graph and says how many instructions it has.
func emit(s *schedule, nan bool, fail *error) (*gorgonia.ExprGraph, int, error) {
	e := &emitter{g: gorgonia.NewGraph(), nodes: map[*slot]*gorgonia.Node{}, nan: nan, fail: fail}
	for _, u := range s.units {
		if err := e.unit(u); err != nil {
			return nil, 0, err
		}
	}
	if s.commit != nil && len(s.commit.units) > 0 {
		if err := e.commit(s.commit); err != nil {
			return nil, 0, err
		}
	}
	return e.g, e.count, nil
}

// unit emits a kernel. Readers of any of its results hang on its one node: kernels know their memory, so gorgonia needs
// the edge alone.
func (e *emitter) unit(u *unit) error {
	in, err := e.operands(u.in)
	if err != nil {
		return err
	}
	n, err := e.apply(in, dense(u.out[0].t, u.dst[0]), u)
	for _, x := range u.out {
		e.nodes[x] = n
	}
	return err
}

// commit emits the updates as one instruction.
func (e *emitter) commit(c *commit) error {
	joinSteps(c.units)
	var reads []*slot
	written := map[*slot]bool{}
	for _, u := range c.units {
		for _, x := range u.in {
			// What a member reads of another member is inside the instruction and no edge.
			if !written[x] {
				reads = append(reads, x)
			}
		}
		for _, x := range u.out {
			written[x] = true
		}
	}
	in, err := e.operands(reads)
	if err != nil {
		return err
	}
	done := graph.Type{DType: graph.F64}
	_, err = e.apply(in, dense(done, ops.NewBuffer(done)), c.units...)
	return err
}

// operands are the distinct nodes of slots.
func (e *emitter) operands(in []*slot) (out []*gorgonia.Node, err error) {
	seen := map[*gorgonia.Node]bool{}
	for _, x := range in {
		n := e.node(x)
		if n == nil {
			return nil, fmt.Errorf("compile: a value of %v is read before it is computed", x.t)
		}
		if !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	return out, nil
}

// node is the gorgonia node of a slot: a leaf for memory that no kernel of a run writes, that of the parent for a view.
func (e *emitter) node(x *slot) *gorgonia.Node {
	if n := e.nodes[x]; n != nil {
		return n
	}
	switch {
	case x.parts != nil: // written by several kernels, which all come before their reader: an edge from one is enough
		for x.parts != nil {
			x = x.parts[0]
		}
		return e.nodes[x]
	case x.parent != nil:
		return e.node(x.parent)
	case x.kind == tempSlot || x.kind == heldSlot || x.kind == outputSlot:
		return nil
	}
	d := dense(x.t, x.buf)
	// gorgonia takes inputs of one name, type and shape for one input.
	name := x.leaf
	if name == "" {
		name = fmt.Sprintf("constant %d", len(e.nodes))
	}
	n := gorgonia.NewTensor(e.g, d.Dtype(), d.Dims(), gorgonia.WithShape(d.Shape().Clone()...), gorgonia.WithName(name), gorgonia.WithValue(d))
	e.nodes[x] = n
	return n
}

// apply adds one instruction after the one before.
func (e *emitter) apply(in []*gorgonia.Node, out *tensor.Dense, units ...*unit) (*gorgonia.Node, error) {
	// gorgonia orders by data edges alone, and an arena is right for one order only.
	ordered := e.prev == nil
	for _, x := range in {
		ordered = ordered || x == e.prev
	}
	if !ordered {
		in = append(in, e.prev)
	}
	op := &instruction{id: instructions.Add(1), in: in, out: out, units: units, nan: e.nan, fail: e.fail}
	// What reads nothing still needs an operand, since gorgonia finds the graph of an op through its operands.
	if len(in) == 0 {
		op.in = []*gorgonia.Node{e.begin()}
	}
	n, err := gorgonia.ApplyOp(op, op.in...)
	if err != nil {
		return nil, fmt.Errorf("compile: %v: %w", op, err)
	}
	e.prev = n
	e.count++
	return n, nil
}

// begin is a leaf to hang an instruction on that reads nothing: gorgonia knows ops by their operands' graph.
func (e *emitter) begin() *gorgonia.Node {
	t := graph.Type{DType: graph.F64}
	return gorgonia.NewTensor(e.g, tensor.Float64, 1, gorgonia.WithShape(1), gorgonia.WithName("begin"), gorgonia.WithValue(dense(t, ops.NewBuffer(t))))
}

// dense is gorgonia's header over memory of ours. A scalar is a vector of one; an empty tensor, which gorgonia does
// not know, is a vector of one that nobody reads.
func dense(t graph.Type, b ops.Buffer) *tensor.Dense {
	dims := t.Shape.Dims()
	if t.Shape.Size() == 0 {
		dims, b = nil, ops.NewBuffer(graph.Type{DType: t.DType})
	}
	if len(dims) == 0 {
		dims = []int{1}
	}
	var backing any = b.F64
	switch t.DType {
	case graph.F32:
		backing = b.F32
	case graph.I32:
		backing = b.I32
	}
	return tensor.New(tensor.WithShape(dims...), tensor.WithBacking(backing), tensor.Of(gorgoniaType[t.DType]))
}
