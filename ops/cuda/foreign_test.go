package cuda_test

import (
	"errors"
	"testing"

	"rpnc/graph"
	"rpnc/ops"
	"rpnc/ops/cuda"
	"rpnc/ops/cuda/emulate"
)

// Whoever launches a kernel by its description gets what a Sequence computes.
func TestAKernelRunsByItsDescriptionAlone(t *testing.T) {
	for _, s := range []ops.Sample{
		{Op: ops.MatMul{TA: true}, In: []graph.Type{f(3001, 20), f(3001, 9)}}, // two launches with scratch between
		{Op: ops.SpMM{P: pattern(40, 50, 0.1)}, In: []graph.Type{f(pattern(40, 50, 0.1).NNZ()), f(50, 7)}},
		{Op: ops.CrossEntropy{}, In: []graph.Type{f(70, 10), ints(70)}, Hi: 9},
	} {
		c := as(s, graph.F32, t)
		want, err := run(&emulate.Device{}, c)
		if err != nil {
			t.Fatal(err)
		}
		k, err := cuda.Bind(c.op, c.in, c.out, cuda.Exact)
		if err != nil {
			t.Fatal(err)
		}
		got, err := byHand(&emulate.Device{}, k.Foreign(), c)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if e := apart(got[i], want[i]); e != 0 {
				t.Errorf("%s%v, result %d: %g apart", s.Op.Name(), s.In, i, e)
			}
		}
	}
}

// byHand launches a kernel as one does who knows its description.
func byHand(dev cuda.Device, f *cuda.Foreign, c call) (results []*graph.Tensor, err error) {
	module, functions, err := dev.Load(f.Text, f.Entries)
	if err != nil {
		return nil, err
	}
	var memory []cuda.Addr
	place := func(bytes int, from []byte) cuda.Addr {
		a, e := dev.Alloc(max(1, bytes))
		if e == nil {
			memory = append(memory, a)
			e = dev.Upload(a, from)
		}
		if err == nil {
			err = e
		}
		return a
	}
	m := cuda.Memory{Faults: []cuda.Addr{place(4, make([]byte, 4)), place(4, make([]byte, 4))}}
	for _, x := range c.operand {
		b := ops.NewBuffer(x.Type)
		b.Load(x)
		m.In = append(m.In, place(x.Type.Bytes(), cuda.Bytes(b)))
	}
	for _, x := range c.out {
		m.Out = append(m.Out, place(x.Bytes(), nil))
	}
	for _, x := range f.Tables {
		m.Tables = append(m.Tables, place(4*len(x), cuda.Bytes(ops.Buffer{I32: x})))
	}
	for _, n := range f.Scratch {
		m.Scratch = append(m.Scratch, place(n, nil))
	}
	for i, function := range functions {
		if err == nil {
			err = dev.Launch(function, f.Grids[i], f.Blocks[i], f.Args(i, m))
		}
	}
	for i, x := range c.out {
		b, r := ops.NewBuffer(x), graph.NewTensor(x)
		if err == nil {
			err = dev.Download(cuda.Bytes(b), m.Out[i])
		}
		b.Store(r)
		results = append(results, r)
	}
	for _, a := range memory {
		err = errors.Join(err, dev.Free(a))
	}
	return results, errors.Join(err, dev.Unload(module))
}
