package cuda_test

import (
	"math"
	"strings"
	"testing"

	"rpnc/graph"
	"rpnc/ops"
	"rpnc/ops/cuda"
	"rpnc/ops/cuda/emulate"
)

// arguments are where functions are hard: near 0, near their ends and poles, far out, and what is no number.
func arguments() []float64 {
	x := []float64{0, math.Copysign(0, -1), 1, -1, math.Inf(1), math.Inf(-1), math.NaN(), math.MaxFloat64, 1e308, 0x1p-1074, 1e-310}
	for _, scale := range []float64{1e-300, 1e-18, 1e-9, 1e-4, 0.01, 0.1, 0.3, 0.34, 0.36, 0.5, 0.7, 0.9999999, 1.0000001, 1.3, 1.5707963267948966, 2, 3.14159, 5, 6, 10, 20.5, 50, 300, 709.5, 1e4, 1e9} {
		for _, by := range []float64{1, 1.1, 1.37} {
			x = append(x, scale*by, -scale*by)
		}
	}
	return x
}

// better are references where those of package math lose digits: near ±1, and for logarithms of numbers without a leading 1.
var better = map[ops.UnaryKind]func(x float64) float64{
	ops.KAsin: func(x float64) float64 { return math.Atan2(x, math.Sqrt((1-x)*(1+x))) },
	ops.KAcos: func(x float64) float64 { return math.Atan2(math.Sqrt((1-x)*(1+x)), x) },
	ops.KLog: func(x float64) float64 {
		if x > 0 && x < 0x1p-1022 {
			return math.Log(x*0x1p54) - 54*math.Ln2
		}
		return math.Log(x)
	},
}

func TestFunctionsAreRightToAFewUnitsOfRounding(t *testing.T) {
	x := arguments()
	ty := graph.Type{DType: graph.F64, Shape: graph.Sh(len(x))}
	in := graph.NewTensor(ty)
	copy(in.F, x)
	for _, s := range ops.Samples() {
		op, ok := s.Op.(ops.Unary)
		if !ok {
			continue
		}
		c := call{op: op, in: []graph.Type{ty}, out: []graph.Type{ty}, operand: []*graph.Tensor{in}}
		got, err := run(&emulate.Device{}, c)
		if err != nil {
			t.Fatal(err)
		}
		want, err := graph.EvalOp(op, c.out, c.operand)
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range want[0].F {
			g := got[0].F[i]
			if f := better[op.Kind]; f != nil {
				w = f(x[i])
			}
			switch {
			case w == g || math.IsNaN(w) && math.IsNaN(g):
			case (op.Kind == ops.KSin || op.Kind == ops.KCos) && math.Abs(x[i]) > 1e9: // beyond what turn reduces
			case !(math.Abs(g-w) <= 2e-15*math.Abs(w)+1e-300):
				t.Errorf("%s(%v) is %v, want %v: %.2g off", op.Name(), x[i], g, w, math.Abs(g-w)/math.Abs(w))
			}
		}
	}
}

// The translator needs no GPU: every kernel of the suite goes through it for cards from the oldest to a new one.
func TestTheTranslatorTakesEveryKernel(t *testing.T) {
	ptxas := translator()
	if ptxas == "" {
		t.Skip("there is no ptxas to try the kernels of the suite with")
	}
	for _, p := range precisions {
		dev := &emulate.Device{}
		n := loaded(t, dev, suite(), p.dtype, cuda.Exact)
		translate(t, ptxas, dev.Text, "sm_70", "sm_75", "sm_80", "sm_86", "sm_89", "sm_90")
		t.Logf("%v: %d kernels in %d KiB", p.dtype, n, len(dev.Text)>>10)
	}
}

// loaded brings the kernels of all samples to a device as one module and answers with their number.
func loaded(t *testing.T, dev *emulate.Device, samples []ops.Sample, d graph.DType, m cuda.Math) int {
	t.Helper()
	var tasks []cuda.Task
	for _, s := range samples {
		c := as(s, d, t)
		k, err := cuda.Bind(c.op, c.in, c.out, m)
		if err != nil {
			t.Fatal(err)
		}
		tasks = append(tasks, cuda.Task{Kernel: k, In: make([]cuda.Addr, len(c.in)), Out: make([]cuda.Addr, len(c.out))})
	}
	s, err := cuda.Load(dev, tasks)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return strings.Count(dev.Text, ".visible .entry")
}

func TestALongProductIsCutAndAWideOneIsNot(t *testing.T) {
	for _, c := range []struct {
		in       [2]graph.Type
		launches int
	}{
		{[2]graph.Type{f(50000, 16), f(50000, 9)}, 2},
		{[2]graph.Type{f(1024, 2048), f(1024, 2048)}, 1},
		{[2]graph.Type{f(64, 20), f(64, 20)}, 1},
	} {
		op := ops.MatMul{TA: true}
		out, err := op.Infer(c.in[:])
		if err != nil {
			t.Fatal(err)
		}
		k, err := cuda.Bind(op, c.in[:], out, cuda.Exact)
		if err != nil || k.Launches() != c.launches {
			t.Errorf("%v: %d launches, %v; want %d", c.in, k.Launches(), err, c.launches)
		}
	}
}
