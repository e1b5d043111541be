package bench

import (
	"math"
	"os"
	"slices"
	"testing"
)

// configs is where the configurations of the table are.
const configs = "../testdata/configs"

// RPNC_FITTING=all trains the whole table.
func TestFunctionsAreFittedAsPublished(t *testing.T) {
	if os.Getenv("RPNC_FITTING") != "all" {
		t.Skip("2000 epochs of three functions with many seeds; RPNC_FITTING=all runs them")
	}
	for _, f := range Fittings() {
		t.Run(f.File, func(t *testing.T) {
			var tests, trains []float64
			o, seconds := Fit{}, 0.0
			for seed := range f.Seeds {
				var err error
				if o, err = f.Run(t.Context(), configs, uint64(seed), 0); err != nil {
					t.Fatal(err)
				}
				tests, trains = append(tests, o.Last), append(trains, o.Train)
				seconds += o.Seconds / float64(f.Seeds)
			}
			mean := geometric(tests)
			// A row of the table in FITTING.md.
			t.Logf("| %s | %d | %d | %.1e | %.1e | %.1e … %.1e | %.1e | %.1f |", f.Function, f.Params, f.Seeds, geometric(trains),
				mean, slices.Min(tests), slices.Max(tests), f.Published, seconds)
			if mean > 10*f.Published {
				t.Errorf("the mean error is %.2e; want at most ten times %.2e", mean, f.Published)
			}
		})
	}
}

// A plain test run sees the beginning of every training: the error falls by at least the factor.
func TestFunctionsAreLearned(t *testing.T) {
	factor := map[string]float64{"fit_elementary.yaml": 10, "fit_composite.yaml": 10, "fit_feynman.yaml": 2}
	for _, f := range Fittings() {
		o, err := f.Run(t.Context(), configs, 1, 25)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %.2e after an epoch, %.2e after %d, in %.1f s", f.File, o.First, o.Last, o.Epochs, o.Seconds)
		if !(o.Last*factor[f.File] < o.First) {
			t.Errorf("%s: the error is %.3g after %d epochs and was %.3g after the first; want a fall by %g", f.File, o.Last, o.Epochs, o.First, factor[f.File])
		}
	}
}

func TestAFittingHoldsItsConfigurationToWhatIsKnown(t *testing.T) {
	f := Fittings()[0]
	f.Params++
	if _, err := f.Run(t.Context(), configs, 0, 1); err == nil {
		t.Error("a model of another size is no error")
	}
	f.File = "iris_run.yaml"
	if _, err := f.Run(t.Context(), configs, 0, 1); err == nil {
		t.Error("a configuration without a function is no error")
	}
	f.File = "none.yaml"
	if _, err := f.Run(t.Context(), configs, 0, 1); err == nil {
		t.Error("a file that is not there is no error")
	}
}

func TestGeometricMeanOnWorkedNumbers(t *testing.T) {
	if have := geometric([]float64{1e-9, 1e-7, 1e-5}); math.Abs(have-1e-7) > 1e-19 {
		t.Errorf("the mean is %g; want 1e-7", have)
	}
}
