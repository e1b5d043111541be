package cuda_test

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"rpnc/graph"
	"rpnc/ops"
	"rpnc/ops/cuda"
	"rpnc/ops/cuda/emulate"
)

// narrowed rounds to the nearest number of so many bits, ties away from zero or to even.
func narrowed(x float64, bits int, even bool) float64 {
	frac, exp := math.Frexp(x)
	round := math.Round
	if even {
		round = math.RoundToEven
	}
	return math.Ldexp(round(math.Ldexp(frac, bits)), exp-bits)
}

// tensorCoreSamples are products with sizes around those of tiles, in every form, batched, summed and cut.
func tensorCoreSamples() (s []ops.Sample) {
	for _, x := range largeProducts() {
		switch x.Op.(type) {
		case ops.MatMul, ops.MatMulSum:
			s = append(s, x)
		}
	}
	for _, d := range [][3]int{{8, 8, 8}, {33, 31, 65}, {40, 100, 9}} {
		s = append(s, ops.Sample{Op: ops.MatMul{}, In: []graph.Type{f(d[0], d[1]), f(d[1], d[2])}},
			ops.Sample{Op: ops.MatMul{TA: true, TB: true}, In: []graph.Type{f(d[1], d[0]), f(d[2], d[1])}})
	}
	// A card full of tiles of 64×64, and of 128×128: the batch makes the blocks, so that the emulator is soon through.
	return append(s,
		ops.Sample{Op: ops.MatMul{TB: true}, In: []graph.Type{f(130, 64, 17), f(64, 17)}},
		ops.Sample{Op: ops.MatMul{}, In: []graph.Type{f(128, 128, 8), f(8, 130)}})
}

// onTensorCores runs the samples with the given maths, beside the oracle on factors that are rounded as a card rounds them:
// what is left are the roundings of float32 sums.
func onTensorCores(t *testing.T, dev cuda.Device, m cuda.Math, p cuda.Products) {
	if dev.Capability() < m.Capability() {
		t.Skipf("%s has no tensor cores for %v", dev.Name(), m)
	}
	for i, s := range tensorCoreSamples() {
		if testing.Short() && (i%3 > 0 || s.In[0].Shape.Size() > 1<<16) {
			continue // the catalogue has every form
		}
		t.Run(fmt.Sprintf("%s%v", s.Op.Name(), s.In), func(t *testing.T) {
			c := as(s, graph.F32, t)
			c.math, c.products = m, p
			got, err := run(dev, c)
			if err != nil {
				t.Fatal(err)
			}
			c.narrow()
			want, err := graph.EvalOp(c.op, c.out, c.operand)
			if err != nil {
				t.Fatal(err)
			}
			if e := apart(got[0], want[0]); e < 0 || e > 1e-5 {
				t.Errorf("%.3g off; want at most 1e-5", e)
			}
		})
	}
}

// narrow rounds the factors of a product as its maths does; small ones are computed exactly.
func (c call) narrow() {
	bits, even := 11, false
	if c.math == cuda.BF16 {
		bits, even = 8, true
	}
	if m, k, n := sizes(c); c.math == cuda.Exact || min(m, k, n) < 8 {
		return
	}
	for _, x := range c.operand {
		for i, v := range x.F {
			x.F[i] = narrowed(v, bits, even)
		}
	}
}

// sizes are those of the product: results m×n, k terms each.
func sizes(c call) (m, k, n int) {
	op, sum := c.op.(ops.MatMul)
	if !sum {
		op = ops.MatMul(c.op.(ops.MatMulSum))
	}
	m, k, n = c.in[0].Shape.Dim(-2), c.in[0].Shape.Dim(-1), c.in[1].Shape.Dim(-1)
	if op.TA {
		m, k = k, m
	}
	if op.TB {
		n = c.in[1].Shape.Dim(-2)
	}
	return m, k, n
}

func TestProductsOnTensorCoresAreThoseOfRoundedFactors(t *testing.T) {
	for _, m := range []cuda.Math{cuda.TF32, cuda.BF16} {
		t.Run(m.String(), func(t *testing.T) { onTensorCores(t, &emulate.Device{}, m, cuda.Own) })
		t.Run(m.String()+"/gpu", func(t *testing.T) { onTensorCores(t, gpu(t), m, cuda.Own) })
	}
}

func TestTensorCoresAreForProductsOfFloat32(t *testing.T) {
	for _, c := range []struct {
		in    []graph.Type
		dtype graph.DType
		cores bool
	}{
		{[]graph.Type{f(16, 16), f(16, 16)}, graph.F32, true},
		{[]graph.Type{f(16, 16), f(16, 16)}, graph.F64, false},
		{[]graph.Type{f(16, 7), f(7, 16)}, graph.F32, false},
	} {
		dev := &emulate.Device{}
		x := as(ops.Sample{Op: ops.MatMul{}, In: c.in}, c.dtype, t)
		x.math = cuda.TF32
		if _, err := run(dev, x); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(dev.Text, "mma.sync"); got != c.cores || strings.Contains(dev.Text, ".target sm_80") != c.cores {
			t.Errorf("%v %v on tensor cores: %v; want %v", c.dtype, c.in, got, c.cores)
		}
	}
}

func TestEveryWordOfMathIsUnderstood(t *testing.T) {
	for m := cuda.Exact; m <= cuda.BF16; m++ {
		if got, err := cuda.ParseMath(m.String()); err != nil || got != m {
			t.Errorf("%v is %v, %v", m, got, err)
		}
	}
	if _, err := cuda.ParseMath("fp8"); err == nil {
		t.Error("fp8 is taken")
	}
}

// translator is ptxas of the CUDA toolkit, which needs no GPU: RPNC_PTXAS, or that of the path; "" where there is none.
func translator() string {
	if name := os.Getenv("RPNC_PTXAS"); name != "" {
		return name
	}
	name, err := exec.LookPath("ptxas")
	if err != nil {
		return ""
	}
	return name
}

// spilled is what ptxas says of a kernel that has too few registers.
var spilled = regexp.MustCompile(`[1-9][0-9]* bytes spill.*`)

// translate lets ptxas translate a module for several cards.
func translate(t *testing.T, ptxas, text string, archs ...string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kernel.ptx")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, arch := range archs {
		out, err := exec.Command(ptxas, "-v", "-arch="+arch, file, "-o", os.DevNull).CombinedOutput()
		if err != nil {
			t.Fatalf("for %s: %v\n%s", arch, err, out)
		}
		if spill := spilled.Find(out); spill != nil {
			t.Errorf("for %s registers are spilled: %s", arch, spill)
		}
	}
}

func TestTheTranslatorTakesProductsOnTensorCores(t *testing.T) {
	ptxas := translator()
	if ptxas == "" {
		t.Skip("there is no ptxas to try the kernels with")
	}
	for _, m := range []cuda.Math{cuda.TF32, cuda.BF16} {
		dev := &emulate.Device{}
		n := loaded(t, dev, tensorCoreSamples(), graph.F32, m)
		translate(t, ptxas, dev.Text, "sm_80", "sm_86", "sm_89", "sm_90")
		t.Logf("%v: %d kernels with %d instructions of tensor cores", m, n, strings.Count(dev.Text, "\n\tmma.sync"))
	}
}
