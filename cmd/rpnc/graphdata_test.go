package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// papers makes a folder of nodes in two groups, which the features hardly tell and the links do.
func papers(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "papers")
	var nodes, links strings.Builder
	for i := range 60 {
		fmt.Fprintf(&nodes, "p%d %d %d 1 group%d\n", i, i%3, (i/2)%3, i%2)
		fmt.Fprintf(&links, "p%d p%d\np%d p%d\n", i, (i+2)%60, i, (i+14)%60)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"papers.content": nodes.String(), "papers.cites": links.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A model without links of its own takes those of the data, from the command line and from configurations.
func TestModelsRunAlongTheLinksOfTheirData(t *testing.T) {
	dir, file := papers(t), filepath.Join(t.TempDir(), "net.safetensors")
	alone := filepath.Join(t.TempDir(), "gcn.yaml")
	text := "model_class: tinybig.model.gcn\nmodel_parameters: {dims: [34, 8, 2], with_softmax: false}\n"
	if err := os.WriteFile(alone, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		rows string
	}{
		{[]string{"-data", "karate", "-model", "gcn"}, "28 rows to train on, 6 held out"},
		{[]string{"-data", "karate", "-model", "gat"}, "28 rows"},
		{[]string{"-data", "karate", "-model", alone}, "28 rows"},
		{[]string{"-data", dir, "-model", "gcn", "-optimizer", "lbfgs"}, "48 rows to train on, 12 held out"},
		{[]string{"-data", dir, "-model", "mlp"}, "48 rows"},
	} {
		contains(t, strings.Join(c.args, " "), ok(t, append([]string{"train", "-epochs", "3", "-o", file}, c.args...)...), c.rows, "test accuracy")
		var score struct{ Rows int }
		if err := json.Unmarshal([]byte(ok(t, "eval", "-m", file, c.args[0], c.args[1], "-json")), &score); err != nil || score.Rows != 6 && score.Rows != 12 {
			t.Errorf("%v: %d rows, %v", c.args, score.Rows, err)
		}
		all := ok(t, "eval", "-m", file, c.args[0], c.args[1], "-part", "all")
		contains(t, "eval of all", all, "rows: loss")
		more := ok(t, "train", "-resume", file, c.args[0], c.args[1], "-epochs", "5", "-o", file)
		contains(t, "what goes on", more, c.rows, "test accuracy")
	}
}

// All nodes go through the model at once, so predict wants all of them.
func TestPredictWantsEveryNode(t *testing.T) {
	file := filepath.Join(t.TempDir(), "net.safetensors")
	ok(t, "train", "-data", "karate", "-model", "gcn", "-epochs", "2", "-o", file)
	rows := func(n int) string {
		var b strings.Builder
		for i := range n {
			cells := make([]string, 34)
			for j := range cells {
				cells[j] = "0"
			}
			cells[i%34] = "1"
			b.WriteString(strings.Join(cells, ",") + "\n")
		}
		return flowers(t, b.String())
	}
	if got := ok(t, "predict", "-m", file, "-batch", "5", rows(34)); strings.Count(got, "\n") != 35 {
		t.Errorf("%d lines", strings.Count(got, "\n"))
	}
	for _, n := range []int{33, 35, 68} {
		if o := rpnc("predict", "-m", file, rows(n)); o.status != failure || !strings.Contains(o.errors, "a graph of 34 nodes") {
			t.Errorf("%d rows: status %d, %s", n, o.status, o.errors)
		}
	}
}
