package compile_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/ops"
	"rpnc/ops/cuda"
	"rpnc/ops/cuda/emulate"
)

// emulated puts an emulated GPU in the place of the machine's.
func emulated(t *testing.T) *emulate.Device {
	dev := &emulate.Device{}
	t.Cleanup(compile.UseDevice(dev, nil))
	return dev
}

// onDevice are the options of a program on a GPU.
var onDevice = &compile.Options{Device: "cuda"}

// onEveryDevice runs a test on the emulator and on the GPU of the machine. Without one that skips, or fails with
// RPNC_REQUIRE_GPU=1.
func onEveryDevice(t *testing.T, f func(t *testing.T)) {
	t.Run("emulator", func(t *testing.T) {
		emulated(t)
		f(t)
	})
	t.Run("gpu", func(t *testing.T) {
		_, err := cuda.Open()
		switch {
		case err != nil && os.Getenv("RPNC_REQUIRE_GPU") == "1":
			t.Fatal(err)
		case err != nil:
			t.Skip(err)
		}
		f(t)
	})
}

// onDeviceTypes are the element types that programs are tested with on devices; the emulator takes its time.
func onDeviceTypes() []graph.DType {
	if testing.Short() {
		return []graph.DType{graph.F32}
	}
	return []graph.DType{graph.F64, graph.F32}
}

func TestProgramsOnADeviceMatchTheInterpreter(t *testing.T) {
	onEveryDevice(t, func(t *testing.T) {
		for _, d := range onDeviceTypes() {
			for _, level := range []compile.Level{compile.O0, compile.Fused} {
				for _, p := range programs(d) {
					t.Run(fmt.Sprintf("%s/%v/%d", p.name, d, level), func(t *testing.T) {
						q, err := compile.Forward(p.g, nil, &compile.Options{Device: "cuda", Level: level}, p.outputs...)
						if err != nil {
							t.Fatal(err)
						}
						steps(t, p, q, p.outputs, tolerance(d))
					})
				}
			}
		}
	})
}

func TestTrainingOnADeviceMatchesTheInterpreterFromEqualState(t *testing.T) {
	onEveryDevice(t, func(t *testing.T) {
		for _, d := range onDeviceTypes() {
			for i, p := range programs(d) {
				t.Run(fmt.Sprintf("%s/%v", p.name, d), func(t *testing.T) {
					q, err := compile.Train(p.g, nil, onDevice, p.loss, momentum{}, p.outputs...)
					if err != nil {
						t.Fatal(err)
					}
					want := programs(d)[i].asBuilt(t)
					steps(t, want, q, append([]*graph.Node{want.loss}, want.outputs...), tolerance(d))
				})
			}
		}
	})
}

func TestGradientsOnADeviceMatchTheInterpreter(t *testing.T) {
	if testing.Short() {
		t.Skip("the steps of trainings hold gradients against the interpreter, too")
	}
	onEveryDevice(t, func(t *testing.T) {
		for _, d := range onDeviceTypes() {
			for _, p := range programs(d) {
				t.Run(fmt.Sprintf("%s/%v", p.name, d), func(t *testing.T) { checkGradients(t, p, onDevice, d) })
			}
		}
	})
}

// trainer is the training step of the MLP.
func trainer(t *testing.T, st *compile.Store, opts *compile.Options) (program, *compile.Program) {
	t.Helper()
	p := mlp(graph.F32)
	q, err := compile.Train(p.g, st, opts, p.loss, momentum{})
	if err != nil {
		t.Fatal(err)
	}
	return mlp(graph.F32).asBuilt(t), q
}

// run feeds the inputs of seed to q and runs it.
func (p program) run(t *testing.T, q *compile.Program, seed uint64) float32 {
	t.Helper()
	out, err := q.RunTensors(p.feed(seed))
	if err != nil {
		t.Fatal(err)
	}
	return float32(out[0].F[0])
}

func TestTheSameStepsOnADeviceGiveTheSameBits(t *testing.T) {
	onEveryDevice(t, func(t *testing.T) {
		var all [][]float32
		for range 2 {
			p, q := trainer(t, nil, onDevice)
			var losses []float32
			for k := range uint64(20) {
				losses = append(losses, p.run(t, q, k))
			}
			all = append(all, losses)
		}
		if !slices.Equal(all[0], all[1]) {
			t.Errorf("losses %v and %v", all[0], all[1])
		}
	})
}

func TestAStepCopiesInputsAndOutputsAndNothingElse(t *testing.T) {
	dev := emulated(t)
	p, q := trainer(t, nil, onDevice)
	p.run(t, q, 0)
	counts := func() [6]int {
		return [6]int{dev.Pushes, dev.Pulls, dev.Launches, dev.Replays, dev.Syncs, dev.Uploads + dev.Downloads}
	}
	before := counts()
	p.run(t, q, 1)
	const faults = 1 // the word that says whether a kernel has failed
	step := counts()
	for i := range step {
		step[i] -= before[i]
	}
	if want := [6]int{len(q.Inputs()), 1 + faults, 0, 1, 1, 0}; step != want {
		t.Errorf("copies up and down, launches by hand, replays, waits, copies that wait: %v; want %v", step, want)
	}
	told := q.Stats().Traffic
	if got := [6]int{told.Uploads, told.Downloads, told.Launches, told.Replays, told.Syncs, 0}; got != step || told.Recorded != q.Stats().Launches {
		t.Errorf("%+v of %d launches; want %v", told, q.Stats().Launches, step)
	}
	if s := q.Stats(); s.Launches < s.Kernels {
		t.Errorf("%d launches of %d kernels", s.Launches, s.Kernels)
	}
}

func TestHostAndDeviceSeeEachOthersStates(t *testing.T) {
	emulated(t)
	st, other := compile.NewStore(), compile.NewStore()
	p, gpu := trainer(t, st, onDevice)
	_, cpu := trainer(t, st, nil)
	_, want := trainer(t, other, nil)
	for k := range uint64(6) {
		q := cpu
		if k%3 == 0 {
			q = gpu
		}
		got, wanted := p.run(t, q, k), p.run(t, want, k)
		if math.Abs(float64(got-wanted)) > 1e-5 {
			t.Errorf("step %d: loss %v, on the host alone %v", k, got, wanted)
		}
		if k == 3 { // what is set on the host counts from the next step on
			for _, s := range []*compile.Store{st, other} {
				if err := s.Set("b1", graph.Fill(0.25).Tensor(s.Get("b1").Type, 0, "")); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

func TestClosingGivesAllMemoryBackAndBringsTheStatesHome(t *testing.T) {
	dev := emulated(t)
	st := compile.NewStore()
	p, q := trainer(t, st, onDevice)
	_, other := trainer(t, st, onDevice)
	p.run(t, q, 0)
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	p.run(t, other, 1)
	if err := other.Close(); err != nil || dev.Live != 0 {
		t.Errorf("%v; %d pieces are not given back", err, dev.Live)
	}
	if got := st.Get("step").I[0]; got != 2 {
		t.Errorf("step %d after two", got)
	}
}

func TestAFaultOnADeviceNamesTheNodeAndCommitsNothing(t *testing.T) {
	onEveryDevice(t, func(t *testing.T) {
		st := compile.NewStore()
		p, q := trainer(t, st, onDevice)
		before := st.Get("w1")
		in := p.feed(0)
		in["labels"].I[2] = 99
		_, err := q.RunTensors(in)
		if err == nil || !strings.Contains(err.Error(), "CrossEntropy") || !strings.Contains(err.Error(), "label") {
			t.Errorf("error %v names neither op nor label", err)
		}
		same(t, "w1", st.Get("w1"), before, 0)
		p.run(t, q, 0)
		if got := st.Get("step").I[0]; got != 1 {
			t.Errorf("step %d after a step that failed and one that did not", got)
		}
	})
}

func TestAnOpWithoutAKernelIsAnErrorOrRunsOnTheHost(t *testing.T) {
	emulated(t)
	t.Cleanup(compile.WithoutKernel(func(op graph.Op) bool { return op.Name() != "Softmax@-1" }))
	p := attention(graph.F64)
	_, err := compile.Forward(p.g, nil, onDevice, p.outputs...)
	if !errors.Is(err, cuda.ErrNoKernel) || !strings.Contains(err.Error(), "Softmax@-1") || !strings.Contains(err.Error(), "programs_test.go:") {
		t.Errorf("error %v names neither op nor line", err)
	}
	q, err := compile.Forward(p.g, nil, &compile.Options{Device: "cuda", Fallback: true}, p.outputs...)
	if err != nil {
		t.Fatal(err)
	}
	steps(t, p, q, p.outputs, tolerance(graph.F64))
	if fs := q.Stats().Fallbacks; len(fs) == 0 || fs[0] != "Softmax@-1" {
		t.Errorf("fallbacks %v", fs)
	}
}

func TestWithoutADeviceTheErrorSaysWhy(t *testing.T) {
	t.Cleanup(compile.UseDevice(nil, fmt.Errorf("%w: the driver finds no card", cuda.ErrNoDevice)))
	p := mlp(graph.F32)
	_, err := compile.Forward(p.g, nil, onDevice, p.outputs...)
	if !errors.Is(err, cuda.ErrNoDevice) || err.Error() != "compile: no usable CUDA device: the driver finds no card" {
		t.Errorf("%v", err)
	}
	if _, err := compile.Forward(p.g, nil, &compile.Options{Device: "tpu"}, p.outputs...); err == nil || !strings.Contains(err.Error(), `"tpu"`) {
		t.Errorf("%v", err)
	}
}

func TestNaNsOnADeviceNameTheirKernel(t *testing.T) {
	emulated(t)
	g := graph.New()
	y := ops.Log(g.Input("x", typ(graph.F64, 2)))
	q, err := compile.Forward(g, nil, &compile.Options{Device: "cuda", NaN: true}, y)
	if err != nil {
		t.Fatal(err)
	}
	q.Input("x").F64[0], q.Input("x").F64[1] = 1, -1
	if err := q.Run(); err == nil || !strings.Contains(err.Error(), "Log") || !strings.Contains(err.Error(), "NaN at element 1") {
		t.Errorf("%v", err)
	}
}

// broken is a device that fails from some moment on, as a card does after an access outside of its memory.
type broken struct {
	*emulate.Device
	fails func() error
}

func (b *broken) Sync() error { return b.fails() }

func (b *broken) Download(to []byte, from cuda.Addr) error { return b.fails() }

func TestAfterAnErrorOfTheDriverTheProcessGoesOn(t *testing.T) {
	failure := errors.New("cuStreamSynchronize: CUDA_ERROR_ILLEGAL_ADDRESS (700)")
	for _, check := range []bool{false, true} {
		dead := true
		dev := &broken{&emulate.Device{}, func() error {
			if dead {
				return failure
			}
			return nil
		}}
		t.Cleanup(compile.UseDevice(dev, nil))
		p, q := trainer(t, nil, &compile.Options{Device: "cuda", Check: check})
		_, err := q.RunTensors(p.feed(0))
		if !errors.Is(err, failure) || check != (strings.Contains(fmt.Sprint(err), "f32 (") && strings.Contains(fmt.Sprint(err), ".go:")) {
			t.Errorf("check %v: %v", check, err)
		}
		// What was on the card is lost, and that is said; what is not on it goes on, and so does a card that recovers.
		if err := q.Close(); err == nil {
			t.Error("states that cannot be read are given up without a word")
		}
		if dev.Live != 0 {
			t.Errorf("%d pieces are not given back", dev.Live)
		}
		p, cpu := trainer(t, nil, nil)
		p.run(t, cpu, 0)
		dead = false
		p, again := trainer(t, nil, &compile.Options{Device: "cuda"})
		p.run(t, again, 0)
	}
}

func TestACardWithoutTensorCoresSaysSo(t *testing.T) {
	t.Cleanup(compile.UseDevice(old{&emulate.Device{}}, nil))
	p := mlp(graph.F32)
	_, err := compile.Forward(p.g, nil, &compile.Options{Device: "cuda", Math: compile.TF32}, p.outputs...)
	want := "compile: emulated GPU has no tensor cores for tf32 products; want compute capability 8.0, or exact products"
	if err == nil || err.Error() != want {
		t.Errorf("%v; want %s", err, want)
	}
}

// old is a card from before tensor cores knew tf32.
type old struct{ *emulate.Device }

func (old) Capability() int { return 75 }
