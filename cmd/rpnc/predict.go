package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"rpnc/models"
	"rpnc/models/data"
)

var predictCommand = command{
	name: "predict",
	args: "FILE.csv",
	does: "apply a checkpoint to the rows of a CSV file",
	details: "The file holds the features in the order of the training, with or without a header; - is the standard input. The\n" +
		"output is CSV: the class and the probability of every class, or the numbers that the model gives.",
	example: "rpnc predict -m iris.safetensors flowers.csv",
	flags: func(fs *flag.FlagSet) func(*call) error {
		p := &prediction{}
		p.machine.register(fs)
		fs.StringVar(&p.model, "m", "", "the checkpoint")
		fs.StringVar(&p.skip, "skip", "", "columns to leave out, by name or by number from 1, separated by commas")
		fs.BoolVar(&p.json, "json", false, "print a line of JSON a row")
		return p.run
	},
}

// prediction is what the flags say.
type prediction struct {
	machine
	model, skip string
	json        bool
}

func (p *prediction) run(c *call) error {
	if len(c.args) != 1 {
		return usagef("%d files; want one, or - for the standard input", len(c.args))
	}
	o, err := p.machine.options(c.stderr, 0)
	if err != nil {
		return err
	}
	m, _, prep, err := openPrepared(p.model, o)
	if err != nil {
		return err
	}
	defer m.Close()
	d, err := p.load(c)
	if err != nil {
		return err
	}
	if in, _ := m.Dims(); d.Cols != in {
		return fmt.Errorf("%s has %d columns, the model takes %d; -skip leaves columns out", d.Name, d.Cols, in)
	}
	if d, err = prep.apply(d); err != nil {
		return err
	}
	return p.print(c, m, d, prep.Classes)
}

// load reads a table that is features only.
func (p *prediction) load(c *call) (*data.Dataset, error) {
	o := &data.CSVOptions{Kind: data.Unlabelled, Skip: columns(p.skip)}
	if c.args[0] == "-" {
		return data.ReadCSV(c.stdin, "standard input", o)
	}
	return data.LoadCSV(c.args[0], o)
}

// chunk is how many rows go through the model at a time.
const chunk = 256

// print applies the model chunk by chunk and writes a line a row.
func (p *prediction) print(c *call, m *models.Model, d *data.Dataset, classes []string) error {
	w := bufio.NewWriter(c.stdout)
	_, out := m.Dims()
	if !p.json {
		fmt.Fprintln(w, strings.Join(header(classes, out), ","))
	}
	for lo := 0; lo < d.Rows; lo += chunk {
		if err := c.Err(); err != nil {
			return err
		}
		hi := min(d.Rows, lo+chunk)
		y, err := m.Predict(d.X[lo*d.Cols : hi*d.Cols])
		if err != nil {
			return err
		}
		for i := range hi - lo {
			if err := p.row(w, lo+i, y[i*out:(i+1)*out], classes); err != nil {
				return err
			}
		}
	}
	return w.Flush()
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
func (p *prediction) row(w io.Writer, i int, y []float64, classes []string) error {
	line := struct {
		Row   int       `json:"row"`
		Class string    `json:"class,omitempty"`
		P     []float64 `json:"p,omitempty"`
		Y     []float64 `json:"y,omitempty"`
	}{Row: i + 1, Y: y}
	if classes != nil {
		var best int
		line.P, best = softmax(y)
		line.Y, line.Class = nil, strconv.Itoa(best)
		if best < len(classes) {
			line.Class = classes[best]
		}
	}
	if p.json {
		return json.NewEncoder(w).Encode(line)
	}
	var cells []string
	if classes != nil {
		cells = []string{line.Class}
	}
	for _, v := range append(line.P, line.Y...) {
		cells = append(cells, strconv.FormatFloat(v, 'g', 6, 64))
	}
	_, err := fmt.Fprintln(w, strings.Join(cells, ","))
	return err
}

// softmax is the probabilities of logits, and the place of the largest.
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
