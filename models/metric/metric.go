package metric

import (
	"fmt"
	"slices"
	"strings"
)

// Metric is a measure with its settings, as configurations and commands select it by name.
type Metric interface {
	// Measure compares the scores of a table with its truth.
	Measure(t Table) (float64, error)
	// String is the name that logs show: f1_macro.
	String() string
	// Larger says whether a larger value is a better one.
	Larger() bool
}

// Table is scores (n×Cols), row by row, beside the truth: Labels (n), or Y (n×Cols).
type Table struct {
	Scores []float64
	Cols   int
	Labels []int32
	Y      []float64
}

// Classes are the predicted and the true classes: those of the largest scores; without labels, where the targets are
// one number a row, the numbers nearest to score and target. Targets of several numbers have none.
func (t Table) Classes() (pred, labels []int32, err error) { return t.classes("Table") }

// classes is Classes for a caller, whom errors name.
func (t Table) classes(caller string) (pred, labels []int32, err error) {
	switch {
	case t.Labels != nil && t.Cols > 1:
		pred = make([]int32, len(t.Labels))
		return pred, t.Labels, Argmax(pred, t.Scores, t.Cols)
	case t.Cols != 1:
		return nil, nil, fmt.Errorf("metric.%s: targets of %d columns; want labels, or one column of class numbers", caller, t.Cols)
	}
	pred = make([]int32, len(t.Scores))
	if err := Round(pred, t.Scores); err != nil || t.Labels != nil {
		return pred, t.Labels, err
	}
	labels = make([]int32, len(t.Y))
	return pred, labels, Round(labels, t.Y)
}

// numbers wants targets.
func (t Table) numbers(caller string) ([]float64, error) {
	if t.Y == nil {
		return nil, fmt.Errorf("metric.%s: there are no targets; want numbers to compare with, or a metric of classes", caller)
	}
	return t.Y, nil
}

// Entry is a metric by its name in configurations.
type Entry struct {
	Name    string
	Default Metric // decoding starts from a copy
}

var entries = []Entry{
	{"accuracy", AccuracyScore{}},
	{"binary_accuracy", BinaryScore{}},
	{"f1", F1Score{}},
	{"mae", MAEScore{}},
	{"mse", MSEScore{}},
	{"r2", R2Score{}},
	{"top_k", TopKScore{K: 5}},
}

// Entries lists all metrics by name.
func Entries() []Entry { return slices.Clone(entries) }

// variants are names of metrics with settings of their own.
var variants = []Entry{
	{"f1_binary", F1Score{}},
	{"f1_macro", F1Score{Average: Macro}},
	{"f1_micro", F1Score{Average: Micro}},
	{"f1_weighted", F1Score{Average: Weighted}},
	{"mean_squared_error", MSEScore{}},
	{"top_3", TopKScore{K: 3}},
	{"top_5", TopKScore{K: 5}},
}

// Lookup finds a metric by its name, with any dotted prefix, or by that of a variant: f1_macro.
func Lookup(name string) (Entry, bool) {
	name = name[strings.LastIndexByte(name, '.')+1:]
	for _, list := range [][]Entry{entries, variants} {
		for _, e := range list {
			if e.Name == name {
				return e, true
			}
		}
	}
	return Entry{}, false
}

// Names lists what Lookup knows.
func Names() (names []string) {
	for _, e := range slices.Concat(entries, variants) {
		names = append(names, e.Name)
	}
	slices.Sort(names)
	return names
}
