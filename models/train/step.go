package train

import (
	"fmt"
	"math"
	"strings"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/models"
	"rpnc/models/data"
	"rpnc/models/optim"
	"rpnc/ops"
	"rpnc/rpnops"
)

// targetName is the name of the input that holds labels or targets.
const targetName = "target"

// stepper holds the programs of a training step, one a batch size, over one store.
type stepper struct {
	data  *data.Dataset
	sizes map[int]*sized
}

// sized is the program for one number of rows with its memory.
type sized struct {
	program *compile.Program
	x, y    ops.Buffer
}

// newStepper compiles the step for every size, so that a model that cannot have one says so at once.
func newStepper(m *models.Model, d *data.Dataset, loss Loss, opt optim.Optimizer, sizes []int) (stepper, error) {
	s := stepper{data: d, sizes: map[int]*sized{}}
	for _, rows := range sizes {
		p, err := Program(m, rows, loss, opt)
		if err != nil {
			s.close()
			return s, err
		}
		s.sizes[rows] = &sized{p, p.Input(models.InputName), p.Input(targetName)}
	}
	return s, nil
}

// Program compiles one training step of m on a number of rows: inputs x (rows×in) and target (labels (rows), or
// (rows×out) for MSE), output the loss, updates what the optimizer says. Programs of several sizes share m's store.
func Program(m *models.Model, rows int, loss Loss, opt optim.Optimizer) (*compile.Program, error) {
	g, _, y, err := m.Graph(rows, true)
	if err != nil {
		return nil, fmt.Errorf("train.Program: %d rows: %w", rows, err)
	}
	l := loss.build(g, y)
	if err := g.Err(); err != nil {
		return nil, fmt.Errorf("train.Program: %w", err)
	}
	return compile.Train(g, m.Store(), m.CompileOptions(), l, opt)
}

// step trains on the given rows of the data: the loss before the update.
func (s stepper) step(rows []int) (loss float64, err error) {
	p := s.sizes[len(rows)]
	if err := s.fill(p, rows); err != nil {
		return 0, err
	}
	if err := p.program.Run(); err != nil {
		return 0, err
	}
	out := p.program.Output(0)
	if out.F64 != nil {
		return out.F64[0], nil
	}
	return float64(out.F32[0]), nil
}

// fill copies rows into the inputs.
func (s stepper) fill(p *sized, rows []int) error {
	d := s.data
	if err := gather(p.x, d.X, d.Cols, rows); err != nil {
		return err
	}
	// The program says whether the truth is labels or numbers: the loss has decided it.
	if p.y.I32 != nil {
		return data.Gather(p.y.I32, d.Labels, 1, rows)
	}
	return gather(p.y, d.Y, d.YCols, rows)
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
func afresh(st *compile.Store) {
	for _, name := range st.Names() {
		if name == rpnops.StepName || strings.HasPrefix(name, rpnops.OptimizerPrefix) {
			// The type is that of the store, so Set cannot refuse it.
			st.Set(name, graph.NewTensor(st.Get(name).Type))
		}
	}
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
