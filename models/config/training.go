package config

import (
	"slices"
	"strings"

	"rpnc/models/loss"
	"rpnc/models/metric"
	"rpnc/models/optim"
	"rpnc/rpnops"
)

// What a learner names comes from the reference's framework, so the classes have its names and its
// defaults, whatever package optim takes a zero for: a file that names AdamW without parameters must
// train as it did there. Encode writes these values out, which frees a saved configuration from both.
//
// Maps are iterated over when the table is made, and sorted once: the order of classes is part of the
// canonical form and of error messages.

// Training is the registry of learners, optimizers, schedules, losses and metrics.
var Training Registry = trainings{}

// trainings lists the classes; the table is fixed after initialisation.
type trainings struct{}

var trainingClasses = slices.Concat(optimizers(), schedules(), losses(), metrics(), []Class{
	{"backward_learner", "tinybig.learner.backward_learner", "learner", "learner", BackwardLearner{Epochs: 100}},
})

func (trainings) Lookup(name string) (Class, bool) {
	name = name[strings.LastIndexByte(name, '.')+1:]
	i := slices.IndexFunc(trainingClasses, func(c Class) bool { return c.Name == name })
	if i < 0 {
		return Class{}, false
	}
	return trainingClasses[i], true
}

func (trainings) Classes() []Class { return slices.Clone(trainingClasses) }

// optimizers are written out with the defaults of the reference's framework.
func optimizers() (out []Class) {
	betas := rpnops.Some([2]float64{0.9, 0.999})
	for name, o := range map[string]optim.Optimizer{
		"AdamW":   optim.AdamW{LR: 1e-3, Betas: betas, Eps: 1e-8, WeightDecay: rpnops.Some(0.01)},
		"Adam":    optim.Adam{LR: 1e-3, Betas: betas, Eps: 1e-8},
		"SGD":     optim.SGD{LR: 1e-3},
		"RMSprop": optim.RMSProp{LR: 1e-2, Alpha: rpnops.Some(0.99), Eps: 1e-8},
		"Adagrad": optim.AdaGrad{LR: 1e-2, Eps: 1e-10},
		"LBFGS":   optim.LBFGS{LR: 1, Iterations: 20, Memory: 100, Tolerance: 1e-7, Change: 1e-9},
	} {
		out = append(out, Class{name, "torch.optim." + name, "optimizer", "optimizer", o})
	}
	return byName(out)
}

// Exponential and cosine have parameters without a default: a file has to give them.
func schedules() (out []Class) {
	for name, s := range map[string]optim.Schedule{
		"ExponentialLR":     optim.Exponential{},
		"StepLR":            optim.Step{Gamma: rpnops.Some(0.1)},
		"MultiStepLR":       optim.MultiStep{Gamma: rpnops.Some(0.1)},
		"LinearLR":          optim.Linear{Start: rpnops.Some(1. / 3), End: rpnops.Some(1.0), Total: 5},
		"CosineAnnealingLR": optim.Cosine{},
		"ReduceLROnPlateau": optim.Plateau{Factor: rpnops.Some(0.1), Patience: rpnops.Some(10), Threshold: rpnops.Some(1e-4)},
	} {
		out = append(out, Class{name, "torch.optim.lr_scheduler." + name, "lr_scheduler", "schedule", s})
	}
	// Those that the reference's framework has not, or has with other meanings.
	return append(byName(out), Class{"constant_rate", "rpnc.constant_rate", "lr_scheduler", "schedule", optim.Constant{}},
		Class{"warm_up", "rpnc.warm_up", "lr_scheduler", "schedule", optim.WarmUp{}})
}

func losses() (out []Class) {
	for _, e := range loss.Entries() {
		out = append(out, Class{e.Name, "torch.nn." + e.Name, "loss", "loss", e.Default})
	}
	return out
}

func metrics() (out []Class) {
	for _, e := range metric.Entries() {
		out = append(out, Class{e.Name, "tinybig.metric." + e.Name, "metric", "metric", e.Default})
	}
	return out
}

// byName orders what comes out of a map.
func byName(classes []Class) []Class {
	slices.SortFunc(classes, func(a, b Class) int { return strings.Compare(a.Name, b.Name) })
	return classes
}

// Learner is how a configuration says to train. There is one, [BackwardLearner].
type Learner interface{ learner() }

// BackwardLearner is training by gradients. The reference knows the first four parameters.
type BackwardLearner struct {
	Epochs    int             `yaml:"n_epochs" rpn:"min=1"`
	Optimizer optim.Optimizer `yaml:"optimizer" rpn:"required"`
	Schedule  optim.Schedule  `yaml:"lr_scheduler"` // nil: constant
	Loss      loss.Loss       `yaml:"loss" rpn:"required"`

	EveryStep   bool     `yaml:"schedule_by_step"` // the schedule counts steps instead of epochs
	Frozen      []string `yaml:"frozen"`           // prefixes of the names of parameters that stay as they are
	Patience    int      `yaml:"patience"`         // evaluations without a better one that end the training; 0: none does
	MinDelta    float64  `yaml:"min_delta"`        // by how much a better one is better
	WatchMetric bool     `yaml:"watch_metric"`     // better by the metric instead of by the loss
	RestoreBest bool     `yaml:"restore_best"`     // at the end, the parameters of the best epoch
	KeepLast    int      `yaml:"keep_last"`        // checkpoints of single epochs to keep, the latest ones
	GradNorms   bool     `yaml:"grad_norms"`       // norms of gradients in the log
}

func (BackwardLearner) learner() {}
