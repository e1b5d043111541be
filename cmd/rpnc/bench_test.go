package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rpnc/bench"
)

func TestBenchMeasuresRowsInProcessesOfTheirOwn(t *testing.T) {
	t.Setenv(asCommand, "1") // for the processes that it starts
	out := ok(t, "bench", "-workloads", "mlp_infer_b1,combinatorial", "-mode", "infer,train", "-threads", "1", "-seconds", "0.01", "-json")
	var got []string
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		var r bench.Row
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		if r.Error != "" || r.MedianMs <= 0 || r.Flops <= 0 || r.MinBytes <= 0 || r.PeakMB <= 0 || r.FloorMs <= 0 || r.Threads != 1 || r.Impl != "rpnc" || r.VM == "" {
			t.Errorf("row %+v", r)
		}
		got = append(got, r.Workload+" "+r.Mode)
	}
	file := filepath.Join(t.TempDir(), "rows.jsonl")
	if err := os.WriteFile(file, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	contains(t, "the table of measured rows", ok(t, "bench", "-from", file), "| mlp_infer_b1 ", "| combinatorial ")
	if want := "mlp_infer_b1 infer, combinatorial infer, combinatorial train"; strings.Join(got, ", ") != want {
		t.Errorf("rows %v; want %s", got, want)
	}
}

func TestBenchProfilesTheModelOfAConfiguration(t *testing.T) {
	dir := t.TempDir()
	file, trace := filepath.Join(dir, "net.yaml"), filepath.Join(dir, "trace.json")
	if err := os.WriteFile(file, []byte(noisy), 0o600); err != nil {
		t.Fatal(err)
	}
	out := ok(t, "bench", "-config", file, "-batch", "8", "-mode", "train", "-threads", "1", "-seconds", "0.01", "-profile", "-trace", trace)
	for _, want := range []string{"prepare/simplify", "commit AdamW", "share"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in the profile:\n%s", want, out)
		}
	}
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	var events struct {
		TraceEvents []struct{ Name, Ph string }
	}
	if err := json.Unmarshal(text, &events); err != nil || len(events.TraceEvents) < 10 {
		t.Errorf("a trace of %d events, %v; want those of all kernels", len(events.TraceEvents), err)
	}
}

func TestMistakesInBenchAreTold(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"-workloads mlp", `no workload is called "mlp"; there are mlp_mnist,`},
		{"-mode test", `-mode "test" is unknown; want infer, train, epoch`},
		{"-threads 0", `-threads "0"; want numbers from 1 on`},
		{"-profile", "-profile is for one row, and these are"},
		{"-trace x", "-trace needs -profile"},
		{"-seconds 0", "want more than 0 seconds"},
		{"-workloads mlp_infer_b1 -mode train", "-workloads mlp_infer_b1 has no mode train"},
		{"-config x.yaml -batch 0", "-batch 0; want 1 or more"},
	} {
		got := rpnc(append([]string{"bench"}, strings.Fields(c.args)...)...)
		if got.status != misuse || !strings.Contains(got.errors, c.want) {
			t.Errorf("rpnc bench %s: %d %q; want %q", c.args, got.status, got.errors, c.want)
		}
	}
}
