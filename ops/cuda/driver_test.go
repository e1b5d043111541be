//go:build linux && (amd64 || arm64)

package cuda

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rpnc/graph"
	"rpnc/ops"
)

// The driver of these tests is a library in C that writes down how it is called. What it shows is that arguments and
// results cross the border as they should; kernels do not run on it.

// fake compiles testdata/driver.c with some settings, or skips where there is no C compiler.
func fake(t *testing.T, defines ...string) (lib, log string) {
	t.Helper()
	return built(t, "driver", defines...)
}

// built compiles a library in testdata.
func built(t *testing.T, name string, defines ...string) (lib, log string) {
	t.Helper()
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skipf("there is no C compiler to build testdata/%s.c with", name)
	}
	dir := t.TempDir()
	lib, log = filepath.Join(dir, name+".so"), filepath.Join(dir, "log")
	args := append([]string{"-shared", "-fPIC", "-O0", "-o", lib, "testdata/" + name + ".c", `-DLOG="` + log + `"`}, defines...)
	if out, err := exec.Command(cc, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return lib, log
}

func TestAMachineWithoutTheDriverSaysSo(t *testing.T) {
	_, err := open("libcuda-that-is-not-there.so")
	if !errors.Is(err, ErrNoDevice) || !strings.HasPrefix(err.Error(), "no usable CUDA device: ") {
		t.Errorf("%v", err)
	}
}

func TestUnusableDriversSayWhy(t *testing.T) {
	for define, want := range map[string]string{
		"-DINIT=100":        "no usable CUDA device: cuInit: CUDA_ERROR_NO_DEVICE (100)",
		"-DCOUNT=0":         "no usable CUDA device: the driver finds no card",
		"-DMAJOR=5":         "no usable CUDA device: Fake Card (compute capability 5.0, driver for CUDA 12.4) is too old; want compute capability 7.0",
		"-DRETAIN=2":        "no usable CUDA device: cuDevicePrimaryCtxRetain: CUDA_ERROR_OUT_OF_MEMORY (2)",
		"-DSTREAM=2":        "no usable CUDA device: cuStreamCreate: CUDA_ERROR_OUT_OF_MEMORY (2)",
		"-DWITHOUT_CAPTURE": "no usable CUDA device: the driver is too old: ",
	} {
		lib, _ := fake(t, define)
		_, err := open(lib)
		if !errors.Is(err, ErrNoDevice) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v; want %s", define, err, want)
		}
	}
}

// exercise opens the driver and runs one kernel in every way, then closes everything.
func exercise(lib string) error {
	g, err := open(lib)
	if err != nil {
		return err
	}
	x := graph.Type{DType: graph.F32, Shape: graph.Sh(300)}
	k, err := Bind(ops.Unary{Kind: ops.KRelu}, []graph.Type{x}, []graph.Type{x}, Exact)
	if err != nil {
		return err
	}
	s, err := Load(g, []Task{{Kernel: k, In: []Addr{0x1000}, Out: []Addr{0x2000}}})
	if err != nil {
		return err
	}
	err = g.Bound(func() error {
		rec, err := g.Capture(func() error { return s.Run(0) })
		return errors.Join(err, s.Run(0), g.Replay(rec), s.Check(), g.Sync(), g.Drop(rec), staged(g))
	})
	return errors.Join(err, s.Close(), g.close())
}

// staged copies up and down through pinned memory, and measures that.
func staged(g *gpu) error {
	b, err := g.Pin(64)
	if err != nil {
		return err
	}
	b[0] = 42
	took, err := g.Time(func() error { return errors.Join(g.Push(0x7000, b[:16]), g.Pull(b[16:], 0x8000)) })
	if err == nil && took != 1500*time.Microsecond {
		err = fmt.Errorf("it took %v", took)
	}
	return errors.Join(err, g.Unpin(b))
}

func TestEveryCallReachesTheDriver(t *testing.T) {
	lib, log := fake(t)
	if err := exercise(lib); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(strings.TrimSpace(string(text)), "\n")
	want := []string{
		"Init 0", "Retain 7", "SetCurrent c0", "StreamCreate 0", "SetCurrent c0",
		"Alloc 512 = 5000", "HtoD 5000 8 bytes, first 0", "Load .version 7.0", "GetFunction 30 k0", "SetCurrent c0",
		"BeginCapture 51 1", "Launch f0 2,1,1 256,1,1 0 51 1000 2000", "EndCapture 51", "Instantiate 61 0", "GraphDestroy 61",
		"Launch f0 2,1,1 256,1,1 0 51 1000 2000", "GraphLaunch 71 51", "DtoH 5000 4 bytes", "Synchronize 51", "ExecDestroy 71",
		"HostAlloc 64 0", "EventCreate 0 = e1", "EventCreate 0 = e2", "EventRecord e1 51", "HtoDAsync 7000 16 bytes, first 42, 51",
		"DtoHAsync 8000 48 bytes, 51", "EventRecord e2 51", "EventSynchronize e2", "ElapsedTime e1 e2", "EventDestroy e2", "EventDestroy e1",
		"FreeHost",
		"SetCurrent c0", "Free 5000", "Unload 30", "SetCurrent c0", "StreamDestroy 51", "Release 7",
	}
	if !slices.Equal(got, want) {
		t.Errorf("calls:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestErrorsNameOpShapesAndStatus(t *testing.T) {
	for define, want := range map[string]string{
		"-DLAUNCH=719": "cuda: Relu f32 (300): cuLaunchKernel: CUDA_ERROR_LAUNCH_FAILED (719)",
		"-DLOAD=218":   "cuda.Load: cuModuleLoadDataEx: CUDA_ERROR_INVALID_PTX (218): line 1: no",
		"-DALLOC=2":    "cuda.Load: cuMemAlloc of 512 bytes: CUDA_ERROR_OUT_OF_MEMORY (2)",
		"-DDTOH=700":   "cuMemcpyDtoH: CUDA_ERROR_ILLEGAL_ADDRESS (700)",
	} {
		lib, _ := fake(t, define)
		if err := exercise(lib); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %s", define, err, want)
		}
	}
}

func TestALaunchAllocatesNextToNothing(t *testing.T) {
	lib, _ := fake(t)
	g, err := open(lib)
	if err != nil {
		t.Fatal(err)
	}
	args := []Addr{1, 2, 3}
	// The one is purego's.
	if n := testing.AllocsPerRun(100, func() { err = g.Launch(1, 1, 1, args) }); n > 1 || err != nil {
		t.Errorf("%v allocations, %v", n, err)
	}
}
