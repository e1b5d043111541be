package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// irisRun is a whole configuration.
var irisRun = filepath.Join("..", "..", "testdata", "configs", "iris_run.yaml")

func TestAWholeConfigurationIsTrained(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "net.safetensors")
	var r result
	if err := json.Unmarshal([]byte(ok(t, "train", "-config", irisRun, "-json", "-o", file, "-keep", "2")), &r); err != nil {
		t.Fatal(err)
	}
	if r.Epochs != 60 || r.Metric != "accuracy" || r.Test < 0.9 || r.TestLoss > 0.05 {
		t.Errorf("the result is %+v", r)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.safetensors"))
	if err != nil || len(files) != 3 {
		t.Errorf("there are %v, %v; want the latest checkpoint and two epochs", files, err)
	}
	// The command line goes before the file where they do not exclude each other.
	if err := json.Unmarshal([]byte(ok(t, "train", "-config", irisRun, "-json", "-epochs", "2", "-metric", "mae")), &r); err != nil {
		t.Fatal(err)
	}
	if r.Epochs != 2 || r.Metric != "mae" {
		t.Errorf("the result is %+v; want two epochs and an mae", r)
	}
}

func TestATrainingByAConfigurationGoesOn(t *testing.T) {
	dir := t.TempDir()
	whole, part := filepath.Join(dir, "whole"), filepath.Join(dir, "part")
	args := func(file string) []string { return []string{"train", "-config", irisRun, "-epochs", "6", "-o", file} }
	ok(t, args(whole)...)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var out bytes.Buffer
	progress := &stopper{at: "epoch 2/6", cancel: cancel}
	if status := run(ctx, args(part), strings.NewReader(""), &out, progress); status != success {
		t.Fatalf("interrupted: status %d\n%s", status, progress.String())
	}
	contains(t, "the resumed run", ok(t, "train", "-resume", part, "-o", part), "after 6 epochs")
	a, errA := os.ReadFile(whole)
	b, errB := os.ReadFile(part)
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Errorf("checkpoints differ (%d and %d bytes, %v, %v)", len(a), len(b), errA, errB)
	}
}

func TestConfigChecksPrintsAndExplains(t *testing.T) {
	contains(t, "config", ok(t, "config", irisRun), "iris_run.yaml: right")
	printed := ok(t, "config", "-print", irisRun)
	contains(t, "config -print", printed, "configurations:\n", "lr: 0.02", "betas: [0.9, 0.999]", "loss_class: torch.nn.MSELoss", "random_seed: 1234")
	file := filepath.Join(t.TempDir(), "again.yaml")
	if err := os.WriteFile(file, []byte(printed), 0o644); err != nil {
		t.Fatal(err)
	}
	if again := ok(t, "config", "-print", file); again != printed {
		t.Errorf("the canonical form of the canonical form is another:\n%s", again)
	}
	contains(t, "config -explain", ok(t, "config", "-explain", irisRun), "data: iris", "parameters", "97", "training: 60 epochs",
		"optimizer: torch.optim.AdamW {lr: 0.02", "metric: accuracy")
	o := rpnc("config", irisRun, filepath.Join("..", "..", "go.mod"))
	if o.status != failure || !strings.Contains(o.out, "right") || !strings.Contains(o.errors, "go.mod") {
		t.Errorf("a right file and a wrong one: %+v", o)
	}
}

func TestConfigBuildsTheModel(t *testing.T) {
	const net = "model_class: mlp\nmodel_parameters: {dims: %s}\n"
	for _, c := range []struct{ dims, want string }{
		{"[4, 8, 3]", ""},
		{"[4, 0, 3]", "widths must be 1 or more"},
		{"[4]", "2 widths or more"},
	} {
		file := filepath.Join(t.TempDir(), "net.yaml")
		if err := os.WriteFile(file, fmt.Appendf(nil, net, c.dims), 0o644); err != nil {
			t.Fatal(err)
		}
		for _, flags := range [][]string{{"config"}, {"config", "-json"}, {"config", "-print"}} {
			o := rpnc(append(flags, file)...)
			if wrong := o.status != success; wrong != (c.want != "") || !strings.Contains(o.out+o.errors, c.want) {
				t.Errorf("%v of dims %s: %+v; want %q", flags, c.dims, o, c.want)
			}
		}
	}
}

func TestEvalMeasuresWhatIsAskedFor(t *testing.T) {
	file := filepath.Join(t.TempDir(), "net.safetensors")
	ok(t, "train", "-data", "iris", "-epochs", "20", "-optimizer", "rmsprop", "-lr", "0.01", "-o", file)
	contains(t, "eval", ok(t, "eval", "-m", file, "-data", "iris", "-metric", "f1_macro"), "f1_macro 0.")
	contains(t, "eval", ok(t, "eval", "-m", file, "-data", "iris", "-metric", "top_3", "-json"), `"top_3":1`)
}
