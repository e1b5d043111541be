package data

import (
	"fmt"
	"slices"
)

// TableSet is the recipe of small tables, whose truth is a number: classes are regressed on by their code, as in the
// reference. Scaling is fitted on all rows before the split, also as there; [Standardize] on the training part is the
// cleaner way.
type TableSet struct {
	Set      string // the name of its file, without .csv
	Batching `yaml:",inline"`

	SplitType    string    `yaml:"split_type"`       // train_test_split or k_fold
	Train        float64   `yaml:"train_percentage"` // share of the training part
	Folds        int       `yaml:"fold"`             // of k_fold
	Fold         int       `yaml:"fold_index"`       // which of them is the test, from 0
	Seed         uint64    `yaml:"random_state"`
	Ordered      bool      `yaml:"shuffle,not"`
	NormalizeX   bool      `yaml:"normalize_X"`
	NormalizeY   bool      `yaml:"normalize_y"`
	NormalizeHow string    `yaml:"normalize_type"`  // min_max or mean_std
	Range        []float64 `yaml:"normalize_range"` // of min_max: lower and upper end
}

// tabular is the reference's way of loading a table.
func tabular(set string) TableSet {
	return TableSet{Set: set, Batching: usual, SplitType: "train_test_split", Train: 0.9, Folds: 10, Seed: 123, NormalizeHow: "min_max", Range: []float64{0, 1}}
}

// typed is what tables that are not in the program have to look like.
const typed = "with a header such as id_int,length_float,species_str: identifier first, truth last, "

// tableEntries are the tables.
var tableEntries = []Entry{
	{"iris", "150 flowers, four lengths, three species", "", tabular("iris")},
	{"digits", "1,797 handwritten digits, 8×8", "", tabular("digits")},
	{"diabetes", "768 women, eight measurements, ill or not", "diabetes.csv or its folder, a table " + typed + "from the Pima Indians diabetes set of the UCI Machine Learning Repository", tabular("diabetes")},
	{"banknote", "1,372 banknotes, four measurements, genuine or not", "banknote.csv or its folder, a table " + typed + "from the banknote authentication set of the UCI Machine Learning Repository", tabular("banknote")},
	{"wheat", "210 kernels of wheat, seven measurements, three sorts", "wheat.csv or its folder, a table " + typed + "from the seeds set of the UCI Machine Learning Repository", tabular("wheat")},
}

// Load implements [Loader]. Iris and the digits need no path.
func (s TableSet) Load(path string) (*Parts, error) {
	d, err := s.table(path)
	if err != nil {
		return nil, err
	}
	if s.NormalizeX {
		scaling, err := s.fit(d)
		if err == nil {
			d, err = scaling.Apply(d)
		}
		if err != nil {
			return nil, err
		}
	}
	if s.NormalizeY {
		scaling, err := s.fit(d.Targets())
		if err == nil {
			d, err = scaling.ApplyTargets(d)
		}
		if err != nil {
			return nil, err
		}
	}
	train, test, err := s.split(d)
	if err != nil {
		return nil, err
	}
	return s.parts(train, test), nil
}

// table reads the table, from the program or a file.
func (s TableSet) table(path string) (d *Dataset, err error) {
	switch {
	// A user who gives a path wants that file, also of a set that is in the program.
	case path == "" && s.Set == "iris":
		d, err = Iris()
	case path == "" && s.Set == "digits":
		d, err = Digits()
	default:
		file, err := fileOrIn(s.Set, path, s.Set+".csv")
		if err != nil {
			return nil, err
		}
		return LoadTable(file, nil)
	}
	if err != nil {
		return nil, err
	}
	d.Y, d.YCols = make([]float64, d.Rows), 1
	for i, label := range d.Labels {
		d.Y[i] = float64(label)
	}
	return d, nil
}

// fit takes the statistics of all rows.
func (s TableSet) fit(d *Dataset) (Scaling, error) {
	switch {
	case s.NormalizeHow == "mean_std":
		return Standardize(d)
	case s.NormalizeHow == "min_max" && len(s.Range) == 2:
		return MinMaxTo(d, s.Range[0], s.Range[1])
	}
	return Scaling{}, fmt.Errorf("data.TableSet: normalize_type %s, normalize_range %v; want mean_std, or min_max and the ends of a range", short(s.NormalizeHow), s.Range)
}

// split deals the rows out.
func (s TableSet) split(d *Dataset) (train, test *Dataset, err error) {
	opts := &SplitOptions{Train: s.Train, Seed: s.Seed, Ordered: s.Ordered}
	switch s.SplitType {
	case "", "train_test_split":
		return TrainTest(d, opts)
	case "k_fold":
		return KFold(d, s.Folds, s.Fold, opts)
	}
	return nil, nil, fmt.Errorf("data.TableSet: split_type %s; want train_test_split or k_fold", short(s.SplitType))
}

// FormulaSet is the recipe of a set that is sampled from an equation, see [Equations].
type FormulaSet struct {
	Set      string // elementary_function, composite_function, feynman_function or dimensionless_feynman_function
	Batching `yaml:",inline"`
	Equation int     `yaml:"equation_index"`   // from 0
	Rows     int     `yaml:"num"`              // points, all together
	Train    float64 `yaml:"train_percentage"` // share of the training part, the first rows
	Seed     uint64  `yaml:"random_state"`
}

// sampled is the reference's way of sampling.
func sampled(set string) FormulaSet {
	return FormulaSet{Set: set, Batching: usual, Rows: 2000, Train: 0.5}
}

// formulaEntries are the sets of equations.
var formulaEntries = []Entry{
	{"elementary_function", "17 functions of x + y", "", sampled("elementary_function")},
	{"composite_function", "17 sums, products and nestings of functions of x + y", "", sampled("composite_function")},
	{"feynman_function", "100 equations of physics", "", sampled("feynman_function")},
	{"dimensionless_feynman_function", "27 equations of physics without units", "", sampled("dimensionless_feynman_function")},
}

// Load implements [Loader]. With a path, the equations are read from that file, see [ReadEquations].
func (s FormulaSet) Load(path string) (*Parts, error) {
	equations, err := s.equations(path)
	if err != nil {
		return nil, err
	}
	if s.Equation < 0 || s.Equation >= len(equations) {
		return nil, fmt.Errorf("data.FormulaSet: %s has no equation_index %d; want 0 to %d", s.Set, s.Equation, len(equations)-1)
	}
	d, err := equations[s.Equation].Sample(s.Rows, s.Seed)
	if err != nil {
		return nil, err
	}
	train, test, err := TrainTest(d, &SplitOptions{Train: s.Train, Ordered: true})
	if err != nil {
		return nil, err
	}
	return s.parts(train, test), nil
}

// equations are those of the set, from the program or a file.
func (s FormulaSet) equations(path string) ([]Equation, error) {
	if path == "" {
		return Equations(s.Set)
	}
	sets, err := readFile("data.FormulaSet", path, "a file of equations", ReadEquations)
	if err == nil && sets[s.Set] == nil {
		err = fmt.Errorf("data.FormulaSet: %s has no set [%s]; want its name in brackets above its equations", path, s.Set)
	}
	return slices.Clone(sets[s.Set]), err
}
