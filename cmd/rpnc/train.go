package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"rpnc/models"
	"rpnc/models/checkpoint"
	"rpnc/models/data"
	"rpnc/models/train"
)

// A setting can come from four places: the command line, a configuration, the checkpoint to go on from,
// and what suits the model. They are asked in this order by settings.or, field by field, where a zero
// means "not said"; a flag that contradicts a configuration's learner is refused instead, since the
// file is then no longer what was run.
//
// A training that ends early, by a signal or by its own patience, has written a checkpoint with the position that it had reached. -resume reads model, seed, settings and position from it and
// goes on with the same order of rows and the same dropout, so that a training in two parts gives the
// numbers of one.

var trainCommand = command{
	name: "train",
	does: "train a model; without flags, a convolutional network on handwritten digits",
	details: "Every fifth row is held out for the test; a folder of images has a test part of its own, t10k. Rows of plain columns\n" +
		"are standardised, and the checkpoint keeps by what. Ctrl-C ends the training after the step under way and writes the\n" +
		"checkpoint; -resume goes on from it. The nodes of a graph, karate or a folder with its nodes and links, are one batch,\n" +
		"and gcn, gat and what else runs along links take them from the data.",
	example: "rpnc train -data iris -model mlp -epochs 60 -o iris.safetensors",
	flags: func(fs *flag.FlagSet) func(*call) error {
		t := &training{flags: fs}
		t.source.register(fs)
		t.machine.register(fs)
		fs.StringVar(&t.model, "model", "", modelFlag)
		fs.StringVar(&t.config, "config", "", "FILE.yaml with a whole configuration: data, model, learner, metrics; -data then says where the files of the data are")
		t.settings.register(fs)
		fs.StringVar(&t.metrics, "metric", "", "what to measure on the rows held out, separated by commas: "+metricNames+" (default: accuracy of classes, mae of numbers)")
		fs.IntVar(&t.keep, "keep", 0, "keep the checkpoints of so many last epochs beside -o")
		fs.Uint64Var(&t.seed, "seed", 1, "seed of initial values, order of rows and dropout")
		fs.StringVar(&t.output, "o", "", "write the checkpoint to this file")
		fs.StringVar(&t.resume, "resume", "", "go on from this checkpoint")
		fs.StringVar(&t.log, "log", "", "write a line of JSON an epoch to this file; rpnc plot draws it")
		fs.BoolVar(&t.json, "json", false, "print only one JSON object with the result")
		return t.run
	},
}

// training is what the flags say and what is made of it.
type training struct {
	source
	machine
	settings
	flags               *flag.FlagSet
	model, config       string
	metrics             string
	seed                uint64
	output, resume, log string
	keep                int
	json                bool

	plan                *plan       // the whole configuration, if there is one
	before              prepared    // of the checkpoint to go on from
	graph               *data.Graph // whose nodes the rows are, where a model sees them all at once
	trainRows, testRows []int       // of a graph: those that count
	records             *records    // of a configuration that asks for output; nil: none are kept

	out        io.Writer // of what a person reads
	prepared   prepared
	net        *models.Model
	rows, held *data.Dataset
}

// run loads data, builds the model and the trainer, trains, and prints. An interrupted training is not
// a failure: its error is the context's, and what was reached is printed as a result.
func (t *training) run(c *call) (err error) {
	if err := c.noArgs(); err != nil {
		return err
	}
	start := time.Now()
	if t.output != "" {
		// That the result has no place is to be known before it is there.
		if err := canWrite(t.output); err != nil {
			return fmt.Errorf("-o: %w", err)
		}
	}
	if t.out = c.stdout; t.json {
		t.out = io.Discard
	}
	if err := t.setUp(); err != nil {
		return err
	}
	defer t.net.Close()
	trainer, err := t.trainer()
	if err != nil {
		return err
	}
	trainer.Progress = c.stderr
	if t.log != "" {
		f, err := os.Create(t.log)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		trainer.Log = f
	}
	if t.plan != nil && t.plan.Output != nil {
		if t.records, err = newRecords(t.plan.Output.Path(), &trainer, start); err != nil {
			return err
		}
	}
	rows, held := t.rows.Rows, t.held.Rows
	if t.graph != nil {
		rows, held = len(t.trainRows), len(t.testRows)
	}
	fmt.Fprintf(t.out, "%s\n%s: %d rows to train on, %d held out; %d epochs of batches of %d, %s, learning rate %g\n",
		t.net.Summary(), t.rows.Name, rows, held, t.Epochs, t.Batch, t.Optimizer, t.LR)
	began := time.Now()
	history, err := trainer.Fit(c, t.net, t.rows, t.held)
	if err != nil && !errors.Is(err, c.Err()) {
		return err
	}
	if err := t.finish(c, trainer, history, time.Since(began), err); err != nil {
		return err
	}
	return t.write(trainer, err)
}

// write writes what a configuration wants as output; a training that was interrupted has none yet.
func (t *training) write(tr train.Trainer, stopped error) error {
	if t.records == nil || stopped != nil {
		return nil
	}
	if err := t.records.write(t.net, t.held, t.evaluation(tr)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(t.out, "output: %s\n", t.records.path)
	return err
}

// evaluation is what to measure on the rows held out.
func (t *training) evaluation(tr train.Trainer) train.Evaluation {
	return train.Evaluation{Loss: tr.Loss, Metric: tr.Metric, Also: tr.Also, Rows: t.testRows, Chunk: t.prepared.Together}
}

// setUp loads the data and makes the model.
func (t *training) setUp() error {
	if t.keep < 0 {
		return usagef("-keep %d; want 0 or more", t.keep)
	}
	if err := t.settings.check(); err != nil {
		return err
	}
	if err := t.findPlan(); err != nil {
		return err
	}
	o, err := t.machine.options(t.out, t.seed)
	if err != nil {
		return err
	}
	if t.plan != nil && t.plan.Data.Class != "" {
		if err := t.loadPlan(); err != nil {
			return err
		}
		return t.pick(t.rows, o)
	}
	if graph, err := t.loadGraph(); graph || err != nil {
		if err != nil {
			return err
		}
		return t.pick(t.rows, o)
	}
	if t.rows, t.held, err = t.source.parts(nil); err != nil {
		return err
	}
	if t.rows.Rows == 0 || t.held.Rows == 0 {
		return fmt.Errorf("%s has %d rows, of which every fifth is held out; want 5 or more", t.rows.Name, t.rows.Rows+t.held.Rows)
	}
	if t.prepared, err = prepare(t.rows, t.source.name == "karate"); err != nil {
		return err
	}
	if err := t.pick(t.rows, o); err != nil {
		return err
	}
	if t.rows, err = t.prepared.apply(t.rows); err != nil {
		return err
	}
	t.held, err = t.prepared.apply(t.held)
	return err
}

// pick makes the model, a fresh one or that of the checkpoint to go on from, and settles the settings.
//
// L-BFGS takes all rows at once with a rate of 1 and no schedule, unless told otherwise; batches of a
// size above the number of rows are cut to it.
func (t *training) pick(d *data.Dataset, o *models.Options) error {
	if t.resume != "" {
		return t.goOn(o)
	}
	pick, err := t.choose(d)
	if err != nil {
		return err
	}
	if t.graph != nil {
		pick.spec, _ = models.OnGraph(pick.spec, topology(t.graph))
	}
	usual := settings{Epochs: pick.epochs, Batch: pick.batch, LR: pick.lr, Optimizer: "adamw", Schedule: "cosine"}
	if t.Optimizer == lbfgs {
		usual.Batch, usual.LR, usual.Schedule = t.rows.Rows, 1, "constant"
		if t.plan != nil && !t.given("batch") && t.Batch > 0 {
			// Data of a configuration always say a size of batches, if only by default.
			fmt.Fprintf(t.out, "L-BFGS takes all %d rows at once, whatever the size of batches in %s (%d)\n", t.rows.Rows, t.plan.file, t.Batch)
			t.Batch = t.rows.Rows
		}
	}
	t.settings = t.settings.or(usual)
	if t.Batch = min(t.Batch, t.rows.Rows); t.graph != nil {
		t.Batch = t.rows.Rows
	}
	o.Rows = t.Batch
	o.Paths = true
	t.net, err = models.New(pick.spec, o)
	return err
}

// goOn makes the model of the checkpoint.
func (t *training) goOn(o *models.Options) error {
	if t.model != "" {
		return usagef("-resume and -model exclude each other: the checkpoint says the model")
	}
	net, meta, err := open(t.resume, o)
	if err != nil {
		return err
	}
	t.net, t.seed = net, net.Seed()
	var before settings
	if err := readMeta(meta, trainKey, &before); err != nil {
		return fmt.Errorf("%s: %w", t.resume, err)
	}
	return t.goOnFrom(before)
}

// save writes the checkpoint from which training can go on at a position.
//
// The metadata hold all that is needed to use the model without the command line that made it: scaling
// and classes, settings with position, and the configuration as text.
func (t *training) save(at train.Position) error {
	s := t.settings
	s.At = at
	meta := map[string]string{}
	for key, v := range map[string]any{prepareKey: t.prepared, trainKey: s} {
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		meta[key] = string(text)
	}
	if t.plan != nil {
		text, err := t.plan.text()
		if err != nil {
			return err
		}
		meta[runKey] = text
	}
	return checkpoint.Keeper{Path: t.output, Last: t.keep}.Save(t.net, at.Epoch, meta)
}
