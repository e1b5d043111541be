package models_test

import (
	"math"
	"runtime"
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/models"
	"rpnc/models/optim"
	"rpnc/models/train"
	"rpnc/rpnops"
)

// stepCase is a model whose training step is counted.
type stepCase struct {
	name string
	spec models.Spec
	most int // instructions
}

// stepCases are the models that `rpnc train` builds, in the sizes of the digits, with what makes a step long: batch
// norm, dropout and pooling by maxima in the CNN, all flags of the reference's defaults in the transformer.
func stepCases() []stepCase {
	bias, one, two := models.Product{EnableBias: true}, models.Int(1), models.Int(2)
	return []stepCase{
		{"MLP", models.MLP{Dims: []int{64, 32, 10}, Product: bias, Finish: models.Finish{WithRelu: true}, Plain: true}, 40},
		{"RNN", models.RNN{Length: 8, Dims: []int{8, 64, 10}, Product: bias, Finish: models.Finish{WithRelu: true},
			ChainOptions: models.ChainOptions{WithMultihop: true, H: rpnops.Some(2), Accumulative: true}}, 40},
		{"CNN", models.CNN{
			Patching: models.Patching{H: 8, W: 8, PH: one, PW: one, PD: models.Int(0), CDH: one, CDW: one, CDD: one},
			PoolCDH:  two, PoolCDW: two, Metric: rpnops.Max, ChannelNums: []int{1, 16, 32}, FCDims: []int{64, 10},
			Product: bias, WithBatchNorm: true, WithRelu: true, WithDropout: true, PPooling: 0.25, PFC: 0.5,
		}, 50},
		{"Transformer", models.Transformer{Dims: []int{64, 32}, FCDims: []int{10}, Product: models.Product{R: 3, EnableBias: true},
			Attention: models.Attention{WithLoRRXi: true, RXi: 3}, WithResidual: true,
			Finish: models.Finish{WithBatchNorm: true, WithRelu: true, WithDropout: true, P: 0.25, WithSoftmax: true}}, 80},
	}
}

// trainingStep compiles one training step of a spec on 64 rows.
func trainingStep(t *testing.T, spec models.Spec, d graph.DType, o *compile.Options) *compile.Program {
	t.Helper()
	m, err := models.New(spec, &models.Options{Seed: 1, DType: d, Rows: 64, Compile: o})
	if err != nil {
		t.Fatal(err)
	}
	p, err := train.Program(m, 64, train.CrossEntropy, optim.AdamW{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func TestATrainingStepIsFewInstructions(t *testing.T) {
	t.Logf("%-12s %13s %8s %6s %10s", "model", "instructions", "kernels", "nodes", "arena KiB")
	for _, c := range stepCases() {
		s := trainingStep(t, c.spec, graph.F32, nil).Stats()
		t.Logf("%-12s %7d (≤%d) %8d %6d %10d", c.name, s.Instructions, c.most, s.Kernels, s.Nodes, s.ArenaBytes>>10)
		if s.Instructions > c.most {
			t.Errorf("%s: %d instructions, want at most %d", c.name, s.Instructions, c.most)
		}
		if len(s.Oracles) > 0 {
			t.Errorf("%s: without a kernel: %v", c.name, s.Oracles)
		}
	}
}

// perRun is how many allocations and bytes a run of p makes. What else the process does only adds to that, so it is the
// least of several measurements; the first runs, in which kernels find out how many cores work on them, do not count.
func perRun(t *testing.T, p *compile.Program) (allocs, bytes float64) {
	t.Helper()
	const measurements, runs = 20, 3
	allocs, bytes = math.Inf(1), math.Inf(1)
	runtime.GC() // what earlier tests left is cleaned up on goroutines of the runtime
	for i := 0; i < measurements && bytes > 0; i++ {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			if err := p.Run(); err != nil {
				t.Fatal(err)
			}
		}
		runtime.ReadMemStats(&after)
		allocs = min(allocs, float64(after.Mallocs-before.Mallocs)/runs)
		bytes = min(bytes, float64(after.TotalAlloc-before.TotalAlloc)/runs)
	}
	return allocs, bytes
}

func TestATrainingStepAllocatesNoTensor(t *testing.T) {
	// The TapeMachine makes some small values an instruction; a tensor would be kilobytes.
	most := map[compile.VM]float64{compile.Plan: 0, compile.Tape: 512}
	t.Logf("%-12s %-5s %8s %8s %18s", "model", "vm", "allocs", "bytes", "bytes/instruction")
	for _, c := range stepCases() {
		for _, vm := range []compile.VM{compile.Plan, compile.Tape} {
			p := trainingStep(t, c.spec, graph.F32, &compile.Options{VM: vm})
			allocs, bytes := perRun(t, p)
			each := bytes / float64(p.Stats().Instructions)
			t.Logf("%-12s %-5v %8.1f %8.0f %18.0f", c.name, vm, allocs, bytes, each)
			if each > most[vm] {
				t.Errorf("%s on %v: %.0f bytes an instruction, want at most %.0f", c.name, vm, each, most[vm])
			}
		}
	}
}

func TestALongMultihopChainTrainsWithoutItsMatrix(t *testing.T) {
	const length, dense = 4096, 4096 * 4096 * 4
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	p := trainingStep(t, models.ChainHead{M: 1, N: 1, Length: length, Product: models.Product{EnableBias: true},
		ChainOptions: models.ChainOptions{WithMultihop: true, H: rpnops.Some(4), Accumulative: true}}, graph.F32, nil)
	for range 3 {
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	total := after.TotalAlloc - before.TotalAlloc
	t.Logf("%d KiB allocated from the first to the last byte, arena %d KiB, instructions %d; the matrix has %d KiB",
		total>>10, p.Stats().ArenaBytes>>10, p.Stats().Instructions, dense>>10)
	// All that was ever allocated bounds the peak of the heap.
	if total > dense/2 || len(p.Stats().Dense) > 0 {
		t.Errorf("%d bytes, dense %v; want far less than one dense matrix of %d", total, p.Stats().Dense, dense)
	}
}

// differentiated compiles the result of a spec in training mode and the gradients of data and parameters.
func differentiated(t *testing.T, spec models.Spec, d graph.DType) *compile.Program {
	t.Helper()
	g := graph.New()
	s := rpnops.NewScope(g, true, d)
	in, _, err := spec.InOut()
	if err != nil {
		t.Fatal(err)
	}
	x := g.Input(models.InputName, s.Type(zooRows, in))
	y := spec.Build(s, x)
	p, err := compile.WithGrad(g, nil, &compile.Options{Seed: 3}, y, g.Input("dy", y.Type()), append([]*graph.Node{x}, g.Leaves(graph.ParamLeaf)...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// rounded draws inputs of p, and rounds them and all parameters and states to float32, so that programs in both
// precisions start from equal numbers.
func rounded(t *testing.T, p *compile.Program) map[string]*graph.Tensor {
	t.Helper()
	round := func(v *graph.Tensor) {
		for i := range v.F {
			v.F[i] = float64(float32(v.F[i]))
		}
	}
	for _, name := range p.Store().Names() {
		v := p.Store().Get(name)
		round(v)
		if err := p.Store().Set(name, v); err != nil {
			t.Fatal(err)
		}
	}
	in := map[string]*graph.Tensor{}
	for name, typ := range p.Inputs() {
		in[name] = graph.Uniform(-0.9, 0.9).Tensor(typ, 5, name)
		round(in[name])
	}
	return in
}

func TestEveryModelInFloat32AgreesWithFloat64(t *testing.T) {
	const tolerance = 1e-4
	for name, spec := range zoo() {
		// Attention over a batch leaves rows that are nearly alike. Batch norm divides by how little they differ, and their
		// rounding with it, to some 10⁻³ whether passes run or not: that says nothing of what is compiled.
		if former, ok := spec.(models.Transformer); ok {
			former.WithBatchNorm = false
			spec = former
		}
		var results [2][]*graph.Tensor
		for i, d := range []graph.DType{graph.F32, graph.F64} {
			p := differentiated(t, spec, d)
			out, err := p.RunTensors(rounded(t, p))
			if err != nil {
				t.Fatalf("%s in %v: %v", name, d, err)
			}
			results[i] = out
		}
		// A gradient that is zero but for rounding (of a bias before batch norm) has no largest entry of its own.
		floor := 0.0
		for _, want := range results[1] {
			floor = max(floor, largest(want)/100)
		}
		worst := 0.0
		for i, want := range results[1] {
			off := 0.0
			for k, v := range want.F {
				off = max(off, math.Abs(results[0][i].F[k]-v))
			}
			worst = max(worst, off/max(largest(want), floor))
		}
		t.Logf("%-15s %d results, off by %.1e of the largest entry", name, len(results[1]), worst)
		if !(worst <= tolerance) {
			t.Errorf("%s: off by %.1e of the largest entry, want at most %.0e", name, worst, tolerance)
		}
	}
}

// largest is the largest absolute value.
func largest(x *graph.Tensor) (m float64) {
	for _, v := range x.F {
		m = max(m, math.Abs(v))
	}
	return m
}
