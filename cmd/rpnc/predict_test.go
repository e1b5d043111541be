package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// checkpointOf is a checkpoint of flowers, and where it lies.
func checkpointOf(t *testing.T, args ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "net.safetensors")
	ok(t, append([]string{"train", "-data", "iris", "-epochs", "8", "-o", file}, args...)...)
	return file
}

// manyFlowers are rows in all forms that predict reads, and how to read each.
func manyFlowers(t *testing.T, n int) map[string][]string {
	t.Helper()
	var csv, header, arrays, objects strings.Builder
	header.WriteString("species,petal_width,petal_length,sepal_width,sepal_length\n")
	for i := range n {
		a, b, c, d := 4+float64(i%40)/10, 2+float64(i%17)/10, 1+float64(i%53)/10, float64(i%23)/10
		fmt.Fprintf(&csv, "%g,%g,%g,%g\n", a, b, c, d)
		fmt.Fprintf(&header, "rose,%g,%g,%g,%g\n", d, c, b, a)
		fmt.Fprintf(&arrays, "[%g, %g, %g, %g]\n\n", a, b, c, d)
		fmt.Fprintf(&objects, `{"petal_length": %g, "sepal_length": %g, "colour": "red", "petal_width": %g, "sepal_width": %g}`+"\n", c, a, d, b)
	}
	dir, args := t.TempDir(), map[string][]string{}
	for name, text := range map[string]string{"a.csv": csv.String(), "b.csv": header.String(), "c.jsonl": arrays.String(), "d.txt": objects.String()} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		args[name] = []string{file}
	}
	args["d.txt"] = append([]string{"-from", "jsonl"}, args["d.txt"]...)
	return args
}

// The same rows have the same answers, whatever they are read from, however many go through the model at a time, and
// however they are written.
func TestPredictionsDependOnTheRowsAlone(t *testing.T) {
	net, out := checkpointOf(t), filepath.Join(t.TempDir(), "out.jsonl")
	want := ""
	for name, file := range manyFlowers(t, 300) {
		for _, batch := range []string{"1", "7", "256", "1000"} {
			got := ok(t, append([]string{"predict", "-m", net, "-batch", batch}, file...)...)
			if want == "" {
				want = got
			}
			if got != want || strings.Count(got, "\n") != 301 {
				t.Fatalf("%s by %s: %d lines, %.200q; want %.200q", name, batch, strings.Count(got, "\n"), got, want)
			}
		}
		if got := ok(t, append([]string{"predict", "-m", net, "-o", out}, file...)...); got != "" {
			t.Errorf("%s: with -o the standard output has %.100q", name, got)
		}
	}
	lines := strings.Split(strings.TrimSpace(want), "\n")[1:]
	text, err := os.ReadFile(out)
	if err != nil || strings.Count(string(text), "\n") != len(lines) {
		t.Fatalf("%s has %d lines, %v", out, strings.Count(string(text), "\n"), err)
	}
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		var answer struct {
			Row   int
			Class string
			P     []float64
		}
		if err := json.Unmarshal([]byte(line), &answer); err != nil || answer.Row != i+1 || len(answer.P) != 3 || !strings.HasPrefix(lines[i], answer.Class+",") {
			t.Fatalf("line %d is %q beside %q, %v", i+1, line, lines[i], err)
		}
	}
}

// A mistake in the last row is found after the first batches are through, and no file is left half written.
func TestAFailedPredictionLeavesNoFile(t *testing.T) {
	net, out := checkpointOf(t), filepath.Join(t.TempDir(), "out.csv")
	rows := flowers(t, strings.Repeat("5.1,3.5,1.4,0.2\n", 20)+"5.1,3.5,x,0.2\n")
	o := rpnc("predict", "-m", net, "-batch", "4", "-o", out, rows)
	if o.status != failure || !strings.Contains(o.errors, ":21: column 3") {
		t.Errorf("status %d, %s", o.status, o.errors)
	}
	if left, err := os.ReadDir(filepath.Dir(out)); err != nil || len(left) != 0 {
		t.Errorf("%v is left, %v", left, err)
	}
	for input, want := range map[string]string{
		"":                     "the file is empty",
		"[1, 2, 3]\n":          "3 columns, the model takes 4",
		"[1,2,3,4]\n[1,2,3]\n": "standard input:2: 3 numbers; want 4",
		"[1,2,3,null]\n":       "no array of numbers",
		"{\"a\": 1}\n":         `no number under "sepal_length"`,
		"hello\n":              `"hello" is no row`,
	} {
		o := rpncWith(context.Background(), input, "predict", "-m", net, "-from", "jsonl", "-")
		if o.status != failure || !strings.Contains(o.errors, want) || strings.Count(o.errors, "\n") != 1 {
			t.Errorf("%q: status %d, %s; want %q", input, o.status, o.errors, want)
		}
	}
}
