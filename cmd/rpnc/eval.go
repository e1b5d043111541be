package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"

	"rpnc/models/data"
	"rpnc/models/train"
)

var evalCommand = command{
	name:    "eval",
	does:    "measure a checkpoint on data",
	example: "rpnc eval -m iris.safetensors -data iris",
	flags: func(fs *flag.FlagSet) func(*call) error {
		e := &evaluation{}
		e.source.register(fs)
		e.machine.register(fs)
		fs.StringVar(&e.model, "m", "", "the checkpoint")
		fs.StringVar(&e.part, "part", "", "rows: test (every fifth, which rpnc train held out), train or all (default: all of a file, test of other data)")
		fs.BoolVar(&e.json, "json", false, "print a JSON object")
		return e.run
	},
}

// evaluation is what the flags say.
type evaluation struct {
	source
	machine
	model, part string
	json        bool
}

func (e *evaluation) run(c *call) error {
	if err := c.noArgs(); err != nil {
		return err
	}
	o, err := e.machine.options(c.stderr, 0)
	if err != nil {
		return err
	}
	m, p, err := openPrepared(e.model, o)
	if err != nil {
		return err
	}
	defer m.Close()
	if e.isFile() {
		e.regression = p.Classes == nil
	}
	d, err := e.source.load(p.Classes)
	if err == nil {
		d, err = e.rows(d)
	}
	if err != nil {
		return err
	}
	if d, err = p.apply(d); err != nil {
		return err
	}
	s, err := train.Evaluate(m, d, train.Evaluation{Loss: p.loss()})
	if err != nil {
		return err
	}
	metric := train.DefaultMetric(p.loss()).String()
	if e.json {
		return printJSON(c.stdout, map[string]any{"rows": d.Rows, "loss": s.Loss, metric: s.Metric})
	}
	_, err = fmt.Fprintf(c.stdout, "%s, %d rows: loss %.4g, %s %s\n", d.Name, d.Rows, s.Loss, metric, percent(metric, s.Metric))
	return err
}

// rows picks the part of the data that is asked for.
func (e *evaluation) rows(d *data.Dataset) (*data.Dataset, error) {
	part := e.part
	if part == "" {
		if part = "test"; e.isFile() {
			part = "all"
		}
	}
	first, held, err := d.Split(isTest)
	if err != nil {
		return nil, err
	}
	switch part {
	case "all":
		return d, nil
	case "train":
		return first, nil
	case "test":
		return held, nil
	}
	return nil, usagef("-part %q is unknown; want test, train or all", part)
}

// printJSON writes v on one line.
func printJSON(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) }
