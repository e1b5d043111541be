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
	"unicode/utf8"
)

// The first command that a newcomer types must show a network that reads digits.
func TestTrainWithoutFlagsReadsDigits(t *testing.T) {
	if testing.Short() {
		t.Skip("trains ten epochs of a convolutional network")
	}
	var r result
	if err := json.Unmarshal([]byte(ok(t, "train", "-json")), &r); err != nil {
		t.Fatal(err)
	}
	if r.Test < 0.98 || r.Metric != "accuracy" || r.Epochs != 10 {
		t.Errorf("result %+v; want an accuracy of 0.98 or more after 10 epochs", r)
	}
}

func TestTrainTellsSummaryCurveAndResultInOrder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "net.safetensors")
	out := ok(t, "train", "-data", "iris", "-epochs", "12", "-o", file)
	at := 0
	for _, want := range []string{"models.MLP: 4 → 3 columns", "parameters", "120 rows to train on, 30 held out", "loss", "▁", "test accuracy", "checkpoint: " + file} {
		i := strings.Index(out[at:], want)
		if i < 0 {
			t.Fatalf("%q is missing, or out of order:\n%s", want, out)
		}
		at += i
	}
}

func TestTrainEvalPredict(t *testing.T) {
	dir := t.TempDir()
	file, log := filepath.Join(dir, "net.safetensors"), filepath.Join(dir, "log.jsonl")
	var r result
	if err := json.Unmarshal([]byte(ok(t, "train", "-data", "iris", "-json", "-o", file, "-log", log)), &r); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(log)
	if err != nil || bytes.Count(text, []byte("\n")) != r.Epochs {
		t.Errorf("the log has %d lines for %d epochs, %v", bytes.Count(text, []byte("\n")), r.Epochs, err)
	}
	var score struct {
		Rows           int
		Loss, Accuracy float64
	}
	if err := json.Unmarshal([]byte(ok(t, "eval", "-m", file, "-data", "iris", "-json")), &score); err != nil {
		t.Fatal(err)
	}
	if score.Rows != 30 || score.Accuracy != r.Test || score.Accuracy < 0.9 {
		t.Errorf("eval says %+v, train said %+v", score, r)
	}
	rows := flowers(t, "a,b,c,d\n5.1,3.5,1.4,0.2\n6.7,3.1,5.6,2.4\n")
	lines := strings.Split(strings.TrimSpace(ok(t, "predict", "-m", file, rows)), "\n")
	if len(lines) != 3 || lines[0] != "class,p_setosa,p_versicolor,p_virginica" || !strings.HasPrefix(lines[1], "setosa,0.9") || !strings.HasPrefix(lines[2], "virginica,") {
		t.Errorf("predict says %q", lines)
	}
	o := rpncWith(context.Background(), "5.1,3.5,1.4,0.2\n", "predict", "-json", "-m", file, "-")
	if !strings.HasPrefix(o.out, `{"row":1,"class":"setosa","p":[0.9`) || strings.Count(o.out, "\n") != 1 {
		t.Errorf("predict -json of the standard input says %q %s", o.out, o.errors)
	}
}

// A file of numbers is regression: y = 2a − b, which a network of one hidden layer learns.
func TestTrainRegressionOnAFile(t *testing.T) {
	var b strings.Builder
	b.WriteString("a,b,y\n")
	for i := range 100 {
		a, c := float64(i%10), float64(i/10)
		fmt.Fprintf(&b, "%g,%g,%g\n", a, c, 2*a-c)
	}
	file := flowers(t, b.String())
	net := filepath.Join(t.TempDir(), "net.safetensors")
	var r result
	if err := json.Unmarshal([]byte(ok(t, "train", "-data", file, "-regression", "-target", "y", "-json", "-epochs", "60", "-o", net)), &r); err != nil {
		t.Fatal(err)
	}
	if r.Metric != "mae" || r.Test > 1 {
		t.Errorf("result %+v; want a mean absolute error below 1", r)
	}
	out := ok(t, "predict", "-m", net, "-skip", "y", file)
	if !strings.HasPrefix(out, "y1\n") || strings.Count(out, "\n") != 101 {
		t.Errorf("predict says %.200q", out)
	}
	contains(t, "eval of a file", ok(t, "eval", "-m", net, "-data", file), "100 rows")
}

// stopper cancels a context once a text goes through it.
type stopper struct {
	bytes.Buffer
	at     string
	cancel func()
}

func (s *stopper) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(s.at)) {
		s.cancel()
	}
	return s.Buffer.Write(p)
}

// Ctrl-C is a done context. What goes on from the checkpoint gives the bits of a training that never stopped.
func TestInterruptedTrainingGoesOn(t *testing.T) {
	dir := t.TempDir()
	whole, part := filepath.Join(dir, "whole"), filepath.Join(dir, "part")
	args := func(file string) []string { return []string{"train", "-data", "iris", "-epochs", "6", "-o", file} }
	ok(t, args(whole)...)

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var out bytes.Buffer
	progress := &stopper{at: "epoch 2/6", cancel: cancel}
	if status := run(ctx, args(part), strings.NewReader(""), &out, progress); status != success {
		t.Fatalf("interrupted: status %d\n%s", status, progress.String())
	}
	contains(t, "the interrupted run", out.String(), "stopped after 2 epochs", "checkpoint: "+part)
	contains(t, "the resumed run", ok(t, "train", "-data", "iris", "-resume", part, "-o", part), "after 6 epochs")

	a, errA := os.ReadFile(whole)
	b, errB := os.ReadFile(part)
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Errorf("checkpoints differ (%d and %d bytes, %v, %v)", len(a), len(b), errA, errB)
	}
}

func TestTheCurveOfManyEpochsFitsIntoALine(t *testing.T) {
	out := ok(t, "train", "-data", "iris", "-epochs", "150")
	for line := range strings.Lines(out) {
		if n := strings.Count(line, "▁") + strings.Count(line, "█"); utf8.RuneCountInString(line) > 100 || n > widest {
			t.Errorf("a line is %d wide: %s", utf8.RuneCountInString(line), line)
		}
	}
	contains(t, "train", out, "▁", "█", "after 150 epochs")
}
