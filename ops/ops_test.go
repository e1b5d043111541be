package ops_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"rpnc/graph"
	"rpnc/ops"
)

// bench holds one graph of constants: facts about single ops read as maths.
type bench struct {
	*testing.T
	g *graph.Graph
}

func newBench(t *testing.T) bench { return bench{t, graph.New()} }

func f64(dims ...int) graph.Type { return graph.Type{DType: graph.F64, Shape: graph.Sh(dims...)} }

// vals is a constant of the shape of dims.
func (b bench) vals(dims []int, v ...float64) *graph.Node { return b.g.Const(f64(dims...), v...) }

// row is a constant vector.
func (b bench) row(v ...float64) *graph.Node { return b.g.Const(f64(len(v)), v...) }

// random is a constant of normal numbers.
func (b bench) random(name string, dims ...int) *graph.Node {
	return b.g.Const(f64(dims...), graph.Normal(0, 1).Tensor(f64(dims...), 3, name).F...)
}

func (b bench) ints(v ...int) *graph.Node {
	f := make([]float64, len(v))
	for i := range v {
		f[i] = float64(v[i])
	}
	return b.g.Const(graph.Type{DType: graph.I32, Shape: graph.Sh(len(v))}, f...)
}

// of evaluates a node.
func (b bench) of(n *graph.Node) []float64 {
	b.Helper()
	v, err := graph.Run(b.g, nil, n)
	if err != nil {
		b.Fatal(err)
	}
	t := v.Of(n)
	for _, i := range t.I {
		t.F = append(t.F, float64(i))
	}
	return t.F
}

// want compares a node with numbers; NaN equals NaN.
func (b bench) want(what string, n *graph.Node, want ...float64) {
	b.Helper()
	b.near(what, b.of(n), want, 0)
}

// equal compares two nodes up to rounding.
func (b bench) equal(what string, x, y *graph.Node) {
	b.Helper()
	if x.Type() != y.Type() {
		b.Errorf("%s: %v and %v", what, x.Type(), y.Type())
	}
	b.near(what, b.of(x), b.of(y), 1e-12)
}

func (b bench) near(what string, got, want []float64, tol float64) {
	b.Helper()
	ok := len(got) == len(want)
	for i := 0; ok && i < len(got); i++ {
		ok = math.Abs(got[i]-want[i]) <= tol*math.Max(1, math.Abs(want[i])) || got[i] == want[i] || math.IsNaN(got[i]) && math.IsNaN(want[i])
	}
	if !ok {
		b.Errorf("%s: have %v, want %v", what, got, want)
	}
}

// numpyIndex is the flat index into shape s of the element of a broadcast result at the multi-index at.
func numpyIndex(s graph.Shape, at []int) (j int) {
	for ax := range s.Rank() {
		i := at[len(at)-s.Rank()+ax]
		if s.Dim(ax) == 1 {
			i = 0
		}
		j = j*s.Dim(ax) + i
	}
	return j
}

// multi is the multi-index of flat index i.
func multi(s graph.Shape, i int) []int {
	at := make([]int, s.Rank())
	for ax := s.Rank() - 1; ax >= 0; ax-- {
		at[ax], i = i%s.Dim(ax), i/s.Dim(ax)
	}
	return at
}

func randomShape(rng *rand.Rand) graph.Shape {
	d := make([]int, rng.IntN(4))
	for i := range d {
		d[i] = []int{1, 1, 2, 3}[rng.IntN(4)]
	}
	return graph.Sh(d...)
}

func TestBroadcastingFollowsNumPy(t *testing.T) {
	rng, legal := rand.New(rand.NewPCG(1, 2)), 0
	for range 400 {
		b, sa, sb := newBench(t), randomShape(rng), randomShape(rng)
		x, y := b.random("x", sa.Dims()...), b.random("y", sb.Dims()...)
		sum := ops.Sub(x, y)
		to, ok := naiveBroadcast(sa, sb)
		if got, can := ops.BroadcastShapes(sa, sb); can != ok || got != to {
			t.Fatalf("BroadcastShapes(%v, %v) = %v, %v; want %v, %v", sa, sb, got, can, to, ok)
		}
		if !ok {
			if b.g.Err() == nil {
				t.Errorf("%v − %v is no error", sa, sb)
			}
			continue
		}
		legal++
		a, c, want := b.of(x), b.of(y), make([]float64, to.Size())
		for i := range want {
			at := multi(to, i)
			want[i] = a[numpyIndex(sa, at)] - c[numpyIndex(sb, at)]
		}
		b.want(fmt.Sprintf("%v − %v", sa, sb), sum, want...)
		z := b.random("z", to.Dims()...) // ⟨Bx, z⟩ = ⟨x, Bᵀz⟩
		b.equal("transpose of Broadcast", ops.Sum(ops.Mul(ops.BroadcastTo(x, to), z)), ops.Sum(ops.Mul(x, ops.SumToShape(z, sa))))
	}
	if legal < 100 {
		t.Errorf("only %d pairs of shapes were legal", legal)
	}
}

// naiveBroadcast pads with 1 in front and compares.
func naiveBroadcast(a, b graph.Shape) (graph.Shape, bool) {
	x, y := a.Dims(), b.Dims()
	for len(x) < len(y) {
		x = append([]int{1}, x...)
	}
	for len(y) < len(x) {
		y = append([]int{1}, y...)
	}
	for i := range x {
		if x[i] != y[i] && x[i] != 1 && y[i] != 1 {
			return graph.Shape{}, false
		}
		x[i] = max(x[i], y[i])
	}
	return graph.Sh(x...), true
}

func TestMatMulIsTheDefinition(t *testing.T) {
	b := newBench(t)
	x, y := b.vals([]int{2, 3}, 1, 2, 3, 4, 5, 6), b.vals([]int{3, 2}, 7, 8, 9, 10, 11, 12)
	b.want("x·y", ops.MatMulN(x, y), 58, 64, 139, 154)
	b.want("xᵀ·yᵀ", b.g.Apply(ops.MatMul{TA: true, TB: true}, x, y), 39, 49, 59, 54, 68, 82, 69, 87, 105)
	b.want("x·xᵀ", ops.MatMulT(x, x), 14, 32, 32, 77)
	b.want("xᵀ·x", ops.TMatMul(x, x), 17, 22, 27, 22, 29, 36, 27, 36, 45)
	two := ops.Stack(x, ops.Scale(x, 2))
	b.want("a batch with a shared operand", ops.MatMulN(two, y), 58, 64, 139, 154, 116, 128, 278, 308)
	b.want("a shared operand on the left", ops.MatMulN(y, two),
		39, 54, 69, 49, 68, 87, 59, 82, 105, 78, 108, 138, 98, 136, 174, 118, 164, 210)
}

func TestMaskedSoftmaxIgnoresZeros(t *testing.T) {
	b := newBench(t)
	m := func(v ...float64) *graph.Node { return b.g.Apply(ops.Softmax{Axis: -1, MaskZeros: true}, b.row(v...)) }
	b.want("a line of zeros", m(0, 0, 0), 0, 0, 0)
	b.want("a single entry", m(0, -5, 0), 0, 1, 0)
	b.equal("the rest is a softmax", ops.SliceAxis(m(1, 0, 2), 0, 2, 3), ops.SliceAxis(b.g.Apply(ops.Softmax{Axis: 0}, b.row(1, 2)), 0, 1, 2))
	x := b.row(1, 0, 2)
	d := graph.Grad(ops.Sum(ops.Mul(b.g.Apply(ops.Softmax{Axis: -1, MaskZeros: true}, x), b.row(1, 5, 3))), x)
	if v := b.of(d[0]); v[1] != 0 || v[0] == 0 {
		t.Errorf("gradient %v: want 0 at the masked entry alone", v)
	}
}

func TestSoftmaxIsStable(t *testing.T) {
	b := newBench(t)
	x := b.row(1e4, 1e4, -1e4)
	b.want("Softmax", b.g.Apply(ops.Softmax{Axis: 0}, x), 0.5, 0.5, 0)
	b.near("LogSoftmax", b.of(b.g.Apply(ops.LogSoftmax{Axis: 0}, x)), []float64{-math.Ln2, -math.Ln2, -2e4 - math.Ln2}, 1e-12)
}

func TestExtremeTiesAndNaN(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		x        []float64
		max, min float64
		argmax   float64
		dmax     []float64
	}{
		{[]float64{2, 5, 5}, 5, 2, 1, []float64{0, 1, 0}},
		{[]float64{5, 5, 2}, 5, 2, 0, []float64{1, 0, 0}},
		{[]float64{1, nan, 7}, nan, nan, 1, []float64{0, 1, 0}},
		{[]float64{nan, nan, 7}, nan, nan, 0, []float64{1, 0, 0}},
		{[]float64{math.Inf(-1), math.Inf(-1), math.Inf(-1)}, math.Inf(-1), math.Inf(-1), 0, []float64{1, 0, 0}},
	} {
		b := newBench(t)
		x := b.row(c.x...)
		b.want(fmt.Sprint("max ", c.x), ops.MaxAxis(x, 0), c.max)
		b.want(fmt.Sprint("min ", c.x), ops.MinAxis(x, -1), c.min)
		b.want(fmt.Sprint("argmax ", c.x), b.g.Apply(ops.Extreme{Axis: 0}, x).Result(1), c.argmax)
		b.want(fmt.Sprint("gradient of max ", c.x), graph.Grad(ops.Sum(ops.MaxAxis(x, 0)), x)[0], c.dmax...)
	}
}

func TestProdAxisWithZeros(t *testing.T) {
	for _, c := range []struct {
		x, d []float64
		y    float64
	}{
		{[]float64{7}, []float64{1}, 7},
		{[]float64{2, 3}, []float64{3, 2}, 6},
		{[]float64{0, 2, 3}, []float64{6, 0, 0}, 0},
		{[]float64{0, 2, 0, 5, 1}, []float64{0, 0, 0, 0, 0}, 0},
		{[]float64{1, 2, 0, 4, 5, 6, 7}, []float64{0, 0, 1680, 0, 0, 0, 0}, 0},
		{nil, nil, 1},
	} {
		b := newBench(t)
		x := b.row(c.x...)
		y := ops.ProdAxis(x, 0)
		b.want(fmt.Sprint("product of ", c.x), y, c.y)
		if len(c.x) > 1 {
			b.want(fmt.Sprint("gradient at ", c.x), graph.Grad(ops.Sum(y), x)[0], c.d...)
		}
	}
}

func TestDropoutMask(t *testing.T) {
	b := newBench(t)
	const n, p = 20000, 0.3
	x, step := b.g.Const(f64(n), 1), b.g.Scalar(graph.I32, 4)
	drop := func(o ops.Dropout, step *graph.Node) *graph.Node { return b.g.Apply(o, x, step) }
	o := ops.Dropout{P: p, Seed: 1, Stream: 2}
	y := drop(o, step)
	mask := b.of(y)
	kept := 0
	for _, v := range mask {
		if v != 0 {
			kept++
			if math.Abs(v-1/(1-p)) > 1e-15 {
				t.Fatalf("a kept 1 becomes %v, want %v", v, 1/(1-p))
			}
		}
	}
	if dev := math.Abs(float64(kept)-(1-p)*n) / math.Sqrt(n*p*(1-p)); dev > 4 {
		t.Errorf("%d of %d kept at p = %v: %.1f standard deviations off", kept, n, p, dev)
	}
	b.want("the gradient has the same mask", graph.Grad(ops.Sum(y), x)[0], mask...)
	b.want("p = 0 changes nothing", drop(ops.Dropout{}, step), b.of(x)...)
	for what, other := range map[string]*graph.Node{
		"stream": drop(ops.Dropout{P: p, Seed: 1, Stream: 3}, step),
		"seed":   drop(ops.Dropout{P: p, Seed: 9, Stream: 2}, step),
		"step":   drop(o, b.g.Scalar(graph.I32, 5)),
	} {
		agree := 0
		for i, v := range b.of(other) {
			if (v == 0) == (mask[i] == 0) {
				agree++
			}
		}
		want := n * (p*p + (1-p)*(1-p)) // two independent masks
		if dev := math.Abs(float64(agree)-want) / math.Sqrt(n*0.25); dev > 4 {
			t.Errorf("another %s: masks agree in %d of %d places, independent ones in %.0f", what, agree, n, want)
		}
	}
}

func TestCrossEntropyOfHugeLogits(t *testing.T) {
	b := newBench(t)
	x := b.vals([]int{3, 2}, 1e4, -1e4, -1e4, 1e4, 1e4, 1e4)
	loss := ops.SoftmaxCrossEntropy(x, b.ints(0, 0, 1))
	b.near("loss", b.of(loss), []float64{(2e4 + math.Ln2) / 3}, 1e-12)
	b.near("gradient", b.of(graph.Grad(loss, x)[0]), []float64{0, 0, -1. / 3, 1. / 3, 1. / 6, -1. / 6}, 1e-12)
	if _, err := graph.Run(b.g, nil, ops.SoftmaxCrossEntropy(x, b.ints(0, 2, 1))); err == nil || !strings.Contains(err.Error(), "label 2 of row 1; want 0…1") {
		t.Errorf("a label out of range gives %v", err)
	}
}

func TestErrorsOfBuildersAreReportedOnce(t *testing.T) {
	build := map[string]func(x *graph.Node) *graph.Node{
		"SumAxis":      func(x *graph.Node) *graph.Node { return ops.SumAxis(x, 2) },
		"MeanAxis":     func(x *graph.Node) *graph.Node { return ops.MeanAxis(x, -3) },
		"MaxAxis":      func(x *graph.Node) *graph.Node { return ops.MaxAxis(x, 2) },
		"ProdAxis":     func(x *graph.Node) *graph.Node { return ops.ProdAxis(x, 2) },
		"SliceAxis":    func(x *graph.Node) *graph.Node { return ops.SliceAxis(x, 2, 0, 0) },
		"Join":         func(x *graph.Node) *graph.Node { return ops.Join(2, x, x) },
		"Join of one":  func(x *graph.Node) *graph.Node { return ops.Join(2, x) },
		"Permute":      func(x *graph.Node) *graph.Node { return ops.Permute(x, 0, 0) },
		"Permute few":  func(x *graph.Node) *graph.Node { return ops.Permute(x, 0) },
		"Permute 9":    func(x *graph.Node) *graph.Node { return ops.Permute(x, 1, 0, 2, 3, 4, 5, 6, 7, 8) },
		"Permute wide": func(x *graph.Node) *graph.Node { return ops.Permute(x, 257, 256) },
		"Reshape":      func(x *graph.Node) *graph.Node { return ops.Reshape(x, -2, -3) },
		"Transpose":    func(x *graph.Node) *graph.Node { return ops.Transpose(ops.Reshape(x, 6)) },
		"Add":          func(x *graph.Node) *graph.Node { return ops.Add(x, ops.Transpose(x)) },
	}
	for name, f := range build {
		g := graph.New()
		x := g.Input("x", f64(2, 3))
		y := f(x)
		ops.MeanAxis(ops.Softplus(ops.MatMulN(y, y)), 7) // consequences are silent
		if err := g.Err(); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: want one error, have %v", name, err)
		}
	}
}

// pattern is 3×4 with an empty row and an empty column.
func pattern() ops.Pattern {
	return ops.Pattern{Rows: 3, Cols: 4, Ptr: graph.NewIndex(0, 2, 2, 5), Col: graph.NewIndex(0, 3, 0, 1, 3)}
}

func TestSparseProductsAreDenseOnes(t *testing.T) {
	p := pattern()
	for _, batch := range [][]int{nil, {2}, {2, 3}} {
		b := newBench(t)
		v := b.random("v", p.NNZ())
		dense := b.g.Apply(ops.Densify{P: p}, v)
		x, y := b.random("x", append(batch, 4, 2)...), b.random("y", append(batch, 3, 2)...)
		b.equal("A·x", b.g.Apply(ops.SpMM{P: p}, v, x), ops.MatMulN(dense, x))
		b.equal("Aᵀ·y", b.g.Apply(ops.SpMM{P: p, T: true}, v, y), ops.TMatMul(dense, y))
		outer := ops.MatMulT(y, x)
		b.equal("y·xᵀ on A", b.g.Apply(ops.SDDMM{P: p}, y, x), b.g.Apply(ops.AtPattern{P: p}, ops.SumToShape(outer, graph.Sh(3, 4))))
		s := ops.Sum(ops.Mul(b.g.Apply(ops.SpMM{P: p}, v, x), y))
		d := ops.Sum(ops.Mul(ops.MatMulN(dense, x), y))
		ds, dd := graph.Grad(s, v, x), graph.Grad(d, v, x)
		b.equal("gradient of the values", ds[0], dd[0])
		b.equal("gradient of x", ds[1], dd[1])
	}
}

func TestPatternsAreChecked(t *testing.T) {
	idx := graph.NewIndex
	for what, p := range map[string]ops.Pattern{
		"none":               {},
		"negative rows":      {Rows: -1, Cols: 4, Ptr: idx(), Col: idx()},
		"too few offsets":    {Rows: 3, Cols: 4, Ptr: idx(0, 2, 2), Col: idx(0, 3)},
		"offsets fall":       {Rows: 3, Cols: 4, Ptr: idx(0, 2, 1, 2), Col: idx(0, 3)},
		"offsets overshoot":  {Rows: 3, Cols: 4, Ptr: idx(0, 7, 2, 2), Col: idx(0, 3)},
		"offsets start at 1": {Rows: 1, Cols: 4, Ptr: idx(1, 2), Col: idx(0, 3)},
		"entries left over":  {Rows: 1, Cols: 4, Ptr: idx(0, 1), Col: idx(0, 3)},
		"column too large":   {Rows: 1, Cols: 3, Ptr: idx(0, 2), Col: idx(0, 3)},
		"column negative":    {Rows: 1, Cols: 3, Ptr: idx(0, 2), Col: idx(-1, 2)},
		"columns repeat":     {Rows: 1, Cols: 3, Ptr: idx(0, 2), Col: idx(1, 1)},
		"columns fall":       {Rows: 1, Cols: 3, Ptr: idx(0, 2), Col: idx(2, 1)},
	} {
		if p.Check() == nil {
			t.Errorf("%s: no error", what)
		}
		for _, op := range []graph.Op{ops.Densify{P: p}, ops.AtPattern{P: p}, ops.SpMM{P: p}, ops.SDDMM{P: p}} {
			for _, in := range [][]graph.Type{{f64(2)}, {f64(3, 4)}, {f64(2), f64(4, 2)}, {f64(3, 2), f64(4, 2)}, {f64(0, 2), f64(0, 2)}} {
				if _, err := op.Infer(in); err == nil {
					t.Errorf("%T with %s takes %v", op, what, in)
				}
			}
		}
	}
	if err := pattern().Check(); err != nil {
		t.Error(err)
	}
}

func TestMatPowIsRepeatedProduct(t *testing.T) {
	b := newBench(t)
	a := b.random("a", 3, 3)
	power, sum := ops.Eye(b.g, graph.F64, 3, 3), b.g.Const(f64(3, 3))
	for h := range 6 {
		b.equal(fmt.Sprint("power ", h), b.g.Apply(ops.MatPow{H: h}, a), power)
		power = ops.MatMulN(power, a)
		sum = ops.Add(sum, power)
		b.equal(fmt.Sprint("sum to ", h+1), b.g.Apply(ops.MatPow{H: h + 1, Accumulative: true}, a), sum)
	}
	b.equal("the empty sum is A", b.g.Apply(ops.MatPow{Accumulative: true}, a), a)
	b.want("wide identity", ops.Eye(b.g, graph.F64, 2, 3), 1, 0, 0, 0, 1, 0)
	b.want("tall identity", ops.Eye(b.g, graph.F64, 3, 2), 1, 0, 0, 1, 0, 0)
}

func TestCumSumIsAProductWithUpperOnes(t *testing.T) {
	b := newBench(t)
	x, u := b.random("x", 2, 4), b.g.Apply(ops.UpperOnes{DType: graph.F64, N: 4})
	b.equal("along rows", b.g.Apply(ops.CumSum{Axis: 1}, x), ops.MatMulN(x, u))
	b.equal("along rows, from the end", b.g.Apply(ops.CumSum{Axis: -1, Reverse: true}, x), ops.MatMulT(x, u))
	y := ops.Transpose(x)
	b.equal("along columns", b.g.Apply(ops.CumSum{Axis: 0}, y), ops.TMatMul(u, y))
	b.equal("along columns, from the end", b.g.Apply(ops.CumSum{Axis: 0, Reverse: true}, y), ops.MatMulN(u, y))
}

func TestGatherAndItsTranspose(t *testing.T) {
	b := newBench(t)
	table := graph.NewIndex(2, -1, 0, 2)
	x := b.vals([]int{2, 3}, 1, 2, 3, 4, 5, 6)
	b.want("gather", b.g.Apply(ops.Gather{Table: table}, x), 3, 0, 1, 3, 6, 0, 4, 6)
	y := b.vals([]int{1, 4}, 10, 20, 30, 40)
	b.want("scatter", b.g.Apply(ops.ScatterAdd{Table: table, N: 3}, y), 30, 0, 50)
	for _, bad := range []*graph.Index{graph.NewIndex(3), graph.NewIndex(-2)} {
		if _, err := (ops.Gather{Table: bad}).Infer([]graph.Type{f64(2, 3)}); err == nil {
			t.Errorf("a table with entry %d reads 3 columns", bad.At(0))
		}
	}
}

func TestPermuteMovesAxes(t *testing.T) {
	for _, axes := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		b := newBench(t)
		x := b.random("x", 2, 3, 4)
		y := ops.Permute(x, axes...)
		v, want := b.of(x), make([]float64, 24)
		for i := range v {
			at := multi(x.Shape(), i)
			j := (at[axes[0]]*y.Shape().Dim(1)+at[axes[1]])*y.Shape().Dim(2) + at[axes[2]]
			want[j] = v[i]
		}
		b.want(fmt.Sprint(axes), y, want...)
		if op, ok := y.Op.(ops.Permuted); ok {
			b.equal("and back", b.g.Apply(op.Inverse(), y), x)
		}
	}
}

func TestSlicesJoinAgain(t *testing.T) {
	for axis := range 3 {
		b := newBench(t)
		x := b.random("x", 3, 3, 3)
		lo, hi := ops.SliceAxis(x, axis, 0, 1), ops.SliceAxis(x, axis-3, 1, 3)
		b.equal("slices joined", ops.Join(axis, lo, hi), x)
		b.equal("slices padded and added", ops.Add(b.g.Apply(ops.Pad{Axis: axis, N: 3}, lo), b.g.Apply(ops.Pad{Axis: axis, Lo: 1, N: 3}, hi)), x)
	}
	b := newBench(t)
	b.want("a stack", ops.Stack(b.row(1, 2), b.row(3, 4)), 1, 2, 3, 4)
}

func TestElementaryFunctionsAtTheirEdges(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		name    string
		f       func(*graph.Node) *graph.Node
		x, y, d float64
	}{
		{"Relu", ops.Relu, 0, 0, 0}, {"Relu", ops.Relu, nan, nan, nan}, {"Relu", ops.Relu, -inf, 0, 0},
		{"Abs", ops.Abs, 0, 0, 0}, {"Step", ops.Step, 0, 0, 0}, {"Sign", ops.Sign, -3, -1, 0}, {"NonZero", ops.NonZero, -1e-300, 1, 0},
		{"Sigmoid", ops.Sigmoid, -1e4, 0, 0}, {"Sigmoid", ops.Sigmoid, 1e4, 1, 0}, {"Tanh", ops.Tanh, -1e4, -1, 0},
		{"Softplus", ops.Softplus, 1e4, 1e4, 1}, {"Softplus", ops.Softplus, -1e4, 0, 0},
		{"Log1p", ops.Log1p, 1e-18, 1e-18, 1}, {"Expm1", ops.Expm1, 1e-18, 1e-18, 1}, {"Erf", ops.Erf, 0, 0, 2 / math.SqrtPi},
		{"Log", ops.Log, 0, -inf, inf}, {"Sqrt", ops.Sqrt, 0, 0, inf},
	} {
		b := newBench(t)
		x := b.g.Scalar(graph.F64, c.x)
		y := c.f(x)
		b.want(fmt.Sprintf("%s(%v)", c.name, c.x), y, c.y)
		d := 0.0
		if g := graph.Grad(y, x)[0]; g != nil {
			d = b.of(g)[0]
		}
		if d != c.d && !(c.name == "Relu" && math.IsNaN(c.x)) { // the gradient of Relu at NaN is unspecified
			t.Errorf("%s′(%v) = %v, want %v", c.name, c.x, d, c.d)
		}
	}
}

func TestMeansAndLosses(t *testing.T) {
	b := newBench(t)
	x := b.vals([]int{2, 2}, 1, 2, 3, 6)
	b.want("mean", ops.Mean(x), 3)
	b.want("mean of rows", ops.MeanAxis(x, 1), 1.5, 4.5)
	b.want("mean of columns", ops.MeanAxis(x, -2), 2, 4)
	b.want("mean square error", ops.MSE(x, b.vals([]int{2, 2}, 1, 1, 1, 1)), 7.5)
	b.want("gradient", graph.Grad(ops.MSE(x, b.vals([]int{2, 2}, 1, 1, 1, 1)), x)[0], 0, 0.5, 1, 2.5)
	b.want("one-hot", b.g.Apply(ops.OneHot{DType: graph.F64, N: 3}, b.ints(2, 0)), 0, 0, 1, 1, 0, 0)
	b.want("counter", b.g.Apply(ops.AddInt{C: -2}, b.ints(5, 1)), 3, -1)
}

// A neuron, its value and its gradient.
func Example() {
	g := graph.New()
	row := graph.Type{DType: graph.F64, Shape: graph.Sh(1, 2)}
	x := g.Const(row, 1, 2)
	w := g.Param("w", row, graph.Given(0.5, -0.25))
	y := ops.Sum(ops.Tanh(ops.MatMulT(x, w)))
	dw := graph.Grad(y, w)[0]

	leaves := graph.Leaves{}
	leaves.Fill(g, 1)
	v, err := graph.Run(g, leaves, y, dw)
	fmt.Println(v.Of(y).F, v.Of(dw).F, err)
	// Output: [0] [1 2] <nil>
}
