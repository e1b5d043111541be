package models_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// TestGoldenNoticesDifferences changes one number of a case at a time: the comparison must see each.
func TestGoldenNoticesDifferences(t *testing.T) {
	for _, family := range []string{"interdependences", "layers", "reconciliations", "fusions", "compressions", "geometry", "metrics", "config"} {
		cases, err := readFamily(filepath.Join("..", "testdata", "golden", family+".json.gz"))
		if err != nil {
			t.Fatal(err)
		}
		changed := 0
		for _, c := range cases {
			if changed > 20 {
				break
			}
			if c.refused() || c.loose() || family == "config" && c.Class == "function" && c.count("configs") == 0 || verdict(c) != nil {
				continue
			}
			for what, spoil := range spoilers(c) {
				changed++
				restore := spoil()
				if verdict(c) == nil {
					t.Errorf("%s/%s: %s may be wrong", family, c.ID, what)
				}
				restore()
			}
		}
		if changed == 0 {
			t.Errorf("%s: nothing to change", family)
		}
	}
}

// spoilers are ways to make the case wrong, each with what undoes it.
func spoilers(c *golden) map[string]func() (restore func()) {
	out := map[string]func() func(){}
	for name, raw := range c.Outputs {
		switch name {
		case "y", "A", "l", "D", "A_shape", "patch_num", "num", "value":
		default:
			if !strings.Contains(name, "running") {
				continue
			}
		}
		if wrong, ok := spoiled(raw); ok {
			out[name] = func() func() {
				c.Outputs[name] = wrong
				return func() { c.Outputs[name] = raw }
			}
		}
	}
	for name, v := range c.Grads {
		if len(v.Data) > 0 {
			out["gradient of "+name] = func() func() {
				last := &c.Grads[name].Data[len(v.Data)-1]
				before := *last
				*last = 2*before + 1
				return func() { *last = before }
			}
		}
	}
	return out
}

// spoiled is another number, or a tensor or list with another last number.
func spoiled(raw json.RawMessage) (json.RawMessage, bool) {
	text := strings.TrimRight(string(raw), " ]}\n")
	if i := strings.LastIndex(text, `"sparse"`); i > 0 {
		text = strings.TrimRight(text[:i], " ,]")
	}
	if text == "" || !strings.ContainsAny(text[len(text)-1:], "0123456789") {
		return nil, false
	}
	return json.RawMessage(strings.TrimRight(text, "0123456789.eE+-") + "98765" + strings.TrimPrefix(string(raw), text)), true
}
