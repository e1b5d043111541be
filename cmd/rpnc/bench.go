package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"rpnc/bench"
	"rpnc/models"
	"rpnc/models/loss"
)

// How measurements are kept honest. A cell is a workload, a mode and a number of threads; each is
// measured in a process of its own, which is this program again with the flags of one cell and
// childVariable set. A process that has measured others has a heap that is grown, pages that are
// mapped, a worker pool that is warm and a peak of memory that belongs to somebody else; a new one has
// none of it. The child prints one row of JSON; what it says on stderr becomes the row's error if it
// fails, so one broken workload leaves the table whole.
//
// Machines change speed as they warm up or as others use them. Rows are therefore measured in turn with
// those of the peer, round after round, and not one side after the other: a slow minute falls on both.
// The table takes the median over rounds.
//
// The floor of a row is what the machine could do at best: Probe measures the rate of a large product
// and the bandwidth of a copy with as many threads, and a row is held against the larger one of
// flops/rate and bytes/bandwidth. A row far above its floor has something to gain, a row near it has
// not.

var benchCommand = command{
	name: "bench",
	does: "measure steps of inference and training",
	details: "Every row is measured in a process of its own, so that its peak memory is its own. The floor is the larger one of\n" +
		"counted operations by the rate of products, and least traffic by the bandwidth of a copy, both measured at the start.\n" +
		"-peers runs the same workloads in PyTorch, where it is installed, in turn with ours.",
	example: "rpnc bench -workloads mlp_mnist,cnn_mnist -mode train -threads 1,2",
	flags: func(fs *flag.FlagSet) func(*call) error {
		b := &benchmark{}
		b.machine.register(fs)
		fs.StringVar(&b.workloads, "workloads", "suite", "workloads with commas between; suite, sweeps or all")
		fs.StringVar(&b.modes, "mode", "infer,train", "infer, train, epoch (a pass over 60,000 random images) or several with commas between")
		fs.StringVar(&b.threads, "threads", "", "numbers of threads with commas between (default 1 and as many as there are)")
		fs.Float64Var(&b.seconds, "seconds", 1, "seconds of measured steps a row")
		fs.IntVar(&b.rounds, "rounds", 1, "rounds over all rows; the table has the median")
		fs.StringVar(&b.config, "config", "", "measure the model of this configuration instead of workloads")
		fs.IntVar(&b.batch, "batch", 64, "rows of a batch of -config")
		fs.BoolVar(&b.peers, "peers", false, "measure PyTorch beside, and the reference if TINYBIG_PATH is its checkout")
		fs.BoolVar(&b.profile, "profile", false, "print the time of every pass and kernel instead; one workload, mode and number of threads")
		fs.StringVar(&b.trace, "trace", "", "with -profile: write the step to this file for chrome://tracing")
		fs.StringVar(&b.from, "from", "", "measure nothing: print the table of the rows of JSON in this file")
		fs.BoolVar(&b.list, "list", false, "list the workloads")
		fs.BoolVar(&b.json, "json", false, "write a line of JSON a row")
		return b.run
	},
}

// benchmark is what the flags say.
//
// Lists are kept as the user wrote them: errors quote them, and children get their own.
type benchmark struct {
	machine
	workloads, modes, threads, config, trace, from string
	seconds                                        float64
	rounds, batch                                  int
	peers, profile, list, json                     bool
}

// cell is one row to be measured.
//
// The number of threads is part of it, as both the program's GOMAXPROCS and a peer's pool are fixed
// when a process starts.
type cell struct {
	w       bench.Workload
	mode    string
	threads int
}

// run sorts out what the flags ask for: the list, a profile, one row here, or all rows in children.
func (b *benchmark) run(c *call) error {
	if err := c.noArgs(); err != nil {
		return err
	}
	if b.list {
		for _, w := range bench.Workloads() {
			fmt.Fprintf(c.stdout, "%-22s %s\n", w.Name, w.Desc)
		}
		return nil
	}
	if b.from != "" {
		text, err := os.ReadFile(b.from)
		if err != nil {
			return err
		}
		rows, err := bench.ParseRows(text)
		if err != nil {
			return fmt.Errorf("%s: %w", b.from, err)
		}
		return b.write(c, bench.Table{Rows: rows})
	}
	cells, err := b.cells()
	switch {
	case err != nil:
		return err
	case b.seconds <= 0 || b.rounds < 1:
		return usagef("-seconds %g -rounds %d; want more than 0 seconds and at least one round", b.seconds, b.rounds)
	case b.trace != "" && !b.profile:
		return usagef("-trace needs -profile")
	case b.profile && len(cells) > 1:
		return usagef("-profile is for one row, and these are %d; choose with -workloads, -mode and -threads", len(cells))
	case b.profile:
		return b.profiled(c, cells[0])
	case len(cells) == 1 && b.rounds == 1 && !b.peers:
		return b.single(c, cells[0])
	}
	return b.all(c, cells)
}

// cells lists the rows that the flags select.
//
// The order is that of the workloads, then modes, then threads. A workload that lacks a mode is passed
// over; only if nothing is left is it a mistake.
func (b *benchmark) cells() (out []cell, err error) {
	ws, err := b.selected()
	if err != nil {
		return nil, err
	}
	threads, err := b.threadCounts()
	if err != nil {
		return nil, err
	}
	modes := strings.Split(b.modes, ",")
	for _, m := range modes {
		if m != "infer" && m != "train" && m != "epoch" {
			return nil, usagef("-mode %q is unknown; want infer, train, epoch or several with commas between", m)
		}
	}
	for _, w := range ws {
		for _, m := range modes {
			if !w.Has(m) {
				continue
			}
			for _, t := range threads {
				out = append(out, cell{w, m, t})
			}
		}
	}
	if len(out) == 0 {
		return nil, usagef("-workloads %s has no mode %s", b.workloads, b.modes)
	}
	return out, nil
}

// selected lists the workloads: those named, or the model of a configuration.
//
// suite leaves out the sweeps, which are one model at many sizes; sweeps are those alone.
func (b *benchmark) selected() (ws []bench.Workload, err error) {
	if b.config != "" {
		w, err := b.configured()
		return []bench.Workload{w}, err
	}
	for _, name := range strings.Split(b.workloads, ",") {
		switch name {
		case "suite", "sweeps", "all":
			for _, w := range bench.Workloads() {
				if name == "all" || w.Size == (name == "sweeps") {
					ws = append(ws, w)
				}
			}
		default:
			w, err := bench.Find(name)
			if err != nil {
				return nil, usagef("-workloads: %v", err)
			}
			ws = append(ws, w)
		}
	}
	return ws, nil
}

// configured is the model of a file, on random numbers from 0 to 1.
//
// A model of one output is measured with the squared error: cross-entropy over one class has no
// gradient.
func (b *benchmark) configured() (w bench.Workload, err error) {
	if b.batch < 1 {
		return w, usagef("-batch %d; want 1 or more", b.batch)
	}
	spec, err := loadSpec(b.config)
	if err != nil {
		return w, err
	}
	_, out, err := spec.InOut()
	if err != nil {
		return w, err
	}
	w = bench.Custom(strings.TrimSuffix(filepath.Base(b.config), filepath.Ext(b.config)), spec, b.batch)
	if out == 1 {
		w.Loss = loss.MSE{}
	}
	return w, nil
}

// threadCounts are the numbers of -threads: one and all there are, unless it says otherwise.
func (b *benchmark) threadCounts() (out []int, err error) {
	if b.threads == "" {
		if n := runtime.GOMAXPROCS(0); n > 1 {
			return []int{1, n}, nil
		}
		return []int{1}, nil
	}
	for _, t := range strings.Split(b.threads, ",") {
		n, err := strconv.Atoi(t)
		if err != nil || n < 1 {
			return nil, usagef("-threads %q; want numbers from 1 on with commas between", b.threads)
		}
		out = append(out, n)
	}
	return out, nil
}

// single measures one row in this process. It is also what [benchmark.all] runs for every row.
//
// The machine is probed here unless a parent did it; a child leaves that second out of every row.
func (b *benchmark) single(c *call, x cell) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(x.threads))
	row, err := b.measure(c, x)
	if err != nil {
		return err
	}
	t := bench.Table{Rows: []bench.Row{row}}
	if os.Getenv(childVariable) == "" {
		t.Machines = []bench.Machine{bench.Probe()}
		t.Rows[0].Against(t.Machines[0], x.w)
	}
	return b.write(c, t)
}

// measure compiles the workload's model as the flags say and times it for the seconds of -seconds.
func (b *benchmark) measure(c *call, x cell) (bench.Row, error) {
	o, err := b.machine.options(c.stderr, 1)
	if err != nil {
		return bench.Row{}, err
	}
	return bench.Measure(x.w, bench.Setting{Mode: x.mode, Seconds: b.seconds, Compile: o.Compile, DType: o.DType})
}

// childVariable marks processes that measure a row for another one, which knows the machine already.
const childVariable = "RPNC_BENCH_CHILD"

// all measures the rows one after another, each in a process of its own, in turn with the peer.
//
// A machine is probed once for each number of threads. A peer starts slowly and measures all modes of a
// workload at once, so it is asked at the first of them.
func (b *benchmark) all(c *call, cells []cell) (err error) {
	var peer *bench.Peer
	if b.peers {
		if peer, err = bench.FindPeer(); err != nil {
			return err
		}
		defer peer.Close()
		fmt.Fprintf(c.stderr, "peer: %s of %s, OpenBLAS kernels %s\n", strings.Join(peer.Impls, " and "), peer.Python, peer.Core)
	}
	machines := map[int]bench.Machine{}
	var t bench.Table
	for _, x := range cells {
		if _, ok := machines[x.threads]; !ok {
			was := runtime.GOMAXPROCS(x.threads)
			machines[x.threads] = bench.Probe()
			runtime.GOMAXPROCS(was)
			t.Machines = append(t.Machines, machines[x.threads])
		}
	}
	for range b.rounds {
		asked := map[string]bool{} // a peer measures all modes at once
		for _, x := range cells {
			if c.Err() != nil {
				return c.Err()
			}
			row := b.child(c, x)
			row.Against(machines[x.threads], x.w)
			t.Rows = append(t.Rows, row)
			name := fmt.Sprint(x.w.Name, " ", x.threads)
			if peer != nil && !asked[name] && !x.w.Size {
				rows, err := peer.Run(c, x.w.Name, b.modes, x.threads, b.seconds)
				if err != nil {
					return err
				}
				asked[name], t.Rows = true, append(t.Rows, rows...)
			}
			fmt.Fprintf(c.stderr, "%s %s, %d threads: %.3f ms %s\n", row.Workload, row.Mode, row.Threads, row.MedianMs, row.Error)
		}
	}
	return b.write(c, t)
}

// child measures a row in a process of its own. What goes wrong there is part of the row.
//
// GOMAXPROCS is in the environment and not set by the child: the worker pool is sized when the runtime
// starts.
func (b *benchmark) child(c *call, x cell) bench.Row {
	row := bench.Row{Workload: x.w.Name, Impl: "rpnc", Mode: x.mode, Threads: x.threads, Desc: x.w.Desc}
	exe, err := os.Executable()
	if err != nil {
		row.Error = err.Error()
		return row
	}
	args := []string{"bench", "-json", "-mode", x.mode, "-threads", strconv.Itoa(x.threads), "-seconds", fmt.Sprint(b.seconds),
		"-vm", b.vm, "-device", b.device, fmt.Sprintf("-require-device=%t", b.require), "-math", b.math, "-products", b.products, fmt.Sprintf("-f64=%t", b.f64)}
	if b.config != "" {
		args = append(args, "-config", b.config, "-batch", strconv.Itoa(b.batch))
	} else {
		args = append(args, "-workloads", x.w.Name)
	}
	cmd := exec.CommandContext(c, exe, args...)
	cmd.Env = append(os.Environ(), childVariable+"=1", fmt.Sprintf("GOMAXPROCS=%d", x.threads))
	var mistakes strings.Builder
	cmd.Stderr = &mistakes
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &row)
	}
	if err != nil {
		row.Error = strings.TrimSpace(fmt.Sprint(err, " ", mistakes.String()))
	}
	return row
}

// write prints the table for people, or a line of JSON for each row.
func (b *benchmark) write(c *call, t bench.Table) error {
	if !b.json {
		return t.Write(c.stdout)
	}
	enc := json.NewEncoder(c.stdout)
	for _, r := range t.Rows {
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

// profiled prints where the time of one step goes.
func (b *benchmark) profiled(c *call, x cell) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(x.threads))
	o, err := b.machine.options(c.stderr, 1)
	if err != nil {
		return err
	}
	o.Rows = x.w.Rows
	m, err := models.New(x.w.Spec(), o)
	if err != nil {
		return err
	}
	defer m.Close()
	p, err := bench.Step(m, x.w, x.mode)
	if err != nil {
		return err
	}
	defer p.Close()
	bench.Fill(p, x.w.X, x.w.Classes())
	profile, err := bench.Profiled(p, b.seconds)
	if err != nil {
		return err
	}
	if b.trace == "" {
		return profile.Write(c.stdout)
	}
	f, err := os.Create(b.trace)
	if err != nil {
		return err
	}
	if err := profile.Trace(f); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return profile.Write(c.stdout)
}
