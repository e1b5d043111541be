// Package data holds the tables that models are trained on: rows of features with class labels or
// regression targets. It knows nothing of graphs or models; a trainer reads batches from it as plain slices.
//
//   - [Dataset] is a table: features X (rows×columns), with Labels, with targets Y, or with neither.
//     [Sparse] and [Pixels] are features that take less memory, [Graph] adds the edges between the rows.
//   - [LoadCSV], [LoadTable], [LoadIDXImages], [LoadCIFAR10], [LoadNPY] with [FromArrays], [LoadGraph], [LoadPlanetoid],
//     [LoadEdges], [LoadSeries] and [LoadTexts] read files; [Digits], [Iris] and [KarateClub] are embedded in the program; an
//     [Equation] is sampled. [Lookup] finds the recipe of a well-known set by its name. Nothing is ever downloaded.
//   - [TrainTest] and [KFold] split a set; [Series.Windows] cuts time series, [FitTerms] counts the words of texts.
//   - [Standardize] and [MinMax] fit a [Scaling] on the training part, to be applied to every part.
//   - [Batches] deals the rows out, in an order that depends on seed and epoch alone, and [Gather]
//     copies them into the caller's buffers; [Stream] does both ahead of time.
//
// Rows, columns and classes are counted from 0 in Go; lines and columns of files from 1, as editors do.
package data

import (
	"fmt"
	"math"
	"slices"
)

// Dataset is a table of examples. Its parts are open to the caller; [Dataset.Validate] says whether they fit together.
type Dataset struct {
	Name    string
	Rows    int       // examples
	Cols    int       // features of an example
	X       []float64 // features (Rows×Cols), row by row
	Sparse  *Sparse   // the features in the place of X where most of them are 0
	Pixels  *Pixels   // the features in the place of X where they are bytes; Sparse and Pixels nil: they are in X
	Columns []string  // names of the features; nil where they have none
	Shape   []int     // how the features of a row are laid out, such as 1, 8, 8 for channel, height, width; nil: Cols

	Labels  []int32  // class of each row, 0 ≤ label < len(Classes); nil without classes
	Classes []string // names of the classes

	Y     []float64 // regression targets (Rows×YCols), row by row; nil without targets
	YCols int
}

// Row returns the features of row i, a view of X, of Sparse and Pixels a copy; like an index of a slice, i must be in [0, Rows).
func (d *Dataset) Row(i int) []float64 { return d.Features(i, i+1) }

// Features returns the features of the rows lo … hi−1 as [Dataset.Row] does those of one; 0 ≤ lo ≤ hi ≤ Rows.
func (d *Dataset) Features(lo, hi int) []float64 {
	switch {
	case d.Sparse != nil:
		return d.Sparse.dense(lo, hi)
	case d.Pixels != nil:
		return d.Pixels.dense(lo, hi)
	}
	return d.X[lo*d.Cols : hi*d.Cols : hi*d.Cols]
}

// GatherFeatures copies the features of some rows to dst (len(rows)×Cols), as [Gather] does.
func GatherFeatures[D Number](dst []D, d *Dataset, rows []int) error {
	switch {
	case d.Sparse != nil:
		return GatherSparse(dst, d.Sparse, rows)
	case d.Pixels != nil:
		return GatherPixels(dst, d.Pixels, rows)
	}
	return Gather(dst, d.X, d.Cols, rows)
}

// Select returns a copy of the given rows, in the given order; a row may be taken twice.
// It fails where a row is not in [0, Rows) or the sizes of d do not fit together.
func (d *Dataset) Select(rows []int) (*Dataset, error) {
	if err := d.checkSizes(); err != nil {
		return nil, err
	}
	s := *d
	s.Rows = len(rows)
	if err := s.selectFeatures(d, rows); err != nil {
		return nil, err
	}
	// The rows are known to be right from here on.
	if d.Labels != nil {
		s.Labels = make([]int32, len(rows))
		Gather(s.Labels, d.Labels, 1, rows)
	}
	if d.Y != nil {
		s.Y = make([]float64, len(rows)*d.YCols)
		Gather(s.Y, d.Y, d.YCols, rows)
	}
	return &s, nil
}

// selectFeatures copies the features of some rows of another set.
func (d *Dataset) selectFeatures(from *Dataset, rows []int) (err error) {
	switch {
	case from.Sparse != nil:
		d.Sparse, err = from.Sparse.pick(rows)
		return err
	case from.Pixels != nil:
		d.Pixels, err = from.Pixels.pick(rows)
		return err
	}
	d.X = make([]float64, len(rows)*d.Cols)
	return Gather(d.X, from.X, d.Cols, rows)
}

// Split returns copies of the rows for which test is false and of those for which it is true, each in the
// order of d. It fails where the sizes of d do not fit together.
//
//	train, held, err := d.Split(func(i int) bool { return i%5 == 4 })
func (d *Dataset) Split(test func(i int) bool) (train, held *Dataset, err error) {
	var in, out []int
	for i := range d.Rows {
		if test(i) {
			out = append(out, i)
		} else {
			in = append(in, i)
		}
	}
	return d.parts(in, out)
}

// Validate reports the first thing that would make training on d meaningless: sizes that do not fit together,
// a NaN or an infinity in X or Y, a label without a class.
func (d *Dataset) Validate() error {
	if err := d.checkSizes(); err != nil {
		return err
	}
	if d.Sparse != nil {
		if err := d.checkFinite("a value of Sparse", d.Sparse.Values, 1, nil); err != nil {
			return err
		}
	} else if err := d.checkFinite("X", d.X, d.Cols, d.Columns); err != nil {
		return err
	}
	if err := d.checkFinite("Y", d.Y, d.YCols, nil); err != nil {
		return err
	}
	for i, c := range d.Labels {
		if c < 0 || int(c) >= len(d.Classes) {
			return d.errorf("the label of row %d is %d; with %d classes labels are 0…%d", i, c, len(d.Classes), len(d.Classes)-1)
		}
	}
	return nil
}

// checked returns d if it is valid, else what is wrong.
func (d *Dataset) checked() (*Dataset, error) {
	if err := d.Validate(); err != nil {
		return nil, err
	}
	return d, nil
}

// checkSizes holds the lengths of the parts against Rows, Cols and YCols.
func (d *Dataset) checkSizes() error {
	switch {
	case d.Rows < 0 || d.Cols < 1:
		return d.errorf("%d rows of %d features; want at least one feature", d.Rows, d.Cols)
	case d.Sparse != nil && (d.X != nil || d.Sparse.Rows != d.Rows || d.Sparse.Cols != d.Cols):
		return d.errorf("X has %d values beside sparse features (%d×%d); want those alone, %d×%d", len(d.X), d.Sparse.Rows, d.Sparse.Cols, d.Rows, d.Cols)
	case d.Pixels != nil && (d.X != nil || d.Sparse != nil || d.Pixels.Rows != d.Rows || d.Pixels.Cols != d.Cols):
		return d.errorf("X has %d values beside pixels (%d×%d); want those alone, %d×%d", len(d.X), d.Pixels.Rows, d.Pixels.Cols, d.Rows, d.Cols)
	case d.Sparse == nil && d.Pixels == nil && !isTable(len(d.X), d.Rows, d.Cols):
		return d.errorf("X has %d values; want %d rows of %d features", len(d.X), d.Rows, d.Cols)
	case d.Columns != nil && len(d.Columns) != d.Cols:
		return d.errorf("%d names for %d feature columns; want one each, or none", len(d.Columns), d.Cols)
	case d.Labels != nil && len(d.Labels) != d.Rows:
		return d.errorf("%d labels for %d rows; want one each", len(d.Labels), d.Rows)
	case d.Labels != nil && len(d.Classes) == 0 && d.Rows > 0:
		return d.errorf("labels without class names; want Classes to name each label")
	case d.Y != nil && (d.YCols < 1 || !isTable(len(d.Y), d.Rows, d.YCols)):
		return d.errorf("Y has %d values; want %d rows of %d targets", len(d.Y), d.Rows, d.YCols)
	case d.Y == nil && d.YCols != 0:
		return d.errorf("YCols is %d without Y; want 0", d.YCols)
	}
	if d.Sparse != nil {
		if err := d.Sparse.Validate(); err != nil {
			return d.errorf("%w", err)
		}
	}
	if d.Pixels != nil {
		if err := d.Pixels.Validate(); err != nil {
			return d.errorf("%w", err)
		}
	}
	return d.checkShape()
}

// checkShape holds Shape against Cols: Π dims = Cols.
func (d *Dataset) checkShape() error {
	if d.Shape == nil {
		return nil
	}
	left := d.Cols
	for _, n := range d.Shape {
		// Dividing instead of multiplying cannot overflow.
		if n < 1 || left%n != 0 {
			return d.errorf("shape %v for %d features; want positive dimensions with product %d", d.Shape, d.Cols, d.Cols)
		}
		left /= n
	}
	if left != 1 {
		return d.errorf("shape %v for %d features; want dimensions with product %d", d.Shape, d.Cols, d.Cols)
	}
	return nil
}

// checkFinite names the first NaN or infinity of a (rows×cols) part.
func (d *Dataset) checkFinite(part string, v []float64, cols int, names []string) error {
	at := slices.IndexFunc(v, func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) })
	if at < 0 {
		return nil
	}
	name := ""
	if names != nil {
		name = fmt.Sprintf(" (%s)", names[at%cols])
	}
	return d.errorf("%s is %v in row %d, column %d%s; want a finite number: fill the value in or leave the row out",
		part, v[at], at/cols, at%cols, name)
}

// errorf prefixes a message with the package and the set's name.
func (d *Dataset) errorf(format string, args ...any) error {
	name := d.Name
	if name == "" {
		name = "unnamed set"
	}
	return fmt.Errorf("data.Dataset: %s: %w", name, fmt.Errorf(format, args...))
}

// isTable reports whether n = rows·cols, for cols ≥ 1, without forming the product.
func isTable(n, rows, cols int) bool { return n%cols == 0 && n/cols == rows }
