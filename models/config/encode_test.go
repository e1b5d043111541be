package config_test

import (
	"encoding"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"rpnc/models/config"
	"rpnc/rpnops"
)

// everyField lets cmp look into all fields; NaN equals NaN.
var everyField = cmp.Options{
	cmp.Exporter(func(reflect.Type) bool { return true }),
	cmp.Comparer(func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }),
}

// through writes v as text and reads it back.
func through(t *testing.T, c config.Codec, v any) (back any, text string) {
	t.Helper()
	node, err := c.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := yaml.Marshal(node)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := config.Parse("out.yaml", out)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if back, err = c.Object(parsed); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return back, string(out)
}

func TestEveryClassAndSampleComesBackFromItsConfiguration(t *testing.T) {
	settings := map[string][]any{}
	for _, class := range append(config.Functions.Classes(), config.Models.Classes()...) {
		settings[class.Name] = []any{class.Default}
	}
	for _, e := range rpnops.Entries() {
		settings[e.Name] = append(settings[e.Name], e.Samples...)
	}
	for name, vs := range settings {
		t.Run(name, func(t *testing.T) {
			for _, v := range vs {
				once, text := through(t, config.Codec{}, v)
				twice, again := through(t, config.Codec{}, once)
				if d := cmp.Diff(once, twice, everyField); d != "" || text != again {
					t.Errorf("%s\n%s%s", d, text, again)
				}
				// Zeros that stand for defaults are written out; nothing else may differ.
				if d := cmp.Diff(v, once, everyField, cmp.FilterPath(isFilledIn, cmp.Ignore())); d != "" {
					t.Errorf("%s\n%s", d, text)
				}
			}
		})
	}
}

// isFilledIn says whether a number or name was zero and is not any more.
func isFilledIn(p cmp.Path) bool {
	a, b := p.Last().Values()
	if !a.IsValid() || !b.IsValid() || !a.IsZero() || a.Kind() == reflect.Pointer || a.Kind() == reflect.Interface {
		return false
	}
	if _, named := a.Interface().(encoding.TextMarshaler); named {
		return meansDefault(a)
	}
	return a.CanInt() || a.CanUint() || a.CanFloat() || a.Kind() == reflect.String
}

// meansDefault says whether the zero of a type with names has none.
func meansDefault(zero reflect.Value) bool {
	b, err := zero.Interface().(encoding.TextMarshaler).MarshalText()
	back := reflect.New(zero.Type())
	return err != nil || back.Interface().(encoding.TextUnmarshaler).UnmarshalText(b) != nil || !back.Elem().IsZero()
}

func TestEveryDefaultDecodesFromNothing(t *testing.T) {
	for _, class := range append(config.Functions.Classes(), config.Models.Classes()...) {
		node, err := config.Parse("", []byte("{"+class.Stem+"_class: a.b."+class.Name+", "+class.Stem+"_parameters: {}}"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := config.Object(node)
		if err != nil && !onlyMissing(err) {
			t.Error(err)
		} else if d := cmp.Diff(class.Default, got, everyField); err == nil && d != "" {
			t.Errorf("%s: %s", class.Name, d)
		}
	}
}

// onlyMissing says whether all mistakes are parameters without which there is no object.
func onlyMissing(err error) bool {
	var all config.Errors
	if !errors.As(err, &all) {
		return false
	}
	for _, e := range all {
		if !strings.HasSuffix(e.Msg, " is missing") {
			return false
		}
	}
	return true
}

// fixture is a registry of types that have fields of every form.
type fixture struct{}

func (fixture) Classes() []config.Class {
	return []config.Class{
		{Name: "all", Path: "x.all", Stem: "thing", Kind: "thing", Default: everything{N: 4, Psi: rpnops.LoRR{R: 2}}},
		{Name: "bare", Path: "x.bare", Stem: "thing", Kind: "thing", Default: everything{}},
	}
}

func (f fixture) Lookup(name string) (config.Class, bool) {
	for _, c := range f.Classes() {
		if strings.HasSuffix(name, c.Name) {
			return c, true
		}
	}
	return config.Class{}, false
}

func TestEveryFormOfFieldComesBack(t *testing.T) {
	c := config.Codec{Registries: []config.Registry{fixture{}, config.Functions}}
	for want, v := range map[string]everything{
		"x.bare": {N: 3, Byte: 7, Rate: 1e-4, NoSelf: true, Flag: true, Text: "true", Dims: []int{1, 2}, Range: [2]float64{math.Inf(-1), 3},
			Rows: [][]float64{{1}, {2.5, math.NaN()}}, Scale: rpnops.Some(0.0), Side: rpnops.Instance, Kappa: rpnops.Taylor{D: 3},
			Psi: rpnops.IdentityReconciliation{}, Parts: []rpnops.Transformation{rpnops.Taylor{D: 1}}, Grid: shape{1, 2}, Maybe: &shape{3, 4},
			Any: []any{1, 2.5, "x", "7", true, map[string]any{"b": 1, "a": []any{}}}, ByName: map[string]rpnops.Process{"z": rpnops.Relu{}},
			Links: [][2]string{{"1", "2"}}, Hooks: rpnops.Hooks{Pre: []rpnops.Process{rpnops.Tanh{}}, Post: []rpnops.Process{}}},
		"x.all": {N: 3, Dims: []int{}, Grid: shape{H: 1}, Psi: rpnops.LoRR{R: 7}},
	} {
		back, text := through(t, c, v)
		if d := cmp.Diff(v, back, everyField); d != "" {
			t.Errorf("%s\n%s", d, text)
		}
		if !strings.Contains(text, "thing_class: "+want) {
			t.Errorf("want class %s:\n%s", want, text)
		}
	}
}

// TestAZeroWithANameOfItsOwnIsNotADefault: the mean is the zero metric, and several fusions differ in the metric alone.
func TestAZeroWithANameOfItsOwnIsNotADefault(t *testing.T) {
	for _, name := range []string{"mean_fusion", "max_fusion"} {
		e, _ := rpnops.Lookup(name)
		if _, text := through(t, config.Codec{}, e.Default); !strings.Contains(text, "."+name+"\n") {
			t.Errorf("%s is written as\n%s", name, text)
		}
	}
}

func TestWhatNoClassDescribesIsRefused(t *testing.T) {
	for _, v := range []any{shape{}, 3, rpnops.Hooks{}} {
		if _, err := config.Encode(v); err == nil || !strings.Contains(err.Error(), "no class") {
			t.Errorf("%T: %v", v, err)
		}
	}
}

// A parameter that follows another one is written as its value.
func TestDependentDefaultsAreWrittenOut(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"{function_class: duplicated_padding_reconciliation, function_parameters: {p: 3}}", "q: 3"},
		{"{function_class: duplicated_padding_reconciliation, function_parameters: {p: 3, q: 2}}", "q: 2"},
		{"{function_class: parameterized_concatenation_fusion, function_parameters: {dims: [5, 7]}}", "n: 5"},
		{"{function_class: parameterized_interdependence, function_parameters: {b: 3, m: 4}}", "b_prime: 3"},
		{"{function_class: parameterized_interdependence, function_parameters: {b: 3, m: 4}}", "m_prime: 4"},
		{"{function_class: parameterized_interdependence, function_parameters: {}}", "m_prime: null"},
		{"{function_class: cuboid_patch_based_geometric_interdependence, function_parameters: {h: 4, w: 6, channel_num: 2, p_h: 1, p_w: 1, p_d: 0, packing_strategy: densest_packing}}", "m: 48"},
		{"{function_class: cuboid_patch_based_geometric_interdependence, function_parameters: {h: 4, w: 6, p_h: 1, p_w: 1, p_d: 1, packing_strategy: sparse_square}}", "cd_w: 3"},
		{"{function_class: cuboid_patch_based_geometric_interdependence, function_parameters: {h: 4, w: 6, p_h: 1, p_w: 1, p_d: 0, cd_h: 2, cd_w: 1, cd_d: 1}}", "cd_h: 2"},
		{"{function_class: cuboid_patch_based_geometric_interdependence, function_parameters: {p_h: 1}}", "cd_h: null"},
		{"{head_class: grid_interdependence_head, head_parameters: {h: 6, w: 6, in_channel: 2, out_channel: 3, p_h: 1, p_w: 1, p_d: 0, packing_strategy: sparse_square}}", "cd_w: 3"},
		{"{head_class: grid_interdependence_head, head_parameters: {h: 6, w: 6, in_channel: 2, out_channel: 3}}", "cd_w: null"},
		{"{head_class: perceptron_head, head_parameters: {m: 3, n: 2, with_lorr: true, r: 2}}", "l: 10"},
		{"{head_class: perceptron_head, head_parameters: {m: 3, n: 2}}", "channel_num: 1"},
		{"{head_class: perceptron_head, head_parameters: {m: 3, n: 2, channel_num: 4}}", "channel_num: 4"},
		{"{head_class: rpn_head, head_parameters: {m: 3, n: 2, data_transformation_configs: {function_class: taylor_expansion, function_parameters: {d: 2}}}}", "l: null"},
		{"{head_class: rpn_head, head_parameters: {m: 3, n: 2, parameter_fabrication_configs: {function_class: identity_reconciliation}, data_transformation_configs: {function_class: taylor_expansion, function_parameters: {d: 2}}}}", "l: 24"},
	} {
		node, err := config.Parse("f.yaml", []byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		obj, err := config.Object(node)
		if err != nil {
			t.Fatal(err)
		}
		if _, text := through(t, config.Codec{}, obj); !strings.Contains(text, c.want+"\n") {
			t.Errorf("%s is written as\n%swant %s", c.text, text, c.want)
		}
	}
}
