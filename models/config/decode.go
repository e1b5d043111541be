package config

import (
	"encoding"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"rpnc/rpnops"
)

// Decoding is by the Go type: the decoder walks the node and the value together, and the type of the
// value says what the node may be. Mistakes are collected with line and path; nothing panics and
// nothing is lost.
//
// A document may be hostile: an alias that names a list of aliases ten levels deep stands for 10¹⁰
// values in a few hundred bytes. Every visit of a node is charged to a budget proportional to the nodes
// that are written, and depth is bounded, so time and memory are linear in the size of the text.

// Codec decodes and encodes with a set of classes. The zero Codec knows all classes of the program; codecs are
// stateless and safe for concurrent use.
type Codec struct {
	File       string     // named in errors
	Registries []Registry // asked in order; none means [Functions], [Models] and [Training]
}

// Decode fills dst, a pointer, with node: a config struct with the parameters of a mapping, an interface with an
// object. Fields that node does not name keep their values. Errors: [Errors], all mistakes in node; dst is then
// partly filled.
func (c *Codec) Decode(node *yaml.Node, dst any) error {
	v := reflect.ValueOf(dst)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return fmt.Errorf("config.Decode: %T is no pointer to fill", dst)
	}
	d := c.decoder(node)
	if v.Elem().Kind() == reflect.Struct {
		d.class = c.nameOf(v.Elem().Interface())
	}
	d.value(node, v.Elem())
	return d.err()
}

// Object makes the object of any kind that node describes: a class with parameters, or a name.
func (c *Codec) Object(node *yaml.Node) (any, error) {
	var obj object
	err := c.Decode(node, &obj) // null leaves obj nil, which is right for a field and wrong here
	if err == nil && obj == nil {
		err = Errors{{File: c.File, Line: node.Line, Msg: "want an object, have null"}}
	}
	return obj, err
}

// object is any object of a class, in contrast to any value.
type object any

// Load reads the object that a file describes.
func (c *Codec) Load(file string) (any, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("config.Load: %w", err)
	}
	node, err := Parse(file, text)
	if err != nil {
		return nil, err
	}
	named := Codec{File: file, Registries: c.Registries}
	return named.Object(node)
}

// Decode is [Codec.Decode] with all classes of the program.
func Decode(node *yaml.Node, dst any) error { return new(Codec).Decode(node, dst) }

// Object is [Codec.Object] with all classes of the program.
func Object(node *yaml.Node) (any, error) { return new(Codec).Object(node) }

// Load is [Codec.Load] with all classes of the program.
func Load(file string) (any, error) { return new(Codec).Load(file) }

// Parse reads text as YAML or JSON; file is named in errors.
func Parse(file string, text []byte) (*yaml.Node, error) {
	if len(text) > maxBytes {
		return nil, &Error{File: file, Msg: fmt.Sprintf("%d bytes; a configuration has at most %d", len(text), maxBytes)}
	}
	var node yaml.Node
	if err := yaml.Unmarshal(text, &node); err != nil {
		return nil, &Error{File: file, Msg: strings.TrimPrefix(err.Error(), "yaml: ")}
	}
	if node.Kind == 0 {
		return nil, &Error{File: file, Msg: "the document is empty"}
	}
	return &node, nil
}

// What a document may cost. The largest configurations are those of graphs with their links written out.
const (
	maxBytes = 8 << 20  // a value takes two bytes at least and a node of 150 in memory
	fewNodes = 64 << 10 // visited, so that every use of an alias counts
	maxUses  = 16       // visits of a node, on an average, beyond these few: aliases in aliases multiply
	maxDepth = 100
)

// decoder begins the decoding of a document. What it may cost depends on what is written, not on what aliases make of it.
func (c *Codec) decoder(n *yaml.Node) *decoder {
	most := fewNodes + maxUses*size(n)
	return &decoder{codec: c, most: most, budget: most}
}

// size counts the nodes of a document as written.
func size(n *yaml.Node) int {
	count := 1
	for _, x := range n.Content {
		count += size(x)
	}
	return count
}

// decoder is the state of one call.
//
// class and path say in messages where one is: head: data_transformation.d.
type decoder struct {
	codec  *Codec
	most   int // visits of nodes
	budget int // those that are left
	depth  int
	class  string   // of the object that is being filled
	path   []string // of the parameter in it
	errs   Errors
}

// where is the place of a message: the class and the path in it, written as grid.h or links[3].
func (d *decoder) where() string {
	path := strings.ReplaceAll(strings.Join(d.path, "."), ".[", "[")
	if d.class == "" || path == "" {
		return d.class + path
	}
	return d.class + ": " + path
}

// in runs f with key added to the path.
func (d *decoder) in(key string, f func()) {
	d.path = append(d.path, key)
	f()
	d.path = d.path[:len(d.path)-1]
}

// inClass runs f as the filling of an object of class.
func (d *decoder) inClass(class string, f func()) {
	before, path := d.class, d.path
	d.class, d.path = class, nil
	f()
	d.class, d.path = before, path
}

// enter follows aliases and documents and charges the node; nil where a limit is reached.
//
// The bound on hops ends an alias that leads to itself.
func (d *decoder) enter(n *yaml.Node) *yaml.Node {
	for hops := 0; n != nil && hops < maxDepth; hops++ {
		switch {
		case n.Kind == yaml.AliasNode:
			n = n.Alias
		case n.Kind == yaml.DocumentNode && len(n.Content) == 1:
			n = n.Content[0]
		default:
			return d.charge(n)
		}
	}
	d.fail(n, "nothing to decode")
	return nil
}

// charge counts one visit. The message on the budget is given once, by the visit that uses it up; what comes later is
// cut off in silence.
func (d *decoder) charge(n *yaml.Node) *yaml.Node {
	d.budget--
	switch {
	case d.budget == 0:
		d.fail(n, "over %d values when aliases are written out; want a smaller configuration", d.most)
		fallthrough
	case d.budget < 0:
		return nil
	case d.depth > maxDepth:
		d.fail(n, "nested deeper than %d levels", maxDepth)
		return nil
	}
	return n
}

// isNull recognises null, ~ and an empty value.
func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// value decodes n into v by v's type: first the forms that any type may have (null, an option, a text of its own, an
// object), then the kind.
//
// A null sets the zero value: what "not given" means is for the field to say.
func (d *decoder) value(n *yaml.Node, v reflect.Value) {
	d.depth++
	defer func() { d.depth-- }()
	if n = d.enter(n); n == nil {
		return
	}
	t := v.Type()
	switch {
	case isNull(n):
		v.SetZero()
	case t == nodeType:
		v.Set(reflect.ValueOf(*d.expand(n)))
	case isOpt(t):
		v.Field(0).SetBool(true)
		d.value(n, v.Field(1))
	case reflect.PointerTo(t).Implements(textType):
		d.text(n, v)
	case t == objectType || t.Kind() == reflect.Interface && t.NumMethod() > 0:
		d.object(n, v)
	default:
		d.byKind(n, v)
	}
}

// byKind decodes into plain Go data.
func (d *decoder) byKind(n *yaml.Node, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		d.value(n, p.Elem())
		v.Set(p)
	case reflect.Struct:
		d.mapping(n, v)
	case reflect.Slice:
		d.list(n, v)
	case reflect.Array:
		d.array(n, v)
	case reflect.Map:
		d.dictionary(n, v)
	case reflect.Interface:
		if x := d.generic(n); x != nil {
			v.Set(reflect.ValueOf(x))
		}
	default:
		d.scalar(n, v)
	}
}

// Types that decide how a value is read.
var (
	textType   = reflect.TypeFor[encoding.TextUnmarshaler]()
	objectType = reflect.TypeFor[object]()
	nodeType   = reflect.TypeFor[yaml.Node]()
)

// expand copies n with its aliases written out, for a reader who comes later.
func (d *decoder) expand(n *yaml.Node) *yaml.Node {
	c := *n
	c.Anchor, c.Content = "", nil
	d.depth++
	for _, x := range n.Content {
		if x = d.enter(x); x == nil {
			break
		}
		c.Content = append(c.Content, d.expand(x))
	}
	d.depth--
	return &c
}

// isOpt recognises rpnops.Opt and types like it: a flag Set and a value.
func isOpt(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.NumField() == 2 && strings.HasPrefix(t.Name(), "Opt[") &&
		t.Field(0).Name == "Set" && t.Field(0).Type.Kind() == reflect.Bool
}

// list decodes a sequence. One value that is no sequence is a list of one, except where lists are nested.
//
// The reference writes a single process function without the list around it.
func (d *decoder) list(n *yaml.Node, v reflect.Value) {
	items := n.Content
	if n.Kind != yaml.SequenceNode {
		if k := v.Type().Elem().Kind(); k == reflect.Slice || k == reflect.Array {
			d.fail(n, "want a list of lists, have %s", found(n))
			return
		}
		items = []*yaml.Node{n}
	}
	out := reflect.MakeSlice(v.Type(), len(items), len(items))
	d.items(items, out)
	if n.Kind == yaml.MappingNode {
		train(out.Index(0))
	}
	v.Set(out)
}

// train lets the parameters of a module that stands alone be trained: in the reference those in lists are frozen, and
// functions given by name have none.
func train(v reflect.Value) {
	if v.Kind() != reflect.Interface {
		return
	}
	if m, ok := v.Interface().(rpnops.Module); ok {
		v.Set(reflect.ValueOf(m.Trained()))
	}
}

// array decodes a list of fixed length, such as a range or a link.
func (d *decoder) array(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.SequenceNode || len(n.Content) != v.Len() {
		d.fail(n, "want a list of %d, have %s", v.Len(), found(n))
		return
	}
	d.items(n.Content, v)
}

// items decodes list entries in place. It stops with the budget, so that a bomb costs no more than that.
func (d *decoder) items(items []*yaml.Node, v reflect.Value) {
	for i, item := range items {
		if d.budget <= 0 {
			return
		}
		d.in("["+strconv.Itoa(i)+"]", func() { d.item(item, v.Index(i)) })
	}
}

// item decodes one entry of a list. An object must be there: a list has no place for one that is left out.
func (d *decoder) item(n *yaml.Node, v reflect.Value) {
	d.value(n, v)
	if v.Kind() == reflect.Interface && v.NumMethod() > 0 && v.IsNil() && isNull(n) {
		d.fail(n, "want %s, have null", wantedBy(v.Type()))
	}
}

// dictionary decodes a mapping whose keys are data.
func (d *decoder) dictionary(n *yaml.Node, v reflect.Value) {
	t := v.Type()
	if n.Kind != yaml.MappingNode || t.Key().Kind() != reflect.String {
		d.fail(n, "want a mapping, have %s", found(n))
		return
	}
	out := reflect.MakeMap(t)
	for _, p := range d.pairs(n) {
		x := reflect.New(t.Elem()).Elem()
		d.in(p.key, func() { d.value(p.value, x) })
		out.SetMapIndex(reflect.ValueOf(p.key).Convert(t.Key()), x)
	}
	v.Set(out)
}
