package main

import (
	"flag"
	"os"
	"slices"
	"strings"

	"rpnc/models/data"
	"rpnc/models/train"
)

// Where rows come from and how they are made ready. Held out is every fifth row, by number: no seed
// takes part, so a checkpoint that is evaluated later, on another machine or by another command, meets
// the rows that its training has not seen. Columns of plain rows are standardised, (x −
// mean)/deviation, with statistics of the training part alone; images and one-hot rows have a scale of
// their own and stay as they are.

// source says where rows come from.
//
// name is a built-in set, a file, or a folder; the other fields are for CSV files.
type source struct {
	name       string
	target     string
	skip       string
	regression bool
}

// builtinSets are the data sets in the program.
var builtinSets = []string{"digits", "iris", "karate"}

// register declares the flags of the source.
func (s *source) register(fs *flag.FlagSet) {
	fs.StringVar(&s.name, "data", "digits", "data: digits, iris, karate, FILE.csv, a folder with the four IDX files of MNIST or its likes, or one with the nodes and links of a graph")
	fs.StringVar(&s.target, "target", "", "target columns of a CSV file, by name or by number from 1, separated by commas (default: the last)")
	fs.StringVar(&s.skip, "skip", "", "columns of a CSV file to leave out, likewise")
	fs.BoolVar(&s.regression, "regression", false, "the target columns of the CSV file are numbers, not classes")
}

// isFile says whether the rows come from a file of the user's.
func (s *source) isFile() bool {
	return !slices.Contains(builtinSets, s.name)
}

// isFolder says whether the rows come from a folder of images, which are in two parts already.
func (s *source) isFolder() bool {
	info, err := os.Stat(s.name)
	return s.isFile() && err == nil && info.IsDir()
}

// parts reads the rows to train on and those held out for the test: every fifth, where the data do not say which.
func (s *source) parts(classes []string) (rows, held *data.Dataset, err error) {
	if s.isFolder() {
		p, err := data.ImageSet{Set: "mnist", Raw: true}.Load(s.name)
		if err != nil {
			return nil, nil, err
		}
		p.Train.Name, p.Test.Name = s.name, s.name
		return p.Train, p.Test, nil
	}
	all, err := s.load(classes)
	if err != nil {
		return nil, nil, err
	}
	return all.Split(func(row int) bool { return row%5 == 4 })
}

// load reads the rows, of a folder those to train on. classes, if any, fixes the names and the order of the classes of a
// file.
func (s *source) load(classes []string) (*data.Dataset, error) {
	if g, err := s.nodes(); err != nil {
		return nil, err
	} else if g != nil {
		return &g.Dataset, nil
	}
	if s.isFolder() {
		rows, _, err := s.parts(nil)
		return rows, err
	}
	switch s.name {
	case "digits":
		return data.Digits()
	case "iris":
		return data.Iris()
	}
	if _, err := os.Stat(s.name); err != nil && !strings.Contains(s.name, ".") {
		return nil, usagef("-data: %q is neither a data set nor the path of a CSV file or a folder%s", s.name, suggest(s.name, builtinSets))
	}
	o := &data.CSVOptions{Target: columns(s.target), Skip: columns(s.skip), Classes: classes}
	if s.regression {
		o.Kind = data.Regression
	}
	return data.LoadCSV(s.name, o)
}

// columns splits the value of a flag.
func columns(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

// prepared is what a checkpoint keeps of the data that a model was trained on: without it no other rows mean the same.
type prepared struct {
	Scaling *data.Scaling `json:"scaling,omitempty"` // nil: the rows as they are
	Classes []string      `json:"classes,omitempty"` // nil: the targets are numbers
	Columns []string      `json:"columns,omitempty"`

	// Together is the number of rows that the model takes at a time, the nodes of a graph; 0: any number.
	Together int `json:"together,omitempty"`
}

// prepare fits the scaling on the rows of the training part. Images and one-hot rows have a scale already.
func prepare(d *data.Dataset, keepScale bool) (prepared, error) {
	p := prepared{Classes: d.Classes, Columns: d.Columns}
	if d.Shape != nil || keepScale {
		return p, nil
	}
	s, err := data.Standardize(d)
	p.Scaling = &s
	return p, err
}

// apply scales rows as those of the training were.
//
// A set is never scaled in place, so the rows that a caller holds stay those of the file.
func (p prepared) apply(d *data.Dataset) (*data.Dataset, error) {
	if p.Scaling == nil {
		return d, nil
	}
	return p.Scaling.Apply(d)
}

// loss is the one that fits the targets where nothing else is said: cross-entropy of classes, squared
// error of numbers.
func (p prepared) loss() train.Loss {
	if p.Classes == nil {
		return train.MSE
	}
	return train.CrossEntropy
}
