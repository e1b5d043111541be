package data

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// How a set is found and loaded. A configuration names it; its entry holds a default of the loader, a
// struct whose exported fields are the parameters that a configuration may give; Load then makes both
// parts ready, scaled and cut as the reference does it. Sets that are in the program or are computed
// take no path. All others want a path to files that the user has, since a data set belongs to
// somebody and a program that downloads it silently takes that choice away.

// Parts is a set made ready for training and test.
type Parts struct {
	Train, Test *Dataset
	Graph       *Graph // of a graph's nodes; Train and Test are then all of them, and Graph says which ones count
	Terms       *Terms // the columns of texts; nil for others

	TrainBatch, TestBatch int // rows of a batch; 0: all
}

// Loader is the recipe of a set: a struct of options, which [Lookup] gives with the reference's defaults and configurations
// may change. path is where the user has put the files, see [Entry.Files]; nothing is ever downloaded. A missing file is
// an error that says which files are wanted and whose they are.
type Loader interface {
	Load(path string) (*Parts, error)
}

// Batching is an option of every [Loader].
type Batching struct {
	TrainBatch int `yaml:"train_batch_size"` // rows; 0 or less: all
	TestBatch  int `yaml:"test_batch_size"`
}

// parts makes a result of two sets.
func (b Batching) parts(train, test *Dataset) *Parts {
	return &Parts{Train: train, Test: test, TrainBatch: max(b.TrainBatch, 0), TestBatch: max(b.TestBatch, 0)}
}

// Entry is a set that [Lookup] knows.
type Entry struct {
	Name    string // mnist
	About   string // what it is, in a few words
	Files   string // what path has to lead to, and whose it is; empty: nothing, the set is in the program
	Default Loader // with the reference's options
}

// usual is the reference's batching.
var usual = Batching{64, 64}

// entries are all sets by name.
var entries = slices.Concat(imageEntries, textEntries, tableEntries, formulaEntries, graphEntries, seriesEntries)

// Entries lists all sets by name.
func Entries() []Entry {
	return slices.SortedFunc(slices.Values(entries), func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
}

// Lookup finds a set by the name that the reference has for it, with any dotted prefix:
//
//	entry, ok := data.Lookup("tinybig.data.mnist")
//	parts, err := entry.Default.Load("/home/me/mnist")
func Lookup(name string) (Entry, bool) {
	name = name[strings.LastIndexByte(name, '.')+1:]
	i := slices.IndexFunc(entries, func(e Entry) bool { return e.Name == name })
	if i < 0 {
		return Entry{}, false
	}
	return entries[i], true
}

// filesOf is what a set wants on its path.
func filesOf(set string) string {
	e, _ := Lookup(set)
	return e.Files
}

// find returns the first of the given names, which may have .gz behind it and differ in upper and lower case, that is a file
// in the folder path.
//
// Names are tried in the order given and not in that of the folder, so that the same file is taken on
// every system.
func find(set, path string, names ...string) (string, error) {
	if path == "" {
		return "", fmt.Errorf("data: %s: no path; want that of %s", set, filesOf(set))
	}
	files, err := os.ReadDir(path)
	if err != nil {
		return "", fmt.Errorf("data: %s: %w; want the path of %s", set, err, filesOf(set))
	}
	for _, name := range names {
		for _, f := range files {
			if strings.EqualFold(f.Name(), name) || strings.EqualFold(f.Name(), name+".gz") {
				return filepath.Join(path, f.Name()), nil
			}
		}
	}
	return "", fmt.Errorf("data: %s: %s has no %s; want %s", set, path, strings.Join(names, " or "), filesOf(set))
}

// fileOrIn is path if it is a file, else what [find] finds in it.
func fileOrIn(set, path string, names ...string) (string, error) {
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		return path, nil
	}
	return find(set, path, names...)
}
