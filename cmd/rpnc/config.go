package main

import (
	"errors"
	"flag"
	"fmt"
	"io"

	"gopkg.in/yaml.v3"

	"rpnc/models"
	"rpnc/models/config"
	"rpnc/models/data"
)

var configCommand = command{
	name: "config",
	args: "FILE.yaml ...",
	does: "check configurations, print them in canonical form, or explain them",
	details: "A file is a whole configuration, or a model alone. All mistakes of a file are shown, each with its line. The\n" +
		"canonical form has every parameter of every object, and is read as the same configuration.",
	example: "rpnc config -explain run.yaml",
	flags: func(fs *flag.FlagSet) func(*call) error {
		print := fs.Bool("print", false, "print the canonical form")
		explain := fs.Bool("explain", false, "say what the parts are, and build the model to count its parameters")
		return func(c *call) error { return checkConfigs(c, *print, *explain) }
	},
}

// checkConfigs reads every file and goes on after one with mistakes.
func checkConfigs(c *call, print, explain bool) error {
	if len(c.args) == 0 {
		return usagef("no file; give one or more")
	}
	var mistakes []error
	for _, file := range c.args {
		p, err := readPlan(file)
		if err == nil {
			err = p.checkData()
		}
		switch {
		case err != nil:
		case print:
			err = p.print(c.stdout)
		case explain:
			err = p.explain(c.stdout)
		default:
			_, err = fmt.Fprintf(c.stdout, "%s: right\n", file)
		}
		mistakes = append(mistakes, err)
	}
	return errors.Join(mistakes...)
}

// checkData holds the parameters of the data against the recipe of the set, without loading it.
func (p *plan) checkData() error {
	if p.Data.Class == "" {
		return nil
	}
	_, err := p.loader()
	return err
}

// print writes the canonical form.
func (p *plan) print(w io.Writer) error {
	text, err := p.text()
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	return err
}

// explain says what the parts are.
func (p *plan) explain(w io.Writer) error {
	m, err := models.New(p.Model, &models.Options{Paths: true})
	if err != nil {
		return fmt.Errorf("%s: %w", p.file, err)
	}
	defer m.Close()
	if p.Data.Class != "" {
		e, _ := data.Lookup(p.Data.Class)
		fmt.Fprintf(w, "data: %s: %s\n", e.Name, e.About)
		if e.Files != "" {
			fmt.Fprintf(w, "  wants %s\n", e.Files)
		}
	}
	fmt.Fprintf(w, "model: %s\n", m.Summary())
	if l := p.learner(); l != nil {
		fmt.Fprintf(w, "training: %d epochs\n", or(l.Epochs, 100))
		for _, part := range []struct {
			name string
			obj  any
		}{{"optimizer", l.Optimizer}, {"schedule", l.Schedule}, {"loss", l.Loss}} {
			if err := explainPart(w, part.name, part.obj); err != nil {
				return err
			}
		}
	}
	for _, x := range p.Metrics {
		fmt.Fprintf(w, "metric: %s\n", x)
	}
	return nil
}

// explainPart is a line with the class of an object and its parameters.
func explainPart(w io.Writer, name string, obj any) error {
	if obj == nil {
		return nil
	}
	n, err := config.Encode(obj)
	if err != nil {
		return err
	}
	// The values of <stem>_class and <stem>_parameters, the second on one line.
	params := n.Content[3]
	params.Style = yaml.FlowStyle
	text, err := yaml.Marshal(params)
	if err == nil {
		_, err = fmt.Fprintf(w, "  %s: %s %s", name, n.Content[1].Value, text)
	}
	return err
}
