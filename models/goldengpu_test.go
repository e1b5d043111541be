package models_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"rpnc/compile"
	"rpnc/ops/cuda"
)

// TestGoldenOnTheGPU compares the golden vectors with what the GPU of the machine computes. Without one it skips and says
// how many cases wait; RPNC_REQUIRE_GPU=1 makes that a failure.
func TestGoldenOnTheGPU(t *testing.T) {
	dir := os.Getenv("RPNC_GOLDEN_DIR")
	if dir == "" {
		dir = filepath.Join("..", "testdata", "golden")
	}
	cases, err := readGolden(dir)
	if err != nil {
		t.Fatal(err)
	}
	dev, err := cuda.Open()
	switch {
	case err != nil && os.Getenv("RPNC_REQUIRE_GPU") == "1":
		t.Fatal(err)
	case err != nil:
		t.Skipf("%d cases wait for a GPU: %v", len(cases), err)
	}
	host := executors
	executors = []compile.Options{{Device: "cuda", Fallback: true}} // fitted methods run on the host
	defer func() { executors = host }()
	if testing.Short() {
		cases = everySeventh(cases)
	}
	var sum tally
	for i, err := range verdicts(cases) {
		sum.add(t, cases[i], err)
	}
	sum.print(t)
	fmt.Printf("golden on %s: %d passed, %d failed, %d unsupported\n", dev.Name(), sum.passed, sum.failed, sum.unsupported)
}
