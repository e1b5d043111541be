package config

import (
	"encoding"
	"math"
	"reflect"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Scalars are read by the type that wants them and not by the type that YAML gives them. Files of the
// reference are YAML 1.1 as its own reader takes it (yes is true, 1e-4 is text), this reader is of YAML
// 1.2, and files that pass through other tools have quotes in places; a field that wants a number takes
// what is a number in any of these. Text fields take anything, and what does not fit is refused, never
// rounded: 2.5 layers is a mistake.

// text decodes a scalar by the type's own UnmarshalText.
func (d *decoder) text(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.ScalarNode {
		d.fail(n, "want a name, have %s", found(n))
		return
	}
	if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(n.Value)); err != nil {
		d.fail(n, "%v", err)
	}
}

// scalar decodes a number, a truth value or a text. Numbers that the field cannot hold are mistakes, not roundings; any
// scalar will do for a text, since names of nodes may be written as numbers.
//
// The kind of the field decides; want says in the message what would be right.
func (d *decoder) scalar(n *yaml.Node, v reflect.Value) {
	ok, want := false, "text"
	switch v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		want = "a whole number"
		var i int64
		if i, ok = wholeNumber(n); ok && v.OverflowInt(i) {
			ok = false
		} else if ok {
			v.SetInt(i)
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		want = "a whole number from 0"
		var i int64
		if i, ok = wholeNumber(n); ok && (i < 0 || v.OverflowUint(uint64(i))) {
			ok = false
		} else if ok {
			v.SetUint(uint64(i))
		}
	case reflect.Float32, reflect.Float64:
		want = "a number"
		var f float64
		if f, ok = number(n); ok {
			v.SetFloat(f)
		}
	case reflect.Bool:
		want = "true or false"
		var b bool
		if b, ok = truth(n); ok {
			v.SetBool(b)
		}
	case reflect.String:
		if ok = n.Kind == yaml.ScalarNode; ok {
			v.SetString(n.Value)
		}
	default:
		want = "nothing: the program has no text form for " + v.Type().String()
	}
	if !ok {
		d.fail(n, "want %s, have %s", want, found(n))
	}
}

// number reads integers and reals, also those that arrive as text: 1e-4 without a point is a text in YAML 1.1, the
// dialect of the reference's files, and tools that write such files quote it.
//
// Underscores between digits are of YAML 1.1 too; integers may have a base, as 0x10.
func number(n *yaml.Node) (float64, bool) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!bool" {
		return 0, false
	}
	text := strings.ReplaceAll(strings.ToLower(n.Value), "_", "")
	if f, err := strconv.ParseFloat(strings.Replace(text, ".inf", "inf", 1), 64); err == nil {
		return f, true
	}
	if text == ".nan" {
		return math.NaN(), true
	}
	i, err := strconv.ParseInt(text, 0, 64)
	return float64(i), err == nil
}

// wholeNumber reads integers and reals without a fraction, such as 2.0. Beyond 2⁵³ a real no longer tells which integer
// it is.
func wholeNumber(n *yaml.Node) (int64, bool) {
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!int" {
		if i, err := strconv.ParseInt(n.Value, 0, 64); err == nil {
			return i, true
		}
	}
	f, ok := number(n)
	return int64(f), ok && f == math.Trunc(f) && math.Abs(f) <= 1<<53
}

// truth reads the truth values of YAML 1.1, which the reference's configurations are written in: yes, no, on and off
// besides true and false. In quotes they are texts.
func truth(n *yaml.Node) (value, ok bool) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!str" && n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		return false, false
	}
	switch strings.ToLower(n.Value) {
	case "true", "yes", "on":
		return true, true
	case "false", "no", "off":
		return false, true
	}
	return false, false
}

// generic decodes n for a field that takes anything: texts, numbers (int where whole), truth values, lists, mappings.
//
// This is for parameters that are handed on to others, where no Go type says what is wanted: here
// alone the tag that YAML gives decides.
func (d *decoder) generic(n *yaml.Node) any {
	switch n.Kind {
	case yaml.SequenceNode:
		out := []any{}
		d.list(n, reflect.ValueOf(&out).Elem())
		return out
	case yaml.MappingNode:
		out := map[string]any{}
		d.dictionary(n, reflect.ValueOf(&out).Elem())
		return out
	}
	switch n.ShortTag() {
	case "!!int":
		if i, ok := wholeNumber(n); ok {
			return int(i)
		}
	case "!!float":
		if f, ok := number(n); ok {
			return f
		}
	case "!!bool":
		b, _ := truth(n)
		return b
	}
	return n.Value
}
