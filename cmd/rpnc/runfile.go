package main

import (
	"flag"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"rpnc/models/checkpoint"
	"rpnc/models/config"
	"rpnc/models/data"
	"rpnc/models/train"
)

// runKey is the key of a checkpoint's metadata that holds the whole configuration of the training, if it had one.
const runKey = "run"

// plan is a whole configuration that a training follows.
//
// A nil plan is legal and says nothing: its learner is nil.
type plan struct {
	file string // named in errors
	*config.Run
}

// readPlan reads a file of -config.
func readPlan(file string) (*plan, error) {
	r, err := config.LoadRun(file)
	if err != nil {
		return nil, err
	}
	return &plan{file, r}, nil
}

// planOf is the plan that a checkpoint holds; nil where it has none.
func planOf(meta map[string]string, file string) (*plan, error) {
	text, ok := meta[runKey]
	if !ok {
		return nil, nil
	}
	r, err := config.ParseRun("configuration in "+file, []byte(text))
	return &plan{file, r}, err
}

// text is what a checkpoint keeps of the plan.
//
// It is the canonical form, so a checkpoint does not depend on files beside the configuration.
func (p *plan) text() (string, error) {
	node, err := p.Encode()
	if err != nil {
		return "", err
	}
	text, err := yaml.Marshal(node)
	return string(text), err
}

// learner is how the plan says to train, nil where it does not.
func (p *plan) learner() *config.BackwardLearner {
	if p == nil {
		return nil
	}
	if l, ok := p.Learner.(config.BackwardLearner); ok {
		return &l
	}
	return nil
}

// loader is the recipe of the plan's data with its parameters.
//
// A class may have a dotted prefix, which suggestions leave out.
func (p *plan) loader() (data.Loader, error) {
	entry, ok := data.Lookup(p.Data.Class)
	if !ok {
		var names []string
		for _, e := range data.Entries() {
			names = append(names, e.Name)
		}
		return nil, fmt.Errorf("%s: data_class: there is no data set %q%s", p.file, p.Data.Class, suggest(p.Data.Class[strings.LastIndexByte(p.Data.Class, '.')+1:], names))
	}
	loader, err := p.Data.Decode(p.file, entry.Default)
	if err != nil {
		return nil, err
	}
	return loader.(data.Loader), nil
}

// load reads the data of the plan; path, if any, says where the files are.
func (p *plan) load(path string) (*data.Parts, error) {
	loader, err := p.loader()
	if err != nil {
		return nil, err
	}
	return loader.Load(or(path, p.Data.Path))
}

// follow settles what the plan says and the command line does not: seed, device and settings.
//
// Flags that the learner of the file settles are refused and not overridden: a result should be told
// from the file alone.
func (t *training) follow(p *plan) error {
	for _, name := range inLearner {
		if p.learner() != nil && t.given(name) {
			return usagef("-%s and the learner of %s exclude each other; change the file", name, p.file)
		}
	}
	if p.Seed != nil && !t.given("seed") {
		t.seed = *p.Seed
	}
	if p.Device != "" && !t.given("device") {
		// Other devices of the reference are of its framework; what they stand for here is the CPU.
		if t.device = "cpu"; strings.HasPrefix(p.Device, "cuda") {
			t.device = "cuda"
		}
	}
	t.plan = p
	return nil
}

// loadPlan reads the data of the plan, in parts that are made ready already.
//
// Where the loader gives numbers as well as classes, training is on the numbers, and the checkpoint
// then knows of no classes.
func (t *training) loadPlan() error {
	path := ""
	if t.given("data") {
		path = t.source.name
	}
	parts, err := t.plan.load(path)
	if err != nil {
		return err
	}
	t.rows, t.held = parts.Train, parts.Test
	t.prepared = prepared{Classes: t.rows.Classes, Columns: t.rows.Columns}
	if t.rows.Y != nil {
		t.prepared.Classes = nil // the loaders' choice: classes are regressed on by their number
	}
	if g := parts.Graph; g != nil {
		t.takeGraph(g)
	}
	t.settings = t.settings.or(settings{Batch: parts.TrainBatch})
	return nil
}

// obey gives a trainer what the learner of the plan says.
//
// -keep is kept where it was given.
func (t *training) obey(tr *train.Trainer, l *config.BackwardLearner) {
	tr.Optimizer, tr.Schedule, tr.Loss, tr.EveryStep = l.Optimizer, l.Schedule, l.Loss, l.EveryStep
	tr.Frozen, tr.GradNorms = l.Frozen, l.GradNorms
	tr.Watch = train.Watch{Metric: l.WatchMetric, Patience: l.Patience, MinDelta: l.MinDelta, Restore: l.RestoreBest}
	t.keep = or(t.keep, l.KeepLast)
}

// given says whether a flag is on the command line.
func (t *training) given(name string) bool { return given(t.flags, name) }

func given(fs *flag.FlagSet, name string) (given bool) {
	fs.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	return given
}

// findPlan reads the whole configuration, of the file or of the checkpoint to go on from.
//
// The preparation in the checkpoint is read early, because whether rows go together decides how the
// data are loaded.
func (t *training) findPlan() error {
	var p *plan
	var err error
	switch {
	case t.config != "" && (t.model != "" || t.resume != ""):
		return usagef("-config excludes -model and -resume: it says the model, and a checkpoint holds its own")
	case t.config != "":
		p, err = readPlan(t.config)
	case t.resume != "":
		f, wrong := checkpoint.Load(t.resume)
		if wrong != nil {
			return wrong
		}
		if p, err = planOf(f.Meta, t.resume); err == nil {
			err = readMeta(f.Meta, prepareKey, &t.before)
		}
	}
	if err != nil || p == nil {
		return err
	}
	return t.follow(p)
}

// choose picks the model, with the epochs and the rate of the plan's learner.
func (t *training) choose(d *data.Dataset) (choice, error) {
	if t.plan == nil {
		return choose(t.model, d)
	}
	c := usualFor(t.plan.Model, d.Rows)
	if l := t.plan.learner(); l != nil {
		c.epochs, c.lr = or(l.Epochs, 100), l.Optimizer.Rate()
		t.Optimizer = strings.ToLower(strings.TrimPrefix(fmt.Sprintf("%T", l.Optimizer), "optim."))
	}
	return c, nil
}
