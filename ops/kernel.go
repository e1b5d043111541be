package ops

import (
	"rpnc/graph"
	"rpnc/internal/kernels"
)

// Buffer is the memory of one tensor in a compiled program: the slice of its element type is set, row-major.
type Buffer struct {
	F32 []float32
	F64 []float64
	I32 []int32
}

// NewBuffer is a buffer of zeros for a tensor of type t.
func NewBuffer(t graph.Type) Buffer {
	n := t.Shape.Size()
	switch t.DType {
	case graph.F32:
		return Buffer{F32: onLargePages(make([]float32, n))}
	case graph.F64:
		return Buffer{F64: onLargePages(make([]float64, n))}
	}
	return Buffer{I32: make([]int32, n)}
}

// onLargePages is s, which is new.
func onLargePages[T float](s []T) []T {
	kernels.LargePages(s)
	return s
}

// Len is the number of elements.
func (b Buffer) Len() int { return len(b.F32) + len(b.F64) + len(b.I32) }

// Load reads an oracle's tensor into b.
func (b Buffer) Load(t *graph.Tensor) {
	for i := range b.F32 {
		b.F32[i] = float32(t.F[i])
	}
	copy(b.F64, t.F)
	copy(b.I32, t.I)
}

// Store writes b into an oracle's tensor.
func (b Buffer) Store(t *graph.Tensor) {
	for i := range b.F32 {
		t.F[i] = float64(b.F32[i])
	}
	copy(t.F, b.F64)
	copy(t.I, b.I32)
}

// Copy fills b with the elements of src, a buffer of the same type and size.
func (b Buffer) Copy(src Buffer) {
	copy(b.F32, src.F32)
	copy(b.F64, src.F64)
	copy(b.I32, src.I32)
}

// Run computes the results of one node. dst is not zeroed beforehand. It allocates nothing.
type Run func(dst, in []Buffer)

// Kernel is the fast CPU form of an op. Kernel binds the op to types; what the Run needs beyond its operands
// (scratch, tables) it owns, so one Run belongs to one program and is not re-entrant.
type Kernel interface {
	graph.Op
	Kernel(in, out []graph.Type) (Run, error)
}

// InPlace is implemented by kernels whose first result may share memory with operand i of the same type.
type InPlace interface {
	InPlace(i int) bool
}

// InPlaceResult is implemented by kernels of several results that may each share memory with an operand.
type InPlaceResult interface {
	InPlaceResult(result, operand int) bool
}

// MayShare says whether a result of op may be written over the memory of an operand of the same size. Where several
// operands are the same memory, it must hold for each of them.
func MayShare(op graph.Op, result, operand int) bool {
	switch k := op.(type) {
	case graph.Add:
		return true
	case InPlaceResult:
		return k.InPlaceResult(result, operand)
	case InPlace:
		return result == 0 && k.InPlace(operand)
	}
	return false
}

// HostOnly is implemented by ops that passes for the CPU make and no other: programs for other devices are compiled
// without these passes and need no kernels for what they make.
type HostOnly interface {
	graph.Op
	HostOnly()
}

// Viewer is implemented by ops whose result is the operand's memory read under another shape: they cost nothing.
type Viewer interface {
	graph.Op
	View()
}

// Bind returns the Run of op on the given types: its kernel, or its oracle with the conversions that it needs.
// native says which.
func Bind(op graph.Op, in, out []graph.Type) (run Run, native bool, err error) {
	if k, ok := op.(Kernel); ok {
		run, err = k.Kernel(in, out)
		return run, true, err
	}
	if run, ok, err := leafKernel(op, in, out); ok {
		return run, true, err
	}
	return oracle(op, in, out), false, nil
}

// oracle runs Eval on float64 copies.
func oracle(op graph.Op, in, out []graph.Type) Run {
	src, res := tensors(in), tensors(out)
	return func(dst, ins []Buffer) {
		for i, b := range ins {
			b.Store(src[i])
		}
		for _, t := range res {
			clear(t.F)
			clear(t.I)
		}
		if err := op.Eval(res, src); err != nil {
			panic(err) // recovered by the executor, which names the node
		}
		for i, b := range dst {
			b.Load(res[i])
		}
	}
}

func tensors(ts []graph.Type) []*graph.Tensor {
	out := make([]*graph.Tensor, len(ts))
	for i, t := range ts {
		out[i] = graph.NewTensor(t)
	}
	return out
}

// Sample is one call of an op that the tests make.
type Sample struct {
	Op     graph.Op
	In     []graph.Type
	Lo, Hi float64 // range of random operands; both 0 means −1…1. Integers are drawn from 0…Hi−1.
	Order  int     // how often it may be differentiated: 0, 1 or 2
}

var samples []Sample

// register adds samples of the ops of a file. It runs at initialisation only.
func register(s ...Sample) struct{} {
	samples = append(samples, s...)
	return struct{}{}
}

// Samples lists the calls by which every op of the package is tested.
func Samples() []Sample { return append([]Sample(nil), samples...) }

// f64 is a short way to write the types of samples.
func f64(dims ...int) graph.Type { return graph.Type{DType: graph.F64, Shape: graph.Sh(dims...)} }

func i32(dims ...int) graph.Type { return graph.Type{DType: graph.I32, Shape: graph.Sh(dims...)} }

// apply applies op in the graph of the first operand.
func apply(op graph.Op, in ...*graph.Node) *graph.Node { return in[0].Graph().Apply(op, in...) }

// scalar is a constant of x's element type that broadcasts with it.
func scalar(x *graph.Node, v float64) *graph.Node { return x.Graph().Scalar(x.DType(), v) }

// same is the shape rule of elementwise ops: n operands of one float type.
func same(in []graph.Type, n int) ([]graph.Type, error) {
	if len(in) != n {
		return nil, errOperands(n, in)
	}
	for _, t := range in {
		if t != in[0] || !t.DType.IsFloat() {
			return nil, errSame(in)
		}
	}
	return in[:1:1], nil
}
