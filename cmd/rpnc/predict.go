package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"rpnc/models"
	"rpnc/models/data"
)

// Rows stream through: a batch is read, scaled as the training's rows were, run, and written before the
// next is read, so that memory does not grow with the file. The last batch is smaller; the model
// compiles a second program for it, over the same store of parameters. Rows do
// not meet in inference, so results do not depend on -batch.

var predictCommand = command{
	name: "predict",
	args: "FILE.csv or FILE.jsonl",
	does: "apply a checkpoint to the rows of a file",
	details: "CSV holds the features in the order of the training, or under a header with their names, others among them. JSONL has a row a\n" +
		"line: an array of numbers, or an object with the names as keys. - is the standard input. The output is the class and the\n" +
		"probability of every class, or the numbers that the model gives. Files of any length pass through in batches.",
	example: "rpnc predict -m iris.safetensors -o classes.jsonl flowers.csv",
	flags: func(fs *flag.FlagSet) func(*call) error {
		p := &prediction{}
		p.machine.register(fs)
		fs.StringVar(&p.model, "m", "", "the checkpoint")
		fs.StringVar(&p.skip, "skip", "", "columns of a CSV file to leave out, by name or by number from 1, separated by commas")
		fs.StringVar(&p.from, "from", "", "csv or jsonl: what is read (default: what the name of the file says, csv of the standard input)")
		fs.StringVar(&p.output, "o", "", "write to this file, JSONL if its name ends in .jsonl or .json, else CSV (default: the standard output)")
		fs.IntVar(&p.batch, "batch", 256, "rows at a time; results do not depend on it")
		fs.BoolVar(&p.json, "json", false, "print a line of JSON a row")
		return p.run
	},
}

// prediction is what the flags say.
//
// from is settled by the name of the input where the flag is left out, json by the name of the output.
type prediction struct {
	machine
	model, skip  string
	from, output string
	batch        int
	json         bool
}

// run checks the flags, opens the checkpoint, and streams the file to the output. An output file
// appears under its name only when it is whole.
func (p *prediction) run(c *call) error {
	if len(c.args) != 1 {
		return usagef("%d files; want one, or - for the standard input", len(c.args))
	}
	if p.batch < 1 {
		return usagef("-batch %d; want 1 or more", p.batch)
	}
	if p.from == "" {
		if p.from = "csv"; isJSONL(c.args[0]) {
			p.from = "jsonl"
		}
	}
	if p.from != "csv" && p.from != "jsonl" {
		return usagef("-from %q is unknown; want csv or jsonl", p.from)
	}
	p.json = p.json || isJSONL(p.output)
	o, err := p.machine.options(c.stderr, 0)
	if err != nil {
		return err
	}
	m, _, prep, err := openPrepared(p.model, o)
	if err != nil {
		return err
	}
	defer m.Close()
	if p.output == "" {
		return p.through(c, c.stdout, m, prep)
	}
	return writeFile(p.output, func(w io.Writer) error { return p.through(c, w, m, prep) })
}

// isJSONL says whether a file holds a JSON value a line, by its name.
func isJSONL(file string) bool {
	switch strings.ToLower(filepath.Ext(file)) {
	case ".jsonl", ".ndjson", ".json":
		return true
	}
	return false
}

// through reads rows batch by batch, applies the model and writes a line a row: never more than a batch is in memory.
//
// A model along a graph gets all nodes in one batch, whatever -batch says.
func (p *prediction) through(c *call, to io.Writer, m *models.Model, prep prepared) error {
	if prep.Together > 0 {
		p.batch = prep.Together
	}
	out := &answers{Writer: bufio.NewWriter(to), json: p.json, classes: prep.Classes}
	each := func(d *data.Dataset) error { return out.batch(c, m, d, prep) }
	var err error
	file, opts := c.args[0], &data.CSVOptions{Kind: data.Unlabelled, Skip: columns(p.skip), Features: prep.Columns}
	switch {
	case p.from == "jsonl":
		err = eachJSONL(file, c.stdin, p.batch, prep.Columns, each)
	case file == "-":
		err = data.ReadEachCSV(c.stdin, "standard input", p.batch, opts, each)
	default:
		err = data.EachCSV(file, p.batch, opts, each)
	}
	if err != nil {
		return err
	}
	return out.Flush()
}

// answers are the lines of the output.
type answers struct {
	*bufio.Writer
	json    bool
	classes []string
	rows    int // so far
}

// batch applies the model to a batch and writes its lines.
//
// Columns are checked here once for each batch rather than by the model, since only here is it known
// what the file is called and what helps.
//
// The first batch writes the header and nothing before it, so that a file that cannot be read leaves
// the output empty.
func (a *answers) batch(ctx context.Context, m *models.Model, d *data.Dataset, prep prepared) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	in, out := m.Dims()
	if d.Cols != in {
		return fmt.Errorf("%s has %d columns, the model takes %d; -skip leaves columns out", d.Name, d.Cols, in)
	}
	if prep.Together > 0 && (d.Rows != prep.Together || a.rows > 0) {
		return rowsTogether(d.Name, a.rows+d.Rows, prep.Together)
	}
	d, err := prep.apply(d)
	if err != nil {
		return err
	}
	y, err := m.Predict(d.X)
	if err != nil {
		return err
	}
	if a.rows == 0 && !a.json {
		fmt.Fprintln(a, strings.Join(header(a.classes, out), ","))
	}
	for i := range d.Rows {
		a.rows++
		if err := a.row(y[i*out : (i+1)*out]); err != nil {
			return err
		}
	}
	return nil
}

// header names the columns of the output.
func header(classes []string, out int) (names []string) {
	if classes != nil {
		names = []string{"class"}
	}
	for i := range out {
		switch {
		case i < len(classes):
			names = append(names, "p_"+classes[i])
		default:
			names = append(names, "y"+strconv.Itoa(i+1))
		}
	}
	return names
}

// row writes the results of one row.
//
// Of a model with classes the logits become probabilities; a place beyond the named classes is shown by
// its number. Numbers of CSV have six digits, those of JSON all.
func (a *answers) row(y []float64) error {
	line := struct {
		Row   int       `json:"row"`
		Class string    `json:"class,omitempty"`
		P     []float64 `json:"p,omitempty"`
		Y     []float64 `json:"y,omitempty"`
	}{Row: a.rows, Y: y}
	if a.classes != nil {
		var best int
		line.P, best = softmax(y)
		line.Y, line.Class = nil, strconv.Itoa(best)
		if best < len(a.classes) {
			line.Class = a.classes[best]
		}
	}
	if a.json {
		return json.NewEncoder(a).Encode(line)
	}
	var cells []string
	if a.classes != nil {
		cells = []string{quote(line.Class)}
	}
	for _, v := range append(line.P, line.Y...) {
		cells = append(cells, strconv.FormatFloat(v, 'g', 6, 64))
	}
	_, err := fmt.Fprintln(a, strings.Join(cells, ","))
	return err
}

// quote makes a cell of CSV of a name.
func quote(name string) string {
	if strings.ContainsAny(name, ",\"\n\r") {
		return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	}
	return name
}

// softmax is the probabilities of logits, and the place of the largest.
//
// The largest logit is subtracted first, so that no exponential overflows; of equal ones the first is
// taken.
func softmax(y []float64) (p []float64, best int) {
	for i, v := range y {
		if v > y[best] {
			best = i
		}
	}
	p, sum := make([]float64, len(y)), 0.0
	for i, v := range y {
		p[i] = math.Exp(v - y[best])
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p, best
}
