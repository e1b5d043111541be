package config_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"rpnc/models/config"
	"rpnc/rpnops"
)

// FuzzDecode checks that no text ends the program or takes memory that its length does not explain, and that what is read
// can be written and read again.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "relu", "n: 1", "- 1", "a: &a [*a]", "<<: 1", "? {a: 1}\n: 2", "!!binary x", "!!float x", "--- 1\n--- 2", "&a {<<: *a}",
		"{function_class: tinybig.expansion.taylor_expansion, function_parameters: {d: 2, preprocess_functions: [relu]}}",
		"{function_class: lorr_reconciliation, function_parameters: {r: 2.0, enable_bias: yes}}",
		`{"function_class": "taylor_expansion", "function_parameters": {"d": 1e0}}`,
		"rows: [[.nan, -.inf], [1e-4]]\nscale: 0x1F\nrange: [1, 2]\ngrid: {grid_class: shape, grid_parameters: {h: 3}}\nr: 3",
		"any: 2001-01-01\nby_name: {a: relu}\nlinks: [[1, 2]]\nself_dependence: off",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		before := allocated()
		node, err := config.Parse("f.yaml", text)
		if err != nil {
			return
		}
		x := everything{Psi: rpnops.LoRR{R: 2}}
		_ = config.Decode(node, &x) // mistakes are fine, panics are not
		// A value of two bytes is a node of 150; of nested lists the parser keeps more. Aliases may add what 64 Ki values take.
		if used, most := allocated()-before, 1024*uint64(len(text))+16<<20; used > most {
			t.Fatalf("%d bytes allocated for a text of %d; want at most %d", used, len(text), most)
		}
		obj, err := config.Object(node)
		if err != nil {
			return
		}
		once, _ := through(t, config.Codec{}, obj)
		twice, _ := through(t, config.Codec{}, once)
		if d := cmp.Diff(once, twice, everyField); d != "" {
			t.Error(d)
		}
	})
}
