package bench

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/models"
	"rpnc/models/loss"
	"rpnc/models/optim"
	"rpnc/models/train"
	"rpnc/rpnops"
)

// What is timed. A row is one compiled program that is run again and again on one batch: the forward
// pass, or a whole step with gradient and update. Reading data and moving rows are not part of it,
// except in the mode epoch, which times whole trainings. Median and quantiles are over single runs;
// the processor's time beside them tells work from waiting, so on a quiet machine cpu_ms/median_ms is
// the number of threads that were busy.
//
// Memory is that of the process: base_rss_mb before the model exists, peak_rss_mb at the end. Their
// difference is what the workload needs.

// Row is one measurement. Its JSON keys are those of the peers, so that rows of several programs can be put side by side.
type Row struct {
	Workload string  `json:"workload"`
	Impl     string  `json:"impl"` // rpnc, or the name of a peer
	Mode     string  `json:"mode"`
	Threads  int     `json:"threads"`
	Desc     string  `json:"desc,omitempty"`
	MedianMs float64 `json:"median_ms"`
	P10Ms    float64 `json:"p10_ms"`
	P90Ms    float64 `json:"p90_ms"`
	CPUMs    float64 `json:"cpu_ms"` // median of the processor's time, all threads
	Iters    int     `json:"iters"`
	FirstMs  float64 `json:"first_ms"` // the first step after compiling
	Gflops   float64 `json:"gflops"`   // counted operations a second
	Flops    float64 `json:"flops"`
	MinBytes float64 `json:"min_bytes"`
	PeakMB   float64 `json:"peak_rss_mb"` // of the process
	BaseMB   float64 `json:"base_rss_mb"` // before the model was built
	Params   int     `json:"params"`
	BuildMs  float64 `json:"build_ms,omitempty"` // making the model: parameters and their initial values
	Error    string  `json:"error,omitempty"`

	// Of rpnc alone.
	CompileMs    float64 `json:"compile_ms,omitempty"`
	Allocs       float64 `json:"allocs"` // of memory, a step
	VM           string  `json:"vm,omitempty"`
	Instructions int     `json:"instructions,omitempty"`
	Kernels      int     `json:"kernels,omitempty"`
	ArenaMB      float64 `json:"arena_mb,omitempty"`
	ProgramFlops float64 `json:"program_flops,omitempty"` // of the compiled program: fewer than Flops where algebra saves products
	FloorMs      float64 `json:"floor_ms,omitempty"`      // max(flops/peak, bytes/bandwidth) of this machine
	Roofline     float64 `json:"roofline,omitempty"`      // FloorMs/MedianMs

	Library string           `json:"library,omitempty"` // that does products on a GPU beside our kernels
	Traffic *compile.Traffic `json:"traffic,omitempty"` // between host and GPU in the last step
}

// Setting says how to measure.
type Setting struct {
	Mode    string           // infer, train or epoch
	Seconds float64          // of measured steps; 0 means 1
	Compile *compile.Options // nil: the best there is
	DType   graph.DType      // F32, the default, or F64
}

// Measure builds the workload's model, compiles its step and times it. Peak memory is that of the process, so a process
// should measure one row.
//
// A workload whose cost nobody has counted takes the operations of the compiled program in its place,
// so that a rate can be shown.
func Measure(w Workload, s Setting) (Row, error) {
	row := Row{Workload: w.Name, Impl: "rpnc", Mode: s.Mode, Threads: runtime.GOMAXPROCS(0), Desc: w.Desc,
		Flops: w.Cost.Flops(s.Mode), MinBytes: w.Cost.Bytes(s.Mode), BaseMB: peakMB()}
	began := time.Now()
	m, err := models.New(w.Spec(), &models.Options{Seed: 1, Rows: w.Rows, DType: s.DType, Compile: s.Compile})
	if err != nil {
		return row, fmt.Errorf("bench.Measure: %s: %w", w.Name, err)
	}
	defer m.Close()
	row.BuildMs, row.Params = ms(time.Since(began)), m.NumParams()
	if s.Mode == "epoch" {
		if err := row.epoch(m, w); err != nil {
			return row, fmt.Errorf("bench.Measure: %s, epoch: %w", w.Name, err)
		}
		row.PeakMB = peakMB()
		return row, nil
	}
	runtime.GC() // What drawing parameters and measuring the machine left behind is not compiling's.
	began = time.Now()
	p, err := Step(m, w, s.Mode)
	if err != nil {
		return row, fmt.Errorf("bench.Measure: %s, %s: %w", w.Name, s.Mode, err)
	}
	defer p.Close()
	row.CompileMs = ms(time.Since(began))
	Fill(p, w.X, w.Classes())
	if err := row.times(p, s.Seconds); err != nil {
		return row, fmt.Errorf("bench.Measure: %s, %s: %w", w.Name, s.Mode, err)
	}
	st := p.Stats()
	row.ProgramFlops = st.Flops
	if row.Flops == 0 {
		row.Flops = st.Flops
		row.Gflops = row.Flops / row.MedianMs / 1e6
	}
	row.VM, row.Instructions, row.Kernels, row.ArenaMB = st.VM, st.Instructions, st.Kernels, float64(st.ArenaBytes)/(1<<20)
	if st.Launches > 0 {
		row.Traffic, row.Library = &st.Traffic, st.Library
	}
	row.PeakMB = peakMB()
	return row, nil
}

// Step compiles the step that is measured: a forward pass, or one with the gradient of the loss and AdamW with learning
// rate 0.002 and weight decay 0.0002.
func Step(m *models.Model, w Workload, mode string) (*compile.Program, error) {
	switch mode {
	case "infer":
		g, _, y, err := m.Graph(w.Rows, false)
		if err != nil {
			return nil, err
		}
		return compile.Forward(g, m.Store(), m.CompileOptions(), y)
	case "train":
		l := w.Loss
		if l == nil {
			l = loss.CrossEntropy{}
		}
		return train.Program(m, w.Rows, l, optim.AdamW{LR: 0.002, WeightDecay: rpnops.Some(2e-4)})
	}
	return nil, fmt.Errorf("there is no mode %q; there are infer and train", mode)
}

// Fill draws a batch: numbers of the distribution x, and labels of so many classes.
func Fill(p *compile.Program, x graph.Init, classes int) {
	for name, t := range p.Inputs() {
		if t.DType == graph.I32 {
			labels, draw := p.Input(name).I32, rand.New(rand.NewPCG(1, 2))
			for i := range labels {
				labels[i] = int32(draw.IntN(classes))
			}
			continue
		}
		p.Input(name).Load(x.Tensor(t, 1, name))
	}
}

// Against puts the row beside what the machine can do at best, unless a GPU did the work.
//
// Where algebra has saved operations that were counted by hand, the program's own number is the lower
// bound that counts.
func (r *Row) Against(m Machine, w Workload) {
	if r.Traffic != nil {
		return
	}
	c := w.Cost
	if r.ProgramFlops > 0 {
		c.Infer, c.Train = min(c.Infer, r.ProgramFlops), min(c.Train, r.ProgramFlops)
	}
	if r.FloorMs = m.Floor(c, r.Mode); r.MedianMs > 0 {
		r.Roofline = r.FloorMs / r.MedianMs
	}
}

// Classes is the number of outputs, 1 for a model that has a mistake.
func (w Workload) Classes() int {
	_, n, err := w.Spec().InOut()
	if err != nil {
		return 1
	}
	return n
}

// times warms up for 0.3 s or 50 steps, then times steps one by one for so many seconds, 5 to 500 of them, 20 s at most.
//
// The lists have room for all steps before the clock starts: growing them would be counted among the
// step's allocations. Two steps at least are left out, since the first meets memory that was never
// touched and threads that sleep.
func (r *Row) times(p *compile.Program, seconds float64) error {
	if seconds <= 0 {
		seconds = 1
	}
	began := time.Now()
	if err := p.Run(); err != nil {
		return err
	}
	r.FirstMs = ms(time.Since(began))
	began = time.Now()
	for n := 0; n < 2 || n < 50 && time.Since(began).Seconds() < 0.3; n++ {
		if err := p.Run(); err != nil {
			return err
		}
	}
	wall, cpu := make([]float64, 0, 500), make([]float64, 0, 500)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for began = time.Now(); len(wall) < 5 || len(wall) < 500 && time.Since(began).Seconds() < seconds; {
		c, t := cpuTime(), time.Now()
		if err := p.Run(); err != nil {
			return err
		}
		wall, cpu = append(wall, ms(time.Since(t))), append(cpu, ms(cpuTime()-c))
		if time.Since(began) > 20*time.Second {
			break
		}
	}
	runtime.ReadMemStats(&after)
	slices.Sort(wall)
	slices.Sort(cpu)
	r.Iters, r.Allocs = len(wall), float64(after.Mallocs-before.Mallocs)/float64(len(wall))
	r.MedianMs, r.P10Ms, r.P90Ms, r.CPUMs = quantile(wall, 0.5), quantile(wall, 0.1), quantile(wall, 0.9), quantile(cpu, 0.5)
	r.Gflops = r.Flops / r.MedianMs / 1e6
	return nil
}

// quantile is entry ⌊f·n⌋ of n sorted numbers.
func quantile(sorted []float64, f float64) float64 {
	return sorted[min(len(sorted)-1, int(f*float64(len(sorted))))]
}

func ms(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }
