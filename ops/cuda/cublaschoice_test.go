package cuda_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rpnc/graph"
	"rpnc/ops"
	"rpnc/ops/cuda"
	"rpnc/ops/cuda/emulate"
)

// large256 is the smallest cube that is cuBLAS's by default.
func large256(t *testing.T, p cuda.Products) call {
	c := as(ops.Sample{Op: ops.MatMul{}, In: []graph.Type{f(256, 256), f(256, 256)}}, graph.F32, t)
	c.products = p
	return c
}

// loadedTasks loads a call some times over, on memory that nobody has written.
func loadedTasks(dev cuda.Device, c call, tasks ...cuda.Task) (*cuda.Sequence, error) {
	k, err := cuda.Bind(c.op, c.in, c.out, c.math)
	if err != nil {
		return nil, err
	}
	for i := range tasks {
		tasks[i].Kernel, tasks[i].Products = k, c.products
		err := dev.Bound(func() (err error) {
			var at []cuda.Addr
			for _, x := range append(append([]graph.Type(nil), c.in...), c.out...) {
				a, err := dev.Alloc(max(1, x.Bytes()))
				if err != nil {
					return err
				}
				at = append(at, a)
			}
			tasks[i].In, tasks[i].Out = at[:len(c.in)], at[len(c.in):]
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return cuda.Load(dev, tasks)
}

// chosen is who does the one product of a call.
func chosen(t *testing.T, dev cuda.Device, c call) cuda.Choice {
	t.Helper()
	s, err := loadedTasks(dev, c, cuda.Task{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	all := s.Choices()
	if len(all) != 1 || (s.Library() != "") != all[0].Library {
		t.Fatalf("choices %+v with library %q", all, s.Library())
	}
	return all[0]
}

// withLibrary is an emulated device with an emulated library.
func withLibrary() *emulate.Device { return &emulate.Device{Products: "emulated BLAS"} }

func TestProductsOfALibraryMatchTheOracle(t *testing.T) {
	for _, s := range append(largeProducts(), tensorCoreSamples()...) {
		for _, p := range precisions {
			dev := withLibrary()
			c := as(s, p.dtype, t)
			c.products = cuda.CuBLAS
			want, err := graph.EvalOp(c.op, c.out, c.operand)
			if err != nil {
				t.Fatal(err)
			}
			got, err := run(dev, c)
			if err != nil {
				t.Fatal(err)
			}
			if e := apart(got[0], want[0]); e < 0 || e > p.tol || dev.Live != 0 {
				t.Errorf("%s%v is %.3g off, %d pieces are not given back", s.Op.Name(), c.in, e, dev.Live)
			}
		}
	}
}

func TestProductsOfALibraryRoundFactorsAsAsked(t *testing.T) {
	for m := cuda.TF32; m <= cuda.BF16; m++ {
		t.Run(m.String(), func(t *testing.T) { onTensorCores(t, withLibrary(), m, cuda.CuBLAS) })
		t.Run(m.String()+"/gpu", func(t *testing.T) { onTensorCores(t, cublasGPU(t), m, cuda.CuBLAS) })
	}
}

// cublasGPU is the card of the machine, if that has cuBLAS too.
func cublasGPU(t *testing.T) cuda.Device {
	t.Helper()
	dev := gpu(t)
	if err := cublasIsMissing(dev); err != nil {
		t.Skip(err)
	}
	return dev
}

// cublasIsMissing says why a device has no library, nil if it has one.
func cublasIsMissing(dev cuda.Device) error {
	return dev.Bound(func() error {
		l, err := dev.Library()
		if err == nil && l == nil {
			err = errors.New("this machine has no cuBLAS")
		}
		return err
	})
}

func TestProductsByCublasMatchTheOracleOnTheGPU(t *testing.T) {
	dev := cublasGPU(t)
	for _, s := range append(largeProducts(), tensorCoreSamples()...) {
		for _, p := range precisions {
			c := as(s, p.dtype, t)
			c.products = cuda.CuBLAS
			want, err := graph.EvalOp(c.op, c.out, c.operand)
			if err != nil {
				t.Fatal(err)
			}
			got, err := run(dev, c)
			if err != nil {
				t.Fatal(err)
			}
			if e := apart(got[0], want[0]); e < 0 || e > p.tol {
				t.Errorf("%s%v is %.3g off; want at most %g", s.Op.Name(), c.in, e, p.tol)
			}
		}
	}
}

func TestSizesDecideWhoMultiplies(t *testing.T) {
	small := []graph.Type{f(255, 256), f(256, 256)}
	thin := []graph.Type{f(31, 1024), f(1024, 1024)}
	cube := []graph.Type{f(256, 256), f(256, 256)}
	for _, x := range []struct {
		op       graph.Op
		in       []graph.Type
		products cuda.Products
		library  bool
		why      string
	}{
		{ops.MatMul{}, cube, cuda.BySize, true, "it is large"},
		{ops.MatMul{}, small, cuda.BySize, false, "it is small"},
		{ops.MatMul{}, thin, cuda.BySize, false, "it is small"},
		{ops.MatMul{}, []graph.Type{f(64, 16, 256), f(256, 64)}, cuda.BySize, true, "it is large"}, // one product of 1024 rows
		{ops.MatMulSum{TB: true}, []graph.Type{f(4, 128, 256), f(4, 128, 256)}, cuda.BySize, false, "it is a sum of products"},
		{ops.MatMul{}, cube, cuda.Own, false, "as asked for"},
		{ops.MatMul{}, small, cuda.CuBLAS, true, "as asked for"},
		{ops.MatMul{}, []graph.Type{f(3, 0), f(0, 4)}, cuda.CuBLAS, false, "it is empty"},
	} {
		c := as(ops.Sample{Op: x.op, In: x.in}, graph.F32, t)
		c.products = x.products
		if got := chosen(t, withLibrary(), c); got.Library != x.library || got.Why != x.why {
			t.Errorf("%s%v by %v: %v, %s; want %v, %s", x.op.Name(), x.in, x.products, got.Library, got.Why, x.library, x.why)
		}
	}
}

func TestWhatALibraryRefusesStaysWithTheKernels(t *testing.T) {
	dev := withLibrary()
	never, today := fmt.Errorf("not with me: %w", cuda.ErrRefused), errors.New("not today")
	dev.Refuse = func(cuda.Gemm) error { return never }
	for _, p := range []cuda.Products{cuda.BySize, cuda.Fastest} {
		if c := chosen(t, dev, large256(t, p)); c.Library || !strings.HasSuffix(c.Why, never.Error()) {
			t.Errorf("by %v: %+v", p, c)
		}
	}
	if _, err := loadedTasks(dev, large256(t, cuda.CuBLAS), cuda.Task{}); !errors.Is(err, never) {
		t.Errorf("%v", err)
	}
	// What may be gone tomorrow is no reason for other bits today.
	dev.Refuse = func(cuda.Gemm) error { return today }
	for p := range cuda.Fastest + 1 {
		if _, err := loadedTasks(dev, large256(t, p), cuda.Task{}); errors.Is(err, today) != (p != cuda.Own) {
			t.Errorf("by %v: %v", p, err)
		}
	}
}

// A library does not look at the fault word.
func TestTasksThatCommitKeepTheirKernels(t *testing.T) {
	dev := withLibrary()
	c := as(ops.Sample{Op: ops.MatMul{}, In: []graph.Type{f(8, 8), f(8, 8)}}, graph.F32, t)
	c.products = cuda.CuBLAS
	s, err := loadedTasks(dev, c, cuda.Task{}, cuda.Task{Guarded: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if all := s.Choices(); len(all) != 2 || !all[0].Library || all[1].Library || s.Launches() != 2 {
		t.Errorf("%+v with %d launches", all, s.Launches())
	}
}

func TestNothingIsTranslatedForWhatALibraryDoes(t *testing.T) {
	dev := withLibrary()
	c := as(ops.Sample{Op: ops.MatMul{}, In: []graph.Type{f(64, 64), f(64, 64)}}, graph.F32, t)
	c.products = cuda.CuBLAS
	chosen(t, dev, c)
	if dev.Text != "" {
		t.Errorf("a module of %d bytes", len(dev.Text))
	}
}

// timed is a device whose clock says what the test wants, by who multiplies.
type timed struct {
	*emulate.Device
	library, own time.Duration
	measured     int
}

func (d *timed) Time(f func() error) (time.Duration, error) {
	before := d.Multiplies
	d.measured++
	err := f()
	if d.Multiplies > before {
		return d.library, err
	}
	return d.own, err
}

func TestTheFasterOneMultipliesAndIsMeasuredOnce(t *testing.T) {
	for i, x := range []struct {
		library, own time.Duration
		want         bool
	}{{4000, 8000, true}, {8000, 4000, false}, {4000, 4000, false}} {
		dev := &timed{Device: &emulate.Device{Products: fmt.Sprint("BLAS ", i)}, library: x.library, own: x.own}
		c := as(ops.Sample{Op: ops.MatMul{TB: true}, In: []graph.Type{f(20, 9), f(30, 9)}}, graph.F32, t)
		c.products = cuda.Fastest
		first := chosen(t, dev, c)
		measured := dev.measured
		dev.library, dev.own = dev.own, dev.library
		if again := chosen(t, dev, c); first.Library != x.want || again != first || measured == 0 || dev.measured != measured {
			t.Errorf("%v by library, %v by kernels: %+v, then %+v; %d measurements, then %d", x.library, x.own, first, again, measured, dev.measured)
		}
		got, err := run(dev, c)
		if err != nil {
			t.Fatal(err)
		}
		want, err := graph.EvalOp(c.op, c.out, c.operand)
		if err != nil {
			t.Fatal(err)
		}
		if e := apart(got[0], want[0]); e < 0 || e > 1e-5 {
			t.Errorf("%.3g off", e)
		}
	}
}

// Sums of products, powers and contractions are several launches, of which a library does some.
func TestALibraryTakesItsPartOfAnOp(t *testing.T) {
	c := as(ops.Sample{Op: ops.MatPow{H: 4, Accumulative: true}, In: []graph.Type{f(12, 12)}, Lo: -0.3, Hi: 0.3}, graph.F64, t)
	c.products = cuda.CuBLAS
	s, err := loadedTasks(withLibrary(), c, cuda.Task{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	byLibrary := slices.DeleteFunc(s.Choices(), func(c cuda.Choice) bool { return !c.Library })
	if len(byLibrary) != 3 || s.Launches() != 6 {
		t.Errorf("%d of %d launches are the library's; want 3 of 6", len(byLibrary), s.Launches())
	}
}

func TestEveryWordOfProductsIsUnderstood(t *testing.T) {
	for p := cuda.BySize; p <= cuda.Fastest; p++ {
		if got, err := cuda.ParseProducts(p.String()); err != nil || got != p {
			t.Errorf("%v is %v, %v", p, got, err)
		}
	}
	if _, err := cuda.ParseProducts("mkl"); err == nil {
		t.Error("mkl is taken")
	}
}
