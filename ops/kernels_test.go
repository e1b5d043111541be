package ops

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"rpnc/graph"
)

// call is one bound kernel with operands, results and what the oracle says.
type call struct {
	Sample
	in, out  []graph.Type
	src, dst []Buffer
	run      Run
	want     []*graph.Tensor
	scale    []*graph.Tensor // of each result: what its rounding errors are relative to
}

// newCall binds the sample to an element type and draws its operands. The oracle computes with the very numbers that
// the kernel gets, rounded to the type.
func newCall(t testing.TB, s Sample, d graph.DType) *call {
	t.Helper()
	c := &call{Sample: s, in: retype(s.In, d)}
	op, isOneHot := s.Op.(OneHot)
	if isOneHot {
		op.DType = d
		c.Op = op
	}
	if u, ok := s.Op.(UpperOnes); ok {
		u.DType = d
		c.Op = u
	}
	var err error
	if c.out, err = c.Op.Infer(c.in); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, uint64(len(c.in))))
	var ts []*graph.Tensor
	for _, ty := range c.in {
		x, b := draw(rng, s, ty), NewBuffer(ty)
		b.Load(x)
		b.Store(x)
		ts, c.src = append(ts, x), append(c.src, b)
	}
	for _, ty := range c.out {
		c.dst = append(c.dst, NewBuffer(ty))
	}
	var native bool
	if c.run, native, err = Bind(c.Op, c.in, c.out); err != nil || !native {
		t.Fatalf("Bind: native %v, error %v; want a kernel", native, err)
	}
	if c.want, err = graph.EvalOp(c.Op, c.out, ts); err != nil {
		t.Fatal(err)
	}
	c.scale = magnitudes(t, c, ts)
	return c
}

func retype(in []graph.Type, d graph.DType) []graph.Type {
	out := append([]graph.Type(nil), in...)
	for i := range out {
		if out[i].DType.IsFloat() {
			out[i].DType = d
		}
	}
	return out
}

func draw(rng *rand.Rand, s Sample, ty graph.Type) *graph.Tensor {
	lo, hi := s.Lo, s.Hi
	if lo == 0 && hi == 0 {
		lo, hi = -1, 1
	}
	x := graph.NewTensor(ty)
	for i := range x.F {
		x.F[i] = lo + (hi-lo)*rng.Float64()
		if sm, ok := s.Op.(Softmax); ok && sm.MaskZeros && rng.IntN(3) == 0 {
			x.F[i] = 0
		}
	}
	for i := range x.I {
		x.I[i] = int32(rng.IntN(max(1, int(s.Hi))))
	}
	return x
}

// magnitudes bounds the sums behind each result: 1 + |y|, and for ops that add products of operands the same sums of
// absolute values.
func magnitudes(t testing.TB, c *call, in []*graph.Tensor) []*graph.Tensor {
	abs := in
	switch c.Op.(type) {
	case MatMul, MatPow, SpMM, SDDMM, SumTo, CumSum, ScatterAdd: // of non-negative terms MapSum is its own bound
		abs = make([]*graph.Tensor, len(in))
		for i, x := range in {
			abs[i] = x.Clone()
			for j, v := range x.F {
				abs[i].F[j] = math.Abs(v)
			}
		}
	}
	m, err := graph.EvalOp(c.Op, c.out, abs)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range m {
		for i, v := range x.F {
			x.F[i] = 1 + math.Abs(v)
		}
	}
	return m
}

// poison fills the results with what no kernel may leave.
func (c *call) poison() {
	for _, b := range c.dst {
		for i := range b.F32 {
			b.F32[i] = float32(math.NaN())
		}
		for i := range b.F64 {
			b.F64[i] = math.NaN()
		}
		for i := range b.I32 {
			b.I32[i] = math.MinInt32
		}
	}
}

// check compares results with the oracle.
func (c *call) check(t *testing.T, dst []Buffer) {
	t.Helper()
	tol := 1e-12
	if c.in == nil || c.out[0].DType == graph.F32 {
		tol = 1e-5
	}
	for r, b := range dst {
		got := graph.NewTensor(c.out[r])
		b.Store(got)
		for i, w := range c.want[r].F {
			if d := math.Abs(got.F[i] - w); !(d <= tol*c.scale[r].F[i]) && !(math.IsNaN(w) && math.IsNaN(got.F[i])) {
				t.Fatalf("result %d of %v, element %d: %v; want %v", r, c.out[r], i, got.F[i], w)
			}
		}
		for i, w := range c.want[r].I {
			if got.I[i] != w {
				t.Fatalf("result %d of %v, element %d: %d; want %d", r, c.out[r], i, got.I[i], w)
			}
		}
	}
}

func sameBits(a, b Buffer) bool {
	for i := range a.F32 {
		if math.Float32bits(a.F32[i]) != math.Float32bits(b.F32[i]) {
			return false
		}
	}
	for i := range a.F64 {
		if math.Float64bits(a.F64[i]) != math.Float64bits(b.F64[i]) {
			return false
		}
	}
	for i := range a.I32 {
		if a.I32[i] != b.I32[i] {
			return false
		}
	}
	return a.Len() == b.Len()
}

func clones(bs []Buffer, ts []graph.Type) []Buffer {
	out := make([]Buffer, len(bs))
	for i, b := range bs {
		out[i] = NewBuffer(ts[i])
		out[i].Copy(b)
	}
	return out
}

// eachCall runs f as a subtest for every sample and larger sample, in both float types.
func eachCall(t *testing.T, f func(t *testing.T, c *call)) {
	for i, s := range append(Samples(), large()...) {
		for _, d := range []graph.DType{graph.F32, graph.F64} {
			t.Run(fmt.Sprintf("%d/%s/%v/%v", i, s.Op.Name(), s.In, d), func(t *testing.T) { f(t, newCall(t, s, d)) })
		}
	}
}

func TestKernelsAgreeWithOracles(t *testing.T) {
	eachCall(t, func(t *testing.T, c *call) {
		before := clones(c.src, c.in)
		for range 2 { // the second run meets scratch that the first one left
			c.poison()
			c.run(c.dst, c.src)
			c.check(t, c.dst)
		}
		for i, b := range before {
			if !sameBits(b, c.src[i]) {
				t.Errorf("operand %d was written", i)
			}
		}
	})
}

func TestKernelsDoNotAllocate(t *testing.T) {
	eachCall(t, func(t *testing.T, c *call) {
		c.run(c.dst, c.src)
		// The least of several counts: what the runtime allocates for itself is not in all of them.
		least := math.Inf(1)
		for count := 0; count < 4 && least > 0; count++ {
			least = min(least, testing.AllocsPerRun(2, func() { c.run(c.dst, c.src) }))
		}
		if least > 0 {
			t.Errorf("%v allocations a run", least)
		}
	})
}

func TestKernelBitsDoNotDependOnCores(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	eachCall(t, func(t *testing.T, c *call) {
		runtime.GOMAXPROCS(1)
		c.run(c.dst, c.src)
		want := clones(c.dst, c.out)
		for _, n := range []int{2, 8} {
			runtime.GOMAXPROCS(n)
			c.poison()
			c.run(c.dst, c.src)
			for r := range want {
				if !sameBits(want[r], c.dst[r]) {
					t.Errorf("result %d differs on %d cores", r, n)
				}
			}
		}
	})
}

func TestKernelsWriteOverOperandsThatTheyMayShare(t *testing.T) {
	shared := 0
	eachCall(t, func(t *testing.T, c *call) {
		for r, to := range c.out {
			for i, from := range c.in {
				if to != from || !MayShare(c.Op, r, i) {
					continue
				}
				src, dst := clones(c.src, c.in), append([]Buffer(nil), c.dst...)
				c.poison()
				dst[r] = src[i]
				c.run(dst, src)
				c.check(t, dst)
				shared++
			}
		}
	})
	if shared < 50 {
		t.Errorf("only %d calls share memory; the property is not tested", shared)
	}
}

// runOn runs a kernel on the given operands and answers with its results.
func runOn(t *testing.T, op graph.Op, in ...*graph.Tensor) []*graph.Tensor {
	t.Helper()
	var types []graph.Type
	var src, dst []Buffer
	for _, x := range in {
		b := NewBuffer(x.Type)
		b.Load(x)
		types, src = append(types, x.Type), append(src, b)
	}
	out, err := op.Infer(types)
	if err != nil {
		t.Fatal(err)
	}
	run, _, err := Bind(op, types, out)
	if err != nil {
		t.Fatal(err)
	}
	var got []*graph.Tensor
	for _, ty := range out {
		dst = append(dst, NewBuffer(ty))
	}
	run(dst, src)
	for i, ty := range out {
		got = append(got, graph.NewTensor(ty))
		dst[i].Store(got[i])
	}
	return got
}

func TestKernelsTreatNaNAndTiesAsOraclesDo(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	x, err := graph.Floats(f64(4, 5), 1, 2, 2, 0, 1, nan, 3, nan, -1, 3, -inf, inf, 0, inf, -inf, 0, 0, 0, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range []graph.Op{
		Extreme{Axis: 1}, Extreme{Axis: 1, Min: true}, Extreme{Axis: 0}, Extreme{Axis: 0, Min: true},
		Kth{Axis: 1, K: 1}, Kth{Axis: 1, K: 4}, Kth{Axis: 0, K: 2}, Unary{KRelu}, Unary{KSign}, Unary{KStep}, Unary{KNonZero},
		Unary{KAbs}, Unary{KNeg}, Softmax{Axis: 1}, CumSum{Axis: 0}, SumTo{graph.Sh(5)},
		Elementwise{NewProgram(1, nil, []Instr{{Binary{KMul}, 0, 0}}, 1), graph.Sh(4, 5)},
	} {
		out, _ := op.Infer([]graph.Type{x.Type})
		want, err := graph.EvalOp(op, out, []*graph.Tensor{x})
		if err != nil {
			t.Fatal(err)
		}
		for r, got := range runOn(t, op, x) {
			for i, w := range want[r].F {
				if g := got.F[i]; g != w && !(math.IsNaN(g) && math.IsNaN(w)) && !(math.Abs(g-w) < 1e-12) {
					t.Errorf("%s, result %d, element %d: %v; want %v", op.Name(), r, i, g, w)
				}
			}
			for i, w := range want[r].I {
				if got.I[i] != w {
					t.Errorf("%s, result %d, element %d: %d; want %d", op.Name(), r, i, got.I[i], w)
				}
			}
		}
	}
}

func TestDropoutKernelHasTheMaskOfTheOracle(t *testing.T) {
	const n = 100000
	x := graph.NewTensor(graph.Type{DType: graph.F32, Shape: graph.Sh(n)})
	for i := range x.F {
		x.F[i] = 1
	}
	for _, p := range []float64{0, 1e-4, 0.5, 0.9999} {
		step, err := graph.Ints(graph.Sh(), 17)
		if err != nil {
			t.Fatal(err)
		}
		op := Dropout{P: p, Seed: 99, Stream: 4}
		want, err := graph.EvalOp(op, []graph.Type{x.Type}, []*graph.Tensor{x, step})
		if err != nil {
			t.Fatal(err)
		}
		for i, g := range runOn(t, op, x, step)[0].F {
			if (g == 0) != (want[0].F[i] == 0) {
				t.Fatalf("p = %v, element %d: %v; want %v", p, i, g, want[0].F[i])
			}
		}
	}
}

func TestLabelsOutOfRangePanicWithAnError(t *testing.T) {
	for _, c := range []struct {
		op graph.Op
		x  []int
	}{{CrossEntropy{}, []int{3, 4}}, {Pick{1}, []int{3, 4}}, {Place{1, 4}, []int{3, 1}}, {OneHot{graph.F64, 4}, nil}} {
		for _, bad := range []int32{-1, 4} {
			shape := graph.Sh(3, 1)
			if _, ok := c.op.(CrossEntropy); ok {
				shape = graph.Sh(3)
			}
			label, err := graph.Ints(shape, 0, bad, 3)
			if err != nil {
				t.Fatal(err)
			}
			in := []*graph.Tensor{label}
			if c.x != nil {
				in = []*graph.Tensor{graph.NewTensor(f64(c.x...)), label}
			}
			if _, ok := panicOf(func() { runOn(t, c.op, in...) }).(error); !ok {
				t.Errorf("%s with label %d: no error", c.op.Name(), bad)
			}
		}
	}
}

func panicOf(f func()) (r any) {
	defer func() { r = recover() }()
	f()
	return nil
}

func TestEveryOpHasAKernel(t *testing.T) {
	for _, s := range Samples() {
		out, err := s.Op.Infer(s.In)
		if err != nil {
			t.Fatal(err)
		}
		if _, native, err := Bind(s.Op, s.In, out); !native || err != nil {
			t.Errorf("%s: native %v, error %v", s.Op.Name(), native, err)
		}
	}
}
