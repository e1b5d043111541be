package bench

import (
	"fmt"
	"testing"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/models"
	"rpnc/models/optim"
	"rpnc/models/train"
	"rpnc/rpnops"
)

// workload is a model and the rows of a step.
type workload struct {
	name string
	rows int
	spec models.Spec
}

var (
	bias     = models.Product{EnableBias: true}
	relu     = models.Finish{WithRelu: true}
	one, two = models.Int(1), models.Int(2)
)

// workloads are shapes that users train: images of 28×28, chains of 32 positions, attention between 256 rows.
var workloads = []workload{
	{"mlp", 128, models.MLP{Dims: []int{784, 256, 128, 10}, Product: bias, Finish: relu, Plain: true}},
	{"cnn", 64, models.CNN{
		Patching:    models.Patching{H: 28, W: 28, PH: one, PW: one, PD: models.Int(0), CDH: one, CDW: one, CDD: one},
		PoolCDH:     two,
		PoolCDW:     two,
		ChannelNums: []int{1, 16, 32}, FCDims: []int{128, 10}, Product: bias, WithBatchNorm: true, WithRelu: true}},
	{"rnn", 32, models.RNN{Length: 32, Dims: []int{64, 64, 10}, Product: bias, Finish: relu,
		ChainOptions: models.ChainOptions{H: rpnops.Some(1)}}},
	{"transformer", 256, models.Transformer{Dims: []int{256, 256}, FCDims: []int{10}, Product: bias, Finish: relu}},
}

// fill draws data and labels.
func fill(p *compile.Program) {
	for name, t := range p.Inputs() {
		draw := graph.Uniform(-1, 1)
		if t.DType == graph.I32 {
			draw = graph.Uniform(0, 10)
		}
		p.Input(name).Load(draw.Tensor(t, 1, name))
	}
}

// measure runs the program and reports rows a second.
func measure(b *testing.B, rows int, p *compile.Program, err error) {
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	fill(p)
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Run(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkStep(b *testing.B) {
	for _, w := range workloads {
		m, err := models.New(w.spec, &models.Options{Seed: 1, Rows: w.rows})
		if err != nil {
			b.Fatal(err)
		}
		name := fmt.Sprintf("model=%s/rows=%d", w.name, w.rows)
		b.Run(name+"/mode=infer", func(b *testing.B) {
			p, err := forward(m, w.rows)
			measure(b, w.rows, p, err)
		})
		b.Run(name+"/mode=train", func(b *testing.B) {
			p, err := train.Program(m, w.rows, train.CrossEntropy, optim.AdamW{LR: 0.002})
			measure(b, w.rows, p, err)
		})
		b.Run(fmt.Sprintf("model=%s/rows=1/mode=infer", w.name), func(b *testing.B) {
			p, err := forward(m, 1)
			measure(b, 1, p, err)
		})
		if err := m.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func forward(m *models.Model, rows int) (*compile.Program, error) {
	g, _, y, err := m.Graph(rows, false)
	if err != nil {
		return nil, err
	}
	return compile.Forward(g, m.Store(), m.CompileOptions(), y)
}

// Every kernel of the benchmarks is a fast one: an op that runs its oracle would make the figures meaningless.
func TestWorkloadsRunFastKernels(t *testing.T) {
	for _, w := range workloads {
		m, err := models.New(w.spec, &models.Options{Rows: w.rows})
		if err != nil {
			t.Fatalf("%s: %v", w.name, err)
		}
		p, err := train.Program(m, w.rows, train.CrossEntropy, optim.AdamW{})
		if err != nil {
			t.Fatalf("%s: %v", w.name, err)
		}
		if slow := p.Stats().Oracles; len(slow) > 0 {
			t.Errorf("%s: no kernel for %v", w.name, slow)
		}
		p.Close()
		m.Close()
	}
}
