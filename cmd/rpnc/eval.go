package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"rpnc/models/data"
	"rpnc/models/metric"
	"rpnc/models/train"
)

// What is measured must be what training held out. Checkpoints keep the scaling, the classes and their
// order, and the configuration if there was one; data are read and scaled by those, never by statistics
// of their own. Which rows count is found out again in the same way as in training: the part of the set
// that its files call test, or every fifth row. Nodes of a graph are all needed to compute any of them,
// so a graph goes through whole and rows say which count.

var evalCommand = command{
	name: "eval",
	does: "measure a checkpoint on data",
	details: "Of classes the confusion matrix is shown too: how often each was taken for which. A checkpoint of a training by\n" +
		"-config knows its data, its loss and its metrics; of files of the data, -data says where they are.",
	example: "rpnc eval -m iris.safetensors -data iris -metric accuracy,f1_macro",
	flags: func(fs *flag.FlagSet) func(*call) error {
		e := &evaluation{flags: fs}
		e.source.register(fs)
		e.machine.register(fs)
		fs.StringVar(&e.model, "m", "", "the checkpoint")
		fs.StringVar(&e.part, "part", "", "rows: test (every fifth, which rpnc train held out), train or all (default: all of a CSV file, test of other data)")
		fs.StringVar(&e.metrics, "metric", "", "what to measure, separated by commas: "+metricNames+" (default: accuracy of classes, mae of numbers)")
		fs.BoolVar(&e.json, "json", false, "print a JSON object")
		return e.run
	},
}

// evaluation is what the flags say.
//
// source and machine are embedded for their flags.
type evaluation struct {
	source
	machine
	flags       *flag.FlagSet
	model, part string
	metrics     string
	json        bool
	plan        *plan // that the training followed; nil: none
}

// run opens the checkpoint, reads the data as the training did, measures and prints.
func (e *evaluation) run(c *call) error {
	if err := c.noArgs(); err != nil {
		return err
	}
	o, err := e.machine.options(c.stderr, 0)
	if err != nil {
		return err
	}
	m, meta, p, err := openPrepared(e.model, o)
	if err != nil {
		return err
	}
	defer m.Close()
	if e.plan, err = planOf(meta, e.model); err != nil {
		return err
	}
	ask, err := e.ask(meta, p)
	if err != nil {
		return err
	}
	d, rows, err := e.data(p)
	if err != nil {
		return err
	}
	if p.Together > 0 && d.Rows != p.Together {
		return rowsTogether(d.Name, d.Rows, p.Together)
	}
	ask.Rows, ask.Chunk = rows, p.Together
	s, err := train.Evaluate(m, d, ask)
	if err != nil {
		return err
	}
	return e.show(c.stdout, d, ask, s)
}

// ask is what to measure: what the flags say, or what the training did.
//
// The loss of a configuration's learner comes before that of the settings: it may have parameters that
// the name of a loss does not say.
func (e *evaluation) ask(meta map[string]string, p prepared) (ask train.Evaluation, err error) {
	var s settings
	if err := readMeta(meta, trainKey, &s); err != nil {
		return ask, fmt.Errorf("%s: %w", e.model, err)
	}
	if ask.Loss, err = s.loss(p); err != nil {
		return ask, err
	}
	if l := e.plan.learner(); l != nil {
		ask.Loss = l.Loss
	}
	ask.Metric, ask.Also, err = measures(e.metrics, e.plan, ask.Loss)
	return ask, err
}

// data reads the part of the data that is asked for, prepared as that of the training; rows are those that count, nil: all.
//
// In this order: the data set of the configuration, unless -data names other data; the graph of a
// folder; rows of a file or a built-in set. The classes of a file are numbered as those of the
// training, whatever order they have in the file, and targets are numbers where the model has no
// classes.
func (e *evaluation) data(p prepared) (d *data.Dataset, rows []int, err error) {
	if e.part == "" {
		if e.part = "test"; e.isFile() && !e.isFolder() {
			e.part = "all"
		}
	}
	if !slices.Contains([]string{"train", "test", "all"}, e.part) {
		return nil, nil, usagef("-part %q is unknown; want test, train or all", e.part)
	}
	if e.plan != nil && e.plan.Data.Class != "" {
		parts, err := e.planned()
		if parts != nil || err != nil {
			return e.pick(parts, err)
		}
	}
	if p.Together > 0 {
		g, err := e.source.nodes()
		if err == nil && g != nil {
			return e.pick(&data.Parts{Train: &g.Dataset, Test: &g.Dataset, Graph: g}, nil)
		} else if err != nil {
			return nil, nil, err
		}
	}
	if e.isFile() {
		e.regression = p.Classes == nil
	}
	if d, err = e.rows(p.Classes); err == nil {
		d, err = p.apply(d)
	}
	return d, nil, err
}

// planned is the data of the plan, nil where the command line names other data.
//
// A configuration's data set that is read from files takes -data as their place; one that is computed
// or built in has no files, and -data means other data then.
func (e *evaluation) planned() (*data.Parts, error) {
	if !given(e.flags, "data") {
		return e.plan.load("")
	}
	if entry, ok := data.Lookup(e.plan.Data.Class); ok && entry.Files != "" {
		return e.plan.load(e.name)
	}
	return nil, nil
}

// pick takes the part that is asked for out of data in two parts, or of the nodes of a graph.
//
// A graph has one set of nodes, which both parts share; what differs is the rows that count, nil for
// all.
func (e *evaluation) pick(p *data.Parts, err error) (*data.Dataset, []int, error) {
	switch {
	case err != nil:
		return nil, nil, err
	case p.Graph != nil && e.part == "all":
		return p.Train, nil, nil
	case p.Graph != nil:
		rows, held := counted(p.Graph)
		if e.part == "train" {
			return p.Train, rows, nil
		}
		return p.Train, held, nil
	case e.part == "all":
		return nil, nil, usagef("-part all: the parts of %s stay apart; want test or train", e.plan.Data.Class)
	case e.part == "train":
		return p.Train, nil, nil
	}
	return p.Test, nil, nil
}

// rows reads the part of rows that belong to no plan.
func (e *evaluation) rows(classes []string) (*data.Dataset, error) {
	_, graph := e.source.graphSet()
	switch {
	case e.part == "all" && e.isFolder() && !graph:
		return nil, usagef("-part all: the parts of a folder stay apart; want test or train")
	case e.part == "all":
		return e.source.load(classes)
	}
	rows, held, err := e.source.parts(classes)
	if e.part == "train" {
		return rows, err
	}
	return held, err
}

// mostShown bounds the classes of a confusion matrix for people.
const mostShown = 20

// show prints what has been measured.
//
// JSON has every metric under its own name beside rows and loss. The confusion matrix is left out for
// people where it would be wider than a screen.
func (e *evaluation) show(w io.Writer, d *data.Dataset, ask train.Evaluation, s train.Score) error {
	n := len(s.Table.Scores) / s.Table.Cols
	c := confusion(d, s.Table)
	if e.json {
		out := map[string]any{"rows": n, "loss": s.Loss}
		for name, v := range s.Metrics {
			out[name] = v
		}
		if c != nil {
			out["classes"] = d.Classes
			out["confusion"] = slices.Collect(slices.Chunk(c.Count, c.Classes))
		}
		return printJSON(w, out)
	}
	fmt.Fprintf(w, "%s, %d rows: loss %.4g", d.Name, n, s.Loss)
	for _, m := range append([]metric.Metric{ask.Metric}, ask.Also...) {
		fmt.Fprintf(w, ", %s %s", m, percent(m.String(), s.Metrics[m.String()]))
	}
	_, err := fmt.Fprintln(w)
	if c == nil || c.Classes > mostShown || err != nil {
		return err
	}
	return showConfusion(w, d.Classes, c)
}

// confusion counts which class was taken for which; nil where the rows have no classes.
//
// Entry (k, p) counts rows of class k taken for p. A table without labels, or of targets that are
// several numbers, has none.
func confusion(d *data.Dataset, t metric.Table) *metric.Confusion {
	if t.Labels == nil || t.Cols < len(d.Classes) {
		return nil
	}
	pred, labels, err := t.Classes()
	if err != nil {
		return nil
	}
	// A model may give more columns than there are classes: what is taken for one of those is counted there.
	c, err := metric.ConfusionMatrix(pred, labels, t.Cols)
	if err != nil {
		return nil
	}
	return c
}

// showConfusion prints a line for each class and a column for each that it was taken for.
func showConfusion(w io.Writer, classes []string, c *metric.Confusion) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	name := func(k int) string {
		if k < len(classes) {
			return classes[k]
		}
		return fmt.Sprint(k)
	}
	fmt.Fprint(t, "is \\ taken for\t")
	for p := range c.Classes {
		fmt.Fprintf(t, "%s\t", name(p))
	}
	for k := range c.Classes {
		fmt.Fprintf(t, "\n%s\t", name(k))
		for p := range c.Classes {
			fmt.Fprintf(t, "%d\t", c.At(k, p))
		}
	}
	fmt.Fprintln(t)
	return t.Flush()
}

// printJSON writes v on one line.
func printJSON(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) }
