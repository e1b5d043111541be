package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/models"
	"rpnc/models/optim"
	"rpnc/models/train"
)

// The views are those that the compiler offers to anyone: Text and DOT of a graph, the numbered dumps
// that a compilation leaves in a folder, and Explain of a program. This command chooses a model and
// data of the right shape, compiles once into a folder of its own, and prints what is asked for. Data
// are read for their shape and classes only; nothing is trained.

var graphCommand = command{
	name: "graph",
	does: "show the graph of a model and what the compiler makes of it",
	details: "Without other flags the graph is shown as the model builds it. -dot and -json write it after all passes, as -html does\n" +
		"in its last column. The JSON is {title, nodes, results, updates}; a node is {id, op, leaf, types, shapes, in, site}, operands first.",
	example: "rpnc graph -model mlp -data iris -rows 16 -train -stats",
	flags: func(fs *flag.FlagSet) func(*call) error {
		v := &view{}
		v.source.register(fs)
		v.machine.register(fs)
		fs.StringVar(&v.model, "model", "", modelFlag)
		fs.IntVar(&v.rows, "rows", 64, "rows of a batch")
		fs.BoolVar(&v.train, "train", false, "a training step: gradients and the updates of AdamW too")
		fs.BoolVar(&v.passes, "passes", false, "the graph before and after every pass of the compiler")
		fs.BoolVar(&v.stats, "stats", false, "the program: what every pass did, and the kernels in order")
		fs.BoolVar(&v.dot, "dot", false, "write the graph, after all passes, for Graphviz")
		fs.BoolVar(&v.json, "json", false, "write the graph, after all passes, as a JSON object")
		fs.BoolVar(&v.html, "html", false, "write one HTML page with a column a pass")
		return v.run
	},
}

// view is what the flags say.
type view struct {
	source
	machine
	model                           string
	rows                            int
	train, passes, stats, dot, html bool
	json                            bool
}

// run builds the model and shows its graph; with any other flag it compiles a program and shows that.
func (v *view) run(c *call) error {
	if err := c.noArgs(); err != nil {
		return err
	}
	if v.rows < 1 {
		return usagef("-rows %d; want 1 or more", v.rows)
	}
	dir, err := os.MkdirTemp("", "rpnc-graph-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	m, loss, err := v.make(c, dir)
	if err != nil {
		return err
	}
	defer m.Close()
	if !v.passes && !v.stats && !v.dot && !v.html && !v.json {
		g, _, y, err := m.Graph(v.rows, v.train)
		if err != nil {
			return err
		}
		return g.Text(c.stdout, y)
	}
	p, err := v.program(m, loss)
	if err != nil {
		return err
	}
	defer p.Close()
	return v.show(c, p, dir)
}

// make builds the model. Compiling one of its programs leaves the graph before and after every pass in dir.
func (v *view) make(c *call, dir string) (*models.Model, train.Loss, error) {
	o, err := v.machine.options(c.stderr, 1)
	if err != nil {
		return nil, nil, err
	}
	if v.passes || v.html {
		o.Compile.Dump = dir
	}
	o.Rows = v.rows
	d, err := v.source.load(nil)
	if err != nil {
		return nil, nil, err
	}
	pick, err := choose(v.model, d)
	if err != nil {
		return nil, nil, err
	}
	o.Paths = true
	m, err := models.New(pick.spec, o)
	return m, prepared{Classes: d.Classes}.loss(), err
}

// program is the training step with AdamW, or the forward of a batch. Compiling it leaves the dumps.
func (v *view) program(m *models.Model, loss train.Loss) (*compile.Program, error) {
	if v.train {
		return train.Program(m, v.rows, loss, optim.AdamW{})
	}
	g, _, y, err := m.Graph(v.rows, false)
	if err != nil {
		return nil, err
	}
	return compile.Forward(g, m.Store(), m.CompileOptions(), y)
}

// show prints one view; -passes and -stats go together, all others exclude what comes after them.
func (v *view) show(c *call, p *compile.Program, dir string) error {
	g, roots := p.Graph()
	title := fmt.Sprintf("%s, %d rows", or(v.model, "model"), v.rows)
	switch {
	case v.html:
		cols, err := dumps(dir)
		if err != nil {
			return err
		}
		return graph.HTML(c.stdout, title, cols)
	case v.json:
		return writeGraph(c.stdout, title, g, roots...)
	case v.dot:
		return g.DOT(c.stdout, title, roots...)
	case v.passes:
		cols, err := dumps(dir)
		if err != nil {
			return err
		}
		for _, col := range cols {
			fmt.Fprintf(c.stdout, "== %s\n%s", col.Name, col.Text)
		}
	}
	if v.stats {
		return p.Explain(c.stdout)
	}
	return nil
}

// dumps reads the texts that the compiler left in dir, in order.
func dumps(dir string) (cols []graph.Column, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txt")) // by name: they are numbered
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		cols = append(cols, graph.Column{Name: strings.TrimSuffix(filepath.Base(file), ".txt"), Text: string(text)})
	}
	return cols, nil
}
