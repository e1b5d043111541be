package checkpoint_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"rpnc/models/checkpoint"
)

// A folder with what writers that were killed may leave, and much that looks like it.
func TestSaveRemovesWhatDeadWritersHaveLeft(t *testing.T) {
	dir := t.TempDir()
	long, short := -time.Hour, -time.Minute
	for name, age := range map[string]time.Duration{
		".net.tmp-123":      long,
		".net.tmp-9":        long,
		".net.tmp-77":       short, // of a live writer, by its mark or by its age
		".net.tmp-":         long,
		".net.tmp-12x":      long,
		".net.tmp-1.bak":    long,
		".net.a.tmp-5":      long, // of net.a
		".other.tmp-5":      long,
		"net.tmp-5":         long,
		".net.123":          long,
		"net.epoch-1":       long,
		".net.tmp-44/model": long, // a folder of that name
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(age)
		if err := os.Chtimes(path, then, then); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(filepath.Join(dir, ".net.tmp-44"), time.Unix(0, 0), time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	live, err := checkpoint.Hold(filepath.Join(dir, ".net.tmp-77"))
	if err == nil {
		defer live.Close()
	}
	if err := small().Save(filepath.Join(dir, "net")); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	var names []string
	for _, f := range left {
		names = append(names, f.Name())
	}
	want := []string{".net.123", ".net.a.tmp-5", ".net.tmp-", ".net.tmp-1.bak", ".net.tmp-12x", ".net.tmp-44", ".net.tmp-77", ".other.tmp-5", "net", "net.epoch-1", "net.tmp-5"}
	if err != nil || !slices.Equal(names, want) {
		t.Errorf("there are %q, %v; want %q", names, err, want)
	}
}

// Where the system says who lives, a file is removed as soon as its writer is dead, and never while it lives.
func TestSaveKnowsTheLivingFromTheDead(t *testing.T) {
	dir := t.TempDir()
	path, old, fresh := filepath.Join(dir, "net"), filepath.Join(dir, ".net.tmp-1"), filepath.Join(dir, ".net.tmp-2")
	for _, name := range []string{old, fresh} {
		if err := os.WriteFile(name, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(old, time.Unix(0, 0), time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	live, err := checkpoint.Hold(old)
	if err != nil {
		t.Skipf("this file system cannot tell: %v", err)
	}
	for _, want := range [][]string{{".net.tmp-1", "net"}, {"net"}} {
		if err := small().Save(path); err != nil {
			t.Fatal(err)
		}
		left, err := filepath.Glob(filepath.Join(dir, "*net*"))
		for i := range left {
			left[i] = filepath.Base(left[i])
		}
		if err != nil || !slices.Equal(left, want) {
			t.Errorf("there are %q, %v; want %q", left, err, want)
		}
		live.Close()
	}
}

// Two writers of one path, each with a temporary file of its own: the file is whole whoever comes last.
func TestWritersOfOnePathDoNotDisturbEachOther(t *testing.T) {
	path := filepath.Join(t.TempDir(), "net")
	done := make(chan error)
	for range 2 {
		go func() {
			for range 20 {
				if err := small().Save(path); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if f, err := checkpoint.Load(path); err != nil || len(f.Tensors) != len(small().Tensors) {
		t.Errorf("%v, %v", f, err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("beside the file there are %v, %v", left, err)
	}
}
