package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rpnc/ops/cuda"
	"rpnc/rpnops"
)

// outcome is what a run of the command leaves.
type outcome struct {
	status      int
	out, errors string
}

func rpnc(args ...string) outcome { return rpncWith(context.Background(), "", args...) }

func rpncWith(ctx context.Context, stdin string, args ...string) outcome {
	var out, errs bytes.Buffer
	status := run(ctx, args, strings.NewReader(stdin), &out, &errs)
	return outcome{status, out.String(), errs.String()}
}

// ok runs the command, which must succeed, and answers with its output.
func ok(t *testing.T, args ...string) string {
	t.Helper()
	o := rpnc(args...)
	if o.status != success {
		t.Fatalf("rpnc %s: status %d\n%s", strings.Join(args, " "), o.status, o.errors)
	}
	return o.out
}

func contains(t *testing.T, what, text string, wants ...string) {
	t.Helper()
	for _, w := range wants {
		if !strings.Contains(text, w) {
			t.Errorf("%s does not say %q:\n%s", what, w, text)
		}
	}
}

func TestHelpShowsEveryCommandWithAnExample(t *testing.T) {
	all := ok(t, "help")
	for _, c := range commands() {
		contains(t, "help", all, "rpnc "+c.name, c.does)
		h := ok(t, "help", c.name)
		contains(t, "help "+c.name, h, c.does, c.example)
		if ok(t, c.name, "-h") != h {
			t.Errorf("%s -h and help %s differ", c.name, c.name)
		}
		exampleParses(t, c)
	}
}

// exampleParses wants the flags of an example to exist.
func exampleParses(t *testing.T, c command) {
	t.Helper()
	words := strings.Fields(c.example)
	if len(words) < 2 || words[0] != "rpnc" || words[1] != c.name {
		t.Errorf("the example of %s is %q", c.name, c.example)
		return
	}
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	c.flags(fs)
	if err := fs.Parse(words[2:]); err != nil {
		t.Errorf("%s: %v", c.example, err)
	}
}

func TestExitStatus(t *testing.T) {
	for _, c := range []struct {
		status int
		args   []string
	}{
		{misuse, nil}, {misuse, []string{"tarin"}}, {misuse, []string{"train", "-epoch", "3"}}, {misuse, []string{"train", "extra"}},
		{misuse, []string{"help", "me"}}, {misuse, []string{"eval"}}, {failure, []string{"eval", "-m", "no.safetensors"}},
		{failure, []string{"train", "-data", "no.csv"}}, {success, []string{"list", "-json"}}, {success, []string{"--help"}},
	} {
		if o := rpnc(c.args...); o.status != c.status {
			t.Errorf("rpnc %v: status %d, want %d\n%s", c.args, o.status, c.status, o.errors)
		}
	}
}

func TestListShowsEveryFunction(t *testing.T) {
	var lines []listing
	if err := json.Unmarshal([]byte(ok(t, "list", "-json")), &lines); err != nil {
		t.Fatal(err)
	}
	have := map[string]listing{}
	for _, l := range lines {
		have[l.Name] = l
	}
	for _, e := range rpnops.Entries() {
		if l := have[e.Name]; l.Family != string(e.Family) || l.Equation == "" || l.Params == "" {
			t.Errorf("%s is listed as %+v", e.Name, l)
		}
	}
	if len(lines) != len(rpnops.Entries()) {
		t.Errorf("%d lines for %d functions", len(lines), len(rpnops.Entries()))
	}
	contains(t, "list model", ok(t, "list", "model"), "mlp", "cnn", "rnn", "transformer")
	if strings.Contains(ok(t, "list", "fusion"), "taylor_expansion") {
		t.Error("list fusion shows a transformation")
	}
}

func TestGraphShowsTheGraphAndThePasses(t *testing.T) {
	iris := []string{"graph", "-model", "mlp", "-data", "iris", "-rows", "4"}
	contains(t, "graph", ok(t, iris...), "Input:x f32 (4×4)", "Param:layers.0.heads.0.w", "result v")
	contains(t, "graph -dot", ok(t, append(iris, "-dot")...), "digraph {")
	contains(t, "graph -html", ok(t, append(iris, "-html")...), "<!DOCTYPE html>", "fuse-elementwise")
	contains(t, "graph -stats", ok(t, append(iris, "-stats", "-train")...), "commit", "AdamW", "pass optimise/")
	passes := ok(t, append(iris, "-passes")...)
	contains(t, "graph -passes", passes, "prepare-start", "simplify", "cse", "fuse-elementwise")
}

func TestGraphWritesJSON(t *testing.T) {
	for _, train := range []bool{false, true} {
		var g graphRecord
		args := []string{"graph", "-model", "mlp", "-data", "iris", "-rows", "4", "-json", fmt.Sprintf("-train=%t", train)}
		if err := json.Unmarshal([]byte(ok(t, args...)), &g); err != nil {
			t.Fatal(err)
		}
		seen, leaves := map[int]bool{}, map[string][]int{}
		for _, n := range g.Nodes {
			for _, id := range n.In {
				if !seen[id] {
					t.Errorf("node %d reads %d, which is no earlier one", n.ID, id)
				}
			}
			if len(n.Types) == 0 || len(n.Types) != len(n.Dims) || n.Op == "" {
				t.Errorf("the node %+v", n)
			}
			if seen[n.ID] = true; n.Leaf != "" {
				leaves[n.Leaf] = n.Dims[0]
			}
		}
		if !slices.Equal(leaves["x"], []int{4, 4}) || !slices.Equal(leaves["layers.1.heads.0.w"], []int{1, 96}) || len(g.Results) != 1 || !seen[g.Results[0]] {
			t.Errorf("leaves %v, results %v", leaves, g.Results)
		}
		if value, is := g.Updates["layers.1.heads.0.w"]; is != train || is && !seen[value] {
			t.Errorf("updates %v of -train=%t", g.Updates, train)
		}
	}
}

func TestGradcheckOfEverythingAndOfAModel(t *testing.T) {
	for _, args := range [][]string{{"gradcheck", "-json"}, {"gradcheck", "-json", "-model", "mlp", "-data", "iris"}} {
		var r struct {
			Checked, Cases, Failed int
			Worst                  float64
		}
		if err := json.Unmarshal([]byte(ok(t, args...)), &r); err != nil {
			t.Fatal(err)
		}
		if r.Checked < 1 || r.Cases < 50 || r.Failed != 0 || r.Worst > 1e-5 || r.Worst == 0 {
			t.Errorf("%v: %+v", args, r)
		}
	}
}

func TestEveryConfigurationTrains(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "configs", "*.yaml"))
	if err != nil || len(files) < 4 {
		t.Fatalf("%d configurations, %v", len(files), err)
	}
	for _, f := range files {
		contains(t, "config "+f, ok(t, "config", f), "right")
		name, _, _ := strings.Cut(filepath.Base(f), "_")
		args := []string{"train", "-data", name, "-model", f, "-epochs", "1"}
		if strings.HasSuffix(f, "_run.yaml") {
			args = []string{"train", "-config", f, "-epochs", "1"}
		} else if !slices.Contains(builtinSets, name) {
			continue // the data are not in the program
		}
		o := rpnc(args...)
		if o.status != success || !strings.Contains(o.out, "test accuracy") {
			t.Errorf("%s: status %d\n%s%s", f, o.status, o.out, o.errors)
		}
	}
}

func TestDeviceThatIsNotThere(t *testing.T) {
	if dev, err := cuda.Open(); err == nil {
		t.Skipf("there is a device: %s", dev.Name())
	}
	o := rpnc("train", "-data", "iris", "-epochs", "1", "-device", "cuda")
	first, _, _ := strings.Cut(o.out, "\n")
	if o.status != success || !strings.HasPrefix(first, "cuda: no usable CUDA device: ") {
		t.Errorf("status %d, first line %q; want the reason on it and the CPU", o.status, first)
	}
	if o := rpnc("train", "-data", "iris", "-device", "cuda", "-require-device"); o.status != failure || o.out != "" {
		t.Errorf("with -require-device: status %d and output %q", o.status, o.out)
	}
}

// Words are checked before a device is looked for, and where there is none too; on the CPU they would do nothing.
func TestWordsForTheGPUAreCheckedEverywhere(t *testing.T) {
	for _, c := range []struct{ flag, want string }{
		{"-math", `-math "mkl" is unknown; want f32, tf32 or bf16`},
		{"-products", `-products "mkl" is unknown; want own, cublas, size or fastest`},
	} {
		for _, device := range []string{"cpu", "cuda"} {
			if o := rpnc("train", "-data", "iris", "-device", device, c.flag, "mkl"); o.status != misuse || !strings.Contains(o.errors, c.want) {
				t.Errorf("%s on %s: %d %q; want %q", c.flag, device, o.status, o.errors, c.want)
			}
		}
	}
	for p := cuda.BySize; p <= cuda.Fastest; p++ {
		if o := rpnc("graph", "-model", "mlp", "-data", "iris", "-stats", "-device", "cuda", "-products", p.String()); o.status != success {
			t.Errorf("%v: %d %s", p, o.status, o.errors)
		}
	}
	for _, words := range [][]string{{"-math", "tf32"}, {"-products", "cublas"}} {
		if o := rpnc(append([]string{"train", "-data", "iris"}, words...)...); o.status != misuse || !strings.Contains(o.errors, "add -device cuda") {
			t.Errorf("%v on the CPU: %d %q; want to be told about -device cuda", words, o.status, o.errors)
		}
	}
}

// flowers writes a file of five flowers and answers with its path.
func flowers(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "flowers.csv")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}
