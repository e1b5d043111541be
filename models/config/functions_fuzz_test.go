package config_test

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"rpnc/graph"
	"rpnc/models/config"
	"rpnc/rpnops"
	"rpnc/rpnops/check"
)

// What one call may cost, whatever its settings are. Values larger than computed are not evaluated.
const (
	allowed  = 1 << 30 // bytes while decoding and building
	computed = 1 << 18 // numbers in the largest value of a graph
)

// FuzzFunctions checks that any settings of any function either run, on data of any shape, and give what the dimension
// methods promise, or are refused in words: no panic, no endless loop, no memory without bound.
func FuzzFunctions(f *testing.F) {
	for i := range byte(200) {
		f.Add([]byte{i, 4, 4, i, 3 * i, 1, 2, 7, 90, 5, 250, 3, 4, 77, i, 200, 1})
	}
	f.Fuzz(func(t *testing.T, choices []byte) {
		if text, err := tryFunction(choices); err != nil {
			t.Errorf("%s\n%v", text, err)
		}
	})
}

// tryFunction makes a configuration of the choices and calls the function. The error says what should not happen.
func tryFunction(choices []byte) (text string, err error) {
	c := &chooser{choices: choices}
	e := c.entry(rpnops.Entries())
	c.rows, c.cols = c.upTo(10), c.upTo(10)
	text = c.function(e)
	defer func() {
		if p := recover(); p != nil {
			stack := make([]byte, 2000)
			err = fmt.Errorf("panic: %v\n%s", p, stack[:runtime.Stack(stack, false)])
		}
	}()
	before := allocated()
	err = decodeAndRun(text, c)
	if used := allocated() - before; err == nil && used > allowed {
		err = fmt.Errorf("%d MiB allocated; want at most %d", used>>20, allowed>>20)
	}
	return fmt.Sprintf("%s on %d×%d", text, c.rows, c.cols), err
}

// allocated counts bytes from the start of the program.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func decodeAndRun(text string, c *chooser) error {
	node, err := config.Parse("", []byte(text))
	if err != nil {
		return fmt.Errorf("the test writes wrong YAML: %w", err)
	}
	f, err := config.Object(node)
	if err != nil {
		return wellSaid(err)
	}
	if p, ok := f.(rpnops.Patch); ok {
		_, err := p.Offsets()
		if err == nil {
			_, err = p.Distances("")
		}
		return wellSaid(err)
	}
	s := rpnops.NewScope(graph.New(), c.upTo(2) == 0, graph.F64)
	cols := []int{c.cols, c.upTo(10), c.upTo(10)}
	switch f.(type) {
	case rpnops.Remainder:
		cols = cols[:2]
	case rpnops.Fusion:
		cols = cols[:c.upTo(4)]
	default:
		cols = cols[:1]
	}
	if len(cols) == 0 {
		cols = []int{c.cols}
	}
	y, err := check.Build(s, f, c.rows, cols...)
	if err != nil || y == nil {
		return wellSaid(err)
	}
	return wellSaid(evaluate(s.G, y))
}

// evaluate runs the reference interpreter on the graph, unless its values are too many to be worth it.
func evaluate(g *graph.Graph, y *graph.Node) error {
	for _, n := range g.Nodes() {
		for _, t := range n.Types {
			if t.Shape.Size() > computed {
				return nil
			}
		}
	}
	leaves := graph.Leaves{}
	for _, n := range g.Leaves(graph.InputLeaf) {
		l, _ := n.Leaf()
		leaves[l.Path] = graph.Uniform(-1, 1).Tensor(n.Type(), 1, l.Path)
	}
	leaves.Fill(g, 1)
	val, err := graph.Run(g, leaves)
	if err == nil && len(val.Of(y).F) != y.Shape().Size() {
		err = fmt.Errorf("%d numbers of %v", len(val.Of(y).F), y.Type())
	}
	return err
}

// wellSaid wants a message, if there is one, of at most three lines each, with the name of a function, an op, a tensor or a class.
func wellSaid(err error) error {
	if err == nil {
		return nil
	}
	if all, several := err.(interface{ Unwrap() []error }); several { // independent mistakes
		for _, one := range all.Unwrap() {
			if err := wellSaid(one); err != nil {
				return err
			}
		}
		return nil
	}
	mistake := (*config.Error)(nil)
	named := strings.Contains(err.Error(), "ops.") || strings.Contains(err.Error(), `graph.State "`) ||
		strings.Contains(err.Error(), `graph.Param "`) ||
		errors.As(err, &mistake) && mistake.Where != ""
	if n := strings.Count(err.Error(), "\n"); n > 2 || !named {
		return fmt.Errorf("the message has %d lines; want at most 3, with a name:\n%w", n+1, err)
	}
	return nil
}

// chooser turns bytes into choices; when they are used up, all choices are the first.
type chooser struct {
	choices    []byte
	rows, cols int // of the data
	depth      int // of functions in functions
}

func (c *chooser) upTo(n int) int {
	if len(c.choices) == 0 {
		return 0
	}
	b := c.choices[0]
	c.choices = c.choices[1:]
	return int(b) % n
}

func (c *chooser) word(words ...string) string { return words[c.upTo(len(words))] }

func (c *chooser) entry(es []rpnops.Entry) rpnops.Entry {
	return es[(c.upTo(256)+256*c.upTo(2))%len(es)]
}

// function is the configuration of e with some of its parameters.
func (c *chooser) function(e rpnops.Entry) string {
	stem := "function"
	if e.Family == rpnops.Patches {
		stem = "patch"
	}
	return fmt.Sprintf("{%s_class: %s, %[1]s_parameters: %[3]s}", stem, e.Name, c.parameters(reflect.ValueOf(e.Default)))
}

// parameters are some of those of the struct v.
func (c *chooser) parameters(v reflect.Value) string {
	c.depth++
	defer func() { c.depth-- }()
	var out []string
	for _, p := range parametersOf(v) {
		if c.upTo(3) > 0 {
			out = append(out, p.key+": "+c.value(p.typ))
		}
	}
	return "{" + strings.Join(out, ", ") + "}"
}

// parameter is a key of a configuration and what it holds.
type parameter struct {
	key string
	typ reflect.Type
}

// parametersOf reads the tags of the struct v, and of the objects in it whose keys stand beside its own.
func parametersOf(v reflect.Value) (out []parameter) {
	if v.Kind() != reflect.Struct {
		return nil
	}
	seen := map[string]bool{}
	add := func(ps ...parameter) {
		for _, p := range ps {
			if !seen[p.key] {
				seen[p.key] = true
				out = append(out, p)
			}
		}
	}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		key, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if key != "" {
			add(parameter{key, f.Type})
		}
		if x := v.Field(i); option == "inline" && f.Type.Kind() == reflect.Struct {
			add(parametersOf(x)...)
		} else if option == "inline" && !x.IsNil() {
			add(parametersOf(x.Elem())...)
		}
	}
	return out
}

var (
	anything = []string{"null", "-1", "1000000000", "9223372036854775807", "-9223372036854775808", ".nan", ".inf", "-.inf", "1e308", "1e-308",
		"2.5", "true", "text", "''", "[]", "{}", "[1, [2]]", "{a: 1}", "relu", "[tanh, softmax]", "4294967296", "2147483647", "65536"}
	words = []string{"attribute", "instance", "row", "column", "row_column", "padding", "aggregation", "mean", "max", "min", "sum", "prod",
		"a", "b", "c", "0", "1", "dense_square", "densest_packing", "complete_hexagonal", "dense_simple_cubic", "all", "softmax", "column_softmax"}
	textType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// value is a value for a field of type t: one in eight is anything, the others are of the right kind.
func (c *chooser) value(t reflect.Type) string {
	if c.upTo(8) == 7 {
		return c.word(anything...)
	}
	switch {
	case t.Kind() == reflect.Struct && strings.HasPrefix(t.Name(), "Opt["):
		return c.value(t.Field(1).Type)
	case reflect.PointerTo(t).Implements(textType):
		return c.word(words...)
	}
	switch t.Kind() {
	case reflect.Bool:
		return c.word("true", "false")
	case reflect.String:
		return "'" + c.word(words...) + "'"
	case reflect.Int, reflect.Int64:
		return c.word("1", "2", "3", "4", "5", "9", fmt.Sprint(c.rows), fmt.Sprint(c.cols), "0", "17", "1000000000", "100000")
	case reflect.Float64:
		return c.word("1", "0.5", "0", "-1", "2", "0.1", "1e-9", "1e9", fmt.Sprint(-math.MaxFloat64))
	case reflect.Interface:
		return c.object(t)
	case reflect.Slice:
		return c.list(t.Elem(), c.upTo(5))
	case reflect.Array:
		return c.list(t.Elem(), t.Len())
	case reflect.Struct:
		return c.parameters(reflect.Zero(t))
	}
	return c.word(anything...)
}

// object is a function that a field of the interface t can hold.
func (c *chooser) object(t reflect.Type) string {
	var fit []rpnops.Entry
	for _, e := range rpnops.Entries() {
		if reflect.TypeOf(e.Default).Implements(t) {
			fit = append(fit, e)
		}
	}
	if len(fit) == 0 || c.depth > 3 {
		return "null"
	}
	return c.function(c.entry(fit))
}

func (c *chooser) list(t reflect.Type, n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = c.value(t)
	}
	return "[" + strings.Join(out, ", ") + "]"
}
