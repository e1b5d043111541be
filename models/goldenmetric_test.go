package models_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"rpnc/graph"
	"rpnc/models/metric"
	"rpnc/ops"
	"rpnc/rpnops"
)

// runMetric runs a metric of predictions, or a helper function on tensors.
func (c *golden) runMetric() error {
	if c.Class != "function" {
		return c.runScore()
	}
	name, _ := c.CallArgs["function"].(string)
	f, err := c.helper(name)
	if err != nil {
		return err
	}
	if name == "batch_skewness" && c.int("dim") == 1 {
		if err := c.onlyDiagonal(); err != nil {
			return err
		}
	}
	return c.compare(func(s *rpnops.Scope, in map[string]*graph.Node) (built, error) {
		return c.squeezed(f(s, in)), nil
	})
}

// onlyDiagonal makes the case want the diagonal of y: the reference divides the third moment of every row by the
// deviation of every other one.
func (c *golden) onlyDiagonal() (err error) {
	want, _ := c.output("y")
	n := want.Shape[0]
	d := make([]float64, n)
	for i := range d {
		d[i] = float64(want.Data[i*n+i])
	}
	c.Cotangent, c.Grads = nil, nil
	c.Outputs["y"], err = json.Marshal(map[string]any{"shape": []int{n}, "data": d})
	return err
}

// squeezed drops axes of size 1 that the case has not.
func (c *golden) squeezed(y *graph.Node) built {
	want, _ := c.output("y")
	if y.Poisoned() {
		return built{y: y}
	}
	if size := graph.Sh(want.Shape...).Size(); size == y.Shape().Size() {
		y = ops.Reshape(y, want.Shape...)
	}
	return built{y: y}
}

// helper is the function called name.
func (c *golden) helper(name string) (func(*rpnops.Scope, map[string]*graph.Node) *graph.Node, error) {
	if strings.HasSuffix(name, "matrix_power") {
		op := ops.MatPow{H: c.int("n"), Accumulative: strings.HasPrefix(name, "accumulative")}
		return func(s *rpnops.Scope, in map[string]*graph.Node) *graph.Node { return s.G.Apply(op, in["mx"]) }, nil
	}
	if m, ok := c.metric(name); ok {
		return m, nil
	}
	if strings.Contains(name, "normalize_matrix") {
		return c.normalization(name)
	}
	return c.kernel(name)
}

// metric is the metric called name along the axis of the call; weights may be an input.
func (c *golden) metric(name string) (f func(*rpnops.Scope, map[string]*graph.Node) *graph.Node, ok bool) {
	axis := -1
	if d, ok := c.CallArgs["dim"].(json.Number); ok && d == "0" {
		axis = 0
	}
	if _, given := c.Inputs["weights"]; given && strings.HasSuffix(name, "weighted_mean") {
		return func(_ *rpnops.Scope, in map[string]*graph.Node) *graph.Node {
			return rpnops.WeightedMeanOf(in["x"], in["weights"], axis)
		}, true
	}
	text, ok := metricText(name, c.CallArgs)
	if !ok {
		return nil, false
	}
	var m rpnops.Metric
	ok = m.UnmarshalText([]byte(text)) == nil
	return func(_ *rpnops.Scope, in map[string]*graph.Node) *graph.Node { return m.Reduce(in["x"], axis) }, ok
}

// arguments are the arguments of the call other than those in not.
func (c *golden) arguments(not ...string) map[string]any {
	args := map[string]any{}
	for k, v := range c.CallArgs {
		args[k] = v
	}
	for _, k := range append(not, "function") {
		delete(args, k)
	}
	return args
}

func (c *golden) normalization(name string) (func(*rpnops.Scope, map[string]*graph.Node) *graph.Node, error) {
	if !exists(name) {
		return nil, unsupported(name)
	}
	var p rpnops.Process
	if err := codec.Decode(object(name, c.arguments()), &p); err != nil {
		return nil, err
	}
	return func(s *rpnops.Scope, in map[string]*graph.Node) *graph.Node { return p.Apply(s, in["mx"]) }, nil
}

// kernel compares the columns of x, its rows (dim 1), or two vectors.
func (c *golden) kernel(name string) (func(*rpnops.Scope, map[string]*graph.Node) *graph.Node, error) {
	if !exists(name) {
		return nil, unsupported(name)
	}
	var k rpnops.Kernel
	if err := codec.Decode(object(name, c.arguments("dim")), &k); err != nil {
		return nil, err
	}
	return func(s *rpnops.Scope, in map[string]*graph.Node) *graph.Node {
		x := in["x"]
		switch two := in["x2"]; {
		case two != nil:
			return rpnops.CompareVectors(s, k, x, two)
		case c.int("dim") == 1:
			x = ops.Transpose(x)
		}
		return rpnops.Compare(s, k, x)
	}, nil
}

// runScore runs accuracy, F1 or the mean squared error.
func (c *golden) runScore() error {
	truth, pred := c.numbers("y_true"), c.numbers("y_pred")
	var have float64
	var err error
	switch c.Class {
	case "accuracy":
		have, err = metric.Accuracy(labels(pred), labels(truth))
	case "mse":
		have, err = metric.MSE(c.numbers("y_score"), truth)
	case "f1":
		average, ok := averages[c.argument("average")]
		if !ok {
			return unsupported("f1 average " + c.argument("average"))
		}
		have, err = metric.F1(labels(pred), labels(truth), average)
	default:
		return unsupported(c.Class)
	}
	var want float64
	if err := errors.Join(err, json.Unmarshal(c.Outputs["value"], &want)); err != nil {
		return err
	}
	if !near(have, want, c.Tolerance.RTol, c.Tolerance.ATol) {
		return fmt.Errorf("value is %v, want %v", have, want)
	}
	return nil
}

var averages = map[string]metric.Average{"": metric.Binary, "binary": metric.Binary, "micro": metric.Micro, "macro": metric.Macro, "weighted": metric.Weighted}

// numbers are the numbers in an argument of the call, lists in lists flattened.
func (c *golden) numbers(key string) (out []float64) {
	var walk func(any)
	walk = func(x any) {
		switch x := x.(type) {
		case []any:
			for _, e := range x {
				walk(e)
			}
		case json.Number:
			f, _ := x.Float64()
			out = append(out, f)
		}
	}
	walk(c.CallArgs[key])
	return out
}

func labels(xs []float64) (out []int32) {
	for _, x := range xs {
		out = append(out, int32(x))
	}
	return out
}
