package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"rpnc/models"
	"rpnc/models/checkpoint"
	"rpnc/models/data"
	"rpnc/models/optim"
	"rpnc/models/train"
)

var trainCommand = command{
	name: "train",
	does: "train a model; without flags, a convolutional network on handwritten digits",
	details: "Every fifth row is held out for the test; a folder of images has a test part of its own, t10k. Rows of plain columns\n" +
		"are standardised, and the checkpoint keeps by what. Ctrl-C ends the training after the step under way and writes the\n" +
		"checkpoint; -resume goes on from it.",
	example: "rpnc train -data iris -model mlp -epochs 60 -o iris.safetensors",
	flags: func(fs *flag.FlagSet) func(*call) error {
		t := &training{flags: fs}
		t.source.register(fs)
		t.machine.register(fs)
		fs.StringVar(&t.model, "model", "", "model: cnn, mlp, rnn, transformer or FILE.yaml (default: cnn for images, mlp for other rows)")
		fs.StringVar(&t.config, "config", "", "FILE.yaml with a whole configuration: data, model, learner, metrics; -data then says where the files of the data are")
		fs.IntVar(&t.Epochs, "epochs", 0, "passes over the data (default: what suits the model)")
		fs.IntVar(&t.Batch, "batch", 0, "rows of a step (default: what suits the model)")
		fs.Float64Var(&t.LR, "lr", 0, "learning rate (default: what suits the model)")
		fs.StringVar(&t.Schedule, "schedule", "", "learning rate over the epochs: cosine, which falls to 0, or constant (default cosine)")
		fs.StringVar(&t.Optimizer, "optimizer", "", "optimizer: adamw, adam, rmsprop, adagrad or sgd with momentum 0.9 (default adamw)")
		fs.StringVar(&t.metric, "metric", "", "what to measure on the rows held out: accuracy, f1_macro, top_5, mse, r2, … (default: accuracy of classes, mae of numbers)")
		fs.IntVar(&t.keep, "keep", 0, "keep the checkpoints of so many last epochs beside -o")
		fs.Uint64Var(&t.seed, "seed", 1, "seed of initial values, order of rows and dropout")
		fs.StringVar(&t.output, "o", "", "write the checkpoint to this file")
		fs.StringVar(&t.resume, "resume", "", "go on from this checkpoint")
		fs.StringVar(&t.log, "log", "", "write a line of JSON an epoch to this file")
		fs.BoolVar(&t.json, "json", false, "print only one JSON object with the result")
		return t.run
	},
}

// settings are those flags that a checkpoint keeps, so that -resume goes on alike, and how far the training was.
type settings struct {
	Epochs    int            `json:"epochs"`
	Batch     int            `json:"batch"`
	LR        float64        `json:"lr"`
	Optimizer string         `json:"optimizer"`
	Schedule  string         `json:"schedule"`
	At        train.Position `json:"at"`
}

// or fills in from d what is left out.
func (s settings) or(d settings) settings {
	return settings{or(s.Epochs, d.Epochs), or(s.Batch, d.Batch), or(s.LR, d.LR), or(s.Optimizer, d.Optimizer), or(s.Schedule, d.Schedule), d.At}
}

// training is what the flags say and what is made of it.
type training struct {
	source
	machine
	settings
	flags               *flag.FlagSet
	model, config       string
	metric              string
	seed                uint64
	output, resume, log string
	keep                int
	json                bool

	plan                *plan // the whole configuration, if there is one
	trainRows, testRows []int // where the rows belong together: those that count

	out        io.Writer // of what a person reads
	prepared   prepared
	net        *models.Model
	rows, held *data.Dataset
}

func (t *training) run(c *call) (err error) {
	if err := c.noArgs(); err != nil {
		return err
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
	fmt.Fprintf(t.out, "%s\n%s: %d rows to train on, %d held out; %d epochs of batches of %d, %s, learning rate %g\n",
		t.net.Summary(), t.rows.Name, t.rows.Rows, t.held.Rows, t.Epochs, t.Batch, t.Optimizer, t.LR)
	began := time.Now()
	history, err := trainer.Fit(c, t.net, t.rows, t.held)
	if err != nil && !errors.Is(err, c.Err()) {
		return err
	}
	return t.finish(c, history, time.Since(began), err)
}

// setUp loads the data and makes the model.
func (t *training) setUp() error {
	if t.Epochs < 0 || t.Batch < 0 || t.LR < 0 || t.keep < 0 {
		return usagef("-epochs %d, -batch %d, -lr %g, -keep %d; want none below 0", t.Epochs, t.Batch, t.LR, t.keep)
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
func (t *training) pick(d *data.Dataset, o *models.Options) error {
	if t.resume != "" {
		return t.goOn(o)
	}
	pick, err := t.choose(d)
	if err != nil {
		return err
	}
	t.settings = t.settings.or(settings{pick.epochs, pick.batch, pick.lr, "adamw", "cosine", train.Position{}})
	if t.Batch = min(t.Batch, t.rows.Rows); t.trainRows != nil {
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
	t.settings = t.settings.or(before)
	return nil
}

// trainer is the training that the flags describe.
func (t *training) trainer() (tr train.Trainer, err error) {
	tr = train.Trainer{Epochs: t.Epochs, BatchSize: t.Batch, Loss: t.prepared.loss(), Seed: t.seed, From: t.At, TrainRows: t.trainRows, TestRows: t.testRows}
	if t.output != "" {
		tr.Hooks.Checkpoint = t.save
		tr.Hooks.CheckpointEvery = 1
	}
	if l := t.plan.learner(); l != nil {
		t.obey(&tr, l)
		tr.Metric, err = t.measure(tr.Loss)
		return tr, err
	}
	if tr.Metric, err = t.measure(tr.Loss); err != nil {
		return tr, err
	}
	switch t.Optimizer {
	case "adamw":
		tr.Optimizer = optim.AdamW{LR: t.LR}
	case "adam":
		tr.Optimizer = optim.Adam{LR: t.LR}
	case "rmsprop":
		tr.Optimizer = optim.RMSProp{LR: t.LR}
	case "adagrad":
		tr.Optimizer = optim.AdaGrad{LR: t.LR}
	case "sgd":
		tr.Optimizer = optim.SGD{LR: t.LR, Momentum: 0.9}
	default:
		return tr, usagef("-optimizer %q is unknown%s", t.Optimizer, suggest(t.Optimizer, []string{"adamw", "adam", "rmsprop", "adagrad", "sgd"}))
	}
	switch t.Schedule {
	case "cosine":
		tr.Schedule = optim.Cosine{Length: t.Epochs}
	case "constant":
	default:
		return tr, usagef("-schedule %q is unknown; want cosine or constant", t.Schedule)
	}
	return tr, nil
}

// save writes the checkpoint from which training can go on at a position.
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

// result is what a training says at the end.
type result struct {
	Epochs     int     `json:"epochs"`
	Loss       float64 `json:"loss"`
	Metric     string  `json:"metric"`
	Test       float64 `json:"test"`
	TestLoss   float64 `json:"test_loss"`
	Seconds    float64 `json:"seconds"`
	Stopped    bool    `json:"stopped"`
	Checkpoint string  `json:"checkpoint,omitempty"`
}

// finish prints the curve and the result. stopped is the error of a training that was interrupted, which is no failure.
func (t *training) finish(c *call, h train.History, took time.Duration, stopped error) error {
	r := result{Metric: t.metric, Seconds: took.Seconds(), Stopped: stopped != nil, Checkpoint: t.output, Epochs: t.At.Epoch}
	if n := len(h.Epochs); n > 0 {
		last := h.Epochs[n-1]
		r.Epochs, r.Loss, r.Test, r.TestLoss = last.Number, last.Loss, last.TestMetric, last.TestLoss
	}
	if t.json {
		return printJSON(c.stdout, r)
	}
	curve(t.out, "loss", h.Epochs, func(e train.Epoch) float64 { return e.Loss })
	curve(t.out, "test "+r.Metric, h.Epochs, func(e train.Epoch) float64 { return e.TestMetric })
	if h.Best > 0 {
		fmt.Fprintf(t.out, "best epoch: %d\n", h.Best)
	}
	if stopped != nil {
		fmt.Fprintf(t.out, "stopped after %d epochs\n", r.Epochs)
	} else {
		fmt.Fprintf(t.out, "test %s %s after %d epochs in %.1f s\n", r.Metric, percent(r.Metric, r.Test), r.Epochs, r.Seconds)
	}
	if t.output != "" {
		fmt.Fprintf(t.out, "checkpoint: %s\n", t.output)
	}
	return nil
}

// percent shows an accuracy in per cent and any other measure as it is.
func percent(metric string, v float64) string {
	if metric == "accuracy" {
		return fmt.Sprintf("%.2f %%", 100*v)
	}
	return fmt.Sprintf("%.4g", v)
}

// curve draws a value over the epochs with blocks of eighths between its extremes.
func curve(w io.Writer, name string, epochs []train.Epoch, value func(train.Epoch) float64) {
	if len(epochs) < 2 {
		return
	}
	lo, hi := value(epochs[0]), value(epochs[0])
	for _, e := range epochs {
		lo, hi = min(lo, value(e)), max(hi, value(e))
	}
	var b strings.Builder
	blocks := []rune("▁▂▃▄▅▆▇█")
	for _, e := range epochs {
		at := 0
		if hi > lo {
			at = int((value(e) - lo) / (hi - lo) * float64(len(blocks)-1))
		}
		b.WriteRune(blocks[at])
	}
	fmt.Fprintf(w, "%-14s %8.4f %s %.4f\n", name, value(epochs[0]), b.String(), value(epochs[len(epochs)-1]))
}

// or is v, or d where v is zero.
func or[T comparable](v, d T) T {
	var zero T
	if v == zero {
		return d
	}
	return v
}
