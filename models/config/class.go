package config

import (
	"fmt"
	"reflect"
	"sort"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"

	"rpnc/rpnops"
)

// How names become objects. A configuration names a class by a path, of which the last component
// counts: tinybig.expansion.taylor_expansion and taylor_expansion are one. Registries are asked in
// order. The object is a copy of the class's default, changed by the parameters beside the name,
//
//	function_class: taylor_expansion
//	function_parameters: {d: 2}
//
// and must be assignable to the interface of the field: a fusion where a transformation is wanted is
// told as such, with both roles. A name that is unknown comes with the nearest that is known.

// Class is what a configuration can name.
type Class struct {
	Name    string // taylor_expansion
	Path    string // how configurations are written: tinybig.expansion.taylor_expansion
	Stem    string // function, head, layer, model: of the keys function_class and function_parameters
	Kind    string // the role, in words: transformation, head
	Default any    // the object with default parameters; decoding starts from a copy
}

// Registry is a set of classes.
type Registry interface {
	// Lookup finds a class by its name, with any dotted prefix, or by another name of it.
	Lookup(name string) (Class, bool)
	// Classes lists all classes, by name.
	Classes() []Class
}

// Functions is the registry of RPN functions: those that are registered with package rpnops.
var Functions Registry = functions{}

// functions adapts the register of package rpnops. Its entries are fixed after initialisation, so there is no state.
type functions struct{}

// Lookup finds a function by its name or another name of it.
func (functions) Lookup(name string) (Class, bool) {
	e, ok := rpnops.Lookup(name)
	return classOf(e), ok
}

// Classes lists all functions by name.
func (functions) Classes() (out []Class) {
	for _, e := range rpnops.Entries() {
		out = append(out, classOf(e))
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// classOf turns an entry into a class. Patches have keys of their own, patch_class, as in the reference; all other
// functions share function_class, whatever their family.
func classOf(e rpnops.Entry) Class {
	stem := "function"
	if e.Family == rpnops.Patches {
		stem = "patch"
	}
	return Class{Name: e.Name, Path: pathOf(e), Stem: stem, Kind: string(e.Family), Default: e.Default}
}

// pathOf is the qualified name in the reference: a package of its own a family, the framework's for processes.
//
// Names of families end in the family: taylor_expansion is of tinybig.expansion.
func pathOf(e rpnops.Entry) string {
	prefix := "torch.nn."
	switch e.Family {
	case rpnops.Processes:
	case rpnops.Distributions:
		prefix = "torch.distributions."
	case rpnops.Patches:
		return "tinybig.koala.geometry." + e.Name
	case rpnops.Kernels:
		return "tinybig.koala.kernel." + e.Name
	default:
		return "tinybig." + e.Name[strings.LastIndexByte(e.Name, '_')+1:] + "." + e.Name
	}
	for _, a := range e.Aliases {
		if a[0] >= 'A' && a[0] <= 'Z' {
			return prefix + a
		}
	}
	return "torch.nn.functional." + e.Name
}

// registries are those given, or all of the program.
func (c *Codec) registries() []Registry {
	if len(c.Registries) > 0 {
		return c.Registries
	}
	return []Registry{Functions, Models, Training}
}

// lookup asks the registries in order: the first that knows the name decides.
func (c *Codec) lookup(name string) (Class, bool) {
	for _, r := range c.registries() {
		if class, ok := r.Lookup(name); ok {
			return class, true
		}
	}
	return Class{}, false
}

// classes lists what all registries know.
func (c *Codec) classes() (out []Class) {
	for _, r := range c.registries() {
		out = append(out, r.Classes()...)
	}
	return out
}

// nameOf is what errors call an object that no configuration named.
func (c *Codec) nameOf(v any) string {
	if class, ok := c.classFor(v); ok {
		return class.Name
	}
	return reflect.TypeOf(v).Name()
}

// form is an object as configurations write it: function_class, function_parameters.
//
// extra are keys on the level of function_class that should stand one level deeper.
type form struct {
	stem   string
	class  pair
	params *yaml.Node // nil where there are none
	extra  []pair     // what does not belong
}

// classForm recognises the form by a key that ends in _class. The first such key gives the stem; whatever is neither
// <stem>_class nor <stem>_parameters is kept for a message, since a parameter on the wrong level is a common slip.
func classForm(ps []pair) (f form, ok bool) {
	for _, p := range ps {
		if stem, is := strings.CutSuffix(p.key, "_class"); is && !ok {
			f.stem, f.class, ok = stem, p, true
		}
	}
	for _, p := range ps {
		switch p.key {
		case f.stem + "_class":
		case f.stem + "_parameters":
			f.params = p.value
		default:
			f.extra = append(f.extra, p)
		}
	}
	return f, ok
}

// object decodes n into the interface v: a class with parameters, or the name of a class.
func (d *decoder) object(n *yaml.Node, v reflect.Value) {
	f := form{class: pair{value: n}}
	switch n.Kind {
	case yaml.SequenceNode:
		d.fail(n, "want %s, have %s", wantedBy(v.Type()), found(n))
		return
	case yaml.MappingNode:
		var ok bool
		if f, ok = classForm(d.pairs(n)); !ok {
			d.fail(n, "want %s as a mapping with function_class and function_parameters (or the like); there is no key that ends in _class", wantedBy(v.Type()))
			return
		}
	}
	class, ok := d.classNamed(f)
	if !ok {
		return
	}
	// A copy: the default belongs to everybody.
	p := reflect.New(reflect.TypeOf(class.Default))
	p.Elem().Set(reflect.ValueOf(class.Default))
	if !p.Elem().Type().AssignableTo(v.Type()) {
		d.fail(f.class.value, "want %s; %s is %s", wantedBy(v.Type()), class.Name, article(class.Kind))
		return
	}
	d.inClass(class.Name, func() { d.params(f, p.Elem()) })
	v.Set(p.Elem())
}

// classNamed looks up the class that f names. The stem must be the class's own: a head under function_class would
// otherwise be found and then fail with a message about roles, which hides the slip.
//
// The line of the message is that of the name, or of the key where it is the key that is wrong.
func (d *decoder) classNamed(f form) (Class, bool) {
	name := d.enter(f.class.value)
	if name == nil {
		return Class{}, false
	}
	if name.Kind != yaml.ScalarNode || name.ShortTag() != "!!str" {
		d.fail(name, "want the name of a class, have %s", found(name))
		return Class{}, false
	}
	class, ok := d.codec.lookup(name.Value)
	switch {
	case !ok:
		d.fail(name, "there is no %s %q%s", stemOr(f.stem), name.Value, d.codec.suggest(name.Value))
	case f.stem != "" && class.Stem != f.stem:
		d.fail(f.class.at, "%s_class names %s, which is %s; want %s_class", f.stem, class.Name, article(class.Stem), class.Stem)
		return class, false
	}
	return class, ok
}

// stemOr is what a message calls a class that is given by its name alone.
func stemOr(stem string) string {
	if stem == "" {
		return "function"
	}
	return stem
}

// suggest compares the last component of a dotted path with the names of all classes.
//
// Distance is counted on the last component, since a wrong package in front of a right name is no
// mistake at all.
func (c *Codec) suggest(name string) string {
	var names []string
	for _, class := range c.classes() {
		names = append(names, class.Name)
	}
	return didYouMean(name[strings.LastIndexByte(name, '.')+1:], names)
}

// named decodes the form of an object whose type the field settles, such as a grid: its name must be the type's.
//
// Path and underscores do not count: grid, geometry.grid and Grid are one.
func (d *decoder) named(f form, v reflect.Value) {
	name := d.enter(f.class.value)
	if name == nil {
		return
	}
	last := strings.ReplaceAll(name.Value[strings.LastIndexByte(name.Value, '.')+1:], "_", "")
	if own := v.Type().Name(); last == "" || !strings.Contains(strings.ToLower(own), strings.ToLower(last)) {
		d.fail(name, "want %s, have %s", article(snake(own)), found(name))
		return
	}
	d.params(f, v)
}

// snake is the name of a type as configurations write it: rpn_output of RPNOutput.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		// A word begins at a capital with a small letter before or behind it.
		if i > 0 && unicode.IsUpper(r) && (unicode.IsLower(rune(name[i-1])) || i+1 < len(name) && unicode.IsLower(rune(name[i+1]))) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// params fills v with the parameters of f and complains of what does not belong to it.
func (d *decoder) params(f form, v reflect.Value) {
	for _, p := range f.extra {
		d.fail(p.at, "unexpected %q beside %s_class; parameters belong under %s_parameters", p.key, f.stem, f.stem)
	}
	if f.params == nil {
		f.params = &yaml.Node{Kind: yaml.MappingNode, Line: f.class.value.Line}
	}
	n := d.enter(f.params)
	switch {
	case n == nil || isNull(n) && v.Kind() != reflect.Struct:
	case v.Kind() != reflect.Struct:
		if n.Kind != yaml.MappingNode || len(n.Content) > 0 {
			d.fail(n, "takes no parameters")
		}
	case isNull(n):
		d.fill(n, nil, v)
	case n.Kind != yaml.MappingNode:
		d.fail(n, "want a mapping with the parameters, have %s", found(n))
	default:
		d.fill(n, d.pairs(n), v)
	}
}

// wantedBy names the role of an interface type: a transformation.
func wantedBy(t reflect.Type) string {
	switch t {
	case objectType:
		return "an object"
	case specType:
		return "a head, a layer or a model"
	}
	return article(strings.ToLower(t.Name()))
}

// article puts a or an in front.
func article(noun string) string {
	if noun != "" && strings.ContainsRune("aeiou", rune(noun[0])) {
		return fmt.Sprintf("an %s", noun)
	}
	return fmt.Sprintf("a %s", noun)
}
