//go:build linux && (amd64 || arm64)

package cuda

import (
	"os"
	"strings"
	"testing"
)

// FakeCard is a device of the driver in testdata, whose memory is the host's, with the cuBLAS in testdata, each compiled
// with some settings. Kernels do not run on it, products of cuBLAS do. Both write down how they are called.
func FakeCard(t *testing.T, driver, cublas []string) (dev Device, calls func() (driver, cublas []string), closed func() error) {
	t.Helper()
	lib, driverLog := built(t, "driver", append([]string{"-DMEMORY"}, driver...)...)
	blas, cublasLog := built(t, "cublas", cublas...)
	t.Setenv("RPNC_LIBCUBLAS", blas)
	g, err := open(lib)
	if err != nil {
		t.Fatal(err)
	}
	lines := func(name string) []string {
		text, err := os.ReadFile(name)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSpace(string(text)), "\n")
	}
	return g, func() (driver, cublas []string) { return lines(driverLog), lines(cublasLog) }, g.close
}
