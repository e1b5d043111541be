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
		fs.StringVar(&e.part, "part", "", "rows: test (every fifth, which rpnc train held out), train or all (default: all of a CSV file, test of other data)")
		fs.StringVar(&e.metric, "metric", "", "what to measure: accuracy, f1_macro, top_5, mse, r2, … (default: accuracy of classes, mae of numbers)")
		fs.BoolVar(&e.json, "json", false, "print a JSON object")
		return e.run
	},
}

// evaluation is what the flags say.
type evaluation struct {
	source
	machine
	model, part string
	metric      string
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
	d, err := e.rows(p.Classes)
	if err != nil {
		return err
	}
	if d, err = p.apply(d); err != nil {
		return err
	}
	ask := train.Evaluation{Loss: p.loss(), Metric: train.DefaultMetric(p.loss())}
	if e.metric != "" {
		if ask.Metric, err = metricNamed(e.metric); err != nil {
			return err
		}
	}
	s, err := train.Evaluate(m, d, ask)
	if err != nil {
		return err
	}
	metric := ask.Metric.String()
	if e.json {
		return printJSON(c.stdout, map[string]any{"rows": d.Rows, "loss": s.Loss, metric: s.Metric})
	}
	_, err = fmt.Fprintf(c.stdout, "%s, %d rows: loss %.4g, %s %s\n", d.Name, d.Rows, s.Loss, metric, percent(metric, s.Metric))
	return err
}

// rows reads the part of the data that is asked for.
func (e *evaluation) rows(classes []string) (*data.Dataset, error) {
	part := e.part
	if part == "" {
		if part = "test"; e.isFile() && !e.isFolder() {
			part = "all"
		}
	}
	switch {
	case part == "all" && e.isFolder():
		return nil, usagef("-part all: the parts of a folder stay apart; want test or train")
	case part == "all":
		return e.source.load(classes)
	case part != "train" && part != "test":
		return nil, usagef("-part %q is unknown; want test, train or all", part)
	}
	rows, held, err := e.source.parts(classes)
	if part == "train" {
		return rows, err
	}
	return held, err
}

// printJSON writes v on one line.
func printJSON(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) }
