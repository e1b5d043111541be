package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"gopkg.in/yaml.v3"

	"rpnc/models"
	"rpnc/models/config"
	"rpnc/models/data"
	"rpnc/rpnops"
)

// Checking goes as far as can be without data: the file is decoded with all its mistakes, the
// parameters of the data set are held against its loader, and the model is built, whose shapes are
// checked thereby. The canonical form is what the decoded objects encode to, so it shows defaults that
// the file leaves to the program, and a file and its canonical form mean the same.

var configCommand = command{
	name: "config",
	args: "FILE.yaml ...",
	does: "check configurations, print them in canonical form, or explain them",
	details: "A file is a whole configuration, or a model alone. All mistakes of a file are shown, each with its line. The\n" +
		"canonical form has every parameter of every object, and is read as the same configuration.",
	example: "rpnc config -explain run.yaml",
	flags: func(fs *flag.FlagSet) func(*call) error {
		print := fs.Bool("print", false, "print the canonical form")
		explain := fs.Bool("explain", false, "say what the parts are, and how many parameters the model has")
		asJSON := fs.Bool("json", false, "print a line of JSON for each file: {file, right, mistakes}")
		return func(c *call) error {
			if *asJSON {
				return verdicts(c)
			}
			return checkConfigs(c, *print, *explain)
		}
	},
}

// verdicts says of every file whether it is right, for programs. The exit status says whether all are.
//
// Mistakes are the lines of the error, each with its place in the file. The error returned beside them
// is for the exit status.
func verdicts(c *call) error {
	if len(c.args) == 0 {
		return usagef("no file; give one or more")
	}
	var wrong []string
	for _, file := range c.args {
		v := struct {
			File     string   `json:"file"`
			Right    bool     `json:"right"`
			Mistakes []string `json:"mistakes,omitempty"`
		}{File: file, Right: true}
		p, err := readPlan(file)
		if err == nil {
			err = p.check()
		}
		if err != nil {
			v.Right, v.Mistakes = false, strings.Split(err.Error(), "\n")
			wrong = append(wrong, file)
		}
		if err := printJSON(c.stdout, v); err != nil {
			return err
		}
	}
	if wrong != nil {
		return fmt.Errorf("%d of %d files have mistakes: %s", len(wrong), len(c.args), strings.Join(wrong, ", "))
	}
	return nil
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
			err = p.check()
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

// check holds the parameters of the data against the recipe of the set, without loading it, and builds the model.
//
// The files of the data need not be there: a configuration can be checked on a machine that has none
// of them. A model along their graph is left unbuilt then.
func (p *plan) check() error {
	if p.Data.Class != "" {
		if _, err := p.loader(); err != nil {
			return err
		}
	}
	spec, o, complete := p.onData()
	if !complete {
		return nil
	}
	m, err := models.New(spec, o)
	if err != nil {
		return fmt.Errorf("%s: %w", p.file, err)
	}
	return m.Close()
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
//
// The line of the summary has shapes and the number of parameters, hence the model is built and thrown
// away.
func (p *plan) explain(w io.Writer) error {
	spec, o, _ := p.onData()
	m, err := models.New(spec, o)
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
	if p.Output != nil {
		fmt.Fprintf(w, "output: %s\n", p.Output.Path())
	}
	return nil
}

// onData is the model on the graph of the data where it runs along one, and the options to build it with.
//
// It is incomplete where the graph is in files that are not there. That is no mistake of the
// configuration.
func (p *plan) onData() (spec models.Spec, o *models.Options, complete bool) {
	o = &models.Options{Paths: true}
	spec, along := models.OnGraph(p.Model, rpnops.GraphTopology{})
	if !along || p.Data.Class == "" {
		return spec, o, !along
	}
	parts, err := p.load("")
	if err != nil || parts.Graph == nil {
		return spec, o, false
	}
	spec, _ = models.OnGraph(p.Model, topology(parts.Graph))
	o.Rows = parts.Graph.Rows
	return spec, o, true
}

// explainPart is a line with the class of an object and its parameters.
//
// What config.Encode returns is a mapping of two keys in a fixed order: its contents are key, value,
// key, value.
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
