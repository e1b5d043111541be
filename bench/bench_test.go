package bench

import (
	"fmt"
	"testing"

	"rpnc/models"
)

// Every workload, as key=value names that benchstat can project: steps of the suite in both modes.
func BenchmarkStep(b *testing.B) {
	for _, w := range suite() {
		for _, mode := range w.Modes() {
			b.Run(fmt.Sprintf("model=%s/mode=%s", w.Name, mode), func(b *testing.B) { step(b, w, mode) })
		}
	}
}

func step(b *testing.B, w Workload, mode string) {
	m, err := models.New(w.Spec(), &models.Options{Seed: 1, Rows: w.Rows})
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	p, err := Step(m, w, mode)
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	Fill(p, w.X, w.Classes())
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Run(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(w.Rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// Every kernel of the workloads is a fast one: an op that runs its oracle would make the figures meaningless. And the
// costs count the parameters that the model has.
func TestWorkloadsRunFastKernels(t *testing.T) {
	for _, w := range suite() {
		m, err := models.New(w.Spec(), &models.Options{Rows: w.Rows})
		if err != nil {
			t.Errorf("%s: %v", w.Name, err)
			continue
		}
		if n := m.NumParams(); n != w.Cost.Params {
			t.Errorf("%s: the model has %d parameters, its cost counts %d", w.Name, n, w.Cost.Params)
		}
		for _, mode := range w.Modes() {
			p, err := Step(m, w, mode)
			if err != nil {
				t.Errorf("%s, %s: %v", w.Name, mode, err)
				continue
			}
			if slow := p.Stats().Oracles; len(slow) > 0 {
				t.Errorf("%s, %s: no kernel for %v", w.Name, mode, slow)
			}
			p.Close()
		}
		m.Close()
	}
}
