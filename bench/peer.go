package bench

import (
	"bufio"
	"bytes"
	"context"
	_ "embed" // the peers' program is part of the binary
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"rpnc/internal/kernels"
)

// How a peer is run. Its program is in the binary and is unpacked into a folder of its own, so a comparison
// needs an interpreter with PyTorch and no checkout. Each measurement is a process: libraries size
// their pools of threads when they are loaded, and the peak of memory must be their own. Rows come
// back as lines of JSON with the keys of [Row].
//
// The peer gets its best settings: kernels for the widest vectors that the processor has, and idle
// threads that sleep instead of spinning, which on a shared machine would take time from those at
// work.

//go:embed peers/bench_torch.py
var torchPeer []byte

// Peer is another program that measures the same workloads: hand-written PyTorch, and the reference where it is installed.
type Peer struct {
	Python string   // an interpreter that can import torch
	Impls  []string // torch, tinybig
	Core   string   // the OpenBLAS kernels that it is made to use
	dir    string
}

// FindPeer looks for an interpreter with PyTorch: $RPNC_PYTHON, python3 of the path, or the system's. TINYBIG_PATH, the
// checkout of the reference, adds that as a second peer. Close removes what FindPeer unpacks.
func FindPeer() (*Peer, error) {
	p := &Peer{Impls: []string{"torch"}, Core: "Haswell"}
	for _, python := range []string{os.Getenv("RPNC_PYTHON"), "python3", "/usr/bin/python3"} {
		if python != "" && exec.Command(python, "-c", "import torch").Run() == nil {
			p.Python = python
			break
		}
	}
	if p.Python == "" {
		return nil, errors.New("bench.FindPeer: no python3 can import torch; install PyTorch or name an interpreter with RPNC_PYTHON")
	}
	if os.Getenv("TINYBIG_PATH") != "" {
		p.Impls = append(p.Impls, "tinybig")
	}
	// OpenBLAS takes its AVX2 kernels on processors that it does not know.
	if kernels.Table() == "avx512" {
		p.Core = "SkylakeX"
	}
	dir, err := os.MkdirTemp("", "rpnc-peer-")
	if err != nil {
		return nil, err
	}
	p.dir = dir
	return p, os.WriteFile(p.script(), torchPeer, 0o600)
}

func (p *Peer) script() string { return p.dir + "/bench_torch.py" }

// Close removes the peer's program.
func (p *Peer) Close() error { return os.RemoveAll(p.dir) }

// Run measures a workload in the given modes, with commas between, and with the given number of threads, each implementation in a process of its own
// with its best settings. A peer that fails says so in its row.
func (p *Peer) Run(ctx context.Context, workload, modes string, threads int, seconds float64) ([]Row, error) {
	cmd := exec.CommandContext(ctx, p.Python, p.script(), "--workloads", workload, "--impls", strings.Join(p.Impls, ","), "--threads", strconv.Itoa(threads), "--modes", modes)
	cmd.Env = append(os.Environ(), "OPENBLAS_CORETYPE="+p.Core, "OMP_WAIT_POLICY=PASSIVE", fmt.Sprintf("BENCH_SECONDS=%g", seconds))
	var mistakes bytes.Buffer
	cmd.Stderr = &mistakes
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("bench.Peer: %s: %w\n%s", workload, err, bytes.TrimSpace(mistakes.Bytes()))
	}
	return ParseRows(out)
}

// ParseRows reads rows as JSON, one a line, as `rpnc bench -json` and peers write them.
func ParseRows(text []byte) (rows []Row, err error) {
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r Row
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("bench: %w in the line %q", err, lines.Text())
		}
		rows = append(rows, r)
	}
	return rows, lines.Err()
}
