package config_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rpnc/models/config"
	"rpnc/rpnops"
)

// shape stands for a struct that is an object without being a function.
type shape struct {
	H int `yaml:"h" rpn:"min=1,required"`
	W int `yaml:"w"`
}

// everything has a field of every form that the decoder knows.
type everything struct {
	N            int                       `yaml:"n" rpn:"min=1"`
	Byte         uint8                     `yaml:"byte"`
	Rate         float64                   `yaml:"rate"`
	NoSelf       bool                      `yaml:"self_dependence,not"`
	Flag         bool                      `yaml:"flag"`
	Text         string                    `yaml:"text"`
	Dims         []int                     `yaml:"dims" rpn:"min=1"`
	Range        [2]float64                `yaml:"range"`
	Rows         [][]float64               `yaml:"rows"`
	Scale        rpnops.Opt[float64]       `yaml:"scale"`
	Side         rpnops.Side               `yaml:"interdependence_type"`
	Kappa        rpnops.Transformation     `yaml:"data_transformation"`
	Psi          rpnops.Reconciliation     `yaml:"parameter_fabrication,inline"`
	Parts        []rpnops.Transformation   `yaml:"composition_functions"`
	Grid         shape                     `yaml:"grid"`
	Maybe        *shape                    `yaml:"maybe"`
	Any          any                       `yaml:"any"`
	ByName       map[string]rpnops.Process `yaml:"by_name"`
	Links        [][2]string               `yaml:"links"`
	Nothing      int                       `yaml:"-"`
	rpnops.Hooks `yaml:",inline"`
}

// decode decodes text into an everything with presets.
func decode(t *testing.T, text string) (everything, error) {
	t.Helper()
	node, err := config.Parse("net.yaml", []byte(text))
	if err != nil {
		return everything{}, err
	}
	c := config.Codec{File: "net.yaml"}
	x := everything{Psi: rpnops.LoRR{R: 2}}
	return x, c.Decode(node, &x)
}

func TestValuesReachTheirFields(t *testing.T) {
	for text, want := range map[string]everything{
		"{}":                                   {},
		"n: 3":                                 {N: 3},
		"n: 3.0":                               {N: 3},
		"n: 0x10":                              {N: 16},
		`{"n": 3, "rate": 1e-4}`:               {N: 3, Rate: 1e-4},
		`rate: "1e-4"`:                         {Rate: 1e-4},
		"rate: 2":                              {Rate: 2},
		"flag: yes":                            {Flag: true},
		"self_dependence: false":               {NoSelf: true},
		"self_dependence: true":                {},
		"text: 7":                              {Text: "7"},
		"dims: [1, 2]":                         {Dims: []int{1, 2}},
		"dims: 3":                              {Dims: []int{3}},
		"range: [-2, 2]":                       {Range: [2]float64{-2, 2}},
		"rows: [[1, 2], [3]]":                  {Rows: [][]float64{{1, 2}, {3}}},
		"scale: 0":                             {Scale: rpnops.Some(0.0)},
		"scale: null":                          {},
		"interdependence_type: left":           {Side: rpnops.Instance},
		"name: x\ndevice: cpu":                 {},
		"data_transformation: null":            {},
		"links: [[a, b], [1, 2]]":              {Links: [][2]string{{"a", "b"}, {"1", "2"}}},
		"any: [1, 2.5, x, true, {a: 1}, 0o17]": {Any: []any{1, 2.5, "x", true, map[string]any{"a": 1}, 15}},
		"grid: {h: 2, w: 3}":                   {Grid: shape{2, 3}},
		"grid_configs: {grid_class: a.b.shape, grid_parameters: {h: 2}}": {Grid: shape{H: 2}},
		"maybe: {h: 1}":                        {Maybe: &shape{H: 1}},
		"by_name: {a: relu, b: torch.nn.Tanh}": {ByName: map[string]rpnops.Process{"a": rpnops.Relu{}, "b": rpnops.Tanh{}}},
		"preprocess_functions: [relu, {function_class: torch.nn.Tanh}]":                                                     {Hooks: rpnops.Hooks{Pre: []rpnops.Process{rpnops.Relu{}, rpnops.Tanh{}}}},
		"postprocess_function_configs: {function_class: torch.nn.SiLU, function_parameters: null}":                          {Hooks: rpnops.Hooks{Post: []rpnops.Process{rpnops.Silu{}}}},
		"composition_function_configs: [{function_class: tinybig.expansion.taylor_expansion, function_parameters: {d: 3}}]": {Parts: []rpnops.Transformation{rpnops.Taylor{D: 3}}},
		"data_transformation: taylor_expansion":                                                                             {Kappa: rpnops.Taylor{D: 2}},
		"data_transformation: null\ndata_transformation_configs: {function_class: taylor_expansion}":                        {Kappa: rpnops.Taylor{D: 2}},
		"data_transformation_configs: {function_class: taylor_expansion}\ndata_transformation: null":                        {Kappa: rpnops.Taylor{D: 2}},
		"r: 5": {Psi: rpnops.LoRR{R: 5}},
		"r: 5\nparameter_fabrication: {function_class: lorr_reconciliation, function_parameters: {enable_bias: true}}": {Psi: rpnops.LoRR{R: 5, BiasOption: rpnops.BiasOption{EnableBias: true}}},
		"maybe: &g {h: 4, w: 1}\ngrid: *g":                             {Maybe: &shape{4, 1}, Grid: shape{4, 1}},
		"maybe: &g {h: 4, w: 1}\ngrid: {<<: *g, w: 9}":                 {Maybe: &shape{4, 1}, Grid: shape{4, 9}},
		"preprocess_functions: layer_norm":                             {Hooks: rpnops.Hooks{Pre: []rpnops.Process{rpnops.LayerNorm{Eps: 1e-5}}}},
		"preprocess_functions: [{function_class: torch.nn.LayerNorm}]": {Hooks: rpnops.Hooks{Pre: []rpnops.Process{rpnops.LayerNorm{Eps: 1e-5}}}},
		"preprocess_functions: {function_class: torch.nn.LayerNorm}":   {Hooks: rpnops.Hooks{Pre: []rpnops.Process{rpnops.LayerNorm{Eps: 1e-5, Trainable: true}}}},
	} {
		got, err := decode(t, text)
		if err != nil {
			t.Errorf("%s\n%v", text, err)
			continue
		}
		if want.Psi == nil {
			want.Psi = rpnops.LoRR{R: 2}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s\n%s", text, d)
		}
	}
}

func TestMistakesAreExplained(t *testing.T) {
	for text, want := range map[string]string{
		"n: 1\nnn: 2":                        `net.yaml:2: everything: unknown parameter "nn"; did you mean "n"?`,
		"zzzzzzz: 2":                         `net.yaml:1: everything: unknown parameter "zzzzzzz"; there are any, by_name, byte`,
		"preprocess_functions: [relu, null]": "preprocess_functions[1]: want a process, have null",
		"n: 2.5":                             "net.yaml:1: everything: n: want a whole number, have the number 2.5",
		"n: [1]":                             "n: want a whole number, have a list of 1",
		"n: ten":                             `n: want a whole number, have the text "ten"`,
		"n: 0":                               "n: 0 is too small; want 1 or more",
		"n: 1e300":                           "n: want a whole number, have the number 1e300",
		"byte: 256":                          "byte: want a whole number from 0, have the number 256",
		"byte: -1":                           "byte: want a whole number from 0, have the number -1",
		"dims: [2, 0]":                       "dims: 0 is too small",
		"dims: [2, x]":                       `dims[1]: want a whole number, have the text "x"`,
		"range: [1]":                         "range: want a list of 2, have a list of 1",
		"rows: 1":                            "rows: want a list of lists, have the number 1",
		"rate: fast":                         `rate: want a number, have the text "fast"`,
		"rate: true":                         "rate: want a number, have true",
		"flag: 1":                            "flag: want true or false, have the number 1",
		`flag: "true"`:                       `flag: want true or false, have the text "true"`,
		"text: {a: 1}":                       "text: want text, have a mapping",
		"n: 1\n\nn: 2":                       `net.yaml:3: everything: "n" is given twice, first on line 1`,
		"grid: {w: 1}":                       `grid: parameter "h" is missing`,
		"grid: 3":                            "grid: want a mapping with h, w, have the number 3",
		"grid: {grid_class: sphere, grid_parameters: {h: 1}}":                               `grid: want a shape, have the text "sphere"`,
		"interdependence_type: up":                                                          `"up" is unknown`,
		"interdependence_type: [up]":                                                        "want a name, have a list of 1",
		"by_name: [1]":                                                                      "by_name: want a mapping, have a list of 1",
		"data_transformation: tailor_expansion":                                             `there is no function "tailor_expansion"; did you mean "taylor_expansion"?`,
		"data_transformation: lorr_reconciliation":                                          "data_transformation: want a transformation; lorr_reconciliation is a reconciliation",
		"data_transformation: [taylor_expansion]":                                           "want a transformation, have a list of 1",
		"data_transformation: {d: 2}":                                                       "want a transformation as a mapping with function_class",
		"data_transformation: 3":                                                            "want the name of a class, have the number 3",
		"data_transformation: {head_class: taylor_expansion}":                               "head_class names taylor_expansion, which is a function; want function_class",
		"data_transformation: {function_class: taylor_expansion, d: 2}":                     `taylor_expansion: unexpected "d" beside function_class`,
		"data_transformation: {function_class: taylor_expansion, function_parameters: [1]}": "taylor_expansion: want a mapping with the parameters, have a list of 1",
		"data_transformation:\n  function_class: taylor_expansion\n  function_parameters:\n    dd: 2": `net.yaml:4: taylor_expansion: unknown parameter "dd"; did you mean "d"?`,
		"data_transformation: taylor_expansion\ndata_transformation_configs: taylor_expansion":        `"data_transformation" and "data_transformation_configs" give the same parameter`,
		"preprocess_functions: {function_class: relu, function_parameters: {x: 1}}":                   `relu: unknown parameter "x"`,
		"r: 0":          "r: 0 is too small; want 1 or more",
		"rr: 1":         `unknown parameter "rr"; did you mean "r"?`,
		"- 1":           "want a mapping with n, byte, rate, self_dependence, have a list of 1",
		"? [1]\n: 2":    "want the name of a parameter, have a list of 1",
		"grid: {<<: 3}": "want a mapping to merge, have the number 3",
		"n: [":          "net.yaml: ",
		"":              "net.yaml: the document is empty",
	} {
		_, err := decode(t, text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q\nhave %v\nwant %s", text, err, want)
		}
	}
}

func TestAllMistakesAreListedByLine(t *testing.T) {
	_, err := decode(t, "zz: 1\nn: 0\ngrid: {w: x}\nrate: no")
	var all config.Errors
	if !errors.As(err, &all) {
		t.Fatalf("%T: %v", err, err)
	}
	var lines []int
	for _, e := range all {
		lines = append(lines, e.Line)
	}
	if d := cmp.Diff([]int{1, 2, 3, 3, 4}, lines); d != "" {
		t.Errorf("%v\n%s", err, d)
	}
}

// TestDefaultsAreNotChanged decodes over presets and looks at the registry's own values afterwards.
func TestDefaultsAreNotChanged(t *testing.T) {
	if _, err := decode(t, "data_transformation: {function_class: taylor_expansion, function_parameters: {d: 7, preprocess_functions: relu}}"); err != nil {
		t.Fatal(err)
	}
	e, _ := rpnops.Lookup("taylor_expansion")
	if d := cmp.Diff(rpnops.Taylor{D: 2}, e.Default); d != "" {
		t.Error(d)
	}
}

func TestHostileDocumentsEndSoon(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString("x0: &x0 [a, a, a, a, a, a, a, a, a, a]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&bomb, "x%d: &x%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*x%d, ", i-1), 10), ", "))
	}
	for text, want := range map[string]string{
		bomb.String() + "any: *x11":                                   " values when aliases are written out",
		"any: " + strings.Repeat("[", 500) + strings.Repeat("]", 500): "nested deeper than 100 levels",
		"any: &a [*a]":      "",
		"grid: &g {<<: *g}": "",
	} {
		if _, err := decode(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s…: have %v, want %s", text, err, want)
		}
	}
}

func TestNullIsNoObject(t *testing.T) {
	for _, text := range []string{"null", "~", "# nothing"} {
		node, err := config.Parse("", []byte(text))
		if err == nil {
			_, err = config.Object(node)
		}
		if err == nil {
			t.Errorf("%q: want an error", text)
		}
	}
}

func TestOnlyPointersAreFilled(t *testing.T) {
	node, err := config.Parse("", []byte("d: 2"))
	if err != nil {
		t.Fatal(err)
	}
	if err := config.Decode(node, rpnops.Taylor{}); err == nil || !strings.Contains(err.Error(), "no pointer") {
		t.Error(err)
	}
}
