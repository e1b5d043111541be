package models_test

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	"gopkg.in/yaml.v3"

	"rpnc/models"
	"rpnc/models/config"
	"rpnc/rpnops"
)

// node writes the case's class and arguments as a configuration.
func (c *golden) node() *yaml.Node {
	args := c.Args
	if len(c.Shared) > 0 {
		args = map[string]any{"shared_heads": true}
		for k, v := range c.Args {
			args[k] = v
		}
	}
	return object(c.Class, args)
}

// object is the configuration of a class with arguments.
func object(class string, args any) *yaml.Node {
	params := configuration(args)
	if params.Kind != yaml.MappingNode {
		params = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	}
	stem := stemOf(class)
	return mapping(stem+"_class", text(class), stem+"_parameters", params)
}

// stemOf is the word that the class's keys start with.
func stemOf(class string) string {
	if e, ok := models.Lookup(class); ok {
		return e.Kind
	}
	for _, r := range []config.Registry{config.Functions, config.Training} {
		if c, ok := r.Lookup(class); ok {
			return c.Stem
		}
	}
	return "function"
}

// configuration turns JSON, with its $object, $function and $tensor, into a configuration.
func configuration(x any) *yaml.Node {
	switch x := x.(type) {
	case map[string]any:
		return special(x)
	case []any:
		n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		for _, e := range x {
			n.Content = append(n.Content, configuration(e))
		}
		return n
	case string:
		return text(x)
	case json.Number:
		if strings.ContainsAny(x.String(), ".eE") {
			return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!float", Value: x.String()}
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: x.String()}
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: map[bool]string{true: "true", false: "false"}[x]}
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
}

func special(x map[string]any) *yaml.Node {
	if class, ok := x["$object"].(string); ok {
		return object(class, x["args"])
	}
	if name, ok := x["$function"].(string); ok {
		args, _ := x["args"].(map[string]any)
		if m, ok := metricText(name, args); ok {
			return text(m)
		}
		if len(args) > 0 {
			return object(name, args)
		}
		return text(name)
	}
	if t, ok := x["$tensor"].(map[string]any); ok {
		return nested(t["shape"].([]any), t["data"].([]any))
	}
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	keys := make([]string, 0, len(x))
	for k := range x {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		n.Content = append(n.Content, text(k), configuration(x[k]))
	}
	return n
}

// metricText is the text form of a metric with its arguments, the exponent p or weights; ok is false if it is none.
func metricText(name string, args map[string]any) (text string, ok bool) {
	text = name
	for _, key := range []string{"p", "weights"} {
		if a, given := args[key]; given {
			text = fmt.Sprintf("%s(%s)", name, flat(a))
		}
	}
	return text, new(rpnops.Metric).UnmarshalText([]byte(text)) == nil
}

// flat is a number, a list or a tensor as numbers between commas.
func flat(x any) string {
	if m, ok := x.(map[string]any); ok {
		x = m["$tensor"].(map[string]any)["data"]
	}
	list, ok := x.([]any)
	if !ok {
		return fmt.Sprint(x)
	}
	return strings.Join(strings.Fields(strings.Trim(fmt.Sprint(list), "[]")), ", ")
}

// nested writes a tensor as lists of lists.
func nested(shape, data []any) *yaml.Node {
	if len(shape) <= 1 {
		return configuration(data)
	}
	n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	rows, _ := shape[0].(json.Number).Int64()
	for i := range int(rows) {
		k := len(data) / int(rows)
		n.Content = append(n.Content, nested(shape[1:], data[i*k:(i+1)*k]))
	}
	return n
}

func text(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }

func mapping(pairs ...any) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for i := 0; i < len(pairs); i += 2 {
		n.Content = append(n.Content, text(pairs[i].(string)), pairs[i+1].(*yaml.Node))
	}
	return n
}

// missing finds a class or function that x names and that does not exist here.
func missing(x any) (name string, found bool) {
	switch x := x.(type) {
	case map[string]any:
		for k, v := range x {
			if s, ok := v.(string); ok && (k == "$object" || k == "$function" || strings.HasSuffix(k, "_class")) && !exists(s) {
				return s[strings.LastIndexByte(s, '.')+1:], true
			}
			if name, found = missing(v); found {
				return name, found
			}
		}
	case []any:
		for _, e := range x {
			if name, found = missing(e); found {
				return name, found
			}
		}
	}
	return "", false
}

// exists says whether a name means something: a class, a metric, or an object that is no class of its own.
func exists(name string) bool {
	last := name[strings.LastIndexByte(name, '.')+1:]
	if _, ok := models.Lookup(last); ok {
		return true
	}
	if _, ok := rpnops.Lookup(last); ok {
		return true
	}
	if _, ok := config.Training.Lookup(last); ok {
		return true
	}
	return last == "grid" || last == "chain" || last == "graph" || new(rpnops.Metric).UnmarshalText([]byte(last)) == nil
}

// argument is args[key] as text.
func (c *golden) argument(key string) string {
	switch v := c.Args[key].(type) {
	case string:
		return v
	case bool:
		return map[bool]string{true: "true", false: "false"}[v]
	}
	return ""
}

// packings are the strategies that exist.
var packings = map[string]bool{}

func init() {
	for _, s := range strings.Fields(`densest_packing sparse_square dense_square complete_square
		sparse_hexagonal dense_hexagonal denser_hexagonal complete_hexagonal
		sparse_simple_cubic dense_simple_cubic complete_simple_cubic
		sparse_face_centered_cubic dense_face_centered_cubic complete_face_centered_cubic`) {
		packings[s] = true
	}
}

// refused says whether the arguments are among those that the reference takes and this implementation must not: an
// unknown packing strategy, a linear remainder without parameters.
func (c *golden) refused() bool {
	for _, args := range []map[string]any{c.Args, c.CallArgs} {
		for _, key := range []string{"packing_strategy", "pooling_packing_strategy"} {
			if s, ok := args[key].(string); ok && !packings[s] {
				return true
			}
		}
	}
	return c.Class == "linear_remainder" && c.argument("require_parameters") == "false"
}

// decided is what this implementation wants in place of the reference's value: the Shannon wavelet is 1 at 0, where
// the reference divides 0 by 0, and has slope 0.
func (c *golden) decided(name string, want float64) float64 {
	if want == want || c.Class != "shannon_wavelet_expansion" {
		return want
	}
	if name == "y" {
		return 1
	}
	return 0
}
