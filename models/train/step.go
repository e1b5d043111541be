package train

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/models"
	"rpnc/models/data"
	"rpnc/models/loss"
	"rpnc/models/metric"
	"rpnc/models/optim"
	"rpnc/ops"
	"rpnc/rpnops"
)

// How a step of training is fed. A program is compiled for a fixed number of rows, so there are two:
// one for whole batches, one for the rest of an epoch, over one store of parameters. Rows of a batch
// are gathered straight from the data set into the program's input memory, converted on the way;
// nothing is allocated in a step. Weights of rows and of classes are multiplied and divided by their
// sum on the host, so the loss is Σ wᵢ·lᵢ with Σ wᵢ = 1 whatever the batch.

// The names of the inputs beside the data.
const (
	targetName = "target" // labels or numbers
	weightName = "weight" // of the rows, where they have weights
)

// stepper holds the programs of a training step, one a batch size, over one store.
type stepper struct {
	data    *data.Dataset
	y       []float64 // the targets of losses of numbers
	yCols   int
	rows    []float64 // weights of rows; nil: all 1
	classes []float64 // weights of classes; nil: all 1
	sizes   map[int]*sized
}

// sized is the program for one number of rows with its memory. The slices after it are those of a batch, where rows have
// weights.
//
// rows, labels and weights are scratch.
type sized struct {
	program *compile.Program
	x, y, w ops.Buffer
	rows    []float64
	labels  []int32
	weights []float64
}

// newStepper compiles the step for every size, so that a model that cannot have one says so at once. rows are the
// weights of rows.
//
// What was compiled before an error is closed again.
//
// Sizes are compiled before the first step and not when they are met, because the second comes at the
// end of an epoch, which may be an hour away.
func newStepper(m *models.Model, d *data.Dataset, t Trainer, rows []float64, sizes []int) (stepper, error) {
	s := stepper{data: d, rows: rows, classes: balance(t.Loss), sizes: map[int]*sized{}}
	if _, out := m.Dims(); t.Loss.Target() == loss.Numbers {
		s.y, s.yCols = targets(d, out)
	}
	for _, n := range sizes {
		p, err := program(m, n, t.Loss, t.optimizer(), s.weighted(), t.Hooks.Batch != nil)
		if err != nil {
			s.close()
			return s, err
		}
		s.sizes[n] = newSized(p, n, s.weighted())
	}
	return s, nil
}

// newSized finds the memory of a program for a number of rows.
func newSized(p *compile.Program, rows int, weighted bool) *sized {
	s := &sized{program: p, x: p.Input(models.InputName), y: p.Input(targetName), w: p.Input(weightName)}
	if weighted {
		s.rows, s.labels, s.weights = make([]float64, rows), make([]int32, rows), make([]float64, rows)
	}
	return s
}

// weighted says whether rows differ in weight.
func (s stepper) weighted() bool { return s.rows != nil || s.classes != nil }

// Program compiles one training step of m on a number of rows: inputs x (rows×in) and target (labels (rows), or
// (rows×out) for losses of numbers), output the loss, updates what the optimizer says. Programs of several sizes share
// m's store.
func Program(m *models.Model, rows int, l Loss, opt optim.Optimizer) (*compile.Program, error) {
	return program(m, rows, l, opt, false, false)
}

// program is Program with, where rows have weights, an input weight (rows) that sums to 1, and where they are asked for what
// the model gives (rows×out) as a second output.
func program(m *models.Model, rows int, l Loss, opt optim.Optimizer, weighted, results bool) (*compile.Program, error) {
	g, _, y, err := m.Graph(rows, true)
	if err != nil {
		return nil, fmt.Errorf("train.Program: %d rows: %w", rows, err)
	}
	out := build(g, l, y, weighted)
	if err := g.Err(); err != nil {
		return nil, fmt.Errorf("train.Program: %w", err)
	}
	if results {
		return compile.Train(g, m.Store(), m.CompileOptions(), out, opt, y)
	}
	return compile.Train(g, m.Store(), m.CompileOptions(), out, opt)
}

// build adds the loss of y (rows×out) and its inputs.
func build(g *graph.Graph, l Loss, y *graph.Node, weighted bool) *graph.Node {
	t := y.Type()
	if l.Target() == loss.Labels {
		t = graph.Type{DType: graph.I32, Shape: graph.Sh(y.Shape().Dim(0))}
	}
	var w *graph.Node
	if weighted {
		w = g.Input(weightName, graph.Type{DType: y.DType(), Shape: graph.Sh(y.Shape().Dim(0))})
	}
	return l.Of(y, g.Input(targetName, t), w)
}

// step trains on the given rows of the data: the loss before the update, and the sum of the rows' weights.
func (s stepper) step(rows []int) (loss, weight float64, err error) {
	p := s.sizes[len(rows)]
	if weight, err = s.fill(p, rows); err != nil {
		return 0, 0, err
	}
	if err := p.program.Run(); err != nil {
		return 0, 0, err
	}
	return scalar(p.program.Output(0)), weight, nil
}

// table is what the model gave the rows of the last step, before its update, beside the truth.
//
// It is read before the next step, which writes over the program's outputs.
func (s stepper) table(rows []int) (t metric.Table, err error) {
	out := s.sizes[len(rows)].program.Output(1)
	t.Scores = slices.Clone(out.F64)
	for _, v := range out.F32 {
		t.Scores = append(t.Scores, float64(v))
	}
	t.Cols = len(t.Scores) / len(rows)
	if s.data.Labels != nil {
		t.Labels = make([]int32, len(rows))
		err = data.Gather(t.Labels, s.data.Labels, 1, rows)
	}
	if y, cols := targets(s.data, t.Cols); y != nil && err == nil {
		t.Y = make([]float64, len(rows)*cols)
		err = data.Gather(t.Y, y, cols, rows)
	}
	return t, err
}

// scalar is the one float of a buffer.
func scalar(b ops.Buffer) float64 {
	if b.F64 != nil {
		return b.F64[0]
	}
	return float64(b.F32[0])
}

// fill copies rows into the inputs: the sum of their weights.
func (s stepper) fill(p *sized, rows []int) (weight float64, err error) {
	d := s.data
	if p.x.F64 != nil {
		err = data.GatherFeatures(p.x.F64, d, rows)
	} else {
		err = data.GatherFeatures(p.x.F32, d, rows)
	}
	if err != nil {
		return 0, err
	}
	// The program says whether the truth is labels or numbers: the loss has decided it.
	if p.y.I32 != nil {
		err = data.Gather(p.y.I32, d.Labels, 1, rows)
	} else {
		err = gather(p.y, s.y, s.yCols, rows)
	}
	if err != nil || !s.weighted() {
		return float64(len(rows)), err
	}
	return s.weigh(p, rows)
}

// weigh fills the weights of rows.
func (s stepper) weigh(p *sized, rows []int) (sum float64, err error) {
	var own []float64
	if s.rows != nil {
		own = p.rows
		err = data.Gather(own, s.rows, 1, rows)
	}
	if err == nil && s.classes != nil {
		err = data.Gather(p.labels, s.data.Labels, 1, rows)
	}
	if err != nil {
		return 0, err
	}
	if sum, err = weigh(p.weights, own, p.labels, s.classes); err != nil {
		return 0, err
	}
	copy(p.w.F64, p.weights)
	for i := range p.w.F32 {
		p.w.F32[i] = float32(p.weights[i])
	}
	return sum, nil
}

// gather copies rows of floats, converting to the program's element type.
func gather(b ops.Buffer, src []float64, cols int, rows []int) error {
	if b.F64 != nil {
		return data.Gather(b.F64, src, cols, rows)
	}
	return data.Gather(b.F32, src, cols, rows)
}

// close frees the programs; the store stays.
func (s stepper) close() {
	for _, p := range s.sizes {
		p.program.Close()
	}
}

// afresh sets back what training keeps in a store: the step and what the optimizer holds.
//
// Parameters and statistics stay.
func afresh(st *compile.Store) {
	for _, name := range st.Names() {
		if name == rpnops.StepName || strings.HasPrefix(name, rpnops.OptimizerPrefix) {
			// The type is that of the store, so Set cannot refuse it.
			st.Set(name, graph.NewTensor(st.Get(name).Type))
		}
	}
}

// norms are those of the gradients at the last step, by parameter.
func norms(st *compile.Store) map[string]float64 {
	prefix := optim.NormName("")
	out := map[string]float64{}
	for _, name := range st.Names() {
		if param, ok := strings.CutPrefix(name, prefix); ok {
			out[param] = st.Get(name).F[0]
		}
	}
	return out
}

// notFinite names the first parameter or state, by name, that is not finite; empty if there is none. The step that
// had the bad loss is committed already, so this is what it has left.
func notFinite(st *compile.Store) string {
	for _, name := range st.Names() {
		for i, v := range st.Get(name).F {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Sprintf(" and after it %s[%d] is %v", name, i, v)
			}
		}
	}
	return ""
}
