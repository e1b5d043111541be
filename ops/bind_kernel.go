package ops

import (
	"fmt"
	"sync"

	"rpnc/graph"
	"rpnc/internal/kernels"
)

// float is the set of element types that kernels compute with, elem that of all that a Buffer holds.
type (
	float interface{ float32 | float64 }
	elem  interface{ float | int32 }
)

// view is b as a slice of its element type. The type of T is known when a kernel is bound, so that what runs is
// generic code without a switch in its loops.
func view[T elem](b Buffer) []T {
	if s, ok := any(&b.F32).(*[]T); ok {
		return *s
	}
	if s, ok := any(&b.F64).(*[]T); ok {
		return *s
	}
	s, _ := any(&b.I32).(*[]T)
	return *s
}

// builder makes the Run of an op for one element type.
type builder[O graph.Op] func(o O, in, out []graph.Type) Run

// byType picks the builder of the element type of the first result. An op's Kernel method is one call of it, with the
// same generic function instantiated twice.
func byType[O graph.Op](o O, in, out []graph.Type, f32, f64 builder[O]) (Run, error) {
	switch out[0].DType {
	case graph.F32:
		return f32(o, in, out), nil
	case graph.F64:
		return f64(o, in, out), nil
	}
	return nil, fmt.Errorf("ops.%s: no kernel for %v; want floats", o.Name(), out[0])
}

// leafKernel is the kernel of the ops that live in package graph, which cannot have a Kernel method because graph does
// not know Buffer; ok is false for other ops.
func leafKernel(op graph.Op, in, out []graph.Type) (run Run, ok bool, err error) {
	switch op := op.(type) {
	case graph.Add:
		run, err = single(op, in, out)
	case graph.Result:
		run = func(dst, in []Buffer) { dst[0].Copy(in[op.I]) }
	case graph.Const:
		run = constRun(op, out)
	default:
		return nil, false, nil
	}
	return run, true, err
}

// constRun copies a table that is filled once, when the kernel is bound.
func constRun(op graph.Const, out []graph.Type) Run {
	t, b := graph.NewTensor(out[0]), NewBuffer(out[0])
	if err := op.Eval([]*graph.Tensor{t}, nil); err != nil {
		return func(_, _ []Buffer) { panic(err) }
	}
	b.Load(t)
	return func(dst, _ []Buffer) { dst[0].Copy(b) }
}

// parallelSize is the number of elements from which elementwise work and data movement are spread over the cores:
// below, the loop takes less than some µs, and handing parts of it over costs as much as it gains. A chunk has an eighth
// of that, and there are mostChunks of them at most, unless the caller wants larger ones.
const (
	parallelSize = 1 << 14
	mostChunks   = 256
)

// chunked runs f over [0, n) in chunks of grain, on several cores where size, the number of elements behind it, pays.
// Where the chunks begin depends on n and grain alone, but f must not rely on chunks at all: a small size is one call.
func chunked(n, grain, size int, f func(lo, hi int)) {
	if n <= 0 {
		return
	}
	if size < parallelSize {
		f(0, n)
		return
	}
	kernels.Parallel(n, max(grain, n/mostChunks), f)
}

// grainOf is the number of rows of width elements that make a chunk worth handing to another core.
func grainOf(width int) int { return max(1, parallelSize/8/max(1, width)) }

// args are the buffers of one run of a kernel that computes rows independently of each other, one slice an operand or
// result: integers under dstI and inI, all others under dst and in.
type args[T elem] struct {
	dst, in   [][]T
	dstI, inI [][]int32
}

// rowwise is the Run of such a kernel: body computes rows lo…hi−1 of n, each some width elements of work.
func rowwise[T elem](in, out []graph.Type, n, width int, body func(a *args[T], lo, hi int)) Run {
	a := &args[T]{make([][]T, len(out)), make([][]T, len(in)), make([][]int32, len(out)), make([][]int32, len(in))}
	chunk := func(lo, hi int) { body(a, lo, hi) } // made once: a closure made in the Run would be allocated there
	return func(dst, src []Buffer) {
		for i, b := range dst {
			a.dst[i], a.dstI[i] = view[T](b), b.I32
		}
		for i, b := range src {
			a.in[i], a.inI[i] = view[T](b), b.I32
		}
		chunked(n, grainOf(width), n*max(1, width), chunk)
	}
}

// segments calls f for the parts of [lo, hi) that lie within one row of w elements.
func segments(lo, hi, w int, f func(row, from, to int)) {
	for lo < hi {
		row, from := lo/w, lo%w
		to := min(w, from+hi-lo)
		f(row, from, to)
		lo += to - from
	}
}

// spare keeps scratch for the chunks of one Run, which several cores may ask for at once. It grows to the number of
// cores and then allocates nothing; a core gets the scratch that it has in its cache.
type spare[S any] struct {
	list kernels.FreeList[S]
	mu   sync.Mutex // for building
	make func() *S
}

// newSpare builds the first scratch at once, so that a Run on one core never allocates.
func newSpare[S any](build func() *S) *spare[S] {
	p := &spare[S]{make: build}
	p.put(build())
	return p
}

// get takes scratch as the last user left it.
func (p *spare[S]) get() *S {
	if s := p.list.Get(); s != nil {
		return s
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.make()
}

// put gives scratch back.
func (p *spare[S]) put(s *S) { p.list.Put(s) }
