package kernels_test

import (
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"

	"rpnc/internal/kernels"
)

// guarding are the tests that run kernels between forbidden pages.
var guarding = map[string]func(*testing.T){
	"Gemm": TestGemmStaysInsideItsOperands, "Folded": TestFoldedProductsStayInsideTheirOperands, "Transpose": TestTransposeStaysInsideItsOperands,
	"Maps": TestMapsAndReductionsStayInsideTheirSlices, "Splines": TestCubicSplinesStayInsideTheirSlices,
	"Patches": TestPatchProductsStayInsideTheirOperands, "Windows": TestWindowsStayInsideTheirOperands,
	"Running": TestRunningRowsAreSumsRowByRowAndStayInsideTheirOperands,
	"Sparse":  TestSparseProductsMatchDenseOnesAndStayInsideTheirOperands, "Lines": TestSoftmaxOfSparseRowsMatchesDefinition,
	"Repeats": TestRepeatedElementsStandInARow, "NormRelu": TestNormReluStaysInsideItsOperands,
	"NormPool": TestPooledNormsStayInsideTheirOperands,
}

// A kernel of assembly that no guarded test runs is one of which nobody knows what it reads and writes.
func TestEveryKernelRunsBetweenForbiddenPages(t *testing.T) {
	ran := map[string]bool{} // by table and kernel
	watching = func() (after func()) {
		table := kernels.Table()
		if table == "go" {
			return func() {} // the compiler checks its bounds
		}
		var now sync.Map
		names, restore := kernels.Watch(&now)
		return func() {
			restore()
			for _, name := range names {
				_, yes := now.Load(name)
				ran[table+" "+name] = ran[table+" "+name] || yes
			}
		}
	}
	defer func(was func() func()) { watching = was }(watching)
	whole := true
	for name, f := range guarding {
		started := false
		t.Run(name, func(t *testing.T) { started = true; f(t) })
		whole = whole && started
	}
	for name, yes := range ran {
		if whole && !yes {
			t.Errorf("no guarded test runs %s: give its operands to guarded in one, and list that one in guarding", name)
		}
	}
	if whole && len(ran) == 0 && len(kernels.Tables()) > 1 {
		t.Error("no kernel was watched")
	}
}

// behind names, of kernels in assembly that are no functions of an engine, the one that calls them.
var behind = map[string]string{
	"tile": "block", "tileNarrow": "block", "tileBroad": "block", "rowProduct": "block", "rowPair": "block", "turn": "block", "panels": "block", "dots": "block",
	"patches": "listed", "patchesNarrow": "listed", "splinesPairs": "splines", "splineSlopesPairs": "splineSlopes",
}

func TestEveryKernelOfAssemblyBelongsToATable(t *testing.T) {
	files, err := filepath.Glob("*_amd64.s")
	if err != nil || len(files) == 0 {
		t.Fatalf("files %v, %v", files, err)
	}
	text, fields := regexp.MustCompile(`(?m)^TEXT ·([a-zA-Z0-9]+?)AVX`), kernels.Fields()
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range text.FindAllStringSubmatch(string(source), -1) {
			if name := m[1]; !fields[name] && !fields[behind[name]] {
				t.Errorf("%s: %s is no function of an engine: say in behind which one calls it, and reach it in a guarded test", file, name)
			}
		}
	}
}
