package config

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"sort"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// How an object finds its way back into text. Decoding takes a class's default and changes what the
// mapping names; encoding has to find a class from which the object could have come. Several classes
// may share a Go type (presets), so all whose default has the type are tried, and the one with the
// fewest differing parameters is taken, by name where equal; fields that no parameter can change must
// be equal. Then every parameter is written, whether it differs or not, so that a file does not change
// its meaning with a default of a later version.
//
// Round trip: for every v of a class, decoding Encode(v) gives v, but for zeros that stand for a
// default, which become that default.

// Encode is [Codec.Encode] with all classes of the program.
func Encode(v any) (*yaml.Node, error) { return new(Codec).Encode(v) }

// Encode writes an object of a class: the class and all its parameters, those too that have their default, so that
// decoding gives v again. A field that holds zero where zero stands for a default is written as that default. Objects
// in v stand under the names that end in _configs, as in the reference; those that v has not are left out.
//
// Several classes may share a type. The class taken is one whose default needs the fewest parameters changed.
//
// Errors: v, or an object in it, is of no class.
func (c *Codec) Encode(v any) (*yaml.Node, error) {
	class, ok := c.classFor(v)
	if !ok {
		return nil, fmt.Errorf("config.Encode: %T is the type of no class", v)
	}
	params := &yaml.Node{Kind: yaml.MappingNode}
	if reflect.TypeOf(v).Kind() == reflect.Struct {
		if err := c.writeFields(params, reflect.ValueOf(v), reflect.ValueOf(class.Default), nil); err != nil {
			return nil, fmt.Errorf("%w (in %s)", err, class.Name)
		}
		derive(class.Name, class.Kind, v, params)
	}
	node := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	put(node, class.Stem+"_class", text(class.Path))
	put(node, class.Stem+"_parameters", params)
	return node, nil
}

// classFor finds the class of v: the type must be that of the default, what no parameter can say must be equal, and
// of those that qualify it is the one with the fewest differences, by name.
//
// Classes are tried in the order of the registries, each of which has a fixed order of its own,
// and a later one has to be strictly better, so equal values always get the same class.
func (c *Codec) classFor(v any) (best Class, ok bool) {
	least := math.MaxInt
	for _, class := range c.classes() {
		if reflect.TypeOf(class.Default) != reflect.TypeOf(v) {
			continue
		}
		if n, fits := distance(reflect.ValueOf(v), reflect.ValueOf(class.Default)); fits && n < least {
			best, least, ok = class, n, true
		}
	}
	return best, ok
}

// distance counts the parameters in which v differs from the default; fits is false where v cannot come from it.
//
// left is v with every parameter set to the default's: what still differs then is beyond parameters.
func distance(v, def reflect.Value) (n int, fits bool) {
	if v.Kind() != reflect.Struct {
		return 0, reflect.DeepEqual(v.Interface(), def.Interface())
	}
	rest := def.Interface()
	left := reflect.New(v.Type()).Elem()
	left.Set(v)
	for _, f := range tableOf(v.Type()).fields {
		x, y := v.FieldByIndex(f.index), def.FieldByIndex(f.index)
		switch {
		case f.inner(x, y):
			k, _ := distance(x.Elem(), y.Elem())
			n += k
		case f.rest && !x.IsNil() && y.IsNil():
			n += 100 // possible, but a class with such an object says it better
		case f.rest && !y.IsNil():
			n += 200 // and one with none does, too
		case !reflect.DeepEqual(filled(x, y).Interface(), y.Interface()):
			n++
		}
		left.FieldByIndex(f.index).Set(y)
	}
	return n, reflect.DeepEqual(left.Interface(), rest)
}

// inner says whether the parameters of the object in field x stand beside those of the struct.
func (f field) inner(x, def reflect.Value) bool {
	return f.rest && !x.IsNil() && !def.IsNil() && x.Elem().Type() == def.Elem().Type() && x.Elem().Kind() == reflect.Struct
}

// filled is v, or the default where v is zero and zero is not a value of its own.
//
// Kinds with a zero of their own (false, an empty list, none) are never taken for "not given".
func filled(v, def reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Bool, reflect.Interface, reflect.Slice, reflect.Pointer, reflect.Map:
		return v
	}
	if !v.IsZero() || isOpt(v.Type()) {
		return v
	}
	if _, ok := zeroText(v); ok {
		return v
	}
	return def
}

// zeroText is the text form of a zero that its own UnmarshalText reads as zero: a name, not a default.
func zeroText(v reflect.Value) (name string, ok bool) {
	m, ok := v.Interface().(encoding.TextMarshaler)
	if !ok {
		return "", false
	}
	b, err := m.MarshalText()
	back := reflect.New(v.Type())
	u, ok := back.Interface().(encoding.TextUnmarshaler)
	return string(b), err == nil && ok && u.UnmarshalText(b) == nil && back.Elem().IsZero()
}

// writeFields appends the parameters of the struct v to node. Where they stand beside those of another struct, around is
// its table, and its names come first.
//
// Keys come in the order of fields, those of an inline object at its place.
func (c *Codec) writeFields(node *yaml.Node, v, def reflect.Value, around *table) error {
	own := tableOf(v.Type())
	for _, f := range own.fields {
		x, y := v.FieldByIndex(f.index), def.FieldByIndex(f.index)
		if f.inner(x, y) {
			if err := c.writeFields(node, x.Elem(), y.Elem(), own); err != nil {
				return err
			}
			continue
		}
		if err := c.writeField(node, f, filled(x, y), y, around); err != nil {
			return err
		}
	}
	return nil
}

// writeField appends one parameter. Objects go under the name of their configurations; null stands for a zero that
// decoding would refuse as too small.
func (c *Codec) writeField(node *yaml.Node, f field, x, def reflect.Value, around *table) error {
	key := f.key
	if holdsRoles(x.Type()) {
		if isNil(x) && isNil(def) {
			return nil
		}
		key = configsOf(key, around)
	}
	if f.not {
		x = reflect.ValueOf(!x.Bool())
	}
	n, err := c.write(x)
	if err != nil {
		return fmt.Errorf("%w: %s", err, f.key) // the path grows from the inside
	}
	if f.min != nil && x.IsZero() && *f.min > 0 {
		n = null() // zero stands for the default, which the class leaves open
	}
	put(node, key, n)
	return nil
}

// configsOf is the name of the configurations of a parameter: head_configs of heads, unless that means another one.
func configsOf(key string, around *table) string {
	one := singular(key) + "_configs"
	if around != nil {
		if _, taken := around.byKey[one]; taken {
			return key + "_configs"
		}
	}
	return one
}

// holdsRoles says whether values of t are objects of classes, or lists of them.
func holdsRoles(t reflect.Type) bool {
	if t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	return t.Kind() == reflect.Interface && t.NumMethod() > 0
}

// isNil says whether there is no object.
func isNil(v reflect.Value) bool {
	return (v.Kind() == reflect.Interface || v.Kind() == reflect.Slice) && v.IsNil()
}

// write encodes one value: the mirror image of the decoder's value.
//
// Cases stand in the order of the decoder's, as the two must agree on which form a type has.
func (c *Codec) write(v reflect.Value) (*yaml.Node, error) {
	if isOpt(v.Type()) {
		if !v.Field(0).Bool() {
			return null(), nil
		}
		return c.write(v.Field(1))
	}
	if m, ok := v.Interface().(encoding.TextMarshaler); ok && v.Kind() != reflect.Interface && v.Kind() != reflect.Pointer {
		return writeText(m, v)
	}
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		return c.writeObject(v)
	case reflect.Slice, reflect.Array:
		return c.writeList(v)
	case reflect.Struct:
		node := &yaml.Node{Kind: yaml.MappingNode}
		return node, c.writeFields(node, v, reflect.Zero(v.Type()), nil)
	case reflect.Map:
		return c.writeMap(v)
	}
	return writeScalar(v)
}

// writeObject encodes what an interface or a pointer holds: an object as its class, anything else as plain data.
func (c *Codec) writeObject(v reflect.Value) (*yaml.Node, error) {
	switch {
	case v.IsNil():
		return null(), nil
	case v.Kind() == reflect.Pointer || v.Type().NumMethod() == 0:
		return c.write(v.Elem())
	}
	return c.Encode(v.Interface())
}

// writeList keeps apart a list that is empty and one that is not given. Lists without mappings take one line.
func (c *Codec) writeList(v reflect.Value) (*yaml.Node, error) {
	if v.Kind() == reflect.Slice && v.IsNil() {
		return null(), nil
	}
	node := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for i := range v.Len() {
		n, err := c.write(v.Index(i))
		if err != nil {
			return nil, err
		}
		if n.Kind == yaml.MappingNode {
			node.Style = 0
		}
		node.Content = append(node.Content, n)
	}
	return node, nil
}

// writeMap writes keys in order, so that equal values have equal texts.
func (c *Codec) writeMap(v reflect.Value) (*yaml.Node, error) {
	if v.IsNil() {
		return null(), nil
	}
	node := &yaml.Node{Kind: yaml.MappingNode}
	keys := v.MapKeys()
	sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
	for _, k := range keys {
		n, err := c.write(v.MapIndex(k))
		if err != nil {
			return nil, err
		}
		put(node, k.String(), n)
	}
	return node, nil
}

// writeText writes a value by its own text form; null where its zero has none.
func writeText(m encoding.TextMarshaler, v reflect.Value) (*yaml.Node, error) {
	if v.IsZero() {
		name, ok := zeroText(v)
		if !ok {
			return null(), nil
		}
		return text(name), nil
	}
	b, err := m.MarshalText()
	if err != nil {
		return nil, fmt.Errorf("config.Encode: %w", err)
	}
	return text(string(b)), nil
}

// writeScalar tags what it writes: a text that looks like a number is then quoted.
func writeScalar(v reflect.Value) (*yaml.Node, error) {
	switch {
	case v.CanInt():
		return scalar("!!int", strconv.FormatInt(v.Int(), 10)), nil
	case v.CanUint():
		return scalar("!!int", strconv.FormatUint(v.Uint(), 10)), nil
	case v.CanFloat():
		return scalar("!!float", decimal(v.Float())), nil
	case v.Kind() == reflect.Bool:
		return scalar("!!bool", strconv.FormatBool(v.Bool())), nil
	case v.Kind() == reflect.String:
		return text(v.String()), nil
	}
	return nil, fmt.Errorf("config.Encode: %v has no text form", v.Type())
}

// decimal writes a float so that every reader of YAML takes it for one: 2.0, 1.0e-04.
//
// YAML 1.1, which the reference reads, takes 1e-4 for text: a float needs its point.
func decimal(x float64) string {
	switch {
	case math.IsNaN(x):
		return ".nan"
	case math.IsInf(x, 0):
		return strings.Replace(strconv.FormatFloat(x, 'g', -1, 64), "Inf", ".inf", 1)
	}
	s := strconv.FormatFloat(x, 'g', -1, 64)
	if mantissa, exp, ok := strings.Cut(s, "e"); !strings.Contains(mantissa, ".") {
		if s = mantissa + ".0"; ok {
			s += "e" + exp
		}
	}
	return s
}

// put appends an entry to a mapping.
func put(node *yaml.Node, key string, value *yaml.Node) {
	node.Content = append(node.Content, text(key), value)
}

// text, null and scalar make nodes with explicit tags, from which the writer of YAML knows when to
// quote.
func text(s string) *yaml.Node { return scalar("!!str", s) }

func null() *yaml.Node { return scalar("!!null", "null") }

func scalar(tag, value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value}
}
