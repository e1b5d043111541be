package config

import (
	"fmt"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"
)

// How a mapping fills a struct. The tags of a struct type are read once into a table: key, path of the
// field, bounds. A key of the mapping is then a lookup, whatever embedding the Go type has. The tags
// are
//
//	yaml:"key"            a parameter
//	yaml:"key,not"        a parameter that is the opposite of the field
//	yaml:",inline"        an embedded struct, whose parameters are the struct's own; or an object that takes the keys
//	                      which the struct does not know
//	rpn:"min=1,required"  a bound, also of every number of a list; an error where it is missing
//
// Fields that hold objects have several names, since the reference writes heads as heads, head_configs
// or heads_configs. Every mistake is noted with its line and decoding goes on, so that a user sees all
// of them at once.

// field is a parameter of a config struct.
type field struct {
	key      string
	index    []int // path through embedded structs
	rest     bool  // an interface that takes the keys nobody knows
	not      bool  // the parameter is the opposite of the field
	required bool
	min      *float64
}

// table lists the parameters of a struct type.
//
// fields are in the order of the Go type, which is also the order in which they are decoded and
// written.
type table struct {
	fields []field
	byKey  map[string]int // every name, with those of configurations
}

var tables sync.Map // reflect.Type → *table

// tableOf reads the tags of t once.
//
// Types are finite and tables are never dropped; two goroutines may build one twice, to the same
// effect.
func tableOf(t reflect.Type) *table {
	if x, ok := tables.Load(t); ok {
		return x.(*table)
	}
	tab := &table{byKey: map[string]int{}}
	tab.add(t, nil)
	for i, f := range tab.fields {
		tab.byKey[f.key] = i
	}
	for i, f := range tab.fields { // after all keys: a name of its own wins
		if holdsObjects(t.FieldByIndex(f.index).Type) {
			for _, alias := range configKeys(f.key) {
				if _, taken := tab.byKey[alias]; !taken {
					tab.byKey[alias] = i
				}
			}
		}
	}
	tables.Store(t, tab)
	return tab
}

// add appends the fields of t, those of embedded structs at their place. Fields without a tag are no parameters.
//
// Paths are copied for each field: append to a shared prefix would overwrite that of a sibling.
func (tab *table) add(t reflect.Type, prefix []int) {
	for i := range t.NumField() {
		f := t.Field(i)
		key, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		index := append(append([]int(nil), prefix...), i)
		switch {
		case key == "-" || !f.IsExported() && !f.Anonymous:
		case options == "inline" && f.Type.Kind() == reflect.Struct:
			tab.add(f.Type, index)
		case key != "":
			x := field{key: key, index: index, not: options == "not", rest: options == "inline"}
			x.bounds(f.Tag.Get("rpn"))
			tab.fields = append(tab.fields, x)
		}
	}
}

// bounds reads the tag rpn:"min=1,required".
func (f *field) bounds(tag string) {
	for rule := range strings.SplitSeq(tag, ",") {
		if rule == "required" {
			f.required = true
		} else if text, ok := strings.CutPrefix(rule, "min="); ok {
			if x, err := strconv.ParseFloat(text, 64); err == nil {
				f.min = &x
			}
		}
	}
}

// configKeys are the names under which a configuration gives the objects of a parameter: head_configs of heads.
func configKeys(key string) []string {
	keys := []string{key + "_configs", key + "_config"}
	if one := singular(key); one != key {
		keys = append(keys, one+"_configs", one+"_config")
	}
	return keys
}

// singular drops the s of a plural: heads, but not loss.
func singular(key string) string {
	if strings.HasSuffix(key, "ss") {
		return key
	}
	return strings.TrimSuffix(key, "s")
}

// holdsObjects says whether values of t are objects or lists of them.
func holdsObjects(t reflect.Type) bool {
	for t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct && !isOpt(t) || t.Kind() == reflect.Interface && t.NumMethod() > 0
}

// pair is an entry of a mapping.
//
// at is the node of the key, which has the line for messages.
type pair struct {
	key   string
	at    *yaml.Node
	value *yaml.Node
}

// pairs lists the entries of a mapping. Merge keys (<<) give what the mapping itself does not name; of several, the
// first wins. Two equal keys are a mistake: the later would silently replace the earlier.
//
// Keys are looked at through aliases too, and each is charged to the budget like any node; where the
// budget is spent there are no entries, and the error is already noted.
func (d *decoder) pairs(n *yaml.Node) []pair {
	var out, merged []pair
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		at := n.Content[i]
		k := d.enter(at)
		switch {
		case k == nil:
			return nil
		case k.Kind != yaml.ScalarNode:
			d.fail(at, "want the name of a parameter, have %s", found(k))
		case k.ShortTag() == "!!merge":
			merged = append(merged, d.merge(n.Content[i+1])...)
		case seen[k.Value] > 0:
			d.fail(at, "%q is given twice, first on line %d", k.Value, seen[k.Value])
		default:
			seen[k.Value] = max(1, at.Line)
			out = append(out, pair{k.Value, at, n.Content[i+1]})
		}
	}
	for _, p := range merged {
		if seen[p.key] == 0 {
			seen[p.key] = 1
			out = append(out, p)
		}
	}
	return out
}

// merge lists the entries of the mapping, or list of mappings, behind a merge key.
//
// Depth is counted here as well, as a merge may lead to itself through an alias.
func (d *decoder) merge(n *yaml.Node) (out []pair) {
	d.depth++
	defer func() { d.depth-- }()
	if n = d.enter(n); n == nil {
		return nil
	}
	switch n.Kind {
	case yaml.MappingNode:
		return d.pairs(n)
	case yaml.SequenceNode:
		for _, x := range n.Content {
			out = append(out, d.merge(x)...)
		}
	default:
		d.fail(n, "want a mapping to merge, have %s", found(n))
	}
	return out
}

// mapping decodes n into the struct v: its parameters, or a class of that name with parameters, unless the struct has
// a parameter that looks like one.
//
// A struct whose own parameters include one that ends in _class would be mistaken for the form of a
// class: then the parameters decide.
func (d *decoder) mapping(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.MappingNode {
		d.fail(n, "want a mapping with %s, have %s", wantKeys(v.Type()), found(n))
		return
	}
	ps := d.pairs(n)
	if form, ok := classForm(ps); ok && !tableOf(v.Type()).knows(ps) {
		d.named(form, v)
		return
	}
	d.fill(n, ps, v)
}

// knows says whether one of the keys is a parameter.
func (tab *table) knows(ps []pair) bool {
	for _, p := range ps {
		if _, ok := tab.byKey[p.key]; ok {
			return true
		}
	}
	return false
}

// wantKeys names the first parameters, to remind of the rest.
func wantKeys(t reflect.Type) string {
	keys := tableOf(t).keys()
	if len(keys) == 0 {
		return "no parameters"
	}
	return strings.Join(keys[:min(4, len(keys))], ", ")
}

// keys lists the parameters in the order of the fields, without the other names of configurations.
func (tab *table) keys() (out []string) {
	for _, f := range tab.fields {
		out = append(out, f.key)
	}
	return out
}

// fill decodes parameters into the struct v, in the order of its fields: a parameter that is an object must be there
// before the keys that go to it. Where one parameter is given under two names, null under one of them is no conflict,
// since the reference writes both.
func (d *decoder) fill(n *yaml.Node, ps []pair, v reflect.Value) {
	tab := tableOf(v.Type())
	given := map[int]pair{}
	var rest []pair
	for _, p := range ps {
		i, ok := tab.byKey[p.key]
		switch first, twice := given[i]; {
		case !ok:
			rest = append(rest, p)
		case twice && isNull(first.value):
			given[i] = p
		case twice && isNull(p.value):
		case twice:
			d.fail(p.at, "%q and %q give the same parameter; want one of them", first.key, p.key)
		default:
			given[i] = p
		}
	}
	for i, f := range tab.fields {
		if p, ok := given[i]; ok {
			d.in(f.key, func() { d.parameter(f, p, v.FieldByIndex(f.index)) })
		} else if f.required {
			d.fail(n, "parameter %q is missing", f.key)
		}
	}
	d.others(rest, tab, v)
}

// parameter decodes one parameter and checks its bounds.
//
// Bounds are those of what the file says: null leaves the default, which may stand for something else
// than its number, and is not held against them.
func (d *decoder) parameter(f field, p pair, v reflect.Value) {
	mistakes := len(d.errs)
	d.value(p.value, v)
	if len(d.errs) > mistakes || isNull(p.value) {
		return
	}
	if f.not {
		v.SetBool(!v.Bool())
	}
	if f.min != nil {
		d.atLeast(p.value, v, *f.min)
	}
}

// atLeast checks the number v, or every number of the list v.
//
// NaN fails every bound, hence the negation.
func (d *decoder) atLeast(n *yaml.Node, v reflect.Value, least float64) {
	x := least
	switch {
	case isOpt(v.Type()):
		d.atLeast(n, v.Field(1), least)
	case v.CanInt():
		x = float64(v.Int())
	case v.CanFloat():
		x = v.Float()
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			d.atLeast(n, v.Index(i), least)
		}
	}
	if !(x >= least) {
		d.fail(n, "%v is too small; want %v or more", x, least)
	}
}

// others decodes the parameters that the struct does not name: they belong to its inline object, or are mistakes.
//
// The object behind an inline field is copied before it is changed: it may be the default's, which all
// share.
func (d *decoder) others(rest []pair, tab *table, v reflect.Value) {
	keys := tab.keys()
	var inner reflect.Value
	var known *table
	for _, f := range tab.fields {
		if x := v.FieldByIndex(f.index); f.rest && x.Kind() == reflect.Interface && !x.IsNil() && x.Elem().Kind() == reflect.Struct {
			inner = reflect.New(x.Elem().Type()).Elem()
			inner.Set(x.Elem())
			known = tableOf(inner.Type())
			keys = append(keys, known.keys()...)
			defer func() { x.Set(inner) }()
			break
		}
	}
	for _, p := range rest {
		if known != nil && known.knows([]pair{p}) {
			f := known.fields[known.byKey[p.key]]
			d.in(f.key, func() { d.parameter(f, p, inner.FieldByIndex(f.index)) })
		} else if p.key != "name" && p.key != "device" { // every class of the reference takes those; nothing depends on them
			d.unknown(p, keys)
		}
	}
}

// unknown notes a parameter that is none. The hint is not looked for where nobody would read it: that takes longer than
// all the rest of a document of wrong names.
func (d *decoder) unknown(p pair, keys []string) {
	if len(d.errs) < maxErrors {
		d.fail(p.at, "unknown parameter %q%s", p.key, parameterHint(p.key, keys))
	}
}

// parameterHint names the nearest parameter, or all of them where none is near.
func parameterHint(key string, keys []string) string {
	if now := obsolete[key]; now != "" {
		return " of an older schema; it is " + now + " now"
	}
	if hint := didYouMean(key, keys); hint != "" || len(keys) == 0 {
		return hint
	}
	keys = append([]string(nil), keys...)
	sort.Strings(keys)
	if more := len(keys) - 12; more > 0 {
		keys = append(keys[:12], fmt.Sprintf("and %d more", more))
	}
	return "; there are " + strings.Join(keys, ", ")
}

// obsolete are keys that older descriptions of the schema show, and what has taken their place.
//
// A hint is worth more here than the nearest name would be, as most of what has taken their place
// is spelt quite differently.
var obsolete = map[string]string{
	"data_transformation_class":        "data_transformation_configs: {function_class: …}",
	"data_transformation_parameters":   "data_transformation_configs: {function_parameters: …}",
	"expansion_function_configs":       "data_transformation_configs: {function_class: …}",
	"parameter_fabrication_class":      "parameter_fabrication_configs: {function_class: …}",
	"parameter_fabrication_parameters": "parameter_fabrication_configs: {function_parameters: …}",
	"reconciliation_function_configs":  "parameter_fabrication_configs: {function_class: …}",
	"remainder_class":                  "remainder_configs: {function_class: …}",
	"remainder_parameters":             "remainder_configs: {function_parameters: …}",
	"remainder_function_configs":       "remainder_configs: {function_class: …}",
	"fusion_strategy":                  "head_fusion_configs of a layer, channel_fusion_configs of a head",
	"input_processing_configs":         "input_process_function_configs",
	"output_processing_configs":        "output_process_function_configs",
	"batch":                            "batch_num",
	"result_configs":                   "output_configs: {output_class: …}",
}
