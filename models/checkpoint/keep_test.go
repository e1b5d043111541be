package checkpoint_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"rpnc/models"
	"rpnc/models/checkpoint"
)

func TestTheLastEpochsAreKept(t *testing.T) {
	m, err := models.New(models.MLP{Dims: []int{2, 1}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	k := checkpoint.Keeper{Path: filepath.Join(dir, "net.safetensors"), Last: 2}
	// A neighbour with a similar name, and one whose number is none.
	others := []string{"net.epoch-x.safetensors", "netepoch-1.safetensors", "other.epoch-1.safetensors"}
	for _, name := range others {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		epoch int
		want  []int
	}{{0, nil}, {8, []int{8}}, {9, []int{8, 9}}, {10, []int{9, 10}}, {100, []int{10, 100}}} {
		if err := k.Save(m, c.epoch, map[string]string{"epoch": "x"}); err != nil {
			t.Fatal(err)
		}
		if got, err := k.Epochs(); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("after epoch %d there are %v, %v; want %v", c.epoch, got, err, c.want)
		}
	}
	for _, name := range append(others, "net.safetensors", "net.epoch-100.safetensors") {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	latest, err := os.ReadFile(k.Path)
	last, wrong := os.ReadFile(filepath.Join(dir, "net.epoch-100.safetensors"))
	if err != nil || wrong != nil || !slices.Equal(latest, last) {
		t.Errorf("the latest state is not that of the last epoch: %v, %v", err, wrong)
	}
	if err := (checkpoint.Keeper{Path: filepath.Join(dir, "one")}).Save(m, 3, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "one.epoch-3")); err == nil {
		t.Error("an epoch is kept that nobody asked for")
	}
	if err := (checkpoint.Keeper{Path: filepath.Join(dir, "no", "folder")}).Save(m, 1, nil); err == nil {
		t.Error("a folder that is not there is no error")
	}
}
