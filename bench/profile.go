package bench

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"rpnc/compile"
)

// Profiles are of single kernels, run one by one with a clock around each. The sum is therefore a
// little more than a step takes, where work of neighbours would overlap, and what matters are shares.
// Of several rounds each kernel keeps its own minimum: noise on a machine that others use only ever
// adds.

// Profile is where the time of a step goes.
type Profile struct {
	Passes  []compile.PassStat
	Kernels []compile.Timing // each with the least time of all rounds
}

// Profiled runs the program for so many seconds and keeps the shortest time of every kernel.
//
// Starts are the running sum of the minima, so that a trace has neither gaps nor overlaps.
func Profiled(p *compile.Program, seconds float64) (Profile, error) {
	out := Profile{Passes: p.Stats().Passes}
	for began := time.Now(); out.Kernels == nil || time.Since(began).Seconds() < seconds; {
		list, err := p.Profile()
		if err != nil {
			return out, err
		}
		for i := range list {
			if out.Kernels != nil {
				list[i].Took = min(list[i].Took, out.Kernels[i].Took)
			}
		}
		out.Kernels = list
	}
	at := time.Duration(0)
	for i := range out.Kernels {
		out.Kernels[i].Start = at
		at += out.Kernels[i].Took
	}
	return out, nil
}

// Write tells the time of every pass, of every kind of op, and of the kernels in order.
//
// Rates are counted operations and bytes by measured time: beside the machine's rates they tell whether
// a kernel is bound by arithmetic, by memory, or by neither.
func (p Profile) Write(w io.Writer) error {
	lines := [][]string{{"pass", "nodes", "ms"}}
	for _, s := range p.Passes {
		lines = append(lines, []string{s.Name, fmt.Sprintf("%d → %d", s.Before, s.After), number(ms(s.Took))})
	}
	if err := pipes(w, lines); err != nil {
		return err
	}
	fmt.Fprintln(w)
	if err := p.ops(w); err != nil {
		return err
	}
	fmt.Fprintln(w)
	lines = [][]string{{"kernel", "result", "µs", "GFLOP/s", "GB/s", "of"}}
	for _, k := range p.Kernels {
		ns := float64(max(1, k.Took.Nanoseconds()))
		lines = append(lines, []string{kernelName(k), k.Type.String(), number(ns / 1e3),
			fmt.Sprintf("%.1f", k.Flops/ns), fmt.Sprintf("%.1f", float64(k.Bytes)/ns), k.Site})
	}
	return pipes(w, lines)
}

// ops sums kernels of one kind, the slowest kind first.
//
// The kind of an op is its name up to the brace: all chains of elementwise ops count as one kind.
func (p Profile) ops(w io.Writer) error {
	type sum struct {
		calls int
		took  time.Duration
	}
	var total time.Duration
	sums := map[string]sum{}
	for _, k := range p.Kernels {
		name, _, _ := strings.Cut(k.Op, "{")
		s := sums[name]
		sums[name], total = sum{s.calls + 1, s.took + k.Took}, total+k.Took
	}
	names := slices.SortedFunc(maps.Keys(sums), func(a, b string) int {
		return cmp.Or(cmp.Compare(sums[b].took, sums[a].took), cmp.Compare(a, b))
	})
	lines := [][]string{{"op", "calls", "µs", "share"}}
	for _, n := range names {
		s := sums[n]
		lines = append(lines, []string{n, fmt.Sprint(s.calls), number(float64(s.took.Nanoseconds()) / 1e3),
			fmt.Sprintf("%.0f %%", 100*float64(s.took)/float64(max(1, total)))})
	}
	return pipes(w, lines)
}

// kernelName is the op, shortened, with a mark for those of the commit.
func kernelName(k compile.Timing) string {
	name := []rune(k.Op)
	if len(name) > 48 {
		name = append(name[:47], '…')
	}
	if k.Commit {
		return "commit " + string(name)
	}
	return string(name)
}

// Trace writes the step in the trace event format of Chromium: chrome://tracing and Perfetto show it.
//
// Passes are on one line, kernels on another; ph X is an event with a duration.
func (p Profile) Trace(w io.Writer) error {
	type event struct {
		Name  string         `json:"name"`
		Phase string         `json:"ph"`
		Start float64        `json:"ts"` // µs
		Took  float64        `json:"dur"`
		PID   int            `json:"pid"`
		TID   int            `json:"tid"`
		Args  map[string]any `json:"args"`
	}
	var events []event
	at := 0.0
	for _, s := range p.Passes {
		took := float64(s.Took.Nanoseconds()) / 1e3
		events = append(events, event{s.Name, "X", at, took, 1, 1, map[string]any{"nodes before": s.Before, "nodes after": s.After}})
		at += took
	}
	for _, k := range p.Kernels {
		events = append(events, event{k.Op, "X", float64(k.Start.Nanoseconds()) / 1e3, float64(k.Took.Nanoseconds()) / 1e3, 1, 2,
			map[string]any{"result": k.Type.String(), "made by": k.Site, "flops": k.Flops, "bytes": k.Bytes}})
	}
	return json.NewEncoder(w).Encode(map[string]any{"traceEvents": events, "displayTimeUnit": "ns"})
}
