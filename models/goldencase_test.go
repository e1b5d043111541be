package models_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"rpnc/graph"
)

// golden is a case of the golden vectors; testdata/golden/README.md describes the fields.
type golden struct {
	family    string
	ID        string
	Class     string
	Args      map[string]any
	CallArgs  map[string]any `json:"call_args"`
	Mode      string
	Inputs    map[string]vector
	Params    map[string]vector
	Buffers   map[string]vector
	Consts    map[string]vector
	Outputs   map[string]json.RawMessage
	Cotangent *vector
	Grads     map[string]vector
	Unused    []string
	Shared    map[string]string
	DType     string
	Note      string
	Tolerance struct{ RTol, ATol float64 }
}

// vector is a tensor of the golden vectors.
type vector struct {
	Shape []int
	Data  []float
}

// float is a number or one of the texts NaN, Inf and -Inf.
type float float64

func (f *float) UnmarshalJSON(text []byte) error {
	switch s := strings.Trim(string(text), `"`); s {
	case "NaN":
		*f = float(math.NaN())
	case "Inf":
		*f = float(math.Inf(1))
	case "-Inf":
		*f = float(math.Inf(-1))
	case "true":
		*f = 1
	case "false":
		*f = 0
	default:
		var x float64
		if err := json.Unmarshal([]byte(s), &x); err != nil {
			return err
		}
		*f = float(x)
	}
	return nil
}

// loose says whether y is up to the implementation, its signs, order or values, so that only the shape counts.
func (c *golden) loose() bool {
	return strings.Contains(c.Note, "implementation-defined") || strings.Contains(c.Note, "compare only the shape")
}

func (c *golden) dtype() graph.DType {
	if c.DType == "float32" {
		return graph.F32
	}
	return graph.F64
}

// tensor is v as a tensor of type t, which must have as many elements.
func (v vector) tensor(t graph.Type) (*graph.Tensor, error) {
	if len(v.Data) != t.Shape.Size() {
		return nil, fmt.Errorf("given %v, wanted as %v", v.Shape, t)
	}
	x := graph.NewTensor(t)
	for i, f := range v.Data {
		if t.DType == graph.I32 {
			x.I[i] = int32(f)
		} else {
			x.F[i] = float64(f)
		}
	}
	return x, nil
}

// output reads outputs[name] as a tensor, if it is one.
func (c *golden) output(name string) (v vector, ok bool) {
	raw, ok := c.Outputs[name]
	if !ok || !strings.HasPrefix(strings.TrimSpace(string(raw)), "{") {
		return v, false
	}
	return v, json.Unmarshal(raw, &v) == nil && v.Shape != nil
}

// whole compares outputs[name], an integer or nested lists of integers, with got; names that the case has not are
// fine, and so is null.
func (c *golden) whole(name string, got any) error {
	raw, ok := c.Outputs[name]
	if !ok || string(raw) == "null" {
		return nil
	}
	have, err := json.Marshal(got)
	if err != nil {
		return err
	}
	strip := strings.NewReplacer(" ", "", "\n", "", ".0,", ",", ".0]", "]")
	if strip.Replace(string(raw)) != strip.Replace(string(have)) {
		return fmt.Errorf("%s is %.200s, want %.200s", name, have, raw)
	}
	return nil
}

// agree compares elementwise: |have − want| ≤ atol + rtol·|want|, NaN with NaN.
func (c *golden) agree(name string, have *graph.Tensor, want vector, shapes bool) error {
	if shapes && !slices.Equal(have.Type.Shape.Dims(), want.Shape) {
		return fmt.Errorf("%s is %v, want %v", name, have.Type.Shape, want.Shape)
	}
	if have.Type.Shape.Size() != len(want.Data) {
		return fmt.Errorf("%s has %d elements, want %d", name, have.Type.Shape.Size(), len(want.Data))
	}
	rtol, atol := c.tolerance(want)
	for i, w := range want.Data {
		x := 0.0
		if have.I != nil {
			x = float64(have.I[i])
		} else {
			x = have.F[i]
		}
		if !near(x, c.decided(name, float64(w)), rtol, atol) {
			return fmt.Errorf("%s[%d] is %.12g, want %.12g", name, i, x, float64(w))
		}
	}
	return nil
}

func near(x, want, rtol, atol float64) bool {
	return x == want || math.IsNaN(x) && math.IsNaN(want) || math.Abs(x-want) <= atol+rtol*math.Abs(want) && !math.IsInf(want, 0)
}

// tolerance is the case's own, or that of f32 arithmetic: relative to the largest magnitude.
func (c *golden) tolerance(want vector) (rtol, atol float64) {
	if c.dtype() == graph.F64 {
		return c.Tolerance.RTol, c.Tolerance.ATol
	}
	largest := 0.0
	for _, w := range want.Data {
		if x := math.Abs(float64(w)); x > largest && !math.IsInf(x, 0) {
			largest = x
		}
	}
	return max(1e-4, c.Tolerance.RTol), max(1e-5*largest, c.Tolerance.ATol)
}
