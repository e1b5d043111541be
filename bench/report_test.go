package bench

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Of three rounds the median stands, and the ratio says how many times as long the peer takes.
func TestTablesHaveMediansOfRoundsBesidePeers(t *testing.T) {
	row := func(impl, workload string, ms float64) Row {
		return Row{Workload: workload, Impl: impl, Mode: "infer", Threads: 1, MedianMs: ms}
	}
	var text strings.Builder
	err := Table{Rows: []Row{
		row("rpnc", "a", 9), row("torch", "a", 8), row("rpnc", "a", 2), row("torch", "a", 16), row("rpnc", "a", 1), row("torch", "a", 80),
		row("rpnc", "b", 10), row("torch", "b", 20),
		{Workload: "c", Impl: "rpnc", Mode: "train", Threads: 2, Error: "broken"},
	}}.Write(&text)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, line := range strings.Split(strings.TrimSpace(text.String()), "\n") {
		got = append(got, strings.Join(strings.Fields(strings.ReplaceAll(line, "|", " ")), " "))
	}
	for _, want := range []string{
		"a infer 1 2.00 0.000–0.000 0 – 0 0 0 16.0 8.00 0", "b infer 1 10.0 0.000–0.000 0 – 0 0 0 20.0 2.00 0",
		"c train 2 broken – – –", "Geometric mean of torch / rpnc over 2 rows: 4.00",
	} {
		if !strings.Contains(strings.Join(got, "\n"), want) {
			t.Errorf("no line %q in\n%s", want, text.String())
		}
	}
}

// A peer is an interpreter: here a script that answers as the peer's program does.
func TestPeersAreReadLineByLine(t *testing.T) {
	python := filepath.Join(t.TempDir(), "python")
	script := `#!/bin/sh
case "$1" in -c) exit 0;; esac
test -f "$1" || exit 3
echo "{\"workload\": \"$3\", \"impl\": \"$5\", \"mode\": \"infer\", \"threads\": $7, \"median_ms\": 1.5, \"peak_rss_mb\": 250}"
echo "{\"workload\": \"$3\", \"impl\": \"$5\", \"mode\": \"train\", \"threads\": $7, \"error\": \"$OMP_WAIT_POLICY $BENCH_SECONDS\"}"
`
	if err := os.WriteFile(python, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("RPNC_PYTHON", python)
	t.Setenv("TINYBIG_PATH", "")
	p, err := FindPeer()
	if err != nil {
		t.Skip("no shell runs the script: ", err)
	}
	defer p.Close()
	rows, err := p.Run(context.Background(), "mlp_mnist", "infer,train", 2, 0.5)
	if err != nil {
		t.Fatal(err)
	}
	want := []Row{
		{Workload: "mlp_mnist", Impl: "torch", Mode: "infer", Threads: 2, MedianMs: 1.5, PeakMB: 250},
		{Workload: "mlp_mnist", Impl: "torch", Mode: "train", Threads: 2, Error: "PASSIVE 0.5"},
	}
	if len(rows) != 2 || rows[0] != want[0] || rows[1] != want[1] {
		t.Errorf("rows %+v; want %+v", rows, want)
	}
	if _, err := ParseRows([]byte("warning: no json\n")); err == nil || !strings.Contains(err.Error(), "warning: no json") {
		t.Errorf("a line that is no row: %v", err)
	}
}
