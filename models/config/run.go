package config

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"reflect"

	"gopkg.in/yaml.v3"

	"rpnc/models"
	"rpnc/models/metric"
)

// A file is one of two things, told apart by its keys: a whole configuration, with or without the key
// configurations around it, or a model alone. Parameters of the data stay as YAML in [Data], since only
// the loader of a data set knows what they mean; everything else is decoded into objects here, so that
// a file without mistakes is a run that can begin.

// Run is a whole configuration: what to train, on what, how, and what to measure. In a file it stands under the key
// configurations, or without that key; a file that is a model alone is a Run of nothing else.
type Run struct {
	Device  string          `yaml:"device"`
	Seed    *uint64         `yaml:"random_seed"` // nil: none is given
	Data    Data            `yaml:"data"`
	Model   models.Spec     `yaml:"model" rpn:"required"`
	Learner Learner         `yaml:"learner"` // nil: none is given
	Metrics []metric.Metric `yaml:"metrics"`
	Output  *RPNOutput      `yaml:"output"`
}

// Data names a data set. What its parameters are is a matter of whoever loads it (see [Data.Decode]).
type Data struct {
	Class      string    `yaml:"data_class" rpn:"required"`
	Path       string    `yaml:"data_path"`       // of the files, where the set is not in the program
	Parameters yaml.Node `yaml:"data_parameters"` // of Kind 0 where there are none
}

// RPNOutput asks for the result as a file. The reference's class takes where to as arguments of its save; here they are
// parameters beside its name.
type RPNOutput struct {
	Dir  string `yaml:"cache_dir"`   // made where it is not there; ./result where the file does not say
	File string `yaml:"output_file"` // in Dir; output where the file does not say
}

// Path is where the result goes, seen from the working directory.
func (o RPNOutput) Path() string { return filepath.Join(o.Dir, o.File) }

// encode is the canonical form.
func (o RPNOutput) encode() *yaml.Node {
	params, out := &yaml.Node{Kind: yaml.MappingNode}, &yaml.Node{Kind: yaml.MappingNode}
	put(params, "cache_dir", text(o.Dir))
	put(params, "output_file", text(o.File))
	put(out, "output_class", text("tinybig.output.rpn_output"))
	put(out, "output_parameters", params)
	return out
}

// LoadRun reads a file: a whole configuration, or a model alone.
func LoadRun(file string) (*Run, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("config.LoadRun: %w; want the path of a readable YAML or JSON file", err)
	}
	return ParseRun(file, text)
}

// ParseRun is [LoadRun] of a text; file is named in errors.
//
// All mistakes of a whole configuration come in one error.
func ParseRun(file string, text []byte) (*Run, error) {
	node, err := Parse(file, text)
	if err != nil {
		return nil, err
	}
	c := &Codec{File: file}
	r := &Run{}
	if isRun(node) {
		d := c.decoder(node)
		d.class = keyConfigurations
		d.value(inner(node), reflect.ValueOf(r).Elem())
		if o := r.Output; o != nil {
			o.Dir, o.File = cmp.Or(o.Dir, "./result"), cmp.Or(o.File, "output")
		}
		return r, d.err()
	}
	if root := node.Content[0]; root.Kind == yaml.ScalarNode {
		return nil, &Error{File: file, Line: root.Line, Msg: "is a text and no configuration; want model_class and model_parameters, or configurations"}
	}
	// Any object, so that one that is no model is named.
	obj, err := c.Object(node)
	if err != nil {
		return nil, err
	}
	var ok bool
	if r.Model, ok = obj.(models.Spec); !ok {
		return nil, &Error{File: file, Line: node.Line, Msg: fmt.Sprintf("describes %T, which is no model; want a head, a layer or a model", obj)}
	}
	return r, nil
}

// keyConfigurations holds a whole configuration.
const keyConfigurations = "configurations"

// inner is what stands under configurations, or the node itself.
func inner(n *yaml.Node) *yaml.Node {
	if v := valueOf(n, keyConfigurations); v != nil {
		return v
	}
	return n
}

// isRun says whether a document is a whole configuration: it has one of its keys.
//
// device is no evidence, as heads and layers have that key too.
func isRun(n *yaml.Node) bool {
	if valueOf(n, keyConfigurations) != nil {
		return true
	}
	for key := range tableOf(reflect.TypeFor[Run]()).byKey {
		if key != "device" && valueOf(n, key) != nil {
			return true
		}
	}
	return false
}

// valueOf is the value under a key of a document or mapping; nil where there is none.
func valueOf(n *yaml.Node, key string) *yaml.Node {
	if n.Kind == yaml.DocumentNode && len(n.Content) == 1 {
		n = n.Content[0]
	}
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// Decode is a copy of def, a config struct, with the parameters of the data. Mistakes are [Errors] that name file and
// line.
//
// Lines are those of the file: nodes keep their places.
func (d Data) Decode(file string, def any) (any, error) {
	v := reflect.New(reflect.TypeOf(def))
	v.Elem().Set(reflect.ValueOf(def))
	if d.Parameters.Kind != 0 {
		codec := Codec{File: file}
		if err := codec.Decode(&d.Parameters, v.Interface()); err != nil {
			return nil, err
		}
	}
	return v.Elem().Interface(), nil
}

// Encode writes a run so that [ParseRun] gives it again: the canonical form, with every parameter of every object.
//
// Parts that the run does not have are left out; keys stand in the order in which people read them.
func (r *Run) Encode() (*yaml.Node, error) {
	all := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	if r.Device != "" {
		put(all, "device", text(r.Device))
	}
	if r.Seed != nil {
		put(all, "random_seed", scalar("!!int", fmt.Sprint(*r.Seed)))
	}
	if r.Data.Class != "" {
		data := &yaml.Node{Kind: yaml.MappingNode}
		put(data, "data_class", text(r.Data.Class))
		if r.Data.Path != "" {
			put(data, "data_path", text(r.Data.Path))
		}
		if r.Data.Parameters.Kind != 0 {
			p := r.Data.Parameters
			put(data, "data_parameters", &p)
		}
		put(all, "data_configs", data)
	}
	for _, part := range []struct {
		key string
		obj any
	}{{"model_configs", r.Model}, {"learner_configs", r.Learner}} {
		if part.obj == nil {
			continue
		}
		n, err := Encode(part.obj)
		if err != nil {
			return nil, err
		}
		put(all, part.key, n)
	}
	if err := r.encodeMetrics(all); err != nil {
		return nil, err
	}
	if r.Output != nil {
		put(all, "output_configs", r.Output.encode())
	}
	doc := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	put(doc, keyConfigurations, all)
	return doc, nil
}

// encodeMetrics writes one metric as itself and several as a list.
//
// Both forms are read back to the same list; the shorter one is how people write it.
func (r *Run) encodeMetrics(all *yaml.Node) error {
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for _, m := range r.Metrics {
		n, err := Encode(m)
		if err != nil {
			return err
		}
		list.Content = append(list.Content, n)
	}
	switch len(list.Content) {
	case 0:
	case 1:
		put(all, "metric_configs", list.Content[0])
	default:
		put(all, "metric_configs", list)
	}
	return nil
}
