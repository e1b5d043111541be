package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// withOutput writes a configuration of testdata that asks for output in a folder, and answers with its path.
func withOutput(t *testing.T, name, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "configs", name))
	if err != nil {
		t.Fatal(err)
	}
	out := "\n  output_configs: {output_class: tinybig.output.rpn_output, output_parameters: {name: prediction_output, cache_dir: " + dir + "}}\n"
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), "\n  metric_configs", out+"  metric_configs", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// The file has what the reference's learner answers with: records of the training, and the result of the test.
func TestOutputHasTheReferencesFields(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "result")
	said := ok(t, "train", "-config", withOutput(t, "iris_run.yaml", dir), "-epochs", "3")
	file := filepath.Join(dir, "output")
	contains(t, "train", said, "output: "+file)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	type test struct {
		Loss   float64 `json:"test_loss"`
		Score  float64 `json:"test_score"`
		Cost   float64 `json:"time_cost"`
		Metric string  `json:"metric_name"`
	}
	var got struct {
		Preparation struct {
			Cost float64 `json:"preparation_time_cost"`
		}
		Training map[string]struct {
			Start   float64 `json:"start_time"`
			End     float64 `json:"end_time"`
			Cost    float64 `json:"time_cost"`
			Batches map[string]struct {
				Time, Loss float64
				Score      *float64
				Metric     string `json:"metric_name"`
			} `json:"batch_records"`
			Test *test `json:"test_result"`
		}
		test
		Pred  []int       `json:"y_pred"`
		True  [][]float64 `json:"y_true"`
		Score [][]float64 `json:"y_score"`
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	// 135 rows by 16 to train on, 15 to test.
	last := got.Training["2"]
	if len(got.Training) != 3 || len(last.Batches) != 9 || last.Test == nil || *last.Test != (test{got.Loss, got.test.Score, last.Test.Cost, "accuracy"}) {
		t.Errorf("the last epoch is %+v, the test %+v", last, got.test)
	}
	if !(got.Preparation.Cost > 0 && last.Start > 1e9 && last.End >= last.Start && last.Cost >= 0 && last.Batches["8"].Loss > 0) {
		t.Errorf("the times are %v and %+v", got.Preparation, last)
	}
	for e, epoch := range got.Training {
		for b, record := range epoch.Batches {
			if s := record.Score; s == nil || *s < 0 || *s > 1 || record.Metric != "accuracy" {
				t.Errorf("epoch %s, batch %s: %+v; want an accuracy", e, b, record)
			}
		}
	}
	right := 0
	for i, p := range got.Pred {
		if float64(p) == got.True[i][0] {
			right++
		}
	}
	if len(got.Score) != 15 || len(got.Pred) != 15 || float64(right)/15 != got.test.Score {
		t.Errorf("%d of %d predictions are right; the score is %v", right, len(got.Pred), got.test.Score)
	}
}

// What cannot be written is said in one line, before anything is trained.
func TestOutputThatCannotBeWrittenIsSaidFirst(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "output"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{filepath.Join(dir, "file", "deep"), dir} {
		o := rpnc("train", "-config", withOutput(t, "iris_run.yaml", to))
		if o.status != failure || !strings.Contains(o.errors, "output_configs: ") || strings.Count(o.errors, "\n") != 1 || o.out != "" {
			t.Errorf("%s: status %d, %q, %q", to, o.status, o.out, o.errors)
		}
	}
}

// All metrics are told, logged and written, from the command line and from a configuration.
func TestEveryMetricIsShown(t *testing.T) {
	log, file := filepath.Join(t.TempDir(), "log.jsonl"), filepath.Join(t.TempDir(), "net")
	o := rpnc("train", "-data", "iris", "-epochs", "4", "-metric", "f1_macro,accuracy,top_3", "-loss", "cross_entropy", "-log", log, "-o", file)
	contains(t, "train", o.out, "test f1_macro ", "test accuracy ", "test top_3 1")
	contains(t, "progress", o.errors, "f1_macro", "accuracy", "top_3 1")
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, "the log", string(text), `"metric":"f1_macro"`, `"metrics":{"accuracy":0.`, `"top_3":1}`)
	said := ok(t, "eval", "-m", file, "-data", "iris", "-metric", "accuracy,f1_weighted,f1_micro")
	contains(t, "eval", said, "accuracy ", "f1_weighted ", "f1_micro ", "is \\ taken for  setosa  versicolor  virginica")

	config := withOutput(t, "karate_run.yaml", t.TempDir())
	contains(t, "train of a configuration", ok(t, "train", "-config", config, "-o", file), "test accuracy ", "test f1_macro ", "lbfgs")
	contains(t, "eval of a configuration", ok(t, "eval", "-m", file), "karate, 6 rows", "accuracy ", "f1_macro ", "Mr. Hi")
}
