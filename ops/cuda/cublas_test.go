//go:build linux && (amd64 || arm64)

package cuda_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"rpnc/graph"
	"rpnc/ops"
	"rpnc/ops/cuda"
)

// The cuBLAS of these tests is a library in C that multiplies column by column, as the real one does, and refuses what
// that refuses: arguments in another order, a wrong transpose or distance give other numbers or an error.

// ofCublas are the products that cuBLAS does alone, in every form.
func ofCublas() (s []ops.Sample) {
	for _, x := range largeProducts() {
		sum, isSum := x.Op.(ops.MatMulSum)
		_, isProduct := x.Op.(ops.MatMul)
		empty := slices.ContainsFunc(x.In, func(t graph.Type) bool { return t.Shape.Size() == 0 })
		if isProduct && !empty || isSum && sum.TA && !sum.TB {
			s = append(s, x)
		}
	}
	return append(s,
		ops.Sample{Op: ops.MatMul{TB: true}, In: []graph.Type{f(3, 9, 17), f(3, 12, 17)}},
		ops.Sample{Op: ops.MatMul{TA: true, TB: true}, In: []graph.Type{f(3, 17, 9), f(12, 17)}},
		ops.Sample{Op: ops.MatMul{}, In: []graph.Type{f(12, 17), f(3, 17, 9)}})
}

func TestProductsByCublasAreThoseOfTheOracle(t *testing.T) {
	dev, calls, closed := cuda.FakeCard(t, nil, nil)
	for _, s := range ofCublas() {
		for _, p := range precisions {
			c := as(s, p.dtype, t)
			c.products = cuda.CuBLAS
			want, err := graph.EvalOp(c.op, c.out, c.operand)
			if err != nil {
				t.Fatal(err)
			}
			got, err := run(dev, c)
			if err != nil {
				t.Errorf("%s%v: %v", s.Op.Name(), c.in, err)
				continue
			}
			if e := apart(got[0], want[0]); e < 0 || e > p.tol {
				t.Errorf("%s%v is %.3g off; want at most %g", s.Op.Name(), c.in, e, p.tol)
			}
		}
	}
	if err := closed(); err != nil {
		t.Fatal(err)
	}
	driver, cublas := calls()
	count := func(lines []string, first string) (n int) {
		for _, l := range lines {
			if strings.HasPrefix(l, first) {
				n++
			}
		}
		return n
	}
	if a, f := count(driver, "Alloc"), count(driver, "Free"); a == 0 || a != f {
		t.Errorf("%d pieces of memory, of which %d are given back", a, f)
	}
	if count(cublas, "Create") != 1 || cublas[len(cublas)-1] != "Destroy b1" || count(driver, "Launch") > 0 {
		t.Errorf("%d handles, the last call is %s; %d kernels", count(cublas, "Create"), cublas[len(cublas)-1], count(driver, "Launch"))
	}
}

// What is asked of cuBLAS, argument by argument: a product and its two factors change places.
func TestCublasIsAskedForTheTransposedProduct(t *testing.T) {
	dev, calls, closed := cuda.FakeCard(t, nil, nil)
	if _, err := run(dev, aProduct(t, cuda.CuBLAS)); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		op   graph.Op
		in   []graph.Type
		d    graph.DType
		math cuda.Math
		want string
	}{
		{ops.MatMul{}, []graph.Type{f(9, 17), f(17, 12)}, graph.F32, cuda.Exact,
			"00 12 9 17 ld 12 17 12 steps 0 0 108 batch 1 types 000 compute 68"},
		{ops.MatMul{TA: true, TB: true}, []graph.Type{f(17, 9), f(12, 17)}, graph.F64, cuda.TF32,
			"11 12 9 17 ld 17 9 12 steps 0 0 108 batch 1 types 111 compute 70"},
		{ops.MatMul{TB: true}, []graph.Type{f(5, 9, 17), f(5, 12, 17)}, graph.F32, cuda.TF32,
			"10 12 9 17 ld 17 17 12 steps 204 153 108 batch 5 types 000 compute 77"},
		{ops.MatMul{TA: true}, []graph.Type{f(5, 17, 9), f(17, 12)}, graph.F32, cuda.BF16,
			"01 12 9 17 ld 12 9 12 steps 0 153 108 batch 5 types 000 compute 75"},
		{ops.MatMul{}, []graph.Type{f(5, 9, 17), f(17, 12)}, graph.F32, cuda.BF16, // one product of 45 rows
			"00 12 45 17 ld 12 17 12 steps 0 0 540 batch 1 types 000 compute 75"},
		{ops.MatMulSum{TA: true}, []graph.Type{f(5, 9, 17), f(5, 9, 12)}, graph.F32, cuda.Exact, // one product of 45 terms
			"01 12 17 45 ld 12 17 12 steps 0 0 204 batch 1 types 000 compute 68"},
		{ops.MatMul{}, []graph.Type{f(9, 7), f(7, 12)}, graph.F32, cuda.TF32, // too thin for tensor cores
			"00 12 9 7 ld 12 7 12 steps 0 0 108 batch 1 types 000 compute 68"},
	} {
		_, before := calls()
		c := as(ops.Sample{Op: x.op, In: x.in}, x.d, t)
		c.products, c.math = cuda.CuBLAS, x.math
		if _, err := run(dev, c); err != nil {
			t.Fatal(err)
		}
		_, got := calls()
		got = slices.DeleteFunc(got[len(before):], func(line string) bool { return strings.HasPrefix(line, "SetWorkspace b1 ") })
		want := "Gemm b1 " + x.want + " algo -1"
		if !slices.Equal(got, []string{want, want}) { // once to try it
			t.Errorf("%v:\n%s\nwant\n%s twice", x.in, strings.Join(got, "\n"), want)
		}
	}
	if err := closed(); err != nil {
		t.Fatal(err)
	}
	_, got := calls()
	if n := len(got); !slices.Equal(got[:2], []string{"Create", "SetStream b1 51"}) || !strings.HasSuffix(got[2], " 33554432") || got[n-1] != "Destroy b1" {
		t.Errorf("calls:\n%s", strings.Join(got, "\n"))
	}
}

// aProduct is one that cuBLAS gets only when it is asked for by name.
func aProduct(t *testing.T, p cuda.Products) call {
	c := as(ops.Sample{Op: ops.MatMul{}, In: []graph.Type{f(9, 17), f(17, 12)}}, graph.F32, t)
	c.products = p
	return c
}

func TestErrorsOfCublasNameOpShapesAndStatus(t *testing.T) {
	const op, product = "MatMul f32 (9×17) f32 (17×12)", "f32 (9×17)·(17×12)"
	for _, x := range []struct{ define, want string }{
		{"-DCREATE=1", "cuda.Load: " + op + " of " + product + " is to be cuBLAS's: LIB: cublasCreate: CUBLAS_STATUS_NOT_INITIALIZED (1)"},
		{"-DCREATE=3", "cuda.Load: " + op + " of " + product + ": LIB: cublasCreate: CUBLAS_STATUS_ALLOC_FAILED (3)"},
		{"-DSETSTREAM=99", "cuda.Load: " + op + " of " + product + ": LIB: cublasSetStream: status 99"},
		{"-DOLD", "cuda.Load: " + op + " of " + product + " is to be cuBLAS's: LIB: it is too old: "},
		{"-DWORKSPACE=7", "cuda.Load: cuda: " + op + ": cublasSetWorkspace: CUBLAS_STATUS_INVALID_VALUE (7)"},
		{"-DPRODUCT=15", "cuda.Load: cuda: " + op + ": " + product + ": cublasGemmStridedBatchedEx: CUBLAS_STATUS_NOT_SUPPORTED (15)"},
		{"-DPRODUCT=13 -DLATER=1", "cuda: " + op + ": " + product + ": cublasGemmStridedBatchedEx: CUBLAS_STATUS_EXECUTION_FAILED (13)"},
	} {
		dev, _, closed := cuda.FakeCard(t, nil, strings.Fields(x.define))
		_, err := run(dev, aProduct(t, cuda.CuBLAS))
		want := strings.ReplaceAll(x.want, "LIB", os.Getenv("RPNC_LIBCUBLAS"))
		if !strings.HasPrefix(fmt.Sprint(err), want) {
			t.Errorf("%s: %v; want %s", x.define, err, want)
		}
		// The card goes on with kernels.
		if _, err := run(dev, aProduct(t, cuda.Own)); err != nil {
			t.Errorf("%s: afterwards: %v", x.define, err)
		}
		if err := closed(); err != nil {
			t.Errorf("%s: %v", x.define, err)
		}
	}
}

func TestWithoutCublasThereIsAReason(t *testing.T) {
	for _, x := range []struct{ setting, reason string }{
		{"off", "this machine has no cuBLAS that RPNC_LIBCUBLAS or the linker finds"},
		{"/there/is/none.so", "RPNC_LIBCUBLAS: /there/is/none.so: "},
	} {
		dev, _, closed := cuda.FakeCard(t, nil, nil)
		t.Setenv("RPNC_LIBCUBLAS", x.setting)
		if _, err := run(dev, aProduct(t, cuda.CuBLAS)); err == nil || !strings.Contains(err.Error(), "is to be cuBLAS's: "+x.reason) {
			t.Errorf("%s: %v; want %s", x.setting, err, x.reason)
		}
		for _, c := range []cuda.Choice{chosen(t, dev, aProduct(t, cuda.Fastest)), chosen(t, dev, large256(t, cuda.BySize))} {
			if c.Library || !strings.HasPrefix(c.Why, x.reason) {
				t.Errorf("%s: %+v; want %s", x.setting, c, x.reason)
			}
		}
		if err := closed(); err != nil {
			t.Error(err)
		}
	}
}
