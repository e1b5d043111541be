package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rpnc/models/checkpoint"
)

// curveOf trains on flowers and answers with the lines of the log.
func curveOf(t *testing.T, args ...string) (lines []struct {
	Loss         float64
	LearningRate float64 `json:"learning_rate"`
}) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "log")
	ok(t, append([]string{"train", "-data", "iris", "-log", log}, args...)...)
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(bytes.NewReader(text)); d.More(); {
		lines = append(lines, struct {
			Loss         float64
			LearningRate float64 `json:"learning_rate"`
		}{})
		if err := d.Decode(&lines[len(lines)-1]); err != nil {
			t.Fatal(err)
		}
	}
	return lines
}

func TestSchedulesSetTheLearningRate(t *testing.T) {
	for _, c := range []struct {
		args []string
		want []float64 // of the epochs
	}{
		{[]string{"-schedule", "constant"}, []float64{0.5, 0.5, 0.5, 0.5}},
		{[]string{"-schedule", "exponential:gamma=0.5"}, []float64{0.5, 0.25, 0.125, 0.0625}},
		{[]string{"-schedule", "step:step_size=2,gamma=0.5"}, []float64{0.5, 0.5, 0.25, 0.25}},
		{[]string{"-schedule", "multistep:milestones=[1,3],gamma=0.5"}, []float64{0.5, 0.25, 0.25, 0.125}},
		{[]string{"-schedule", "linear:start_factor=1,end_factor=0.5,total_iters=2"}, []float64{0.5, 0.375, 0.25, 0.25}},
		{[]string{"-schedule", "cosine:T_max=2,eta_min=0.1"}, []float64{0.5, 0.3, 0.1, 0.1}},
		{[]string{"-schedule", "cosine"}, []float64{0.5, 0.4267766952966369, 0.25, 0.07322330470336313}},
		{[]string{"-schedule", "constant", "-warmup", "3"}, []float64{0.125, 0.25, 0.375, 0.5}},
		{[]string{"-warmup", "2"}, []float64{0.5 / 3, 1.0 / 3, 0.5, 0.25}}, // the cosine falls in the rest
		{[]string{"-schedule", "plateau:factor=0.5,patience=0,threshold=10"}, []float64{0.5, 0.5, 0.25, 0.125}},
	} {
		got := curveOf(t, append([]string{"-f64", "-lr", "0.5", "-optimizer", "sgd", "-epochs", "4", "-clip-norm", "1e-3"}, c.args...)...)
		for i, want := range c.want {
			if len(got) != 4 || got[i].LearningRate < want-1e-12 || got[i].LearningRate > want+1e-12 {
				t.Errorf("%v: %+v; want the rates %v", c.args, got, c.want)
				break
			}
		}
	}
}

// Gradients that are clipped to next to nothing leave the loss where it is.
func TestClippingHoldsTheStepsDown(t *testing.T) {
	for _, flag := range []string{"-clip-norm", "-clip-value"} {
		for name := range optimizers {
			if name != "sgd" {
				continue // the others divide the gradient by its size
			}
			free := curveOf(t, "-epochs", "3", "-optimizer", name)
			held := curveOf(t, "-epochs", "3", "-optimizer", name, flag, "1e-9")
			if fall := held[0].Loss - held[2].Loss; fall > 1e-4 || free[0].Loss-free[2].Loss < 0.1 {
				t.Errorf("%s: the loss falls by %v, and freely from %v to %v", flag, fall, free[0].Loss, free[2].Loss)
			}
		}
	}
	for name := range optimizers {
		if name == lbfgs {
			continue
		}
		for _, flag := range []string{"-clip-norm", "-clip-value"} {
			if o := rpnc("train", "-data", "iris", "-epochs", "1", "-optimizer", name, flag, "-1"); o.status != misuse {
				t.Errorf("%s -1 of %s: status %d", flag, name, o.status)
			}
		}
	}
}

// Where nothing gets better by so much, the training ends after the patience, and -best gives the best epoch back.
func TestEarlyStoppingAndTheBestEpoch(t *testing.T) {
	file := filepath.Join(t.TempDir(), "net")
	out := ok(t, "train", "-data", "iris", "-epochs", "30", "-patience", "3", "-min-delta", "10", "-best", "-o", file)
	contains(t, "the training", out, "best epoch: 1", "after 4 epochs", "no better for 3 epochs")
	var first, last struct{ Loss float64 }
	ok(t, "train", "-data", "iris", "-epochs", "30", "-schedule", "cosine", "-o", file, "-patience", "1", "-min-delta", "10", "-best")
	decode(t, ok(t, "eval", "-m", file, "-data", "iris", "-json"), &first)
	ok(t, "train", "-data", "iris", "-epochs", "30", "-o", file, "-patience", "1", "-min-delta", "10")
	decode(t, ok(t, "eval", "-m", file, "-data", "iris", "-json"), &last)
	if first.Loss <= last.Loss {
		t.Errorf("the first epoch has a loss of %v, the second %v; want the first given back and the second smaller", first.Loss, last.Loss)
	}
	// It has ended, and goes on only with more patience.
	contains(t, "resumed", ok(t, "train", "-data", "iris", "-resume", file, "-o", file), "no better for 1 epoch", "nothing was left to train")
	contains(t, "resumed with patience", ok(t, "train", "-data", "iris", "-resume", file, "-o", file, "-patience", "4"), "after 5 epochs")
	contains(t, "resumed without", ok(t, "train", "-data", "iris", "-resume", file, "-o", file, "-patience", "0", "-min-delta", "0", "-epochs", "7"), "after 7 epochs")
}

func decode(t *testing.T, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
}

// Every kind of flag is kept by the checkpoint: what goes on from it gives the bits of a training that never stopped.
func TestTrainingsGoOnWithTheirFlags(t *testing.T) {
	for _, flags := range [][]string{
		{"-clip-norm", "0.5", "-clip-value", "0.1", "-schedule", "step:step_size=2,gamma=0.5", "-warmup", "2", "-optimizer", "rmsprop", "-lr", "0.01"},
		{"-patience", "2", "-min-delta", "0.02", "-best", "-by-metric", "-metric", "f1_macro"},
		{"-schedule", "plateau:factor=0.5,patience=0,threshold=0.2", "-best"},
		{"-optimizer", "lbfgs"},
		{"-optimizer", "lbfgs", "-f64", "-best"},
	} {
		dir := t.TempDir()
		whole, part := filepath.Join(dir, "whole"), filepath.Join(dir, "part")
		args := func(file string) []string {
			return append([]string{"train", "-data", "iris", "-epochs", "6", "-o", file}, flags...)
		}
		ok(t, args(whole)...)
		interrupted(t, "epoch 2/6", args(part)...)
		again := []string{"train", "-data", "iris", "-resume", part, "-o", part}
		for i, f := range flags {
			if f == "-metric" || f == "-f64" {
				again = append(again, flags[i:min(i+2, len(flags))]...) // of the machine and of what is printed: not kept
				break
			}
		}
		ok(t, again...)
		a, errA := os.ReadFile(whole)
		b, errB := os.ReadFile(part)
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Errorf("%v: checkpoints differ (%d and %d bytes, %v, %v)", flags, len(a), len(b), errA, errB)
		}
	}
}

// interrupted runs the command and sends it ctrl-C once it has told of something.
func interrupted(t *testing.T, at string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var out bytes.Buffer
	progress := &stopper{at: at, cancel: cancel}
	if status := run(ctx, args, strings.NewReader(""), &out, progress); status != success {
		t.Fatalf("interrupted: status %d\n%s", status, progress.String())
	}
	return out.String()
}

// A configuration with L-BFGS says that it has no use for batches, and goes on from its memory.
func TestAConfigurationWithLBFGSGoesOn(t *testing.T) {
	dir := t.TempDir()
	file, whole, part := filepath.Join(dir, "run.yaml"), filepath.Join(dir, "whole"), filepath.Join(dir, "part")
	text := "configurations:\n  data_configs: {data_class: tinybig.data.iris, data_parameters: {train_batch_size: 16}}\n" +
		"  model_configs: {model_class: mlp, model_parameters: {dims: [4, 8, 1], enable_bias: true, with_batch_norm: false, with_dropout: false, with_softmax: false}}\n" +
		"  learner_configs: {learner_class: backward_learner, learner_parameters: {n_epochs: 5, loss_configs: {loss_class: torch.nn.MSELoss},\n" +
		"    optimizer_configs: {optimizer_class: torch.optim.LBFGS, optimizer_parameters: {max_iter: 3}}}}\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	contains(t, "the start", ok(t, "train", "-config", file, "-o", whole), "rows at once, whatever the size of batches in "+file+" (16)")
	interrupted(t, "epoch 2/5", "train", "-config", file, "-o", part)
	half, err := checkpoint.Load(part)
	if err != nil || half.Tensors["opt.lbfgs.s.0"] == nil {
		t.Errorf("the checkpoint has no memory of steps, %v", err)
	}
	ok(t, "train", "-resume", part, "-o", part)
	a, errA := os.ReadFile(whole)
	b, errB := os.ReadFile(part)
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Errorf("checkpoints differ (%d and %d bytes, %v, %v)", len(a), len(b), errA, errB)
	}
}
