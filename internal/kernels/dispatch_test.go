package kernels_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"rpnc/internal/kernels"
)

// A process of its own makes the choice, which is made once, and prints it after
// two uses. Only a name that can not be honoured is worth a line on stderr.
func TestTableIsChosenByEnvironment(t *testing.T) {
	if os.Getenv("PRINT_TABLE") != "" {
		x := []float32{1}
		kernels.Exp(x, x)
		kernels.Exp(x, x)
		os.Stdout.WriteString("table is " + kernels.Table() + "\n")
		return
	}
	fastest := kernels.Tables()[0]
	cases := map[string]string{"": fastest, "avx1024": fastest} // forced → used
	for _, name := range kernels.Tables() {
		cases[name] = name
	}
	for forced, want := range cases {
		cmd := exec.Command(os.Args[0], "-test.run=^TestTableIsChosenByEnvironment$")
		cmd.Env = append(os.Environ(), "PRINT_TABLE=1", "RPNC_KERNELS="+forced)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("RPNC_KERNELS=%s: %v", forced, err)
		}
		if !strings.Contains(string(out), "table is "+want+"\n") {
			t.Errorf("RPNC_KERNELS=%s: %q, want table %s", forced, out, want)
		}
		complaints := strings.Count(stderr.String(), "RPNC_KERNELS=")
		if unknown := forced == "avx1024"; complaints != int(truth(unknown)) {
			t.Errorf("RPNC_KERNELS=%s: stderr %q", forced, stderr.String())
		}
	}
}

func TestPlainGoIsAlwaysTheLastTable(t *testing.T) {
	if names := kernels.Tables(); names[len(names)-1] != "go" {
		t.Errorf("tables %v", names)
	}
}
