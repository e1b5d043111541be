package cuda_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rpnc/graph"
	"rpnc/ops/cuda"
	"rpnc/ops/cuda/emulate"
)

//go:generate go test -count=1 -run ^(TestTheCatalogueIsFresh|TestTheTableOfResourcesIsOfTheseTexts)$ -update .

var update = flag.Bool("update", false, "write the files of folder ptx anew")

// written are the files of the catalogue by name, read from the folder.
func written(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("ptx/*.ptx")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		texts[strings.TrimSuffix(filepath.Base(f), ".ptx")] = string(text)
	}
	return texts
}

// What is committed is what is loaded; whoever changes a builder reviews what that does to its kernels.
func TestTheCatalogueIsFresh(t *testing.T) {
	have, w := written(t), read(t)
	for _, x := range catalogue(t) {
		want, _ := x.text(t, w)
		if *update && have[x.name] != want {
			if err := os.WriteFile(filepath.Join("ptx", x.name+".ptx"), []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if have[x.name] != want {
			t.Errorf("ptx/%s.ptx is not what is loaded: run go generate ./ops/cuda", x.name)
		}
		delete(have, x.name)
	}
	for name := range have {
		if !*update {
			t.Errorf("ptx/%s.ptx is of no kernel: run go generate ./ops/cuda", name)
		} else if err := os.Remove(filepath.Join("ptx", name+".ptx")); err != nil {
			t.Fatal(err)
		}
	}
}

// The table of Bind, as the sources write it, decides what has to be there.
func TestEveryOpWithAKernelIsInTheCatalogue(t *testing.T) {
	have := map[string][]string{}
	for _, x := range catalogue(t) {
		name := typeName(x.call.op)
		have[name] = append(have[name], x.name)
	}
	w := read(t)
	if len(w.builders) < 50 {
		t.Fatalf("the table of Bind has %d types of ops; the search must be broken", len(w.builders))
	}
	for op := range w.builders {
		for _, p := range precisions {
			suffix := "_" + p.dtype.String()
			if !slices.ContainsFunc(have[op], func(name string) bool { return strings.HasSuffix(name, suffix) }) {
				t.Errorf("%s has a kernel and no text ptx/*%s.ptx: give package ops a sample of it", op, suffix)
			}
		}
	}
}

// The committed text itself is run, not what would be written today.
func TestTheCatalogueMatchesTheOracle(t *testing.T) {
	texts, w := written(t), read(t)
	t.Run("emulator", func(t *testing.T) {
		for _, x := range catalogue(t) {
			if testing.Short() && strings.HasSuffix(x.name, "_f64") {
				continue // the emulator takes its time, and another test has shown that the text is what is loaded
			}
			t.Run(x.name, func(t *testing.T) {
				t.Parallel()
				dev := &emulate.Device{}
				x.check(t, dev, texts[x.name], w)
				if dev.Live != 0 {
					t.Errorf("%d pieces of memory and modules were not given back", dev.Live)
				}
			})
		}
	})
	t.Run("gpu", func(t *testing.T) {
		dev := gpu(t)
		for _, x := range catalogue(t) {
			t.Run(x.name, func(t *testing.T) { x.check(t, dev, texts[x.name], w) })
		}
	})
}

// check runs a text on a device, beside the oracle.
func (x item) check(t *testing.T, dev cuda.Device, text string, w *words) {
	t.Helper()
	if dev.Capability() < x.call.math.Capability() {
		t.Skipf("%s has no tensor cores for %v", dev.Name(), x.call.math)
	}
	_, f := x.text(t, w)
	f.Text = text
	var got []*graph.Tensor
	err := dev.Bound(func() (err error) {
		got, err = byHand(dev, f, x.call)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := x.expected(t)
	for i := range want {
		if e := apart(got[i], want[i]); e < 0 || e > x.tolerance() {
			t.Errorf("result %d is %.3g off; want at most %g", i, e, x.tolerance())
		}
	}
}

// tolerance is that of the element type.
func (x item) tolerance() float64 {
	if strings.HasSuffix(x.name, "_f64") {
		return precisions[1].tol
	}
	return precisions[0].tol
}

// expected is what the oracle computes, of factors rounded as tensor cores round them.
func (x item) expected(t *testing.T) []*graph.Tensor {
	t.Helper()
	if x.call.math != cuda.Exact {
		x.call.narrow()
	}
	want, err := graph.EvalOp(x.call.op, x.call.out, x.call.operand)
	if err != nil {
		t.Fatal(err)
	}
	return want
}
