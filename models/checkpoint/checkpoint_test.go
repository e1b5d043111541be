package checkpoint_test

import (
	"context"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"rpnc/graph"
	"rpnc/models"
	"rpnc/models/checkpoint"
	"rpnc/models/data"
	"rpnc/models/optim"
	"rpnc/models/train"
)

// noisy has all that a training moves: weights, batch statistics, a counter of batches, dropout by the step.
var noisy = models.MLP{Dims: []int{4, 12, 3}, Plain: true, Product: models.Product{EnableBias: true},
	Finish: models.Finish{WithRelu: true, WithBatchNorm: true, WithDropout: true, P: 0.3}}

func model(t testing.TB, s models.Spec, o *models.Options) *models.Model {
	t.Helper()
	m, err := models.New(s, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func fit(t testing.TB, m *models.Model, tr train.Trainer) {
	t.Helper()
	d, err := data.Iris()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Fit(context.Background(), m, d, nil); err != nil {
		t.Fatal(err)
	}
}

func state(m *models.Model) map[string]*graph.Tensor {
	all := map[string]*graph.Tensor{}
	for _, name := range m.Store().Names() {
		all[name] = m.Store().Get(name)
	}
	return all
}

func TestATrainingThatGoesOnFromAFileComputesTheSameBits(t *testing.T) {
	for _, d := range []graph.DType{graph.F32, graph.F64} {
		for _, o := range []optim.Optimizer{optim.AdamW{LR: 0.01}, optim.SGD{LR: 0.01, Momentum: 0.9, Dampening: 0.1}} {
			opt := &models.Options{Seed: 5, DType: d}
			tr := train.Trainer{Epochs: 4, BatchSize: 40, Seed: 2, Optimizer: o}
			straight := model(t, noisy, opt)
			fit(t, straight, tr)

			first := model(t, noisy, opt)
			half := tr
			half.Epochs = 2
			fit(t, first, half)
			path := filepath.Join(t.TempDir(), "half.safetensors")
			if err := checkpoint.Save(path, first, nil); err != nil {
				t.Fatal(err)
			}
			second := model(t, noisy, opt)
			if _, err := checkpoint.LoadInto(path, second); err != nil {
				t.Fatal(err)
			}
			tr.From = train.Position{Epoch: 2}
			fit(t, second, tr)
			if !reflect.DeepEqual(state(second), state(straight)) {
				t.Errorf("%v %T: after going on the model is another one", d, o)
			}
		}
	}
}

func TestAFileHoldsTheModelAndWhatIsSaidOfIt(t *testing.T) {
	m := model(t, noisy, &models.Options{Seed: 1<<63 + 5})
	fit(t, m, train.Trainer{Epochs: 1})
	path := filepath.Join(t.TempDir(), "net.safetensors")
	if err := checkpoint.Save(path, m, map[string]string{"epoch": "1", "note": "küche\n\"x\" <&>"}); err != nil {
		t.Fatal(err)
	}
	f, err := checkpoint.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(f.Tensors, state(m)) || f.Meta["epoch"] != "1" || f.Meta["note"] != "küche\n\"x\" <&>" || f.Meta["format"] != "rpnc/1" {
		t.Errorf("the file holds %d tensors, metadata %v", len(f.Tensors), f.Meta)
	}
	if seed, err := f.Seed(); seed != m.Seed() || err != nil {
		t.Errorf("the seed is %d, %v; want %d", seed, err, m.Seed())
	}
	spec, err := f.Spec()
	if err != nil {
		t.Fatal(err)
	}
	again := model(t, spec, nil)
	if err := f.Into(again); err != nil {
		t.Fatal(err)
	}
	x := []float64{5, 3, 1.5, 0.2, 6, 3, 4, 1.2}
	want, err := m.Predict(x)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Predict(x); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("the model from the file predicts %v, %v; want %v", got, err, want)
	}
}

func TestTheSameModelGivesTheSameFile(t *testing.T) {
	m := model(t, noisy, nil)
	dir := t.TempDir()
	var files [2][]byte
	for i := range files {
		path := filepath.Join(dir, "net")
		if err := checkpoint.Save(path, m, map[string]string{"b": "2", "a": "1"}); err != nil {
			t.Fatal(err)
		}
		var err error
		if files[i], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(files[0], files[1]) {
		t.Error("two files of one model differ")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("beside the file there are %v, %v", left, err)
	}
}

func TestAFailedSaveLeavesTheOldFile(t *testing.T) {
	m := model(t, noisy, nil)
	path := filepath.Join(t.TempDir(), "net")
	if err := checkpoint.Save(path, m, nil); err != nil {
		t.Fatal(err)
	}
	if err := checkpoint.Save(path, m, map[string]string{"bad": "\xff"}); err == nil || !strings.Contains(err.Error(), "UTF-8") {
		t.Errorf("metadata that are no text: error %v", err)
	}
	if _, err := checkpoint.Load(path); err != nil {
		t.Errorf("the old file: %v", err)
	}
	if err := checkpoint.Save(filepath.Join(path, "below"), m, nil); err == nil {
		t.Error("a file below a file is no error")
	}
	// A name that is taken by a directory fails at the last moment; nothing stays behind.
	dir := filepath.Join(t.TempDir(), "d")
	if err := os.MkdirAll(filepath.Join(dir, "net", "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := checkpoint.Save(filepath.Join(dir, "net"), m, nil); err == nil {
		t.Error("a file in place of a directory is no error")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("a failed save leaves %v, %v", left, err)
	}
}

func TestModelsThatDoNotFitAreNamed(t *testing.T) {
	small := models.MLP{Dims: []int{4, 12, 3}, Plain: true, Finish: models.Finish{WithRelu: true}}
	wide := noisy
	wide.Dims = []int{4, 13, 3}
	deep := noisy
	deep.Dims = []int{4, 12, 3, 3}
	for _, c := range []struct {
		name     string
		from, to *models.Model
		want     []string
	}{
		{"missing", model(t, small, nil), model(t, noisy, nil), []string{"missing in the file: layers.0.heads.0.b, ", "more"}},
		{"extra", model(t, noisy, nil), model(t, small, nil), []string{"not in the model: layers.0.heads.0.b, "}},
		{"another width", model(t, noisy, nil), model(t, wide, nil), []string{"of another type: layers.0.heads.0.b is f32 (12) in the file, f32 (13) in the model"}},
		{"another element type", model(t, small, nil), model(t, small, &models.Options{DType: graph.F64}), []string{"is f32 (1×48) in the file, f64 (1×48) in the model"}},
		{"all at once", model(t, wide, nil), model(t, deep, nil), []string{"missing in the file: layers.", "of another type: layers."}},
	} {
		path := filepath.Join(t.TempDir(), "net")
		if err := checkpoint.Save(path, c.from, nil); err != nil {
			t.Fatal(err)
		}
		before := state(c.to)
		_, err := checkpoint.LoadInto(path, c.to)
		if err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) || strings.Count(err.Error(), "\n") > 2 {
				t.Errorf("%s: error %q; want three lines at most, and %q", c.name, err, want)
			}
		}
		if !reflect.DeepEqual(state(c.to), before) {
			t.Errorf("%s: the model has changed", c.name)
		}
	}
}

// private is a spec that no configuration can name.
type private struct{ models.MLP }

func TestASpecOfTheUsersOwnHasNoConfiguration(t *testing.T) {
	f, err := checkpoint.Of(model(t, private{noisy}, nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Spec(); err == nil || !strings.Contains(err.Error(), "no config") {
		t.Errorf("error %v", err)
	}
	if err := f.Into(model(t, noisy, nil)); err != nil {
		t.Errorf("into a model of the same tensors: %v", err)
	}
}

func TestConfigurationsInMetadataAreChecked(t *testing.T) {
	for config, want := range map[string]string{
		"function_class: taylor_expansion": "want a head, layer or model",
		"model_class: nothing":             "nothing",
		"[":                                "config of the checkpoint",
		"":                                 "empty",
	} {
		f := checkpoint.File{Meta: map[string]string{"config": config}}
		if _, err := f.Spec(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v; want one with %q", config, err, want)
		}
	}
	if _, err := (&checkpoint.File{}).Seed(); err == nil {
		t.Error("no seed is no error")
	}
}

func ExampleSave() {
	spec := models.MLP{Dims: []int{4, 3}, Plain: true}
	m, err := models.New(spec, &models.Options{Seed: 7, DType: graph.F64})
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "net.safetensors")
	if err := checkpoint.Save(path, m, map[string]string{"epoch": "0"}); err != nil {
		log.Fatal(err)
	}
	f, err := checkpoint.Load(path)
	if err != nil {
		log.Fatal(err)
	}
	for name, x := range f.Tensors {
		fmt.Println(name, x.Type, "seed", f.Meta["seed"], "epoch", f.Meta["epoch"])
	}
	// Output: layers.0.heads.0.w f64 (1×12) seed 7 epoch 0
}

// special numbers that a text form would lose.
var special = []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.SmallestNonzeroFloat32, math.MaxFloat32, 1. / 3}
