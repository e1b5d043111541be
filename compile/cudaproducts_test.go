package compile_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/ops/cuda"
	"rpnc/ops/cuda/emulate"
)

// withLibrary puts an emulated GPU with a library of products in the place of the machine's.
func withLibrary(t *testing.T) *emulate.Device {
	dev := emulated(t)
	dev.Products = "emulated BLAS"
	return dev
}

// byLibrary are the options of a program on a GPU that leaves products to the library.
var byLibrary = &compile.Options{Device: "cuda", Products: compile.CuBLAS}

func TestModelsWithProductsOfALibraryHaveTheGradientsOfTheHost(t *testing.T) {
	dev := withLibrary(t)
	for name, spec := range zoo() {
		for _, d := range onDeviceTypes() {
			host, device := newTrainee(t, spec, d, 12, nil), newTrainee(t, spec, d, 12, byLibrary)
			dev.Multiplies = 0
			got := farthest(t, host.grads, device.grads, host.data(host.grads, 1))
			if !(got <= tolerance(d)) || device.grads.Stats().Library != "emulated BLAS" {
				t.Errorf("%s %v: %.3g of the largest apart; products by %q: %v", name, d, got, device.grads.Stats().Library, device.grads.Stats().Products)
			}
		}
	}
}

func TestAStepWithProductsOfALibraryIsRecordedAndTold(t *testing.T) {
	dev := withLibrary(t)
	p, q := trainer(t, nil, byLibrary)
	p.run(t, q, 0)
	before := dev.Multiplies
	p.run(t, q, 1)
	s := q.Stats()
	if s.Traffic.Replays != 1 || s.Traffic.Launches != 0 || s.Traffic.Recorded != s.Launches || dev.Multiplies != before {
		t.Errorf("%+v of %d launches; %d products outside of the recording", s.Traffic, s.Launches, dev.Multiplies-before)
	}
	var text strings.Builder
	if err := q.Explain(&text); err != nil {
		t.Fatal(err)
	}
	for _, line := range s.Products {
		if !strings.Contains(line, " by emulated BLAS: as asked for") || !strings.Contains(text.String(), "product "+line+"\n") {
			t.Errorf("%s in\n%s", line, text.String())
		}
	}
	if len(s.Products) == 0 {
		t.Error("nothing is told of products")
	}
	if err := q.Close(); err != nil || dev.Live != 0 {
		t.Errorf("%v; %d pieces are not given back", err, dev.Live)
	}
}

func TestTheSameStepsWithProductsOfALibraryGiveTheSameBits(t *testing.T) {
	withLibrary(t)
	var all [2][]float32
	for run := range all {
		p, q := trainer(t, nil, byLibrary)
		for k := range uint64(10) {
			all[run] = append(all[run], p.run(t, q, k))
		}
	}
	if !slices.Equal(all[0], all[1]) {
		t.Errorf("losses %v and %v", all[0], all[1])
	}
}

// By default small products are our kernels', so a library changes nothing for them.
func TestSmallProductsAreThoseOfOurKernelsByDefault(t *testing.T) {
	dev := withLibrary(t)
	p, q := trainer(t, nil, onDevice)
	p.run(t, q, 0)
	if s := q.Stats(); dev.Multiplies != 0 || s.Library != "" || len(s.Products) == 0 || !strings.HasSuffix(s.Products[0], " by our kernels: it is small") {
		t.Errorf("%d products by the library %q; %v", dev.Multiplies, s.Library, s.Products)
	}
}

func TestAProductThatFailsNamesItsNodeAndTheProcessGoesOn(t *testing.T) {
	dev := withLibrary(t)
	p, q := trainer(t, nil, byLibrary)
	failure := errors.New("CUBLAS_STATUS_EXECUTION_FAILED (13)")
	dev.Refuse = func(cuda.Gemm) error { return failure }
	_, err := q.RunTensors(p.feed(0))
	if !errors.Is(err, failure) || !strings.Contains(fmt.Sprint(err), "MatMul") || !strings.Contains(fmt.Sprint(err), ".go:") {
		t.Errorf("%v", err)
	}
	dev.Refuse = nil
	p.run(t, q, 0)
	if _, err := compile.Forward(mlp(graph.F32).g, nil, &compile.Options{Products: 9}, mlp(graph.F32).outputs...); err == nil || !strings.Contains(err.Error(), "products 9 is unknown") {
		t.Errorf("%v", err)
	}
}
