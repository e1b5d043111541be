package models

import (
	"fmt"
	"reflect"
	"sort"
	"strings"

	"rpnc/graph"
	"rpnc/rpnops"
)

// Spec is a head, a layer or a model: a description that maps x (b×in) to y (b×out).
type Spec interface {
	// InOut is the number of columns of x and of y, or what is wrong with the description.
	InOut() (in, out int, err error)
	// Build adds the nodes for one batch to the scope's graph. Mistakes are recorded in the graph.
	Build(s *rpnops.Scope, x *graph.Node) *graph.Node
}

// Entry is a registered head, layer or model.
type Entry struct {
	Name    string // the reference's name, as in perceptron_head
	Kind    string // head, layer or model
	Doc     string // one line
	Default Spec   // the reference's defaults; decoding starts from a copy
}

var entries = map[string]Entry{}

// Register makes a head, layer or model known to configurations. It is called at initialisation; a second
// registration of a name ends the program with a message.
func Register(e Entry) struct{} {
	if _, dup := entries[e.Name]; dup {
		panic("models.Register: the name " + e.Name + " is taken")
	}
	entries[e.Name] = e
	return struct{}{}
}

// Lookup finds an entry by its name, with any dotted prefix, as in tinybig.model.mlp.
func Lookup(name string) (Entry, bool) {
	e, ok := entries[name[strings.LastIndexByte(name, '.')+1:]]
	return e, ok
}

// Entries lists what is registered, heads first, then layers and models, each by name.
func Entries() []Entry {
	out := make([]Entry, 0, len(entries))
	for _, e := range entries {
		out = append(out, e)
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].Kind != out[j].Kind {
			return out[i].Kind < out[j].Kind
		}
		return out[i].Name < out[j].Name
	})
	return out
}

// Default is the reference's default of a registered type T: a PerceptronLayer with ReLU and softmax, for instance.
func Default[T Spec]() (t T) {
	for _, e := range entries {
		if d, ok := e.Default.(T); ok {
			return d
		}
	}
	return t
}

// nameOf is what errors call a spec: its Go type.
func nameOf(v any) string { return "models." + reflect.TypeOf(v).Name() }

// errorf is an error of a spec: its type, what was wrong, what would be right.
func errorf(spec any, format string, args ...any) error {
	return fmt.Errorf("%s: %w", nameOf(spec), fmt.Errorf(format, args...))
}

// positive checks that named sizes are at least 1.
func positive(spec any, sizes ...any) error {
	for i := 0; i+1 < len(sizes); i += 2 {
		if n, ok := sizes[i+1].(int); ok && n < 1 {
			return errorf(spec, "%v = %d; want 1 or more", sizes[i], n)
		}
	}
	return nil
}

// refuse is the poisoned answer to an x that has not the columns a spec wants; nil where it has.
func refuse(s *rpnops.Scope, spec any, x *graph.Node, want int) *graph.Node {
	if x.Poisoned() {
		return x
	}
	if x.Shape().Rank() != 2 || x.Shape().Dim(1) != want {
		return s.Fail("%s: x is %v; want (b×%d)", nameOf(spec), x.Shape(), want)
	}
	return nil
}
