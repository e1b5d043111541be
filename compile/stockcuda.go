//go:build cuda

package compile

import (
	"fmt"
	"hash"
	"hash/fnv"
	"runtime"
	"sync"
	"unsafe"

	"github.com/chewxy/hm"
	"gorgonia.org/cu"
	"gorgonia.org/gorgonia"
	engine "gorgonia.org/gorgonia/cuda"
	"gorgonia.org/tensor"

	"rpnc/graph"
	"rpnc/ops"
	"rpnc/ops/cuda"
)

// Stock is a program as a plain graph of gorgonia, one node an op, for those who run gorgonia's own CUDA machine already:
// the nodes implement gorgonia's CUDADoer with the PTX of package [rpnc/ops/cuda]. It needs the build tag cuda, cgo and the
// headers of CUDA 11 or 12 and of cuDNN 8, which gorgonia's engine wants; `Options{Device: "cuda"}` needs none of these,
// and keeps parameters on the device.
//
// What that machine does with it: parameters and inputs are leaves with values on the host, which go up at every RunAll,
// and Values come down; every launch is followed by a wait; ops without a kernel run on the host. A program built with the
// tag ends before main where there is no GPU, and [gorgonia.NewTapeMachine] panics where the engine fails. gorgonia is known
// to race on chains of 28 and more launches; BindDualValues, TraceExec and the lisp machine do not work there. Close the
// machine to free device memory. No GPU has run this: it is vetted and built against the headers of CUDA 11.8,
// and built against those of 12.4, with those of cuDNN 8.9, taken from the wheels on PyPI, and empty libraries to link with.
type Stock struct {
	Graph   *gorgonia.ExprGraph
	Leaves  map[string]*gorgonia.Node // inputs, parameters and states, with their values
	Outputs []*gorgonia.Node
	Values  []gorgonia.Value // of the outputs, after a run
}

// Stock emits the program's graph, forward and backward as it was compiled. A program with updates is an error: gorgonia's
// solvers update, from the gradients of [WithGrad].
func (p *Program) Stock() (*Stock, error) {
	if n := len(p.graph.Updates()); n > 0 {
		return nil, fmt.Errorf("compile.Program.Stock: the program has %d updates; want one of Forward on a graph for evaluation, or of WithGrad", n)
	}
	s := &stockEmitter{p: p, nodes: map[*graph.Node]*gorgonia.Node{},
		out: &Stock{Graph: gorgonia.NewGraph(), Leaves: map[string]*gorgonia.Node{}, Values: make([]gorgonia.Value, len(p.roots))}}
	for _, n := range p.graph.Live(p.roots...) {
		if err := s.emit(n); err != nil {
			return nil, fmt.Errorf("compile.Program.Stock: %s: %w", n.Op.Name(), err)
		}
	}
	for i, r := range p.roots {
		s.out.Outputs = append(s.out.Outputs, s.nodes[r])
		gorgonia.Read(s.nodes[r], &s.out.Values[i])
	}
	return s.out, nil
}

// stockEmitter emits node by node.
type stockEmitter struct {
	p     *Program
	nodes map[*graph.Node]*gorgonia.Node
	out   *Stock
}

// emit adds the gorgonia node of n. One with several results has none: each port is an op of its own.
func (s *stockEmitter) emit(n *graph.Node) error {
	switch op := n.Op.(type) {
	case graph.Leaf:
		b := s.p.inputs[op.Path].buf
		if op.Kind != graph.InputLeaf {
			b = s.p.store.bind(op.Path)
			s.p.store.lent.Store(true)
		}
		s.nodes[n] = s.leaf(op.Path, n.Type(), b)
		s.out.Leaves[op.Path] = s.nodes[n]
		return nil
	case graph.Result:
		return s.apply(n, n.In[0], op.I)
	}
	if len(n.Types) > 1 {
		return nil
	}
	return s.apply(n, n, 0)
}

// leaf is a value on the host.
func (s *stockEmitter) leaf(name string, t graph.Type, b ops.Buffer) *gorgonia.Node {
	d := dense(t, b)
	return gorgonia.NewTensor(s.out.Graph, d.Dtype(), d.Dims(), gorgonia.WithShape(d.Shape().Clone()...), gorgonia.WithName(name), gorgonia.WithValue(d))
}

// apply adds result i of the op of from as the node of n. What reads nothing is a constant.
func (s *stockEmitter) apply(n, from *graph.Node, i int) error {
	o := stockOp{id: instructions.Add(1), op: from.Op, out: from.Types, result: i}
	var in []*gorgonia.Node
	for _, x := range from.In {
		o.in = append(o.in, x.Type())
		in = append(in, s.nodes[x])
	}
	if len(in) == 0 {
		v, err := graph.EvalOp(o.op, o.out, nil)
		if err != nil {
			return err
		}
		b := ops.NewBuffer(n.Type())
		b.Load(v[i])
		s.nodes[n] = s.leaf(fmt.Sprintf("constant %d", o.id), n.Type(), b)
		return nil
	}
	k, err := cuda.Bind(o.op, o.in, o.out, cuda.Exact)
	var op gorgonia.Op = &o
	if err == nil {
		op = &deviceOp{stockOp: o, kernel: k.Foreign(), at: map[*engine.Engine]*resident{}}
	}
	s.nodes[n], err = gorgonia.ApplyOp(op, in...)
	return err
}

// stockOp is one result of an op; on the host it runs the op's oracle.
type stockOp struct {
	id      uint64
	op      graph.Op
	in, out []graph.Type
	result  int
}

// Arity is the number of operands.
func (o *stockOp) Arity() int { return len(o.in) }

// Type is a fresh function type, which gorgonia takes back into a pool.
func (o *stockOp) Type() hm.Type {
	var ts []hm.Type
	for _, t := range append(o.in[:len(o.in):len(o.in)], o.out[o.result]) {
		ts = append(ts, tensorType(gorgoniaType[t.DType], stockShape(t)))
	}
	return hm.NewFnType(ts...)
}

// stockShape is the shape of gorgonia's header over a value: a scalar, and a tensor without elements, is a vector of one.
func stockShape(t graph.Type) tensor.Shape {
	if t.Shape.Rank() == 0 || t.Shape.Size() == 0 {
		return tensor.Shape{1}
	}
	return t.Shape.Dims()
}

// InferShape is that of the result.
func (o *stockOp) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	return stockShape(o.out[o.result]), nil
}

// ReturnsPtr, CallsExtern and OverwritesInput say that a result is memory of its own.
func (o *stockOp) ReturnsPtr() bool     { return true }
func (o *stockOp) CallsExtern() bool    { return false }
func (o *stockOp) OverwritesInput() int { return -1 }

// WriteHash and Hashcode are the identity of the node: gorgonia takes ops of one hash for one.
func (o *stockOp) WriteHash(h hash.Hash) { fmt.Fprintf(h, "rpnc#%d", o.id) }
func (o *stockOp) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

// String names the op and what it reads.
func (o *stockOp) String() string { return fmt.Sprintf("%s %v", o.op.Name(), o.in) }

// Do evaluates the oracle.
func (o *stockOp) Do(vs ...gorgonia.Value) (gorgonia.Value, error) {
	var in []*graph.Tensor
	for i, t := range o.in {
		x := graph.NewTensor(t)
		bufferOf(vs[i].(*tensor.Dense)).Store(x)
		in = append(in, x)
	}
	out, err := graph.EvalOp(o.op, o.out, in)
	if err != nil {
		return nil, fmt.Errorf("compile: %v: %w", o, err)
	}
	b := ops.NewBuffer(o.out[o.result])
	b.Load(out[o.result])
	return dense(o.out[o.result], b), nil
}

// bufferOf is the memory of gorgonia's header.
func bufferOf(d *tensor.Dense) (b ops.Buffer) {
	switch data := d.Data().(type) {
	case []float32:
		b.F32 = data
	case []float64:
		b.F64 = data
	case []int32:
		b.I32 = data
	}
	return b
}

// deviceOp is an op with a kernel.
type deviceOp struct {
	stockOp
	kernel *cuda.Foreign
	mu     sync.Mutex
	at     map[*engine.Engine]*resident
}

// resident is what a kernel has on one device: its functions, and memory that goes with the engine's context.
type resident struct {
	functions []cu.Function
	memory    cuda.Memory
}

// CallsExtern says that gorgonia is to reserve the result on the device.
func (o *deviceOp) CallsExtern() bool { return true }

// CUDADo launches the kernel on memory of gorgonia's and waits for it.
func (o *deviceOp) CUDADo(extern gorgonia.External, dev gorgonia.Device, prealloc gorgonia.Value, inputs ...gorgonia.Value) (gorgonia.Value, error) {
	machine, ok := extern.(gorgonia.CUDAMachine)
	if !ok || prealloc == nil || len(inputs) != len(o.in) {
		return nil, fmt.Errorf("compile: %v: CUDADo on %T with %d operands and result %v; want a CUDA machine, %d operands and memory for the result",
			o, extern, len(inputs), prealloc, len(o.in))
	}
	e := &machine.Engines()[int(dev)]
	r, err := o.resident(e)
	if err != nil {
		return nil, fmt.Errorf("compile: %v: %w", o, err)
	}
	m := r.memory
	for _, v := range inputs {
		m.In = append(m.In, cuda.Addr(v.Uintptr()))
	}
	m.Out = append([]cuda.Addr(nil), m.Out...)
	m.Out[o.result] = cuda.Addr(prealloc.Uintptr())
	for i, f := range r.functions {
		args := o.kernel.Args(i, m)
		// gorgonia copies 8 bytes from every pointer at once.
		pointers := make([]unsafe.Pointer, len(args))
		for k := range args {
			pointers[k] = unsafe.Pointer(&args[k])
		}
		e.Context().LaunchAndSync(f, o.kernel.Grids[i], 1, 1, o.kernel.Blocks[i], 1, 1, 0, cu.NoStream, pointers)
	}
	if o.kernel.Fault == "" {
		return prealloc, nil
	}
	extern.Signal()
	return prealloc, o.faulted(e, r)
}

// resident loads the kernel and reserves its memory at its first run on an engine.
func (o *deviceOp) resident(e *engine.Engine) (*resident, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if r := o.at[e]; r != nil {
		return r, nil
	}
	// LoadCUDAFunc makes the engine's context that of the thread, where the allocations need it too.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	module := fmt.Sprintf("rpnc%d", o.id)
	if err := e.LoadCUDAFunc(module, o.kernel.Text, o.kernel.Entries); err != nil {
		return nil, err
	}
	r := &resident{}
	for _, name := range o.kernel.Entries {
		r.functions = append(r.functions, e.Functions()[module+"."+name])
	}
	if err := o.reserve(r); err != nil {
		return nil, err
	}
	o.at[e] = r
	return r, nil
}

// reserve takes the memory of a kernel beside operands and result: tables, scratch, fault words, and the results that are
// other nodes'.
func (o *deviceOp) reserve(r *resident) (err error) {
	take := func(bytes int, from unsafe.Pointer) cuda.Addr {
		var at cu.DevicePtr
		if err == nil {
			at, err = cu.MemAlloc(int64(max(bytes, 8)))
		}
		if err == nil && from != nil {
			err = cu.MemcpyHtoD(at, from, int64(bytes))
		}
		return cuda.Addr(at)
	}
	m := &r.memory
	for _, t := range o.kernel.Tables {
		var from unsafe.Pointer
		if len(t) > 0 {
			from = unsafe.Pointer(&t[0])
		}
		m.Tables = append(m.Tables, take(4*len(t), from))
	}
	for _, n := range o.kernel.Scratch {
		m.Scratch = append(m.Scratch, take(n, nil))
	}
	for i, t := range o.out {
		at := cuda.Addr(0)
		if i != o.result {
			at = take(t.Bytes(), nil)
		}
		m.Out = append(m.Out, at)
	}
	words := make([]int32, 4)
	at := take(16, unsafe.Pointer(&words[0]))
	m.Faults = []cuda.Addr{at, at + 8}
	return err
}

// faulted says what a kernel found wrong, and forgets it.
func (o *deviceOp) faulted(e *engine.Engine, r *resident) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cu.SetCurrentContext(e.Context().CUDAContext()); err != nil {
		return fmt.Errorf("compile: %v: %w", o, err)
	}
	words := make([]int32, 4)
	at := cu.DevicePtr(r.memory.Faults[0])
	if err := cu.MemcpyDtoH(unsafe.Pointer(&words[0]), at, 16); err != nil {
		return fmt.Errorf("compile: %v: %w", o, err)
	}
	if words[0] == 0 {
		return nil
	}
	clear(words)
	if err := cu.MemcpyHtoD(at, unsafe.Pointer(&words[0]), 16); err != nil {
		return fmt.Errorf("compile: %v: %w", o, err)
	}
	return fmt.Errorf("compile: %v: %s", o, o.kernel.Fault)
}
