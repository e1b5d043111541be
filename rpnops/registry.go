package rpnops

import (
	"fmt"
	"reflect"
	"sort"
	"strings"
)

// How a function becomes known. A file of this package declares a type, its methods and one
// registration; decoding, encoding, gradient checks, property tests, the list and the catalogue all
// work from the registrations and need no further line. Registration happens at initialisation, from
// this package or from a user's own, and panics on a mistake: it cannot depend on input, so the first
// run of anything shows it.

// Family is the role that a registered function plays.
type Family string

// The families, as rpnc list names them.
const (
	Transformations  Family = "transformation"
	Reconciliations  Family = "reconciliation"
	Interdependences Family = "interdependence"
	Remainders       Family = "remainder"
	Fusions          Family = "fusion"
	Processes        Family = "process"
	Patches          Family = "patch"
	Kernels          Family = "kernel"
	Distributions    Family = "distribution"
)

// Spec registers a function of type T under the reference's name. Several names may share a type (presets): they
// differ in Default.
//
// Samples should reach each branch of the function once; their data are drawn from Lo…Hi, away from
// where it has no derivative.
type Spec[T any] struct {
	Name     string   // the reference's name, as in taylor_expansion
	Aliases  []string // other names that configurations may use
	Default  T        // the reference's defaults; decoding starts from a copy
	Equation string   // one line of mathematics
	Params   string   // the number of parameters l, as a formula
	Samples  []T      // settings that the tests run
	Rows     int      // rows of the samples' data where a function fixes them; 0 means any
	Cols     int      // columns likewise
	Lo, Hi   float64  // range of the samples' data that avoids kinks and poles; both 0 means −1…1
	Order    int      // how often samples are differentiated in the tests; 0 means 2, −1 none
}

// Entry is a registered function, without its type.
type Entry struct {
	Name       string
	Aliases    []string
	Family     Family
	Default    any
	Samples    []any
	Equation   string
	Params     string
	Rows, Cols int
	Lo, Hi     float64
	Order      int
}

// The registry is filled at initialisation and only read afterwards, so it needs no lock.
var (
	entries = map[string]Entry{}
	names   = map[string]string{} // every name and alias, to the name of its entry
)

// Register makes a function known. It is called at initialisation, as in var _ = Register(…); two registrations of one
// name, or a type without a role, are a programmer's mistakes and end the program with a message.
//
// It answers with an empty struct so that it can stand in a declaration of a variable.
func Register[T any](s Spec[T]) struct{} {
	e := Entry{Name: s.Name, Aliases: s.Aliases, Family: familyOf(s.Default), Default: s.Default, Equation: s.Equation,
		Params: s.Params, Rows: s.Rows, Cols: s.Cols, Lo: s.Lo, Hi: s.Hi, Order: s.Order}
	for _, x := range s.Samples {
		e.Samples = append(e.Samples, x)
	}
	if len(e.Samples) == 0 {
		e.Samples = []any{s.Default}
	}
	if e.Order == 0 {
		e.Order = 2
	}
	if e.Family == "" {
		panic(fmt.Sprintf("rpnops.Register %s: %T has none of the roles (see roles.go)", s.Name, s.Default))
	}
	for _, n := range append([]string{s.Name}, s.Aliases...) {
		if first, dup := names[n]; dup {
			panic(fmt.Sprintf("rpnops.Register %s: the name %s is taken by %s", s.Name, n, first))
		}
		names[n] = s.Name
	}
	entries[s.Name] = e
	return struct{}{}
}

// familyOf finds out by its methods what v can be used as; "" where it has the methods of no role.
//
// The order matters for types that could be several: the first role counts.
func familyOf(v any) Family {
	switch v.(type) {
	case Transformation:
		return Transformations
	case Reconciliation:
		return Reconciliations
	case Interdependence:
		return Interdependences
	case Remainder:
		return Remainders
	case Fusion:
		return Fusions
	case Process:
		return Processes
	case Patch:
		return Patches
	case Kernel:
		return Kernels
	case Distribution:
		return Distributions
	}
	return ""
}

// Entries lists the registered functions by family and name.
func Entries() []Entry {
	out := make([]Entry, 0, len(entries))
	for _, e := range entries {
		out = append(out, e)
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].Family != out[j].Family {
			return out[i].Family < out[j].Family
		}
		return out[i].Name < out[j].Name
	})
	return out
}

// Lookup finds a function by its name, with any dotted prefix, as in tinybig.expansion.taylor_expansion. Upper case
// counts only where the name would be unknown otherwise, so that ReLU, relu and RELU are one.
func Lookup(name string) (Entry, bool) {
	name = name[strings.LastIndexByte(name, '.')+1:]
	full, ok := names[name]
	if !ok {
		full = names[strings.ToLower(name)]
	}
	e, ok := entries[full]
	return e, ok
}

// New makes the function called name: decode fills a pointer to a copy of its defaults. This package knows no file
// format; decode may be nil.
//
// The default is copied as a value. What it leads to (slices of processes) is shared, and nobody
// changes it.
func New(name string, decode func(any) error) (any, error) {
	e, ok := Lookup(name)
	if !ok {
		return nil, fmt.Errorf("rpnops.New: no function %q%s", name, suggestion(name))
	}
	p := reflect.New(reflect.TypeOf(e.Default))
	p.Elem().Set(reflect.ValueOf(e.Default))
	if decode != nil {
		if err := decode(p.Interface()); err != nil {
			return nil, err
		}
	}
	return p.Elem().Interface(), nil
}

// Default is the reference's default of a function type: the first in alphabetical order of the names of T.
func Default[T any]() (t T) {
	for _, e := range Entries() {
		if d, ok := e.Default.(T); ok {
			return d
		}
	}
	return t
}

// suggestion names the registered function whose name is nearest, the first in alphabetical order of several, so that a
// message is the same every time.
func suggestion(name string) string {
	all := make([]string, 0, len(names))
	for n := range names {
		all = append(all, n)
	}
	if best := Nearest(name[strings.LastIndexByte(name, '.')+1:], all); best != "" {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	return "; rpnc list shows all"
}

// Nearest is the word of words that is fewest edits away from word, the first in alphabetical order of several; ""
// where more than three edits, or more than half of the word, part them all, since that is another word.
func Nearest(word string, words []string) string {
	limit := min(3, len(word)/2)
	best, at := "", limit+1
	for _, w := range words {
		if d := editDistance(word, w); d < at || d == at && d <= limit && w < best {
			best, at = w, d
		}
	}
	return best
}

// editDistance is Levenshtein's: insertions, deletions and replacements that turn a into b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// Opt is a setting for which zero is legal and not the default.
type Opt[T any] struct {
	Set bool
	V   T
}

// Some is a setting that is given.
func Some[T any](v T) Opt[T] { return Opt[T]{true, v} }

// Or is the setting, or d where none is given.
func (o Opt[T]) Or(d T) T {
	if o.Set {
		return o.V
	}
	return d
}
