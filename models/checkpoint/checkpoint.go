package checkpoint

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"rpnc/graph"
	"rpnc/models"
	"rpnc/models/config"
	"rpnc/rpnops"
)

// What a checkpoint of a model is: all tensors of its store (parameters, statistics, frozen draws, and
// what an optimizer keeps), its configuration as text, its seed, and strings of the caller's. Reading
// one into a model is all or nothing: names and types are compared first, and the model is changed only
// when nothing can fail.

// Of is a copy of all that the store of m holds, with meta and, as further metadata, the configuration of the model
// (config, where its spec is of a registered class) and its seed (seed).
func Of(m *models.Model, meta map[string]string) (*File, error) {
	f := &File{Tensors: map[string]*graph.Tensor{}, Meta: map[string]string{}}
	for k, v := range meta {
		f.Meta[k] = v
	}
	f.Meta[keySeed] = strconv.FormatUint(m.Seed(), 10)
	// A spec of the user's own has no configuration: the file serves a program that knows the spec.
	if node, err := config.Encode(m.Spec()); err == nil {
		text, err := yaml.Marshal(node)
		if err != nil {
			return nil, fmt.Errorf("checkpoint.Of: %w", err)
		}
		f.Meta[keyConfig] = string(text)
	}
	for _, name := range m.Store().Names() {
		f.Tensors[name] = m.Store().Get(name)
	}
	return f, nil
}

// Save writes m to a file, in one step: whoever reads path, or finds it after a crash, sees the whole old file or the
// whole new one. meta are further strings to keep, the epoch for instance. What a writer of the same path that was
// killed has left beside it, a hidden file with .tmp- and a number behind the name, is removed once it is old.
func Save(path string, m *models.Model, meta map[string]string) error {
	f, err := Of(m, meta)
	if err != nil {
		return err
	}
	return f.Save(path)
}

// Save writes f to a file, in one step as [Save] does.
func (f *File) Save(path string) error {
	data, err := f.Encode()
	if err != nil {
		return err
	}
	if err := replace(path, data); err != nil {
		return fmt.Errorf("checkpoint.Save: %w", err)
	}
	return nil
}

// Load reads a file (see [Decode]).
func Load(path string) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("checkpoint.Load: %w; want the path of a readable safetensors file", err)
	}
	defer file.Close()
	data, err := io.ReadAll(file)
	if err != nil {
		return nil, fmt.Errorf("checkpoint.Load: %w", err)
	}
	f, err := Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// LoadInto reads a file and puts its tensors into m (see [File.Into]); it answers with the metadata.
func LoadInto(path string, m *models.Model) (meta map[string]string, err error) {
	f, err := Load(path)
	if err != nil {
		return nil, err
	}
	if err := f.Into(m); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f.Meta, nil
}

// Spec is the description of the model that was saved. Errors: f has none, or one that names no registered class.
//
// The class is looked up by its name, so a program that registers classes of its own reads its own
// models.
func (f *File) Spec() (models.Spec, error) {
	text, ok := f.Meta[keyConfig]
	if !ok {
		return nil, errors.New("checkpoint.File.Spec: the metadata have no config; make the model in code and use Into")
	}
	node, err := config.Parse("config of the checkpoint", []byte(text))
	if err != nil {
		return nil, err
	}
	obj, err := config.Object(node)
	if err != nil {
		return nil, err
	}
	spec, ok := obj.(models.Spec)
	if !ok {
		return nil, fmt.Errorf("checkpoint.File.Spec: config describes a %T; want a head, layer or model", obj)
	}
	return spec, nil
}

// Seed is the seed of the model that was saved.
func (f *File) Seed() (uint64, error) {
	seed, err := strconv.ParseUint(f.Meta[keySeed], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("checkpoint.File.Seed: %w", err)
	}
	return seed, nil
}

// training says whether a tensor exists only since a model is trained: the step, and what the optimizer keeps.
func training(name string) bool {
	return name == rpnops.StepName || strings.HasPrefix(name, rpnops.OptimizerPrefix)
}

// Into puts the tensors of f into the store of m. Names, shapes and element types must agree, but what training adds
// may be in f alone: a fresh model goes on where f stopped. Otherwise the error names, a line each, what is missing,
// what is extra and what is of another type, and m is as before.
//
// Tensors that training adds are accepted without a counterpart: the program of the training step makes
// its own on the first step, and finds these instead.
func (f *File) Into(m *models.Model) error {
	st := m.Store()
	var missing, extra, other []string
	for _, name := range st.Names() {
		have, t := st.Get(name).Type, f.Tensors[name]
		switch {
		case t == nil:
			missing = append(missing, name)
		case t.Type != have:
			other = append(other, fmt.Sprintf("%s is %v in the file, %v in the model", name, t.Type, have))
		}
	}
	for name := range f.Tensors {
		if st.Get(name) == nil && !training(name) {
			extra = append(extra, name)
		}
	}
	// Only now, when nothing can go wrong any more, the model changes.
	if err := mismatch(missing, extra, other); err != nil {
		return err
	}
	for name, t := range f.Tensors {
		if err := st.Set(name, t); err != nil {
			return fmt.Errorf("checkpoint.File.Into: %w", err)
		}
	}
	return nil
}

// mismatch is one error of at most three lines; nil where all agrees.
func mismatch(missing, extra, other []string) error {
	var lines []string
	for _, l := range []struct {
		what string
		list []string
	}{{"missing in the file", missing}, {"not in the model", extra}, {"of another type", other}} {
		if len(l.list) > 0 {
			sort.Strings(l.list)
			lines = append(lines, fmt.Sprintf("checkpoint.File.Into: %s: %s", l.what, some(l.list)))
		}
	}
	if lines == nil {
		return nil
	}
	return errors.New(strings.Join(lines, "\n"))
}

// some are the first few of a list.
func some(list []string) string {
	const most = 4
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}
