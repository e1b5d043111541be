package main

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeIDX writes bytes of a shape in the format of MNIST.
func writeIDX(t *testing.T, file string, values []byte, shape ...uint32) {
	t.Helper()
	b := []byte{0, 0, 8, byte(len(shape))}
	for _, n := range shape {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	if err := os.WriteFile(file, append(b, values...), 0o644); err != nil {
		t.Fatal(err)
	}
}

// images makes a folder of dark images of class 0 and bright ones of class 1.
func images(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for part, n := range map[string]int{"train": 40, "t10k": 10} {
		pixels, labels := make([]byte, n*784), make([]byte, n)
		for i := range pixels {
			pixels[i] = byte(200*(i/784%2) + i%50)
		}
		for i := range labels {
			labels[i] = byte(i % 2)
		}
		writeIDX(t, filepath.Join(dir, part+"-images-idx3-ubyte"), pixels, uint32(n), 28, 28)
		writeIDX(t, filepath.Join(dir, part+"-labels-idx1-ubyte"), labels, uint32(n))
	}
	return dir
}

func TestFoldersOfImagesHaveTheirOwnTestPart(t *testing.T) {
	dir, file := images(t), filepath.Join(t.TempDir(), "net.safetensors")
	contains(t, "train", ok(t, "train", "-data", dir, "-model", "mlp", "-epochs", "20", "-batch", "8", "-o", file),
		"40 rows to train on, 10 held out", "test accuracy 100.00 %")
	contains(t, "eval", ok(t, "eval", "-m", file, "-data", dir), "10 rows", "accuracy 100.00 %")
	contains(t, "eval of the training part", ok(t, "eval", "-m", file, "-data", dir, "-part", "train"), "40 rows")
	if o := rpnc("eval", "-m", file, "-data", dir, "-part", "all"); o.status != misuse || !strings.Contains(o.errors, "want test or train") {
		t.Errorf("-part all: status %d, %s", o.status, o.errors)
	}
}

func TestConfigurationsOfImagesTrain(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "configs", "mnist_*.yaml"))
	if err != nil || len(files) != 3 {
		t.Fatalf("%d configurations, %v; want 3", len(files), err)
	}
	dir := images(t)
	for _, f := range files {
		contains(t, f, ok(t, "train", "-data", dir, "-model", f, "-epochs", "1", "-batch", "8"), "784 → 10 columns", "test accuracy")
	}
}

func TestFoldersWithoutImagesSayWhatIsMissing(t *testing.T) {
	o := rpnc("train", "-data", t.TempDir())
	if o.status != failure || !strings.Contains(o.errors, "train-images-idx3-ubyte") {
		t.Errorf("status %d, %s", o.status, o.errors)
	}
}
